"""Operations that NumPy has no name for. With clear values they compute as NumPy would."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .numpy_functions import apply_to_elements
from .source import tag
from .tracing import Tracer, graph_of, node_of, record
from .types import Integer, Tensor
from .values import as_integers

__all__ = ["LookupTable", "array", "conv", "relu", "tag", "univariate"]


class LookupTable:
    """A table of integers, or an array of tables: `table[x]` looks every element up.

    Negative values count from the end. In an array of tables each element of `x` has its own.
    """

    def __init__(self, table: Any) -> None:
        entries = as_integers(table)
        nested = None if entries is not None else _object_array(table)
        if entries is not None and entries.ndim == 1 and entries.size:
            self.table = entries
        elif nested is not None and all(isinstance(item, LookupTable) for item in nested.flat) and nested.size:
            self.table = nested
        else:
            raise ValueError(
                f"LookupTable cannot be constructed with {table!r} "
                "(a list of integers, or an array of LookupTables is needed)"
            )

    def __repr__(self) -> str:
        return f"LookupTable({self.table.tolist()!r})"

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, Tracer):
            return self._trace(key)
        index = as_integers(key)
        if index is None:
            raise ValueError(f"LookupTable cannot be looked up with {key!r}")
        if self.table.dtype != object:
            return _looked_up(self.table, index)
        try:
            tables, index = np.broadcast_arrays(self.table, index)
        except ValueError:
            shapes = f"of shape {self.table.shape} cannot be looked up with {key!r} of shape {index.shape}"
            raise ValueError(f"LookupTable {shapes}") from None
        looked_up = [table[int(at)] for table, at in zip(tables.flat, index.flat)]
        return np.array(looked_up, dtype=np.int64).reshape(tables.shape)

    def _trace(self, key: Tracer) -> Tracer:
        graph = key._graph
        if self.table.dtype != object:
            return record(graph, "lookup", key._node, [_padded(self.table)], None, self.table.size)
        try:
            shape = np.broadcast_shapes(self.table.shape, key.shape)
        except ValueError:
            shapes = f"of shape {self.table.shape} cannot be looked up with a value of shape {key.shape}"
            raise ValueError(f"LookupTable {shapes}") from None
        tables = list({id(table): table for table in self.table.flat}.values())
        lengths = {table.table.size for table in tables}
        if len(lengths) != 1 or any(table.table.dtype == object for table in tables):
            raise ValueError("LookupTables in an array need the same number of entries; pad the shorter ones")
        numbers = {id(table): number for number, table in enumerate(tables)}
        selector = np.array([numbers[id(table)] for table in self.table.flat], dtype=np.int64)
        selector = np.ascontiguousarray(np.broadcast_to(selector.reshape(self.table.shape), shape))
        if key.shape != shape:
            key = np.broadcast_to(key, shape)
        return record(graph, "lookup", key._node, [_padded(table.table) for table in tables], selector, lengths.pop())


def univariate(function: Callable, outputs: Integer | Tensor | None = None) -> Callable[[Any], Any]:
    """Any pure elementwise function of one value; it becomes a table.

    `outputs` is accepted for functions that are defined by types alone; with an input set the results tell.
    """
    if outputs is not None and not isinstance(outputs, (Integer, Tensor)):
        raise ValueError(f"outputs={outputs!r} is not an fhe type (e.g., fhe.uint4)")

    def apply(value: Any) -> Any:
        if not isinstance(value, Tracer):
            return function(value)
        name = getattr(function, "__name__", "univariate")
        is_scalar = value.shape == ()

        def per_element(elements: np.ndarray) -> np.ndarray:
            # A function of a scalar may branch on it.
            results = np.array([function(element) for element in elements]) if is_scalar else function(elements)
            if np.shape(results) != elements.shape:
                shapes = f"it gave shape {np.shape(results)} for {elements.shape}"
                raise ValueError(f"Function {name} cannot be used with fhe.univariate ({shapes})")
            return results

        return apply_to_elements("univariate" if name == "<lambda>" else name, per_element, value)

    return apply


def relu(x: Any) -> Any:
    """`max(x, 0)`"""
    if isinstance(x, Tracer):
        return record(x._graph, "unary", "relu", x._node)
    return np.maximum(x, 0)


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


def conv(
    x: Any,
    weight: Any,
    bias: Any = None,
    pads: Sequence[int] | None = None,
    strides: Sequence[int] | None = None,
    dilations: Sequence[int] | None = None,
    kernel_shape: Sequence[int] | None = None,
    group: int = 1,
    auto_pad: str = "NOTSET",
) -> Any:
    """Two-dimensional convolution as ONNX defines it: `x` is NCHW, `weight` FCHW and clear."""
    if isinstance(weight, Tracer) or isinstance(bias, Tracer):
        raise RuntimeError("convolutions with encrypted weights/biases are not supported")
    weights = as_integers(weight)
    biases = None if bias is None else as_integers(bias)
    if weights is None or (bias is not None and biases is None):
        raise ValueError("expected weight and bias of conv to be integers")
    if np.ndim(x) != 4 if not isinstance(x, Tracer) else x.ndim != 4:
        raise ValueError(f"expected the input of conv to be NCHW, but its shape is {np.shape(x)}")
    if weights.ndim != 4:
        raise ValueError(f"expected the weight of conv to be FCHW, but its shape is {weights.shape}")
    if auto_pad != "NOTSET":
        raise ValueError(f"auto_pad={auto_pad!r} of conv is not supported (give pads)")
    if kernel_shape is not None and tuple(kernel_shape) != weights.shape[2:]:
        raise ValueError(f"kernel_shape {tuple(kernel_shape)} of conv differs from the weight's {weights.shape[2:]}")
    options = {
        "strides": _sizes("strides", strides, (1, 1)),
        "padding": _sizes("pads", pads, (0, 0, 0, 0)),
        "dilations": _sizes("dilations", dilations, (1, 1)),
        "groups": group,
    }
    if isinstance(x, Tracer):
        graph = x._graph
        result: Any = record(graph, "conv2d", x._node, node_of(graph, weights), options)
    else:
        result = _conv_clear(np.asarray(x), weights, **options)
    return result if biases is None else result + biases.reshape(1, -1, 1, 1)


def _sizes(name: str, given: Sequence[int] | None, default: tuple[int, ...]) -> tuple[int, ...]:
    sizes = default if given is None else tuple(int(size) for size in given)
    if len(sizes) != len(default) or any(size < min(default) for size in sizes):
        raise ValueError(f"{name}={given!r} of conv is not valid ({len(default)} integers from {min(default)} on are)")
    return sizes


def _conv_clear(
    x: np.ndarray, weights: np.ndarray, strides: Any, padding: Any, dilations: Any, groups: int
) -> np.ndarray:
    top, left, bottom, right = padding
    x = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))
    kernel = weights.shape[2:]
    spans = [dilation * (size - 1) + 1 for dilation, size in zip(dilations, kernel)]
    windows = np.lib.stride_tricks.sliding_window_view(x, spans, axis=(2, 3))
    windows = windows[:, :, :: strides[0], :: strides[1], :: dilations[0], :: dilations[1]]
    parts = zip(np.split(windows, groups, axis=1), np.split(weights, groups, axis=0))
    return np.concatenate([np.einsum("nchwij,fcij->nfhw", part, kernels) for part, kernels in parts], axis=1)


def _object_array(table: Any) -> np.ndarray | None:
    try:
        array = np.array(table, dtype=object)
    except ValueError:
        return None
    return array if array.ndim else None


def _looked_up(table: np.ndarray, index: np.ndarray) -> Any:
    if index.size and not -table.size <= index.min() <= index.max() < table.size:
        raise ValueError(
            f"LookupTable of {table.size} entries cannot be looked up with {int(index.min())} to {int(index.max())}"
        )
    return table[index]


def _padded(table: np.ndarray) -> list[int]:
    """Continued to 2^k entries, which no value of the input set reaches."""
    length = max(2, 1 << (table.size - 1).bit_length())
    return np.pad(table, (0, length - table.size), mode="edge").tolist()
