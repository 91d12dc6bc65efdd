"""Operations that NumPy has no name for. With clear values they compute as NumPy would."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .bit_extraction import bits
from .lookup_table import LookupTable
from .numpy_functions import apply_to_elements, apply_to_several
from .rounding import AutoRounder, AutoTruncator, round_bit_pattern, truncate_bit_pattern
from .source import tag
from .tracing import Tracer, current_graph, graph_of, node_of, record
from .types import Integer, Tensor
from .values import as_integers, plain
from .windows import avgpool, conv, maxpool

__all__ = [
    "AutoRounder",
    "AutoTruncator",
    "LookupTable",
    "array",
    "avgpool",
    "bits",
    "constant",
    "conv",
    "hint",
    "identity",
    "if_then_else",
    "maxpool",
    "multivariate",
    "one",
    "ones",
    "ones_like",
    "refresh",
    "relu",
    "round_bit_pattern",
    "tag",
    "truncate_bit_pattern",
    "univariate",
    "zero",
    "zeros",
    "zeros_like",
]


def univariate(function: Callable, outputs: Integer | Tensor | None = None) -> Callable[[Any], Any]:
    """Any pure elementwise function of one value; it becomes a table.

    `outputs` is accepted where types are all that is known; the table itself says more.
    """
    _check_outputs("univariate", outputs)

    def apply(value: Any) -> Any:
        if not isinstance(value, Tracer):
            return function(value)
        name = _name(function, "univariate")
        is_scalar = value.shape == ()

        def per_element(elements: np.ndarray) -> np.ndarray:
            # A function of a scalar may branch on it.
            results = np.array([function(element) for element in elements]) if is_scalar else function(elements)
            if np.shape(results) != elements.shape:
                shapes = f"it gave shape {np.shape(results)} for {elements.shape}"
                raise ValueError(f"Function {name} cannot be used with fhe.univariate ({shapes})")
            return results

        return apply_to_elements(name, per_element, value)

    return apply


def multivariate(function: Callable, outputs: Integer | Tensor | None = None) -> Callable[..., Any]:
    """Any pure elementwise function of several values, which are broadcast together; it becomes a table of them all."""
    _check_outputs("multivariate", outputs)

    def apply(*values: Any) -> Any:
        if graph_of(values) is None:
            return function(*values)
        name = _name(function, "multivariate")
        is_scalar = all(np.shape(value) == () for value in values if not isinstance(value, Tracer)) and all(
            value.shape == () for value in values if isinstance(value, Tracer)
        )

        def per_element(*elements: np.ndarray) -> np.ndarray:
            if is_scalar:
                return np.array([function(*element) for element in zip(*elements)])
            results = function(*elements)
            if np.shape(results) != elements[0].shape:
                shapes = f"it gave shape {np.shape(results)} for {elements[0].shape}"
                raise ValueError(f"Function {name} is not compatible with fhe.multivariate ({shapes})")
            return results

        return apply_to_several(name, per_element, values)

    return apply


def _check_outputs(name: str, outputs: Any) -> None:
    if outputs is not None and not isinstance(outputs, (Integer, Tensor)):
        raise ValueError(f"outputs={outputs!r} of fhe.{name} is not an fhe type (e.g., fhe.uint4)")


def _name(function: Callable, otherwise: str) -> str:
    name = getattr(function, "__name__", otherwise)
    return otherwise if name == "<lambda>" else name


def relu(x: Any) -> Any:
    """`max(x, 0)`"""
    if isinstance(x, Tracer):
        return record(x._graph, "unary", "relu", x._node)
    return plain(x, np.maximum(x, 0))


def if_then_else(condition: Any, on_true: Any, on_false: Any) -> Any:
    """`on_true` where the condition is not 0, else `on_false`; any of the three may be clear."""
    result = np.where(condition, on_true, on_false)
    return result if isinstance(result, Tracer) or result.ndim else plain(on_true, result)


def array(values: Any) -> Any:
    """An array of nested lists of values, some of them traced; all of one shape."""
    graph = graph_of(values if isinstance(values, (list, tuple)) else [values])
    if graph is None:
        return np.array(values)

    def build(value: Any) -> Any:
        if not isinstance(value, (list, tuple)):
            return value if isinstance(value, Tracer) else np.asarray(value)
        return np.stack([build(item) for item in value]) if graph_of(value) else np.array(value)

    return build(values)


def constant(x: Any) -> Any:
    """While tracing an encryption of clear values that hides nothing; otherwise the values."""
    graph = x._graph if isinstance(x, Tracer) else current_graph()
    return x if graph is None else record(graph, "encrypt", node_of(graph, x))


def zeros(shape: int | tuple[int, ...]) -> Any:
    """Zeros; while tracing encrypted ones, which may be assigned to."""
    return constant(np.zeros(shape, dtype=np.int64))


def ones(shape: int | tuple[int, ...]) -> Any:
    """Ones; while tracing encrypted ones, which may be assigned to."""
    return constant(np.ones(shape, dtype=np.int64))


def zero() -> Any:
    """The number 0; while tracing encrypted."""
    return constant(0) if current_graph() else 0


def one() -> Any:
    """The number 1; while tracing encrypted."""
    return constant(1) if current_graph() else 1


def zeros_like(x: Any) -> Any:
    """Zeros in the shape of `x`."""
    return zeros(x.shape if isinstance(x, Tracer) else np.shape(x))


def ones_like(x: Any) -> Any:
    """Ones in the shape of `x`."""
    return ones(x.shape if isinstance(x, Tracer) else np.shape(x))


def identity(x: Any) -> Any:
    """The same values."""
    return x.copy() if isinstance(x, (Tracer, np.ndarray)) else x


def refresh(x: Any) -> Any:
    """The same values with fresh noise: one lookup for each."""
    return record(x._graph, "refresh", x._node) if isinstance(x, Tracer) else identity(x)


def hint(x: Any, *, bit_width: int | None = None, can_store: Any = None) -> Any:
    """`x`, of which it is known that it may take more values than an input set shows.

    `bit_width`: every value of so many bits. `can_store`: this value, or the values of this array. What is computed
    from `x` keeps the range that was measured, unless it has a hint of its own or comes from a table.
    """
    if bit_width is not None and (not isinstance(bit_width, (int, np.integer)) or not 1 <= bit_width <= 62):
        raise ValueError(f"bit_width={bit_width!r} of a hint is not valid (1 to 62 are)")
    values = None
    if can_store is not None:
        values = as_integers(can_store)
        if values is None or not values.size:
            raise ValueError(f"can_store={can_store!r} of a hint is not valid (integers are)")
    if isinstance(x, Tracer):
        if x.is_real:
            raise ValueError(f"{x!r} cannot be hinted (integers can)")
        bounds = None if values is None else (int(values.min()), int(values.max()))
        x._graph.hint(x._node, None if bit_width is None else int(bit_width), bounds)
    return x
