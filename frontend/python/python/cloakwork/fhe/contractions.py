"""Sums of products: `matmul`, `dot`, `tensordot`, `einsum` and what NumPy makes of them.

Products of matrices are one operation of the compiler; everything else is brought into that form, or becomes
elementwise products and a sum where axes are kept on both sides.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .tracing import Tracer, graph_of, node_of, positions_of, record


def matmul(a: Any, b: Any) -> Tracer:
    """`numpy.matmul`"""
    a, b = _array(a), _array(b)
    if not a.ndim or not b.ndim:
        raise ValueError("matmul takes no scalars; multiply with `*`")
    if a.ndim <= 2 and b.ndim <= 2:
        return _product("matmul", a, b)
    if b.ndim <= 2:
        rows = _product("matmul", a.reshape(-1, a.shape[-1]), b)
        return rows.reshape((*a.shape[:-1], *b.shape[1:]))
    if a.ndim == 1:
        return np.squeeze(einsum("...ij,...jk->...ik", a.reshape(1, -1), b), axis=-2)
    return einsum("...ij,...jk->...ik", a, b)


def dot(a: Any, b: Any) -> Tracer:
    """`numpy.dot`"""
    a, b = _array(a), _array(b)
    if a.ndim <= 2 and b.ndim <= 2:
        return _product("dot", a, b)
    return tensordot(a, b, axes=([a.ndim - 1], [max(b.ndim - 2, 0)]))


def vdot(a: Any, b: Any) -> Tracer:
    """`numpy.vdot`"""
    return _product("dot", np.ravel(a), np.ravel(b))


def inner(a: Any, b: Any) -> Tracer:
    """`numpy.inner`"""
    a, b = _array(a), _array(b)
    return tensordot(a, b, axes=([-1], [-1])) if a.ndim and b.ndim else np.multiply(a, b)


def outer(a: Any, b: Any) -> Tracer:
    """`numpy.outer`"""
    return np.multiply(np.reshape(_array(a), (-1, 1)), np.reshape(_array(b), (1, -1)))


def kron(a: Any, b: Any) -> Tracer:
    """`numpy.kron`"""
    a, b = _array(a), _array(b)
    rank = max(a.ndim, b.ndim)
    left, right = ((1,) * (rank - value.ndim) + tuple(value.shape) for value in (a, b))
    pairs = [size for sizes in zip(left, right) for size in sizes]
    a = np.reshape(a, [size for size in left for size in (size, 1)])
    b = np.reshape(b, [size for size in right for size in (1, size)])
    return np.broadcast_to(np.multiply(a, b), pairs).reshape([x * y for x, y in zip(left, right)])


def tensordot(a: Any, b: Any, axes: Any = 2) -> Tracer:
    """`numpy.tensordot`"""
    a, b = _array(a), _array(b)
    if isinstance(axes, (int, np.integer)):
        axes = (range(a.ndim - axes, a.ndim), range(axes))
    of_a, of_b = ([int(axis) for axis in (side if np.iterable(side) else (side,))] for side in axes)
    of_a, of_b = [axis % a.ndim for axis in of_a], [axis % b.ndim for axis in of_b]
    if [a.shape[axis] for axis in of_a] != [b.shape[axis] for axis in of_b]:
        raise ValueError(
            f"axes {of_a} of shape {a.shape} and {of_b} of {b.shape} are summed over, but their sizes differ"
        )
    kept_a = [axis for axis in range(a.ndim) if axis not in of_a]
    kept_b = [axis for axis in range(b.ndim) if axis not in of_b]
    terms = int(np.prod([a.shape[axis] for axis in of_a], dtype=np.int64))
    rows = np.reshape(np.transpose(a, [*kept_a, *of_a]), (-1, terms))
    columns = np.reshape(np.transpose(b, [*of_b, *kept_b]), (terms, -1))
    shape = [a.shape[axis] for axis in kept_a] + [b.shape[axis] for axis in kept_b]
    return np.reshape(_product("matmul", rows, columns), shape)


def convolve(a: Any, v: Any, mode: str = "full") -> Tracer:
    """`numpy.convolve` of an encrypted and a clear vector."""
    a, v = _array(a), _array(v)
    if not isinstance(a, Tracer):
        a, v = v, a
    if isinstance(v, Tracer) or a.ndim != 1:
        raise RuntimeError(
            "Function 'np.convolve' is not supported for these operands (vectors, one of them in the clear)"
        )
    # Linear in `a`: row `i` is what a 1 at position `i` gives.
    units = np.eye(a.size, dtype=np.int64)
    return a @ np.stack([np.convolve(unit, v, mode) for unit in units])


def einsum(subscripts: Any, *operands: Any, optimize: Any = False) -> Tracer:
    """`numpy.einsum` in its notation with letters."""
    if not isinstance(subscripts, str) or not operands:
        raise RuntimeError("Function 'np.einsum' is not supported without subscripts as text")
    values = [_array(operand) for operand in operands]
    names, result = _letters(subscripts, values)
    terms = [_diagonal(name, value) for name, value in zip(names, values)]
    while len(terms) > 1:
        (first, a), (second, b), *terms = terms
        kept = set(result).union(*(name for name, _ in terms))
        terms.insert(0, _contracted((first, a), (second, b), kept))
    name, value = _summed(*terms[0], set(result))
    value = np.transpose(value, [name.index(letter) for letter in result])
    assert isinstance(value, Tracer), "one of the operands is traced"
    return value


def _letters(subscripts: str, values: list[Any]) -> tuple[list[str], str]:
    """A letter for each axis of each operand and of the result."""
    text, arrow, result = subscripts.replace(" ", "").partition("->")
    names = text.split(",")
    if len(names) != len(values):
        raise ValueError(f"einsum has {len(names)} subscripts for {len(values)} operands")
    free = [letter for letter in map(chr, range(0x3B1, 0x400)) if letter not in subscripts]
    rank = 0
    for i, (name, value) in enumerate(zip(names, values)):
        if "..." in name:
            extra = value.ndim - len(name.replace("...", ""))
            rank = max(rank, extra)
            names[i] = name.replace("...", "".join(free[:extra][::-1]))
        if len(names[i]) != value.ndim:
            raise ValueError(f"einsum subscripts {name!r} name {len(names[i])} axes, but the operand has {value.ndim}")
    ellipsis = "".join(free[:rank][::-1])
    if arrow:
        result = result.replace("...", ellipsis)
    else:
        used = "".join(names)
        result = ellipsis + "".join(sorted(c for c in set(used) if used.count(c) == 1 and c not in ellipsis))
    unknown = set(result) - set("".join(names))
    if unknown or len(set(result)) != len(result):
        raise ValueError(f"einsum subscripts {subscripts!r} give axes that no operand has, or one twice")
    return names, result


def _diagonal(name: str, value: Any) -> tuple[str, Any]:
    """Axes of one letter become one."""
    from .indexing import gathered

    letters = "".join(dict.fromkeys(name))
    if letters == name:
        return name, value
    numbers = {letter: number for number, letter in enumerate(letters)}
    axes = [numbers[letter] for letter in name]
    positions = np.einsum(positions_of(value), axes, range(len(letters)))
    return letters, gathered(value, positions) if isinstance(value, Tracer) else value.reshape(-1)[positions]


def _summed(name: str, value: Any, kept: set[str]) -> tuple[str, Any]:
    axes = tuple(axis for axis, letter in enumerate(name) if letter not in kept)
    return "".join(letter for letter in name if letter in kept), np.sum(value, axis=axes) if axes else value


def _contracted(one: tuple[str, Any], other: tuple[str, Any], kept: set[str]) -> tuple[str, Any]:
    first, a = _summed(*one, kept | set(other[0]))
    second, b = _summed(*other, kept | set(first))
    # Axes of one element stand for as many as the other has.
    shared = [letter for letter in first if letter in second]
    of_one = [c for c in shared if 1 in (a.shape[first.index(c)], b.shape[second.index(c)])]
    is_plain = not any(c in kept for c in shared) and not any(
        a.shape[first.index(c)] != b.shape[second.index(c)] for c in of_one
    )
    left = [c for c in first if c not in shared]
    right = [c for c in second if c not in shared]
    if is_plain and shared:
        product = tensordot(a, b, axes=([first.index(c) for c in shared], [second.index(c) for c in shared]))
        return "".join(left + right), product
    both = [c for c in shared if c in kept]
    summed = [c for c in shared if c not in kept]
    letters = both + left + right + summed
    product = np.multiply(_aligned(first, a, letters), _aligned(second, b, letters))
    total = np.sum(product, axis=tuple(range(-len(summed), 0))) if summed else product
    return "".join(both + left + right), total


def _aligned(name: str, value: Any, letters: list[str]) -> Any:
    """Axes in the order of `letters`, with one element where the value has none."""
    value = np.transpose(value, [name.index(letter) for letter in letters if letter in name])
    sizes = iter(value.shape)
    return np.reshape(value, [next(sizes) if letter in name else 1 for letter in letters])


def _product(operation: str, a: Any, b: Any) -> Any:
    graph = graph_of((a, b))
    if graph is None:
        return getattr(np, operation)(a, b)
    return record(graph, operation, node_of(graph, a), node_of(graph, b))


def _array(value: Any) -> Any:
    if isinstance(value, Tracer):
        return value
    if isinstance(value, (list, tuple)) and graph_of(value) is not None:
        from .extensions import array

        return array(value)
    return np.asarray(value)
