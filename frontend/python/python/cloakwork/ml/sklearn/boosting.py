"""Boosted trees: their scores are sums of leaves, which a link turns into predictions in the clear."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn import ensemble

from .base import QuantizedClassifier, QuantizedRegressor, both_classes, sigmoid, softmax
from .trees import Tree, TreeEstimator


class BoostedClassifier(TreeEstimator, QuantizedClassifier):
    """Scores of classes, or of the second of two."""

    def decision_function(self, X: Any, fhe: str = "disable") -> np.ndarray:
        """The scores: one for each sample of two classes, else one for each class."""
        scores = self._scores(X, fhe)
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def post_processing(self, y_preds: np.ndarray) -> np.ndarray:
        """The probabilities."""
        return both_classes(sigmoid(y_preds[:, 0])) if y_preds.shape[1] == 1 else softmax(y_preds)


class BoostedRegressor(TreeEstimator, QuantizedRegressor):
    """A score, which is the prediction but for the link."""


class HistogramTrees(TreeEstimator):
    """The trees of histogram boosting."""

    _n_bits = 6

    def _trees(self) -> tuple[Sequence[float], list[Tree]]:
        base = np.ravel(self.sklearn_model._baseline_prediction)
        trees = []
        for iteration in self.sklearn_model._predictors:
            for target, predictor in enumerate(iteration):
                nodes = predictor.nodes
                if nodes["is_categorical"].any():
                    raise ValueError(
                        "trees that ask for categories cannot be compiled; encode them as numbers, and leave out "
                        "`categorical_features`"
                    )
                is_leaf = nodes["is_leaf"].astype(bool)
                value = np.zeros((len(nodes), len(base)))
                value[:, target] = np.where(is_leaf, nodes["value"], 0)
                trees.append(
                    Tree(
                        test=[None if leaf else "<=" for leaf in is_leaf],
                        feature=np.where(is_leaf, 0, nodes["feature_idx"]).astype(np.int64),
                        threshold=np.where(is_leaf, 0.0, nodes["num_threshold"]),
                        then=np.where(is_leaf, 0, nodes["left"]),
                        otherwise=np.where(is_leaf, 0, nodes["right"]),
                        value=value,
                    )
                )
        return base.tolist(), trees


class HistGradientBoostingClassifier(HistogramTrees, BoostedClassifier):
    """Boosting on histograms, for classes."""

    _parent = ensemble.HistGradientBoostingClassifier
    _defaults = {"max_iter": 20, "max_depth": 3}


class HistGradientBoostingRegressor(HistogramTrees, BoostedRegressor):
    """Boosting on histograms, for numbers."""

    _parent = ensemble.HistGradientBoostingRegressor
    _defaults = {"max_iter": 20, "max_depth": 3}

    def post_processing(self, y_preds: np.ndarray) -> np.ndarray:
        """The predictions."""
        predictor = super().post_processing(y_preds)
        return np.exp(predictor) if self.get_params()["loss"] in ("gamma", "poisson") else predictor
