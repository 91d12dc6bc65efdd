"""A compiled function: keys, encryption, runs, simulation."""

from __future__ import annotations

import secrets
from typing import Any

from .. import _cloakwork
from .._cloakwork import Keys, Value
from .configuration import Configuration
from .graph import Graph, checked_arguments
from .types import Integer, describe, type_text
from .values import as_integers, as_result


class Keyring:
    """The keys of one client, which all functions of a module share."""

    def __init__(self) -> None:
        self.keys: Keys | None = None


class Circuit:
    """A compiled function. Keys are made when they are first needed."""

    def __init__(
        self,
        graph: Graph,
        compiled: _cloakwork.Circuit,
        configuration: Configuration,
        keyring: Keyring | None = None,
    ) -> None:
        self.graph = graph
        self.configuration = configuration
        self._compiled = compiled
        self._inputs = compiled.inputs()
        self._keyring = keyring or Keyring()

    def __str__(self) -> str:
        return self.graph.format()

    @property
    def mlir(self) -> str:
        """The program in the `fhe` dialect, with the widths that were chosen."""
        return self._compiled.mlir("fhe")

    @property
    def keys(self) -> Keys:
        """The keys, which are made now if there are none."""
        self.keygen()
        assert self._keyring.keys is not None, "made in the line above"
        return self._keyring.keys

    @keys.setter
    def keys(self, keys: Keys) -> None:
        if not isinstance(keys, Keys):
            raise TypeError(f"keys are made by `Circuit.keygen`, not {type(keys).__name__}")
        self._keyring.keys = keys

    def keygen(self, force: bool = False, seed: int | None = None) -> None:
        """Makes keys unless there are some. Whoever knows a seed other than 0 knows the keys."""
        if seed is not None and not 0 <= seed < 2**128:
            raise ValueError("seed must be a positive 128 bits integer")
        if self._keyring.keys is None or force:
            self._keyring.keys = self._compiled.keygen(seed)

    def encrypt(self, *arguments: Any) -> Any:
        """Encrypts arguments; `None` stands for one that comes later."""
        if len(arguments) != len(self._inputs):
            checked_arguments(arguments, [(shape, is_encrypted) for _, shape, is_encrypted, *_ in self._inputs])
        arrays = [None if argument is None else self._checked(i, argument) for i, argument in enumerate(arguments)]
        return _one_or_all(tuple(self._compiled.encrypt(self.keys, arrays)))

    def run(self, *arguments: Any) -> Any:
        """Runs the program on encrypted arguments; clear parameters may be given as they are."""
        values = [
            value for argument in arguments for value in (argument if isinstance(argument, tuple) else (argument,))
        ]
        if len(values) != len(self._inputs):
            raise ValueError(f"Expected {len(self._inputs)} inputs but got {len(values)}")
        for i, value in enumerate(values):
            is_encrypted = self._inputs[i][2]
            if isinstance(value, Value):
                continue
            if is_encrypted or value is None:
                found = "None" if value is None else type(value).__name__
                raise ValueError(f"Expected argument {i} to be an fhe.Value but it's {found}")
            alone = [None] * len(values)
            alone[i] = self._checked(i, value)
            values[i] = self._compiled.encrypt(self.keys, alone)[i]
        return _one_or_all(tuple(self._compiled.run(self.keys, values)))

    def decrypt(self, *results: Any) -> Any:
        """Decrypts results."""
        values = [value for result in results for value in (result if isinstance(result, tuple) else (result,))]
        for i, value in enumerate(values):
            if not isinstance(value, Value):
                raise ValueError(f"Expected result {i} to be an fhe.Value but it's {type(value).__name__}")
        return _one_or_all(tuple(as_result(result) for result in self._compiled.decrypt(self.keys, values)))

    def encrypt_run_decrypt(self, *arguments: Any) -> Any:
        """Encrypts, runs and decrypts."""
        arrays = self._all_checked(arguments)
        return self.decrypt(self.run(*self._compiled.encrypt(self.keys, arrays)))

    def simulate(self, *arguments: Any) -> Any:
        """Runs the machine code without keys, with noise as encryption would bring it."""
        results = self._compiled.simulate(self._all_checked(arguments), secrets.randbits(64))
        return _one_or_all(tuple(as_result(result) for result in results))

    @property
    def p_error(self) -> float:
        """Failure probability of one table lookup, at most."""
        return self._compiled.p_error()

    @property
    def global_p_error(self) -> float:
        """Failure probability of a run, at most."""
        return self._compiled.global_p_error()

    @property
    def programmable_bootstrap_count(self) -> int:
        """Table lookups of one run."""
        return self._compiled.counts()[0]

    @property
    def key_switch_count(self) -> int:
        """Keyswitches of one run."""
        return self._compiled.counts()[1]

    @property
    def size_of_inputs(self) -> int:
        """Bytes of all encrypted arguments."""
        return self._compiled.sizes()[0]

    @property
    def size_of_outputs(self) -> int:
        """Bytes of all encrypted results."""
        return self._compiled.sizes()[1]

    @property
    def statistics(self) -> dict[str, int | float]:
        """All figures by name."""
        return {name: getattr(self, name) for name in _STATISTICS}

    def _all_checked(self, arguments: tuple[Any, ...]) -> list[Any]:
        if len(arguments) != len(self._inputs):
            checked_arguments(arguments, [(shape, is_encrypted) for _, shape, is_encrypted, *_ in self._inputs])
        return [self._checked(i, argument) for i, argument in enumerate(arguments)]

    def _checked(self, position: int, argument: Any) -> Any:
        """An argument as an array, if it has the type that was compiled for."""
        _, shape, is_encrypted, width, is_signed, (low, high) = self._inputs[position]
        array = as_integers(argument)
        fits = array is not None and array.shape == tuple(shape)
        if fits and (not is_encrypted or array.size == 0 or low <= array.min() <= array.max() <= high):
            return array
        status = "Encrypted" if is_encrypted else "Clear"
        wanted = type_text(status, str(Integer(is_signed, width)), tuple(shape))
        found = describe(argument, is_encrypted)
        detail = (
            f" (its input set goes from {low} to {high}, the argument from {array.min()} to {array.max()})"
            if fits
            else ""
        )
        raise ValueError(f"Expected argument {position} to be {wanted} but it's {found}{detail}")


_STATISTICS = (
    "size_of_inputs",
    "size_of_outputs",
    "p_error",
    "global_p_error",
    "programmable_bootstrap_count",
    "key_switch_count",
)


def _one_or_all(values: tuple[Any, ...]) -> Any:
    return values[0] if len(values) == 1 else values
