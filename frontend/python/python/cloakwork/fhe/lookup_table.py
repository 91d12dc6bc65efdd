"""Tables that a program writes down itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from .tracing import Tracer, record
from .values import as_integers


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
