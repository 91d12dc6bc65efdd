"""Boosted trees of lightgbm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

try:
    import lightgbm
except ImportError as error:
    raise ImportError("`LGBMClassifier` and `LGBMRegressor` need lightgbm; install it") from error

from .boosting import BoostedClassifier, BoostedRegressor
from .trees import Tree, TreeEstimator


class LightGbmTrees(TreeEstimator):
    """The trees of a booster."""

    _defaults = {"n_estimators": 20, "max_depth": 3}

    def _as_onnx(self) -> Any:
        raise NotImplementedError("`onnx_model` is not there for trees of lightgbm; convert `sklearn_model` with onnxmltools")

    def _trees(self) -> tuple[Sequence[float], list[Tree]]:
        dump = self.sklearn_model.booster_.dump_model()
        targets = dump["num_tree_per_iteration"]
        trees = [_tree(one["tree_structure"], number % targets, targets) for number, one in enumerate(dump["tree_info"])]
        return [0.0] * targets, trees


def _tree(root: dict[str, Any], target: int, targets: int) -> Tree:
    test: list[str | None] = []
    columns: list[list[float]] = []
    values: list[np.ndarray] = []

    def visit(node: dict[str, Any]) -> int:
        place = len(test)
        value = np.zeros(targets)
        values.append(value)
        columns.append([0, 0.0, 0, 0])
        if "split_feature" not in node:
            value[target] = node["leaf_value"]
            test.append(None)
            return place
        if node["decision_type"] != "<=":
            raise ValueError("trees that ask for categories cannot be compiled; encode them as numbers")
        test.append("<=")
        columns[place] = [node["split_feature"], node["threshold"], visit(node["left_child"]), visit(node["right_child"])]
        return place

    visit(root)
    feature, threshold, then, otherwise = (np.array(column) for column in zip(*columns))
    whole = np.int64
    return Tree(
        test, feature.astype(whole), threshold.astype(np.float64), then.astype(whole), otherwise.astype(whole), np.array(values)
    )


class LGBMClassifier(LightGbmTrees, BoostedClassifier):
    """Boosted trees for classes."""

    _parent = lightgbm.LGBMClassifier


class LGBMRegressor(LightGbmTrees, BoostedRegressor):
    """Boosted trees for numbers."""

    _parent = lightgbm.LGBMRegressor
