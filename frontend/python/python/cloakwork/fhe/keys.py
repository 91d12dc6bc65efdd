"""The keys of a client: made when first needed, kept in files and bytes."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, NamedTuple

from .. import _cloakwork
from .specs import ClientSpecs


class EvaluationKeys(NamedTuple):
    """What a server computes with. It reveals nothing about what is encrypted."""

    server_keyset: _cloakwork.EvaluationKeys

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the parameters that they were made for."""
        return self.server_keyset.fingerprint

    def serialize(self) -> bytes:
        """The keys as bytes."""
        return self.server_keyset.serialize()

    @staticmethod
    def deserialize(serialized_evaluation_keys: bytes) -> EvaluationKeys:
        """The keys that `serialize` gave."""
        return EvaluationKeys(_cloakwork.EvaluationKeys.deserialize(bytes(serialized_evaluation_keys)))


class Keys:
    """Secret keys and evaluation keys for the parameters of a program."""

    def __init__(self, specs: ClientSpecs | None, cache_directory: str | Path | None = None) -> None:
        if cache_directory is not None:
            raise NotImplementedError(
                "a cache keeps secret keys on disk without asking; keep them yourself with "
                "keys.load_if_exists_generate_and_save_otherwise(path)"
            )
        self._specs = specs
        self._keyset: _cloakwork.Keys | None = None

    @property
    def specs(self) -> ClientSpecs | None:
        """What the keys are made for."""
        return self._specs

    @property
    def are_generated(self) -> bool:
        """Whether there are keys."""
        return self._keyset is not None

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the parameters that they are made for."""
        if self._keyset is not None:
            return self._keyset.fingerprint
        return self._required_specs()._spec.fingerprint

    @property
    def evaluation(self) -> EvaluationKeys:
        """The half for the server; made now if there are no keys."""
        return EvaluationKeys(self._ready().evaluation)

    def generate(
        self,
        force: bool = False,
        secret_seed: int | None = None,
        encryption_seed: int | None = None,
        initial_keys: Any = None,
    ) -> None:
        """Makes keys unless there are some. Whoever knows a seed other than 0 knows the keys: only for tests."""
        if initial_keys:
            raise NotImplementedError(
                "keys of another library cannot be part of the keys; encrypt its values again, or compile for the "
                "keys of another circuit with `keys_of`"
            )
        seed = _seed(secret_seed, encryption_seed)
        if self._keyset is None or force:
            self._keyset = self._required_specs()._spec.keygen(seed)

    def serialize(self) -> bytes:
        """Both halves as bytes. They are secret."""
        return self._generated().serialize()

    def serialize_to_file(self, path: str | Path) -> None:
        """Writes both halves into a file that only its owner may read."""
        self._generated().write(Path(path))

    @staticmethod
    def deserialize(serialized_keys: Path | str | bytes) -> Keys:
        """The keys in bytes that `serialize` gave, or in a file."""
        data = serialized_keys if isinstance(serialized_keys, bytes) else Path(serialized_keys).read_bytes()
        keys = Keys(None)
        keys._keyset = _cloakwork.Keys.deserialize(data)
        return keys

    def save(self, location: str | Path) -> None:
        """Writes both halves into a new file that only its owner may read."""
        location = Path(location)
        if location.exists():
            raise ValueError(f"Unable to save keys to {location} because it already exists; choose another file")
        self.serialize_to_file(location)

    def load(self, location: str | Path) -> None:
        """Takes the keys of a file."""
        location = Path(location)
        if not location.exists():
            raise ValueError(f"Unable to load keys from {location} because it doesn't exist; generate and save them")
        self.load_from_bytes(location.read_bytes())

    def load_from_bytes(self, keys: bytes) -> None:
        """Takes the keys that `serialize` gave."""
        self._take(_cloakwork.Keys.deserialize(bytes(keys)))

    def load_if_exists_generate_and_save_otherwise(self, location: str | Path, secret_seed: int | None = None) -> None:
        """Takes the keys of a file, or makes them and writes the file."""
        if Path(location).exists():
            self.load(location)
        else:
            self.generate(secret_seed=secret_seed)
            self.save(location)

    def _take(self, keyset: _cloakwork.Keys) -> None:
        if self._specs is not None and keyset.fingerprint != self._specs._spec.fingerprint:
            raise ValueError(
                f"the keys were made for other parameters: they have fingerprint {keyset.fingerprint}, the program "
                f"{self._specs._spec.fingerprint}; generate keys for it, or compile with `keys_of`"
            )
        self._keyset = keyset

    def _required_specs(self) -> ClientSpecs:
        if self._specs is None:
            raise ValueError("Tried to generate Keys without client specs; take the keys of a client or circuit")
        return self._specs

    def _generated(self) -> _cloakwork.Keys:
        if self._keyset is None:
            raise RuntimeError("Keys cannot be serialized before they are generated; call generate() first")
        return self._keyset

    def _ready(self) -> _cloakwork.Keys:
        """The keys, which are made now if there are none."""
        self.generate()
        assert self._keyset is not None, "made in the line above"
        return self._keyset


def _seed(secret_seed: int | None, encryption_seed: int | None) -> int | None:
    """One seed of both; `None` and 0 mean secure randomness."""
    for name, seed in (("secret_seed", secret_seed), ("encryption_seed", encryption_seed)):
        if seed is not None and (not isinstance(seed, int) or not 0 <= seed < 2**128):
            raise ValueError(f"{name} must be a positive 128 bits integer")
    if not encryption_seed:
        return secret_seed
    if not secret_seed:
        warnings.warn("encryption_seed has no effect without a secret seed: the keys are random", stacklevel=4)
        return None
    import hashlib

    digest = hashlib.sha256(secret_seed.to_bytes(16, "little") + encryption_seed.to_bytes(16, "little"))
    return int.from_bytes(digest.digest()[:16], "little")
