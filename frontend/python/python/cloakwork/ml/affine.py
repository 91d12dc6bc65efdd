"""Transformers of a pipeline as one affine function of the features."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Affine:
    """`x · matrix + offset`"""

    matrix: np.ndarray
    offset: np.ndarray

    def __call__(self, X: np.ndarray) -> np.ndarray:
        """The function of each row."""
        return X @ self.matrix + self.offset

    def then(self, matrix: np.ndarray, offset: np.ndarray) -> Affine:
        """This function, then `x · matrix + offset`."""
        return Affine(self.matrix @ matrix, self.offset @ matrix + offset)

    @staticmethod
    def of_steps(steps: list[tuple[str, Any]], X: np.ndarray) -> Affine:
        """The function of fitted transformers, one after the other; `X` are samples to check it with."""
        whole = Affine(np.eye(X.shape[1]), np.zeros(X.shape[1]))
        for name, transformer in steps:
            part = _affine(name, transformer, X)
            whole, X = whole.then(part.matrix, part.offset), part(X)
        return whole


def _affine(name: str, transformer: Any, X: np.ndarray) -> Affine:
    """The function of one transformer, from what it does to the unit vectors."""
    features = X.shape[1]
    probes = np.vstack([np.zeros(features), np.eye(features)])
    kind = type(transformer).__name__
    try:
        # Names of columns are those of the samples, not of the probes.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            values = np.asarray(_dense(transformer.transform(probes)), dtype=np.float64)
            expected = np.asarray(_dense(transformer.transform(X)), dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise ValueError(f"step `{name}` ({kind}) does not take any numbers: {error}") from error
    affine = Affine(values[1:] - values[0], values[0])
    if not np.allclose(affine(X), expected, rtol=1e-6, atol=1e-6 * max(1.0, float(np.abs(expected).max(initial=0)))):
        raise ValueError(f"step `{name}` ({kind}) is not an affine function of its features")
    return affine


def _dense(values: Any) -> Any:
    return values.toarray() if hasattr(values, "toarray") else values
