"""A compiled function of a module."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import _cloakwork
from .client import flat_values, one_or_all
from .configuration import Configuration
from .graph import Graph
from .server import simulated
from .statistics import FunctionStatistics, UnprovenBounds
from .values import as_result

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

    from .compiled import Compiled


class Function:
    """A compiled function. Calling it computes in the clear."""

    def __init__(self, module: Compiled, graph: Graph, compiled: _cloakwork.Circuit) -> None:
        self._module = module
        self._compiled = compiled
        self.graph = graph
        graph._widths = compiled.widths()

    @property
    def name(self) -> str:
        """Name of the function."""
        return self.graph.name

    @property
    def configuration(self) -> Configuration:
        """What it was compiled with."""
        return self._module.configuration

    def __call__(self, *args: Any) -> Any:
        """The results in the clear, by the exact meaning of the program."""
        return self.graph(*args)

    def simulate(self, *args: Any) -> Any:
        """Runs the machine code without keys, with noise as encryption would bring it."""
        client = self._module.client
        arrays = client._checked(self.name, args)
        for i, array in enumerate(arrays):
            if array is None:
                raise ValueError(f"Expected argument {i} to be an integer or an array of integers but it's None")
        complains = self.configuration.detect_overflow_in_simulation
        results = simulated(self._compiled, [array for array in arrays if array is not None], complains)
        return one_or_all([as_result(result) for result in results])

    def encrypt(self, *args: Any) -> Any:
        """Encrypts arguments; `None` stands for one that comes later."""
        return self._module.client.encrypt(*args, function_name=self.name)

    def run(self, *args: Any) -> Any:
        """Runs on encrypted arguments; gives a future if the configuration has `auto_schedule_run`."""
        return self.run_async(*args) if self.configuration.auto_schedule_run else self.run_sync(*args)

    def run_sync(self, *args: Any) -> Any:
        """Runs on encrypted arguments, which may be futures of other runs."""
        values = [one for value in flat_values(args) for one in flat_values((_settled(value),))]
        client = self._module.client
        keys = None if self._module.server.is_simulated else client.evaluation_keys
        return self._module.server.run(*values, evaluation_keys=keys, function_name=self.name)

    def run_async(self, *args: Any) -> Future:
        """Runs in the background; the future may be an argument of other runs, and of `decrypt`."""
        return self._module._pool().submit(self.run_sync, *args)

    def decrypt(self, *results: Any) -> Any:
        """Decrypts results, which may be futures."""
        settled = [_settled(result) for result in flat_values(results)]
        return self._module.client.decrypt(*settled, function_name=self.name)

    def encrypt_run_decrypt(self, *args: Any) -> Any:
        """Encrypts, runs and decrypts."""
        return self.decrypt(self.run_sync(*_as_tuple(self.encrypt(*args))))

    def draw(self, *, horizontal: bool = False, save_to: str | Path | None = None, show: bool = False) -> Path:
        """Draws the graph as SVG."""
        return self.graph.draw(horizontal=horizontal, save_to=save_to, show=show)

    def __str__(self) -> str:
        return self.graph.format()

    def __repr__(self) -> str:
        return f"FheFunction(name={self.name})"

    @property
    def p_error(self) -> float:
        """Failure probability of one table lookup or result, at most."""
        return self._module._spec.error(self.name)[0]

    @property
    def global_p_error(self) -> float:
        """Failure probability of a run, at most."""
        return self._module._spec.error(self.name)[1]

    @property
    def size_of_inputs(self) -> int:
        """Bytes of all arguments."""
        return self._module._spec.sizes(self.name)[0]

    @property
    def size_of_outputs(self) -> int:
        """Bytes of all results."""
        return self._module._spec.sizes(self.name)[1]

    @property
    def memory_usage_per_location(self) -> dict[str, int]:
        """Bytes of the ciphertexts that each place computes."""
        return dict(self._compiled.memory())

    @property
    def unproven_bounds(self) -> list[UnprovenBounds]:
        """Values that arguments within their ranges may lead out of the ranges that the input set showed."""
        return [UnprovenBounds(*row) for row in self._compiled.unproven()]

    @property
    def statistics(self) -> dict[str, Any]:
        """All figures by name."""
        sizes = {"size_of_inputs": self.size_of_inputs, "size_of_outputs": self.size_of_outputs}
        return {**sizes, **self._figures().all()}

    def __getattr__(self, name: str) -> Any:
        """`programmable_bootstrap_count` and the like."""
        if name.startswith("_") or not FunctionStatistics.has(name):
            raise AttributeError(f"'{type(self).__name__}' has no attribute '{name}'")
        return getattr(self._figures(), name)

    def _figures(self) -> FunctionStatistics:
        return FunctionStatistics(self._compiled, self._module.client.specs)


def _settled(value: Any) -> Any:
    """What a future of a run becomes; other values are what they are."""
    return value.result() if hasattr(value, "result") and hasattr(value, "add_done_callback") else value


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def pool() -> ThreadPoolExecutor:
    """Threads for runs in the background. A run waits only for runs that were submitted before it."""
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(thread_name_prefix="cloakwork")
