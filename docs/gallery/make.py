"""Make the gallery: every figure as SVG and PNG, after its numbers have been compared with the reference.

Run ``python docs/gallery/make.py`` (with ``glassgrad[draw]`` installed); ``--check`` compares only. The PNG of the
figure with Chinese names needs a font that has them, such as Noto Sans CJK.
"""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import layers  # noqa: F401 - adds its figures to FIGURES
import numpy as np
from figures import FIGURES, Drawing, Entry

from glassgrad.draw.expand import expand
from glassgrad.draw.flow import flow_of
from glassgrad.draw.png import png
from glassgrad.draw.scene import Scene, scene_of
from glassgrad.draw.svg import svg

FOLDER = Path(__file__).parent
HEAD = """# Gallery

Every figure of the lecture, drawn from its graph by `make.py`, which first compares the values and derivatives of the
graph with the reference numbers. Values stand above the lines; derivatives, marked by the sign of the partial
derivative, below, in red and italic, with an arrow that runs back. Labels in Chinese and Japanese need a font that has
them, such as Noto Sans CJK (Debian: `fonts-noto-cjk`).

Of the lecture's 22 slides, 17 have pictures; 1 (title), 2 (learning points), 3 (the two phases), 18 (a class) and
21 (the learning procedure) are words.
"""


def differences(entry: Entry, drawing: Drawing) -> list[str]:
    """Return what in a figure's graph is not as the reference has it, to four digits of those that it gives."""
    if isinstance(drawing.what, Scene):
        return []
    settings = drawing.options.get("backward", True), drawing.options.get("g")
    flow = flow_of(drawing.what, *settings)
    opened = flow_of(expand(drawing.what, drawing.options.get("open", ())).what, *settings)  # as it is drawn
    found = []
    for node, value, derivative in drawing.expected:
        kept = [flow, opened] if node in opened.order else [flow]
        for kind, expected, actuals in (("value", value, [one.values.get(node) for one in kept]),
                                        ("derivative", derivative, [one.cotangents.get(node) for one in kept])):
            found += [
                f"{entry.name}: {kind} of {node.name or node.op.name} is {actual}, not {expected}"
                for actual in actuals if expected is not None and not agrees(actual, expected)
            ]
    return found


def agrees(actual: Any, expected: Any) -> bool:
    """Whether numbers agree to 1e-3, or near 0 to 6e-4 of the largest: the reference gives some in four digits."""
    return actual is not None and bool(np.allclose(actual, expected, rtol=1e-3, atol=6e-4 * np.max(np.abs(expected))))


def scene(drawing: Drawing) -> Scene:
    """Return a drawing's scene, without the lines of these programs, which every change of them moves."""
    if isinstance(drawing.what, Scene):
        return drawing.what
    options = {{"open": "opens"}.get(name, name): value for name, value in drawing.options.items()}
    made = scene_of(drawing.what, **options)
    return replace(made, nodes=tuple(replace(node, tip=re.sub(r"; \w+\.py:\d+$", "", node.tip)) for node in made.nodes))


def index() -> str:
    """Return the page that shows all figures, slide by slide."""
    lines, slide = [HEAD], 0
    for entry in FIGURES:
        if entry.slide != slide:
            slide = entry.slide
            lines.append(f"## Slide {slide}\n")
        lines.append(f"{entry.caption}\n\n![{entry.caption}]({entry.name}.svg)\n")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Compare, and unless ``--check`` is given write the files; return the number of differences."""
    wrong: list[str] = []
    for entry in FIGURES:
        drawing = entry.make()
        wrong += differences(entry, drawing)
        if "--check" not in arguments:
            picture = scene(drawing)
            (FOLDER / f"{entry.name}.svg").write_text(svg(picture), encoding="utf-8")
            (FOLDER / f"{entry.name}.png").write_bytes(png(picture))
    if "--check" not in arguments:
        (FOLDER / "index.md").write_text(index(), encoding="utf-8")
    numbers = sum(len(entry.make().expected) for entry in FIGURES)
    print(f"{len(FIGURES)} figures, {numbers} nodes compared with the reference, {len(wrong)} differences")
    print("\n".join(wrong))
    return len(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
