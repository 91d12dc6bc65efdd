"""Several functions under one client's keys: what one of them computes may be an argument of another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from .._cloakwork import Keys, compile_functions
from .circuit import Circuit, Keyring
from .compilation import Compiler, Statuses
from .configuration import Configuration


class FunctionDefinition(Compiler):
    """What `@fhe.function` makes of a function in a module."""


class Output(NamedTuple):
    """A result of a function, counted from 0."""

    function: Compiler
    position: int


class Input(NamedTuple):
    """An argument of a function, counted from 0."""

    function: Compiler
    position: int


class Wire(NamedTuple):
    """A result that may become an argument."""

    source: Output
    target: Input


class NotComposable:
    """No result becomes an argument."""

    def wires(self, functions: list[FunctionDefinition]) -> list[Wire]:
        return []


class AllComposable:
    """Every result may become every encrypted argument of its shape."""

    def wires(self, functions: list[FunctionDefinition]) -> list[Wire]:
        ends = [(function, function._graph) for function in functions]
        sources = [(Output(function, i), shape) for function, graph in ends for i, shape in enumerate(graph.outputs())]
        targets = [
            (Input(function, i), shape)
            for function, graph in ends
            for i, (_, shape, is_encrypted) in enumerate(graph.inputs())
            if is_encrypted
        ]
        return [Wire(source, target) for source, a in sources for target, b in targets if a == b]


class Wired:
    """Those results become those arguments: `fhe.Wired([fhe.Wire(fhe.Output(f, 0), fhe.Input(g, 0))])`."""

    def __init__(self, wires: Iterable[Wire]) -> None:
        self._wires = list(wires)

    def wires(self, functions: list[FunctionDefinition]) -> list[Wire]:
        for wire in self._wires:
            for end in wire:
                if end.function not in functions:
                    raise ValueError(f"a wire names '{end.function._name}', which is no function of the module")
        return self._wires


def function(parameters: Statuses) -> Callable[[Callable], FunctionDefinition]:
    """Makes a function of a module: `@fhe.function({"x": "encrypted"})`."""
    return lambda function: FunctionDefinition(function, parameters)


def module() -> Callable[[type], ModuleCompiler]:
    """Makes a class of functions compilable as one module: `@fhe.module()`.

    Its attribute `composition` says which results may become arguments: `fhe.NotComposable()` if there is none.
    """
    return ModuleCompiler


class ModuleCompiler:
    """A module on its way."""

    def __init__(self, definition: type) -> None:
        members = vars(definition).values()
        self.functions = [member for member in members if isinstance(member, FunctionDefinition)]
        self.composition = getattr(definition, "composition", NotComposable())
        if not self.functions:
            raise ValueError(f"module '{definition.__name__}' has no function; write `@fhe.function` above at least one")

    def compile(
        self,
        inputsets: Mapping[str, Iterable[Any]],
        configuration: Configuration | None = None,
        **options: Any,
    ) -> Module:
        """The module for inputs like those of each function's input set."""
        configuration = (configuration or Configuration()).fork(**options)
        names = [function._name for function in self.functions]
        for name in inputsets:
            if name not in names:
                raise ValueError(f"an input set is for '{name}', the functions are {', '.join(names)}")
        graphs = [function._measured(inputsets.get(function._name), "Compiling") for function in self.functions]
        wires = self.composition.wires(self.functions)
        feeds = [((a.function._name, a.position), (b.function._name, b.position)) for a, b in wires]
        traced = [(graph._graph, function._samples) for graph, function in zip(graphs, self.functions)]
        compiled = compile_functions(traced, feeds, configuration.wishes)
        keyring = Keyring()
        circuits = {
            name: Circuit(graph, one, configuration, keyring) for name, graph, one in zip(names, graphs, compiled)
        }
        return Module(circuits, keyring)


class Module:
    """Compiled functions, each an attribute. Their keys are one set, made when first needed."""

    def __init__(self, circuits: dict[str, Circuit], keyring: Keyring) -> None:
        self.functions = circuits
        self._keyring = keyring

    def __getattr__(self, name: str) -> Circuit:
        circuits = self.__dict__.get("functions", {})
        if name in circuits:
            return circuits[name]
        raise AttributeError(f"no function '{name}' in the module (there are {', '.join(circuits)})")

    @property
    def keys(self) -> Keys:
        """The keys of all functions, which are made now if there are none."""
        return next(iter(self.functions.values())).keys

    @keys.setter
    def keys(self, keys: Keys) -> None:
        next(iter(self.functions.values())).keys = keys

    def keygen(self, force: bool = False, seed: int | None = None) -> None:
        """Makes keys unless there are some. Whoever knows a seed other than 0 knows the keys."""
        next(iter(self.functions.values())).keygen(force, seed)
