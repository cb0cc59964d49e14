"""Data sets: the digits, checks of arrays and labels, the split, toys and frames."""

import importlib.util
import re
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

import glassgrad as gg
from glassgrad import DataError, SettingError, data
from glassgrad.data import frames
from glassgrad.data.digits import digits
from glassgrad.data.split import split

X = np.arange(24.0).reshape(12, 2)
Y = np.arange(12) % 3

# Digits -------------------------------------------------------------------------------------------------------------


def test_the_digits_are_scikit_learns():
    package = importlib.util.find_spec("sklearn")  # found, not imported: that takes seconds
    if package is None:
        pytest.skip("scikit-learn, to compare with, is not installed")
    theirs = np.loadtxt(Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz", delimiter=",")
    x, y = digits()
    np.testing.assert_array_equal(np.c_[x, y], theirs)
    assert (x.dtype, x.shape) == (np.uint8, (1797, 64))


def test_the_digits_are_small_and_have_their_licence():
    folder = resources.files("glassgrad.data")
    packed = folder.joinpath("digits.csv.gz").read_bytes()
    assert len(packed) <= 60_000
    text = folder.joinpath("digits.LICENSE.txt").read_text(encoding="utf-8")
    for needed in ("Alpaydin", "Kaynak", "CC BY 4.0", "creativecommons.org/licenses/by/4.0", "UCI"):
        assert needed in text
    assert "CC BY 4.0" in data.load("digits").source


def test_the_digits_without_shuffling_are_the_first_and_the_last():
    x, y = digits()
    made = data.load("digits", shuffle=False)
    np.testing.assert_array_equal(made.x_train, x[:1437])
    np.testing.assert_array_equal(made.x_test, x[1437:])
    np.testing.assert_array_equal(made.y_test, y[1437:])


def test_the_split_is_a_function_of_the_seed():
    one, again, other = data.load("digits"), data.load("digits"), data.load("digits", seed=1)
    np.testing.assert_array_equal(one.x_train, again.x_train)
    np.testing.assert_array_equal(one.y_test, again.y_test)
    assert (one.y_test != other.y_test).any()
    together = np.concatenate([np.c_[one.x_train, one.y_train], np.c_[one.x_test, one.y_test]])
    whole = np.c_[digits()]
    np.testing.assert_array_equal(together[np.lexsort(together.T)], whole[np.lexsort(whole.T)])


@pytest.mark.parametrize("given", [3, None, ["a"]])
def test_what_is_no_source_of_data_is_named(given):
    with pytest.raises(DataError, match=rf"^load: {re.escape(repr(given))} was given; a name, a path or a frame is"):
        data.load(given)


def test_gg_data_is_found():
    assert gg.data.load is data.load
    assert data.entries()[0] == data.Entry("digits", "included", None, 0)


# Dataset ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("raw", [np.uint8, np.int64, np.float32, np.float64])
def test_scaled_divides_in_the_dtype_asked_for(dtype, raw):
    x = np.arange(6).reshape(3, 2).astype(raw)
    made = data.from_arrays(x, [0, 1, 0], test=1, divisor=5, shuffle=False)
    scaled = made.scaled(made.x_train, dtype)
    assert scaled.dtype == dtype
    np.testing.assert_array_equal(scaled, (np.arange(4).astype(dtype) / dtype(5)).reshape(2, 2))


def test_scaled_refuses_integers():
    with pytest.raises(DataError, match="float32"):
        data.load("digits").scaled(np.ones(2), np.int32)


def test_a_data_set_cannot_be_changed_and_describes_itself():
    made = data.load("digits")
    with pytest.raises(AttributeError):
        made.name = "other"
    text = made.describe()
    for part in ("digits", "1,437", "360", "8 x 8 pixels", "10 classes", "uint8 from 0 to 16"):
        assert part in text
    assert "\n" not in text
    assert repr(made) == "Dataset('digits', 1437 + 360 examples of 64, 10 classes)"


def test_images_are_flattened_and_keep_their_shape():
    made = data.from_arrays(np.zeros((6, 4, 5, 3), np.uint8), [0, 1] * 3, test=2)
    assert (made.image_shape, made.x_train.shape) == ((4, 5, 3), (4, 60))
    assert "4 x 5 pixels with 3 channels" in made.describe()


@pytest.mark.parametrize(("labels", "classes", "codes"), [
    ([3, 7, 3, 9], ("3", "7", "9"), [0, 1, 0, 2]), (["b", "a", "b", "c"], ("a", "b", "c"), [1, 0, 1, 2]),
    ([True, False, True, True], ("False", "True"), [1, 0, 1, 1]), ([1.0, 0.0, 1.0, 2.0], ("0", "1", "2"), [1, 0, 1, 2]),
    (np.array([[1], [0], [1], [0]]), ("0", "1"), [1, 0, 1, 0]), (np.array(["x", "y", "x", "y"], object), ("x", "y"),
                                                                [0, 1, 0, 1]),
    (np.array([1, 0, 1, 0], object), ("0", "1"), [1, 0, 1, 0]), ([-1, 1, -1, 1], ("-1", "1"), [0, 1, 0, 1]),
    (np.array([0, 1, 0, 1], np.uint8), ("0", "1"), [0, 1, 0, 1]),
])
def test_labels_become_positions_in_the_classes(labels, classes, codes):
    made = data.from_arrays(X[:4], labels, X[:4], labels)
    assert made.classes == classes
    assert made.y_train.dtype == np.int64
    np.testing.assert_array_equal(made.y_train, codes)


@pytest.mark.parametrize(("x", "y", "options", "message"), [
    ([[1, 2], [3]], [0, 1], {}, "row 0 has 2 values, row 1 has 1"), (np.zeros((0, 3)), [], {}, "nothing to learn"),
    (np.zeros((3, 0)), [0, 1, 0], {}, "nothing to learn"), (np.zeros(3), [0, 1, 0], {}, r"reshape\(-1, 1\)"),
    (5, [0], {}, "shape is"), (np.array([[1, None]], object), [0], {}, "Python objects"),
    ([["a", "b"]], [0], {}, "text"), (np.zeros((2, 2), complex), [0, 1], {}, "complex"),
    (np.zeros((2, 2), np.longdouble), [0, 1], {}, "64 bits"), (np.zeros((2, 2), "M8[s]"), [0, 1], {}, "dates"),
    ([[0, 1], [2, np.nan]], [0, 1], {}, "row 1, column 1 is nan"),
    ([[0, 1], [-np.inf, 0]], [0, 1], {}, "column 0 is -inf"),
    ([1, [2]], [0, 1], {}, "do not make an array"), (X, list(b"ab") + [10**400] * 10, {}, "labels are|kind|make"),
    (np.ma.masked_greater(X, 20), Y, {}, "3 values are masked"), (X, None, {}, "no labels"),
    (X, Y[:5], {}, r"shape \(5,\) for 12 examples"), (X, np.eye(12), {}, "argmax"),
    (X, Y + 0.5, {}, "label 0.5 of row 0 is not an integer"), (X, np.where(Y == 1, np.nan, Y), {}, "nan of row 1"),
    (X, np.zeros(12, int), {}, "one class only, '0'"), (X, Y * 1j, {}, "complex"),
    (X, [0, "a"] * 6, {"classes": "ab"}, "labels are text"),
    (X, Y, {"classes": ["a", "b"]}, "label 2 of row 2 is out of"),
    (X, Y - 1, {"classes": ["a", "b", "c"]}, "label -1 of row 0"), (X, Y, {"classes": ["a", "a", "b"]}, "twice"),
    (X, Y, {"classes": []}, "out of range"), (X, np.array([None, 1] * 6, object), {}, "label of row 0 is missing"),
    (X, np.array([1, "a"] * 6, object), {}, "float, str"), (X, np.array([(1,), {}] * 6, object), {}, "dict, tuple"),
    (X, [[0], [1, 2]] * 6, {}, "do not make an array"), (X, Y, {"divisor": 0}, "divisor=0"),
    (X, Y, {"divisor": "x"}, "divisor='x'"), (X, Y, {"image_shape": (2, 2)}, "the 2 values"),
    (X, Y, {"image_shape": (2,)}, "height and width"), (X, Y, {"columns": ["a"]}, "1 names of columns .* 2 columns"),
    (X, Y, {"x_test": X}, "the test part: there are no labels"),
    (X, Y, {"x_test": X[:, :1], "y_test": Y}, "must agree"),
    (X, Y, {"x_test": X, "y_test": Y + 1}, "label 3 of row 2 does not occur"),
    (X, Y, {"x_test": X, "y_test": list("ab") * 6}, "must agree"),
    (X, Y, {"x_test": X * np.nan, "y_test": Y}, "the test part: row 0, column 0 is nan"),
])
def test_what_cannot_be_used_is_said_in_one_line(x, y, options, message):
    with pytest.raises(DataError, match=message) as caught:
        data.from_arrays(x, y, **options)
    assert "\n" not in str(caught.value)


def test_booleans_and_foreign_byte_order_are_numbers():
    made = data.from_arrays(X > 5, Y, test=6, shuffle=False)
    np.testing.assert_array_equal(made.x_train, (X > 5)[:6])
    assert made.x_train.dtype == np.uint8
    assert data.from_arrays(X.astype(">f4"), Y).x_train.dtype == np.dtype("=f4")


def test_nan_is_found_in_any_block():
    x = np.zeros((3000, 2000), np.float32)
    x[2999, 1999] = np.nan
    with pytest.raises(DataError, match="row 2999, column 1999"):
        data.from_arrays(x, np.arange(3000) % 2)


# Split --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("test", "count"), [(0.25, 3), (0.2, 3), (1, 1), (5, 5), (0.75, 9), (np.float32(0.25), 3)])
def test_the_size_of_the_test_part(test, count):
    (_, y_train), (_, y_test) = split(X, np.zeros(12, int), test, 0, True)
    assert (len(y_train), len(y_test)) == (12 - count, count)


@pytest.mark.parametrize(("options", "error", "message"), [
    ({"test": 0}, SettingError, "test=0"), ({"test": 1.0}, SettingError, "test=1.0"),
    ({"test": -1}, SettingError, "test=-1"), ({"test": True}, SettingError, "test=True"),
    ({"test": "half"}, SettingError, "half"), ({"test": 12}, DataError, "12 of 12"),
    ({"test": float("nan")}, SettingError, "nan"), ({"seed": -1}, SettingError, "seed=-1"),
    ({"seed": 1.5}, SettingError, "seed=1.5"), ({"seed": 2**64}, SettingError, "seed="),
])
def test_a_split_that_cannot_be_made(options, error, message):
    with pytest.raises(error, match=message):
        data.from_arrays(X, Y, **options)


def test_rows_sorted_by_class_are_not_cut_off_unseen():
    with pytest.raises(DataError, match="sorted by class"):
        data.from_arrays(X, np.sort(Y), test=4, shuffle=False)


# Toys ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["spiral", "moons", "circles", "xor"])
def test_toys_are_balanced_and_a_function_of_the_seed(name):
    make = getattr(data, name)
    one, again, other = make(), make(), make(seed=1)
    np.testing.assert_array_equal(one.x_train, again.x_train)
    assert (one.x_train != other.x_train).any()
    counts = np.bincount(np.concatenate([one.y_train, one.y_test]))
    assert counts.sum() == 300
    assert counts.max() == counts.min()
    np.testing.assert_array_equal(data.load(name).x_test, one.x_test)
    assert one.x_train.shape == (240, 2)


def test_toys_without_noise_lie_where_they_should():
    circle = data.circles(noise=0)
    np.testing.assert_allclose(np.hypot(*circle.x_train.T), np.where(circle.y_train == 0, 1, 0.5))
    corners = data.xor(noise=0)
    np.testing.assert_array_equal(corners.y_train, corners.x_train.sum(axis=1) % 2)
    arms = data.spiral(noise=0, classes=5)
    radius = np.hypot(*arms.x_train.T)
    np.testing.assert_allclose(np.exp(1j * (4 * arms.y_train + 4 * radius)) * radius,
                               arms.x_train[:, 1] + 1j * arms.x_train[:, 0], atol=1e-12)
    moon = data.moons(noise=0)
    centre = np.where(moon.y_train[:, None] == 0, [0, 0], [1, 0.5])
    np.testing.assert_allclose(np.hypot(*(moon.x_train - centre).T), 1)


@pytest.mark.parametrize("options", [{"examples": 3}, {"examples": 1.5}, {"noise": -1}, {"noise": np.nan}, {"seed": -1},
                                     {"classes": 1}])
def test_toys_that_cannot_be_made(options):
    with pytest.raises(SettingError):
        data.spiral(**options)


# Frames -------------------------------------------------------------------------------------------------------------

COLUMNS = {"age": [1.5, 2.0, 3.0, 4.0, 5.0, 6.0], "town": list("ABABAB"), "member": [True, False] * 3,
           "count": [1, 2, 3, 4, 5, 6], "label": ["no", "yes"] * 3}


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_become_data_sets(library):
    frame = pytest.importorskip(library).DataFrame(COLUMNS)
    made = data.load(frame, test=2, shuffle=False)
    assert made.columns == ("age", "town=A", "town=B", "member", "count")
    assert made.classes == ("no", "yes")
    np.testing.assert_array_equal(made.x_train, [[1.5, 1, 0, 1, 1], [2, 0, 1, 0, 2], [3, 1, 0, 1, 3], [4, 0, 1, 0, 4]])
    np.testing.assert_array_equal(made.y_test, [0, 1])
    assert data.load(frame, label="town").classes == ("A", "B")
    assert data.load(frame, label=2, test=2).classes == ("0", "1")


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_missing_values_in_frames(library):
    frame = pytest.importorskip(library).DataFrame({**COLUMNS, "count": [1, 2, None, 4, 5, 6]})
    with pytest.raises(DataError, match="frame, row 2, column 'count': the value is missing, as in 1 of 6"):
        data.load(frame)
    assert len(data.load(frame, missing="drop", test=1).x_train) == 4


def test_the_peculiar_kinds_of_pandas():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({
        "whole": pandas.array([1, None, 3, 4], dtype="Int64"), "kind": pandas.Categorical(["a", "b", "a", "b"]),
        "text": pandas.array(["x", "y", "x", "y"], dtype="string"), 7: [0, 1, 0, 1],
    })
    made = data.load(frame.fillna({"whole": 2}), label=7, test=1, shuffle=False)
    assert made.columns == ("whole", "kind=a", "kind=b", "text=x", "text=y")
    np.testing.assert_array_equal(made.x_train[:, 0], [1, 2, 3])
    with pytest.raises(DataError, match="row 1, column 'whole'"):
        data.load(frame, label=7)
    with pytest.raises(DataError, match="datetime"):
        data.load(frame.assign(when=pandas.Timestamp("2026-01-01")), label=7)
    with pytest.raises(DataError, match="two columns named"):
        data.load(pandas.concat([frame, frame], axis=1))
    with pytest.raises(DataError, match="row 1, column 'mixed': int among text"):
        data.load(frame.assign(mixed=["a", 1, "b", "c"]), label=7)


def test_arrays_are_no_frames():
    for value in (X, [[1, 2]], {"a": [1]}, None, 3):
        assert not frames.is_frame(value)
        with pytest.raises(DataError, match="from_arrays"):
            data.load(value)
