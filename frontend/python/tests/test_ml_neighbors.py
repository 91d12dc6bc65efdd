"""Nearest neighbors: votes are those of sorting by distance."""

import numpy as np
import pytest
from sklearn.datasets import load_iris, make_classification

from cloakwork.ml.sklearn import KNeighborsClassifier


def votes(model, X, points, y, k):
    """Of the quantised points, by sorting."""
    q, p = model.quantize_input(X), model.quantize_input(points)
    distances = ((q[:, None] - p[None]) ** 2).sum(axis=2)
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return np.array([np.bincount(y[row], minlength=y.max() + 1) for row in nearest])


@pytest.mark.parametrize("bits", [2, 3])
def test_thirty_points(bits):
    X, y = make_classification(n_samples=60, n_features=2, n_informative=2, n_redundant=0, random_state=3)
    model = KNeighborsClassifier(n_neighbors=3, n_bits=bits).fit(X[:30], y[:30])
    expected = votes(model, X[30:], X[:30], y[:30], 3)
    assert (model.predict_proba(X[30:]) * 3 == expected).all()
    model.compile(X[:30])
    assert (model.predict_proba(X[30:40], fhe="execute") * 3 == expected[:10]).all()
    assert (model.get_topk_labels(X[30:], fhe="simulate") == model.get_topk_labels(X[30:])).all()
    assert model.get_topk_labels(X[30:]).shape == (30, 3)


def test_distances_are_those_of_reals():
    X, y = make_classification(n_samples=300, n_features=2, n_informative=2, n_redundant=0, random_state=3)
    # One feature ten times as wide as the other: with a scale for each, they would count alike.
    X[:, 0] *= 10
    model = KNeighborsClassifier(n_bits=5).fit(X[:30], y[:30])
    # Steps are 1/31 of the wide feature, so that points at nearly one distance change places.
    exact = model.predict(X)
    assert np.mean(exact == model.sklearn_model.predict(X)) > 0.9
    # Two samples say nothing about how far others reach.
    model.compile(X[:2])
    assert (model.predict(X) == exact).all()


def test_more_features_than_a_table_takes():
    X, y = load_iris(return_X_y=True)
    rows = np.r_[0:10, 50:60, 100:110]
    model = KNeighborsClassifier(n_neighbors=3, n_bits=3).fit(X[rows], y[rows])
    expected = votes(model, X, X[rows], y[rows], 3)
    assert (model.predict_proba(X) * 3 == expected).all()
    assert model.score(X, y) > 0.9


def test_what_is_not_there():
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match="`weights` is 'distance'; 'uniform' is supported"):
        KNeighborsClassifier(weights="distance").fit(X[::10], y[::10])
    with pytest.raises(ValueError, match="`n_neighbors` is 3, but there are n_samples = 2 points"):
        KNeighborsClassifier().fit(X[:2], y[:2])
    with pytest.raises(NotImplementedError, match="only the votes"):
        KNeighborsClassifier().fit(X[::10], y[::10]).kneighbors(X)
