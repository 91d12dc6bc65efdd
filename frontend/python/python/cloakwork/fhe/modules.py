"""Several functions under one client's keys: what one of them computes may be an argument of another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .artifacts import ModuleDebugArtifacts
from .build import built
from .compilation import Compiler, Statuses, kept
from .composition import AllComposable, Input, Output, TracedOutput, Wire, Wired
from .configuration import Configuration
from .module import Module


class FunctionDefinition(Compiler):
    """What `@fhe.function` makes of a function in a module. Calling it computes in the clear."""

    def __init__(self, function: Callable, parameters: Statuses) -> None:
        super().__init__(getattr(function, "__func__", function), parameters)
        self._pipeline: _Pipeline | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if kwargs:
            raise RuntimeError(f"Calling function '{self.name}' with kwargs is not supported")
        return self.function(*args) if self._pipeline is None else self._pipeline.call(self, args)


class _Pipeline:
    """Calls in the clear that show which results become which arguments."""

    def __init__(self, wires: list[Wire], inputsets: dict[str, list[Any]]) -> None:
        self._wires = wires
        self._inputsets = inputsets

    def call(self, function: FunctionDefinition, args: tuple[Any, ...]) -> Any:
        """Computes, and keeps the arguments and where they come from."""
        clear = tuple(arg.returned_value if isinstance(arg, TracedOutput) else arg for arg in args)
        for position, arg in enumerate(args):
            if isinstance(arg, TracedOutput):
                wire = Wire(arg.output_info, Input(function, position))
                if wire not in self._wires:
                    self._wires.append(wire)
        self._inputsets.setdefault(function.name, []).append(clear)
        returned = function.function(*clear)
        if isinstance(returned, tuple):
            return tuple(TracedOutput(Output(function, i), value) for i, value in enumerate(returned))
        return TracedOutput(Output(function, 0), returned)


def function(parameters: Statuses) -> Callable[[Callable], FunctionDefinition]:
    """Makes a function of a module: `@fhe.function({"x": "encrypted"})`."""
    return lambda function: FunctionDefinition(function, parameters)


def module() -> Callable[[type], ModuleCompiler]:
    """Makes a class of functions compilable as one module: `@fhe.module()`.

    Its attribute `composition` says which results may become arguments: `fhe.AllComposable()` if there is none.
    """
    return ModuleCompiler


class ModuleCompiler:
    """A module on its way."""

    def __init__(self, definition: type) -> None:
        members = [getattr(member, "__func__", member) for member in vars(definition).values()]
        self.functions = [member for member in members if isinstance(member, FunctionDefinition)]
        self.composition = getattr(definition, "composition", AllComposable())
        self.default_configuration = Configuration()
        self._inputsets: dict[str, list[Any]] = {}
        if not self.functions:
            raise RuntimeError(
                f"Tried to define an @fhe.module without any @fhe.function: write `@fhe.function` above at least one "
                f"function of '{definition.__name__}'"
            )

    def __getattr__(self, name: str) -> FunctionDefinition:
        for function in self.__dict__.get("functions", ()):
            if function.name == name:
                return function
        raise AttributeError(f"No attribute {name}")

    def compile(
        self,
        inputsets: Mapping[str, Iterable[Any] | None] | None = None,
        configuration: Configuration | None = None,
        module_artifacts: ModuleDebugArtifacts | None = None,
        **kwargs: Any,
    ) -> Module:
        """The module for inputs like those of each function's input set, and like those of `wire_pipeline`."""
        configuration = (configuration or self.default_configuration).fork(**kwargs)
        names = [function.name for function in self.functions]
        for name in inputsets or {}:
            if name not in names:
                raise ValueError(f"an input set is for '{name}', the functions are {', '.join(names)}")
        with kept(configuration, module_artifacts) as artifacts:
            graphs = []
            for function in self.functions:
                function.reset()
                samples = [*((inputsets or {}).get(function.name) or ()), *self._inputsets.get(function.name, ())]
                graphs.append(function._measured(samples, "Compiling", configuration, artifacts))
            return built(Module, graphs, self.composition, configuration, artifacts)

    @contextmanager
    def wire_pipeline(self, inputset: Iterable[Any]) -> Iterator[Iterator[Any]]:
        """Samples to call the functions with; what is passed from one to the other becomes a wire of `Wired`.

        `with M.wire_pipeline(samples) as all: for x in all: M.f(M.g(x))`
        """
        if not isinstance(self.composition, Wired):
            raise RuntimeError(
                f"wires are recorded into `composition = fhe.Wired()`, but it is {type(self.composition).__name__}"
            )
        pipeline = _Pipeline(self.composition.wires, self._inputsets)
        for function in self.functions:
            function._pipeline = pipeline
        try:
            yield iter(inputset)
        finally:
            for function in self.functions:
                function._pipeline = None
