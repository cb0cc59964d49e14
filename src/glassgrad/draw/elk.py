"""Places for the parts of a picture, found by the Eclipse Layout Kernel, run inside Python by quickjs-ng.

The engine is the file ``elkjs/elk-worker.min.js``, unmodified. A layout is remembered, so drawing the same graph again
costs nothing.
"""

from __future__ import annotations

import json
import threading
from functools import lru_cache
from importlib import resources
from typing import Any

from ..errors import SettingError
from .layout import LINE, TITLE_FONT, Placed, Rect, label_size, node_size, total_text, total_width
from .metrics import width
from .outline import Box
from .scene import Scene

_START = """
var self = globalThis, module = undefined, window = undefined, answer = null;
var console = {log() {}, error() {}, warn() {}};
function setTimeout(f) { f(); }
function postMessage(message) { answer = message; }
"""
INLINE = {"elk.edgeLabels.inline": "true"}
_REGISTER = 'self.onmessage({data: {id: 0, cmd: "register", algorithms: ["layered"]}})'
_LAYOUT = """
self.onmessage({data: {id: 1, cmd: "layout", graph: places.prepared(JSON.parse(question)), layoutOptions: {},
                       options: {}}});
JSON.stringify(answer.error ? {error: String(answer.error.message ?? answer.error)} : places.gathered(answer.data));
"""
_EVALUATE = "JSON.stringify((() => { const given = JSON.parse(question); return eval(script); })())"
_engines = threading.local()  # an engine belongs to the thread that made it


def source() -> str:
    """Return the text of the layout engine."""
    return resources.files(__package__).joinpath("elkjs/elk-worker.min.js").read_text(encoding="utf-8")


def script(name: str) -> str:
    """Return a script of the page that Python runs as well."""
    return resources.files(__package__).joinpath("page", name).read_text(encoding="utf-8")


def layout(scene: Scene) -> Placed:
    """Return places for everything in `scene`.

    Raises
    ------
    SettingError
        If quickjs-ng is not installed.
    """
    found = places_of(json.dumps(elk_graph(scene)))
    rects = {name: Rect(**place) for name, place in found["places"].items()}
    return Placed(
        found["width"], found["height"],
        nodes={node.id: rects[node.id] for node in scene.nodes},
        boxes={box.id: rects[box.id] for box in scene.boxes},
        lines={name: tuple((point["x"], point["y"]) for point in line) for name, line in found["lines"].items()},
        labels={name: Rect(**place) for name, place in found["labels"].items()},
    )


@lru_cache(maxsize=64)
def places_of(graph: str) -> dict[str, Any]:
    """Return where everything in a graph of ELK's JSON form stands, by name; the result is not to be changed."""
    engine = _engine()
    engine.set("question", graph)
    found: dict[str, Any] = json.loads(engine.eval(_LAYOUT))
    assert "error" not in found, f"the layout engine refused a graph of ours: {found['error'][:500]}"
    return _rounded(found)


def _rounded(found: Any) -> Any:
    """Return coordinates with one decimal, however deep they stand."""
    if isinstance(found, dict):
        return {name: _rounded(part) for name, part in found.items()}
    if isinstance(found, list):
        return [_rounded(part) for part in found]
    return round(found, 1) if isinstance(found, float) else found


def evaluate(code: str, given: Any) -> Any:
    """Return what a script of ours ends with, as plain data; it finds `given` under that name."""
    engine = _engine()
    engine.set("question", json.dumps(given))
    engine.set("script", code)
    return json.loads(engine.eval(_EVALUATE))


def _engine() -> Any:
    engine = getattr(_engines, "engine", None)
    if engine is None:
        engine = _engines.engine = _start()
    return engine


def _start() -> Any:
    try:
        import quickjs  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        raise SettingError("the layout engine needs quickjs-ng: pip install 'glassgrad[draw]'.") from None
    engine = quickjs.Context()
    engine.set_max_stack_size(64 * 1024 * 1024)
    engine.eval(_START)
    engine.eval(source())
    engine.eval(_REGISTER)
    engine.eval(script("places.js"))
    return engine


def elk_graph(scene: Scene) -> dict[str, Any]:
    """Return the scene in ELK's JSON form: sizes and connections."""
    root: dict[str, Any] = {"id": "root", "children": [], "edges": []}
    containers: dict[str | None, dict[str, Any]] = {None: root}
    for box in scene.boxes:
        containers[box.id] = _box(box)
        containers[box.parent]["children"].append(containers[box.id])
    for node in scene.nodes:
        across, high = node_size(node)
        item: dict[str, Any] = {"id": node.id, "width": across, "height": high}
        if node.total is not None:
            item["labels"] = [{"text": total_text(node), "width": round(total_width(node)), "height": LINE}]
            item["layoutOptions"] = {"elk.nodeLabels.placement": "OUTSIDE V_BOTTOM H_CENTER"}
        containers[node.parent]["children"].append(item)
    for edge in scene.edges:
        across, high = label_size(edge)
        label = {"id": f"{edge.id}/label", "text": "x", "width": across, "height": high, "layoutOptions": INLINE}
        root["edges"].append({"id": edge.id, "sources": [edge.source], "targets": [edge.target], "labels": [label]})
    return root


def _box(box: Box) -> dict[str, Any]:
    title = {"text": box.title, "width": round(width(box.title, TITLE_FONT)), "height": 16}
    return {"id": box.id, "children": [], "labels": [title]}
