"""Integer types: `uint4`, `int8`, `tensor[uint4, 3, 2]`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .values import as_numbers


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
    def that_can_represent(low: int, high: int) -> Integer:
        """The narrowest one with both values."""
        is_signed = low < 0
        bits = max(max(high, 0).bit_length(), (-low - 1).bit_length() if is_signed else 1) + is_signed
        return Integer(is_signed, bits)

    def __str__(self) -> str:
        return f"{'' if self.is_signed else 'u'}int{self.bit_width}"


@dataclass(frozen=True)
class Tensor:
    """A tensor of integers."""

    dtype: Integer
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"tensor[{self.dtype}, {', '.join(map(str, self.shape))}]"


class _TensorNotation:
    """Makes `tensor[uint4, 3, 2]`."""

    def __getitem__(self, item: object) -> Tensor:
        dtype, *shape = item if isinstance(item, tuple) else (item,)
        if not isinstance(dtype, Integer):
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
    if array.dtype.kind == "i" and array.size:
        element = str(Integer.that_can_represent(int(array.min()), int(array.max())))
    else:
        element = str(array.dtype)
    return type_text(status, element, array.shape)


def type_text(status: str, element: str, shape: tuple[int, ...]) -> str:
    """`EncryptedScalar<uint3>` or `EncryptedTensor<uint3, shape=(2,)>`."""
    return f"{status}Tensor<{element}, shape={shape}>" if shape else f"{status}Scalar<{element}>"


tensor = _TensorNotation()
INTEGERS = {str(dtype): dtype for s in (False, True) for dtype in (Integer(s, w) for w in range(1, 65))}
