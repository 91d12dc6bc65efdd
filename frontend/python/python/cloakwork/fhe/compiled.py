"""What circuits and modules have alike: functions that were compiled together, and the keys of one client for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import _cloakwork
from .client import Client
from .configuration import Configuration
from .functions import Function, pool
from .graph import Graph
from .keys import Keys
from .server import Server, complexity
from .statistics import KeySizes

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor


class Compiled:
    """Compiled functions whose keys are one set, made when first needed."""

    def __init__(self, graphs: list[Graph], compiled: list[_cloakwork.Circuit], configuration: Configuration) -> None:
        self.configuration = configuration
        self._compiled = compiled
        self._spec = compiled[0].spec()
        is_simulated = configuration.simulate_encrypt_run_decrypt
        self.server = Server(compiled, is_simulated, configuration)
        self.client = Client(self.server.client_specs, is_simulated=is_simulated)
        self._functions = {graph.name: Function(self, graph, one) for graph, one in zip(graphs, compiled)}
        self._threads: ThreadPoolExecutor | None = None

    @property
    def mlir(self) -> str:
        """The program in the `fhe` dialect, with the widths that were chosen."""
        return self._compiled[0].mlir("fhe")

    @property
    def keys(self) -> Keys:
        """The keys of all functions; `keys.are_generated` says whether there are any yet."""
        return self.client.keys

    @keys.setter
    def keys(self, new_keys: Keys) -> None:
        self.client.keys = new_keys

    def keygen(
        self,
        force: bool = False,
        seed: int | None = None,
        encryption_seed: int | None = None,
        initial_keys: Any = None,
    ) -> None:
        """Makes keys unless there are some. Whoever knows a seed other than 0 knows the keys: only for tests."""
        self.client.keygen(force, seed, encryption_seed, initial_keys)

    @property
    def simulator(self) -> Server:
        """A server that computes on values of a simulated client."""
        return Server(self._compiled, True, self.configuration)

    def cleanup(self) -> None:
        """Ends the threads of runs in the background."""
        if self._threads is not None:
            self._threads.shutdown()
            self._threads = None

    @property
    def p_error(self) -> float:
        """Failure probability of one table lookup or result, at most."""
        return self.server.p_error

    @property
    def global_p_error(self) -> float:
        """Failure probability of one run of every function, at most."""
        return self.server.global_p_error

    @property
    def complexity(self) -> float:
        """Predicted nanoseconds of one run of every function on one thread."""
        return complexity(self._compiled[0])

    @property
    def size_of_secret_keys(self) -> int:
        """Bytes of the secret keys."""
        return KeySizes.of(self.client.specs).secret

    @property
    def size_of_bootstrap_keys(self) -> int:
        """Bytes of the bootstrap keys as they travel."""
        return KeySizes.of(self.client.specs).bootstrap

    @property
    def size_of_keyswitch_keys(self) -> int:
        """Bytes of the keyswitch keys as they travel."""
        return KeySizes.of(self.client.specs).keyswitch

    @property
    def report(self) -> str:
        """What the compiler decided: parameters, ranges, counts, times."""
        return self._compiled[0].report()

    @property
    def refreshed_results(self) -> list[str]:
        """Results that are looked up before they are fed back, since their noise would grow from run to run."""
        return self._compiled[0].refreshed()

    def _figures(self) -> dict[str, Any]:
        """Those of the whole."""
        return {
            "size_of_secret_keys": self.size_of_secret_keys,
            "size_of_bootstrap_keys": self.size_of_bootstrap_keys,
            "size_of_keyswitch_keys": self.size_of_keyswitch_keys,
            "p_error": self.p_error,
            "global_p_error": self.global_p_error,
            "complexity": self.complexity,
        }

    def _figures_by_function(self) -> dict[str, Any]:
        """Those of the whole, and of each function under its name."""
        functions = {name: function.statistics for name, function in self._functions.items()}
        return {**self._figures(), "functions": functions}

    def _pool(self) -> ThreadPoolExecutor:
        if self._threads is None:
            self._threads = pool()
        return self._threads
