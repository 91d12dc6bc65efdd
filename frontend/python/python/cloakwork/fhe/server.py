"""The server's half: runs a program with evaluation keys. It never sees a secret key."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .. import _cloakwork
from .client import checked_argument, flat_values, one_or_all
from .configuration import Configuration
from .keys import EvaluationKeys
from .progress import bar
from .specs import ClientSpecs
from .statistics import FunctionStatistics, KeySizes
from .value import Value

# The label of artifacts whose server simulates.
_SIMULATED = "simulated"


class Server:
    """Runs the functions of a program. What `save` writes runs on every processor: it is compiled when loaded."""

    def __init__(
        self,
        functions: list[_cloakwork.Circuit],
        is_simulated: bool = False,
        configuration: Configuration | None = None,
    ) -> None:
        self._functions = {function.name: function for function in functions}
        self._specs = ClientSpecs(functions[0].spec())
        self.is_simulated = is_simulated
        self._configuration = configuration or Configuration()
        # The file that it was loaded from.
        self._artifact: bytes | None = None

    @staticmethod
    def create(
        mlir: str, configuration: Configuration | None = None, is_simulated: bool = False, **ignored: Any
    ) -> Server:
        """A server from the text of a module in the `fhe` or `tfhe` dialect."""
        for name, value in ignored.items():
            if value is not None:
                raise TypeError(f"'{name}' has no meaning here: the module's text says everything; leave it out")
        configuration = configuration or Configuration()
        functions = _cloakwork.compile_text(mlir, "server", configuration.wishes)
        return Server(functions, is_simulated, configuration)

    def save(self, path: str | Path, via_mlir: bool = False) -> None:
        """Writes an artifact. `via_mlir` makes no difference: the portable program is always in it."""
        del via_mlir
        if self._artifact is not None:
            _cloakwork.write_artifact(Path(path), self._artifact)
            return
        self._any().save(Path(path), {_SIMULATED: "true"} if self.is_simulated else {})

    @staticmethod
    def load(path: str | Path, **configuration: Any) -> Server:
        """The server of an artifact with a portable program, such as `save` and `cloakwork compile --with-ir` write."""
        if configuration:
            names = ", ".join(configuration)
            raise ValueError(f"the parameters of a saved program are fixed, so {names} cannot change; compile again")
        functions, spec, labels, file = _cloakwork.load_artifact(Path(path))
        server = Server(functions, labels.get(_SIMULATED) == "true")
        # What the compiler claimed of failures it knew from the whole compilation.
        server._specs = ClientSpecs(spec)
        server._artifact = file
        return server

    def run(self, *args: Any, evaluation_keys: EvaluationKeys | None = None, function_name: str | None = None) -> Any:
        """Runs a function on encrypted arguments; clear parameters may be given as they are."""
        name = self._specs._function(function_name, "server")
        function, inputs = self._functions[name], self._specs._spec.inputs(name)
        values = flat_values(args)
        if len(values) != len(inputs):
            raise ValueError(f"Expected {len(inputs)} input{'' if len(inputs) == 1 else 's'} but got {len(values)}")
        values = [self._argument(i, value, row) for i, (value, row) in enumerate(zip(values, inputs))]
        if self.is_simulated:
            arrays = [np.asarray(value.inner) for value in values]
            complains = self._configuration.detect_overflow_in_simulation
            return one_or_all([Value(np.asarray(result)) for result in simulated(function, arrays, complains)])
        if evaluation_keys is None:
            raise RuntimeError("Expected evaluation keys to be provided when not in simulation mode")
        if not isinstance(evaluation_keys, EvaluationKeys):
            raise TypeError(f"evaluation keys are `keys.evaluation`, not {type(evaluation_keys).__name__}")
        threads = None if self._configuration.loop_parallelize else 1
        inner = [value.inner for value in values if isinstance(value.inner, _cloakwork.Value)]
        results = function.run(evaluation_keys.server_keyset, inner, threads, self._progress(function))
        return one_or_all([Value(result) for result in results])

    def _argument(self, position: int, value: Any, row: Any) -> Value:
        is_encrypted = row[2]
        if isinstance(value, Value):
            if value.is_simulated != self.is_simulated:
                kinds = ("encrypted", "simulated")
                raise ValueError(
                    f"argument {position} is {kinds[value.is_simulated]}, the server works on "
                    f"{kinds[self.is_simulated]} values; encrypt it with a client of the same kind"
                )
            return value
        if is_encrypted or value is None:
            found = "None" if value is None else type(value).__name__
            raise ValueError(f"Expected argument {position} to be an fhe.Value but it's {found}")
        array = checked_argument(position, value, row)
        return Value(array) if self.is_simulated else Value(_cloakwork.Value.clear(array))

    def _progress(self, function: _cloakwork.Circuit) -> Callable[[int], None] | None:
        """A bar over the lookups of a run, if it is wished for."""
        if not self._configuration.show_progress or function.bootstraps() == 0:
            return None
        title = f"{self._configuration.progress_title or function.name} "
        return bar(title, function.bootstraps(), is_wished=True)

    def cleanup(self) -> None:
        """Nothing is left behind; there for programs that call it."""

    @property
    def client_specs(self) -> ClientSpecs:
        """What a client needs."""
        return self._specs

    @property
    def program_info(self) -> Any:
        """The description of the program as plain data."""
        return self._specs.program_info

    @property
    def p_error(self) -> float:
        """Failure probability of one table lookup or result, at most."""
        return self._specs._spec.module_error()[0]

    @property
    def global_p_error(self) -> float:
        """Failure probability of one run of every function, at most."""
        return self._specs._spec.module_error()[1]

    @property
    def complexity(self) -> float:
        """Predicted nanoseconds of one run of every function on one thread."""
        return complexity(self._any())

    @property
    def size_of_secret_keys(self) -> int:
        """Bytes of the secret keys."""
        return KeySizes.of(self._specs).secret

    @property
    def size_of_bootstrap_keys(self) -> int:
        """Bytes of the bootstrap keys as they travel."""
        return KeySizes.of(self._specs).bootstrap

    @property
    def size_of_keyswitch_keys(self) -> int:
        """Bytes of the keyswitch keys as they travel."""
        return KeySizes.of(self._specs).keyswitch

    def size_of_inputs(self, function: str | None = None) -> int:
        """Bytes of all arguments of a function."""
        return self._specs._spec.sizes(self._specs._function(function, "server"))[0]

    def size_of_outputs(self, function: str | None = None) -> int:
        """Bytes of all results of a function."""
        return self._specs._spec.sizes(self._specs._function(function, "server"))[1]

    def memory_usage_per_location(self, function: str | None = None) -> dict[str, int]:
        """Bytes of the ciphertexts that each place computes."""
        return dict(self._functions[self._specs._function(function, "server")].memory())

    def __getattr__(self, name: str) -> Any:
        """`programmable_bootstrap_count(function)` and the like."""
        if name.startswith("_") or not FunctionStatistics.has(name):
            raise AttributeError(f"'Server' has no attribute '{name}'")

        def figure(function: str | None = None) -> Any:
            own = self._functions[self._specs._function(function, "server")]
            return getattr(FunctionStatistics(own, self._specs), name)

        return figure

    def _any(self) -> _cloakwork.Circuit:
        return next(iter(self._functions.values()))


def simulated(function: _cloakwork.Circuit, arguments: list[np.ndarray], complains: bool) -> list[np.ndarray]:
    """The results of the machine code on phases with noise; warns of overflows if that is wished for."""
    results, outside = function.simulate(arguments, int.from_bytes(os.urandom(8), "little"))
    if complains and outside:
        warnings.warn(
            f"{outside} lookups of '{function.name}' were of values outside of their width: an overflow, or noise; "
            "widen the input set or lower p_error",
            RuntimeWarning,
            stacklevel=4,
        )
    return results


def complexity(function: _cloakwork.Circuit) -> float:
    """Predicted nanoseconds of one run of every function on one thread; NaN for keys without known costs."""
    seconds = function.predicted_seconds()
    return float("nan") if seconds is None else seconds * 1e9
