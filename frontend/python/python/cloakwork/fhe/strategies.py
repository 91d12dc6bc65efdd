"""Choices by name: how operations on two encrypted values are carried out, and what is exact."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any, TypeVar

Self = TypeVar("Self", bound="Choice")


class Choice(str, Enum):
    """An enumeration whose members have names that a user may write in any case, with `-` or `_`."""

    @classmethod
    def parse(cls: type[Self], text: Any) -> Self:
        """The member of that name."""
        if isinstance(text, cls):
            return text
        if not isinstance(text, str):
            raise TypeError(f"{text!r} cannot be parsed to a {cls.__name__}")
        name = text.lower().replace("_", "-")
        for member in cls:
            if member.value.lower().replace("_", "-") == name:
                return member
        raise ValueError(f"'{text}' is not a valid '{cls.__name__}' ({', '.join(member.value for member in cls)})")

    @classmethod
    def parse_all(cls: type[Self], value: Any) -> list[Self]:
        """A list from one member, from several, or from a text with commas."""
        if value is None:
            return []
        if isinstance(value, str):
            return [cls.parse(part.strip()) for part in value.split(",")] if not isinstance(value, cls) else [value]
        if isinstance(value, Iterable):
            return [cls.parse(part) for part in value]
        return [cls.parse(value)]

    def __str__(self) -> str:
        return self.value


class EncryptionStatus(Choice):
    """Whether a parameter is encrypted."""

    CLEAR = "clear"
    ENCRYPTED = "encrypted"


class Exactness(Enum):
    """Whether digits are rounded off exactly, or at the price of noise near the threshold."""

    EXACT = "exact"
    APPROXIMATE = "approximate"


class ParameterSelectionStrategy(Choice):
    """How many sets of keys a program may have."""

    V0 = "v0"
    MONO = "mono"
    MULTI = "multi"


class MultiParameterStrategy(Choice):
    """What decides which lookups share keys."""

    PRECISION = "precision"
    PRECISION_AND_NORM2 = "precision_and_norm2"


class ComparisonStrategy(Choice):
    """How two encrypted values are compared."""

    ONE_TLU_PROMOTED = "one-tlu-promoted"
    THREE_TLU_CASTED = "three-tlu-casted"
    TWO_TLU_BIGGER_PROMOTED_SMALLER_CASTED = "two-tlu-bigger-promoted-smaller-casted"
    TWO_TLU_BIGGER_CASTED_SMALLER_PROMOTED = "two-tlu-bigger-casted-smaller-promoted"
    THREE_TLU_BIGGER_CLIPPED_SMALLER_CASTED = "three-tlu-bigger-clipped-smaller-casted"
    TWO_TLU_BIGGER_CLIPPED_SMALLER_PROMOTED = "two-tlu-bigger-clipped-smaller-promoted"
    CHUNKED = "chunked"


class BitwiseStrategy(Choice):
    """How `&`, `|`, `^` and shifts of two encrypted values are computed."""

    ONE_TLU_PROMOTED = "one-tlu-promoted"
    THREE_TLU_CASTED = "three-tlu-casted"
    TWO_TLU_BIGGER_PROMOTED_SMALLER_CASTED = "two-tlu-bigger-promoted-smaller-casted"
    TWO_TLU_BIGGER_CASTED_SMALLER_PROMOTED = "two-tlu-bigger-casted-smaller-promoted"
    CHUNKED = "chunked"


class MinMaxStrategy(Choice):
    """How the lesser or greater of two encrypted values is found."""

    ONE_TLU_PROMOTED = "one-tlu-promoted"
    THREE_TLU_CASTED = "three-tlu-casted"
    CHUNKED = "chunked"


class MultivariateStrategy(Choice):
    """How a function of several encrypted values becomes one lookup."""

    PROMOTED = "promoted"
    CASTED = "casted"


class SecurityLevel(int, Enum):
    """Bits of security of the keys."""

    SECURITY_128_BITS = 128
    SECURITY_132_BITS = 132


class Bounds(Choice):
    """Where the ranges of values come from. Programs have `measured`, models `guarded` if nothing is said.

    - `measured`: what the input set showed
    - `guarded`: the same, with room in which what leaves these ranges saturates, whatever the arguments
    - `provable`: what follows from the ranges of the arguments
    - `saturate`: provable between lookups; what a lookup takes is clipped to what was measured
    """

    MEASURED = "measured"
    GUARDED = "guarded"
    PROVABLE = "provable"
    SATURATE = "saturate"
