"""Which results of a module may become arguments of its functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from .graph import Graph

Named = Any


class CompositionClause(NamedTuple):
    """A result or an argument: name of the function, position."""

    func: str
    pos: int


class CompositionRule(NamedTuple):
    """A result that may become an argument."""

    from_: CompositionClause
    to: CompositionClause


class CompositionPolicy(Protocol):
    """What says which results may become which arguments."""

    def get_rules_iter(self, funcs: list[Graph]) -> Iterable[CompositionRule]:
        """The rules for the functions of a module."""
        ...


class Output(NamedTuple):
    """A result of a function, counted from 0."""

    func: Named
    pos: int

    def _ends(self, graphs: dict[str, Graph]) -> list[CompositionClause]:
        return [_checked(_name(self.func), self.pos, graphs, is_output=True)]


class AllOutputs(NamedTuple):
    """Every result of a function."""

    func: Named

    def _ends(self, graphs: dict[str, Graph]) -> list[CompositionClause]:
        graph = _graph(_name(self.func), graphs)
        return [CompositionClause(graph.name, i) for i in range(graph.outputs_count)]


class Input(NamedTuple):
    """An argument of a function, counted from 0."""

    func: Named
    pos: int

    def _ends(self, graphs: dict[str, Graph]) -> list[CompositionClause]:
        return [_checked(_name(self.func), self.pos, graphs, is_output=False)]


class AllInputs(NamedTuple):
    """Every encrypted argument of a function."""

    func: Named

    def _ends(self, graphs: dict[str, Graph]) -> list[CompositionClause]:
        graph = _graph(_name(self.func), graphs)
        return [CompositionClause(graph.name, i) for i, node in graph.input_nodes.items() if node.output.is_encrypted]


class Wire(NamedTuple):
    """Results that may become arguments."""

    output: Output | AllOutputs
    input: Input | AllInputs


class NotComposable:
    """No result becomes an argument."""

    def get_rules_iter(self, funcs: list[Graph]) -> Iterator[CompositionRule]:
        """No rule."""
        del funcs
        return iter(())


class AllComposable:
    """Every result may become every encrypted argument of its shape."""

    def get_rules_iter(self, funcs: list[Graph]) -> Iterator[CompositionRule]:
        """A rule for each pair."""
        graphs = {graph.name: graph for graph in funcs}
        for graph in funcs:
            for source in AllOutputs(graph)._ends(graphs):
                for other in funcs:
                    for target in AllInputs(other)._ends(graphs):
                        if _shape(graphs, source, True) == _shape(graphs, target, False):
                            yield CompositionRule(source, target)


class Wired:
    """Those results become those arguments: `fhe.Wired([fhe.Wire(fhe.Output(f, 0), fhe.Input(g, 0))])`."""

    def __init__(self, wires: Iterable[Wire] | None = None) -> None:
        # As a list: the same wires in the same order give the same program.
        self.wires: list[Wire] = list(wires or ())

    def get_rules_iter(self, funcs: list[Graph]) -> Iterator[CompositionRule]:
        """A rule for each pair of ends of each wire."""
        graphs = {graph.name: graph for graph in funcs}
        for wire in self.wires:
            is_one = isinstance(wire.output, Output) and isinstance(wire.input, Input)
            for source in wire.output._ends(graphs):
                for target in wire.input._ends(graphs):
                    found, taken = _shape(graphs, source, True), _shape(graphs, target, False)
                    if found == taken:
                        yield CompositionRule(source, target)
                    elif is_one:
                        raise ValueError(
                            f"a wire leads from result {source.pos} of '{source.func}', which has shape {found}, to "
                            f"argument {target.pos} of '{target.func}', which has shape {taken}; both need one shape"
                        )


class TracedOutput(NamedTuple):
    """A result of a call in `wire_pipeline`: where it comes from, and its value in the clear."""

    output_info: Output
    returned_value: Any


def _name(func: Named) -> str:
    """The name of a compiler, a graph, a function or a name itself."""
    if isinstance(func, str):
        return func
    return getattr(func, "name", None) or func.__name__


def _graph(name: str, graphs: dict[str, Graph]) -> Graph:
    if name not in graphs:
        raise ValueError(f"a wire names '{name}', which is no function of the module (there are {', '.join(graphs)})")
    return graphs[name]


def _checked(name: str, position: int, graphs: dict[str, Graph], is_output: bool) -> CompositionClause:
    """An end that exists and is encrypted."""
    graph = _graph(name, graphs)
    nodes = graph.output_nodes if is_output else graph.input_nodes
    what = "Output" if is_output else "Input"
    if position not in nodes:
        raise ValueError(f"{what} {position} of {name} does not exist: it has {len(nodes)}, counted from 0")
    if not nodes[position].output.is_encrypted:
        raise ValueError(f"Invalid composition rule encountered: {what} {position} of {name} is not encrypted")
    return CompositionClause(name, position)


def _shape(graphs: dict[str, Graph], end: CompositionClause, is_output: bool) -> tuple[int, ...]:
    graph = graphs[end.func]
    return (graph.output_nodes if is_output else graph.input_nodes)[end.pos].output.shape
