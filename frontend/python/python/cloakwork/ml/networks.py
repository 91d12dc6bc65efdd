"""Networks of ONNX, PyTorch and Brevitas as quantised modules. PyTorch and Brevitas are imported where they are used."""

from __future__ import annotations

import inspect
import io
from pathlib import Path
from typing import Any

import numpy as np

from .. import _cloakwork, fhe
from .bits import Bits
from .module import Budget, QuantizedModule

_BIT_NAMES = ("op_inputs", "op_weights", "model_inputs", "model_outputs")
#: Operator set that networks are exported with.
OPSET = 17


def build_quantized_module(
    model: Any,
    torch_inputset: Any,
    import_qat: bool = False,
    n_bits: int | dict[str, int] = 8,
    rounding_threshold_bits: int | dict[str, Any] | None = None,
    reduce_sum_copy: bool = False,
    inputs_encryption_status: list[str] | None = None,
) -> QuantizedModule:
    """The quantised module of a network, before it is compiled: of a PyTorch module, with `import_qat` of one that was
    trained with Brevitas, or of an ONNX model: an `onnx.ModelProto`, its bytes, or the path of a file."""
    del reduce_sum_copy
    data, batches = _bytes(model, torch_inputset, import_qat), _batches(torch_inputset)
    names = _cloakwork.Model.onnx_inputs(data)
    if len(names) != len(batches):
        wanted = ", ".join(f"`{name}`" for name in names)
        raise ValueError(f"the input set has {len(batches)} arrays; the model has the inputs {wanted}; give one for each")
    clear = _clear_inputs(names, inputs_encryption_status)
    shapes = {name: [1, *batch.shape[1:]] for name, batch in zip(names, batches)}
    network = _cloakwork.Model.from_onnx(data, shapes, clear)
    wishes = Bits.of(n_bits, _BIT_NAMES).wishes(_rounding(rounding_threshold_bits))
    return QuantizedModule.of(network, batches, wishes, data)


def compile_onnx_model(
    onnx_model: Any,
    torch_inputset: Any,
    import_qat: bool = False,
    configuration: fhe.Configuration | None = None,
    artifacts: Any = None,
    show_mlir: bool = False,
    n_bits: int | dict[str, int] = 8,
    rounding_threshold_bits: int | dict[str, Any] | None = None,
    p_error: float | None = None,
    global_p_error: float | None = None,
    verbose: bool = False,
    inputs_encryption_status: list[str] | None = None,
    reduce_sum_copy: bool = False,
    device: str = "cpu",
    budget: Budget | str | None = None,
    reply: str = "scores",
) -> QuantizedModule:
    """Quantises and compiles an ONNX model. What the model quantises itself stays as it is, with `import_qat` or not.

    With a budget such as `time=2s,accuracy=-1%` bits, rounding and error probability are chosen by it; with
    `reply="label"` the class with the greatest score is found under encryption, and only that leaves the program.
    """
    del artifacts
    if device != "cpu":
        raise NotImplementedError(f"there is no code for `{device}`; use 'cpu'")
    module = build_quantized_module(
        onnx_model, torch_inputset, import_qat, n_bits, rounding_threshold_bits, reduce_sum_copy, inputs_encryption_status
    )
    module.compile(
        configuration=configuration,
        p_error=p_error,
        global_p_error=global_p_error,
        show_mlir=show_mlir,
        verbose=verbose,
        budget=budget,
        reply=reply,
    )
    return module


def compile_torch_model(
    torch_model: Any, torch_inputset: Any, import_qat: bool = False, **options: Any
) -> QuantizedModule:
    """Quantises and compiles a PyTorch module; options are those of `compile_onnx_model`."""
    if import_qat:
        return compile_brevitas_qat_model(torch_model, torch_inputset, **options)
    return compile_onnx_model(_exported(torch_model, torch_inputset), torch_inputset, **options)


def compile_brevitas_qat_model(
    torch_model: Any,
    torch_inputset: Any,
    n_bits: int | dict[str, int] | None = None,
    output_onnx_file: str | Path | None = None,
    **options: Any,
) -> QuantizedModule:
    """Quantises and compiles a module that was trained with Brevitas; widths of layers are those of the training."""
    data = exported_with_quantisers(torch_model, torch_inputset)
    if output_onnx_file is not None:
        Path(output_onnx_file).write_bytes(data)
    if isinstance(n_bits, dict):
        n_bits = {"op_inputs": 8, **n_bits}
    return compile_onnx_model(data, torch_inputset, n_bits=8 if n_bits is None else n_bits, **options)


def _bytes(model: Any, inputset: Any, import_qat: bool) -> bytes:
    """A network as the bytes of an ONNX file."""
    if isinstance(model, (bytes, bytearray)):
        return bytes(model)
    if isinstance(model, (str, Path)):
        return Path(model).read_bytes()
    if hasattr(model, "SerializeToString"):
        return model.SerializeToString()
    if hasattr(model, "state_dict"):
        return exported_with_quantisers(model, inputset) if import_qat else _exported(model, inputset)
    raise TypeError(f"an ONNX model is a ModelProto, bytes or the path of a file, not {type(model).__name__}")


def _exported(torch_model: Any, inputset: Any) -> bytes:
    import torch

    data = io.BytesIO()
    torch.onnx.export(torch_model.eval(), _examples(inputset), data, opset_version=OPSET, **_exporter())
    return data.getvalue()


def exported_with_quantisers(torch_model: Any, inputset: Any) -> bytes:
    """A module of Brevitas' layers as an ONNX file, traced with the first of some samples."""
    from brevitas.export import export_qonnx

    data = io.BytesIO()
    torch_model.eval()
    export_qonnx(torch_model, args=_examples(inputset), export_path=data, opset_version=OPSET, **_exporter())
    return data.getvalue()


def _exporter() -> dict[str, bool]:
    """Releases that have two exporters are asked for the one that needs no further package, and a tenth of the time."""
    import torch

    return {"dynamo": False} if "dynamo" in inspect.signature(torch.onnx.export).parameters else {}


def _examples(inputset: Any) -> tuple[Any, ...]:
    """A sample of each input, for tracing."""
    import torch

    return tuple(torch.tensor(batch[:1], dtype=torch.float32) for batch in _batches(inputset))


def _batches(inputset: Any) -> list[np.ndarray]:
    inputs = inputset if isinstance(inputset, (tuple, list)) else (inputset,)
    arrays = [np.asarray(one.detach() if hasattr(one, "detach") else one, dtype=np.float64) for one in inputs]
    if not arrays or any(array.ndim < 2 for array in arrays):
        raise ValueError("the input set is an array for each input, whose first axis is that of the samples")
    return arrays


def _clear_inputs(names: list[str], statuses: list[str] | None) -> set[str]:
    if statuses is None:
        return set()
    unknown = [status for status in statuses if status not in ("clear", "encrypted")]
    if unknown or len(statuses) != len(names):
        raise ValueError(
            f"`inputs_encryption_status` is {statuses}; it says 'clear' or 'encrypted' for each of {', '.join(names)}"
        )
    return {name for name, status in zip(names, statuses) if status == "clear"}


def _rounding(threshold: int | dict[str, Any] | None) -> tuple[int, bool] | None:
    """Bits that tables take, and whether noise may move them by a step."""
    if threshold is None:
        return None
    given = threshold if isinstance(threshold, dict) else {"n_bits": threshold}
    bits, method = given.get("n_bits"), str(getattr(given.get("method", "exact"), "value", given.get("method", "exact")))
    if not isinstance(bits, int) or not 2 <= bits <= 8 or method.lower() not in ("exact", "approximate"):
        raise ValueError(
            f"`rounding_threshold_bits` is {threshold!r}; it is 2 to 8 bits, or a dictionary of `n_bits` and `method`, "
            "'exact' or 'approximate'"
        )
    return bits, method.lower() == "approximate"
