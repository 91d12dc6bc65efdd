"""Perceptrons: as good as their float model; executed as quantised."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cloakwork import ml
from cloakwork.ml.sklearn import MLPClassifier, MLPRegressor


def test_a_classifier():
    X, y = load_iris(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=0)
    model = MLPClassifier(hidden_layer_sizes=(8,), max_iter=400, random_state=0, n_bits=5).fit(X_train, y_train)
    # 45 samples: one of them is two points.
    assert model.score(X_test, y_test) > model.sklearn_model.score(X_test, y_test) - 0.05
    # A sample errs with a probability of at most 1e-5, as sums are rounded exactly.
    model.compile(X_train)
    assert np.allclose(model.predict_proba(X_test, fhe="simulate"), model.predict_proba(X_test))
    assert np.allclose(model.predict_proba(X_test[:2], fhe="execute"), model.predict_proba(X_test[:2]))


@pytest.mark.parametrize("activation", ["tanh", "logistic", "identity"])
def test_a_regressor(activation):
    X, y = load_diabetes(return_X_y=True)
    model = MLPRegressor(hidden_layer_sizes=(6,), activation=activation, max_iter=300, random_state=0, n_bits=7).fit(X, y)
    exact = model.sklearn_model.predict(X)
    assert np.abs(model.predict(X) - exact).mean() < 0.1 * np.ptp(exact)


def test_transformers_fold_into_the_first_layer():
    X, y = load_iris(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), PCA(3), MLPClassifier(hidden_layer_sizes=(6,), max_iter=300, random_state=0)).fit(X, y)
    whole = ml.compile(pipeline, X, p_error=1e-5)
    assert np.mean(whole.predict(X) == pipeline[-1].sklearn_model.predict(pipeline[:-1].transform(X))) > 0.93
    assert (whole.predict(X[:2], fhe="execute") == whole.predict(X[:2])).all()
