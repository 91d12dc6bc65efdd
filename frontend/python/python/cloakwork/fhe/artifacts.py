"""What a compilation leaves behind for whoever looks for the reason of a failure."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .._cloakwork import __version__

if TYPE_CHECKING:
    from .graph import Graph
    from .specs import ClientSpecs

_FOLDER = ".artifacts"


class FunctionDebugArtifacts:
    """Source, parameters and graphs of one function."""

    def __init__(self) -> None:
        self.source_code: str | None = None
        self.parameter_encryption_statuses: dict[str, str] = {}
        self.textual_representations_of_graphs: dict[str, list[str]] = {}
        self.final_graph: Graph | None = None

    def add_source_code(self, function: str | Callable) -> None:
        """Keeps the source of a function, as far as it can be had."""
        if not isinstance(function, str):
            try:
                function = inspect.getsource(function)
            except (OSError, TypeError):
                function = "# source code is not available\n"
        self.source_code = function

    def add_parameter_encryption_status(self, name: str, encryption_status: str) -> None:
        """Keeps whether a parameter is encrypted."""
        self.parameter_encryption_statuses[name] = str(encryption_status)

    def add_graph(self, name: str, graph: Graph) -> None:
        """Keeps a graph as it is now."""
        self.textual_representations_of_graphs.setdefault(name, []).append(graph.format(show_locations=True))
        self.final_graph = graph


class ModuleDebugArtifacts:
    """What is known of the compilation of a module."""

    def __init__(self, function_names: Iterable[str] | None = None, output_directory: str | Path = _FOLDER) -> None:
        self.output_directory = Path(output_directory)
        self.functions: dict[str, FunctionDebugArtifacts] = {}
        for name in function_names or ():
            self.function(name)
        self.mlir_to_compile: str | None = None
        self.client_parameters: bytes | None = None
        self.report: str | None = None

    def function(self, name: str) -> FunctionDebugArtifacts:
        """The artifacts of a function."""
        return self.functions.setdefault(name, FunctionDebugArtifacts())

    def add_mlir_to_compile(self, mlir: str) -> None:
        """Keeps the text of the module."""
        self.mlir_to_compile = mlir

    def add_client_parameters(self, specs: ClientSpecs) -> None:
        """Keeps what clients get."""
        self.client_parameters = specs.serialize()

    def export(self, failure: BaseException | None = None) -> None:
        """Writes everything into the folder; what other files are there stays."""
        folder = self.output_directory
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / "environment.txt", _environment())
        _write(folder / "requirements.txt", _requirements())
        for name, function in self.functions.items():
            if function.source_code is not None:
                _write(folder / f"{name}.txt", function.source_code)
            statuses = function.parameter_encryption_statuses.items()
            if statuses:
                _write(folder / f"{name}.parameters.txt", "\n".join(f"{one} :: {status}" for one, status in statuses))
            texts = [(kind, text) for kind, all in function.textual_representations_of_graphs.items() for text in all]
            for i, (kind, text) in enumerate(texts, start=1):
                _write(folder / f"{name}.{i}.{kind}.graph.txt", text)
        if self.mlir_to_compile is not None:
            _write(folder / "mlir.txt", self.mlir_to_compile)
        if self.client_parameters is not None:
            (folder / "client_parameters.json").write_bytes(self.client_parameters)
        if self.report is not None:
            _write(folder / "report.txt", self.report)
        if failure is not None:
            import traceback

            lines = traceback.format_exception(type(failure), failure, failure.__traceback__)
            _write(folder / "traceback.txt", "".join(lines))


class DebugArtifacts(ModuleDebugArtifacts):
    """What is known of the compilation of a circuit."""

    def __init__(self, output_directory: str | Path = _FOLDER) -> None:
        super().__init__(None, output_directory)


def _write(path: Path, text: str) -> None:
    path.write_text(text if text.endswith("\n") else f"{text}\n", encoding="utf-8")


def _environment() -> str:
    import platform

    return "\n".join(
        [
            f"cloakwork {__version__}",
            f"python {sys.version.split()[0]} ({platform.python_implementation()})",
            f"numpy {np.__version__}",
            f"{platform.platform()} {platform.machine()}",
        ]
    )


def _requirements() -> str:
    """The packages of the running interpreter."""
    from importlib import metadata

    found: dict[str, Any] = {}
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"]
        if name:
            found[name] = distribution.version
    return "\n".join(f"{name}=={found[name]}" for name in sorted(found, key=str.lower))
