"""Random input sets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .types import Integer, Tensor

Spec = Integer | Tensor | Callable[[int], Any]


def inputset(*specs: Spec, size: int = 100) -> list[tuple[Any, ...]]:
    """Samples for each parameter: uniform over a type, or `callable(index)`."""
    return [tuple(_sample(spec, index) for spec in specs) for index in range(size)]


def _sample(spec: Spec, index: int) -> Any:
    if isinstance(spec, Integer):
        return _draw(spec, ())
    if isinstance(spec, Tensor):
        return _draw(spec.dtype, spec.shape)
    if callable(spec):
        return spec(index)
    raise ValueError(
        f"{spec!r} is not a type of inputs (e.g., fhe.uint4, fhe.tensor[fhe.uint4, 3] or a function of an index)"
    )


def _draw(dtype: Integer, shape: tuple[int, ...]) -> Any:
    if dtype.max() > np.iinfo(np.int64).max:
        raise ValueError(f"{dtype} has values that do not fit 64 signed bits")
    values = np.random.default_rng().integers(dtype.min(), dtype.max(), size=shape, dtype=np.int64, endpoint=True)
    return values if shape else int(values)
