"""NumPy's functions along axes: sums, products, extremes, their positions, sorting.

Extremes and products are trees, so that they are as shallow as can be; each level is one operation on a whole tensor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .indexing import gathered
from .tracing import Tracer, positions_of, record

#: Sums of so many bits are looked up at once.
_BITS_AT_ONCE = 15


def sum_of(a: Tracer, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Tracer:
    """`numpy.sum`"""
    _only_integers("sum", dtype)
    axes = None if axis is None else [int(one) for one in (axis if isinstance(axis, (tuple, list)) else (axis,))]
    return record(a._graph, "sum", a._node, axes, bool(keepdims))


def mean(a: Tracer, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Tracer:
    """`numpy.mean`, a real."""
    total = np.sum(a, axis=axis, keepdims=keepdims)
    return np.true_divide(total, a.size // total.size)


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
    return np.sum(np.not_equal(a, 0), axis=axis, keepdims=keepdims)


def any_of(a: Tracer, axis: Any = None, *, keepdims: bool = False) -> Tracer:
    """`numpy.any`"""
    bits, shape = _front(np.not_equal(a, 0), axis, keepdims)
    return _any_of_bits(bits).reshape(shape)


def all_of(a: Tracer, axis: Any = None, *, keepdims: bool = False) -> Tracer:
    """`numpy.all`"""
    zeros, shape = _front(np.equal(a, 0), axis, keepdims)
    return np.subtract(1, _any_of_bits(zeros).reshape(shape))


def _any_of_bits(bits: Tracer) -> Tracer:
    """Whether a bit along the first axis is on: sums of few, then of what is left."""
    while len(bits) > 1:
        count = len(bits)
        groups = -(-count // _BITS_AT_ONCE)
        if count % groups:
            bits = np.pad(bits, [(0, -count % groups)] + [(0, 0)] * (bits.ndim - 1))
        bits = np.not_equal(np.sum(bits.reshape((groups, -1, *bits.shape[1:])), axis=1), 0)
    return bits[0]


def prod(a: Tracer, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Tracer:
    """`numpy.prod`"""
    _only_integers("prod", dtype)
    return _tree(np.multiply, a, axis, keepdims)


def max_of(a: Tracer, axis: Any = None, *, keepdims: bool = False) -> Tracer:
    """`numpy.max`"""
    return _tree(np.maximum, a, axis, keepdims)


def min_of(a: Tracer, axis: Any = None, *, keepdims: bool = False) -> Tracer:
    """`numpy.min`"""
    return _tree(np.minimum, a, axis, keepdims)


def ptp(a: Tracer, axis: Any = None, *, keepdims: bool = False) -> Tracer:
    """`numpy.ptp`"""
    return np.subtract(np.max(a, axis=axis, keepdims=keepdims), np.min(a, axis=axis, keepdims=keepdims))


def argmax(a: Tracer, axis: int | None = None, *, keepdims: bool = False) -> Tracer:
    """`numpy.argmax`: of equal ones the first."""
    return _winner(np.greater, a, axis, keepdims)


def argmin(a: Tracer, axis: int | None = None, *, keepdims: bool = False) -> Tracer:
    """`numpy.argmin`: of equal ones the first."""
    return _winner(np.less, a, axis, keepdims)


def _winner(beats: Callable, a: Tracer, axis: int | None, keepdims: bool) -> Tracer:
    """The position of the one that beats all others, in matches of neighbours."""
    values, shape = _front(a, axis, keepdims)
    count = len(values)
    numbers: Any = np.arange(count).reshape(count, *(1,) * (values.ndim - 1))
    while len(values) > 1:
        even = len(values) // 2 * 2
        first, second = values[:even:2], values[1:even:2]
        wins = beats(second, first)
        winners = _chosen(wins, numbers[1:even:2], numbers[:even:2])
        is_odd = even < len(values)
        if is_odd:
            rest = np.broadcast_to(numbers[even:], values[even:].shape)
            winners = np.concatenate([winners, rest])
        numbers = winners
        # The value of the last winner does not matter.
        best = np.where(wins, second, first) if len(values) > 2 else first
        values = np.concatenate([best, values[even:]]) if is_odd else best
    if not isinstance(numbers, Tracer):
        numbers = np.multiply(values, 0) + numbers
    return numbers.reshape(shape)


def _chosen(wins: Tracer, second: Any, first: Any) -> Tracer:
    if isinstance(second, Tracer):
        return np.where(wins, second, first)
    return np.add(np.multiply(wins, second - first), first)


def cumsum(a: Tracer, axis: int | None = None, dtype: Any = None) -> Tracer:
    """`numpy.cumsum`, a product with a triangle of ones."""
    _only_integers("cumsum", dtype)
    values, axis = (a.reshape(-1), 0) if axis is None else (a, _axis(a, axis))
    moved = np.moveaxis(values, axis, -1)
    count = moved.shape[-1]
    sums = moved.reshape(-1, count) @ np.triu(np.ones((count, count), dtype=np.int64))
    return np.moveaxis(sums.reshape(moved.shape), -1, axis)


def cumprod(a: Tracer, axis: int | None = None, dtype: Any = None) -> Tracer:
    """`numpy.cumprod`"""
    _only_integers("cumprod", dtype)
    values, axis = (a.reshape(-1), 0) if axis is None else (a, _axis(a, axis))
    rows = list(np.moveaxis(values, axis, 0))
    products = [rows[0]]
    for row in rows[1:]:
        products.append(np.multiply(products[-1], row))
    return np.stack(products, axis=axis)


def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = np._NoValue, append: Any = np._NoValue) -> Tracer:
    """`numpy.diff`"""
    axis = _axis(a, axis)
    parts = [a]
    for value, place in ((prepend, 0), (append, len(parts) + 1)):
        if value is np._NoValue:
            continue
        if np.ndim(value) == 0:
            value = np.broadcast_to(value, [1 if i == axis else size for i, size in enumerate(a.shape)])
        parts.insert(place, value)
    if len(parts) > 1:
        a = np.concatenate(parts, axis=axis)
    for _ in range(n):
        along = (slice(None),) * axis
        later, earlier = (*along, slice(1, None)), (*along, slice(None, -1))
        a = np.subtract(a[later], a[earlier])
    return a


def trace(a: Tracer, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tracer:
    """`numpy.trace`"""
    return np.sum(np.diagonal(a, offset, axis1, axis2), axis=-1)


def sort(a: Tracer, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Tracer:
    """`numpy.sort` by a network of minima and maxima."""
    values, axis = (a.reshape(-1), 0) if axis is None else (a, _axis(a, axis))
    values = np.moveaxis(values, axis, 0)
    for pairs in _network(len(values)):
        low, high = (np.array(side) for side in zip(*pairs))
        first, second = values[low], values[high]
        both = np.concatenate([values, np.minimum(first, second), np.maximum(first, second)])
        rows = np.arange(len(values))
        rows[low] = len(values) + np.arange(len(low))
        rows[high] = len(values) + len(low) + np.arange(len(low))
        values = both[rows]
    return np.moveaxis(values, 0, axis)


def argsort(a: Tracer, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Tracer:
    """`numpy.argsort`, stable: the positions are sorted along, below the values."""
    values, axis = (a.reshape(-1), 0) if axis is None else (a, _axis(a, axis))
    count = values.shape[axis]
    places = np.arange(count).reshape([count if i == axis else 1 for i in range(values.ndim)])
    return np.remainder(np.sort(np.add(np.multiply(values, count), places), axis=axis), count)


def median(a: Tracer, axis: Any = None, *, keepdims: bool = False) -> Tracer:
    """`numpy.median`, a real."""
    values, shape = _front(a, axis, keepdims)
    ordered, middle = np.sort(values, axis=0), len(values) // 2
    if len(values) % 2:
        return np.true_divide(ordered[middle].reshape(shape), 1)
    return np.true_divide(np.add(ordered[middle - 1], ordered[middle]).reshape(shape), 2)


def _network(count: int) -> list[list[tuple[int, int]]]:
    """Layers of pairs that are compared at once: Batcher's merge exchange. [Knuth, vol. 3, 5.2.2 M]"""
    layers = []
    top = 1 << max(count - 1, 1).bit_length() - 1
    step = top
    while step > 0:
        first, rest, distance = top, 0, step
        while True:
            layers.append([(i, i + distance) for i in range(count - distance) if i & step == rest])
            if first == step:
                break
            distance, first, rest = first - step, first // 2, step
        step //= 2
    return [layer for layer in layers if layer]


def _tree(combine: Callable, a: Tracer, axis: Any, keepdims: bool) -> Tracer:
    values, shape = _front(a, axis, keepdims)
    while len(values) > 1:
        half = len(values) // 2
        pairs = combine(values[:half], values[half : 2 * half])
        values = np.concatenate([pairs, values[2 * half :]]) if len(values) % 2 else pairs
    return values[0].reshape(shape)


def _front(a: Tracer, axis: Any, keepdims: bool) -> tuple[Tracer, tuple[int, ...]]:
    """The axes that vanish as one axis in front, and the shape of the result."""
    kept = np.sum(
        np.broadcast_to(0, a.shape), axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=bool(keepdims)
    )
    axes = range(a.ndim) if axis is None else [_axis(a, one) for one in (axis if np.iterable(axis) else (axis,))]
    rest = [one for one in range(a.ndim) if one not in axes]
    moved = np.transpose(positions_of(a), [*axes, *rest])
    count = int(np.prod([a.shape[one] for one in axes], dtype=np.int64))
    return gathered(a, moved.reshape(count, *(a.shape[one] for one in rest))), np.shape(kept)


def _axis(a: Any, axis: int) -> int:
    if not -a.ndim <= axis < a.ndim:
        raise ValueError(f"axis {axis} is out of bounds for a value of {a.ndim} axes")
    return int(axis) % a.ndim


def _only_integers(name: str, dtype: Any) -> None:
    if dtype is not None and np.dtype(dtype).kind not in "iu":
        raise RuntimeError(f"Function 'np.{name}' is not supported with dtype {dtype!r} (integers are)")
