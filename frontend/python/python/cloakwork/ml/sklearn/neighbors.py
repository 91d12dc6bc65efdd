"""The votes of the nearest points."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import neighbors

from ... import _cloakwork
from ..affine import Affine
from ..module import FheMode, QuantizedModule
from .base import QuantizedClassifier
from .trees import Grid


class KNeighborsClassifier(QuantizedClassifier):
    """The most frequent class among the nearest points; of points at one distance the first is nearest."""

    _parent = neighbors.KNeighborsClassifier
    _defaults = {"n_neighbors": 3}
    _n_bits = 2
    _bit_names = ("op_inputs",)

    def post_processing(self, y_preds: np.ndarray) -> np.ndarray:
        """The shares of the votes."""
        return y_preds / y_preds.sum(axis=1, keepdims=True)

    def get_topk_labels(self, X: Any, fhe: FheMode | str = FheMode.DISABLE) -> np.ndarray:
        """The labels of the nearest points of each sample, class by class."""
        votes = np.rint(self._raw(X, fhe)).astype(int)
        return np.array([np.repeat(self.classes_, row) for row in votes])

    def kneighbors(self, X: Any = None, n_neighbors: int | None = None, return_distance: bool = True) -> Any:
        """Not told: only votes leave the program, so that no point of the training set does."""
        raise NotImplementedError("only the votes are decrypted, not which points are nearest; use get_topk_labels(X)")

    def _quantized(self, X: np.ndarray, before: Affine | None) -> QuantizedModule:
        if before is not None:
            raise ValueError("a pipeline that ends in nearest neighbors cannot be compiled whole; transform the data before")
        inner: Any = self.sklearn_model
        for name, allowed in (("weights", ("uniform",)), ("metric", ("minkowski", "euclidean")), ("p", (2,))):
            if getattr(inner, name) not in allowed:
                raise ValueError(f"`{name}` is {getattr(inner, name)!r}; {allowed[0]!r} is supported")
        bits = self._bits().op_inputs
        points = np.asarray(inner._fit_X, dtype=np.float64)
        grid = Grid.of(points, bits)
        model = _cloakwork.nearest(
            {
                "points": grid.integers(points).astype(np.int64).tolist(),
                "classes": np.ravel(inner._y).tolist(),
                "class_count": len(inner.classes_),
                "k": inner.n_neighbors,
                "bits": bits,
                "scale": grid.scale.tolist(),
                "zero_point": grid.zero.tolist(),
            },
            [X],
        )
        return QuantizedModule(model, model.processing())
