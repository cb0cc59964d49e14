"""The interactive page in a real Chromium: open, close, step both ways, by mouse and by keyboard.

Runs where Playwright and a Chromium are installed.
"""

import io
import itertools
import os
import re
import shutil
from pathlib import Path

import pytest
from drawn_graphs import two_layers

import glassgrad as gg
from glassgrad.draw import draw

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
if CHROMIUM is None:
    pytest.skip("no Chromium is installed", allow_module_level=True)


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser, tmp_path):
    """The page of a two-layer network; fails if the page reports an error or asks for anything."""
    file = tmp_path / "network.html"
    draw(two_layers(), path=file)
    troubles = []
    tab = browser.new_page(viewport={"width": 1200, "height": 500})
    tab.on("console", lambda message: troubles.append(message.text))
    tab.on("pageerror", lambda error: troubles.append(str(error)))
    tab.on("request", lambda request: troubles.append(request.url)
           if not request.url.startswith(("blob:", file.as_uri())) else None)
    tab.goto(file.as_uri())
    tab.wait_for_selector("body[data-ready='1']")
    yield tab
    tab.close()
    assert troubles == []


def labels(page):
    return sorted(page.locator("[data-node] .sign").all_text_contents())


CLOSED = ["Affine", "Affine", "L", "ReLU", "Softmax-with-Loss", "W1", "W2", "b1", "b2", "t", "x"]


def test_it_opens_as_the_user_wrote_it(page):
    assert labels(page) == CLOSED
    assert page.locator(".title").all_text_contents() == ["Affine1 ⊖", "ReLU1 ⊖", "Affine2 ⊖", "SoftmaxWithLoss ⊖"]


def test_open_and_close_by_mouse(page):
    page.locator("[data-node]", has_text="ReLU").click()
    page.wait_for_selector("body[data-ready='2']")
    assert "where" in labels(page)
    page.locator("[data-box] .title", has_text=re.compile("^relu")).click()
    page.wait_for_selector("body[data-ready='3']")
    assert labels(page) == CLOSED


def test_open_and_close_by_keyboard(page):
    page.locator("[data-node].opens").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("body[data-ready='2']")
    assert "dot" in labels(page)
    assert page.locator(":focus").get_attribute("aria-label") == "affine, open; select to close"
    page.keyboard.press("Enter")
    page.wait_for_selector("body[data-ready='3']")
    assert labels(page) == CLOSED
    page.keyboard.press("c")
    page.wait_for_selector("body[data-ready='4']")
    assert labels(page) == ["Affine1", "Affine2", "L", "ReLU1", "SoftmaxWithLoss", "x"]
    page.keyboard.press("o")
    page.wait_for_selector("body[data-ready='5']")
    assert {"exp", "log", "Σ", "/", "dot", "where"} <= set(labels(page))


def test_steps_forward_and_back_by_keyboard_and_mouse(page):
    tale = page.locator("#tale")
    assert page.locator(".later").count() == 0
    page.keyboard.press("ArrowRight")
    assert tale.text_content().startswith("1 of ")
    assert "forward: v1 = x·W1 + b1 = " in tale.text_content()
    assert page.locator("[data-edge].later").count() > 0
    page.locator("#step").click()
    assert tale.text_content().startswith("2 of ")
    page.locator("#back").click()
    assert tale.text_content().startswith("1 of ")
    page.locator("#back").click()
    assert page.locator(".later").count() == 0
    page.keyboard.press("ArrowLeft")
    assert "backward: ∂L/∂x = [[" in tale.text_content()
    page.keyboard.press("Escape")
    assert page.locator(".later, .unreturned, .now").count() == 0


def test_values_appear_as_they_are_computed(page):
    page.keyboard.press("ArrowRight")
    shown = [text.text_content() for text in page.locator(".value").all() if text.is_visible()]
    assert "v1 (1, 2)" in shown
    assert "0.513" not in shown
    assert not [text for text in page.locator(".derivative").all() if text.is_visible()]


PLACES = """() => [...document.querySelectorAll("[data-node]")].map(
  (node) => [node.dataset.node, node.getAttribute("transform")])"""


def test_a_state_looks_the_same_by_whatever_way_it_was_reached(page):

    def opened(*labels):
        for ready, label in enumerate(labels, 2):
            page.locator("[data-node].opens", has_text=label).click()
            page.wait_for_selector(f"body[data-ready='{ready}']")
        return page.evaluate(PLACES)

    first = page.evaluate(PLACES)
    page.wait_for_timeout(1_500)  # some states are laid out ahead by now
    one_way = opened("ReLU", "Softmax")
    assert one_way != first
    page.reload()
    page.wait_for_selector("body[data-ready='1']")
    assert opened("Softmax", "ReLU") == one_way  # at once: the engine has laid out nothing yet


def test_every_node_speaks(page):
    for node in page.locator("[data-node]").all():
        assert node.get_attribute("aria-label")
        assert node.get_attribute("role") in ("button", "img")
    assert page.locator("svg").first.get_attribute("aria-label") == "Computational graph of L"
    assert page.locator("#tale").get_attribute("aria-live") == "polite"


def test_an_array_opens_into_its_numbers_by_mouse_and_by_keyboard(page):
    panel = page.locator("#numbers")
    assert panel.is_hidden()
    page.locator("[data-table][data-name=W1]:not([data-back])").click()
    assert page.locator("#numbers td").all_text_contents() == ["0.5", "-0.3", "0.2", "0.8"]
    assert page.locator("#numbers h2").text_content() == "W1"
    assert "float64[2, 2] · min −0.3 · max 0.8 · mean 0.3" in page.locator("#numbers-facts").text_content()
    page.keyboard.press("Escape")
    assert panel.is_hidden()
    page.locator("[data-table][data-name=W1][data-back]").focus()
    page.keyboard.press("Enter")
    assert page.locator("#numbers h2").text_content() == "derivative, W1"
    assert page.locator("#hide").evaluate("element => element === document.activeElement")
    page.keyboard.press("Enter")
    assert panel.is_hidden()
    assert page.locator(":focus").get_attribute("aria-label") == "derivative, W1: show the numbers"


def test_it_speaks_three_languages(page):
    page.keyboard.press("ArrowRight")
    page.locator("#language").select_option("zh_TW")
    assert page.locator("#step").text_content() == "下一步 ▶"
    assert "正向傳播" in page.locator("#tale").text_content()
    assert page.locator("html").get_attribute("lang") == "zh-TW"
    for _ in range(5):
        page.locator("#step").click()
    page.locator("#language").select_option("ja")
    assert "逆伝播" in page.locator("#tale").text_content()
    assert page.locator("svg").first.get_attribute("aria-label") == "L の計算グラフ"


def test_zoom_pan_and_fit(page):
    camera = page.locator("svg > g").first
    before = camera.get_attribute("transform")
    page.keyboard.press("+")
    larger = camera.get_attribute("transform")
    assert float(larger.split("scale(")[1].rstrip(")")) > float(before.split("scale(")[1].rstrip(")"))
    page.mouse.move(600, 400)
    page.mouse.down()
    page.mouse.move(650, 420, steps=4)
    page.mouse.up()
    assert camera.get_attribute("transform") != larger
    page.mouse.wheel(0, -200)
    page.keyboard.press("0")
    assert camera.get_attribute("transform") == before


GOLDEN = Path(__file__).parent / "golden"
ALIKE = 0.1  # 0: the same, 1: nothing in common


def apart(now, kept):
    """Return how much of the ink of two screenshots lies elsewhere, both made small, which blurs the edges."""
    image = pytest.importorskip("PIL.Image")
    one, other = ([255 - pixel for pixel in picture.resize((150, 62), image.Resampling.BOX).tobytes()]
                  for picture in (now, kept))
    return sum(abs(a - b) for a, b in zip(one, other, strict=True)) / (sum(one) + sum(other))


@pytest.mark.parametrize("state", ["first", "opened", "stepping"])
def test_it_looks_as_it_did(page, state):
    """Compare the picture with a kept one, without letters, so that it is the same with all fonts.

    Where things stand does not depend on fonts; what the texts say, and that they fit, other tests look at.
    """
    image = pytest.importorskip("PIL.Image")
    page.evaluate("for (const name of ['header', '#tale']) document.querySelector(name).style.display = 'none'")
    page.evaluate("dispatchEvent(new Event('resize'))")
    if state != "first":
        page.keyboard.press("o")
        page.wait_for_selector("body[data-ready='2']")
    if state == "stepping":
        for _ in range(16):
            page.keyboard.press("ArrowRight")
    page.evaluate("for (const text of document.querySelectorAll('svg text')) text.style.visibility = 'hidden'")
    now = image.open(io.BytesIO(page.screenshot())).convert("L")
    file = GOLDEN / f"page-{state}.png"
    if os.environ.get("GOLDEN") == "1":
        now.save(file, optimize=True)
    assert apart(now, image.open(file)) <= ALIKE, f"{file.name} differs; look at it, then run with GOLDEN=1 to keep it"


BOXES = """() => [...document.querySelectorAll("svg text")].filter((text) => text.textContent).map((text) => {
  const {left, top, right, bottom, height} = text.getBoundingClientRect();
  const empty = height * 0.15;  // a line's box is higher than its ink
  return [left, top + empty, right, bottom - empty, text.textContent];
})"""


@pytest.mark.parametrize("font", ["DejaVu Sans", "sans-serif", "serif"])
def test_no_text_lies_on_another_in_any_font(page, font):
    page.keyboard.press("o")
    page.wait_for_selector("body[data-ready='2']")
    page.evaluate("(font) => { for (const text of document.querySelectorAll('text')) text.style.fontFamily = font; }",
                  font)
    boxes = page.evaluate(BOXES)
    assert len(boxes) > 80
    assert [(a[4], b[4]) for a, b in itertools.combinations(boxes, 2)
            if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]] == []


def test_a_large_page_says_what_it_leaves_out(browser, tmp_path):
    y = gg.tensor(0.5)
    for i in range(1_000):
        with gg.scope(f"block {i // 20}"):
            y = gg.sin(y)
    draw(y, path=tmp_path / "large.html", depth=0)
    tab = browser.new_page()
    tab.goto((tmp_path / "large.html").as_uri())
    tab.wait_for_selector("body[data-ready='1']")
    assert re.search(r"\d+ inner boxes cannot be opened here", tab.locator("#tale").text_content())
    assert "it speaks one language" in tab.locator("#tale").text_content()
    assert tab.locator("#language").is_hidden()
    tab.close()


@pytest.mark.parametrize(("one", "other"), [("first", "opened"), ("opened", "stepping")])
def test_the_comparison_tells_states_apart(one, other):
    image = pytest.importorskip("PIL.Image")
    pictures = [image.open(GOLDEN / f"page-{state}.png") for state in (one, other)]
    assert apart(*pictures) > ALIKE
    assert apart(pictures[0], pictures[0]) == 0
