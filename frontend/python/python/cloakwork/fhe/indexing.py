"""Elements of traced values by NumPy's rules: reading `value[index]`, and writing `value[index] = other`.

An index consists of integers, slices, lists or arrays of integers, boolean masks, `...`, `None`, and of traced values:
clear ones are positions that are known when the program runs; those that are encrypted are compared with every
position. What is known while tracing is left to NumPy, which indexes an array of positions.
"""

from __future__ import annotations

from operator import index as as_index
from typing import Any

import numpy as np

from .tracing import Tracer, node_of, positions_of, record

_ALL = slice(None)


def get(value: Tracer, index: Any) -> Tracer:
    """`value[index]`"""
    items = _items(value, index)
    if any(isinstance(item, Tracer) for item in items):
        return _get_at(value, items, index)
    if _is_basic(items):
        return _get_basic(value, items, index)
    return gathered(value, _known_positions(value, items, index))


def put(value: Tracer, index: Any, other: Any) -> Tracer:
    """What `value` is after `value[index] = other`."""
    items = _items(value, index)
    if any(isinstance(item, Tracer) for item in items):
        return _put_at(value, items, index, other)
    targets = _known_positions(value, items, index)
    other = other if isinstance(other, Tracer) else _as_array(other)
    what = f"{value!r}[{_text(index)}] cannot be assigned"
    source = other if isinstance(other, Tracer) else None
    shape = other.shape
    if value.is_real or (source is not None and source.is_real):
        raise ValueError(f"{what} {other!r}: integers are assigned to integers; round before")
    try:
        # Leading axes of one element do not count.
        while len(shape) > targets.ndim and shape[0] == 1:
            shape = shape[1:]
        numbers = np.broadcast_to(np.arange(int(np.prod(shape))).reshape(shape), targets.shape)
    except ValueError:
        raise ValueError(f"{what} a value of shape {shape} (the place has shape {targets.shape})") from None
    if not targets.size:
        return value.copy()
    if targets.size == value.size and (targets.reshape(-1) == np.arange(value.size)).all():
        whole = np.broadcast_to(other, targets.shape)
        whole = whole if source is not None else Tracer(value._graph, node_of(value._graph, np.asarray(whole)))
        return whole.reshape(value.shape).encrypted()
    result = np.arange(value.size)
    result[targets.reshape(-1)] = value.size + numbers.reshape(-1)
    joined = np.concatenate([value.reshape(-1), np.reshape(other, -1)])
    return gathered(joined, result.reshape(value.shape))


def gathered(value: Tracer, positions: np.ndarray) -> Tracer:
    """Elements of the flattened value, in the shape of the positions."""
    if not positions.size:
        raise ValueError(f"no element of {value!r} is left: values without elements are not supported")
    return record(value._graph, "gather", value._node, np.ascontiguousarray(positions, dtype=np.int64))


def _items(value: Tracer, index: Any) -> list[Any]:
    """The parts of an index, with all axes named."""
    items = [_item(value, item, index) for item in (index if isinstance(index, tuple) else (index,))]
    ellipses = [i for i, item in enumerate(items) if item is Ellipsis]
    if len(ellipses) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    axes = sum(_axes(item) for item in items)
    if axes > value.ndim:
        raise IndexError(f"{value!r} cannot be indexed with {_text(index)}: it has {value.ndim} axes")
    at = ellipses[0] if ellipses else len(items)
    return items[:at] + [_ALL] * (value.ndim - axes) + items[at + 1 :]


def _item(value: Tracer, item: Any, index: Any) -> Any:
    """An integer, a slice of integers, an array of integers or booleans, a traced value, `None` or `...`."""
    if item is None or item is Ellipsis:
        return item
    if isinstance(item, Tracer):
        if item.is_real:
            _refuse(value, index)
        return item
    if isinstance(item, slice):
        try:
            return slice(*(None if bound is None else as_index(bound) for bound in (item.start, item.stop, item.step)))
        except TypeError:
            _refuse(value, index)
    if isinstance(item, (int, np.integer)) and not isinstance(item, bool):
        return as_index(item)
    if isinstance(item, (list, tuple, np.ndarray, bool, np.bool_)):
        try:
            array = np.asarray(item)
        except (ValueError, RuntimeError):
            _refuse(value, index)
        if array.dtype.kind in "iu" or (isinstance(item, (list, tuple)) and not array.size):
            return array.astype(np.int64)
        if array.dtype.kind == "b":
            return array
    _refuse(value, index)


def _axes(item: Any) -> int:
    """How many axes of the value an item takes."""
    if item is None or item is Ellipsis:
        return 0
    return item.ndim if isinstance(item, np.ndarray) and item.dtype.kind == "b" else 1


def _is_basic(items: list[Any]) -> bool:
    return not any(isinstance(item, np.ndarray) for item in items)


def _known_positions(value: Tracer, items: list[Any], index: Any) -> np.ndarray:
    try:
        return positions_of(value)[tuple(items)]
    except IndexError as error:
        raise IndexError(f"{value!r} cannot be indexed with {_text(index)}: {error}") from None


def _get_basic(value: Tracer, items: list[Any], index: Any) -> Tracer:
    takes: list[Any] = []
    new_axes: list[int] = []  # positions in the result
    kept = 0
    for item in items:
        if item is None:
            new_axes.append(kept)
            kept += 1
        elif isinstance(item, slice):
            takes.append((item.start, item.stop, item.step))
            kept += 1
        else:
            takes.append(item)
    # NumPy's own message, where it has one.
    if not _known_positions(value, items, index).size:
        raise ValueError(f"no element of {value!r} is left: values without elements are not supported")
    takes_all = all(take == (None, None, None) for take in takes)
    result = value if takes_all else record(value._graph, "slice", value._node, takes)
    shape = list(result.shape)
    for axis in new_axes:
        shape.insert(axis, 1)
    return result.reshape(shape) if new_axes else result.copy()


# Positions that are known when the program runs.


def _split(items: list[Any]) -> tuple[list[Any], list[tuple[int, Tracer]]]:
    """The index with traced positions left out, which come with the axes that they stand for then, the last first."""
    known, at, axis = [], [], 0
    for item in items:
        if isinstance(item, Tracer):
            at.append((axis, item))
            item = _ALL
        known.append(item)
        if item is None or isinstance(item, slice):
            axis += 1
    return known, at[::-1]


def _is_joint(items: list[Any]) -> bool:
    """Whether positions along several axes belong together, as NumPy reads arrays in an index."""
    tensors = [item for item in items if isinstance(item, Tracer) and item.ndim]
    if any(isinstance(item, np.ndarray) for item in items):
        return True
    return len(tensors) > 1 or (bool(tensors) and any(isinstance(item, int) for item in items))


def _get_at(value: Tracer, items: list[Any], index: Any) -> Tracer:
    if _is_joint(items):
        return _get_jointly(value, items, index)
    known, at = _split(items)
    result = get(value, tuple(known))
    for axis, positions in at:
        result = _take(result, positions, axis)
    return result


def _get_jointly(value: Tracer, items: list[Any], index: Any) -> Tracer:
    """Positions that are broadcast to one shape. Every position of a traced axis is taken, then one of them chosen."""
    joint, front = _joint_shape(value, items, index)
    traced = [item for item in items if isinstance(item, Tracer)]
    behind = (1,) * len(traced)
    numbers = iter(range(len(traced)))
    # The axes of traced positions come behind those of the joint shape.
    known: list[Any] = []
    axes = iter(value.shape)
    for item in items:
        size = next(axes) if item is not None else 0
        if isinstance(item, Tracer):
            number = next(numbers)
            item = np.arange(size).reshape([size if i == number else 1 for i in range(len(traced))])
        elif isinstance(item, (np.ndarray, int)):
            item = np.asarray(item).reshape(np.shape(item) + behind)
        if isinstance(item, np.ndarray):
            item = item + np.zeros(joint + behind, dtype=np.int64)
        known.append(item)
    result = gathered(value, _known_positions(value, known, index))
    for number, item in reversed(list(enumerate(traced))):
        result = _chosen(result, item, front, len(joint), front + len(joint) + number)
    return result


def _joint_shape(value: Tracer, items: list[Any], index: Any) -> tuple[tuple[int, ...], int]:
    """The shape of positions that belong together, and the axis of the result at which it stands."""
    if any(isinstance(item, np.ndarray) and item.dtype.kind == "b" for item in items):
        raise ValueError(
            f"{value!r} cannot be indexed with {_text(index)} (a mask does not go with traced positions; give the "
            "positions at which it is true)"
        )
    places = [i for i, item in enumerate(items) if isinstance(item, (Tracer, np.ndarray, int))]
    try:
        joint = np.broadcast_shapes(*(np.shape(items[i]) for i in places))
    except ValueError:
        raise IndexError(
            f"{value!r} cannot be indexed with {_text(index)}: the positions cannot be broadcast to one shape"
        ) from None
    # With anything between them, they stand in front.
    is_adjacent = places == list(range(places[0], places[-1] + 1))
    return joint, places[0] if is_adjacent else 0


def _chosen(value: Tracer, positions: Tracer, front: int, rank: int, axis: int) -> Tracer:
    """Along an axis the element at the position that belongs to each place of the `rank` axes from `front` on."""
    size, joint = value.shape[axis], value.shape[front : front + rank]
    if positions.is_encrypted:
        hits = np.equal(np.remainder(np.expand_dims(positions, positions.ndim), size), np.arange(size))
        between, behind = axis - front - rank, value.ndim - axis - 1
        shape = (1,) * (front + rank - positions.ndim) + positions.shape + (1,) * between + (size,) + (1,) * behind
        return np.sum(np.multiply(hits.reshape(shape), value), axis=axis)
    sources = (*range(front, front + rank), axis)
    moved = np.moveaxis(value, sources, range(rank + 1))
    rest, count = moved.shape[rank + 1 :], int(np.prod(joint, dtype=np.int64))
    rows = moved.reshape(count, size, -1)
    # Twice, so that positions from `-size` on count from the end of their own row.
    rows = np.concatenate([rows, rows], axis=1).reshape(count * 2 * size, -1)
    starts = np.arange(count) * 2 * size + size
    taken = _take(rows, np.add(np.broadcast_to(positions, joint).reshape(-1), starts), 0)
    return np.moveaxis(taken.reshape(*joint, *rest), range(rank), range(front, front + rank))


def _take(value: Tracer, positions: Tracer, axis: int) -> Tracer:
    if not value.is_encrypted:
        # The table is known when the program runs only; as a trivial encryption it is indexed like any other.
        value = value.encrypted()
    return record(value._graph, "gather_at", value._node, positions._node, axis)


def _put_at(value: Tracer, items: list[Any], index: Any, other: Any) -> Tracer:
    traced = [item for item in items if isinstance(item, Tracer)]
    if _is_joint(items) or any(item.ndim and item.is_encrypted for item in traced):
        return _put_jointly(value, items, index, other)
    known, at = _split(items)
    outer = get(value, tuple(known))
    if all(positions.is_encrypted for positions in traced):
        return put(value, tuple(known), _placed_everywhere(outer, at, other))
    # Innermost first: what lies at the first position is changed at the second, and so on.
    layers = [outer]
    for axis, positions in at[:-1]:
        layers.append(_take(layers[-1], positions, axis))
    changed = other
    for layer, (axis, positions) in zip(layers[::-1], at[::-1]):
        changed = _placed(layer, axis, positions, changed)
    return put(value, tuple(known), changed)


def _put_jointly(value: Tracer, items: list[Any], index: Any, other: Any) -> Tracer:
    """One place after the other, so that of equal positions the last counts."""
    joint, front = _joint_shape(value, items, index)
    dummies = [np.zeros(np.shape(item), dtype=np.int64) if isinstance(item, Tracer) else item for item in items]
    target = _known_positions(value, dummies, index).shape
    other = np.broadcast_to(other if isinstance(other, Tracer) else _as_array(other), target)
    is_place = [isinstance(item, (Tracer, np.ndarray, int)) for item in items]
    spread = [np.broadcast_to(item, joint) if place else item for item, place in zip(items, is_place)]
    for place in np.ndindex(joint):
        at = [item[place] if is_position else item for item, is_position in zip(spread, is_place)]
        value = put(value, tuple(at), other[(_ALL,) * front + place])
    return value


def _hits(value: Tracer, axis: int, position: Tracer) -> Tracer:
    """Which elements of an axis are at an encrypted position, to be broadcast along the others."""
    size = value.shape[axis]
    return np.equal(np.remainder(position, size), np.arange(size)).reshape(size, *(1,) * (value.ndim - axis - 1))


def _placed_everywhere(value: Tracer, at: list[tuple[int, Tracer]], other: Any) -> Tracer:
    """`value` with `other` at encrypted positions of several axes at once."""
    axes = [axis for axis, _ in at]
    hits = sum((_hits(value, axis, position) for axis, position in at), start=0)
    if len(at) > 1:
        hits = np.equal(hits, len(at))
    rest = [size for axis, size in enumerate(value.shape) if axis not in axes]
    placed = np.expand_dims(np.broadcast_to(other, rest), tuple(axes))
    return np.where(hits, placed, value)


def _placed(value: Tracer, axis: int, positions: Tracer, other: Any) -> Tracer:
    graph = value._graph
    if isinstance(other, (int, np.integer)):
        other = np.asarray(other)
    return record(graph, "set_at", value._node, node_of(graph, other), positions._node, axis)


def _as_array(value: Any) -> Any:
    try:
        return np.asarray(value)
    except (ValueError, RuntimeError):
        from .extensions import array

        return array(value)


def _refuse(value: Tracer, index: Any) -> Any:
    raise ValueError(
        f"{value!r} cannot be indexed with {_text(index)} (integers, slices, lists and arrays of integers or "
        "booleans, `...`, `None` and traced integers are supported)"
    )


def _text(index: Any) -> str:
    return ", ".join(map(repr, index)) if isinstance(index, tuple) else repr(index)
