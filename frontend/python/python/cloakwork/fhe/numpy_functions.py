"""What NumPy's functions do with traced values.

A function that the compiler knows by name is recorded under that name. Any other elementwise function of one traced
value and clear numbers is recorded as itself: the compiler calls it to build a table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .tracing import Tracer, graph_of, node_of, record

_UNARY = frozenset(
    "absolute arccos arccosh arcsin arcsinh arctan arctanh cbrt cos cosh exp exp2 expm1 log log10 log1p log2 negative "
    "sign sin sinh sqrt tan tanh".split()
)
_BINARY = frozenset(
    "add subtract multiply divide power minimum maximum floor_divide remainder arctan2 bitwise_and bitwise_or "
    "bitwise_xor right_shift equal not_equal less less_equal greater greater_equal".split()
)
#: Recorded as themselves.
_AS_ITSELF = frozenset(
    "copysign deg2rad degrees fabs float_power fmod gcd heaviside hypot isfinite isinf isnan lcm ldexp logaddexp "
    "logaddexp2 nextafter rad2deg radians reciprocal signbit spacing".split()
)
#: Where the compiler's name is another one.
_NAMES = {"absolute": "abs", "divide": "true_divide"}


def apply_ufunc(ufunc: np.ufunc, method: str, operands: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Records an elementwise function or a matrix product."""
    if method != "__call__":
        raise RuntimeError(f"Only __call__ hook is supported for numpy ufuncs (not {ufunc.__name__}.{method})")
    name = ufunc.__name__
    for key in kwargs:
        raise RuntimeError(f"Function 'np.{name}' is not supported with kwarg '{key}'")
    graph = graph_of(operands)
    if graph is None:
        raise RuntimeError(f"Function 'np.{name}' is not supported without a traced operand")
    if name in _UNARY:
        return record(graph, "unary", _NAMES.get(name, name), node_of(graph, operands[0]))
    if name in _BINARY:
        nodes = [node_of(graph, operand) for operand in operands]
        return record(graph, "binary", _NAMES.get(name, name), *nodes)
    if name in _UFUNCS:
        return _UFUNCS[name](*operands)
    if name in _AS_ITSELF:
        return _as_itself(ufunc, operands)
    raise RuntimeError(f"Function 'np.{name}' is not supported")


def apply_function(function: Callable, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Records a function of arrays."""
    name = function.__name__
    entry = _FUNCTIONS.get(name)
    if entry is None:
        raise RuntimeError(f"Function 'np.{name}' is not supported")
    implementation, allowed = entry
    # What NumPy's own wrappers pass along unasked.
    kwargs = {key: value for key, value in kwargs.items() if value is not np._NoValue}
    for key in kwargs:
        if key not in allowed:
            raise RuntimeError(f"Function 'np.{name}' is not supported with kwarg '{key}'")
    return implementation(*args, **kwargs)


def apply_to_elements(name: str, function: Callable, value: Tracer) -> Tracer:
    """Records a Python function of an array, which may give integers, booleans or reals."""
    sample = function(np.ones(1, dtype=np.float64 if value.is_real else np.int64))
    gives_real = np.asarray(sample).dtype.kind == "f"
    dtype = np.float64 if gives_real else np.int64

    def apply(elements: np.ndarray) -> np.ndarray:
        result = np.asarray(function(elements))
        if not gives_real and result.dtype.kind not in "biu":
            raise TypeError(f"it gave {result.dtype} where it gave integers before")
        return np.ascontiguousarray(result, dtype=dtype)

    kinds = ("f" if value.is_real else "i", "f" if gives_real else "i")
    return record(value._graph, "host", name, apply, kinds, value._node)


def astype(value: Tracer, dtype: Any) -> Tracer:
    """`value.astype(dtype)`"""
    try:
        target = np.dtype(dtype)
    except TypeError:
        target = None
    if target is None or target.kind not in "biuf":
        raise ValueError(
            "`astype` method must be called with a numpy type for compilation (e.g., value.astype(np.int64)), "
            f"not {dtype!r}"
        )
    if target == np.float64:
        return record(value._graph, "unary", "to_real", value._node)
    if target == np.int64:
        return record(value._graph, "unary", "truncate_to_int", value._node) if value.is_real else value
    if target.kind == "b":
        return np.not_equal(value, 0)
    # Narrower types round or wrap around.
    back = np.float64 if target.kind == "f" else np.int64
    return apply_to_elements(f"astype_{target.name}", lambda v: v.astype(target).astype(back), value)


def _as_itself(ufunc: np.ufunc, operands: tuple[Any, ...]) -> Tracer:
    name = ufunc.__name__
    traced = [operand for operand in operands if isinstance(operand, Tracer)]
    clear = [operand for operand in operands if not isinstance(operand, Tracer)]
    if len(traced) != 1:
        raise RuntimeError(
            f"Function 'np.{name}' is not supported with {len(traced)} traced operands (it becomes a table of one)"
        )
    if any(np.size(operand) != 1 for operand in clear):
        raise RuntimeError(
            f"Function 'np.{name}' is not supported with an array beside the traced operand (a number is)"
        )
    numbers = [None if isinstance(operand, Tracer) else np.asarray(operand).reshape(()) for operand in operands]

    def apply(elements: np.ndarray) -> np.ndarray:
        return ufunc(*(elements if number is None else number for number in numbers))

    return apply_to_elements(name, apply, traced[0])


def _matmul(a: Any, b: Any) -> Tracer:
    return _of_nodes("matmul", a, b)


def _dot(a: Any, b: Any) -> Tracer:
    return _of_nodes("dot", a, b)


def _of_nodes(operation: str, a: Any, b: Any) -> Tracer:
    graph = graph_of((a, b))
    assert graph is not None, "NumPy calls this for traced values"
    return record(graph, operation, node_of(graph, a), node_of(graph, b))


def _left_shift(a: Any, b: Any) -> Tracer:
    if isinstance(b, Tracer):
        graph = b._graph
        return record(graph, "binary", "left_shift", node_of(graph, a), b._node)
    shift = np.asarray(b)
    if shift.dtype.kind not in "iu" or (shift < 0).any() or (shift > 62).any():
        raise ValueError(f"values are shifted by integers from 0 to 62, not by {b!r}")
    # A product with a constant is no lookup.
    return np.multiply(a, np.left_shift(np.int64(1), shift.astype(np.int64)))


def _rounding(name: str, a: Any) -> Tracer:
    """NumPy leaves integers as they are."""
    return record(a._graph, "unary", name, a._node) if a.is_real else a


def _around(a: Tracer, decimals: int = 0) -> Tracer:
    if not a.is_real and decimals >= 0:
        return a
    if decimals == 0:
        return record(a._graph, "unary", "round", a._node)
    return apply_to_elements("around", lambda v: np.around(v, decimals), a)


def _clip(a: Any, a_min: Any = None, a_max: Any = None, **bounds: Any) -> Tracer:
    a_min, a_max = bounds.get("min", a_min), bounds.get("max", a_max)
    if a_min is not None:
        a = np.maximum(a, a_min)
    return a if a_max is None else np.minimum(a, a_max)


def _logical(combine: Callable) -> Callable:
    return lambda a, b: combine(np.not_equal(a, 0), np.not_equal(b, 0))


def _sum(a: Tracer, axis: Any = None, keepdims: bool = False) -> Tracer:
    axes = None if axis is None else [int(one) for one in (axis if isinstance(axis, (tuple, list)) else (axis,))]
    return record(a._graph, "sum", a._node, axes, bool(keepdims))


def _reshape(a: Tracer, shape: Any = None, newshape: Any = None) -> Tracer:
    shape = newshape if shape is None else shape
    sizes = [int(size) for size in (shape if isinstance(shape, (tuple, list)) else (shape,))]
    return record(a._graph, "reshape", a._node, sizes)


def _transpose(a: Tracer, axes: Any = None) -> Tracer:
    return record(a._graph, "transpose", a._node, None if axes is None else [int(axis) for axis in axes])


def _broadcast_to(array: Tracer, shape: Any) -> Tracer:
    sizes = [int(size) for size in (shape if isinstance(shape, (tuple, list)) else (shape,))]
    return record(array._graph, "broadcast_to", array._node, sizes)


def _concatenate(arrays: Any, axis: int | None = 0) -> Tracer:
    graph = graph_of(arrays)
    assert graph is not None, "NumPy calls this for traced values"
    if axis is None:
        arrays, axis = [np.reshape(value, -1) for value in arrays], 0
    return record(graph, "concatenate", [node_of(graph, value) for value in arrays], int(axis))


def _stack(arrays: Any, axis: int = 0) -> Tracer:
    return np.concatenate([np.expand_dims(value, axis) for value in arrays], axis=axis)


def _expand_dims(a: Tracer, axis: Any) -> Tracer:
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    rank = a.ndim + len(axes)
    new = sorted(int(one) + rank if one < 0 else int(one) for one in axes)
    if len(set(new)) != len(new) or (new and not 0 <= new[0] <= new[-1] < rank):
        raise ValueError(f"axis {axis} is out of bounds for a value of {a.ndim} axes")
    shape = list(a.shape)
    for one in new:
        shape.insert(one, 1)
    return np.reshape(a, shape)


def _squeeze(a: Tracer, axis: Any = None) -> Tracer:
    axes = range(a.ndim) if axis is None else (axis if isinstance(axis, (tuple, list)) else (axis,))
    wanted = {one % a.ndim for one in axes if axis is not None or a.shape[one] == 1}
    if any(a.shape[one] != 1 for one in wanted):
        raise ValueError(f"axis {axis} of shape {a.shape} has more than one element and cannot be squeezed")
    return np.reshape(a, [size for one, size in enumerate(a.shape) if one not in wanted])


def _where(condition: Any, x: Any, y: Any) -> Tracer:
    chosen = np.not_equal(condition, 0)
    if not isinstance(x, Tracer) and not isinstance(y, Tracer):
        return np.add(np.multiply(chosen, np.subtract(x, y)), y)
    return np.add(np.multiply(chosen, x), np.multiply(np.subtract(1, chosen), y))


def _identity(a: Any) -> Any:
    return a


_UFUNCS: dict[str, Callable[..., Tracer]] = {
    "ceil": lambda a: _rounding("ceil", a),
    "floor": lambda a: _rounding("floor", a),
    "fmax": lambda a, b: np.maximum(a, b),
    "fmin": lambda a, b: np.minimum(a, b),
    "invert": lambda a: np.subtract(np.negative(a), 1),
    "left_shift": _left_shift,
    "logical_and": _logical(np.bitwise_and),
    "logical_not": lambda a: np.equal(a, 0),
    "logical_or": _logical(np.bitwise_or),
    "logical_xor": _logical(np.bitwise_xor),
    "matmul": _matmul,
    "positive": _identity,
    "rint": lambda a: _rounding("round", a),
    "square": lambda a: np.multiply(a, a),
    "trunc": lambda a: _rounding("truncate", a),
}

#: Implementation and keyword arguments.
_FUNCTIONS: dict[str, tuple[Callable[..., Tracer], frozenset[str]]] = {
    "around": (_around, frozenset({"decimals"})),
    "broadcast_to": (_broadcast_to, frozenset({"shape"})),
    "clip": (_clip, frozenset({"a_min", "a_max", "min", "max"})),
    "concatenate": (_concatenate, frozenset({"axis"})),
    "copy": (_identity, frozenset()),
    "dot": (_dot, frozenset()),
    "expand_dims": (_expand_dims, frozenset({"axis"})),
    "ravel": (lambda a: np.reshape(a, -1), frozenset()),
    "reshape": (_reshape, frozenset({"newshape", "shape"})),
    "round": (_around, frozenset({"decimals"})),
    "squeeze": (_squeeze, frozenset({"axis"})),
    "stack": (_stack, frozenset({"axis"})),
    "sum": (_sum, frozenset({"axis", "keepdims"})),
    "transpose": (_transpose, frozenset({"axes"})),
    "where": (_where, frozenset()),
}
