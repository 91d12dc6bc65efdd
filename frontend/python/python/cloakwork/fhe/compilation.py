"""From a Python function and an input set, or from types, to a circuit."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from .._cloakwork import OpGraph
from .artifacts import ModuleDebugArtifacts
from .build import built
from .circuit import Circuit
from .composition import AllComposable, CompositionPolicy, NotComposable
from .configuration import Configuration, activated
from .graph import Graph
from .progress import bar
from .sections import show_traced
from .source import current_tag
from .strategies import EncryptionStatus
from .tracing import Tracer, node_of, tracing
from .types import Integer, Tensor, describe, type_text
from .value_description import ValueDescription
from .values import as_integers

Statuses = Mapping[str, "str | EncryptionStatus"]


def compiler(parameters: Statuses) -> Callable[[Callable], Compilable]:
    """Makes a function compilable: `@fhe.compiler({"x": "encrypted", "y": "clear"})`."""
    return lambda function: Compilable(function, parameters)


def circuit(
    parameters: Statuses,
    configuration: Configuration | None = None,
    artifacts: ModuleDebugArtifacts | None = None,
    **kwargs: Any,
) -> Callable[[Callable], Circuit]:
    """Compiles a function for the types of its annotations: `def f(x: fhe.uint4, y: fhe.tensor[fhe.int3, 2])`."""

    def decorated(function: Callable) -> Circuit:
        statuses = checked_statuses(function, parameters)
        hints = inspect.signature(function, eval_str=True).parameters
        values = {
            name: ValueDescription.of_type(_annotation(name, hints[name].annotation), status == "encrypted")
            for name, status in statuses.items()
        }
        return Compiler.assemble(function, values, configuration, artifacts, **kwargs)

    return decorated


class Compiler:
    """A function on its way to a circuit. Calling it computes in the clear and remembers the arguments."""

    def __init__(
        self,
        function: Callable,
        parameter_encryption_statuses: Statuses,
        composition: CompositionPolicy | None = None,
    ) -> None:
        self.function = function
        self.parameters = checked_statuses(function, parameter_encryption_statuses)
        self.composition = composition
        self._samples: list[list[np.ndarray]] = []
        self._graph: OpGraph | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if kwargs:
            raise RuntimeError(f"Calling function '{self.name}' with kwargs is not supported")
        self._samples.append(self._sample(len(self._samples), args))
        return self.function(*args)

    def trace(
        self,
        inputset: Iterable[Any] | None = None,
        configuration: Configuration | None = None,
        artifacts: ModuleDebugArtifacts | None = None,
        **kwargs: Any,
    ) -> Graph:
        """The function as a graph, with the ranges that the input set shows."""
        configuration = _configured(configuration, kwargs)
        with kept(configuration, artifacts) as artifacts:
            graph = self._measured(inputset, "Tracing", configuration, artifacts)
        show_traced(configuration, [graph])
        return graph

    def compile(
        self,
        inputset: Iterable[Any] | None = None,
        configuration: Configuration | None = None,
        artifacts: ModuleDebugArtifacts | None = None,
        **kwargs: Any,
    ) -> Circuit:
        """The function as a circuit for inputs like those of the input set."""
        configuration = _configured(configuration, kwargs)
        with kept(configuration, artifacts) as artifacts:
            graph = self._measured(inputset, "Compiling", configuration, artifacts)
            policy = self.composition or (AllComposable() if configuration.composable else NotComposable())
            return built(Circuit, [graph], policy, configuration, artifacts)

    @staticmethod
    def assemble(
        function: Callable,
        parameter_values: Mapping[str, ValueDescription],
        configuration: Configuration | None = None,
        artifacts: ModuleDebugArtifacts | None = None,
        **kwargs: Any,
    ) -> Circuit:
        """The function as a circuit for types; ranges are what follows from them."""
        configuration = _configured(configuration, kwargs)
        values = {name: _described(name, value) for name, value in parameter_values.items()}
        statuses = {name: "encrypted" if value.is_encrypted else "clear" for name, value in values.items()}
        compiler = Compiler(function, statuses)
        with kept(configuration, artifacts) as artifacts:
            inputs = [(name, values[name].shape, values[name].dtype) for name in compiler.parameters]
            with activated(configuration):
                graph = Graph(compiler._trace(inputs, artifacts), is_direct=True)
            policy = AllComposable() if configuration.composable else NotComposable()
            return built(Circuit, [graph], policy, configuration, artifacts)

    def reset(self) -> None:
        """Forgets the input set and the graph."""
        self._samples, self._graph = [], None

    @property
    def name(self) -> str:
        """Name of the function."""
        return self.function.__name__

    def _measured(
        self,
        inputset: Iterable[Any] | None,
        action: str,
        configuration: Configuration,
        artifacts: ModuleDebugArtifacts,
    ) -> Graph:
        """Traces the function and measures its ranges on every sample so far."""
        for sample in () if inputset is None else inputset:
            arguments = sample if isinstance(sample, tuple) else (sample,)
            self._samples.append(self._sample(len(self._samples), arguments))
        if not self._samples:
            raise RuntimeError(
                f"{action} function '{self.name}' without an inputset is not supported; give arguments like those "
                "that it will see, or declare types with fhe.circuit"
            )
        self._adjust_rounders(configuration)
        inputs = [(name, value.shape, None) for name, value in zip(self.parameters, self._samples[0])]
        with activated(configuration):
            graph = self._trace(inputs, artifacts)
        graph.measure(self._samples, bar(f"Measuring {self.name} ", len(self._samples)))
        measured = Graph(graph)
        artifacts.function(self.name).add_graph("final", measured)
        return measured

    def _adjust_rounders(self, configuration: Configuration) -> None:
        """Sets those that the function uses, if that is wished for."""
        if not (configuration.auto_adjust_rounders or configuration.auto_adjust_truncators):
            return
        from . import extensions

        samples = [tuple(_plain(value) for value in sample) for sample in self._samples]
        if configuration.auto_adjust_rounders:
            extensions.AutoRounder.adjust(self.function, samples)
        if configuration.auto_adjust_truncators:
            extensions.AutoTruncator.adjust(self.function, samples)

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

    def _trace(self, inputs: list[tuple[str, tuple[int, ...], Any]], artifacts: ModuleDebugArtifacts) -> OpGraph:
        """Runs the function once on traced values of those names, shapes and types."""
        kept = artifacts.function(self.name)
        kept.add_source_code(self.function)
        for name, status in self.parameters.items():
            kept.add_parameter_encryption_status(name, status)
        graph = OpGraph(self.name)
        code = getattr(self.function, "__code__", None)
        file, line = (code.co_filename, code.co_firstlineno) if code else (None, 0)
        graph.set_place(file, line, 0, current_tag())
        arguments = []
        for name, shape, dtype in inputs:
            integer = None if dtype is None else (dtype.is_signed, dtype.bit_width)
            is_encrypted = self.parameters[name] == EncryptionStatus.ENCRYPTED
            arguments.append(Tracer(graph, graph.input(name, list(shape), is_encrypted, integer)))
        with tracing(graph):
            returned = self.function(*arguments)
        results = returned if isinstance(returned, tuple) else (returned,)
        try:
            nodes = [node_of(graph, value) for value in results]
        except ValueError:
            nodes = []
        if not nodes:
            raise ValueError(f"Function '{self.name}' returned '{returned}', which is not supported")
        for node in nodes:
            graph.output(node)
        kept.add_graph("initial", Graph(graph))
        self._graph = graph
        return graph


class Compilable(Compiler):
    """What `@fhe.compiler` makes of a function."""

    def __init__(self, function: Callable, parameters: Statuses) -> None:
        super().__init__(function, parameters)
        functools.update_wrapper(self, function, updated=())


class kept:
    """Artifacts of a compilation, written where it fails, if that is wished for."""

    def __init__(self, configuration: Configuration, artifacts: ModuleDebugArtifacts | None) -> None:
        self._is_wished = configuration.dump_artifacts_on_unexpected_failures
        self._artifacts = ModuleDebugArtifacts() if artifacts is None else artifacts

    def __enter__(self) -> ModuleDebugArtifacts:
        return self._artifacts

    def __exit__(self, kind: Any, failure: BaseException | None, _: Any) -> None:
        # What never reached the compiler says enough itself.
        if (
            failure is not None
            and self._is_wished
            and any(one.textual_representations_of_graphs for one in self._artifacts.functions.values())
        ):
            self._artifacts.export(failure)


def _plain(value: np.ndarray) -> Any:
    return int(value) if value.ndim == 0 else value


def _wanted(status: EncryptionStatus, shape: tuple[int, ...] | None) -> str:
    text = "Encrypted" if status == EncryptionStatus.ENCRYPTED else "Clear"
    return f"{text} integers" if shape is None else type_text(text, "integer", shape)


def _configured(configuration: Configuration | None, options: dict[str, Any]) -> Configuration:
    return (configuration or Configuration()).fork(**options)


def _annotation(name: str, annotation: Any) -> Any:
    if isinstance(annotation, (Integer, Tensor, ValueDescription)):
        return annotation
    what = "is missing" if annotation is inspect.Parameter.empty else f"{annotation} is not valid"
    raise ValueError(
        f"Annotation of argument '{name}' {what} (please use an fhe type such as `fhe.uint4` or "
        "`fhe.tensor[fhe.uint4, 3, 2]`)"
    )


def _described(name: str, value: Any) -> ValueDescription:
    description = value if isinstance(value, ValueDescription) else ValueDescription.of_type(value, True)
    if not isinstance(description.dtype, Integer):
        raise ValueError(f"argument '{name}' is {description}, but only integers are supported; scale and round it")
    return description


def checked_statuses(function: Callable, statuses: Statuses) -> dict[str, EncryptionStatus]:
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
    return {parameter: EncryptionStatus.parse(statuses[parameter]) for parameter in parameters}


def _listed(names: list[str]) -> str:
    quoted = [f"'{name}'" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
