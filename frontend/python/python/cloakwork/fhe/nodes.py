"""The nodes of a graph, and which of them a question is about."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Union

from .types import Integer
from .value_description import Float, ValueDescription

if TYPE_CHECKING:
    from .._cloakwork import NodeRow

Filter = Union[str, "list[str]", "re.Pattern[str]", None]


class Operation(Enum):
    """What kind of node."""

    CONSTANT = "constant"
    GENERIC = "generic"
    INPUT = "input"

    # The names that Concrete has for them.
    Constant = CONSTANT
    Generic = GENERIC
    Input = INPUT


@dataclass(frozen=True, eq=False)
class Node:
    """An input, a constant or an operation. Nodes cannot be changed: a graph is what was traced."""

    #: Position in the order of the program, `%0` and so on.
    index: int
    operation: Operation
    #: `input`, `constant`, or what the operation is called.
    name: str
    inputs: list[ValueDescription]
    output: ValueDescription
    bounds: tuple[int, int] | None
    tag: str
    #: `file.py:12`
    location: str
    is_linear: bool
    operands: list[int]
    text: str = field(repr=False)

    @property
    def properties(self) -> dict[str, Any]:
        """Further facts by name."""
        return {"name": self.name} if self.operation == Operation.GENERIC else {}

    @property
    def converted_to_table_lookup(self) -> bool:
        """Whether it is computed by a lookup, alone or together with its neighbours."""
        is_operation = self.operation == Operation.GENERIC and self.name != "encrypt"
        return is_operation and self.output.is_encrypted and not self.is_linear

    @property
    def is_fusable(self) -> bool:
        """Whether it may become part of one lookup with its neighbours."""
        return self.converted_to_table_lookup or self.name in ("add", "subtract", "multiply", "negative")

    def format(self, predecessors: list[str] | None = None, maximum_constant_length: int = 45) -> str:
        """What it computes, with other names for its operands."""
        del maximum_constant_length
        names = dict(zip((f"%{operand}" for operand in self.operands), predecessors or []))
        return re.sub(r"%\d+", lambda found: names.get(found.group(), found.group()), self.text)

    def label(self) -> str:
        """What it computes, with boxes for its operands."""
        return re.sub(r"%\d+", "□", self.text)

    def __str__(self) -> str:
        return self.text


def node_of_row(index: int, row: NodeRow, rows: list[NodeRow]) -> Node:
    """A node from what the compiler says about it."""
    kind = {"input": Operation.INPUT, "constant": Operation.CONSTANT}.get(row["operation"], Operation.GENERIC)
    place = row["place"]
    return Node(
        index=index,
        operation=kind,
        name=row["operation"],
        inputs=[_description(rows[operand]) for operand in row["operands"]],
        output=_description(row),
        bounds=row["range"],
        tag=row["tag"] or "",
        location=f"{place[0]}:{place[1]}" if place else "",
        is_linear=row["is_linear"],
        operands=row["operands"],
        text=row["label"],
    )


def matching(
    nodes: Iterable[Node],
    tag_filter: Filter,
    operation_filter: Filter,
    is_encrypted_filter: bool | None,
    custom_filter: Callable[[Node], bool] | None,
) -> list[Node]:
    """The nodes that pass every filter. A text must be equal, a list contain, a pattern match from the start."""
    return [
        node
        for node in nodes
        if _passes(node.tag, tag_filter)
        and _passes(node.name, operation_filter)
        and is_encrypted_filter in (None, node.output.is_encrypted)
        and (custom_filter is None or custom_filter(node))
    ]


def _passes(text: str, wanted: Filter) -> bool:
    if wanted is None:
        return True
    if isinstance(wanted, str):
        return text == wanted
    if isinstance(wanted, re.Pattern):
        return wanted.match(text) is not None
    return text in wanted


def _description(row: NodeRow) -> ValueDescription:
    if row["is_real"]:
        dtype: Integer | Float = Float(64)
    else:
        dtype = Integer.that_can_represent(*(row["range"] or (-(2**63), 2**63 - 1)))
    return ValueDescription(dtype, tuple(row["shape"]), row["is_encrypted"])
