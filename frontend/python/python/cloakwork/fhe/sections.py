"""What the `show_…` options print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .configuration import Configuration
from .statistics import formatted

if TYPE_CHECKING:
    from .compiled import Compiled
    from .graph import Graph


def show(title: str, body: str) -> None:
    """Prints a section between lines as wide as the terminal."""
    import shutil

    line = "-" * shutil.get_terminal_size((80, 24)).columns
    print(f"\n{title}\n{line}\n{body.rstrip()}\n{line}")


def show_traced(configuration: Configuration, graphs: list[Graph]) -> None:
    """What is known before anything is compiled."""
    for graph in graphs:
        if configuration.shows("graph"):
            show(f"Computation Graph for {graph.name}", graph.format())
        if configuration.shows("bit_width_constraints"):
            show(f"Bit-Width Constraints for {graph.name}", graph.format_bit_width_constraints())


def show_compiled(configuration: Configuration, module: Compiled) -> None:
    """What is known of a compiled module."""
    for graph in (function.graph for function in module._functions.values()):
        if configuration.shows("bit_width_assignments"):
            show(f"Bit-Width Assignments for {graph.name}", graph.format_bit_width_assignments())
        if configuration.shows("assigned_graph"):
            text = graph.format(show_assigned_bit_widths=True)
            show(f"Bit-Width Assigned Computation Graph for {graph.name}", text)
    if configuration.shows("mlir"):
        show("MLIR", module.mlir)
    if configuration.shows("optimizer") or configuration.compiler_verbose_mode:
        show("Optimizer", module.report)
    if configuration.shows("statistics"):
        show("Statistics", formatted(module._figures_by_function()))
