"""The report of a run: what stands in it, that it is safe to open, and that odd runs do not break it."""

from __future__ import annotations

import base64
import hashlib
import io
import math
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassgrad.errors import DataError
from glassgrad.report import Content, GradientRow, Mistake, render, write_report
from glassgrad.report.curve import Curve, curve_of, positions, smoothed, thinned
from glassgrad.report.picture import diverging, photograph, png, reduced
from glassgrad.report.scale import linear, logarithmic, suited

HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)></style></svg><!--&amp;&#60;\x00\u202e\ud800]]>"
VOID = {"meta", "img"}


class Reader(HTMLParser):
    """Reads a page as a browser does: every tag with its attributes, the text, and whether all tags are closed."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.problems: list[str] = []
        self.feed(page)
        self.close()
        if self.open:
            self.problems.append(f"never closed: {self.open}")

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}> closes nothing")

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)

    def handle_comment(self, data):
        self.problems.append("a comment")

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


def read(content: Content) -> Reader:
    page = Reader(render(content))
    assert page.problems == []
    return page


def history(rows: int) -> list[dict[str, float]]:
    random = np.random.default_rng(0)
    result = []
    for index in range(rows):
        row = {"iteration": index + 1, "epoch": index // 15 + 1}
        row["loss"] = 2.3 * math.exp(-index / 100) + 0.03 + 0.02 * random.random()
        if index % 15 == 14:
            row["train_accuracy"] = 0.99 - 0.9 * math.exp(-index / 60)
            row["test_accuracy"] = 0.97 - 0.9 * math.exp(-index / 60)
        result.append(row)
    return result


def full(side: int = 8, hidden: int = 50, classes: int = 10, rows: int = 667) -> Content:
    random = np.random.default_rng(1)
    confusion = np.diag(random.integers(30, 40, classes)) + random.integers(0, 2, (classes, classes))
    return Content(
        title="digits, 64-50-10", dataset="digits", source="E. Alpaydin and C. Kaynak, UCI, CC BY 4.0",
        settings={"hidden": [hidden], "learning_rate": 0.1, "shuffle": True, "schedule": None},
        history=history(rows),
        result={
            "train_accuracy": 1.0, "test_accuracy": 0.97222, "seconds": 0.413, "samples_per_second": 160053.2,
            "parameters": 3760, "interrupted": False,
        },
        weights=random.normal(0, 0.3, (side * side, hidden)), image_shape=(side, side), confusion=confusion,
        classes=[str(index) for index in range(classes)],
        mistakes=[Mistake(random.integers(0, 17, (side, side)).astype(np.uint8), 0, 1, 0.97) for _ in range(24)],
        gradient_check=[GradientRow("W1", 2.3e-10, "CORRECT", 4e-9), GradientRow("b2", 1.4e-7, "WRONG at (3,)", None)],
        gradient_sentence="One of two agrees.", versions={"glassgrad": "0.1.0"}, run="runs/digits 1",
    )


def picture(address: str) -> np.ndarray:
    """The pixels (rows, columns, 4) of a picture that stands in the page, read by another program."""
    image = pytest.importorskip("PIL.Image")
    head, data = address.split(",", 1)
    assert head == "data:image/png;base64"
    return np.asarray(image.open(io.BytesIO(base64.b64decode(data, validate=True))).convert("RGBA"))


# What stands in the page --------------------------------------------------------------------------------------------


def test_the_page_says_what_was_trained_and_how_it_went():
    text = read(full()).text
    for words in (
        "After 45 epochs (667 iterations) on digits, the network names the right class for 97.22 % of the test set",
        "100 %", "0.41 s", "160,053", "3,760", "is 0 , read as 1 (0.97)", "2.3×10⁻¹⁰", "✗ WRONG at (3,)",
        "One of two agrees.", "learning_rate 0.1", "shuffle yes", "schedule none", "glassgrad 0.1.0",
        "glassgrad predict 'runs/digits 1' image.png", "runs/digits 1/weights.safetensors", "CC BY 4.0",
    ):
        assert words in text


def test_sections_come_in_order():
    page = read(full())
    anchors = [attributes["id"] for attributes in page.all("section")]
    assert anchors == ["curves", "weights", "confusion", "mistakes", "gradients", "settings", "again", "data"]
    assert [attributes["href"] for attributes in page.all("a")] == [f"#{anchor}" for anchor in anchors]


def test_counts_agree_with_the_confusion_matrix_or_are_left_out():
    confusion = np.array([[5, 1], [0, 4]])
    assert ": 9 of 10." in read(Content("t", "d", confusion=confusion, result={"test_accuracy": 0.9})).text
    assert "9 of 10" not in read(Content("t", "d", confusion=confusion, result={"test_accuracy": 0.8})).text


def test_an_interrupted_run_says_so():
    content = full(rows=30)
    assert "Interrupted." not in read(content).text
    stopped = read(replace(content, result={**content.result, "interrupted": True})).text
    assert "Interrupted. This run was stopped at iteration 30" in stopped


def test_entries_of_the_confusion_matrix_are_shaded_apart():
    page = render(Content("t", "d", confusion=np.array([[40, 20, 0], [2, 80, 0], [0, 0, 0]])))
    cells = re.findall(r'<td(?: class="(\w+)")?>([\d,]+)</td>', page)
    assert cells == [("r4", "40"), ("w8", "20"), ("", "0"), ("w1", "2"), ("r8", "80"), ("", "0"), *[("", "0")] * 3]
    assert re.findall(r'<td class="right">(.*?)</td>', page) == ["66.67 %", "97.56 %", "–"]
    assert "The most frequent confusion is 0 read as 1, 20 times." in page


def test_every_table_names_its_columns_and_every_picture_has_words():
    page = read(full())
    assert all(cell.get("scope") in {"col", "row", "colgroup"} for cell in page.all("th"))
    assert len(page.all("table")) == len(page.all("caption")) == 3
    assert all(image["alt"] for image in page.all("img"))
    assert len(page.all("img")) == 50 + 24
    assert "loss from" in page.all("svg")[0]["aria-label"]
    assert "train from" in page.all("svg")[1]["aria-label"]


def test_the_check_s_own_rows_can_be_shown():
    from glassgrad.check import parameter_table

    table = parameter_table(lambda p: (p["W"] ** 3).sum(), {"W": np.array([1.0, 2.0])})
    rows = [GradientRow(row.name, row.mean_difference, row.verdict, row.resolution) for row in table.rows]
    assert "W ✓ CORRECT" in read(Content("t", "d", gradient_check=rows)).text


# Safe to open -------------------------------------------------------------------------------------------------------


def hostile() -> Content:
    return Content(
        HOSTILE, HOSTILE, HOSTILE, {HOSTILE: HOSTILE, "list": [HOSTILE, {HOSTILE: HOSTILE}]},
        history=[{"epoch": 1, "loss": 1.0, HOSTILE: 1}, {"epoch": 2, "loss": HOSTILE}, {"epoch": HOSTILE, "loss": 1}],
        result={"test_accuracy": HOSTILE, "seconds": HOSTILE}, confusion=np.array([[1, 2], [3, 4]]),
        classes=[HOSTILE, "b" + HOSTILE], mistakes=[Mistake(np.ones((2, 2)), HOSTILE, 1, HOSTILE)],
        gradient_check=[GradientRow(HOSTILE, 1.0, HOSTILE, 1.0)], gradient_sentence=HOSTILE,
        versions={HOSTILE: HOSTILE}, run=HOSTILE, load=HOSTILE, weights=np.ones((4, 1)), image_shape=(2, 2),
    )


def test_text_from_the_data_stays_text():
    plain, page = read(replace(hostile(), title="t")), read(hostile())
    assert {tag for tag, _ in page.tags} == {tag for tag, _ in plain.tags}
    assert not page.all("script")
    assert page.text.count("<script>alert(1)</script>") >= 14
    for tag, attributes in page.tags:
        assert not any(name.startswith("on") or name == "style" for name in attributes), (tag, attributes)
    render(hostile()).encode("utf-8")


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=80))
def test_no_text_adds_a_tag(words):
    confusion = np.eye(2, dtype=int)
    content = Content(words, words, "s", {words: words}, classes=(words, "b"), confusion=confusion)
    harmless = Content("t", "d", "s", {"a": "b"}, classes=("a", "b"), confusion=confusion)
    assert [tag for tag, _ in read(content).tags] == [tag for tag, _ in read(harmless).tags]


def test_the_page_may_load_and_run_nothing():
    text = render(full())
    page = read(full())
    policy = next(meta["content"] for meta in page.all("meta") if "http-equiv" in meta)
    style = text.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert not {"script", "link", "iframe", "object", "form"} & {tag for tag, _ in page.tags}
    assert all(image["src"].startswith("data:image/png;base64,") for image in page.all("img"))
    assert not re.search(r"url\(|@import|https?://|//", style)


def test_same_content_same_bytes_and_not_too_many(tmp_path):
    write_report(tmp_path / "a.html", full(side=28))
    write_report(tmp_path / "b.html", full(side=28))
    data = (tmp_path / "a.html").read_bytes()
    assert data == (tmp_path / "b.html").read_bytes()
    assert len(data) < 400_000
    assert data.decode("utf-8") == render(full(side=28))


# Odd runs -----------------------------------------------------------------------------------------------------------


ODD = {
    "nothing": Content("", ""),
    "one row": replace(full(), history=history(1)),
    "no finite loss": Content("t", "d", history=[{"epoch": 1, "loss": math.nan}, {"epoch": 2, "loss": math.inf}]),
    "every second row lost": Content("t", "d", history=[{"loss": math.nan if i % 2 else 1.0} for i in range(3000)]),
    "huge": Content(
        "t", "d", history=[{"loss": 1.7e308}, {"loss": -1.7e308}, {"loss": 5}], weights=np.full((4, 101), 1e308),
        image_shape=(2, 2),
    ),
    "tiny": Content(
        "t", "d", history=[{"loss": 5e-324}, {"loss": 1e-300}, {"loss": 2.0}], weights=np.full((4, 2), 5e-324),
        image_shape=(2, 2),
    ),
    "constant": Content("t", "d", history=[{"epoch": 3, "loss": 0.0, "test_accuracy": 1.0}] * 200),
    "backwards": Content("t", "d", history=history(20) + history(20)),
    "places not finite": Content("t", "d", history=[{"iteration": math.nan, "loss": 1}, {"iteration": 4, "loss": 2}]),
    "not finite weights": replace(full(), weights=np.full((64, 3), math.nan)),
    "zero weights": replace(full(), weights=np.zeros((64, 3))),
    "infinite result": replace(full(), result={"test_accuracy": math.nan, "seconds": math.inf, "parameters": None}),
    "one unit": full(hidden=1),
    "two classes": full(classes=2),
    "no classes right": Content("t", "d", confusion=np.array([[0, 3], [2, 0]]), mistakes=[]),
    "empty confusion": Content("t", "d", confusion=np.zeros((0, 0), int)),
    "no examples": Content("t", "d", confusion=np.zeros((3, 3), int)),
    "measurements": replace(
        full(), image_shape=None, mistakes=[Mistake(np.ones(4), 0, 1, 0.5), Mistake(None, 9, 42, 1.0)]
    ),
    "colour": Content("t", "d", weights=np.random.default_rng(0).normal(size=(300, 2)), image_shape=(10, 10, 3)),
    "small integers": Content(
        "t", "d", confusion=np.full((2, 2), 255, np.uint8), weights=np.ones((4, 2), np.int8), image_shape=(4, 1)
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_runs_make_whole_pages(name):
    text = render(ODD[name])
    read(ODD[name])
    drawings = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    for drawing in drawings:
        ElementTree.fromstring(drawing)  # noqa: S314 - our own text
        places = re.findall(r' (?:x|y|cx|cy|width|d)="([^"]*)"', drawing)
        assert not re.search("nan|inf|e[+-]?[0-9]", " ".join(places))
        numbers = [float(number) for place in places for number in re.findall(r"-?\d+(?:\.\d+)?", place)]
        assert max(map(abs, numbers)) <= 480


def test_a_hundred_classes_list_their_confusions_and_open_the_matrix():
    page = read(full(classes=100))
    assert "The whole matrix, 100 × 100" in page.text
    assert len([cell for cell in page.all("td") if cell.get("class") == "words"]) == 15
    perfect = read(Content("t", "d", confusion=np.eye(100, dtype=int)))
    assert "Nothing was confused." in perfect.text
    assert "of that class" not in perfect.text


def test_the_table_shows_rows_in_which_most_was_measured():
    table = re.search(r"<table.*?</table>", render(full()), re.DOTALL)[0]
    assert "24 of 667 rows." in table
    places = [int(place) for place in re.findall(r'<th scope="row">(\d+)</th>', table)]
    assert (places[0], places[-1], len(places)) == (15, 660, 24)
    assert all(place % 15 == 0 for place in places)
    assert "–" not in table


def test_of_many_units_the_hundred_largest_are_shown():
    W = np.random.default_rng(0).normal(size=(16, 2000)) * np.linspace(1, 2, 2000)
    page = read(Content("t", "d", weights=W, image_shape=(4, 4)))
    assert "the 100 of 2,000 hidden units whose weights have the largest norm" in page.text
    shown = [int(re.search(r"unit (\d+),", image["alt"])[1]) for image in page.all("img")]
    assert shown == list(np.argsort(-np.linalg.norm(W, axis=0))[:100])


def test_no_mistakes_and_nobody_looked_are_told_apart():
    assert "There are none." in read(Content("t", "d", mistakes=[])).text
    assert "worst mistakes" not in read(Content("t", "d")).text


def test_numbers_that_are_lost_are_told_and_marked():
    rows = [{"iteration": 10 * i, "loss": math.nan if i in (3, 4) else 2.0 - i / 10} for i in range(1, 9)]
    text = render(Content("t", "d", history=rows))
    assert "2 rows of loss had no finite number, the first at iteration 30" in text
    assert len(re.findall(r'<path class="line test" d="M[^M"]*M[^M"]*"/>', text)) == 1  # in two pieces
    assert 'class="lost"' in text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"confusion": np.ones((2, 3), int)}, "as many rows as columns"),
        ({"confusion": np.ones((2, 2))}, "whole numbers"),
        ({"confusion": np.ones((2, 2), int), "classes": ("a", "b", "c")}, "2 classes, but 3 names"),
        ({"confusion": np.array([[1, -2], [0, 1]])}, "holds -2; its entries are counts"),
        ({"weights": np.ones(4)}, "(inputs, units) is needed"),
        ({"weights": np.ones((4, 2)), "image_shape": (2, 3)}, "have 6 numbers, but the weights take 4"),
        ({"weights": np.ones((4, 2)), "image_shape": (2, 1, 2)}, "is no picture"),
    ],
)
def test_parts_that_do_not_fit_are_refused(wrong, said):
    with pytest.raises(DataError, match=re.escape(said)):
        Content("t", "d", **wrong)


def test_a_folder_that_is_not_there_is_our_own_error(tmp_path):
    with pytest.raises(DataError):
        write_report(tmp_path / "missing" / "report.html", Content("t", "d"))


# Pictures -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (4, 2, 3)])
def test_png_is_read_back_by_another_program(shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    address = "data:image/png;base64," + base64.b64encode(png(pixels)).decode()
    shown = picture(address)[..., :3]
    np.testing.assert_array_equal(shown, np.broadcast_to(pixels.reshape(*shape[:2], -1), shown.shape))


def test_weights_are_clear_at_zero_warm_above_cool_below():
    pixels = picture(diverging(np.array([[0.0, 1.0, -1.0, 0.5, 9.0]]), 1.0))[0].astype(int)
    assert pixels[0, 3] == 0
    assert pixels[1, 0] > pixels[1, 2]
    assert pixels[2, 0] < pixels[2, 2]
    assert pixels[1, 3] == pixels[2, 3] == 255
    assert 120 <= pixels[3, 3] <= 135
    np.testing.assert_array_equal(pixels[4], pixels[1])


def test_images_run_from_zero_to_their_greatest():
    np.testing.assert_array_equal(picture(photograph(np.array([[0, 8, 16]], np.uint8)))[0, :, 0], [0, 128, 255])
    np.testing.assert_array_equal(picture(photograph(np.array([[-1.0, 0.0, 1.0]])))[0, :, 0], [0, 128, 255])
    np.testing.assert_array_equal(picture(photograph(np.array([[-1e308, 1e308]])))[0, :, 0], [0, 255])


@pytest.mark.parametrize("shape", [(100, 30), (49, 49), (97, 200, 3)])
def test_large_pictures_are_averaged(shape):
    pixels = np.random.default_rng(0).random(shape)
    small = reduced(pixels)
    block = -(-max(shape[:2]) // 48)
    assert max(small.shape[:2]) <= 48
    np.testing.assert_allclose(small[0, 0], pixels[:block, :block].mean(axis=(0, 1)))
    last = pixels[(small.shape[0] - 1) * block :, (small.shape[1] - 1) * block :]
    np.testing.assert_allclose(small[-1, -1], last.mean(axis=(0, 1)))


# Curves and scales --------------------------------------------------------------------------------------------------


def test_rows_without_a_number_are_passed_over_and_lost_ones_are_gaps():
    rows = [{"loss": 1.0}, {}, {"loss": None}, {"loss": 2.0}, {"loss": math.inf}, {"loss": 3.0}]
    curve = curve_of(rows, "loss", positions(rows)[1])
    assert curve == Curve((((1.0, 1.0), (4.0, 2.0)), ((6.0, 3.0),)), (5.0,))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(math.nan)), max_size=1500))
def test_thinning_keeps_ends_and_peaks(heights):
    rows = [{"loss": height} for height in heights]
    curve = curve_of(rows, "loss", positions(rows)[1])
    short = thinned(curve, 100)
    assert len(short.points) <= max(100, 4 * 25)
    assert set(short.points) <= set(curve.points)
    if len(curve.pieces) == 1:
        assert short.points[0] == curve.points[0]
        assert short.points[-1] == curve.points[-1]
        for best in (min, max):
            assert best(y for _, y in short.points) == best(y for _, y in curve.points)


def test_running_mean_is_the_mean_of_the_rows_around():
    line = Curve((tuple((float(i), float(i % 7)) for i in range(600)),))
    mean, width = smoothed(line)
    assert width == 21
    inner = {place: height for place, height in mean.points if 10 <= place < 590}
    assert inner
    np.testing.assert_allclose(list(inner.values()), 3.0, atol=0.1)
    assert mean.points[0] == (0.0, 0.0)
    assert smoothed(Curve((line.pieces[0][:99],))) is None


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=6))
def test_every_scale_holds_its_numbers(numbers):
    scale = suited(numbers)
    assert scale.low < scale.high
    assert 1 <= len(scale.ticks) <= 16
    assert list(scale.ticks) == sorted(set(scale.ticks))
    for number in numbers:
        assert 0 <= scale(number) <= 1
    if all(abs(number) < 1e300 for number in numbers) and numbers:
        unseen = 1e-8 * (scale.high - scale.low)
        assert scale.low - unseen <= min(numbers)
        assert scale.high + unseen >= max(numbers)


def test_marks_are_round_numbers():
    assert linear(1, 667, rounded=False).ticks == (200, 400, 600)
    assert linear(0.66, 1.0).ticks == (0.6, 0.7, 0.8, 0.9, 1)
    assert linear(1, 3, rounded=False, whole=True).ticks == (1, 2, 3)
    assert logarithmic(1e-12, 1).ticks == (1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 1e-2, 1.0)
