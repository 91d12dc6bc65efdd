"""The client's half of Cloakwork: keys, quantisation, encryption and decryption from the spec of a program alone."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from ._client import Keys, PublicKey, Spec, __version__

__all__ = ["Client", "Keys", "PublicClient", "PublicKey", "Spec", "__version__"]


class _Program:
    """A function of a program, and its arguments as arrays."""

    def __init__(self, program: str | Path | bytes, function: str | None) -> None:
        data = program if isinstance(program, bytes) else Path(program).read_bytes()
        self.spec = Spec.read(data)
        self.function = function
        self._is_model = self.spec.is_model(function)

    def _question(self, encrypted: tuple[bytes, int]) -> bytes:
        question, saturated = encrypted
        if saturated:
            warnings.warn(
                f"{saturated} elements lie outside of what the calibration set showed; they took the nearest value inside",
                stacklevel=3,
            )
        return question

    def _array(self, argument: Any) -> np.ndarray:
        array = np.asarray(argument)
        if self._is_model:
            return array.astype(np.float64)
        if array.dtype == np.uint64:
            return array.view(np.int64)  # words; the program's range says how they are read
        if not np.issubdtype(array.dtype, np.integer):
            raise ValueError(f"the program takes integers, found {array.dtype}; round or scale them first")
        return array.astype(np.int64)


class Client(_Program):
    """Makes keys, encrypts questions and decrypts answers of one function of a program.

    `program` is an artifact, an emitted executable or the spec as JSON, as a path or as bytes. Its code is not loaded.
    """

    def __init__(self, program: str | Path | bytes, function: str | None = None) -> None:
        super().__init__(program, function)
        self._keys: Keys | None = None

    def keygen(self) -> bytes:
        """Makes new keys, and returns the file of evaluation keys for the server."""
        self._keys, evaluation = self.spec.keygen()
        return evaluation

    def save_keys(self, path: str | Path, passphrase: str | None = None) -> None:
        """Writes the secret keys into a file that only its owner may read, in the format of `age` under a passphrase."""
        self.keys.write(Path(path), passphrase)

    def load_keys(self, path: str | Path, passphrase: str | None = None) -> None:
        """Takes the secret keys of a file that `save_keys` or `cloakwork keygen` wrote."""
        self._keys = self.spec.read_keys(Path(path).read_bytes(), passphrase)

    @property
    def keys(self) -> Keys:
        """The secret keys."""
        if self._keys is None:
            raise RuntimeError("there are no keys; make them with keygen() or take them with load_keys(path)")
        return self._keys

    def encrypt(self, *arguments: Any) -> bytes:
        """The question for the server: integers, or one sample of each input of a model."""
        arrays = [self._array(argument) for argument in arguments]
        return self._question(self.spec.encrypt(self.function, self.keys, arrays))

    def public_key(self) -> bytes:
        """The file of a new public key, with which others encrypt for the owner of the secret keys.

        The program must be compiled for that: `restrict="public_key=on"`.
        """
        return self.keys.public_key().to_bytes()

    def decrypt(self, answer: bytes) -> Any:
        """The only result of an answer, or a tuple of all."""
        results = self.spec.decrypt(self.function, self.keys, answer)
        return results[0] if len(results) == 1 else tuple(results)


class PublicClient(_Program):
    """Encrypts questions for the owner of secret keys, with the owner's public key, and can decrypt nothing."""

    def __init__(
        self, program: str | Path | bytes, public_key: str | Path | bytes, function: str | None = None
    ) -> None:
        super().__init__(program, function)
        file = public_key if isinstance(public_key, bytes) else Path(public_key).read_bytes()
        self.key = self.spec.read_public_key(file)

    def encrypt(self, *arguments: Any) -> bytes:
        """The question for the server: integers, or one sample of each input of a model."""
        arrays = [self._array(argument) for argument in arguments]
        return self._question(self.spec.encrypt_public(self.function, self.key, arrays))
