"""What was traced: the graph of the compiler, with ranges once an input set was seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

from .. import _cloakwork
from .._cloakwork import OpGraph
from .nodes import Filter, Node, Operation, matching, node_of_row
from .types import Integer, describe, type_text
from .values import as_integers, as_result

#: Characters of a constant in a label.
_LABEL_LENGTH = 45


class Graph:
    """A traced function. Calling it computes in the clear."""

    def __init__(self, graph: OpGraph, is_direct: bool = False) -> None:
        self._graph = graph
        self.is_direct = is_direct
        #: Node, width, whether it is signed: once the graph is compiled.
        self._widths: list[tuple[int, int, bool]] | None = None

    @property
    def name(self) -> str:
        """Name of the function."""
        return self._graph.name

    @property
    def location(self) -> str:
        """Where the function stands."""
        return self.nodes[0].location if self.nodes else ""

    def __call__(self, *args: Any, p_error: float | None = None) -> Any:
        """The results in the clear, by the exact meaning of the program."""
        if p_error:
            raise RuntimeError(
                "a graph computes exactly; use `simulate` of the circuit, which draws the noise of its parameters"
            )
        inputs = self._graph.inputs()
        arrays = checked_arguments(args, [(shape, is_encrypted) for _, shape, is_encrypted in inputs])
        results = tuple(as_result(result) for result in self._graph.evaluate(arrays))
        return results[0] if len(results) == 1 else results

    def evaluate(self, *args: Any, p_error: float | None = None) -> Any:
        """The same as calling it."""
        return self(*args, p_error=p_error)

    def format(
        self,
        maximum_constant_length: int = 25,
        highlighted_nodes: dict[Node, list[str]] | None = None,
        highlighted_result: list[str] | None = None,
        show_types: bool = True,
        show_bounds: bool = True,
        show_tags: bool = True,
        show_locations: bool = False,
        show_assigned_bit_widths: bool = False,
    ) -> str:
        """The graph as text, a node a line, with messages below highlighted ones."""
        marks = [
            (node.index, [messages] if isinstance(messages, str) else list(messages))
            for node, messages in (highlighted_nodes or {}).items()
        ]
        return _cloakwork.format_graph(
            self._graph,
            {
                "maximum_constant_length": maximum_constant_length,
                "highlighted_nodes": marks,
                "highlighted_result": list(highlighted_result or []),
                "show_types": show_types,
                "show_bounds": show_bounds and not self.is_direct,
                "show_tags": show_tags,
                "show_locations": show_locations,
                # Of a direct circuit nothing else is known.
                "widths": self._all_widths() if show_assigned_bit_widths or self.is_direct else None,
            },
        )

    def __str__(self) -> str:
        return self.format()

    def format_bit_width_constraints(self) -> str:
        """What the width of each value must fulfil: hold its range, and be the same along linear arithmetic."""
        lines = []
        for node in self.nodes:
            if node.bounds is None or not node.output.is_encrypted:
                continue
            lines.append(f"%{node.index}:")
            lines.append(f"    {self.name}.%{node.index} >= {Integer.that_can_represent(*node.bounds).bit_width}")
            if node.is_linear:
                encrypted = [operand for operand in node.operands if self.nodes[operand].output.is_encrypted]
                lines.extend(f"    {self.name}.%{node.index} == {self.name}.%{operand}" for operand in encrypted)
        return "\n".join(lines)

    def format_bit_width_assignments(self) -> str:
        """The widths that were chosen; empty before the graph is compiled."""
        widths = {node: width for node, width, _ in self._all_widths()}
        if not widths:
            return ""
        rows = [(f"{self.name}.%{node}", width) for node, width in sorted(widths.items())]
        rows.append((f"{self.name}.max", max(widths.values())))
        longest = max(len(name) for name, _ in rows)
        return "\n".join(f"{name:>{longest + 1}} = {width}" for name, width in rows)

    def draw(self, *, horizontal: bool = False, save_to: str | Path | None = None, show: bool = False) -> Path:
        """Draws the graph as SVG, into a temporary file unless it is said where; `show` opens it in a browser."""
        from .drawing import draw

        return draw(self, horizontal, save_to, show)

    @cached_property
    def nodes(self) -> list[Node]:
        """All nodes, operands before users."""
        rows = _cloakwork.graph_nodes(self._graph, _LABEL_LENGTH)
        return [node_of_row(i, row, rows) for i, row in enumerate(rows)]

    @property
    def input_nodes(self) -> dict[int, Node]:
        """The inputs by position."""
        return dict(enumerate(node for node in self.nodes if node.operation == Operation.INPUT))

    @property
    def output_nodes(self) -> dict[int, Node]:
        """The results by position."""
        return {i: self.nodes[node] for i, node in enumerate(_cloakwork.graph_outputs(self._graph))}

    def ordered_inputs(self) -> list[Node]:
        """The inputs in order."""
        return list(self.input_nodes.values())

    def ordered_outputs(self) -> list[Node]:
        """The results in order."""
        return list(self.output_nodes.values())

    def ordered_preds_of(self, node: Node) -> list[Node]:
        """The operands of a node in order."""
        return [self.nodes[operand] for operand in node.operands]

    @property
    def inputs_count(self) -> int:
        """Number of inputs."""
        return len(self._graph.inputs())

    @property
    def outputs_count(self) -> int:
        """Number of outputs."""
        return self._graph.output_count()

    def prune_useless_nodes(self) -> None:
        """Nothing to do: what no result needs is left out when the graph is compiled."""

    def query_nodes(
        self,
        tag_filter: Filter = None,
        operation_filter: Filter = None,
        is_encrypted_filter: bool | None = None,
        custom_filter: Callable[[Node], bool] | None = None,
        ordered: bool = False,
    ) -> list[Node]:
        """The nodes that pass every filter, in the order of the program."""
        del ordered
        return matching(self.nodes, tag_filter, operation_filter, is_encrypted_filter, custom_filter)

    def maximum_integer_bit_width(
        self,
        tag_filter: Filter = None,
        operation_filter: Filter = None,
        is_encrypted_filter: bool | None = None,
        custom_filter: Callable[[Node], bool] | None = None,
        assigned_bit_width: bool = False,
    ) -> int:
        """Width of the widest integer; -1 without any."""
        nodes = self.query_nodes(tag_filter, operation_filter, is_encrypted_filter, custom_filter)
        if assigned_bit_width:
            chosen = {node: width for node, width, _ in self._all_widths()}
            return max((chosen[node.index] for node in nodes if node.index in chosen), default=-1)
        return max((Integer.that_can_represent(*node.bounds).bit_width for node in nodes if node.bounds), default=-1)

    def integer_range(
        self,
        tag_filter: Filter = None,
        operation_filter: Filter = None,
        is_encrypted_filter: bool | None = None,
        custom_filter: Callable[[Node], bool] | None = None,
    ) -> tuple[int, int] | None:
        """Least and greatest of all integers; `None` without any, and for direct circuits."""
        nodes = self.query_nodes(tag_filter, operation_filter, is_encrypted_filter, custom_filter)
        bounds = [] if self.is_direct else [node.bounds for node in nodes if node.bounds]
        return (min(low for low, _ in bounds), max(high for _, high in bounds)) if bounds else None

    def measure_bounds(self, inputset: Iterable[Any]) -> dict[Node, tuple[int, int]]:
        """Least and greatest value of each integer node over samples."""
        shapes = [(shape, is_encrypted) for _, shape, is_encrypted in self._graph.inputs()]
        samples = [checked_arguments(sample if isinstance(sample, tuple) else (sample,), shapes) for sample in inputset]
        ranges = _cloakwork.graph_ranges(self._graph, samples)
        return {self.nodes[i]: bounds for i, bounds in enumerate(ranges) if bounds is not None}

    def update_with_bounds(self, bounds: Any) -> None:
        """Refused: the ranges of a graph are those that its input set shows."""
        raise RuntimeError("the ranges of a graph come from its input set; trace the function again with another one")

    def _all_widths(self) -> list[tuple[int, int, bool]]:
        return self._widths or []


class GraphProcessor:
    """Looks at a graph before or after widths are assigned, and may refuse it. It cannot change it: programs are
    rewritten by passes of the compiler."""

    def apply(self, graph: Graph) -> None:
        """Looks at one graph."""
        raise NotImplementedError

    @staticmethod
    def error(graph: Graph, highlights: dict[Node, str | list[str]]) -> None:
        """Refuses a graph, with messages below nodes."""
        marks = {
            node: [messages] if isinstance(messages, str) else list(messages) for node, messages in highlights.items()
        }
        text = graph.format(highlighted_nodes=marks, show_bounds=False)
        raise RuntimeError(f"Function you are trying to compile cannot be compiled\n\n{text}")


class MultiGraphProcessor(GraphProcessor):
    """Looks at all graphs of a module."""

    def apply_many(self, graphs: dict[str, Graph]) -> None:
        """Looks at the graphs by name."""
        raise NotImplementedError

    def apply(self, graph: Graph) -> None:
        """Looks at one graph."""
        self.apply_many({graph.name: graph})


def checked_arguments(arguments: tuple[Any, ...], expected: list[tuple[list[int], bool]]) -> list[Any]:
    """The arguments as arrays, if they have the number and shapes that are expected."""
    if len(arguments) != len(expected):
        raise ValueError(f"Expected {len(expected)} input{'' if len(expected) == 1 else 's'} but got {len(arguments)}")
    return [checked_argument(i, argument, *expected[i]) for i, argument in enumerate(arguments)]


def checked_argument(position: int, argument: Any, shape: list[int], is_encrypted: bool) -> Any:
    """An argument as an array, if it has the shape that is expected."""
    array = as_integers(argument)
    if array is None or array.shape != tuple(shape):
        status = "Encrypted" if is_encrypted else "Clear"
        wanted = type_text(status, "integer", tuple(shape))
        found = describe(argument, is_encrypted)
        raise ValueError(f"Expected argument {position} to be {wanted} but it's {found}")
    return array
