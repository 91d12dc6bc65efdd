"""What a value of a program is: its element type, its shape, and whether it is encrypted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .types import Float, Integer, Tensor, type_text
from .values import as_numbers


def SignedInteger(bit_width: int) -> Integer:
    """Integers in two's complement."""
    return Integer(True, bit_width)


def UnsignedInteger(bit_width: int) -> Integer:
    """Integers from 0 on."""
    return Integer(False, bit_width)


@dataclass(frozen=True)
class ValueDescription:
    """Type, shape and status of a value."""

    dtype: Integer | Float
    shape: tuple[int, ...]
    is_encrypted: bool

    @staticmethod
    def of(value: Any, is_encrypted: bool = False) -> ValueDescription:
        """The narrowest description of a clear value."""
        if isinstance(value, ValueDescription):
            return value
        array = as_numbers(value)
        if array is None:
            raise ValueError(f"Cloakwork cannot represent {value!r}; numbers and arrays of numbers it can")
        if array.dtype.kind == "f":
            return ValueDescription(Float(64), array.shape, is_encrypted)
        low, high = (int(array.min()), int(array.max())) if array.size else (0, 0)
        return ValueDescription(Integer.that_can_represent(low, high), array.shape, is_encrypted)

    @staticmethod
    def of_type(dtype: Any, is_encrypted: bool) -> ValueDescription:
        """The description that an annotation such as `fhe.uint4` or `fhe.tensor[fhe.uint4, 3]` means."""
        if isinstance(dtype, ValueDescription):
            return ValueDescription(dtype.dtype, dtype.shape, is_encrypted)
        if isinstance(dtype, Tensor):
            return ValueDescription(dtype.dtype, dtype.shape, is_encrypted)
        if isinstance(dtype, (Integer, Float)):
            return ValueDescription(dtype, (), is_encrypted)
        raise ValueError(f"{dtype!r} is no fhe type")

    @property
    def is_clear(self) -> bool:
        """Whether everybody may read it."""
        return not self.is_encrypted

    @property
    def is_scalar(self) -> bool:
        """Whether it has no axes."""
        return self.shape == ()

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))

    def __str__(self) -> str:
        return type_text("Encrypted" if self.is_encrypted else "Clear", str(self.dtype), self.shape)


def EncryptedScalar(dtype: Integer | Float) -> ValueDescription:
    """One encrypted number."""
    return ValueDescription(dtype, (), True)


def EncryptedTensor(dtype: Integer | Float, shape: tuple[int, ...]) -> ValueDescription:
    """Encrypted numbers."""
    return ValueDescription(dtype, tuple(shape), True)


def ClearScalar(dtype: Integer | Float) -> ValueDescription:
    """One clear number."""
    return ValueDescription(dtype, (), False)


def ClearTensor(dtype: Integer | Float, shape: tuple[int, ...]) -> ValueDescription:
    """Clear numbers."""
    return ValueDescription(dtype, tuple(shape), False)
