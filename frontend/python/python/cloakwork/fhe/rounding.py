"""Values without their lowest digits, on the same scale: multiples of a power of two.

What is left of a value of `w` bits has `w - k` bits, which is what a lookup behind it costs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .tracing import Tracer, record
from .types import Integer
from .values import as_integers, plain


class _Adjusting(Exception):
    """Stops a sample where a rounder has seen its input."""

    def __init__(self, rounder: _Auto) -> None:
        super().__init__()
        self.rounder = rounder


class _Auto:
    """How many digits to leave out, so that `target_msbs` bits stay of what an input set shows.

    0 always lies in the range. A rounder belongs to one place of the program.
    """

    _name = "rounder"
    #: Rounders of this kind that are looked for just now.
    _is_adjusting = False

    def __init__(self, target_msbs: int = 16) -> None:
        if type(self)._is_adjusting:
            raise RuntimeError(
                f"{type(self).__name__} cannot be constructed during adjustment, please construct "
                f"{type(self).__name__}s outside the function and reference it"
            )
        self.target_msbs = target_msbs
        self.is_adjusted = False
        self.input_min = 0
        self.input_max = 0
        self.input_bit_width = 0
        self.lsbs_to_remove = 0

    @classmethod
    def adjust(cls, function: Callable, inputset: Iterable[Any]) -> None:
        """Sets every rounder that the function uses, by what it computes on an input set."""
        if cls._is_adjusting:
            raise RuntimeError(f"{cls.__name__}s cannot be adjusted recursively")
        samples = [sample if isinstance(sample, tuple) else (sample,) for sample in inputset]
        if not samples:
            raise ValueError(f"{cls.__name__}s cannot be adjusted with an empty inputset")
        cls._is_adjusting = True
        try:
            while (rounder := cls._reached(function, samples)) is not None:
                rounder._settle()
        finally:
            cls._is_adjusting = False

    @classmethod
    def _reached(cls, function: Callable, samples: list[tuple[Any, ...]]) -> _Auto | None:
        """The rounder without a setting that the function comes to first, after it has seen every sample."""
        found: _Auto | None = None
        for sample in samples:
            try:
                function(*(value.copy() if isinstance(value, np.ndarray) else value for value in sample))
            except _Adjusting as reached:
                found = found or reached.rounder
        return found

    def _see(self, values: np.ndarray) -> None:
        self.input_min = min(self.input_min, int(values.min()))
        self.input_max = max(self.input_max, int(values.max()))

    def _settle(self) -> None:
        self.input_bit_width = Integer.that_can_represent(self.input_min, self.input_max).bit_width
        self.lsbs_to_remove = max(0, self.input_bit_width - self.target_msbs)
        self.is_adjusted = True

    def dump_dict(self) -> dict[str, Any]:
        """The state as plain data."""
        return dict(vars(self))

    @classmethod
    def load_dict(cls, properties: dict[str, Any]) -> Any:
        """A rounder with the state that `dump_dict` gave."""
        rounder = cls(target_msbs=properties["target_msbs"])
        vars(rounder).update({name: properties[name] for name in vars(rounder)})
        return rounder


class AutoRounder(_Auto):
    """For `round_bit_pattern`."""

    _name = "rounder"


class AutoTruncator(_Auto):
    """For `truncate_bit_pattern`."""

    _name = "truncator"


def round_bit_pattern(
    x: Any,
    lsbs_to_remove: int | AutoRounder,
    overflow_protection: bool = True,
    exactness: Any = None,
) -> Any:
    """The nearest multiple of `2^lsbs_to_remove`, halves upwards.

    A result that needs one bit more than `x` gets it, whatever `overflow_protection` says. `exactness` is that of the
    configuration unless it is given; approximate results may be one step off near the middle between two of them.
    """
    is_approximate = _is_approximate(exactness)
    return _without_digits("round", x, lsbs_to_remove, AutoRounder, is_approximate)


def truncate_bit_pattern(x: Any, lsbs_to_remove: int | AutoTruncator) -> Any:
    """The greatest multiple of `2^lsbs_to_remove` that is not greater."""
    return _without_digits("truncate", x, lsbs_to_remove, AutoTruncator, False)


def _without_digits(name: str, x: Any, lsbs_to_remove: Any, auto: type[_Auto], is_approximate: bool) -> Any:
    if isinstance(lsbs_to_remove, auto):
        if lsbs_to_remove.is_adjusted:
            lsbs_to_remove = lsbs_to_remove.lsbs_to_remove
        elif not auto._is_adjusting:
            raise RuntimeError(
                f"{auto.__name__}s cannot be used before adjustment, please call {auto.__name__}.adjust with the "
                "function and the input set that will be compiled"
            )
    if not isinstance(lsbs_to_remove, (int, np.integer, auto)) or isinstance(lsbs_to_remove, bool):
        raise TypeError(f"lsbs_to_remove is an integer or an {auto.__name__}, not {lsbs_to_remove!r}")
    if isinstance(lsbs_to_remove, (int, np.integer)) and not 0 <= lsbs_to_remove < 62:
        raise ValueError(f"lsbs_to_remove is {lsbs_to_remove}, allowed are 0 to 61")
    if isinstance(x, Tracer):
        if x.is_real:
            raise ValueError(f"Expected input elements to be integers but they are reals ({x!r})")
        bits = int(lsbs_to_remove)
        if bits == 0:
            return x.copy()
        return record(x._graph, "digits_in_place", name, x._node, bits, is_approximate)
    values = as_integers(x)
    if values is None:
        found = np.asarray(x)
        if found.dtype.kind in "fc":
            raise TypeError(f"Expected input elements to be integers but they are {found.dtype}")
        raise TypeError(f"Expected input to be an int or a numpy array but it's {type(x).__name__}")
    if isinstance(lsbs_to_remove, _Auto):
        lsbs_to_remove._see(values)
        raise _Adjusting(lsbs_to_remove)
    bits = int(lsbs_to_remove)
    half = (1 << bits) >> 1 if name == "round" else 0
    return plain(x, (values + half) >> bits << bits)


def _is_approximate(exactness: Any) -> bool:
    from .configuration import active_configuration
    from .strategies import Exactness

    if exactness is None:
        exactness = active_configuration().rounding_exactness
    if not isinstance(exactness, Exactness):
        raise TypeError(f"exactness should be of type fhe.Exactness not {type(exactness).__name__}")
    return exactness == Exactness.APPROXIMATE
