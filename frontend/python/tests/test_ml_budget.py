"""Budgets: executed predictions lose at most a point against models on reals, with what the search chooses."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, make_classification
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from cloakwork import ml
from cloakwork.ml import sklearn as estimators
from test_ml_onnx import MODELS

BUDGET = "accuracy=-1%"


CASES = {
    "logistic": estimators.LogisticRegression(),
    "tree": estimators.DecisionTreeClassifier(max_depth=5, random_state=42),
}


@pytest.mark.parametrize("case", CASES)
def test_estimators(case):
    X, y = load_breast_cancer(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(StandardScaler().fit_transform(X), y, test_size=0.4, random_state=42)
    model = CASES[case].fit(X_train, y_train)
    model.compile(X_train, budget=BUDGET)
    assert "->" in model.report
    simulated = model.predict(X_test, fhe="simulate")
    exact = model._float_model().fit(X_train, y_train).score(X_test, y_test)
    assert np.mean(simulated == y_test) >= exact - 0.01
    assert (model.predict(X_test[:3], fhe="execute") == simulated[:3]).all()


def test_neighbours():
    X, y = make_classification(n_samples=300, n_features=2, n_informative=2, n_redundant=0, random_state=3)
    model = estimators.KNeighborsClassifier().fit(X[:30], y[:30])
    model.compile(X[30:150], p_error=1e-5, budget=BUDGET)
    assert "bits lose" in model.report
    exact = model.sklearn_model.score(X[150:], y[150:])
    assert np.mean(model.predict(X[150:], fhe="simulate") == y[150:]) >= exact - 0.01
    assert (model.predict(X[30:40], fhe="execute") == model.predict(X[30:40])).all()


def test_networks():
    X, y = load_digits(return_X_y=True)
    X_train, X_test, _, y_test = train_test_split(X / 16, y, test_size=0.25, random_state=42)
    module = ml.compile_onnx_model(MODELS / "networks/digits_mlp.onnx", X_train[:300], budget=BUDGET)
    assert "->" in module.report
    simulated = module.forward(X_test, fhe="simulate").argmax(axis=1)
    # What tests/models/make_networks.py printed when it trained the network.
    assert np.mean(simulated == y_test) >= 0.9711 - 0.01
    assert (module.forward(X_test[:1], fhe="execute").argmax(axis=1) == simulated[:1]).all()


def test_messages():
    X, y = load_iris(return_X_y=True)
    model = estimators.LogisticRegression(max_iter=500).fit(X, y)
    with pytest.raises(ValueError, match="`fast` is no budget; write it like `time=2s,accuracy=-1%`"):
        model.compile(X, budget="fast")
    tree = estimators.DecisionTreeClassifier(max_depth=3).fit(X, y)
    with pytest.raises(ValueError, match="allow more time or more loss"):
        tree.compile(X, budget="time=1ms,accuracy=0%")
    with pytest.raises(ValueError, match="pass a label for each"):
        ml.compile_onnx_model(MODELS / "networks/digits_mlp.onnx", np.eye(64), budget=ml.Budget(BUDGET, truth=[1.0]))
