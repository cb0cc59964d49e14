"""A scene that shows itself: as SVG in a notebook, as text at a prompt."""

from __future__ import annotations

from dataclasses import dataclass

from .scene import Scene
from .svg import svg
from .text import text


@dataclass(frozen=True, repr=False)
class Picture:
    """A picture to be shown.

    Attributes
    ----------
    scene : Scene
    theme : {"auto", "light", "dark"}
    """

    scene: Scene
    theme: str = "auto"

    def _repr_svg_(self) -> str:
        return svg(self.scene, self.theme)

    def __repr__(self) -> str:
        return text(self.scene)
