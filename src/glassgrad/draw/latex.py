r"""A scene as TikZ, for LaTeX: ``\input`` the file after ``\usepackage{tikz}``, or compile it as it stands.

For Chinese or Japanese names compile with XeLaTeX or LuaLaTeX and a font that has them (``\usepackage{xeCJK}``);
pdfLaTeX writes the code of a sign that it does not have, such as U+860B.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .layout import (
    ARROW,
    CELL,
    GAP,
    LINE,
    Placed,
    Point,
    Rect,
    derivative_lines,
    label_size,
    named_lines,
    total_text,
)
from .numbers import NOT_A_NUMBER, Figure
from .pieces import number
from .places import layout
from .scene import Edge, Node, Scene

_HEAD = r"""\documentclass{article}
\usepackage{amssymb,tikz}
\usepackage[paperwidth=WIDEpt,paperheight=HIGHpt,margin=0pt]{geometry}
\setlength{\parindent}{0pt}
\pagestyle{empty}
\begin{document}
\vspace*{\fill}\centerline{%
"""
_TAIL = "}\\vspace*{\\fill}\n\\end{document}\n"
_MARGIN = 12
_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "−": "$-$", "×": r"$\times$", "÷": r"$\div$",
    "≤": r"$\le$", "≥": r"$\ge$", "≠": r"$\ne$", "∞": r"$\infty$", "∂": r"$\partial$", "Σ": r"$\Sigma$",
    "σ": r"$\sigma$", "·": r"$\cdot$", "√": r"$\surd$", "…": r"\ldots{}", "⚠": r"\textbf{!}", "⊣": r"$\dashv$",
    "<": "$<$", ">": "$>$", "|": "$|$", '"': "''", "α": r"$\alpha$", "β": r"$\beta$", "γ": r"$\gamma$",
    "δ": r"$\delta$", "ε": r"$\varepsilon$", "η": r"$\eta$", "θ": r"$\theta$", "λ": r"$\lambda$", "μ": r"$\mu$",
    "π": r"$\pi$", "ρ": r"$\rho$", "τ": r"$\tau$", "φ": r"$\varphi$", "ω": r"$\omega$", "Δ": r"$\Delta$",
    "✕": r"$\times$", "●": r"$\bullet$",
}
_STYLES = {
    "op": "op", "leaf": "leaf", "output": "output", "composite": "layer", "box": "layer",
}


def tikz(scene: Scene, standalone: bool = True) -> str:
    """Return the picture as a LaTeX document of its own, or only as a ``tikzpicture``."""
    placed = layout(scene)
    picture = "\n".join(_picture(scene, placed)) + "\n"
    if not standalone:
        return picture
    wide, high = (number(0.75 * size + 2 * _MARGIN) for size in (placed.width, placed.height + LINE))
    return _HEAD.replace("WIDE", wide).replace("HIGH", high) + picture + _TAIL


def escaped(text: str) -> str:
    r"""Return `text` with LaTeX's special signs made harmless.

    >>> print(escaped("50% of W_1 ∂ −2"))
    50\% of W\_1 $\partial$ $-$2
    """
    return "".join(_SPECIAL.get(sign) or (sign if ord(sign) < 0x180 else _other(sign)) for sign in text)


def _other(sign: str) -> str:
    return rf"\othersign{{{ord(sign):04X}}}{{{sign}}}"


def _picture(scene: Scene, placed: Placed) -> Iterator[str]:
    yield r"\ifdefined\Umathchardef\def\othersign#1#2{#2}\else\def\othersign#1#2{\texttt{U+#1}}\fi"
    yield r"\begin{tikzpicture}[x=0.75pt,y=-0.75pt,font=\sffamily\scriptsize,inner sep=0pt,line width=0.6pt,"
    yield r"  op/.style={draw,fill=white,rounded corners=13pt}, leaf/.style={draw=brown,fill=yellow!12},"
    yield r"  output/.style={font=\sffamily\footnotesize\bfseries}, layer/.style={draw=blue!40!black,fill=blue!8,"
    yield r"  rounded corners=6pt}, back/.style={red!80!black,line width=1.4pt,->},"
    yield r"  derivative/.style={red!80!black,font=\sffamily\scriptsize\itshape}]"
    for box in scene.boxes:
        place = placed.boxes[box.id]
        yield rf"\draw[blue!30!black,fill=blue!{4 + 3 * (box.level % 2)},rounded corners=6pt] {_corners(place)};"
        yield rf"\node[anchor=west,font=\sffamily\scriptsize\bfseries] at {_at((place.x + 10, place.y + 14))} " \
              rf"{{{escaped(box.title)}}};"
    for edge in scene.edges:
        style = "->,line width=1.8pt,blue!75!black" if edge.mark else "->"
        yield rf"\draw[{style}] " + " -- ".join(_at(point) for point in placed.lines[edge.id]) + ";"
    for edge in scene.edges:
        yield from _label(edge, placed.labels[edge.id].centre)
    for node in scene.nodes:
        yield from _node(node, placed.nodes[node.id])
    yield r"\end{tikzpicture}"


def _node(node: Node, place: Rect) -> Iterator[str]:
    x, y = place.centre
    size = f"minimum width={number(place.width * 0.75)}pt,minimum height={number(place.height * 0.75)}pt"
    anchor = ",anchor=west" if node.kind == "output" else ""
    at = (place.x + 2, y) if node.kind == "output" else (x, y)
    dashed = ",dashed" if node.mark == "blocked" else ""
    yield rf"\node[{_STYLES[node.kind]}{dashed},{size}{anchor}] at {_at(at)} {{{escaped(node.label)}}};"
    if node.total is not None:
        yield rf"\node[derivative] at {_at((x, y + place.height / 2 + 9))} {{{escaped(total_text(node))}}};"


def _label(edge: Edge, centre: Point) -> Iterator[str]:
    lines = named_lines(edge.value, edge.name)
    x, y = centre
    yield from _block(lines, edge.value, x, y - GAP - LINE * len(lines) - CELL * len(edge.value.heat), "")
    if edge.gradient is not None:
        half = label_size(edge)[0] / 2 - 3
        yield rf"\draw[back] {_at((x + half, y + GAP + 2))} -- {_at((x - half, y + GAP + 2))};"
        yield from _block(derivative_lines(edge.gradient), edge.gradient, x, y + GAP + ARROW - 2, "derivative")


def _block(lines: Iterable[str], figure: Figure, x: float, top: float, style: str) -> Iterator[str]:
    y = top
    for line in lines:
        yield rf"\node[{style}] at {_at((x, y + LINE / 2))} {{{escaped(line)}}};"
        y += LINE
    for row in figure.heat:
        left = x - len(row) * CELL / 2
        for place, level in enumerate(row):
            cell = Rect(left + place * CELL, y, CELL, CELL)
            yield rf"\draw[gray!60,line width=0.2pt,fill={_color(level)}] {_corners(cell)};"
        y += CELL


def _color(level: int) -> str:
    if level == NOT_A_NUMBER:
        return "black"
    return f"{'orange' if level > 0 else 'blue'}!{22 * abs(level)}"


def _corners(place: Rect) -> str:
    return f"{_at((place.x, place.y))} rectangle {_at((place.x + place.width, place.y + place.height))}"


def _at(point: Point) -> str:
    return f"({number(point[0])},{number(point[1])})"
