"""Graphs as SVG: nodes in layers by their depth, edges from operands to users. Needs nothing but Python."""

from __future__ import annotations

import tempfile
import webbrowser
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from .nodes import Node, Operation

if TYPE_CHECKING:
    from .graph import Graph

_LETTER = 7.3
_HEIGHT = 34
_GAP = 26
_LAYER_GAP = 56
_COLOURS = {"lookup": "#f4b183", "linear": "#b4d7f0", "input": "#c9e7c2", "clear": "#eeeeee"}


@dataclass
class _Box:
    node: Node
    width: float
    x: float = 0.0
    y: float = 0.0


def draw(graph: Graph, horizontal: bool, save_to: str | Path | None, show: bool) -> Path:
    """Writes the drawing and says where."""
    if save_to is None:
        with tempfile.NamedTemporaryFile(suffix=".svg", delete=False) as file:
            path = Path(file.name)
    else:
        path = Path(save_to)
        if path.suffix != ".svg":
            path = path.with_name(f"{path.name}.svg")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(svg(graph, horizontal), encoding="utf-8")
    if show:
        webbrowser.open(path.resolve().as_uri())
    return path


def svg(graph: Graph, horizontal: bool = False) -> str:
    """The drawing as text."""
    layers = _layers(graph.nodes)
    _place(layers, horizontal)
    boxes = {box.node.index: box for layer in layers for box in layer}
    width = max((box.x + box.width for box in boxes.values()), default=0) + _GAP
    height = max((box.y + _HEIGHT for box in boxes.values()), default=0) + _GAP
    outputs = {node.index for node in graph.ordered_outputs()}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        'font-family="monospace" font-size="12">',
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" '
        'orient="auto"><path d="M0,0 L8,4 L0,8 z"/></marker></defs>',
    ]
    for box in boxes.values():
        for position, operand in enumerate(box.node.operands):
            number = position if len(box.node.operands) > 1 else None
            parts.append(_edge(boxes[operand], box, number, horizontal))
    parts.extend(_box(box, box.node.index in outputs) for box in boxes.values())
    return "\n".join([*parts, "</svg>\n"])


def _layers(nodes: list[Node]) -> list[list[_Box]]:
    """Each node one layer below its lowest operand; constants just above their first user."""
    depth: dict[int, int] = {}
    for node in nodes:
        depth[node.index] = 1 + max((depth[operand] for operand in node.operands), default=-1)
    highest_user: dict[int, int] = {}
    for node in nodes:
        for operand in node.operands:
            highest_user[operand] = min(depth[node.index], highest_user.get(operand, depth[node.index]))
    for node in nodes:
        if node.operation == Operation.CONSTANT and node.index in highest_user:
            depth[node.index] = highest_user[node.index] - 1
    layers: list[list[_Box]] = [[] for _ in range(1 + max(depth.values(), default=-1))]
    for node in nodes:
        layers[depth[node.index]].append(_Box(node, max(44, _LETTER * len(node.label()) + 20)))
    return layers


def _place(layers: list[list[_Box]], horizontal: bool) -> None:
    """Orders each layer by where its operands are, and gives every box its place."""
    centre: dict[int, float] = {}
    along = float(_GAP)
    for layer in layers:
        layer.sort(key=lambda box: _mean([centre[operand] for operand in box.node.operands if operand in centre]))
        across = float(_GAP)
        for box in layer:
            if horizontal:
                box.x, box.y = along, across
                centre[box.node.index] = across + _HEIGHT / 2
                across += _HEIGHT + _GAP
            else:
                box.x, box.y = across, along
                centre[box.node.index] = across + box.width / 2
                across += box.width + _GAP
        along += _LAYER_GAP + (max((box.width for box in layer), default=0) if horizontal else _HEIGHT)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _box(box: _Box, is_output: bool) -> str:
    node = box.node
    if node.operation == Operation.INPUT:
        kind = "input"
    elif not node.output.is_encrypted:
        kind = "clear"
    else:
        kind = "lookup" if node.converted_to_table_lookup else "linear"
    bounds = f" ∈ [{node.bounds[0]}, {node.bounds[1]}]" if node.bounds else ""
    title = "\n".join(filter(None, [f"%{node.index} = {node.text}", f"{node.output}{bounds}", node.tag, node.location]))
    dashes = "" if node.output.is_encrypted else ' stroke-dasharray="4 3"'
    rectangles = [_rectangle(box, 0, f'fill="{_COLOURS[kind]}" stroke="black"{dashes}')]
    if is_output:
        rectangles.append(_rectangle(box, -4, 'fill="none" stroke="black"'))
    text = (
        f'<text x="{box.x + box.width / 2:.1f}" y="{box.y + _HEIGHT / 2 + 4:.1f}" text-anchor="middle">'
        f"{escape(node.label())}</text>"
    )
    return f"<g><title>{escape(title)}</title>{''.join(rectangles)}{text}</g>"


def _rectangle(box: _Box, inset: float, style: str) -> str:
    width, height = box.width - 2 * inset, _HEIGHT - 2 * inset
    return (
        f'<rect x="{box.x + inset:.1f}" y="{box.y + inset:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'rx="8" {style}/>'
    )


def _edge(start: _Box, end: _Box, number: int | None, horizontal: bool) -> str:
    if horizontal:
        a, b = (start.x + start.width, start.y + _HEIGHT / 2), (end.x, end.y + _HEIGHT / 2)
        middle = (a[0] + b[0]) / 2
        curve = f"C{middle:.1f},{a[1]:.1f} {middle:.1f},{b[1]:.1f}"
    else:
        a, b = (start.x + start.width / 2, start.y + _HEIGHT), (end.x + end.width / 2, end.y)
        middle = (a[1] + b[1]) / 2
        curve = f"C{a[0]:.1f},{middle:.1f} {b[0]:.1f},{middle:.1f}"
    place = f"M{a[0]:.1f},{a[1]:.1f} {curve} {b[0]:.1f},{b[1]:.1f}"
    path = f'<path d="{place}" fill="none" stroke="black" marker-end="url(#arrow)"/>'
    if number is None:
        return path
    x, y = (3 * b[0] + a[0]) / 4, (3 * b[1] + a[1]) / 4
    return f'{path}<text x="{x + 4:.1f}" y="{y:.1f}" fill="gray">{number}</text>'
