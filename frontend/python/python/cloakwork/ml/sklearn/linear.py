"""Linear models: one matrix product under encryption, no lookup."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import linear_model, svm

from ... import _cloakwork
from ..affine import Affine
from ..module import FheMode
from .base import QuantizedClassifier, QuantizedEstimator, QuantizedRegressor, both_classes, sigmoid, softmax


class LinearEstimator(QuantizedEstimator):
    """Weights and an intercept for each target."""

    def _built(self, before: Affine | None) -> _cloakwork.Model:
        weights = np.atleast_2d(np.asarray(self.sklearn_model.coef_, dtype=np.float64)).T
        intercept = np.broadcast_to(np.asarray(self.sklearn_model.intercept_, dtype=np.float64), weights.shape[1])
        if before is not None:
            folded = before.then(weights, intercept)
            weights, intercept = folded.matrix, folded.offset
        builder = _cloakwork.ModelBuilder("linear")
        x = builder.input("x", [1, weights.shape[0]])
        builder.at("coef")
        product = builder.matmul(x, builder.constant(np.ascontiguousarray(weights)))
        builder.at("intercept")
        score = builder.binary("add", product, builder.constant(np.array(intercept)[np.newaxis]))
        builder.output("score", score)
        return builder.finish()


class LinearRegressor(LinearEstimator, QuantizedRegressor):
    """A regressor that is linear."""


class LinearClassifier(LinearEstimator, QuantizedClassifier):
    """A classifier by linear scores."""

    def decision_function(self, X: Any, fhe: FheMode | str = FheMode.DISABLE) -> np.ndarray:
        """The scores: one for each sample of two classes, else one for each class."""
        scores = self._scores(X, fhe)
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def post_processing(self, y_preds: np.ndarray) -> np.ndarray:
        """The probabilities."""
        return both_classes(sigmoid(y_preds[:, 0])) if y_preds.shape[1] == 1 else softmax(y_preds)


class LinearRegression(LinearRegressor):
    """Least squares."""

    _parent = linear_model.LinearRegression


class Ridge(LinearRegressor):
    """Least squares with a penalty of the squared weights."""

    _parent = linear_model.Ridge


class Lasso(LinearRegressor):
    """Least squares with a penalty of the weights."""

    _parent = linear_model.Lasso


class ElasticNet(LinearRegressor):
    """Least squares with both penalties."""

    _parent = linear_model.ElasticNet


class SGDRegressor(LinearRegressor):
    """A linear regressor by stochastic descent."""

    _parent = linear_model.SGDRegressor


class LinearSVR(LinearRegressor):
    """A linear support vector machine for regression."""

    _parent = svm.LinearSVR


class LogisticRegression(LinearClassifier):
    """Logistic regression."""

    _parent = linear_model.LogisticRegression


class LinearSVC(LinearClassifier):
    """A linear support vector machine; its probabilities are sigmoids of its scores, or their softmax."""

    _parent = svm.LinearSVC


class SGDClassifier(LinearClassifier):
    """A linear classifier by stochastic descent."""

    _parent = linear_model.SGDClassifier
    _defaults = {"loss": "log_loss"}

    def post_processing(self, y_preds: np.ndarray) -> np.ndarray:
        """The probabilities, where the loss has some."""
        loss: str = self.get_params()["loss"]
        if loss not in ("log_loss", "modified_huber"):
            raise AttributeError(f"probability estimates are not available for loss='{loss}'; use 'log_loss'")
        each = sigmoid(y_preds) if loss == "log_loss" else (np.clip(y_preds, -1, 1) + 1) / 2
        if each.shape[1] == 1:
            return both_classes(each[:, 0])
        sums = each.sum(axis=1, keepdims=True)
        return np.where(sums == 0, 1 / each.shape[1], each / np.where(sums == 0, 1, sums))
