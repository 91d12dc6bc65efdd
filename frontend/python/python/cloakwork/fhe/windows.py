"""Convolution and pooling as ONNX defines them, in one, two and three dimensions.

Windows are a gather: along one axis more, each element of the result has the elements it is computed from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .indexing import gathered
from .tracing import Tracer, node_of, positions_of, record
from .values import as_integers

Sizes = Sequence[int] | int | None


@dataclass(frozen=True)
class _Windows:
    """How a kernel moves over the axes behind batch and channel."""

    name: str
    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    #: Before and behind each axis; with `ceil_mode` there may be more behind than was asked for.
    pads: tuple[tuple[int, int], ...]

    @property
    def spans(self) -> tuple[int, ...]:
        return tuple(dilation * (size - 1) + 1 for dilation, size in zip(self.dilations, self.kernel))

    def positions(self, shape: tuple[int, ...]) -> np.ndarray:
        """Flat positions as `[n, c, outputs…, kernel…]`; -1 where a window leaves the value."""
        rank = len(self.kernel)
        whole = np.pad(positions_of(np.empty(shape)), [(0, 0), (0, 0), *self.pads], constant_values=-1)
        axes = tuple(range(2, 2 + rank))
        windows = np.lib.stride_tricks.sliding_window_view(whole, self.spans, axis=axes)
        steps = (
            *(slice(None, None, stride) for stride in self.strides),
            *(slice(None, None, d) for d in self.dilations),
        )
        strided = (slice(None), slice(None), *steps)
        return windows[strided]


def conv(
    x: Any,
    weight: Any,
    bias: Any = None,
    pads: Sizes = None,
    strides: Sizes = None,
    dilations: Sizes = None,
    kernel_shape: Sizes = None,
    group: int = 1,
    auto_pad: str = "NOTSET",
) -> Any:
    """Convolution of `x` (batch, channels, one to three axes) with clear `weight` (filters, channels / group, …)."""
    if isinstance(weight, Tracer) or isinstance(bias, Tracer):
        raise RuntimeError("convolutions with encrypted weights/biases are not supported")
    weights = as_integers(weight)
    biases = None if bias is None else as_integers(bias)
    if weights is None or (bias is not None and biases is None):
        raise ValueError("expected weight and bias of conv to be integers")
    shape = np.shape(x) if not isinstance(x, Tracer) else x.shape
    rank = len(shape) - 2
    if not 1 <= rank <= 3:
        raise ValueError(
            f"expected the input of conv to have 3, 4 or 5 axes (NC and 1 to 3 more), but its shape is {shape}"
        )
    if weights.ndim != len(shape):
        raise ValueError(
            f"expected the weight of conv to have as many axes as the input (FC{'DHW'[3 - rank :]}), but its shape is "
            f"{weights.shape}"
        )
    if (
        not isinstance(group, (int, np.integer))
        or group < 1
        or weights.shape[0] % group
        or shape[1] != weights.shape[1] * group
    ):
        raise ValueError(
            f"group={group!r} of conv does not fit {shape[1]} channels and {weights.shape[0]} filters of "
            f"{weights.shape[1]} channels"
        )
    if biases is not None and biases.shape != (weights.shape[0],):
        raise ValueError(
            f"expected the bias of conv to have shape ({weights.shape[0]},), but its shape is {biases.shape}"
        )
    kernel = weights.shape[2:]
    if kernel_shape is not None and tuple(np.atleast_1d(kernel_shape)) != kernel:
        raise ValueError(f"kernel_shape {kernel_shape} of conv differs from the weight's {kernel}")
    windows = _windows("conv", shape, kernel, (pads, strides, dilations), (auto_pad, 0))
    if isinstance(x, Tracer):
        result = _conv_traced(x, weights, windows, int(group))
    else:
        result = _conv_clear(np.asarray(x), weights, windows, int(group))
    return result if biases is None else result + biases.reshape(1, -1, *(1,) * rank)


def _conv_traced(x: Tracer, weights: np.ndarray, windows: _Windows, group: int) -> Tracer:
    """One and three dimensions become two: an axis of one element, and the depth of the kernel among the channels."""
    rank = len(windows.kernel)
    if rank == 1:
        flat = _Windows(
            windows.name, (1, *windows.kernel), (1, *windows.strides), (1, *windows.dilations), ((0, 0), *windows.pads)
        )
        rows = np.expand_dims(x, 2)
        return np.squeeze(_conv_traced(rows, weights[:, :, None, :], flat, group), axis=2)
    if rank == 2:
        (top, bottom), (left, right) = windows.pads
        options = {
            "strides": windows.strides,
            "padding": (top, left, bottom, right),
            "dilations": windows.dilations,
            "groups": group,
        }
        return record(x._graph, "conv2d", x._node, node_of(x._graph, weights), options)
    if any(windows.pads[0]):
        x = np.pad(x, [(0, 0), (0, 0), windows.pads[0], (0, 0), (0, 0)])
    batch, channels, _, height, width = x.shape
    depth = _Windows(windows.name, windows.kernel[:1], windows.strides[:1], windows.dilations[:1], ((0, 0),))
    layers = positions_of(x).reshape(batch, channels, x.shape[2], height * width)
    # [n, c, outputs, kernel] of the depth alone, for the first element of each layer.
    taken = depth.positions((batch, channels, x.shape[2]))
    taken = layers.reshape(-1, height * width)[taken.transpose(0, 2, 1, 3)]
    outputs = taken.shape[1]
    flat = gathered(x, taken.reshape(batch * outputs, channels * windows.kernel[0], height, width))
    across = _Windows(windows.name, windows.kernel[1:], windows.strides[1:], windows.dilations[1:], windows.pads[1:])
    merged = weights.reshape(weights.shape[0], -1, *weights.shape[3:])
    result = _conv_traced(flat, merged, across, group)
    result = result.reshape(batch, outputs, *result.shape[1:])
    return np.transpose(result, (0, 2, 1, 3, 4))


def _conv_clear(x: np.ndarray, weights: np.ndarray, windows: _Windows, group: int) -> np.ndarray:
    positions = windows.positions(x.shape)
    inside = np.where(positions < 0, 0, x.reshape(-1)[positions])
    letters = "xyz"[: len(windows.kernel)]
    places = "abd"[: len(windows.kernel)]
    parts = zip(np.split(inside, group, axis=1), np.split(weights, group, axis=0))
    notation = f"nc{places}{letters},fc{letters}->nf{places}"
    return np.concatenate([np.einsum(notation, part, kernels) for part, kernels in parts], axis=1)


def maxpool(
    x: Any,
    kernel_shape: Sizes,
    strides: Sizes = None,
    auto_pad: str = "NOTSET",
    pads: Sizes = None,
    dilations: Sizes = None,
    ceil_mode: int = 0,
    storage_order: int = 0,
) -> Any:
    """The greatest value of each window; what is padded does not count."""
    if storage_order != 0:
        raise NotImplementedError("maxpool gives no positions, so storage_order=1 is not supported")
    positions = _pooled("maxpool", x, kernel_shape, (pads, strides, dilations), (auto_pad, ceil_mode))
    if (positions < 0).all(axis=-1).any():
        raise ValueError(f"a window of maxpool lies in the padding alone (kernel_shape={kernel_shape}, pads={pads})")
    # The greatest of a window stays the same when one of its values stands there twice.
    some = positions.max(axis=-1, keepdims=True)
    positions = np.where(positions < 0, some, positions)
    return np.max(_taken(x, positions), axis=-1)


def avgpool(
    x: Any,
    kernel_shape: Sizes,
    strides: Sizes = None,
    auto_pad: str = "NOTSET",
    pads: Sizes = None,
    dilations: Sizes = None,
    ceil_mode: int = 0,
    count_include_pad: int = 0,
) -> Any:
    """The mean of each window, a real; padded zeros count if `count_include_pad` says so."""
    positions = _pooled("avgpool", x, kernel_shape, (pads, strides, dilations), (auto_pad, ceil_mode))
    is_inside = positions >= 0
    counts = np.full(positions.shape[:-1], positions.shape[-1]) if count_include_pad else is_inside.sum(axis=-1)
    if (counts == 0).any():
        raise ValueError(f"a window of avgpool lies in the padding alone (kernel_shape={kernel_shape}, pads={pads})")
    if not is_inside.all():
        size = x.size if isinstance(x, Tracer) else np.size(x)
        shape = x.shape if isinstance(x, Tracer) else np.shape(x)
        x = np.concatenate([np.reshape(x, -1), np.zeros(1, dtype=np.int64)])
        positions = np.where(is_inside, positions, size)
        assert len(shape) >= 3, "checked above"
    return np.true_divide(np.sum(_taken(x, positions), axis=-1), counts)


def _taken(x: Any, positions: np.ndarray) -> Any:
    return gathered(x, positions) if isinstance(x, Tracer) else np.asarray(x).reshape(-1)[positions]


def _pooled(name: str, x: Any, kernel_shape: Sizes, sizes: Any, modes: Any) -> np.ndarray:
    """Positions of each window along the last axis; -1 in the padding."""
    shape = x.shape if isinstance(x, Tracer) else np.shape(x)
    if not isinstance(x, Tracer) and as_integers(x) is None:
        raise TypeError(f"expected the input of {name} to hold integers, not {np.asarray(x).dtype}")
    rank = len(shape) - 2
    if not 1 <= rank <= 3:
        raise ValueError(
            f"expected the input of {name} to have 3, 4 or 5 axes (NC and 1 to 3 more), but its shape is {shape}"
        )
    kernel = _sizes(name, "kernel_shape", kernel_shape, rank, (1,) * rank)
    positions = _windows(name, shape, kernel, sizes, modes).positions(shape)
    return positions.reshape(*positions.shape[: 2 + rank], -1)


def _windows(name: str, shape: tuple[int, ...], kernel: tuple[int, ...], sizes: Any, modes: Any) -> _Windows:
    rank, (pads, strides, dilations), (auto_pad, ceil_mode) = len(kernel), sizes, modes
    steps = _sizes(name, "strides", strides, rank, (1,) * rank)
    apart = _sizes(name, "dilations", dilations, rank, (1,) * rank)
    if ceil_mode not in (0, 1):
        raise ValueError(f"ceil_mode={ceil_mode!r} of {name} is not valid (0 and 1 are)")
    if auto_pad not in ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"):
        raise ValueError(f"auto_pad={auto_pad!r} of {name} is not valid (NOTSET, VALID, SAME_UPPER and SAME_LOWER are)")
    if auto_pad != "NOTSET" and pads is not None:
        raise ValueError(f"pads={pads!r} of {name} cannot be given together with auto_pad={auto_pad!r}")
    given = _sizes(name, "pads", pads, 2 * rank, (0,) * 2 * rank)
    around = [(given[axis], given[rank + axis]) for axis in range(rank)]
    for axis in range(rank):
        size, step, span = shape[2 + axis], steps[axis], apart[axis] * (kernel[axis] - 1) + 1
        if auto_pad.startswith("SAME"):
            missing = max(0, (-(-size // step) - 1) * step + span - size)
            half, rest = missing // 2, missing - missing // 2
            around[axis] = (half, rest) if auto_pad == "SAME_UPPER" else (rest, half)
        before, behind = around[axis]
        room = size + before + behind - span
        if room < 0:
            raise ValueError(
                f"a window of {name} that spans {span} does not fit {size + before + behind} padded elements"
            )
        # A last window may begin inside of the value and end behind it, but not begin behind it.
        if ceil_mode and room % step and (room // step + 1) * step < size + before:
            around[axis] = (before, behind + step - room % step)
    return _Windows(name, tuple(kernel), steps, apart, tuple(around))


def _sizes(name: str, what: str, given: Any, count: int, default: tuple[int, ...]) -> tuple[int, ...]:
    least = min(default)
    if given is None:
        if what == "kernel_shape":
            raise ValueError(f"kernel_shape of {name} is missing")
        return default
    try:
        sizes = tuple(int(size) for size in np.atleast_1d(np.asarray(given)).tolist())
        is_integral = np.asarray(given).dtype.kind in "iu"
    except (TypeError, ValueError):
        sizes, is_integral = (), False
    if not is_integral or len(sizes) != count or any(size < least for size in sizes):
        raise ValueError(f"{what}={given!r} of {name} is not valid ({count} integers from {least} on are)")
    return sizes
