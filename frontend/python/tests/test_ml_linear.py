"""Linear models: as good as their float model, in the clear, simulated and encrypted; no lookups."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from cloakwork.ml import sklearn as estimators

REGRESSORS = {
    "ElasticNet": {"alpha": 0.1},
    "Lasso": {"alpha": 0.1},
    "LinearRegression": {},
    "LinearSVR": {"C": 10.0, "random_state": 0},
    "Ridge": {},
    "SGDRegressor": {"random_state": 0},
}
GENERAL = {"GammaRegressor": {}, "PoissonRegressor": {}, "TweedieRegressor": {"power": 1.5}}
CLASSIFIERS = {
    "LinearSVC": {"random_state": 0},
    "LogisticRegression": {},
    "SGDClassifier": {"random_state": 0, "loss": "modified_huber"},
}


def split(data):
    X, y = data(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    return train_test_split(X, y, test_size=0.25, random_state=0)


@pytest.mark.parametrize("name", [*REGRESSORS, *GENERAL])
def test_regressors(name):
    X_train, X_test, y_train, y_test = split(load_diabetes)
    model = getattr(estimators, name)(**{**REGRESSORS, **GENERAL}[name]).fit(X_train, y_train)
    assert abs(model.score(X_test, y_test) - r2_score(y_test, model.sklearn_model.predict(X_test))) < 0.01
    circuit = model.compile(X_train)
    assert circuit.programmable_bootstrap_count == 0
    exact = model.predict(X_test)
    assert np.allclose(model.predict(X_test, fhe="simulate"), exact)
    assert np.allclose(model.predict(X_test[:3], fhe="execute"), exact[:3])


@pytest.mark.parametrize("data", [load_breast_cancer, load_iris])
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifiers(name, data):
    X_train, X_test, y_train, y_test = split(data)
    model = getattr(estimators, name)(**CLASSIFIERS[name]).fit(X_train, y_train)
    inner = model.sklearn_model
    scale = np.abs(inner.decision_function(X_test)).max()
    assert np.abs(model.decision_function(X_test) - inner.decision_function(X_test)).max() < 0.05 * scale
    assert model.score(X_test, y_test) > inner.score(X_test, y_test) - 0.03
    model.compile(X_train)
    assert (model.predict(X_test, fhe="simulate") == model.predict(X_test)).all()
    assert np.allclose(model.predict_proba(X_test[:2], fhe="execute"), model.predict_proba(X_test[:2]))
    if hasattr(inner, "predict_proba"):
        assert np.abs(model.predict_proba(X_test) - inner.predict_proba(X_test)).mean() < 0.05


def test_the_three_steps_of_a_client():
    X, y = load_diabetes(return_X_y=True)
    model = estimators.LinearRegression().fit(X, y)
    circuit = model.compile(X)
    integers = model.quantize_input(X[:1])
    assert integers.dtype == np.int64 and integers.shape == (1, 10)
    decrypted = circuit.decrypt(circuit.run(circuit.encrypt(integers)))
    assert model.post_processing(model.dequantize_output(decrypted)) == model.predict(X[:1])


def test_several_targets():
    X, y = load_diabetes(return_X_y=True)
    model = estimators.Ridge(n_bits={"op_inputs": 7, "op_weights": 9}).fit(X, np.column_stack([y, 2 * y]))
    assert model.predict(X).shape == (len(X), 2)


def test_from_sklearn_model():
    from sklearn.linear_model import LogisticRegression

    X, y = load_iris(return_X_y=True)
    exact = LogisticRegression(C=0.3).fit(X, y)
    model = estimators.LogisticRegression.from_sklearn_model(exact, X)
    assert (model.C, model.n_bits) == (0.3, 8)
    assert np.mean(model.predict(X) == exact.predict(X)) > 0.97
    with pytest.raises(ValueError, match="needs samples `X`"):
        estimators.LogisticRegression.from_sklearn_model(exact)


def test_fit_benchmark():
    X, y = load_iris(return_X_y=True)
    model, exact = estimators.LogisticRegression().fit_benchmark(X, y, random_state=3)
    assert model.get_params()["random_state"] == exact.get_params()["random_state"] == 3
    assert np.mean(model.predict(X) == exact.predict(X)) > 0.97
