"""ONNX files as quantised modules: close to what ONNX Runtime computes, the same simulated and encrypted."""

import json
from pathlib import Path

import numpy as np
import pytest

from cloakwork import ml

MODELS = Path(__file__).parents[3] / "tests/models"
CASES = json.loads((MODELS / "exported.json").read_text("utf-8"))


def samples(name):
    """Inputs of a model with one input, and what ONNX Runtime gives for them."""
    cases = [case for case in CASES if case["name"] == name]
    (of_input,) = zip(*[case["inputs"].values() for case in cases])
    arrays = [np.array(one["values"], dtype=np.float64).reshape(one["shape"]) for one in of_input]
    outputs = [[one["values"] for one in case["outputs"].values()] for case in cases]
    return np.concatenate(arrays), outputs


@pytest.mark.parametrize("name", ["sklearn_pca_logistic", "sklearn_mlp"])
def test_classifiers_of_files(name):
    X, outputs = samples(name)
    module = ml.compile_onnx_model(MODELS / f"exported/{name}.onnx", X, n_bits=6, rounding_threshold_bits=6, p_error=1e-3)
    labels, scores = module.forward(X)
    assert np.mean(np.ravel(labels) == np.ravel([row[0] for row in outputs])) >= 0.8
    assert np.abs(np.reshape(scores, (len(X), -1)) - [row[1] for row in outputs]).max() < 0.25
    for mode in ("simulate", "execute"):
        found = module.forward(X[:2], fhe=mode)
        assert (np.ravel(found[0]) == np.ravel(labels)[:2]).all()
    assert module.bitwidth_and_range_report() is not None


def test_loaded_modules_predict_at_once():
    X, _ = samples("sklearn_pca_logistic")
    module = ml.compile_onnx_model((MODELS / "exported/sklearn_pca_logistic.onnx").read_bytes(), X)
    loaded = ml.loads(ml.dumps(module))
    assert (loaded.forward(X)[1] == module.forward(X)[1]).all()


def test_messages():
    X, _ = samples("sklearn_mlp")
    path = MODELS / "exported/sklearn_mlp.onnx"
    with pytest.raises(ValueError, match="the input set has 2 arrays; the model has the inputs `"):
        ml.compile_onnx_model(path, (X, X))
    with pytest.raises(ValueError, match="`rounding_threshold_bits` is 9"):
        ml.compile_onnx_model(path, X, rounding_threshold_bits=9)
    with pytest.raises(ValueError, match="it says 'clear' or 'encrypted' for each of"):
        ml.compile_onnx_model(path, X, inputs_encryption_status=["open"])
    with pytest.raises(ValueError, match="of which `op_inputs` is needed"):
        ml.compile_onnx_model(path, X, n_bits={"op_weights": 3})
    with pytest.raises(TypeError, match="ModelProto, bytes or the path"):
        ml.compile_onnx_model(7, X)
