"""A compiled program of one function."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path
from typing import Any

from .compiled import Compiled
from .functions import Function
from .graph import Graph
from .statistics import UnprovenBounds


class Circuit(Compiled):
    """A compiled function: keys, encryption, runs, simulation, figures. Keys are made when they are first needed."""

    @property
    def function(self) -> Function:
        """The same as the function of a module."""
        (function,) = self._functions.values()
        return function

    def __str__(self) -> str:
        return self.graph.format()

    @property
    def graph(self) -> Graph:
        """What was traced. Calling it computes in the clear."""
        return self.function.graph

    @property
    def mlir_module(self) -> str:
        """The same as `mlir`: modules are text here."""
        return self.mlir

    @property
    def compilation_context(self) -> None:
        """There is none: a module's text says everything."""
        return None

    def enable_fhe_simulation(self) -> None:
        """Nothing to do: simulation is always there."""

    def enable_fhe_execution(self) -> None:
        """Nothing to do: execution is always there."""

    def simulate(self, *args: Any) -> Any:
        """Runs the machine code without keys, with noise as encryption would bring it."""
        return self.function.simulate(*args)

    def encrypt(self, *args: Any) -> Any:
        """Encrypts arguments; `None` stands for one that comes later."""
        return self.function.encrypt(*args)

    def run(self, *args: Any) -> Any:
        """Runs the program on encrypted arguments; clear parameters may be given as they are."""
        return self.function.run_sync(*args)

    def decrypt(self, *results: Any) -> Any:
        """Decrypts results."""
        return self.function.decrypt(*results)

    def run_async(self, *args: Any) -> Future:
        """Runs in the background; the future may be an argument of other runs, and of `decrypt`."""
        return self.function.run_async(*args)

    def encrypt_run_decrypt(self, *args: Any) -> Any:
        """Encrypts, runs and decrypts."""
        return self.function.encrypt_run_decrypt(*args)

    def draw(self, *, horizontal: bool = False, save_to: str | Path | None = None, show: bool = False) -> Path:
        """Draws the graph as SVG."""
        return self.graph.draw(horizontal=horizontal, save_to=save_to, show=show)

    @property
    def unproven_bounds(self) -> list[UnprovenBounds]:
        """Values that arguments within their ranges may lead out of the ranges that the input set showed."""
        return self.function.unproven_bounds

    @property
    def statistics(self) -> dict[str, Any]:
        """All figures by name."""
        return {**self._figures(), **self.function.statistics}

    def __getattr__(self, name: str) -> Any:
        """Figures of the function."""
        if name.startswith("_"):
            raise AttributeError(f"'Circuit' has no attribute '{name}'")
        if name in ("size_of_inputs", "size_of_outputs", "memory_usage_per_location"):
            return getattr(self.function, name)
        try:
            return getattr(self.function._figures(), name)
        except AttributeError:
            raise AttributeError(f"'Circuit' has no attribute '{name}'") from None
