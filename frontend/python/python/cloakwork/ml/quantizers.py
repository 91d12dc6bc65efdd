"""Which reals the integers of arguments and results stand for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import _cloakwork


@dataclass(frozen=True)
class Quantizer:
    """`real = scale · integer + offset`, with one scale for all elements or one for each index of an axis."""

    name: str
    scale: np.ndarray
    offset: np.ndarray
    #: What stands for 0: an integer for arguments; for results no integer may.
    zero_point: np.ndarray
    #: The axis that scales and offsets run along; `None` where all elements share them.
    axis: int | None
    #: Least and greatest integer; `None` for results, which are as wide as their sums.
    bounds: tuple[int, int] | None

    @property
    def n_bits(self) -> int | None:
        """Bits of the integers; `None` for results."""
        return None if self.bounds is None else max(1, (self.bounds[1] - self.bounds[0]).bit_length())

    def quant(self, values: Any) -> np.ndarray:
        """The nearest integers, the least or the greatest for what is beyond."""
        values = np.asarray(values, dtype=np.float64)
        zero = np.rint(self.zero_point)
        rest = self._along(self.zero_point - zero, values.ndim)
        integers = np.rint(values / self._along(self.scale, values.ndim) + rest) + self._along(zero, values.ndim)
        return (integers if self.bounds is None else np.clip(integers, *self.bounds)).astype(np.int64)

    def dequant(self, integers: Any) -> np.ndarray:
        """The reals of integers."""
        integers = np.asarray(integers)
        return integers * self._along(self.scale, integers.ndim) + self._along(self.offset, integers.ndim)

    def _along(self, numbers: np.ndarray, ndim: int) -> np.ndarray:
        if self.axis is None:
            return numbers[0]
        return numbers.reshape([-1 if axis == self.axis else 1 for axis in range(ndim)])


def of_inputs(processing: _cloakwork.Processing) -> list[Quantizer]:
    """Of each argument. Where features are encrypted as bits, those that the features have before."""
    found = []
    for part in json.loads(processing.to_json())["inputs"]:
        grid = next((step["thermometer"] for step in part["steps"] if "thermometer" in step), part["quantiser"])
        scale = np.array(grid["scale"], dtype=np.float64)
        zero_point = np.array(grid["zero_point"], dtype=np.float64)
        found.append(Quantizer(part["name"], scale, -scale * zero_point, zero_point, grid["axis"], (grid["lo"], grid["hi"])))
    return found


def of_outputs(processing: _cloakwork.Processing) -> list[Quantizer]:
    """Of each result."""
    found = []
    for part in json.loads(processing.to_json())["outputs"]:
        grid = part["dequantiser"]
        scale, offset = (np.array(grid[name], dtype=np.float64) for name in ("scale", "offset"))
        zero_point = -offset / np.where(scale == 0, 1, scale)
        found.append(Quantizer(part["name"], scale, offset, zero_point, grid["axis"], None))
    return found
