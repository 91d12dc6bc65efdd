"""Models on encrypted data: scikit-learn estimators, networks, ONNX files.

- `cloakwork.ml.sklearn`: estimators that train in the clear and predict on encrypted data;
- `compile`: a fitted pipeline becomes one program, with its transformers folded in;
- `compile_onnx_model`, `compile_torch_model`, `compile_brevitas_qat_model`: networks as `QuantizedModule`s;
- `dump` and `load`: models in files, with their circuits;
- `deployment`: models for others, in files and at services.

Nothing here is imported by `import cloakwork`; scikit-learn comes with `pip install cloakwork[ml]`.
"""

from .module import Budget, FheMode, QuantizedModule
from .networks import build_quantized_module, compile_brevitas_qat_model, compile_onnx_model, compile_torch_model
from .pipelines import compile, fold_pipeline
from .storage import dump, dumps, load, loads

__all__ = [
    "Budget",
    "FheMode",
    "QuantizedModule",
    "build_quantized_module",
    "compile",
    "compile_brevitas_qat_model",
    "compile_onnx_model",
    "compile_torch_model",
    "dump",
    "dumps",
    "fold_pipeline",
    "load",
    "loads",
]
