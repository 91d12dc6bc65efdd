"""From a Python function and an input set to a circuit."""

from __future__ import annotations

import functools
import inspect
import shutil
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any

import numpy as np

from .._cloakwork import OpGraph
from .circuit import Circuit
from .configuration import Configuration
from .graph import Graph
from .source import current_tag
from .tracing import Tracer, node_of
from .types import describe, type_text
from .values import as_integers


class EncryptionStatus(str, Enum):
    """Whether a parameter is encrypted."""

    CLEAR = "clear"
    ENCRYPTED = "encrypted"


Statuses = Mapping[str, str | EncryptionStatus]


def compiler(parameters: Statuses) -> Callable[[Callable], Compilable]:
    """Makes a function compilable: `@fhe.compiler({"x": "encrypted", "y": "clear"})`."""
    return lambda function: Compilable(function, parameters)


class Compiler:
    """A function on its way to a circuit. Calling it computes in the clear and remembers the arguments."""

    def __init__(self, function: Callable, parameter_encryption_statuses: Statuses) -> None:
        self.function = function
        self.parameters = _checked_statuses(function, parameter_encryption_statuses)
        self._samples: list[list[np.ndarray]] = []
        self._graph: OpGraph | None = None

    def __call__(self, *arguments: Any, **kwargs: Any) -> Any:
        if kwargs:
            raise RuntimeError(f"Calling function '{self._name}' with kwargs is not supported")
        self._samples.append(self._sample(len(self._samples), arguments))
        return self.function(*arguments)

    def trace(
        self,
        inputset: Iterable[Any] | None = None,
        configuration: Configuration | None = None,
        **options: Any,
    ) -> Graph:
        """The function as a graph, with the ranges that the input set shows."""
        configuration = _configured(configuration, options)
        graph = self._measured(inputset, "Tracing")
        if configuration.shows("graph"):
            _show(f"Computation Graph for {self._name}", graph.format())
        return graph

    def compile(
        self,
        inputset: Iterable[Any] | None = None,
        configuration: Configuration | None = None,
        **options: Any,
    ) -> Circuit:
        """The function as a circuit for inputs like those of the input set."""
        configuration = _configured(configuration, options)
        graph = self._measured(inputset, "Compiling")
        if configuration.shows("graph"):
            _show(f"Computation Graph for {self._name}", graph.format())
        compiled = graph._graph.compile(self._samples, configuration.wishes)
        circuit = Circuit(graph, compiled, configuration)
        if configuration.shows("mlir"):
            _show("MLIR", circuit.mlir)
        if configuration.shows("optimizer"):
            _show("Optimizer", compiled.report())
        if configuration.shows("statistics"):
            _show("Statistics", "\n".join(f"{name}: {value}" for name, value in circuit.statistics.items()))
        return circuit

    def reset(self) -> None:
        """Forgets the input set and the graph."""
        self._samples, self._graph = [], None

    @property
    def _name(self) -> str:
        return self.function.__name__

    def _measured(self, inputset: Iterable[Any] | None, action: str) -> Graph:
        """Traces the function and measures its ranges on every sample so far."""
        for sample in () if inputset is None else inputset:
            arguments = sample if isinstance(sample, tuple) else (sample,)
            self._samples.append(self._sample(len(self._samples), arguments))
        if not self._samples:
            raise RuntimeError(f"{action} function '{self._name}' without an inputset is not supported")
        graph = self._trace()
        graph.measure(self._samples)
        return Graph(graph)

    def _sample(self, position: int, arguments: tuple[Any, ...]) -> list[np.ndarray]:
        """The arguments of one call as arrays, if they are like those of the first."""
        arrays = [as_integers(argument) for argument in arguments]
        shapes = [array.shape for array in self._samples[0]] if self._samples else [None] * len(self.parameters)
        fits = len(arrays) == len(shapes) and all(
            array is not None and shape in (None, array.shape) for array, shape in zip(arrays, shapes)
        )
        if fits:
            return arrays  # type: ignore[return-value]
        statuses = self.parameters.values()
        wanted = ", ".join(_wanted(status, shape) for status, shape in zip(statuses, shapes))
        found = ", ".join(map(describe, arguments))
        raise ValueError(f"Input #{position} of your inputset is not well formed (expected {wanted} got {found})")

    def _trace(self) -> OpGraph:
        """Runs the function once on traced values."""
        graph = OpGraph(self._name)
        code = getattr(self.function, "__code__", None)
        file, line = (code.co_filename, code.co_firstlineno) if code else (None, 0)
        graph.set_place(file, line, 0, current_tag())
        arguments = []
        for (name, status), example in zip(self.parameters.items(), self._samples[0]):
            node = graph.input(name, list(example.shape), status == EncryptionStatus.ENCRYPTED)
            arguments.append(Tracer(graph, node))
        returned = self.function(*arguments)
        results = returned if isinstance(returned, tuple) else (returned,)
        try:
            nodes = [node_of(graph, value) for value in results]
        except ValueError:
            nodes = []
        if not nodes:
            raise ValueError(f"Function '{self._name}' returned '{returned}', which is not supported")
        for node in nodes:
            graph.output(node)
        self._graph = graph
        return graph


class Compilable(Compiler):
    """What `@fhe.compiler` makes of a function."""

    def __init__(self, function: Callable, parameters: Statuses) -> None:
        super().__init__(function, parameters)
        functools.update_wrapper(self, function, updated=())


def _wanted(status: EncryptionStatus, shape: tuple[int, ...] | None) -> str:
    text = "Encrypted" if status == EncryptionStatus.ENCRYPTED else "Clear"
    return f"{text} integers" if shape is None else type_text(text, "integer", shape)


def _configured(configuration: Configuration | None, options: dict[str, Any]) -> Configuration:
    return (configuration or Configuration()).fork(**options)


def _checked_statuses(function: Callable, statuses: Statuses) -> dict[str, EncryptionStatus]:
    """The status of every parameter, in their order."""
    name = getattr(function, "__name__", repr(function))
    parameters = list(inspect.signature(function).parameters)
    missing = [parameter for parameter in parameters if parameter not in statuses]
    unknown = [parameter for parameter in statuses if parameter not in parameters]
    if missing:
        what = "statuses of parameters" if len(missing) > 1 else "status of parameter"
        verb = "are" if len(missing) > 1 else "is"
        raise ValueError(f"Encryption {what} {_listed(missing)} of function '{name}' {verb} not provided")
    if unknown:
        many = len(unknown) > 1
        what, verb, those = ("statuses", "are", "they are") if many else ("status", "is", "it is")
        raise ValueError(
            f"Encryption {what} of {_listed(unknown)} {verb} provided but {those} not a parameter of function '{name}'"
        )
    result = {}
    for parameter in parameters:
        status = statuses[parameter]
        try:
            result[parameter] = EncryptionStatus(status.lower() if isinstance(status, str) else status)
        except ValueError:
            raise ValueError(f"{status!r} is not a valid 'EncryptionStatus' (clear, encrypted)") from None
    return result


def _listed(names: list[str]) -> str:
    quoted = [f"'{name}'" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def _show(title: str, body: str) -> None:
    line = "-" * shutil.get_terminal_size((80, 24)).columns
    print(f"\n{title}\n{line}\n{body.rstrip()}\n{line}")
