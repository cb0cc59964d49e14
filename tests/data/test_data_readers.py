"""IDX, .npy, .npz and CSV files: what is right is read, and whatever is wrong is our own error within bounds."""

import gzip
import io
import random
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glassgrad import DataError, SettingError, data
from glassgrad.data import csv_file
from glassgrad.data.bounded import read_all
from glassgrad.data.csv_file import read_csv
from glassgrad.data.idx import find_idx, load_idx, read_idx
from glassgrad.data.npy import pick_roles, read_npy, read_npz

IDX_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def idx_bytes(array, code=0x08):
    array = np.asarray(array)
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, code, array.ndim]) + sizes + array.astype(IDX_TYPES[code]).tobytes()


def npy_bytes(array, **options):
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def mutations(good, seed, count):
    """Yield damaged copies: flipped bits, other bytes, cuts, doubled and removed pieces."""
    generator = random.Random(seed)  # noqa: S311
    for _ in range(count):
        bad = bytearray(good)
        for _ in range(generator.choice([1, 1, 2, 8])):
            place = generator.randrange(min(len(bad), generator.choice([32, 200, len(bad)])))
            kind = generator.randrange(5)
            if kind == 0:
                bad[place] ^= 1 << generator.randrange(8)
            elif kind == 1:
                bad[place] = generator.choice([0, 1, 0x7F, 0x80, 0xFF, 0x28, 0x27])
            elif kind == 2:
                del bad[place + 1:]
            elif kind == 3:
                bad[place:place] = bad[place:place + generator.randrange(20)]
            else:
                del bad[place:place + generator.randrange(1, 9)]
            if not bad:
                break
        yield bytes(bad)


def refusal_of(function):
    """Return the message of the DataError that `function` raises, or nothing; any other error is a failure."""
    try:
        function()
    except DataError as error:
        return str(error)
    return ""


def peak_of(function):
    """Run `function`, which must raise a DataError; return the error and the memory it took at most."""
    tracemalloc.start()
    try:
        with pytest.raises(DataError) as caught:
            function()
        return str(caught.value), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# IDX ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", IDX_TYPES)
@pytest.mark.parametrize("shape", [(5,), (2, 3), (2, 3, 4), (2, 3, 4, 5), (0, 3)])
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_idx_of_every_type_and_dimension(tmp_path, code, shape, ending):
    array = np.arange(np.prod(shape)).reshape(shape).astype(IDX_TYPES[code])
    path = tmp_path / f"a-idx{ending}"
    path.write_bytes(gzip.compress(idx_bytes(array, code)) if ending else idx_bytes(array, code))
    back = read_idx(path)
    np.testing.assert_array_equal(back, array)
    assert back.dtype.isnative


@pytest.mark.parametrize(("content", "message"), [
    (b"", "begins with nothing"), (b"\0\0\x08", "not an IDX"), (b"\0\0\x07\x01" + b"\0" * 4, "not an IDX"),
    (b"\0\0\x08\x05" + b"\0" * 20, "not an IDX"), (b"\0\0\x08\x00", "not an IDX"), (b"\0\0\x08\x02\0\0", "header"),
    (b"\0\0\x08\x01\0\0\0\x03ab", "should hold 11 bytes"), (b"\0\0\x08\x01\0\0\0\x03abcd", "should hold 11 bytes"),
    (b"\0\0\x0e\x04" + b"\xff" * 16, "cannot be"), (b"\x1f\x8b\x08\0", "not an IDX"),
])
def test_idx_that_is_none(tmp_path, content, message):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_idx(tmp_path / "a")


@pytest.mark.parametrize("cut", [0, 1, 5, 12, 20, -9, -5, -1])
def test_a_cut_gzip_file_is_our_own_error(tmp_path, cut):
    (tmp_path / "a.gz").write_bytes(gzip.compress(idx_bytes(np.arange(200).reshape(10, 20)))[:cut])
    with pytest.raises(DataError, match=r"a\.gz"):
        read_idx(tmp_path / "a.gz")


def test_gzip_bombs_take_neither_memory_nor_trust(tmp_path):
    zeros = bytes(1 << 20)
    for name, header, message in [
        ("small", (1).to_bytes(4, "big") * 3, "has more"),
        ("honest", b"\0\0\0\x10\0\0\x04\0\0\0\x04\0", "at most 1,000"),
        ("huge", b"\0\0\xff\xff" * 3, "should hold"), ("short", b"\0\0\0\x10\0\0\x04\0\0\0\x04\x02", "fewer"),
    ]:
        path = tmp_path / f"{name}.gz"
        with gzip.open(path, "wb") as stream:
            stream.write(b"\0\0\x08\x03" + header)
            for _ in range(16):
                stream.write(zeros)
        limit = 1_000 if name == "honest" else 1 << 40
        error, peak = peak_of(lambda path=path, limit=limit: read_idx(path, limit=limit))
        assert message in error
        assert peak < (28 << 20 if name == "short" else 8 << 20)
    error, peak = peak_of(lambda: read_all(tmp_path / "small.gz", 1 << 20))
    assert "at most 1,048,576 are read" in error
    assert peak < 8 << 20


def test_damaged_idx_files_raise_only_our_own_error(tmp_path):
    good = idx_bytes(np.arange(64).reshape(4, 4, 4))
    for name, content in [("a", good), ("a.gz", gzip.compress(good))]:
        messages = []
        for bad in mutations(content, 0, 300):
            (tmp_path / name).write_bytes(bad)
            messages.append(refusal_of(lambda path=tmp_path / name: read_idx(path, limit=1 << 20)))
        assert sum(map(bool, messages)) > 75
        assert not any("\n" in message for message in messages)


def test_idx_is_mapped_where_it_can_be(tmp_path):
    images = np.arange(60, dtype=np.uint8).reshape(5, 3, 4)
    (tmp_path / "a").write_bytes(idx_bytes(images))
    mapped = read_idx(tmp_path / "a", memory_map=True)
    assert isinstance(mapped, np.memmap)
    np.testing.assert_array_equal(mapped, images)
    (tmp_path / "a.gz").write_bytes(gzip.compress(idx_bytes(images)))
    with pytest.raises(DataError, match="compressed"):
        read_idx(tmp_path / "a.gz", memory_map=True)
    (tmp_path / "wide").write_bytes(idx_bytes(images, 0x0C))
    with pytest.raises(DataError, match="big-endian"):
        read_idx(tmp_path / "wide", memory_map=True)


@pytest.mark.parametrize("names", [
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"],
    ["train-images.idx3-ubyte", "train-labels.idx1-ubyte", "test-images.idx3-ubyte", "test-labels.idx1-ubyte"],
    ["emnist-letters-train-images-idx3-ubyte", "emnist-letters-train-labels-idx1-ubyte",
     "emnist-letters-test-images-idx3-ubyte", "emnist-letters-test-labels-idx1-ubyte"],
])
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_folders_of_idx_files_by_their_usual_names(tmp_path, names, ending):
    arrays = [np.arange(24).reshape(6, 2, 2), np.arange(6) % 3, np.arange(12).reshape(3, 2, 2), np.arange(3)]
    for name, array in zip(names, arrays, strict=True):
        content = idx_bytes(array)
        (tmp_path / (name + ending)).write_bytes(gzip.compress(content) if ending else content)
    made = data.load(tmp_path)
    np.testing.assert_array_equal(made.x_train, arrays[0].reshape(6, 4))
    np.testing.assert_array_equal(made.y_test, arrays[3])
    assert (made.image_shape, made.divisor, made.classes) == ((2, 2), 255.0, ("0", "1", "2"))
    assert made.x_train.dtype == np.uint8


def test_a_folder_of_idx_files_that_is_incomplete_or_holds_two_sets(tmp_path):
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx_bytes(np.zeros((4, 2, 2))))
    with pytest.raises(DataError, match="no train labels"):
        load_idx(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx_bytes([0, 1, 0, 1]))
    assert load_idx(tmp_path)[2:] == (None, None)
    (tmp_path / "test-images-idx3-ubyte").write_bytes(idx_bytes(np.zeros((4, 2, 2))))
    with pytest.raises(DataError, match="no test labels"):
        load_idx(tmp_path)
    (tmp_path / "letters-train-labels-idx1-ubyte").write_bytes(idx_bytes([0, 1]))
    with pytest.raises(DataError, match="2 sets"):
        find_idx(tmp_path)


def test_sizes_that_cannot_be_are_seen_though_an_axis_is_empty(tmp_path):
    (tmp_path / "a").write_bytes(b"\0\0\x08\x04" + b"\0" * 4 + b"\xff" * 12)
    with pytest.raises(DataError, match="cannot be"):
        read_idx(tmp_path / "a")
    good = npy_bytes(np.zeros((0, 3)))
    for shape in [b"(0, 99999999999999999999),", b"(0, 4611686018427387904),", b"(0,1,1,1,1,1,1,1,1),"]:
        text = good.replace(b"(0, 3), }" + b" " * (len(shape) - 7), shape + b" }")
        assert len(text) == len(good)
        (tmp_path / "a.npy").write_bytes(text)
        with pytest.raises(DataError, match="cannot be"):
            read_npy(tmp_path / "a.npy")
    (tmp_path / "a.npy").write_bytes(good.replace(b"'<f8'", b"'<f3'"))
    with pytest.raises(DataError, match="does not exist"):
        read_npy(tmp_path / "a.npy")


# .npy and .npz ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("array", [
    np.arange(6.0), np.arange(6).reshape(2, 3), np.asfortranarray(np.arange(24).reshape(2, 3, 4)), np.array(3.5),
    np.zeros((0, 2)), np.array([True, False]), np.array(["a", "繁體"]), np.arange(4, dtype=">i4"), np.float16([1, 2]),
    np.array(["b", "a"], ">U3"),
])
def test_npy_files_come_back(tmp_path, array):
    (tmp_path / "a.npy").write_bytes(npy_bytes(array))
    back = read_npy(tmp_path / "a.npy")
    np.testing.assert_array_equal(back, array)
    assert back.dtype.isnative
    np.savez_compressed(tmp_path / "a.npz", a=array)
    np.testing.assert_array_equal(read_npz(tmp_path / "a.npz")["a"], array)


def test_every_version_of_the_npy_header_is_read(tmp_path):
    for version in [(1, 0), (2, 0), (3, 0)]:
        with open(tmp_path / "a.npy", "wb") as stream:
            np.lib.format.write_array(stream, np.arange(3), version)
        np.testing.assert_array_equal(read_npy(tmp_path / "a.npy"), [0, 1, 2])


@pytest.mark.parametrize(
    "array", [np.array([{}], object), np.zeros(2, [("a", "f4")]), np.zeros(2, "M8[s]"), np.zeros(2, "c8")],
)
def test_objects_and_records_are_not_read(tmp_path, array):
    (tmp_path / "a.npy").write_bytes(npy_bytes(array))
    with pytest.raises(DataError, match="not one of an array of numbers"):
        read_npy(tmp_path / "a.npy")


def test_damaged_npy_and_npz_files_raise_only_our_own_error(tmp_path):
    np.savez(tmp_path / "plain.npz", x=np.arange(20).reshape(4, 5), y=np.array(["a", "b"]))
    np.savez_compressed(tmp_path / "small.npz", x=np.arange(20).reshape(4, 5), y=np.arange(4))
    for name, good, read, count in [
        ("a.npy", npy_bytes(np.arange(20.0)), read_npy, 200),
        ("t.npy", npy_bytes(np.array(["ab", "c"])), read_npy, 100),
        ("a.npz", (tmp_path / "plain.npz").read_bytes(), read_npz, 200),
        ("b.npz", (tmp_path / "small.npz").read_bytes(), read_npz, 200),
    ]:
        messages = []
        for bad in mutations(good, 1, count):
            (tmp_path / name).write_bytes(bad)
            messages.append(refusal_of(lambda read=read, path=tmp_path / name: read(path, limit=1 << 20)))
        assert sum(map(bool, messages)) > count // 4
        assert not any("\n" in message for message in messages)


def test_text_that_is_not_unicode_is_seen(tmp_path):
    (tmp_path / "a.npy").write_bytes(npy_bytes(np.array(["a"]))[:-4] + b"\xff\xff\xff\x7f")
    with pytest.raises(DataError, match="not Unicode"):
        read_npy(tmp_path / "a.npy")


def archive(path, members, **options):
    with zipfile.ZipFile(path, "w", **options) as stream:
        for name, content in members:
            stream.writestr(name, content)


@pytest.mark.parametrize(("members", "message"), [
    ([("../x.npy", b"")], "no folders"), ([("/x.npy", b"")], "no folders"), ([("a/x.npy", b"")], "no folders"),
    ([("x.txt", b"hello")], "only arrays"), ([("x.pkl", b"hello")], "only arrays"), ([("c:x.npy", b"")], "no folders"),
    ([("x.npy", b"hello")], "not a .npy"), ([("x.npy", npy_bytes(np.arange(3)) + b"!")], "by its header"),
])
def test_archives_with_something_else_in_them(tmp_path, members, message):
    archive(tmp_path / "a.npz", members)
    with pytest.raises(DataError, match=message):
        read_npz(tmp_path / "a.npz")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_archive_with_a_name_twice(tmp_path):
    archive(tmp_path / "a.npz", [("x.npy", npy_bytes(np.zeros(2))), ("x.npy", npy_bytes(np.ones(2)))])
    with pytest.raises(DataError, match="twice"):
        read_npz(tmp_path / "a.npz")


def test_zip_bombs_take_neither_memory_nor_trust(tmp_path):
    header = npy_bytes(np.zeros((1 << 25,), np.uint8))[:128]
    archive(tmp_path / "a.npz", [("x.npy", header + bytes(1 << 25))], compression=zipfile.ZIP_DEFLATED)
    assert (tmp_path / "a.npz").stat().st_size < 50_000
    error, peak = peak_of(lambda: read_npz(tmp_path / "a.npz", limit=1 << 20))
    assert "at most 1,048,576" in error
    assert peak < 4 << 20
    content = (tmp_path / "a.npz").read_bytes()
    size = ((1 << 25) + 128).to_bytes(4, "little")
    for claim in [10, 200, (1 << 25) + 127, 1 << 31]:
        (tmp_path / "a.npz").write_bytes(content.replace(size, claim.to_bytes(4, "little")))
        _, peak = peak_of(lambda: read_npz(tmp_path / "a.npz", limit=1 << 40))
        assert peak < 4 << 20
    archive(tmp_path / "b.npz", [("x.npy", npy_bytes(np.zeros(2)))], compression=zipfile.ZIP_BZIP2)
    with pytest.raises(DataError, match="does not use"):
        read_npz(tmp_path / "b.npz")


@pytest.mark.parametrize(("names", "label", "roles"), [
    (["x_train", "y_train", "x_test", "y_test"], None, ("x_train", "y_train", "x_test", "y_test")),
    (["test_images", "train_images", "test_labels", "train_labels", "val_images"], None,
     ("train_images", "train_labels", "test_images", "test_labels")),
    (["X", "y"], None, ("X", "y", "", "")), (["data", "target"], None, ("data", "target", "", "")),
    (["points", "kind"], "kind", ("points", "kind", "", "")),
])
def test_the_roles_of_arrays_by_their_names(names, label, roles):
    assert pick_roles(names, "it", label) == roles


@pytest.mark.parametrize(("names", "message"), [
    (["a", "b"], "a, b; which of it"), ([], "nothing"), (["x_train", "y_train", "x_test"], "only"),
])
def test_arrays_whose_roles_are_not_clear(names, message):
    with pytest.raises(DataError, match=message):
        pick_roles(names, "it")


def test_npz_and_folders_of_npy_files_become_data_sets(tmp_path):
    x, y = np.arange(40.0).reshape(10, 4), np.array(list("abababbaba"))
    np.savez(tmp_path / "points.npz", X=x, y=y)
    made = data.load(tmp_path / "points.npz", test=3)
    assert (made.name, made.classes, made.x_test.shape, made.image_shape) == ("points", ("a", "b"), (3, 4), None)
    (tmp_path / "folder").mkdir()
    np.save(tmp_path / "folder" / "x.npy", x)
    np.save(tmp_path / "folder" / "y.npy", y)
    mapped = data.load(tmp_path / "folder", memory_map=True)
    np.testing.assert_array_equal(mapped.x_train, x[:8])
    np.testing.assert_array_equal(mapped.x_test, x[8:])
    base = mapped.x_train
    while isinstance(base, np.ndarray) and not isinstance(base, np.memmap):
        base = base.base
    assert isinstance(base, np.memmap)
    with pytest.raises(DataError, match="cannot be mapped"):
        data.load(tmp_path / "points.npz", memory_map=True)


def test_data_larger_than_memory_are_mapped_and_never_read_as_a_whole(tmp_path):
    rows = 1 << 16
    x = np.lib.format.open_memmap(tmp_path / "x_train.npy", "w+", np.uint8, (rows, 1 << 14))  # 1 GiB, all of it a hole
    del x
    np.save(tmp_path / "y_train.npy", np.arange(rows) % 10)
    tracemalloc.start()
    try:
        made = data.load(tmp_path, memory_map=True)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert made.x_train.shape == (52428, 1 << 14)
    assert peak < 16 << 20


# CSV ----------------------------------------------------------------------------------------------------------------


def csv_of(folder, text, name="t.csv"):
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder / name


@pytest.mark.parametrize(("text", "names", "rows"), [
    ("a,b\n1,2\n3,4\n", ("a", "b"), 2), ("1,2\n3,4", ("column 0", "column 1"), 2), ("a;b\r\n1;2\r\n", ("a", "b"), 1),
    ("\ufeffa\tb\n1\t2\n\n3\t4\n", ("a", "b"), 2), ('"a, x",b\n"1",2\n', ("a, x", "b"), 1),
    ('a,b\n1,"x\ny"\n2,z\n', ("a", "b"), 2), ("a,b\n 1 ,2e3\n", ("a", "b"), 1), ("x,y\nx,1\n", ("x", "y"), 1),
])
def test_csv_in_its_dialects(tmp_path, text, names, rows):
    table = read_csv(csv_of(tmp_path, text))
    assert table.names == names
    assert len(table.lines) == rows


def test_the_fast_and_the_slow_reader_agree(tmp_path):
    x = np.random.default_rng(0).normal(size=(30, 4)) * 10.0 ** np.arange(-5, 10, 4)
    text = "a,b,c,d\n" + "\n".join(",".join(repr(float(v)) for v in row) for row in x) + "\n"
    fast = read_csv(csv_of(tmp_path, text))
    slow = read_csv(csv_of(tmp_path, text.replace("a,b", '"a",b')))
    assert fast.names == slow.names
    assert list(fast.lines) == list(slow.lines)
    np.testing.assert_array_equal(np.stack(fast.columns), x.T)
    np.testing.assert_array_equal(np.stack(slow.columns), x.T)


@pytest.mark.parametrize(("header", "names", "rows"), [(True, ("1", "2"), 1), (False, ("column 0", "column 1"), 2)])
def test_the_header_as_it_is_said(tmp_path, header, names, rows):
    table = read_csv(csv_of(tmp_path, "1,2\n3,4\n"), header=header)
    assert (table.names, len(table.lines)) == (names, rows)


@pytest.mark.parametrize(("text", "message"), [
    ("", "no rows"), ("\n\n", "no rows"), ("a,b\n1,2\n3\n", "line 3: 1 values, but line 1 has 2"),
    ("a,b\n\n1,2,3\n", "line 3: 3 values"), (b"a,b\n1,\xff\n", "line 2: the text is not UTF-8"),
    ('a,b\n1,"2\n', "line"), ('a,b\n1,"2"x\n', "line 2"), ("a,a\n1,2\n", "two columns are named 'a'"),
    ("a,b\n1," + "x" * 200_000, "line 2: field larger"),
])
def test_csv_that_cannot_be_read_names_the_line(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        read_csv(csv_of(tmp_path, text))


@pytest.mark.parametrize("gap", ["", "NA", "nan", "NULL", "?", "N/A", "None"])
def test_missing_values_are_said_or_dropped(tmp_path, gap):
    path = csv_of(tmp_path, f"age,town,sold\n1,A,no\n2,B,yes\n{gap},A,no\n4,{gap},yes\n5,A,no\n6,B,yes\n")
    with pytest.raises(DataError, match="line 4, column 'age': the value is missing, as in 2 of 6 rows"):
        data.load(path)
    made = data.load(path, missing="drop", test=1, shuffle=False)
    assert made.columns == ("age", "town=A", "town=B")
    np.testing.assert_array_equal(made.x_train, [[1, 1, 0], [2, 0, 1], [5, 1, 0]])
    np.testing.assert_array_equal(made.y_train, [0, 1, 0])


@pytest.mark.parametrize(("label", "columns"), [
    (None, ("a", "b")), ("a", ("label", "b")), (0, ("label", "b")), (-1, ("a", "label")), (2, ("a", "label")),
])
def test_the_label_by_name_or_position(tmp_path, label, columns):
    path = csv_of(tmp_path, "a,label,b\n" + "".join(f"{n % 2},{n % 3},{n % 2}\n" for n in range(12)))
    assert data.load(path, label=label).columns == columns


@pytest.mark.parametrize(("label", "message"), [
    ("spezies", "Did you mean 'species'"), (7, "out of range; there are 3 columns"), (-4, "out of range"),
    (1.5, "name or the position"), (True, "name or the position"),
])
def test_a_label_that_is_none(tmp_path, label, message):
    path = csv_of(tmp_path, "a,b,species\n1,2,x\n3,4,y\n")
    with pytest.raises(ValueError, match=message):
        data.load(path, label=label)


def test_a_table_of_text_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_file, "MOST_CELLS", 5)
    assert len(read_csv(csv_of(tmp_path, "a,b\n1,2\n3,4\n5,6\n")).lines) == 3
    with pytest.raises(DataError, match="more than 5 values"):
        read_csv(csv_of(tmp_path, "a,b\n1,x\n3,4\n5,6\n"))


def test_numbers_are_written_as_in_tables_and_not_as_in_python(tmp_path):
    table = read_csv(csv_of(tmp_path, "a,b\n1_000,1\n2,2\n"))
    assert table.columns[0] == ["1_000", "2"]
    table = read_csv(csv_of(tmp_path, "a,b\n1_000,1\nNA,2\n"))
    assert table.columns[0] == ["1_000", None]


def test_images_in_an_archive_by_the_shape_that_is_said(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.full((10, 6), 255, np.uint8), y=np.arange(10) % 2)
    assert data.load(tmp_path / "a.npz").divisor == 1
    made = data.load(tmp_path / "a.npz", image_shape=(2, 3), classes=["no", "yes"])
    assert (made.divisor, made.image_shape, made.classes) == (255, (2, 3), ("no", "yes"))
    assert data.load(tmp_path / "a.npz", image_shape=(2, 3), divisor=51).scaled(made.x_train).max() == 5
    np.save(tmp_path / "x.npy", np.asfortranarray(np.zeros((4, 3, 2))))
    with pytest.raises(DataError, match="Fortran"):
        read_npy(tmp_path / "x.npy", memory_map=True)


@pytest.mark.parametrize(("text", "message"), [
    ("a,y\n1,0\ninf,1\n", "line 3, column 'a': inf"), ("a,y\n1,0.5\n2,1\n", "label 0.5 of row 0"),
    ("a,y\n" + "".join(f"name{n},{n % 2}\n" for n in range(200)), "200 different values"),
    ("a,y\n1,\n2,\n3,\n", "missing"), ("y\n1\n2\n", "at least one row"), ("a,y\n1,0\n2,0\n", "one class only"),
])
def test_tables_that_cannot_be_used(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        data.load(csv_of(tmp_path, text), header=True)


def test_rows_with_gaps_are_dropped_unless_none_is_left(tmp_path):
    with pytest.raises(DataError, match="none is left"):
        data.load(csv_of(tmp_path, "a,y\nNA,0\n1,NA\n"), header=True, missing="drop")
    with pytest.raises(SettingError, match="missing='fill'"):
        data.load(tmp_path / "t.csv", missing="fill")


def test_pixels_in_a_table_stay_bytes(tmp_path):
    x = np.random.default_rng(0).integers(0, 256, (20, 9))
    text = "label," + ",".join(f"pixel{n}" for n in range(9)) + "\n"
    text += "".join(f"{n % 2}," + ",".join(map(str, row)) + "\n" for n, row in enumerate(x))
    made = data.load(csv_of(tmp_path, text), shuffle=False)
    assert (made.x_train.dtype, made.image_shape, made.divisor) == (np.uint8, (3, 3), 255.0)
    np.testing.assert_array_equal(made.x_train, x[:16])
    packed = data.load(csv_of(tmp_path, gzip.compress(text.encode()), "t.csv.gz"), shuffle=False)
    np.testing.assert_array_equal(packed.x_train, x[:16])


def test_damaged_csv_files_raise_only_our_own_error(tmp_path):
    good = b'a,b,"c d",label\n1,2.5,red,x\n3,-4e3,"blue, dark",y\n5,6,red,x\n7,8,red,y\n9,0,red,x\n1,2,red,y\n' * 2
    for bad in mutations(good, 2, 250):
        csv_of(tmp_path, bad)
        assert "\n" not in refusal_of(lambda: data.load(tmp_path / "t.csv"))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.one_of(
    st.binary(max_size=200), st.text('0123456789.,;"\n\r\te-x_ ', max_size=200).map(str.encode),
    st.binary(max_size=60).map(lambda rest: b"\x93NUMPY\x01\x00\x40\x00{'descr': '<f8'" + rest),
    st.binary(max_size=60).map(lambda rest: b"\0\0\x08\x02" + rest),
))
def test_any_bytes_are_data_or_our_own_error(tmp_path, content):
    readers = {"a": read_idx, "a.gz": read_idx, "a.npy": read_npy, "a.npz": read_npz, "a.csv": data.load}
    for name, read in readers.items():
        (tmp_path / name).write_bytes(content)
        assert "\n" not in refusal_of(lambda read=read, path=tmp_path / name: read(path, limit=1 << 20))
