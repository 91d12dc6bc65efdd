"""What travels between client and server: an encrypted argument or result, or a clear argument."""

from __future__ import annotations

import io

import numpy as np

from .. import _cloakwork

_SIMULATED = b"CLOAKSIM"


class Value:
    """An argument or result of a run. One of a simulation holds its numbers in the clear."""

    __slots__ = ("inner",)

    def __init__(self, inner: _cloakwork.Value | np.ndarray) -> None:
        self.inner = inner

    @property
    def shape(self) -> list[int]:
        """Sizes of the axes."""
        return list(self.inner.shape)

    @property
    def is_encrypted(self) -> bool:
        """Whether only the keys' owner can read it."""
        return isinstance(self.inner, _cloakwork.Value) and self.inner.is_encrypted

    @property
    def is_simulated(self) -> bool:
        """Whether it belongs to a simulation."""
        return isinstance(self.inner, np.ndarray)

    def serialize(self) -> bytes:
        """The value as bytes."""
        if isinstance(self.inner, _cloakwork.Value):
            return self.inner.serialize()
        file = io.BytesIO()
        np.save(file, self.inner, allow_pickle=False)
        return _SIMULATED + file.getvalue()

    @staticmethod
    def deserialize(serialized_value: bytes) -> Value:
        """The value that `serialize` gave."""
        data = bytes(serialized_value)
        if not data.startswith(_SIMULATED):
            return Value(_cloakwork.Value.deserialize(data))
        array = np.load(io.BytesIO(data[len(_SIMULATED) :]), allow_pickle=False)
        if array.dtype not in (np.int64, np.uint64):
            raise ValueError(f"a simulated value holds int64 or uint64, not {array.dtype}")
        return Value(array)

    def __repr__(self) -> str:
        status = "simulated" if self.is_simulated else "encrypted" if self.is_encrypted else "clear"
        return f"Value({status}, shape={self.shape})"
