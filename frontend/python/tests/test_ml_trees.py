"""Trees: the program's integers are those of the trees, in the clear, simulated and encrypted."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.model_selection import train_test_split

from cloakwork.ml.sklearn import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)

CLASSIFIERS = [
    DecisionTreeClassifier(max_depth=4, random_state=0),
    RandomForestClassifier(n_estimators=5, max_depth=3, random_state=0),
    HistGradientBoostingClassifier(max_iter=4, max_depth=3, random_state=0),
]
REGRESSORS = [
    DecisionTreeRegressor(max_depth=4, random_state=0),
    RandomForestRegressor(n_estimators=5, max_depth=3, random_state=0),
    HistGradientBoostingRegressor(max_iter=5, max_depth=3, random_state=0),
]


def split(data):
    X, y = data(return_X_y=True)
    return train_test_split(X, y, test_size=0.25, random_state=0)


@pytest.mark.parametrize("data", [load_iris, load_breast_cancer])
@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=lambda one: type(one).__name__)
def test_classifiers_agree_with_their_float_model_on_quantised_features(estimator, data):
    X_train, X_test, y_train, y_test = split(data)
    model = clone(estimator).set_params(n_bits={"op_inputs": 6, "op_leaves": 6}).fit(X_train, y_train)
    quantised = model._grid.integers(X_test)
    exact = model.sklearn_model.predict_proba(quantised)
    assert np.abs(model.predict_proba(X_test) - exact).max() < 0.2
    assert np.mean(model.predict(X_test) == model.sklearn_model.predict(quantised)) > 0.95
    assert model.score(X_test, y_test) > 0.88
    model.compile(X_train)
    assert (model.predict(X_test, fhe="simulate") == model.predict(X_test)).all()


@pytest.mark.parametrize("estimator", REGRESSORS, ids=lambda one: type(one).__name__)
def test_regressors_agree_with_their_float_model_on_quantised_features(estimator):
    X_train, X_test, y_train, y_test = split(load_diabetes)
    model = clone(estimator).set_params(n_bits=8).fit(X_train, y_train)
    exact = model.sklearn_model.predict(model._grid.integers(X_test))
    # Leaves are rounded to 8 bits each.
    assert np.abs(model.predict(X_test) - exact).max() < 0.02 * np.ptp(y_train)
    model.compile(X_train)
    assert np.allclose(model.predict(X_test, fhe="simulate"), model.predict(X_test))


def test_encrypted_trees_are_the_quantised_trees():
    X_train, X_test, y_train, _ = split(load_breast_cancer)
    model = DecisionTreeClassifier(max_depth=5, random_state=0).fit(X_train, y_train)
    circuit = model.compile(X_train, p_error=2**-40)
    X = X_test[:5]
    assert (model.predict_proba(X, fhe="execute") == model.predict_proba(X)).all()
    integers = model.quantize_input(X[[0]])
    decrypted = circuit.encrypt_run_decrypt(integers)
    assert (model.post_processing(model.dequantize_output(decrypted)) == model.predict_proba(X[[0]])).all()
    # One ciphertext for two classes, and far fewer lookups than nodes have bits.
    assert circuit.client.specs._spec.outputs("trees")[0][1] == [1, 1]
    assert circuit.programmable_bootstrap_count < 20


def test_from_sklearn_model_takes_thresholds_where_no_samples_are_given():
    from sklearn.ensemble import RandomForestClassifier as Float

    X_train, X_test, y_train, y_test = split(load_iris)
    exact = Float(n_estimators=4, max_depth=3, random_state=0).fit(X_train, y_train)
    for samples in (None, X_train):
        model = RandomForestClassifier.from_sklearn_model(exact, samples, n_bits=10)
        assert model.get_params()["n_estimators"] == 4
        assert np.mean(model.predict(X_test) == exact.predict(X_test)) > 0.95


def test_a_tree_without_a_branch_predicts():
    X, y = np.arange(6.0).reshape(3, 2), np.array([0.5, 0.5, 0.5])
    model = DecisionTreeRegressor(max_depth=2).fit(X, y)
    model.compile(X)
    assert np.allclose(model.predict(X, fhe="execute"), 0.5)
