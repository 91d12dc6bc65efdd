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
#: How many points beside the samples say what bits lose, and between how many of the nearest samples they lie.
_POINTS_BETWEEN = 1000
_NEAR = 3


def _with_points_between(X: np.ndarray) -> np.ndarray:
    """Samples and points on the lines between near ones, so that a few samples say as much about a loss of one in a hundred
    as many would."""
    draw = np.random.default_rng(0)
    near = min(_NEAR, len(X) - 1)
    if near == 0:
        return X
    others = neighbors.NearestNeighbors(n_neighbors=near).fit(X).kneighbors(return_distance=False)
    first = draw.integers(len(X), size=_POINTS_BETWEEN)
    second = others[first, draw.integers(near, size=_POINTS_BETWEEN)]
    share = draw.random((_POINTS_BETWEEN, 1))
    return np.vstack([X, share * X[first] + (1 - share) * X[second]])


class KNeighborsClassifier(QuantizedClassifier):
    """The most frequent class among the nearest points; of points at one distance the first is nearest."""

    _parent = neighbors.KNeighborsClassifier
    _defaults = {"n_neighbors": 3}
    _n_bits = 2
    _bit_names = ("op_inputs",)
    # Distances are those of its own points.
    _folds_transformers = False

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
        """Makes the circuit for inputs like `X`. A budget chooses the fewest bits that lose so little accuracy, where the votes of
        the points on reals say how likely a class is."""
        if budget is None:
            return super().compile(X, *arguments, **options)
        seconds, most = _cloakwork.read_budget(budget)
        most = _DEFAULT_LOSS if most is None else most
        X = self._checked(X)
        between = _with_points_between(X)
        likely = self.sklearn_model.predict_proba(between)
        tried = []
        for bits in _TRIED_BITS:
            chosen = self._votes(between, bits).argmax(axis=1)
            loss = float(np.mean(likely.max(axis=1) - likely[np.arange(len(between)), chosen]))
            tried.append(f"{bits} bits lose {loss:.4f}")
            if loss <= most:
                self._module = self._on_bits(X, bits)
                circuit = super().compile(X, *arguments, **options)
                predicted = self._module._circuit().predicted_seconds()
                self._module.search = "\n".join([*tried, f"predicted time {predicted or 0.0:.3f} s"])
                if seconds is None or predicted is None or predicted <= seconds:
                    return circuit
                tried[-1] += f" and take {predicted:.3f} s"
        raise ValueError(f"no circuit is within `{budget}`: {'; '.join(tried)}; allow more time or more loss")

    def _quantized(self, X: np.ndarray, before: Affine | None) -> QuantizedModule:
        assert before is None, "nothing is folded into distances"
        inner: Any = self.sklearn_model
        for name, allowed in (("weights", ("uniform",)), ("metric", ("minkowski", "euclidean")), ("p", (2,))):
            if getattr(inner, name) not in allowed:
                raise ValueError(f"`{name}` is {getattr(inner, name)!r}; {allowed[0]!r} is supported")
        if inner.n_neighbors > inner.n_samples_fit_:
            raise ValueError(
                f"`n_neighbors` is {inner.n_neighbors}, but there are n_samples = {inner.n_samples_fit_} points; fit more, or "
                "let fewer vote"
            )
        return self._on_bits(X, self._bits().op_inputs)

    def _votes(self, X: np.ndarray, bits: int) -> np.ndarray:
        """What a circuit of so many bits would count for each class."""
        inner: Any = self.sklearn_model
        points = np.asarray(inner._fit_X, dtype=np.float64)
        grid = Grid.of_one_scale(points, bits)
        differences = grid.integers(X)[:, np.newaxis] - grid.integers(points)
        nearest = np.argsort((differences**2).sum(axis=2), axis=1, kind="stable")[:, : inner.n_neighbors]
        labels = np.ravel(inner._y)[nearest]
        return (labels[..., np.newaxis] == np.arange(len(inner.classes_))).sum(axis=1)

    def _on_bits(self, X: np.ndarray, bits: int) -> QuantizedModule:
        inner: Any = self.sklearn_model
        points = np.asarray(inner._fit_X, dtype=np.float64)
        grid = Grid.of_one_scale(points, bits)
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
