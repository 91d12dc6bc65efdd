"""Sums of products: `matmul`, `dot`, `tensordot`, `einsum` and what NumPy makes of them.

How they are computed is written in the compiler; here are NumPy's arguments.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .tracing import Tracer, graph_of, node_of, record


def matmul(a: Any, b: Any) -> Tracer:
    """`numpy.matmul`"""
    return _of_two("matmul", a, b)


def dot(a: Any, b: Any) -> Tracer:
    """`numpy.dot`"""
    return _of_two("dot", a, b)


def vdot(a: Any, b: Any) -> Tracer:
    """`numpy.vdot`"""
    return _of_two("dot", np.ravel(a), np.ravel(b))


def inner(a: Any, b: Any) -> Tracer:
    """`numpy.inner`"""
    a, b = _array(a), _array(b)
    return tensordot(a, b, axes=([-1], [-1])) if a.ndim and b.ndim else np.multiply(a, b)


def outer(a: Any, b: Any) -> Tracer:
    """`numpy.outer`"""
    return _of_two("outer", a, b)


def kron(a: Any, b: Any) -> Tracer:
    """`numpy.kron`"""
    return _of_two("kron", a, b)


def tensordot(a: Any, b: Any, axes: Any = 2) -> Tracer:
    """`numpy.tensordot`"""
    a, b = _array(a), _array(b)
    if isinstance(axes, (int, np.integer)):
        axes = (range(a.ndim - axes, a.ndim), range(axes))
    sides = ([int(axis) for axis in (side if np.iterable(side) else (side,))] for side in axes)
    return _of_two("tensordot", a, b, *sides)


def convolve(a: Any, v: Any, mode: str = "full") -> Tracer:
    """`numpy.convolve` of an encrypted and a clear vector."""
    a, v = _array(a), _array(v)
    if not isinstance(a, Tracer):
        a, v = v, a
    if isinstance(v, Tracer) or a.ndim != 1 or v.ndim > 1 or v.dtype.kind not in "iub":
        raise RuntimeError(
            "Function 'np.convolve' is not supported for these operands (vectors, one of them in the clear)"
        )
    # NumPy says which part of all sums a mode takes.
    part = np.convolve(np.arange(1, a.size + 1), np.eye(1, v.size, dtype=np.int64)[0], mode).size
    whole = record(a._graph, "convolve", a._node, [int(number) for number in v.reshape(-1)])
    start = (whole.size - part) // 2
    return whole[start : start + part]


def einsum(subscripts: Any, *operands: Any, optimize: Any = False) -> Tracer:
    """`numpy.einsum` in its notation with letters."""
    if not isinstance(subscripts, str) or not operands:
        raise RuntimeError("Function 'np.einsum' is not supported without subscripts as text")
    values = [_array(operand) for operand in operands]
    graph = graph_of(values)
    assert graph is not None, "one of the operands is traced"
    return record(graph, "einsum", subscripts, [node_of(graph, value) for value in values])


def _of_two(operation: str, a: Any, b: Any, *arguments: Any) -> Tracer:
    a, b = _array(a), _array(b)
    graph = graph_of((a, b))
    assert graph is not None, "one of the operands is traced"
    return record(graph, operation, node_of(graph, a), node_of(graph, b), *arguments)


def _array(value: Any) -> Any:
    if isinstance(value, Tracer):
        return value
    if isinstance(value, (list, tuple)) and graph_of(value) is not None:
        from .extensions import array

        return array(value)
    return np.asarray(value)
