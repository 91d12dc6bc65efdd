"""The value that a traced function computes with: it records every operation in the compiler's graph."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Union

import numpy as np

from .._cloakwork import Node, OpGraph
from .source import current_tag, user_place
from .values import as_numbers

Operand = Union["Tracer", int, float, list, np.ndarray]


class _Current(threading.local):
    def __init__(self) -> None:
        self.graphs: list[OpGraph] = []


_current = _Current()


@contextmanager
def tracing(graph: OpGraph) -> Iterator[None]:
    """Values that are made inside without an operand belong to `graph`."""
    _current.graphs.append(graph)
    try:
        yield
    finally:
        _current.graphs.pop()


def current_graph() -> OpGraph | None:
    """The graph that is being traced in this thread."""
    return _current.graphs[-1] if _current.graphs else None


def _method(name: str) -> Callable[..., Any]:
    """A method that is a function of NumPy with the same arguments."""

    def method(self: Tracer, *arguments: Any, **kwargs: Any) -> Any:
        return getattr(np, name)(self, *arguments, **kwargs)

    method.__name__, method.__doc__ = name, f"`numpy.{name}` of the value."
    return method


class Tracer:
    """A value of the program that is being traced. Its methods are those of `numpy.ndarray`.

    Nodes of the graph never change: after an assignment to elements the tracer stands for another node. What was taken
    out of it before stays what it was.
    """

    __slots__ = ("_graph", "_node")
    __hash__ = object.__hash__

    def __init__(self, graph: OpGraph, node: Node) -> None:
        self._graph = graph
        self._node = node

    # What it is.

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes."""
        return tuple(self._graph.shape(self._node))

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def dtype(self) -> np.dtype:
        """`int64` or `float64`."""
        return np.dtype(np.float64 if self.is_real else np.int64)

    @property
    def T(self) -> Tracer:
        """Axes in reverse order."""
        return self.transpose()

    @property
    def is_encrypted(self) -> bool:
        """Whether the program computes it on ciphertexts."""
        return self._graph.is_encrypted(self._node)

    @property
    def is_real(self) -> bool:
        """Whether it holds reals, which exist only between integers."""
        return self._graph.is_real(self._node)

    def __repr__(self) -> str:
        status = "Encrypted" if self.is_encrypted else "Clear"
        element = "float64" if self.is_real else "integer"
        return f"Tracer<{status}, {element}, shape={self.shape}>"

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("object of type 'Tracer' where 'shape == ()' has no len()")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tracer]:
        if not self.shape:
            raise TypeError("iteration over a Tracer where 'shape == ()'")
        return (self[i] for i in range(len(self)))

    def __contains__(self, _: Any) -> bool:
        return self.__bool__()

    def __index__(self) -> int:
        raise TypeError(
            "a traced value is no index of what is in the clear; index `fhe.LookupTable(table)` or "
            "`fhe.constant(array)` with it"
        )

    def __bool__(self) -> bool:
        raise RuntimeError(
            "Branching within circuits is not possible: the value is encrypted when the program runs; "
            "compute both branches and choose with numpy.where"
        )

    # NumPy's two doors.

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *operands: Any, **kwargs: Any) -> Any:
        from .numpy_functions import apply_ufunc

        return apply_ufunc(ufunc, method, operands, kwargs)

    def __array_function__(self, function: Callable, types: Any, args: Any, kwargs: Any) -> Any:
        from .numpy_functions import apply_function

        return apply_function(function, args, kwargs)

    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        # NumPy asks for this only where it wants the numbers themselves.
        raise RuntimeError(
            "a traced value has no numbers to convert into an array; use fhe.array for nested lists with it, and "
            "fhe.LookupTable for an array that it indexes"
        )

    # Operators.

    def __add__(self, other: Operand) -> Tracer:
        return np.add(self, other)

    def __radd__(self, other: Operand) -> Tracer:
        return np.add(other, self)

    def __sub__(self, other: Operand) -> Tracer:
        return np.subtract(self, other)

    def __rsub__(self, other: Operand) -> Tracer:
        return np.subtract(other, self)

    def __mul__(self, other: Operand) -> Tracer:
        return np.multiply(self, other)

    def __rmul__(self, other: Operand) -> Tracer:
        return np.multiply(other, self)

    def __truediv__(self, other: Operand) -> Tracer:
        return np.true_divide(self, other)

    def __rtruediv__(self, other: Operand) -> Tracer:
        return np.true_divide(other, self)

    def __floordiv__(self, other: Operand) -> Tracer:
        return np.floor_divide(self, other)

    def __rfloordiv__(self, other: Operand) -> Tracer:
        return np.floor_divide(other, self)

    def __mod__(self, other: Operand) -> Tracer:
        return np.remainder(self, other)

    def __rmod__(self, other: Operand) -> Tracer:
        return np.remainder(other, self)

    def __pow__(self, other: Operand) -> Tracer:
        return np.power(self, other)

    def __rpow__(self, other: Operand) -> Tracer:
        return np.power(other, self)

    def __matmul__(self, other: Operand) -> Tracer:
        return np.matmul(self, other)

    def __rmatmul__(self, other: Operand) -> Tracer:
        return np.matmul(other, self)

    def __lshift__(self, other: Operand) -> Tracer:
        return np.left_shift(self, other)

    def __rlshift__(self, other: Operand) -> Tracer:
        return np.left_shift(other, self)

    def __rshift__(self, other: Operand) -> Tracer:
        return np.right_shift(self, other)

    def __rrshift__(self, other: Operand) -> Tracer:
        return np.right_shift(other, self)

    def __and__(self, other: Operand) -> Tracer:
        return np.bitwise_and(self, other)

    def __rand__(self, other: Operand) -> Tracer:
        return np.bitwise_and(other, self)

    def __or__(self, other: Operand) -> Tracer:
        return np.bitwise_or(self, other)

    def __ror__(self, other: Operand) -> Tracer:
        return np.bitwise_or(other, self)

    def __xor__(self, other: Operand) -> Tracer:
        return np.bitwise_xor(self, other)

    def __rxor__(self, other: Operand) -> Tracer:
        return np.bitwise_xor(other, self)

    def __eq__(self, other: Operand) -> Tracer:  # type: ignore[override]
        return np.equal(self, other)

    def __ne__(self, other: Operand) -> Tracer:  # type: ignore[override]
        return np.not_equal(self, other)

    def __lt__(self, other: Operand) -> Tracer:
        return np.less(self, other)

    def __le__(self, other: Operand) -> Tracer:
        return np.less_equal(self, other)

    def __gt__(self, other: Operand) -> Tracer:
        return np.greater(self, other)

    def __ge__(self, other: Operand) -> Tracer:
        return np.greater_equal(self, other)

    def __divmod__(self, other: Operand) -> tuple[Tracer, Tracer]:
        return self // other, self % other

    def __rdivmod__(self, other: Operand) -> tuple[Tracer, Tracer]:
        return other // self, other % self

    def __neg__(self) -> Tracer:
        return np.negative(self)

    def __pos__(self) -> Tracer:
        return np.positive(self)

    def __abs__(self) -> Tracer:
        return np.absolute(self)

    def __invert__(self) -> Tracer:
        return np.invert(self)

    def __round__(self, digits: int | None = None) -> Tracer:
        rounded = np.around(self, digits or 0)
        return rounded.astype(np.int64) if digits is None else rounded

    # Methods of arrays.

    all = _method("all")
    any = _method("any")
    argmax = _method("argmax")
    argmin = _method("argmin")
    argsort = _method("argsort")
    cumprod = _method("cumprod")
    cumsum = _method("cumsum")
    diagonal = _method("diagonal")
    dot = _method("dot")
    max = _method("max")
    mean = _method("mean")
    min = _method("min")
    prod = _method("prod")
    ptp = _method("ptp")
    ravel = _method("ravel")
    repeat = _method("repeat")
    squeeze = _method("squeeze")
    std = _method("std")
    sum = _method("sum")
    swapaxes = _method("swapaxes")
    take = _method("take")
    trace = _method("trace")
    var = _method("var")

    def astype(self, dtype: Any, **_: Any) -> Tracer:
        """The same values as another type; reals become integers by leaving out the fraction."""
        from .numpy_functions import astype

        return astype(self, dtype)

    def encrypted(self) -> Tracer:
        """The same values, encrypted trivially if they are clear."""
        return record(self._graph, "encrypt", self._node)

    def copy(self, order: str = "C") -> Tracer:
        """The same values; later assignments to either leave the other as it is."""
        return Tracer(self._graph, self._node)

    def reshape(self, *shape: Any, order: str = "C") -> Tracer:
        """The same elements in another shape; one axis may be -1."""
        return np.reshape(self, shape[0] if len(shape) == 1 else shape, order=order)

    def flatten(self, order: str = "C") -> Tracer:
        """The same elements along one axis."""
        return np.ravel(self, order=order)

    def transpose(self, *axes: Any) -> Tracer:
        """Axes in another order; reversed by default."""
        if not axes:
            return np.transpose(self)
        return np.transpose(self, axes[0] if len(axes) == 1 else axes)

    def clip(self, min: Operand | None = None, max: Operand | None = None) -> Tracer:
        """Values within bounds."""
        return np.clip(self, min, max)

    def round(self, decimals: int = 0) -> Tracer:
        """The nearest values with so many decimals, still the same type."""
        return np.around(self, decimals)

    def sort(self, axis: int = -1) -> None:
        """Sorts along an axis, in place."""
        self._node = np.sort(self, axis=axis)._node

    def fill(self, value: Operand) -> None:
        """Assigns a value to every element."""
        self[...] = value

    def item(self, *index: int) -> Tracer:
        """One element."""
        if not index:
            return self.reshape(())
        return self.reshape(-1)[index[0]] if len(index) == 1 else self[index]

    def __getitem__(self, index: Any) -> Tracer:
        from .indexing import get

        return get(self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        from .indexing import put

        self._node = put(self, index, value)._node


def record(graph: OpGraph, operation: str, *arguments: Any) -> Tracer:
    """Appends an operation at the user's place."""
    file, line, column = user_place()
    graph.set_place(file, line, column, current_tag())
    return Tracer(graph, getattr(graph, operation)(*arguments))


def node_of(graph: OpGraph, value: Any) -> Node:
    """The node of a traced value of this graph, or of a constant."""
    if isinstance(value, Tracer):
        if value._graph is not graph:
            raise RuntimeError("a value of another function is used; pass it as a parameter")
        return value._node
    constant = as_numbers(value)
    if constant is None:
        traced = _nested(value)
        if traced is None:
            raise ValueError(f"Constant {value!r} is not supported (numbers and arrays of numbers are)")
        return node_of(graph, traced)
    return record(graph, "constant", constant)._node


def positions_of(value: Any) -> np.ndarray:
    """Where each element of a traced value or of an array stands in the flattened value."""
    return np.arange(value.size, dtype=np.int64).reshape(value.shape)


def graph_of(values: Any) -> OpGraph | None:
    """The graph of the first traced value among values or nested lists of them."""
    for value in values:
        if isinstance(value, Tracer):
            return value._graph
        if isinstance(value, (list, tuple)):
            graph = graph_of(value)
            if graph is not None:
                return graph
    return None


def _nested(value: Any) -> Tracer | None:
    """A nested list with traced values inside, as one value."""
    if not isinstance(value, (list, tuple)) or graph_of(value) is None:
        return None
    from .extensions import array

    return array(value)
