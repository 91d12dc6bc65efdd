"""Basic indexing of traced values: integers, slices, `...` and `None`."""

from __future__ import annotations

from operator import index as as_index
from typing import Any

import numpy as np

from .tracing import Tracer, record


def get(value: Tracer, index: Any) -> Tracer:
    """`value[index]`"""
    items = list(index) if isinstance(index, tuple) else [index]
    items = _without_ellipsis(value, items, index)
    takes: list[Any] = []
    new_axes: list[int] = []  # positions in the result
    kept = 0
    for item in items:
        if item is None:
            new_axes.append(kept)
            kept += 1
        elif isinstance(item, slice):
            takes.append(_bounds(value, item, index))
            kept += 1
        elif isinstance(item, (int, np.integer)) and not isinstance(item, bool):
            takes.append(as_index(item))
        else:
            _refuse(value, index)
    takes_all = all(take == (None, None, None) for take in takes)
    result = value if takes_all else record(value._graph, "slice", value._node, takes)
    if not new_axes:
        return result
    shape = list(result.shape)
    for axis in new_axes:
        shape.insert(axis, 1)
    return result.reshape(shape)


def _without_ellipsis(value: Tracer, items: list[Any], index: Any) -> list[Any]:
    ellipses = [i for i, item in enumerate(items) if item is Ellipsis]
    if len(ellipses) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    axes = sum(item is not None and item is not Ellipsis for item in items)
    if axes > value.ndim:
        raise IndexError(f"{value!r} cannot be indexed with {_text(index)}: it has {value.ndim} axes")
    if not ellipses:
        return items
    at = ellipses[0]
    return items[:at] + [slice(None)] * (value.ndim - axes) + items[at + 1 :]


def _bounds(value: Tracer, item: slice, index: Any) -> tuple[int | None, int | None, int | None]:
    try:
        start, stop, step = (None if bound is None else as_index(bound) for bound in (item.start, item.stop, item.step))
    except TypeError:
        _refuse(value, index)
    return start, stop, step


def _refuse(value: Tracer, index: Any) -> Any:
    raise ValueError(
        f"{value!r} cannot be indexed with {_text(index)} (integers, slices, `...` and `None` are supported)"
    )


def _text(index: Any) -> str:
    return ", ".join(map(repr, index)) if isinstance(index, tuple) else repr(index)
