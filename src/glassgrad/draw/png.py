"""A scene as a PNG image, drawn from its SVG by resvg."""

from __future__ import annotations

from ..errors import SettingError
from .scene import Scene
from .svg import svg


def png(scene: Scene, theme: str = "light", scale: float = 2.0) -> bytes:
    """Return the bytes of a PNG file, `scale` pixels for each unit of the SVG.

    Raises
    ------
    SettingError
        If resvg-py or quickjs-ng is not installed.
    """
    try:
        import resvg_py
    except ImportError:
        raise SettingError("PNG pictures need resvg-py: pip install 'glassgrad[draw]'.") from None
    drawing = svg(scene, "light" if theme == "auto" else theme)
    return bytes(resvg_py.svg_to_bytes(svg_string=drawing, zoom=round(scale) if scale >= 1 else 1))
