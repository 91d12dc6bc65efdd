"""Random input sets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .types import Float, Integer, Tensor
from .value_description import ValueDescription

Spec = Integer | Float | Tensor | ValueDescription | Callable[[int], Any]


def inputset(*inputs: Spec, size: int = 100) -> list[tuple[Any, ...]]:
    """Samples for each parameter: uniform over a type, reals from 0 to 1, or `callable(index)`."""
    return [tuple(_sample(spec, index) for spec in inputs) for index in range(size)]


def _sample(spec: Spec, index: int) -> Any:
    if isinstance(spec, (Integer, Float)):
        return _draw(spec, ())
    if isinstance(spec, (Tensor, ValueDescription)):
        return _draw(spec.dtype, spec.shape)
    if callable(spec):
        return spec(index)
    raise ValueError(
        f"{spec!r} is not a type of inputs (e.g., fhe.uint4, fhe.tensor[fhe.uint4, 3] or a function of an index)"
    )


def _draw(dtype: Integer | Float, shape: tuple[int, ...]) -> Any:
    random = np.random.default_rng()
    if isinstance(dtype, Float):
        reals = random.random(size=shape).astype(f"float{dtype.bit_width}")
        return reals if shape else float(reals)
    if dtype.bit_width > 64:
        raise ValueError(f"{dtype} has values that do not fit 64 bits")
    word = np.uint64 if dtype.max() > np.iinfo(np.int64).max else np.int64
    values = random.integers(dtype.min(), dtype.max(), size=shape, dtype=word, endpoint=True)
    return values if shape else int(values)
