"""The client's half: keys, encryption, decryption. It needs no program."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from .keys import EvaluationKeys, Keys
from .specs import ClientSpecs
from .types import Integer, describe, type_text
from .value import Value
from .values import as_integers, as_result

_SPECS = "client.specs.json"


class Client:
    """Makes keys, encrypts arguments and decrypts results of a program."""

    def __init__(
        self,
        client_specs: ClientSpecs,
        keyset_cache_directory: str | Path | None = None,
        is_simulated: bool = False,
    ) -> None:
        self.specs = client_specs
        self.is_simulated = is_simulated
        self._keys = Keys(client_specs, keyset_cache_directory)

    def save(self, path: str | Path) -> None:
        """Writes what the client knows of the program; no keys."""
        import zipfile

        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(_SPECS, self.specs.serialize())

    @staticmethod
    def load(path: str | Path, keyset_cache_directory: str | Path | None = None, is_simulated: bool = False) -> Client:
        """The client of a file that `save` wrote."""
        import zipfile

        with zipfile.ZipFile(path) as archive:
            specs = ClientSpecs.deserialize(archive.read(_SPECS))
        return Client(specs, keyset_cache_directory, is_simulated)

    @property
    def keys(self) -> Keys:
        """The keys; `keys.are_generated` says whether there are any yet."""
        return self._keys

    @keys.setter
    def keys(self, new_keys: Keys) -> None:
        if not isinstance(new_keys, Keys):
            raise TypeError(f"keys are made by `keygen` or `fhe.Keys`, not {type(new_keys).__name__}")
        if new_keys.fingerprint != self.specs._spec.fingerprint:
            raise ValueError(
                f"assigned keys were generated for a different circuit: they have fingerprint {new_keys.fingerprint}, "
                f"the program {self.specs._spec.fingerprint}; compile with `keys_of` to share keys"
            )
        self._keys = new_keys

    def keygen(
        self,
        force: bool = False,
        secret_seed: int | None = None,
        encryption_seed: int | None = None,
        initial_keys: Any = None,
    ) -> None:
        """Makes keys unless there are some. Whoever knows a seed other than 0 knows the keys: only for tests."""
        self._keys.generate(force, secret_seed, encryption_seed, initial_keys)

    @property
    def evaluation_keys(self) -> EvaluationKeys:
        """The half of the keys for the server; made now if there are none."""
        return self._keys.evaluation

    def encrypt(self, *args: Any, function_name: str | None = None) -> Any:
        """Encrypts arguments; `None` stands for one that comes later."""
        name = self.specs._function(function_name, "client")
        if self.is_simulated:
            return self.simulate_encrypt(*args, function_name=name)
        arrays = self._checked(name, args)
        encrypted = self.specs._spec.encrypt(name, self._keys._ready(), arrays)
        return one_or_all([None if value is None else Value(value) for value in encrypted])

    def decrypt(self, *results: Any, function_name: str | None = None) -> Any:
        """Decrypts results."""
        name = self.specs._function(function_name, "client")
        if self.is_simulated:
            return self.simulate_decrypt(*results, function_name=name)
        values = flat_values(results)
        for i, value in enumerate(values):
            if not isinstance(value, Value):
                raise ValueError(f"Expected result {i} to be an fhe.Value but it's {type(value).__name__}")
            if value.is_simulated:
                raise ValueError(f"result {i} comes from a simulation, so it is not encrypted; use simulate_decrypt")
        inner = [value.inner for value in values]
        return one_or_all([as_result(result) for result in self.specs._spec.decrypt(name, self._keys._ready(), inner)])

    def simulate_encrypt(self, *args: Any, function_name: str | None = None) -> Any:
        """What `encrypt` is to a simulated server: the arguments, checked."""
        name = self.specs._function(function_name, "client")
        return one_or_all([None if array is None else Value(array) for array in self._checked(name, args)])

    def simulate_decrypt(self, *results: Any, function_name: str | None = None) -> Any:
        """What `decrypt` is to a simulated server."""
        self.specs._function(function_name, "client")
        values = flat_values(results)
        for i, value in enumerate(values):
            if not isinstance(value, Value) or not value.is_simulated:
                raise ValueError(f"Expected result {i} to be an fhe.Value of a simulation but it's {value!r}")
        return one_or_all([as_result(value.inner) for value in values])

    def _checked(self, name: str, args: tuple[Any, ...]) -> list[np.ndarray | None]:
        inputs = self.specs._spec.inputs(name)
        if len(args) != len(inputs):
            raise ValueError(f"Expected {len(inputs)} input{'' if len(inputs) == 1 else 's'} but got {len(args)}")
        return [None if arg is None else checked_argument(i, arg, inputs[i]) for i, arg in enumerate(args)]


def checked_argument(position: int, argument: Any, row: Any) -> np.ndarray:
    """An argument as an array, if it has the type that was compiled for."""
    _, shape, is_encrypted, width, is_signed, (low, high) = row
    array = as_integers(argument)
    fits = array is not None and array.shape == tuple(shape)
    if array is not None and fits and (array.size == 0 or low <= array.min() <= array.max() <= high):
        return array
    status = "Encrypted" if is_encrypted else "Clear"
    # A clear argument travels as 64 bits, whatever its range.
    integer = Integer(is_signed, width) if is_encrypted else Integer.that_can_represent(low, high)
    wanted = type_text(status, str(integer), tuple(shape))
    found = describe(argument, is_encrypted)
    detail = ""
    if fits and array is not None:
        least, greatest = array.min(), array.max()
        found_range = f"is {least}" if least == greatest else f"goes from {least} to {greatest}"
        detail = (
            f" (the program was compiled for {low} to {high}, the argument {found_range}; give an input set that shows "
            "such arguments)"
        )
    raise ValueError(f"Expected argument {position} to be {wanted} but it's {found}{detail}")


def flat_values(values: tuple[Any, ...]) -> list[Any]:
    """Values that may be given one by one or as a tuple or list."""
    return [one for value in values for one in (value if isinstance(value, (tuple, list)) else (value,))]


def one_or_all(values: list[Any]) -> Any:
    """The only one, or a tuple of several."""
    return values[0] if len(values) == 1 else tuple(values)
