"""How long pictures take, and how large they are: a graph of 1,000 nodes, one hundred visible nodes, 100,000 nodes.

    python benchmarks/pictures.py [--repeat 5]

Prints medians, without what is remembered of earlier layouts; the layout engine's own start, once in a process, is told
apart. Times in the browser are taken where Playwright and a Chromium are installed: from each click to the picture; the
first one at once after the page was opened (the engine has not started), and four seconds later (it has, and has laid
out meanwhile what one click leads to), the following ones without a pause, so that they ask for new layouts.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import glassgrad as gg
from glassgrad.draw import elk
from glassgrad.draw.scene import scene_at, scene_of, story_of


def blocks(nodes: int, per_block: int) -> gg.Tensor:
    """Return a graph of so many nodes, in blocks by scopes; each block forks and joins again."""
    y = x = gg.tensor(0.5, name="x")
    made = 0
    while made < nodes:
        with gg.scope(f"block {made // per_block + 1}"):
            for _ in range(per_block // 5):
                s = gg.exp(y * -0.5)
                y = (s + y) * s + x
                made += 5
    y.name = "y"
    return y


def hundred() -> gg.Tensor:
    """Return a fully opened network of 3 inputs, 4 hidden units and 3 classes, unit by unit: about 100 nodes."""
    inputs = [gg.tensor(0.3 * i, name=f"x{i}") for i in (1, 2, 3)]

    def affine(given: list[gg.Tensor], outputs: int) -> list[gg.Tensor]:
        results = []
        for j in range(1, outputs + 1):
            total = gg.parameter(0.1, name=f"b{j}")
            for i, x in enumerate(given, 1):
                total = total + x * gg.parameter(0.1 * i - 0.2 * j, name=f"w{i}{j}")
            results.append(total)
        return results

    with gg.scope("Affine1"):
        hidden = affine(inputs, 4)
    with gg.scope("ReLU1"):
        hidden = [gg.relu(node) for node in hidden]
    with gg.scope("Affine2"):
        a = affine(hidden, 3)
    with gg.scope("Softmax"):
        exps = [gg.exp(node) for node in a]
        inverse = gg.reciprocal(exps[0] + exps[1] + exps[2])
        loss = -gg.log(exps[0] * inverse) + exps[1] * inverse + exps[2] * inverse
    loss.name = "L"
    return loss


def median(run: Callable[[], Any], repeat: int) -> str:
    """Return the median time of a call, by the clock and of the processor alone."""
    times, busy = [], []
    for _ in range(repeat):
        start, started = time.perf_counter(), time.process_time()
        run()
        times.append(time.perf_counter() - start)
        busy.append(time.process_time() - started)
    return f"{statistics.median(times):6.2f} s, {statistics.median(busy):5.2f} s of the processor"


def cold_layout() -> None:
    """Forget what has been laid out."""
    elk.places_of.cache_clear()


def python(repeat: int) -> None:
    """Print what takes how long in Python."""
    def fresh(run: Callable[[], Any]) -> Callable[[], Any]:
        def once() -> Any:
            cold_layout()
            return run()

        return once

    start = time.perf_counter()
    elk.evaluate("1", None)
    print(f"start of the layout engine in Python, once in a process: {time.perf_counter() - start:6.2f} s")
    graph = blocks(1_000, 50)
    for kind in ("svg", "html", "text", "png"):
        taken = median(fresh(lambda kind=kind: gg.draw(graph, format=kind)), repeat)
        print(f"1,000 nodes in 20 blocks, closed, {kind:5}{taken}  (goal 2 s for SVG and HTML)")
    scene = scene_of(hundred(), depth=50)
    print(f"{len(scene.nodes)} visible nodes, {len(scene.edges)} edges: layout in Python "
          f"{median(fresh(lambda: elk.layout(scene)), repeat)}  (goal 3 s)")


def large() -> None:
    """Print what 100,000 nodes take, and what can be opened."""
    graph = blocks(100_000, 500)
    start = time.perf_counter()
    story = story_of(graph)
    outline = story.outline
    print(f"100,000 nodes: outline of {len(outline.boxes)} boxes in {time.perf_counter() - start:.2f} s")
    for kind in ("svg", "html", "text"):
        start = time.perf_counter()
        written = gg.draw(graph, format=kind)
        print(f"  {kind}: {time.perf_counter() - start:.2f} s, {len(written.encode()):,} bytes")
    block = next(iter(outline.boxes.values()))
    start = time.perf_counter()
    shown = scene_at(story, {block.id})
    print(f"  one block opened: {len(shown.nodes)} nodes in {time.perf_counter() - start:.2f} s")


@contextmanager
def chromium() -> Iterator[Any]:
    """Give a browser, or None."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        found = None
    if found is None:
        yield None
        return
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


# Clicks, and tells after how many seconds the picture has changed; once it is open, from the page's own start.
_FIRST = """new MutationObserver((seen, observer) => {
  if (!document.body?.dataset.ready) return;
  observer.disconnect();
  window.firstView = performance.now() / 1000;
}).observe(document, {subtree: true, childList: true, attributes: true})"""
_CLICK = """([selector, last]) => new Promise((resolve) => {
  const found = document.querySelectorAll(selector);
  const began = performance.now();
  const seen = new MutationObserver(() => { seen.disconnect(); resolve((performance.now() - began) / 1000); });
  seen.observe(document.body, {attributeFilter: ["data-ready"]});
  found[last ? found.length - 1 : 0].dispatchEvent(new MouseEvent("click", {bubbles: true}));
})"""
_OPEN_ALL, _OPEN_FIRST, _OPEN_LAST, _CLOSE = (
    ("#open", False), ("[data-node].opens", False), ("[data-node].opens", True), (".closes .title", False))
# What is open at first (levels), what is clicked, one after the other without a pause, and what it is.
_CLICKS = [
    (0, [_OPEN_ALL], "open all"),
    (0, [_OPEN_FIRST], "open the first box"),
    (0, [_OPEN_LAST], "open the last box"),
    (50, [_CLOSE], "close one box of all"),
    (0, [_OPEN_ALL, _CLOSE, _CLOSE], "open all, close two boxes"),
    (0, [_OPEN_FIRST, _OPEN_FIRST, _OPEN_LAST, _CLOSE, _OPEN_LAST], "open three, close one, open one"),
]

# Lays out everything, opened, six times by the engine that is in the page.
_LAYOUTS = """async () => {
  const picture = JSON.parse(await engine.unpacked("picture"));
  const known = plan(picture);
  const scene = known.scene(new Set(picture.boxes.map(({ id }) => id)));
  const result = [scene.nodes.length];
  for (let i = 0; i < 6; i++) {
    const began = performance.now();
    await engine.layout(known.layoutGraph(scene));
    result.push(Math.round(performance.now() - began));
  }
  return result;
}"""


def browser(repeat: int) -> None:
    """Print what takes how long in the browser."""
    with chromium() as running, tempfile.TemporaryDirectory() as folder:
        if running is None:
            print("no browser: install Playwright and Chromium")
            return
        for name, graph in (("network", hundred()), ("1,000 nodes", blocks(1_000, 50))):
            for depth, clicks, told in _CLICKS if name == "network" else _CLICKS[1:3]:
                file = Path(folder) / "page.html"
                gg.draw(graph, path=file, depth=depth)
                for wait in (0, 4):
                    runs = [_clicked(running, file, wait, clicks) for _ in range(repeat)]
                    first, *each = (statistics.median(run[i] for run in runs) for i in range(len(clicks) + 1))
                    print(f"browser, {name}, first view {first:.2f} s; {wait} s later {told}: "
                          f"{', '.join(f'{taken:.2f}' for taken in each)} s; {runs[0][-1]} nodes  (goal 0.5)")
        page = Path(folder) / "page.html"
        gg.draw(hundred(), path=page, depth=50)
        for wait in (0, 1, 2, 4):
            nodes, *times = _laid_out(running, page, wait)
            print(f"browser, engine {wait} s after the first view: layouts of {nodes} visible nodes in turn "
                  f"{', '.join(f'{taken / 1000:.2f}' for taken in times)} s  (goal 0.5)")


def _laid_out(running: Any, file: Path, wait: float) -> list[int]:
    """Return how many nodes are seen when all is open, and the milliseconds of layouts of them by the page's engine."""
    page = running.new_page()
    page.goto(file.as_uri())
    page.wait_for_selector("body[data-ready='1']")
    page.wait_for_timeout(1000 * wait)
    found: list[int] = page.evaluate(_LAYOUTS)
    page.close()
    return found


def _clicked(running: Any, file: Path, wait: float, clicks: list[tuple[str, bool]]) -> list[float]:
    """Return when the first view was there, how long each click took, and how many nodes are seen in the end."""
    page = running.new_page()
    page.add_init_script(_FIRST)
    page.goto(file.as_uri())
    page.wait_for_selector("body[data-ready='1']")
    page.wait_for_timeout(1000 * wait)
    taken = [page.evaluate("window.firstView")]
    taken += [page.evaluate(_CLICK, list(click)) for click in clicks]
    nodes = page.locator("[data-node]").count()
    page.close()
    return [*taken, nodes]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--browser", action="store_true", help="the times in the browser alone")
    chosen = parser.parse_args()
    if not chosen.browser:
        python(chosen.repeat)
        large()
    browser(chosen.repeat)


if __name__ == "__main__":
    main()
