"""What NumPy's functions do with traced values.

A function that the compiler knows by name is recorded under that name. Any other elementwise function of one traced
value and clear numbers is recorded as itself: the compiler calls it to build a table.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from . import contractions, rearranging, reductions
from .rearranging import joined, of_positions, permuted, with_zeros
from .tracing import Tracer, graph_of, node_of, record

_UNARY = frozenset(
    "absolute arccos arccosh arcsin arcsinh arctan arctanh cbrt cos cosh exp exp2 expm1 log log10 log1p log2 negative "
    "sign sin sinh sqrt tan tanh".split()
)
_BINARY = frozenset(
    "add subtract multiply divide power minimum maximum floor_divide remainder arctan2 bitwise_and bitwise_or "
    "bitwise_xor left_shift right_shift equal not_equal less less_equal greater greater_equal".split()
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
    raise _unsupported(name, "fhe.univariate(function)(x) looks up any function of one value")


def apply_function(function: Callable, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Records a function of arrays."""
    name = function.__name__
    # What NumPy's own wrappers pass along unasked.
    kwargs = {key: value for key, value in kwargs.items() if value is not np._NoValue}
    if name in _OF_POSITIONS:
        return of_positions(function, *args, **kwargs)
    if name in _PERMUTED:
        return permuted(function, *args, **kwargs)
    if name in _WITH_ZEROS:
        return with_zeros(function, *args, **kwargs)
    if name in _JOINED:
        return joined(function, *args, **kwargs)
    implementation = _FUNCTIONS.get(name)
    if implementation is None:
        raise _unsupported(_in_numpy(function), "write it with those")
    allowed = _parameters(implementation)
    for key in kwargs:
        if key not in allowed and "**" not in allowed:
            raise RuntimeError(f"Function 'np.{name}' is not supported with kwarg '{key}'")
    return implementation(*args, **kwargs)


def _unsupported(name: str, advice: str) -> RuntimeError:
    return RuntimeError(f"Function 'np.{name}' is not supported (docs/functions.md lists those that are); {advice}")


def _in_numpy(function: Callable) -> str:
    """Its name behind `np.`, with the module that it is in."""
    module = function.__module__.partition(".")[2]
    return f"{module}.{function.__name__}" if module else function.__name__


@functools.cache
def _parameters(implementation: Callable) -> frozenset[str]:
    """Names of parameters, `**` where any is taken."""
    parameters = inspect.signature(implementation).parameters.values()
    return frozenset("**" if one.kind == one.VAR_KEYWORD else one.name for one in parameters)


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


def apply_to_several(name: str, function: Callable, values: tuple[Any, ...]) -> Tracer:
    """Records a Python function of several arrays, which may give integers, booleans or reals."""
    graph = graph_of(values)
    assert graph is not None, "one of the values is traced"
    numbers = [value if isinstance(value, Tracer) else np.asarray(value) for value in values]
    is_real = any(value.dtype.kind == "f" for value in numbers)
    kind = np.float64 if is_real else np.int64
    sample = np.asarray(function(*(np.ones(1, dtype=kind) for _ in values)))
    gives_real = sample.dtype.kind == "f"
    dtype = np.float64 if gives_real else np.int64

    def apply(*elements: np.ndarray) -> np.ndarray:
        result = np.asarray(function(*elements))
        if not gives_real and result.dtype.kind not in "biu":
            raise TypeError(f"it gave {result.dtype} where it gave integers before")
        return np.ascontiguousarray(result, dtype=dtype)

    kinds = ("f" if is_real else "i", "f" if gives_real else "i")
    return record(graph, "multivariate", name, apply, kinds, [node_of(graph, value) for value in numbers])


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
        return record(value._graph, "unary", "truncate_to_int", value._node) if value.is_real else value.copy()
    if target.kind == "b":
        return np.not_equal(value, 0)
    # Narrower types round or wrap around.
    back = np.float64 if target.kind == "f" else np.int64
    return apply_to_elements(f"astype_{target.name}", lambda v: v.astype(target).astype(back), value)


def _as_itself(ufunc: np.ufunc, operands: tuple[Any, ...]) -> Tracer:
    traced = [operand for operand in operands if isinstance(operand, Tracer)]
    clear = [operand for operand in operands if not isinstance(operand, Tracer)]
    if len(traced) != 1 or any(np.size(operand) != 1 for operand in clear):
        return apply_to_several(ufunc.__name__, ufunc, operands)
    numbers = [None if isinstance(operand, Tracer) else np.asarray(operand).reshape(()) for operand in operands]

    def apply(elements: np.ndarray) -> np.ndarray:
        return ufunc(*(elements if number is None else number for number in numbers))

    return apply_to_elements(ufunc.__name__, apply, traced[0])


def _rounding(name: str, a: Any) -> Tracer:
    """NumPy leaves integers as they are."""
    return record(a._graph, "unary", name, a._node) if a.is_real else a.copy()


def _around(a: Tracer, decimals: int = 0) -> Tracer:
    if not a.is_real and decimals >= 0:
        return a.copy()
    if decimals == 0:
        return record(a._graph, "unary", "round", a._node)
    return apply_to_elements("around", lambda v: np.around(v, decimals), a)


def _clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    if low is not None:
        a = np.maximum(a, low)
    return a if high is None else np.minimum(a, high)


def _logical(name: str) -> Callable:
    def build(a: Any, b: Any) -> Tracer:
        graph = graph_of((a, b))
        assert graph is not None, "one of the operands is traced"
        return record(graph, "logical", name, node_of(graph, a), node_of(graph, b))

    return build


def _where(condition: Any, x: Any = None, y: Any = None) -> Tracer:
    if x is None or y is None:
        raise RuntimeError("Function 'np.where' is not supported without both branches")
    graph = graph_of((condition, x, y))
    assert graph is not None, "NumPy calls this for traced values"
    return record(graph, "select", *(node_of(graph, value) for value in (condition, x, y)))


def _select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    result = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist)):
        result = np.where(condition, choice, result)
    return result


def _polyval(p: Any, x: Any) -> Any:
    result: Any = 0
    for coefficient in p:
        result = np.add(np.multiply(result, x), coefficient)
    return result


def _itself(a: Any) -> Any:
    return a.copy()


def _of_numbers(name: str, traced: int, required: int) -> Callable[..., Tracer]:
    """A function of NumPy whose argument number `traced` is looked at element by element, the others as they are."""
    function = getattr(np, name)

    def build(*args: Any, **kwargs: Any) -> Tracer:
        if len(args) < required or graph_of((*args[:traced], *args[traced + 1 :], *kwargs.values())) is not None:
            raise RuntimeError(f"Function 'np.{name}' is not supported with more than one traced operand")

        def apply(elements: np.ndarray) -> np.ndarray:
            return function(*args[:traced], elements, *args[traced + 1 :], **kwargs)

        return apply_to_elements(name, apply, args[traced])

    return build


_UFUNCS: dict[str, Callable[..., Tracer]] = {
    "ceil": lambda a: _rounding("ceil", a),
    "floor": lambda a: _rounding("floor", a),
    "fmax": lambda a, b: np.maximum(a, b),
    "fmin": lambda a, b: np.minimum(a, b),
    "invert": lambda a: record(a._graph, "invert", a._node),
    "logical_and": _logical("logical_and"),
    "logical_not": lambda a: np.equal(a, 0),
    "logical_or": _logical("logical_or"),
    "logical_xor": _logical("logical_xor"),
    "matmul": contractions.matmul,
    "positive": _itself,
    "rint": lambda a: _rounding("round", a),
    "square": lambda a: np.multiply(a, a),
    "trunc": lambda a: _rounding("truncate", a),
    "vecdot": lambda a, b: np.sum(np.multiply(a, b), axis=-1),
}

#: Functions of one value that move its elements.
_OF_POSITIONS = frozenset(
    "array_split atleast_1d atleast_2d atleast_3d compress delete diagonal dsplit extract flip fliplr flipud hsplit "
    "repeat resize roll rot90 split take take_along_axis tile unstack vsplit".split()
)
#: Functions that put axes in another order.
_PERMUTED = frozenset("matrix_transpose moveaxis rollaxis swapaxes".split())
#: Functions of one value that fill up with zeros.
_WITH_ZEROS = frozenset("diag diagflat tril triu".split())
#: Functions of a list of values.
_JOINED = frozenset("block column_stack dstack".split())

#: Parameters that an implementation does not have are refused.
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "all": reductions.all_of,
    "amax": reductions.max_of,
    "amin": reductions.min_of,
    "any": reductions.any_of,
    "append": rearranging.append,
    "argmax": reductions.argmax,
    "argmin": reductions.argmin,
    "argsort": reductions.argsort,
    "around": _around,
    "average": reductions.average,
    "broadcast_arrays": rearranging.broadcast_arrays,
    "broadcast_to": rearranging.broadcast_to,
    "clip": _clip,
    "concatenate": rearranging.concatenate,
    "convolve": contractions.convolve,
    "copy": lambda a, order="K": a.copy(),
    "count_nonzero": reductions.count_nonzero,
    "cumprod": reductions.cumprod,
    "cumsum": reductions.cumsum,
    "diff": reductions.diff,
    "digitize": _of_numbers("digitize", 0, 2),
    "dot": contractions.dot,
    "einsum": contractions.einsum,
    "expand_dims": rearranging.expand_dims,
    "full_like": lambda a, fill_value, dtype=None: np.full(a.shape, fill_value, dtype),
    "hstack": rearranging.hstack,
    "inner": contractions.inner,
    "insert": rearranging.insert,
    "interp": _of_numbers("interp", 0, 3),
    "isin": _of_numbers("isin", 0, 2),
    "kron": contractions.kron,
    "max": reductions.max_of,
    "mean": reductions.mean,
    "median": reductions.median,
    "min": reductions.min_of,
    "nan_to_num": _of_numbers("nan_to_num", 0, 1),
    "ndim": lambda a: a.ndim,
    "ones_like": lambda a, dtype=None: np.ones(a.shape, np.int64 if dtype is None else dtype),
    "outer": contractions.outer,
    "pad": rearranging.pad,
    "polyval": _polyval,
    "prod": reductions.prod,
    "ptp": reductions.ptp,
    "ravel": rearranging.ravel,
    "reshape": rearranging.reshape,
    "round": _around,
    "searchsorted": _of_numbers("searchsorted", 1, 2),
    "select": _select,
    "shape": lambda a: a.shape,
    "size": lambda a, axis=None: a.size if axis is None else a.shape[axis],
    "sort": reductions.sort,
    "squeeze": rearranging.squeeze,
    "stack": rearranging.stack,
    "std": reductions.std,
    "sum": reductions.sum_of,
    "tensordot": contractions.tensordot,
    "trace": reductions.trace,
    "transpose": rearranging.transpose,
    "var": reductions.var,
    "vdot": contractions.vdot,
    "vstack": rearranging.vstack,
    "where": _where,
    "zeros_like": lambda a, dtype=None: np.zeros(a.shape, np.int64 if dtype is None else dtype),
}
