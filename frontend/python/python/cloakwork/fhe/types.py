"""Integer types: `uint4`, `int8`, `tensor[uint4, 3, 2]`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .values import as_integers, as_numbers


@dataclass(frozen=True)
class Integer:
    """Integers of a width, unsigned or in two's complement."""

    is_signed: bool
    bit_width: int

    def __post_init__(self) -> None:
        if not isinstance(self.bit_width, int) or self.bit_width < 1:
            raise ValueError(f"Integer({self.bit_width!r}) is not supported (bit width must be a positive integer)")

    def min(self) -> int:
        """Least value."""
        return -(2 ** (self.bit_width - 1)) if self.is_signed else 0

    def max(self) -> int:
        """Greatest value."""
        return 2 ** (self.bit_width - self.is_signed) - 1

    def can_represent(self, value: int) -> bool:
        """Whether a value is one of them."""
        return self.min() <= value <= self.max()

    @staticmethod
    def that_can_represent(*values: Any, force_signed: bool = False) -> Integer:
        """The narrowest one with all these values, which are integers and arrays of them."""
        found = [
            as_integers(value) if not isinstance(value, int) else np.array(value, dtype=object) for value in values
        ]
        arrays = [array for array in found if array is not None]
        if not found or len(arrays) < len(found):
            raise ValueError(f"Integer cannot represent {values!r} (integers it can)")
        bounds = [bound for array in arrays if array.size for bound in (int(array.min()), int(array.max()))] or [0]
        low, high = min(bounds), max(bounds)
        is_signed = force_signed or low < 0
        bits = (
            max(max(high, 0).bit_length(), (-low - 1).bit_length() if low < 0 else 0 if force_signed else 1) + is_signed
        )
        return Integer(is_signed, bits)

    def update_to_represent(self, value: Any) -> Integer:
        """The narrowest one with these values and all that it has; integers do not change."""
        return Integer.that_can_represent(self.min(), self.max(), value, force_signed=self.is_signed)

    def __str__(self) -> str:
        return f"{'' if self.is_signed else 'u'}int{self.bit_width}"


@dataclass(frozen=True)
class Float:
    """Real numbers, which exist only between integers."""

    bit_width: int

    def __post_init__(self) -> None:
        if self.bit_width not in (16, 32, 64):
            raise ValueError(f"Float({self.bit_width!r}) is not supported (bit width must be one of 16, 32 or 64)")

    def __str__(self) -> str:
        return f"float{self.bit_width}"


@dataclass(frozen=True)
class Tensor:
    """A tensor of numbers."""

    dtype: Integer | Float
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"tensor[{self.dtype}, {', '.join(map(str, self.shape))}]"


class _TensorNotation:
    """Makes `tensor[uint4, 3, 2]`."""

    def __getitem__(self, item: object) -> Tensor:
        dtype, *shape = item if isinstance(item, tuple) else (item,)
        if not isinstance(dtype, (Integer, Float)):
            raise ValueError(
                f"First argument to tensor annotations should be an fhe data type (e.g., fhe.uint4) not {dtype!r}"
            )
        if not shape:
            raise ValueError("Tensor annotations should have a shape (e.g., fhe.tensor[fhe.uint4, 3, 2])")
        for size in shape:
            if not isinstance(size, int):
                raise ValueError(f"Tensor annotation shape elements must be 'int' (not {type(size).__name__!r})")
        return Tensor(dtype, tuple(shape))


def describe(value: Any, is_encrypted: bool = True) -> str:
    """A clear value's type, such as `EncryptedTensor<uint3, shape=(2,)>`; what is no number as it is written."""
    array = as_numbers(value)
    if array is None:
        return repr(value)
    status = "Encrypted" if is_encrypted else "Clear"
    if array.dtype.kind in "iu" and array.size:
        element = str(Integer.that_can_represent(int(array.min()), int(array.max())))
    else:
        element = str(array.dtype)
    return type_text(status, element, array.shape)


def type_text(status: str, element: str, shape: tuple[int, ...]) -> str:
    """`EncryptedScalar<uint3>` or `EncryptedTensor<uint3, shape=(2,)>`."""
    return f"{status}Tensor<{element}, shape={shape}>" if shape else f"{status}Scalar<{element}>"


tensor = _TensorNotation()
INTEGERS = {str(dtype): dtype for s in (False, True) for dtype in (Integer(s, w) for w in range(1, 65))}
