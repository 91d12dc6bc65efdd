"""NumPy's functions that move elements: NumPy itself moves an array of positions, and the compiler gathers by it.

So shapes, defaults and messages are NumPy's. Few of them have operations of their own, which cost less to run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .indexing import gathered
from .tracing import Tracer, graph_of, node_of, positions_of, record


def of_positions(function: Callable, *args: Any, **kwargs: Any) -> Any:
    """A function of one traced value, and of numbers."""
    found = [value for value in (*args, *kwargs.values()) if isinstance(value, Tracer)]
    if len(found) != 1:
        raise RuntimeError(f"Function 'np.{function.__name__}' is not supported with {len(found)} traced arguments")
    value = found[0]
    positions = positions_of(value)
    moved = function(
        *(positions if argument is value else argument for argument in args),
        **{key: positions if argument is value else argument for key, argument in kwargs.items()},
    )
    return _each(lambda array: gathered(value, array), moved)


def joined(function: Callable, arrays: Any, *args: Any, **kwargs: Any) -> Any:
    """A function of a list of values, some of them traced, or of nested lists."""
    sources: list[Any] = []
    start = 0

    def positions(value: Any) -> Any:
        nonlocal start
        if isinstance(value, (list, tuple)) and graph_of(value) is not None:
            return [positions(item) for item in value]
        source = value if isinstance(value, Tracer) else np.asarray(value)
        sources.append(source)
        start += source.size
        return positions_of(source) + (start - source.size)

    moved = function(positions(arrays), *args, **kwargs)
    whole = np.concatenate([np.reshape(source, -1) for source in sources])
    return _each(lambda array: gathered(whole, array), moved)


def _each(build: Callable[[np.ndarray], Tracer], moved: Any) -> Any:
    if isinstance(moved, (list, tuple)):
        return type(moved)([build(np.asarray(part)) for part in moved])
    return build(np.asarray(moved))


def with_zeros(function: Callable, m: Tracer, *args: Any, **kwargs: Any) -> Tracer:
    """A function of one value that fills up with zeros."""
    moved = np.asarray(function(positions_of(m) + 1, *args, **kwargs)) - 1
    if (moved >= 0).all():
        return gathered(m, moved)
    whole = np.concatenate([m.reshape(-1), np.zeros(1, dtype=np.int64)])
    return gathered(whole, np.where(moved < 0, m.size, moved))


def pad(array: Tracer, pad_width: Any, mode: str = "constant", **kwargs: Any) -> Tracer:
    """`numpy.pad` in all modes that move elements or add constants."""
    if mode == "constant":
        constants = np.asarray(kwargs.pop("constant_values", 0))
        numbers = positions_of(constants) + array.size
        moved = np.pad(positions_of(array), pad_width, mode=mode, constant_values=numbers, **kwargs)
        if (moved < array.size).all():
            return gathered(array, moved)
        return gathered(np.concatenate([array.reshape(-1), constants.reshape(-1)]), moved)
    if mode not in ("edge", "reflect", "symmetric", "wrap"):
        raise RuntimeError(f"Function 'np.pad' is not supported with mode={mode!r}")
    if kwargs.get("reflect_type", "even") != "even":
        raise RuntimeError("Function 'np.pad' is not supported with kwarg 'reflect_type'")
    return of_positions(np.pad, array, pad_width, mode=mode, **kwargs)


def append(arr: Any, values: Any, axis: int | None = None) -> Tracer:
    """`numpy.append`"""
    return joined(lambda both: np.append(*both, axis=axis), [arr, values])


def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Tracer:
    """`numpy.insert`"""
    return joined(lambda both: np.insert(both[0], obj, both[1], axis=axis), [arr, values])


def permuted(function: Callable, a: Tracer, *args: Any, **kwargs: Any) -> Tracer:
    """A function that puts axes in another order."""
    # Every axis has its own size, by which it is known again.
    moved = function(np.broadcast_to(0, range(2, 2 + a.ndim)), *args, **kwargs)
    return np.transpose(a, [size - 2 for size in moved.shape])


def reshape(a: Tracer, shape: Any = None, order: str = "C", *, newshape: Any = None, copy: Any = None) -> Tracer:
    """`numpy.reshape`"""
    shape = newshape if shape is None else shape
    if order not in ("C", "A"):
        return of_positions(np.reshape, a, shape, order=order)
    sizes = [int(size) for size in (shape if isinstance(shape, (tuple, list)) else (shape,))]
    return record(a._graph, "reshape", a._node, sizes)


def transpose(a: Tracer, axes: Any = None) -> Tracer:
    """`numpy.transpose`"""
    return record(a._graph, "transpose", a._node, None if axes is None else [int(axis) for axis in axes])


def broadcast_to(array: Tracer, shape: Any, subok: bool = False) -> Tracer:
    """`numpy.broadcast_to`"""
    sizes = [int(size) for size in (shape if isinstance(shape, (tuple, list)) else (shape,))]
    return record(array._graph, "broadcast_to", array._node, sizes)


def broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Any, ...]:
    """`numpy.broadcast_arrays`"""
    shape = np.broadcast_shapes(*(np.shape(value) for value in args))
    return tuple(np.broadcast_to(value, shape) for value in args)


def concatenate(arrays: Any, axis: int | None = 0) -> Tracer:
    """`numpy.concatenate`"""
    graph = graph_of(arrays)
    assert graph is not None, "NumPy calls this for traced values"
    if axis is None:
        arrays, axis = [np.reshape(value, -1) for value in arrays], 0
    return record(graph, "concatenate", [node_of(graph, value) for value in arrays], int(axis))


def stack(arrays: Any, axis: int = 0) -> Tracer:
    """`numpy.stack`"""
    graph = graph_of(arrays)
    assert graph is not None, "NumPy calls this for traced values"
    return record(graph, "stack", [node_of(graph, value) for value in arrays], int(axis))


def vstack(tup: Any) -> Tracer:
    """`numpy.vstack`"""
    return np.concatenate([_with_axes(value, 2) for value in tup], axis=0)


def hstack(tup: Any) -> Tracer:
    """`numpy.hstack`"""
    arrays = [_with_axes(value, 1) for value in tup]
    return np.concatenate(arrays, axis=0 if arrays[0].ndim == 1 else 1)


def _with_axes(value: Any, count: int) -> Any:
    value = value if isinstance(value, Tracer) else np.asarray(value)
    return value if value.ndim >= count else np.reshape(value, (1,) * (count - value.ndim) + value.shape)


def expand_dims(a: Tracer, axis: Any) -> Tracer:
    """`numpy.expand_dims`"""
    shape = np.expand_dims(np.broadcast_to(0, a.shape), axis if not isinstance(axis, list) else tuple(axis)).shape
    return a.reshape(shape)


def squeeze(a: Tracer, axis: Any = None) -> Tracer:
    """`numpy.squeeze`"""
    return a.reshape(np.squeeze(np.broadcast_to(0, a.shape), axis).shape)


def ravel(a: Tracer, order: str = "C") -> Tracer:
    """`numpy.ravel`"""
    return np.reshape(a, -1) if order in ("C", "A", "K") else of_positions(np.ravel, a, order=order)
