"""Compiled functions under the keys of one client."""

from __future__ import annotations

from typing import Any

from .client import Client
from .compiled import Compiled
from .functions import Function
from .server import Server


class Runtime:
    """A half of a module's run time. It is always there: compiling makes code for runs and for simulations at once."""

    def __init__(self, client: Client, server: Server) -> None:
        self.client = client
        self.server = server

    @property
    def initialized(self) -> bool:
        """Whether it is ready."""
        return True

    def init(self) -> None:
        """Makes it ready, which it is."""

    @property
    def val(self) -> Runtime:
        """Client and server."""
        return self


class Module(Compiled):
    """Compiled functions, each an attribute. Their keys are one set, made when first needed."""

    def functions(self) -> dict[str, Function]:
        """The functions by name."""
        return dict(self._functions)

    @property
    def function_count(self) -> int:
        """Number of functions."""
        return len(self._functions)

    def __getattr__(self, name: str) -> Function:
        functions = self.__dict__.get("_functions", {})
        if name in functions:
            return functions[name]
        raise AttributeError(f"No attribute {name}: the module has the functions {', '.join(functions)}")

    def __str__(self) -> str:
        return "\n\n".join(f"{name}\n{function}" for name, function in self._functions.items())

    @property
    def execution_runtime(self) -> Runtime:
        """Client and server for encrypted values."""
        return Runtime(Client(self.server.client_specs), Server(self._compiled, False, self.configuration))

    @property
    def simulation_runtime(self) -> Runtime:
        """Client and server of a simulation."""
        return Runtime(Client(self.server.client_specs, is_simulated=True), self.simulator)

    @property
    def statistics(self) -> dict[str, Any]:
        """All figures by name."""
        return self._figures_by_function()
