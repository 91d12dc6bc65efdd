"""Clear values as arrays of the numbers that the compiler knows: `int64`, `uint64` where that is too small, and `float64`."""

from __future__ import annotations

from typing import Any

import numpy as np


def as_integers(value: Any) -> np.ndarray | None:
    """An `int64` array with the same values, or `uint64` if they need it; `None` if they are not integers or do not fit."""
    try:
        array = np.asarray(value)
    except ValueError:  # nested lists of unequal length
        return None
    if array.dtype.kind == "u" and array.size and int(array.max()) > np.iinfo(np.int64).max:
        return np.ascontiguousarray(array, dtype=np.uint64).reshape(array.shape)
    if array.dtype.kind not in "biu":
        return None
    return np.ascontiguousarray(array, dtype=np.int64).reshape(array.shape)


def as_numbers(value: Any) -> np.ndarray | None:
    """An `int64`, `uint64` or `float64` array; `None` for anything else."""
    integers = as_integers(value)
    if integers is not None:
        return integers
    try:
        array = np.asarray(value)
    except ValueError:
        return None
    if array.dtype.kind != "f":
        return None
    return np.ascontiguousarray(array, dtype=np.float64).reshape(array.shape)


def as_result(value: np.ndarray) -> Any:
    """What a user gets: an `int` for a scalar, else the array."""
    return int(value) if value.ndim == 0 else value


def plain(like: Any, values: Any) -> Any:
    """Integers as the kind of value that they were computed from: a number stays a number of Python."""
    return int(values) if isinstance(like, (int, np.integer, bool)) else np.asarray(values)
