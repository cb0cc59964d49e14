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
from .layout import LABEL_FONT, LINE, TITLE_FONT, TITLE_SPACE, Placed, Point, Rect, label_size, node_size, total_text
from .metrics import width
from .outline import Box
from .scene import Scene

OPTIONS = {
    "elk.algorithm": "layered",
    "elk.direction": "RIGHT",
    "elk.hierarchyHandling": "INCLUDE_CHILDREN",
    "elk.edgeRouting": "POLYLINE",
    "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
    "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
    "elk.layered.spacing.nodeNodeBetweenLayers": "14",
    "elk.spacing.nodeNode": "14",
    "elk.spacing.edgeLabel": "0",
    "elk.json.edgeCoords": "ROOT",
    "elk.json.shapeCoords": "ROOT",
}
INLINE = {"elk.edgeLabels.inline": "true"}
BOX_OPTIONS = {
    "elk.padding": f"[top={TITLE_SPACE},left=12,bottom=12,right=12]",
    "elk.nodeLabels.placement": "INSIDE V_TOP H_LEFT",
}
_START = """
var self = globalThis, module = undefined, window = undefined, answer = null;
var console = {log() {}, error() {}, warn() {}};
function setTimeout(f) { f(); }
function postMessage(message) { answer = message; }
"""
_ASK = "self.onmessage({data: JSON.parse(question)}); JSON.stringify(answer)"
_EVALUATE = "JSON.stringify((() => { const given = JSON.parse(question); return eval(script); })())"
_engines = threading.local()  # an engine belongs to the thread that made it


def source() -> str:
    """Return the text of the layout engine."""
    return resources.files(__package__).joinpath("elkjs/elk-worker.min.js").read_text(encoding="utf-8")


def layout(scene: Scene) -> Placed:
    """Return places for everything in `scene`.

    Raises
    ------
    SettingError
        If quickjs-ng is not installed.
    """
    return _layout(json.dumps(elk_graph(scene)))


@lru_cache(maxsize=64)
def _layout(graph: str) -> Placed:
    answer = ask({"id": 1, "cmd": "layout", "graph": json.loads(graph), "layoutOptions": {}, "options": {}})
    return _read(answer["data"])


def ask(message: dict[str, Any]) -> dict[str, Any]:
    """Return the engine's answer to a message."""
    engine = _engine()
    engine.set("question", json.dumps(message))
    answer: dict[str, Any] = json.loads(engine.eval(_ASK))
    assert "error" not in answer, f"the layout engine refused a graph of ours: {str(answer)[:500]}"
    return answer


def evaluate(script: str, given: Any) -> Any:
    """Return what a script of ours ends with, as plain data; it finds `given` under that name."""
    engine = _engine()
    engine.set("question", json.dumps(given))
    engine.set("script", script)
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
    engine.set("question", json.dumps({"id": 0, "cmd": "register", "algorithms": ["layered"]}))
    engine.eval(_ASK)
    return engine


def elk_graph(scene: Scene) -> dict[str, Any]:
    """Return the scene in ELK's JSON form: sizes and connections."""
    root: dict[str, Any] = {"id": "root", "children": [], "edges": [], "layoutOptions": OPTIONS}
    containers: dict[str | None, dict[str, Any]] = {None: root}
    for box in scene.boxes:
        containers[box.id] = _box(box)
        containers[box.parent]["children"].append(containers[box.id])
    for node in scene.nodes:
        across, high = node_size(node)
        item: dict[str, Any] = {"id": node.id, "width": across, "height": high}
        if node.total is not None:
            text = total_text(node)
            item["labels"] = [{"text": text, "width": round(width(text, LABEL_FONT)), "height": LINE}]
            item["layoutOptions"] = {"elk.nodeLabels.placement": "OUTSIDE V_BOTTOM H_CENTER"}
        containers[node.parent]["children"].append(item)
    for edge in scene.edges:
        across, high = label_size(edge)
        label = {"id": f"{edge.id}/label", "text": "x", "width": across, "height": high, "layoutOptions": INLINE}
        root["edges"].append({"id": edge.id, "sources": [edge.source], "targets": [edge.target], "labels": [label]})
    return root


def _box(box: Box) -> dict[str, Any]:
    title = {"text": box.title, "width": round(width(box.title, TITLE_FONT)), "height": 16}
    return {"id": box.id, "children": [], "labels": [title], "layoutOptions": BOX_OPTIONS}


def _read(root: dict[str, Any]) -> Placed:
    nodes: dict[str, Rect] = {}
    boxes: dict[str, Rect] = {}
    lines: dict[str, tuple[Point, ...]] = {}
    labels: dict[str, Rect] = {}
    waiting = [root]
    while waiting:
        item = waiting.pop()
        for child in item.get("children", ()):
            (boxes if "children" in child else nodes)[child["id"]] = _rect(child)
            waiting.append(child)
        for edge in item.get("edges", ()):
            section = edge["sections"][0]
            corners = [section["startPoint"], *section.get("bendPoints", ()), section["endPoint"]]
            lines[edge["id"]] = tuple((round(point["x"], 1), round(point["y"], 1)) for point in corners)
            labels[edge["id"]] = _rect(edge["labels"][0])
    return Placed(round(root["width"], 1), round(root["height"], 1), nodes, boxes, lines, labels)


def _rect(item: dict[str, Any]) -> Rect:
    return Rect(*(round(item[key], 1) for key in ("x", "y", "width", "height")))
