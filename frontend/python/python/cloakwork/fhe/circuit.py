"""A compiled program of one function."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .. import _cloakwork
from .client import Client
from .configuration import Configuration
from .functions import Function
from .graph import Graph
from .keys import Keys
from .module import Module
from .server import Server
from .statistics import UnprovenBounds

_OF_MODULE = (
    "size_of_secret_keys",
    "size_of_bootstrap_keys",
    "size_of_keyswitch_keys",
    "p_error",
    "global_p_error",
    "complexity",
)


class Circuit:
    """A compiled function: keys, encryption, runs, simulation, figures. Keys are made when they are first needed."""

    def __init__(self, module: Module) -> None:
        (self._function,) = module.functions().values()
        self._module = module

    @property
    def _compiled(self) -> _cloakwork.Circuit:
        return self._function._compiled

    @property
    def function(self) -> Function:
        """The same as the function of a module."""
        return self._function

    def __str__(self) -> str:
        return self.graph.format()

    @property
    def graph(self) -> Graph:
        """What was traced. Calling it computes in the clear."""
        return self._function.graph

    @property
    def configuration(self) -> Configuration:
        """What it was compiled with."""
        return self._module.configuration

    @property
    def mlir(self) -> str:
        """The program in the `fhe` dialect, with the widths that were chosen."""
        return self._module.mlir

    @property
    def mlir_module(self) -> str:
        """The same as `mlir`: modules are text here."""
        return self._module.mlir

    @property
    def compilation_context(self) -> None:
        """There is none: a module's text says everything."""
        return None

    @property
    def report(self) -> str:
        """What the compiler decided: parameters, ranges, counts, times."""
        return self._module.report

    @property
    def client(self) -> Client:
        """The client's half."""
        return self._module.client

    @property
    def server(self) -> Server:
        """The server's half."""
        return self._module.server

    @property
    def simulator(self) -> Server:
        """A server that computes on values of a simulated client."""
        return self._module.simulator

    def enable_fhe_simulation(self) -> None:
        """Nothing to do: simulation is always there."""

    def enable_fhe_execution(self) -> None:
        """Nothing to do: execution is always there."""

    @property
    def keys(self) -> Keys:
        """The keys; `keys.are_generated` says whether there are any yet."""
        return self._module.keys

    @keys.setter
    def keys(self, new_keys: Keys) -> None:
        self._module.keys = new_keys

    def keygen(
        self,
        force: bool = False,
        seed: int | None = None,
        encryption_seed: int | None = None,
        initial_keys: Any = None,
    ) -> None:
        """Makes keys unless there are some. Whoever knows a seed other than 0 knows the keys: only for tests."""
        self._module.keygen(force, seed, encryption_seed, initial_keys)

    def simulate(self, *args: Any) -> Any:
        """Runs the machine code without keys, with noise as encryption would bring it."""
        return self._function.simulate(*args)

    def encrypt(self, *args: Any) -> Any:
        """Encrypts arguments; `None` stands for one that comes later."""
        return self._function.encrypt(*args)

    def run(self, *args: Any) -> Any:
        """Runs the program on encrypted arguments; clear parameters may be given as they are."""
        return self._function.run_sync(*args)

    def decrypt(self, *results: Any) -> Any:
        """Decrypts results."""
        return self._function.decrypt(*results)

    def encrypt_run_decrypt(self, *args: Any) -> Any:
        """Encrypts, runs and decrypts."""
        return self._function.encrypt_run_decrypt(*args)

    def draw(self, *, horizontal: bool = False, save_to: str | Path | None = None, show: bool = False) -> Path:
        """Draws the graph as SVG."""
        return self.graph.draw(horizontal=horizontal, save_to=save_to, show=show)

    def cleanup(self) -> None:
        """Ends the threads of runs in the background."""
        self._module.cleanup()

    @property
    def unproven_bounds(self) -> list[UnprovenBounds]:
        """Values that arguments within their ranges may lead out of the ranges that the input set showed."""
        return self._function.unproven_bounds

    @property
    def refreshed_results(self) -> list[str]:
        """Results that are looked up before they are fed back, since their noise would grow from run to run."""
        return self._module.refreshed_results

    @property
    def statistics(self) -> dict[str, Any]:
        """All figures by name."""
        return {**{name: getattr(self._module, name) for name in _OF_MODULE}, **self._function.statistics}

    def __getattr__(self, name: str) -> Any:
        """Figures of the module and of the function."""
        if name.startswith("_"):
            raise AttributeError(f"'Circuit' has no attribute '{name}'")
        if name in _OF_MODULE:
            return getattr(self._module, name)
        if name in ("size_of_inputs", "size_of_outputs", "memory_usage_per_location"):
            return getattr(self._function, name)
        try:
            return getattr(self._function._figures(), name)
        except AttributeError:
            raise AttributeError(f"'Circuit' has no attribute '{name}'") from None
