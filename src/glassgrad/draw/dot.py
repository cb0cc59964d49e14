"""A scene in the language of Graphviz; its own programs find the places.

>>> import glassgrad as gg
>>> from glassgrad.draw.scene import scene_of
>>> print(dot(scene_of(gg.exp(gg.tensor(0.0, name="x")))))
digraph "exp" {
  rankdir=LR;
  graph [fontname="DejaVu Sans"];
  node [fontname="DejaVu Sans"];
  edge [fontname="DejaVu Sans"];
  "n0" [label="x", shape=box, style=filled, fillcolor="#fff6dc"];
  "n1" [label="exp", shape=ellipse];
  "out0" [label="", shape=plaintext];
  "n0" -> "n1" [label=<0<BR/><FONT COLOR="#cc0000"><I>∂ 1</I></FONT>>];
  "n1" -> "out0" [label=<1<BR/><FONT COLOR="#cc0000"><I>∂ 1</I></FONT>>];
}
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from .layout import derivative_lines, named_lines, total_text
from .scene import Edge, Node, Scene

_SHAPES = {
    "leaf": 'shape=box, style=filled, fillcolor="#fff6dc"',
    "op": "shape=ellipse",
    "composite": 'shape=box, style="rounded,filled", fillcolor="#dfe8f4"',
    "box": 'shape=box, style="rounded,filled", fillcolor="#dfe8f4"',
    "output": "shape=plaintext",
}


def dot(scene: Scene) -> str:
    """Return the scene as a DOT document, boxes as clusters."""
    return "\n".join(_lines(scene))


def _lines(scene: Scene) -> Iterator[str]:
    yield f"digraph {_quoted(scene.title)} {{"
    yield "  rankdir=LR;"
    yield '  graph [fontname="DejaVu Sans"];'
    yield '  node [fontname="DejaVu Sans"];'
    yield '  edge [fontname="DejaVu Sans"];'
    within: dict[str | None, list[str]] = {None: []}
    for node in scene.nodes:
        within.setdefault(node.parent, []).append(_node(node))
    for box in reversed(scene.boxes):  # inner ones first, so that each is complete when it is put into the outer one
        lines = within.get(box.id, [])
        title = [f"subgraph {_quoted('cluster_' + box.id)} {{", f"  label={_quoted(box.title)}; style=rounded;"]
        outer = within.setdefault(box.parent, [])
        outer[:0] = [*title, *(f"  {line}" for line in lines), "}"]
    yield from (f"  {line}" for line in within[None])
    yield from (f"  {_edge(edge)}" for edge in scene.edges)
    yield "}"


def _node(node: Node) -> str:
    total = f"\\n{_escaped(total_text(node))}" if node.total is not None else ""
    mark = ", color=\"#cc5500\", penwidth=2" if node.mark == "blocked" else ""
    return f'{_quoted(node.id)} [label="{_escaped(node.label)}{total}", {_SHAPES[node.kind]}{mark}];'


def _edge(edge: Edge) -> str:
    lines = [escape(line) for line in named_lines(edge.value, edge.name) if line]
    if edge.gradient is not None:
        back = "<BR/>".join(escape(line) for line in derivative_lines(edge.gradient))
        lines.append(f'<FONT COLOR="#cc0000"><I>{back}</I></FONT>')
    settings = [f"label=<{'<BR/>'.join(lines)}>"] if lines else []
    if edge.mark:
        settings.append('color="#0066cc", penwidth=3')
    told = f" [{', '.join(settings)}]" if settings else ""
    return f"{_quoted(edge.source)} -> {_quoted(edge.target)}{told};"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'
