"""What was traced: the graph of the compiler, with ranges once an input set was seen."""

from __future__ import annotations

from typing import Any

from .._cloakwork import OpGraph
from .types import describe, type_text
from .values import as_integers, as_result


class Graph:
    """A traced function. Calling it computes in the clear."""

    def __init__(self, graph: OpGraph) -> None:
        self._graph = graph

    @property
    def name(self) -> str:
        """Name of the function."""
        return self._graph.name

    def __call__(self, *arguments: Any) -> Any:
        """The results in the clear, by the exact meaning of the program."""
        inputs = self._graph.inputs()
        arrays = checked_arguments(arguments, [(shape, is_encrypted) for _, shape, is_encrypted in inputs])
        results = tuple(as_result(result) for result in self._graph.evaluate(arrays))
        return results[0] if len(results) == 1 else results

    def evaluate(self, *arguments: Any) -> Any:
        """The same as calling it."""
        return self(*arguments)

    def format(self, show_bounds: bool = True, show_locations: bool = False) -> str:
        """The graph as text, a node a line."""
        return self._graph.format(show_bounds, show_locations)

    def __str__(self) -> str:
        return self.format()

    def maximum_integer_bit_width(self) -> int:
        """Width of the widest integer; -1 without any."""
        width = self._graph.maximum_integer_bit_width()
        return -1 if width is None else width

    def integer_range(self) -> tuple[int, int] | None:
        """Least and greatest of all integers; `None` without any."""
        return self._graph.integer_range()

    @property
    def inputs_count(self) -> int:
        """Number of inputs."""
        return len(self._graph.inputs())

    @property
    def outputs_count(self) -> int:
        """Number of outputs."""
        return self._graph.output_count()


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
