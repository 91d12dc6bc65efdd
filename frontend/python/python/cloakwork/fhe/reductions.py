"""NumPy's functions along axes: sums, products, extremes, their positions, sorting.

How they are computed is written in the compiler; here are NumPy's arguments.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .tracing import Tracer, record


def sum_of(a: Tracer, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Tracer:
    """`numpy.sum`"""
    _only_integers("sum", dtype)
    return record(a._graph, "sum", a._node, _axes(axis), bool(keepdims))


def mean(a: Tracer, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Tracer:
    """`numpy.mean`, a real."""
    return _reduced("mean", a, axis, keepdims)


def average(a: Tracer, axis: Any = None, weights: Any = None, *, keepdims: bool = False) -> Tracer:
    """`numpy.average` with clear weights."""
    if weights is None:
        return np.mean(a, axis=axis, keepdims=keepdims)
    if isinstance(weights, Tracer):
        raise RuntimeError("Function 'np.average' is not supported with traced weights")
    weights = np.asarray(weights)
    if weights.shape != a.shape:
        weights = weights.reshape([size if i == axis % a.ndim else 1 for i, size in enumerate(a.shape)])
    weights = np.broadcast_to(weights, a.shape)
    if weights.dtype.kind not in "iub":
        raise RuntimeError("Function 'np.average' is not supported with weights that are no integers")
    total = np.sum(np.multiply(a, weights), axis=axis, keepdims=keepdims)
    return np.true_divide(total, np.sum(weights, axis=axis, keepdims=keepdims))


def var(
    a: Tracer, axis: Any = None, dtype: Any = None, out: None = None, ddof: int = 0, *, keepdims: bool = False
) -> Tracer:
    """`numpy.var`, a real: `(n·Σx² − (Σx)²) / (n·(n − ddof))`."""
    if out is not None:
        raise RuntimeError("Function 'np.var' is not supported with kwarg 'out'")
    total = np.sum(a, axis=axis, keepdims=keepdims)
    count = a.size // total.size
    if count <= ddof:
        raise ValueError(f"the variance of {count} values with ddof={ddof} is not defined")
    squares = np.sum(np.square(a), axis=axis, keepdims=keepdims)
    return np.true_divide(np.subtract(np.multiply(squares, count), np.square(total)), count * (count - ddof))


def std(
    a: Tracer, axis: Any = None, dtype: Any = None, out: None = None, ddof: int = 0, *, keepdims: bool = False
) -> Tracer:
    """`numpy.std`, a real."""
    return np.sqrt(var(a, axis, dtype, out, ddof, keepdims=keepdims))


def count_nonzero(a: Tracer, axis: Any = None, *, keepdims: bool = False) -> Tracer:
    """`numpy.count_nonzero`"""
    return _reduced("count_nonzero", a, axis, keepdims)


def any_of(a: Tracer, axis: Any = None, *, keepdims: bool = False) -> Tracer:
    """`numpy.any`"""
    return _reduced("any", a, axis, keepdims)


def all_of(a: Tracer, axis: Any = None, *, keepdims: bool = False) -> Tracer:
    """`numpy.all`"""
    return _reduced("all", a, axis, keepdims)


def prod(a: Tracer, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Tracer:
    """`numpy.prod`"""
    _only_integers("prod", dtype)
    return _reduced("prod", a, axis, keepdims)


def max_of(a: Tracer, axis: Any = None, *, keepdims: bool = False) -> Tracer:
    """`numpy.max`"""
    return _reduced("max", a, axis, keepdims)


def min_of(a: Tracer, axis: Any = None, *, keepdims: bool = False) -> Tracer:
    """`numpy.min`"""
    return _reduced("min", a, axis, keepdims)


def ptp(a: Tracer, axis: Any = None, *, keepdims: bool = False) -> Tracer:
    """`numpy.ptp`"""
    return _reduced("ptp", a, axis, keepdims)


def median(a: Tracer, axis: Any = None, *, keepdims: bool = False) -> Tracer:
    """`numpy.median`, a real."""
    return _reduced("median", a, axis, keepdims)


def argmax(a: Tracer, axis: int | None = None, *, keepdims: bool = False) -> Tracer:
    """`numpy.argmax`: of equal ones the first."""
    return record(a._graph, "position", "argmax", a._node, _axis(axis), bool(keepdims))


def argmin(a: Tracer, axis: int | None = None, *, keepdims: bool = False) -> Tracer:
    """`numpy.argmin`: of equal ones the first."""
    return record(a._graph, "position", "argmin", a._node, _axis(axis), bool(keepdims))


def cumsum(a: Tracer, axis: int | None = None, dtype: Any = None) -> Tracer:
    """`numpy.cumsum`"""
    _only_integers("cumsum", dtype)
    return record(a._graph, "along", "cumsum", a._node, _axis(axis))


def cumprod(a: Tracer, axis: int | None = None, dtype: Any = None) -> Tracer:
    """`numpy.cumprod`"""
    _only_integers("cumprod", dtype)
    return record(a._graph, "along", "cumprod", a._node, _axis(axis))


def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = np._NoValue, append: Any = np._NoValue) -> Tracer:
    """`numpy.diff`"""
    parts = [a]
    for value, place in ((prepend, 0), (append, len(parts) + 1)):
        if value is np._NoValue:
            continue
        if np.ndim(value) == 0:
            value = np.broadcast_to(value, [1 if i == axis % a.ndim else size for i, size in enumerate(a.shape)])
        parts.insert(place, value)
    if len(parts) > 1:
        a = np.concatenate(parts, axis=axis)
    return record(a._graph, "diff", a._node, int(n), int(axis))


def trace(a: Tracer, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tracer:
    """`numpy.trace`"""
    return np.sum(np.diagonal(a, offset, axis1, axis2), axis=-1)


def sort(a: Tracer, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Tracer:
    """`numpy.sort`"""
    return record(a._graph, "along", "sort", a._node, _axis(axis))


def argsort(a: Tracer, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Tracer:
    """`numpy.argsort`, stable."""
    return record(a._graph, "along", "argsort", a._node, _axis(axis))


def _reduced(name: str, a: Tracer, axis: Any, keepdims: Any) -> Tracer:
    return record(a._graph, "reduce", name, a._node, _axes(axis), bool(keepdims))


def _axes(axis: Any) -> list[int] | None:
    return None if axis is None else [int(one) for one in (axis if isinstance(axis, (tuple, list)) else (axis,))]


def _axis(axis: Any) -> int | None:
    return None if axis is None else int(axis)


def _only_integers(name: str, dtype: Any) -> None:
    if dtype is not None and np.dtype(dtype).kind not in "iu":
        raise RuntimeError(f"Function 'np.{name}' is not supported with dtype {dtype!r} (integers are)")
