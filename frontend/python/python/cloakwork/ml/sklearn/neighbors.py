"""The votes of the nearest points."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import neighbors

from ... import _cloakwork, fhe
from ..affine import Affine
from ..module import FheMode, QuantizedModule
from .base import QuantizedClassifier
from .trees import Grid


#: Bits that a budget chooses from, and the loss of accuracy that it allows where it names none.
_TRIED_BITS = range(1, 9)
_DEFAULT_LOSS = 0.01


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

    def compile(self, X: Any, *arguments: Any, budget: str | None = None, **options: Any) -> fhe.Circuit:
        """Makes the circuit for inputs like `X`. A budget chooses the fewest bits that agree so well with the points on reals."""
        if budget is None:
            return super().compile(X, *arguments, **options)
        seconds, loss = _cloakwork.read_budget(budget)
        X, least = self._checked(X), 1 - (_DEFAULT_LOSS if loss is None else loss)
        exact = self.sklearn_model.predict(X)
        tried = []
        for bits in _TRIED_BITS:
            self._module = self._on_bits(X, bits)
            agreement = float(np.mean(self.predict(X) == exact))
            tried.append(f"{bits} bits agree in {agreement:.4f}")
            if agreement >= least:
                circuit = super().compile(X, *arguments, **options)
                predicted = self._module._circuit().predicted_seconds()
                self._module.search = "\n".join([*tried, f"predicted time {predicted or 0.0:.3f} s"])
                if seconds is None or predicted is None or predicted <= seconds:
                    return circuit
                tried[-1] += f" and take {predicted:.3f} s"
        raise ValueError(f"no circuit is within `{budget}`: {'; '.join(tried)}; allow more time or more loss")

    def _quantized(self, X: np.ndarray, before: Affine | None) -> QuantizedModule:
        if before is not None:
            raise ValueError("a pipeline that ends in nearest neighbors cannot be compiled whole; transform the data before")
        inner: Any = self.sklearn_model
        for name, allowed in (("weights", ("uniform",)), ("metric", ("minkowski", "euclidean")), ("p", (2,))):
            if getattr(inner, name) not in allowed:
                raise ValueError(f"`{name}` is {getattr(inner, name)!r}; {allowed[0]!r} is supported")
        return self._on_bits(X, self._bits().op_inputs)

    def _on_bits(self, X: np.ndarray, bits: int) -> QuantizedModule:
        inner: Any = self.sklearn_model
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
