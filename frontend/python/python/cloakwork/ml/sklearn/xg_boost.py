"""Boosted trees of xgboost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

try:
    import xgboost
except ImportError as error:
    raise ImportError("`XGBClassifier` and `XGBRegressor` need xgboost; install it") from error

from .boosting import BoostedClassifier, BoostedRegressor
from .trees import Tree, TreeEstimator


class XgboostTrees(TreeEstimator):
    """The trees of a booster."""

    _defaults = {"n_estimators": 20, "max_depth": 3}

    def _as_onnx(self) -> Any:
        raise NotImplementedError("`onnx_model` is not there for trees of xgboost; convert `sklearn_model` with onnxmltools")

    def _trees(self) -> tuple[Sequence[float], list[Tree]]:
        booster = self.sklearn_model.get_booster()
        dumps = [json.loads(text) for text in booster.get_dump(dump_format="json")]
        targets = len(getattr(self.sklearn_model, "classes_", ())) or 1
        targets = 1 if targets == 2 else targets
        trees = [_tree(root, number % targets, targets) for number, root in enumerate(dumps)]
        # What all leaves add to: the margin of any sample without its leaves.
        sample = np.zeros((1, self.n_features_in_))
        margin: np.ndarray = np.ravel(booster.predict(xgboost.DMatrix(sample), output_margin=True)).astype(np.float64)
        base: np.ndarray = margin - sum(_reached(tree, sample[0]) for tree in trees)
        return base.tolist(), trees


def _tree(root: dict[str, Any], target: int, targets: int) -> Tree:
    """A tree of a dump: a branch says `yes` where the feature is less."""
    nodes: dict[int, dict[str, Any]] = {}

    def visit(node: dict[str, Any]) -> None:
        nodes[node["nodeid"]] = node
        for child in node.get("children", ()):
            visit(child)

    visit(root)
    order = {number: place for place, number in enumerate(sorted(nodes))}
    value = np.zeros((len(nodes), targets))
    test: list[str | None] = []
    columns: list[tuple[int, float, int, int]] = []
    for place, number in enumerate(sorted(nodes)):
        node = nodes[number]
        if "leaf" in node:
            value[place, target] = node["leaf"]
            test.append(None)
            columns.append((0, 0.0, 0, 0))
        else:
            test.append("<")
            columns.append((int(node["split"][1:]), node["split_condition"], order[node["yes"]], order[node["no"]]))
    feature, threshold, then, otherwise = (np.array(column) for column in zip(*columns))
    return Tree(test, feature, threshold.astype(np.float64), then, otherwise, value)


def _reached(tree: Tree, sample: np.ndarray) -> np.ndarray:
    at = 0
    while tree.test[at] is not None:
        at = int((tree.then if sample[tree.feature[at]] < tree.threshold[at] else tree.otherwise)[at])
    return tree.value[at]


class XGBClassifier(XgboostTrees, BoostedClassifier):
    """Boosted trees for classes."""

    _parent = xgboost.XGBClassifier


class XGBRegressor(XgboostTrees, BoostedRegressor):
    """Boosted trees for numbers."""

    _parent = xgboost.XGBRegressor
