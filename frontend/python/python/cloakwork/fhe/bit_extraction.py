"""Single digits and runs of digits: `fhe.bits(x)[2]`, `fhe.bits(x)[1:4]`."""

from __future__ import annotations

import functools
from operator import index as as_index
from typing import Any

import numpy as np

from .numpy_functions import apply_to_elements
from .tracing import Tracer, record
from .values import as_integers, plain

#: Digits of a 64-bit integer.
_MOST = 63


class Bits:
    """The binary digits of an integer, of a negative one in two's complement without end.

    What an index takes becomes an integer again: the first digit taken is its lowest.
    """

    def __init__(self, value: Any) -> None:
        if isinstance(value, Tracer):
            if value.is_real:
                raise TypeError(f"bits are taken of integers, not of {value!r}")
        elif as_integers(value) is None:
            raise TypeError(f"bits are taken of integers, not of {value!r}")
        self._value = value

    def __repr__(self) -> str:
        return f"bits({self._value!r})"

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self._of_slice(index)
        try:
            position = as_index(index)
        except TypeError:
            raise ValueError(f"{self!r}[{index!r}] is not supported since it's not an integer or a slice") from None
        if isinstance(index, (bool, np.bool_)):
            raise ValueError(f"{self!r}[{index!r}] is not supported since it's not an integer or a slice")
        if position < 0:
            raise ValueError(
                f"{self!r}[{index}] counts from the back (index == {index} < 0), but integers have no last bit"
            )
        if position > _MOST:
            raise ValueError(f"{self!r}[{index}] is bit {position}, integers have bits 0 to {_MOST}")
        return self._at(range(position, position + 1))

    def _of_slice(self, index: slice) -> Any:
        start, stop, step = (self._bound(name, getattr(index, name)) for name in ("start", "stop", "step"))
        step = 1 if step is None else step
        text = f"{self!r}[{index.start}:{index.stop}:{index.step}]"
        if step == 0:
            raise ValueError(f"{text} has a zero step")
        if step < 0 and start is None:
            raise ValueError(f"{text} in reverse (step < 0) isn't supported without providing the start bit")
        if step > 0 and stop is None:
            return self._from(start or 0, step)
        if step > 0:
            positions = range(start or 0, min(stop, _MOST + 1), step)
        else:
            positions = range(min(start, _MOST), -1 if stop is None else stop, step)
        return self._at(positions) if positions else self._value * 0

    def _from(self, start: int, step: int) -> Any:
        """All digits from `start` on, or every so manieth of them."""
        if step == 1:
            return self._above(min(start, _MOST))
        every = functools.partial(_every, start, step)
        if isinstance(self._value, Tracer):
            # One table: how many digits there are shows when ranges are measured.
            return apply_to_elements(f"bits[{start}::{step}]", every, self._value)
        return plain(self._value, every(as_integers(self._value)))

    def _bound(self, name: str, bound: Any) -> int | None:
        if bound is None:
            return None
        try:
            found = as_index(bound)
        except TypeError:
            raise ValueError(f"{self!r} is sliced with {name} {bound!r}, which is not an integer") from None
        if name != "step" and found < 0:
            raise ValueError(f"{self!r} is sliced with {name} {bound}, but integers have no last bit to count from")
        return found

    def _above(self, start: int) -> Any:
        """`⌊value / 2^start⌋`"""
        value = self._value
        if not isinstance(value, Tracer):
            return plain(value, as_integers(value) >> start)
        return record(value._graph, "truncate", value._node, start) if start else value.copy()

    def _at(self, positions: range) -> Any:
        """The digits at positions as an integer, the first its lowest."""
        value = self._value
        if isinstance(value, Tracer):
            return record(value._graph, "bits", value._node, list(positions))
        numbers = as_integers(value)
        digits = ((numbers >> min(position, _MOST) & 1) << place for place, position in enumerate(positions))
        return plain(value, sum(digits, start=np.zeros_like(numbers)))


def _every(start: int, step: int, values: Any) -> np.ndarray:
    """The digits `start, start + step, …` of integers that are not negative."""
    values = np.asarray(values)
    if values.size and values.min() < 0:
        raise ValueError(
            f"digits of {values.min()} without an upper bound (stop is None) aren't supported with a step: negative "
            "integers have no highest digit; give the slice a stop"
        )
    places = range(start, _MOST, step)
    return sum(((values >> position & 1) << place for place, position in enumerate(places)), start=values * 0)


def bits(x: Any) -> Bits:
    """The digits of integers, to be indexed: `bits(x)[0]` is the lowest."""
    return Bits(x)
