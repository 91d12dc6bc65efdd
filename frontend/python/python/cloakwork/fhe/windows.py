"""Convolution and pooling as ONNX defines them, in one, two and three dimensions.

How they are computed is written in the compiler; here are ONNX' arguments, and the same functions in the clear.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._cloakwork import positions_of_windows
from .tracing import Tracer, node_of, record
from .values import as_integers

Sizes = Sequence[int] | int | None


#: Strides, dilations, pads, automatic padding, and whether the last window may end behind the value.
_Windows = tuple[list[int], list[int], list[tuple[int, int]], str, bool]


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
    shape = _shape(x)
    rank = _rank("conv", shape)
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
    windows = _windows("conv", rank, (pads, strides, dilations), (auto_pad, 0))
    if isinstance(x, Tracer):
        result = record(x._graph, "conv", x._node, node_of(x._graph, weights), windows, int(group))
    else:
        result = _conv_clear(np.asarray(x), weights, windows, int(group))
    return result if biases is None else result + biases.reshape(1, -1, *(1,) * rank)


def _conv_clear(x: np.ndarray, weights: np.ndarray, windows: _Windows, group: int) -> np.ndarray:
    inside = _elements("conv", x, weights.shape[2:], windows, 0)
    merged = weights.reshape(*weights.shape[:2], -1)
    parts = zip(np.split(inside, group, axis=1), np.split(merged, group, axis=0))
    return np.concatenate([np.einsum("nc...k,fck->nf...", part, kernels) for part, kernels in parts], axis=1)


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
    kernel, windows = _pooled("maxpool", x, kernel_shape, (pads, strides, dilations), (auto_pad, ceil_mode))
    if isinstance(x, Tracer):
        return record(x._graph, "max_pool", x._node, kernel, windows)
    x = np.asarray(x)
    # What is outside is never greater.
    inside = _elements("maxpool", x, kernel, windows, x.min())
    _refuse_empty("maxpool", x, kernel, windows)
    return inside.max(axis=-1)


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
    kernel, windows = _pooled("avgpool", x, kernel_shape, (pads, strides, dilations), (auto_pad, ceil_mode))
    if isinstance(x, Tracer):
        return record(x._graph, "average_pool", x._node, kernel, windows, bool(count_include_pad))
    x = np.asarray(x)
    sums = _elements("avgpool", x, kernel, windows, 0).sum(axis=-1)
    if count_include_pad:
        return np.true_divide(sums, np.prod(kernel))
    return np.true_divide(sums, _refuse_empty("avgpool", x, kernel, windows))


def _elements(name: str, x: np.ndarray, kernel: Sequence[int], windows: _Windows, outside: Any) -> np.ndarray:
    """What each window has, along the last axis."""
    positions = positions_of_windows(name, x.shape, kernel, windows)
    return np.where(positions < 0, outside, x.reshape(-1)[positions])


def _refuse_empty(name: str, x: np.ndarray, kernel: Sequence[int], windows: _Windows) -> np.ndarray:
    """How many elements of the value each window has."""
    counts = _elements(name, np.ones(x.shape, dtype=np.int64), kernel, windows, 0).sum(axis=-1)
    if (counts == 0).any():
        raise ValueError(f"`{name}`: a window that lies in the padding alone (kernel {kernel}, pads {windows[2]})")
    return counts


def _shape(x: Any) -> tuple[int, ...]:
    return x.shape if isinstance(x, Tracer) else np.shape(x)


def _rank(name: str, shape: tuple[int, ...]) -> int:
    """Axes that a kernel moves over."""
    rank = len(shape) - 2
    if not 1 <= rank <= 3:
        raise ValueError(
            f"expected the input of {name} to have 3, 4 or 5 axes (NC and 1 to 3 more), but its shape is {shape}"
        )
    return rank


def _pooled(name: str, x: Any, kernel_shape: Sizes, sizes: Any, modes: Any) -> tuple[list[int], _Windows]:
    """The kernel, and how it moves."""
    if not isinstance(x, Tracer) and as_integers(x) is None:
        raise TypeError(f"expected the input of {name} to hold integers, not {np.asarray(x).dtype}")
    rank = _rank(name, _shape(x))
    kernel = _sizes(name, "kernel_shape", kernel_shape, rank, (1,) * rank)
    return list(kernel), _windows(name, rank, sizes, modes)


def _windows(name: str, rank: int, sizes: Any, modes: Any) -> _Windows:
    (pads, strides, dilations), (auto_pad, ceil_mode) = sizes, modes
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
    return list(steps), list(apart), around, auto_pad, bool(ceil_mode)


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
