"""Networks that skorch trains with their quantisation: scikit-learn's protocol, as good as on reals, executed as quantised."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from cloakwork import ml
from cloakwork.ml.sklearn import NeuralNetClassifier, NeuralNetRegressor

QUIET = {"verbose": 0, "train_split": None}


def iris():
    X, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    return train_test_split(StandardScaler().fit_transform(X), names, test_size=0.25, random_state=0)


def classifier(**parameters):
    torch.manual_seed(0)
    return NeuralNetClassifier(**{"module__n_layers": 2, "max_epochs": 40, "lr": 0.02, "batch_size": 16, **QUIET, **parameters})


@pytest.mark.parametrize("options", [{}, {"module__power_of_two_scaling": False, "module__activation_function": nn.Sigmoid}], ids=["default", "floats"])
def test_a_classifier(options):
    X_train, X_test, y_train, y_test = iris()
    model = classifier(**options).fit(X_train, y_train)
    assert model.score(X_test, y_test) > 0.9
    # The integers are those of the network with its quantisers, but for sums that are rounded to 7 bits.
    exact = model.base_module(torch.tensor(X_test, dtype=torch.float32)).detach().numpy()
    assert np.abs(model.predict_proba(X_test) - nn.functional.softmax(torch.tensor(exact), 1).numpy()).mean() < 0.05
    # A sample errs with a probability of at most 1e-5, as sums are rounded exactly.
    model.compile(X_train)
    assert (model.predict(X_test, fhe="simulate") == model.predict(X_test)).all()
    assert (model.predict(X_test[:2], fhe="execute") == model.predict(X_test[:2])).all()
    loaded = ml.loads(model.dumps())
    assert (loaded.predict(X_test) == model.predict(X_test)).all()
    assert any(node.op_type == "Quant" for node in model.onnx_model.graph.node)
    (quantizer,) = model.input_quantizers
    assert quantizer.n_bits == 4 and (quantizer.quant(X_test) == model.quantize_input(X_test)).all()


def test_a_regressor():
    X, y = load_diabetes(return_X_y=True)
    X, y = StandardScaler().fit_transform(X), (y - y.mean()) / y.std()
    torch.manual_seed(0)
    model = NeuralNetRegressor(module__n_layers=2, module__n_hidden_neurons_multiplier=1, max_epochs=30, **QUIET).fit(X, y)
    assert model.score(X, y) > 0.4
    model.compile(X)
    assert np.allclose(model.predict(X[:50], fhe="simulate"), model.predict(X[:50]))
    with pytest.raises(NotImplementedError, match="no probabilities"):
        model.predict_proba(X)


def test_protocol():
    X_train, _, y_train, _ = iris()
    model = classifier(max_epochs=2)
    copy = clone(model)
    assert copy.get_params()["module__n_layers"] == 2 and copy.get_params()["module__n_w_bits"] == 4
    assert "max_epochs=2" in repr(copy)
    search = GridSearchCV(model, {"module__n_w_bits": [2, 4]}, cv=2).fit(X_train, y_train)
    assert search.best_params_["module__n_w_bits"] in (2, 4)
    pipeline = make_pipeline(StandardScaler(), classifier(max_epochs=20)).fit(X_train, y_train)
    whole = ml.compile(pipeline, X_train)
    assert (whole.predict(X_train, fhe="simulate") == whole.predict(X_train)).all()
    # With the scaler as a layer before the network's own quantiser, which rounds the same reals on its own steps.
    assert np.mean(whole.predict(X_train) == pipeline.predict(X_train)) > 0.95
    fitted, exact = classifier(max_epochs=5).fit_benchmark(X_train, y_train, random_state=1)
    assert fitted.is_fitted and exact.predict(X_train.astype(np.float32)).shape == (len(X_train),)


def test_pruning():
    X_train, X_test, y_train, y_test = iris()
    model = classifier(module__n_accum_bits=9).fit(X_train, y_train)
    # 2⁹ − 1 over (2⁴ − 1)² is 2 weights.
    assert all(((linear.weight != 0).sum(dim=1) <= 2).all() for linear in model.base_module.linear)
    whole = classifier().fit(X_train, y_train)
    smaller = whole.prune(X_train, y_train, 0.5)
    assert smaller.base_module.hidden == [8]
    assert smaller.score(X_test, y_test) > 0.85
    # A table may take more than one bootstrap, each as many.
    whole.compile(X_train, p_error=1e-5)
    smaller.compile(X_train, p_error=1e-5)
    assert 2 * smaller.fhe_circuit.programmable_bootstrap_count <= whole.fhe_circuit.programmable_bootstrap_count


def test_messages():
    X_train, _, y_train, _ = iris()
    with pytest.raises(ValueError, match="`module__n_layers` is not given"):
        NeuralNetClassifier().fit(X_train, y_train)
    with pytest.raises(TypeError, match="has no parameter `module__layers`"):
        NeuralNetClassifier(module__layers=2)
    with pytest.raises(ValueError, match="has no parameter `module__layers`"):
        NeuralNetClassifier().set_params(module__layers=2)
    with pytest.raises(ValueError, match="`module__n_w_bits` is 0"):
        classifier(module__n_w_bits=0).fit(X_train, y_train)


def test_estimators_need_no_torch():
    code = "import sys, cloakwork.ml.sklearn; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
