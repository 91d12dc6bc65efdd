"""Decision trees and forests.

They train on the integers that the features are quantised to, so that the trees are exact on few bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn import ensemble, tree

from ... import _cloakwork
from ..affine import Affine
from ..bits import Bits
from .base import QuantizedClassifier, QuantizedEstimator, QuantizedRegressor


@dataclass(frozen=True)
class Grid:
    """Integers from 0 for reals, each feature with its own scale: `real = scale · (integer − zero)`."""

    scale: np.ndarray
    zero: np.ndarray
    bits: int

    @staticmethod
    def of(X: np.ndarray, bits: int) -> Grid:
        """From the least to the greatest value of each feature."""
        least, extent = X.min(axis=0), np.ptp(X, axis=0)
        scale = np.where(extent > 0, extent, 1) / ((1 << bits) - 1)
        return Grid(scale, -np.rint(least / scale).astype(np.int64), bits)

    @staticmethod
    def of_one_scale(X: np.ndarray, bits: int) -> Grid:
        """All features on one scale, that of the widest, so that distances are those of reals."""
        least, extent = X.min(axis=0), np.ptp(X, axis=0).max()
        scale = np.full(X.shape[1], (extent if extent > 0 else 1.0) / ((1 << bits) - 1))
        return Grid(scale, -np.rint(least / scale).astype(np.int64), bits)

    def integers(self, X: np.ndarray) -> np.ndarray:
        """The nearest integers, the least and the greatest for what is beyond."""
        return np.clip(np.rint(X / self.scale) + self.zero, 0, (1 << self.bits) - 1)

    def reals(self, features: np.ndarray, integers: np.ndarray) -> np.ndarray:
        """What numbers of features stand for."""
        return self.scale[features] * (integers - self.zero[features])


@dataclass(frozen=True)
class Tree:
    """The nodes of a tree; those without a test are leaves."""

    test: list[str | None]
    feature: np.ndarray
    threshold: np.ndarray
    then: np.ndarray
    otherwise: np.ndarray
    value: np.ndarray

    def on(self, grid: Grid | None) -> dict[str, Any]:
        """For the compiler: with thresholds for reals, of which the tree has those for the integers of a grid."""
        threshold = self.threshold if grid is None else grid.reals(self.feature, self.threshold)
        return {
            "test": self.test,
            "feature": self.feature.tolist(),
            "threshold": threshold.tolist(),
            "then": self.then.tolist(),
            "otherwise": self.otherwise.tolist(),
            "value": self.value.tolist(),
        }


class TreeEstimator(QuantizedEstimator):
    """Trees whose leaves add to scores."""

    _n_bits = 6
    _bit_names = ("op_inputs", "op_leaves")
    _grid: Grid | None = None

    def _train(self, X: np.ndarray, y: np.ndarray, bits: Bits, fit_params: dict[str, Any]) -> None:
        self._grid = Grid.of(X, bits.op_inputs)
        self.sklearn_model.fit(self._grid.integers(X), y, **fit_params)

    def _trees(self) -> tuple[Sequence[float], list[Tree]]:
        """What all leaves add to, and the trees."""
        raise NotImplementedError

    def _built(self, before: Affine | None) -> _cloakwork.Model:
        base, trees = self._trees()
        features = self.n_features_in_ if before is None else before.matrix.shape[0]
        builder = _cloakwork.ModelBuilder("trees")
        x = builder.input("x", [1, features])
        if before is not None:
            builder.at("transformers")
            x = builder.matmul(x, builder.constant(before.matrix))
            x = builder.binary("add", x, builder.constant(before.offset[np.newaxis]))
        if self._grid is not None:
            builder.at("quantiser")
            grid = self._grid
            x = builder.fake_quantise(
                x,
                {
                    "scale": grid.scale.tolist(),
                    "zero_point": grid.zero.tolist(),
                    "axis": 1,
                    "lo": 0,
                    "hi": (1 << grid.bits) - 1,
                },
            )
        builder.at("trees")
        nodes = [one.on(self._grid) for one in trees]
        builder.output("score", builder.trees(x, self.n_features_in_, [float(b) for b in base], nodes))
        return builder.finish()

    def _substitute(self) -> np.ndarray:
        """The thresholds of each feature, and a little beyond, where no samples are given."""
        _, trees = self._trees()
        samples = np.zeros((2, self.n_features_in_))
        for feature in range(self.n_features_in_):
            all_thresholds = np.concatenate(
                [one.threshold[(one.feature == feature) & np.array([t is not None for t in one.test])] for one in trees]
            )
            if all_thresholds.size:
                margin = np.ptp(all_thresholds) / 8 or max(abs(all_thresholds[0]), 1.0) / 8
                samples[:, feature] = all_thresholds.min() - margin, all_thresholds.max() + margin
        return samples


def of_sklearn(trees: Sequence[Any], values: Any) -> list[Tree]:
    """scikit-learn's trees; `values` makes the rows of leaves of the values that a tree holds."""
    found = []
    for one in trees:
        inner = one.tree_
        is_leaf = inner.children_left < 0
        found.append(
            Tree(
                test=[None if leaf else "<=" for leaf in is_leaf],
                feature=np.where(is_leaf, 0, inner.feature),
                threshold=np.where(is_leaf, 0.0, inner.threshold),
                then=np.where(is_leaf, 0, inner.children_left),
                otherwise=np.where(is_leaf, 0, inner.children_right),
                value=values(inner.value),
            )
        )
    return found


class TreeClassifier(TreeEstimator, QuantizedClassifier):
    """Trees whose leaves hold probabilities of classes."""

    def post_processing(self, y_preds: np.ndarray) -> np.ndarray:
        """The probabilities: leaves are rounded, so they are made to add to 1 again."""
        positive = np.clip(y_preds, 0, None)
        sums = positive.sum(axis=1, keepdims=True)
        return np.where(sums == 0, 1 / positive.shape[1], positive / np.where(sums == 0, 1, sums))

    def _members(self) -> Sequence[Any]:
        return [self.sklearn_model]

    def _trees(self) -> tuple[Sequence[float], list[Tree]]:
        members = self._members()
        if self.sklearn_model.n_outputs_ != 1:
            raise ValueError("classifiers of several outputs cannot be compiled; fit one for each output")

        def shares(values: np.ndarray) -> np.ndarray:
            counts = values[:, 0, :]
            return counts / counts.sum(axis=1, keepdims=True) / len(members)

        return [0.0] * len(self.classes_), of_sklearn(members, shares)


class TreeRegressor(TreeEstimator, QuantizedRegressor):
    """Trees whose leaves hold means."""

    def _members(self) -> Sequence[Any]:
        return [self.sklearn_model]

    def _trees(self) -> tuple[Sequence[float], list[Tree]]:
        members = self._members()
        trees = of_sklearn(members, lambda values: values[:, :, 0] / len(members))
        return [0.0] * self.sklearn_model.n_outputs_, trees


class DecisionTreeClassifier(TreeClassifier):
    """A decision tree for classes."""

    _parent = tree.DecisionTreeClassifier


class DecisionTreeRegressor(TreeRegressor):
    """A decision tree for numbers."""

    _parent = tree.DecisionTreeRegressor


class RandomForestClassifier(TreeClassifier):
    """A random forest for classes: the mean of its trees."""

    _parent = ensemble.RandomForestClassifier
    _defaults = {"n_estimators": 20, "max_depth": 4}

    def _members(self) -> Sequence[Any]:
        return self.sklearn_model.estimators_


class RandomForestRegressor(TreeRegressor):
    """A random forest for numbers: the mean of its trees."""

    _parent = ensemble.RandomForestRegressor
    _defaults = {"n_estimators": 20, "max_depth": 4}

    def _members(self) -> Sequence[Any]:
        return self.sklearn_model.estimators_
