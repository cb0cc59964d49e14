"""Files are whole or absent; one changed bit is seen; a crash or a full disk costs nothing that was saved."""

import hashlib
import json
import os
import random
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save as package_save

from glassgrad import DataError, files, io

SOURCE = Path(io.__file__).parents[1]
ARRAYS = {
    "W1": np.arange(60, dtype=np.float32).reshape(6, 10), "b1": np.linspace(-1, 1, 10),
    "größe": np.array(7, np.int64), "empty": np.zeros((0, 3), np.float16), "mask": np.array([True, False, True]),
}
METADATA = {"epochs": "17", "note": 'a "quoted" text, 繁體中文', "seed": "0"}


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "net.safetensors"
    io.save_weights(path, ARRAYS, METADATA)
    return path


def parts_of(folder):
    return [name for name in os.listdir(folder) if name.endswith(".part")]


def child(script, *arguments):
    """Run a script in a process of its own; return what it printed, line by line."""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)]
    done = subprocess.run(command, env=environment,
                          capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


# Weights ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", io._DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3, 4)])
def test_every_dtype_and_shape_comes_back(tmp_path, dtype, shape):
    array = np.random.default_rng(0).integers(0, 2, shape).astype(dtype)
    io.save_weights(tmp_path / "w", {"a": array})
    back = io.load_weights(tmp_path / "w")[0]["a"]
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.tobytes() == array.tobytes()


def test_names_values_and_metadata_come_back(weights):
    arrays, metadata = io.load_weights(weights)
    assert metadata == METADATA
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array)


@pytest.mark.parametrize(
    "arrange", [np.asfortranarray, np.transpose, lambda a: a[::2, ::-1], lambda a: a.astype(">f8")],
)
def test_any_memory_order_is_stored_by_value(tmp_path, arrange):
    array = arrange(np.arange(24.0).reshape(4, 6))
    io.save_weights(tmp_path / "w", {"a": array})
    np.testing.assert_array_equal(io.load_weights(tmp_path / "w")[0]["a"], array)


def test_nan_and_infinity_keep_their_bits(tmp_path):
    array = np.array([np.nan, -np.inf, -0.0, 5e-324])
    io.save_weights(tmp_path / "w", {"a": array})
    assert io.load_weights(tmp_path / "w")[0]["a"].tobytes() == array.tobytes()


def test_equal_content_gives_equal_bytes_in_any_order(tmp_path, weights):
    io.save_weights(tmp_path / "again", dict(reversed(ARRAYS.items())), dict(reversed(METADATA.items())))
    assert (tmp_path / "again").read_bytes() == weights.read_bytes()


def test_the_safetensors_package_reads_our_files(weights):
    with safe_open(weights, "np") as opened:
        assert set(opened.keys()) == set(ARRAYS)
        assert {key: opened.metadata()[key] for key in METADATA} == METADATA
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(opened.get_tensor(name), array)


def test_arrays_lie_aligned_without_gaps(weights):
    data = weights.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + length])
    places = sorted(header[name]["data_offsets"] + [ARRAYS[name].itemsize] for name in ARRAYS)
    assert length % 8 == 0
    assert places[0][0] == 0
    assert [place[1] for place in places] == [place[0] for place in places[1:]] + [len(data) - 8 - length]
    assert all(start % itemsize == 0 for start, _, itemsize in places)


def test_a_file_without_checksum_is_refused(tmp_path):
    (tmp_path / "w").write_bytes(package_save(ARRAYS, METADATA))
    with pytest.raises(DataError, match="carries no SHA-256"):
        io.load_weights(tmp_path / "w")


def test_a_flipped_bit_in_any_byte_of_the_header_is_seen(weights):
    good = weights.read_bytes()
    length = 8 + int.from_bytes(good[:8], "little")
    generator = random.Random(0)  # noqa: S311
    every_byte = [8 * byte + generator.randrange(8) for byte in range(length)]
    for position in every_byte:
        bad = bytearray(good)
        bad[position // 8] ^= 1 << position % 8
        weights.write_bytes(bad)
        with pytest.raises(DataError):
            io.load_weights(weights)


def test_a_flipped_bit_anywhere_in_the_values_is_seen(weights):
    good = weights.read_bytes()
    start = 8 + int.from_bytes(good[:8], "little")
    for position in random.Random(1).sample(range(start * 8, len(good) * 8), 300):  # noqa: S311
        bad = bytearray(good)
        bad[position // 8] ^= 1 << position % 8
        weights.write_bytes(bad)
        with pytest.raises(DataError, match="damaged"):
            io.load_weights(weights)


def test_truncation_and_any_addition_is_seen(weights):
    good = weights.read_bytes()
    for length in [*range(0, len(good), 5), len(good) - 1]:
        weights.write_bytes(good[:length])
        with pytest.raises(DataError):
            io.load_weights(weights)
    weights.write_bytes(good + b"\0")
    with pytest.raises(DataError, match="damaged"):
        io.load_weights(weights)


@pytest.mark.parametrize("size", [1, 4, 8, 64])
def test_swapped_blocks_are_seen(weights, size):
    good = weights.read_bytes()
    generator = random.Random(size)  # noqa: S311
    for _ in range(40):
        a, b = sorted(generator.sample(range(len(good) - 2 * size), 2))
        bad = bytearray(good)
        bad[a:a + size], bad[b:b + size] = good[b:b + size], good[a:a + size]
        if bad != good:
            weights.write_bytes(bad)
            with pytest.raises(DataError):
                io.load_weights(weights)


def test_a_true_checksum_over_a_false_header_is_our_own_error(tmp_path):
    for header in ['{"__metadata__":{"sha256":"%s"},"a":{"dtype":"F32","shape":[9],"data_offsets":[0,4]}}',
                   '{"__metadata__":{"sha256":"%s"},"a":{"dtype":"F99","shape":[1],"data_offsets":[0,4]}}',
                   '{"__metadata__":{"sha256":"%s"},"a":[1]}', '{"__metadata__":{"sha256":"%s"}', '{"sha256":"%s"}',
                   '{"__metadata__":{"sha256":"%s"},"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}']:
        blank = (header % io._ZEROS).encode()
        length = len(blank).to_bytes(8, "little")
        digest = hashlib.sha256(length + blank + b"\0" * 4).hexdigest()
        (tmp_path / "w").write_bytes(length + (header % digest).encode() + b"\0" * 4)
        with pytest.raises(DataError, match=r"cannot|can be read"):
            io.load_weights(tmp_path / "w")


@pytest.mark.parametrize(("arrays", "metadata", "message"), [
    ({"a": np.array(["text"])}, {}, "booleans, integers and floats"),
    ({"a": np.array([object()])}, {}, "booleans, integers and floats"),
    ({"a": np.array([1j])}, {}, "booleans, integers and floats"),
    ({"__metadata__": np.zeros(1)}, {}, "cannot name"),
    ({3: np.zeros(1)}, {}, "cannot name"),
    ({"\ud800": np.zeros(1)}, {}, "not valid text"),
    ({}, {"epochs": 3}, "metadata are text"),
    ({}, {"sha256": "x"}, "taken"),
])
def test_what_cannot_be_stored_is_said_before_anything_is_written(tmp_path, arrays, metadata, message):
    with pytest.raises(DataError, match=message):
        io.save_weights(tmp_path / "w", arrays, metadata)
    assert os.listdir(tmp_path) == []


# Writing ------------------------------------------------------------------------------------------------------------


def test_new_files_have_the_umasks_mode_and_old_ones_keep_theirs(tmp_path):
    path = tmp_path / "file"
    mask = os.umask(0o027)
    try:
        io.write_atomic(path, b"1")
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        assert os.umask(0o027) == 0o027
        path.chmod(0o600)
        io.write_atomic(path, b"2")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    finally:
        os.umask(mask)


def test_a_symbolic_link_is_followed(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    io.write_atomic(tmp_path / "link", [b"n", bytearray(b"e"), memoryview(b"w")])
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


@pytest.mark.parametrize("step", ["fchmod", "fsync", "replace", "open"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_at_any_step_keeps_the_old_file_and_leaves_no_other(tmp_path, monkeypatch, step, error):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(files.os, step, fail)
    with pytest.raises(DataError if isinstance(error, OSError) else KeyboardInterrupt):
        io.write_atomic(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize(("place", "message"), [
    ("missing/file", "No such file or directory.*folder must exist"), ("plain/file", "Not a directory"),
    ("folder", "is a folder"), ("n" * 300, "name"), ("null\0", "null"),
])
def test_places_that_cannot_be_written_are_named(tmp_path, place, message):
    (tmp_path / "plain").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError, match=message) as caught:
        io.write_atomic(tmp_path / place, b"12345")
    assert "5 bytes" in str(caught.value)
    assert repr(os.fspath(tmp_path / place)) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_full_disk_at_every_block_keeps_the_old_file_and_says_the_bytes_needed(tmp_path):
    lines = child("""
        import resource, sys
        import numpy as np
        from glassgrad import DataError, io
        path = sys.argv[1] + "/net.safetensors"
        old, new = {"W": np.zeros(1000)}, {"W": np.ones(5000)}
        io.save_weights(path, old)
        size = 8 + 5000 * 8
        for blocks in range(size // 4096 + 1):
            resource.setrlimit(resource.RLIMIT_FSIZE, (blocks * 4096, resource.RLIM_INFINITY))
            try:
                io.save_weights(path, new)
            except DataError as error:
                print(error)
            assert (io.load_weights(path)[0]["W"] == 0).all()
            try:
                io.append_line(path + ".jsonl", {"text": "x" * 50_000})
            except DataError:
                pass
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        io.save_weights(path, new)
        assert (io.load_weights(path)[0]["W"] == 1).all()
        assert io.read_lines(path + ".jsonl") == []
        import os
        print(os.path.getsize(path))
    """, tmp_path)
    *messages, size = lines
    assert len(messages) == 10
    for message in messages:
        assert f"{int(size):,} bytes are needed" in message
        assert "make room" in message
    assert parts_of(tmp_path) == []


def test_kill_at_random_moments_leaves_the_old_or_the_new_file(tmp_path):
    lines = child("""
        import os, random, signal, sys, time
        import numpy as np
        from glassgrad import io
        path = sys.argv[1] + "/net.safetensors"
        generator, seen = random.Random(0), set()
        io.save_weights(path, {"W": np.zeros((64, 256))}, {"version": "0"})
        for trial in range(15):
            pid = os.fork()
            if pid == 0:
                for version in range(trial * 100_000 + 1, 10**9):
                    io.save_weights(path, {"W": np.full((64, 256), float(version))}, {"version": str(version)})
            time.sleep(generator.uniform(0.005, 0.05))
            os.kill(pid, signal.SIGKILL)
            assert os.waitpid(pid, 0)[1] == signal.SIGKILL
            arrays, metadata = io.load_weights(path)
            assert (arrays["W"] == float(metadata["version"])).all()
            seen.add(metadata["version"])
        print(len(seen))
    """, tmp_path)
    assert int(lines[0]) > 5


def test_death_at_every_system_call_leaves_the_old_or_the_new_file(tmp_path):
    lines = child("""
        import os, sys
        import numpy as np
        from glassgrad import files, io
        path = sys.argv[1] + "/net.safetensors"
        io.save_weights(path, {"W": np.zeros(9)})
        names = ["open", "umask", "fchmod", "fsync", "replace", "close"]
        for die_at in range(1, 30):
            pid = os.fork()
            if pid == 0:
                calls = 0
                def dying(function):
                    def call(*arguments, **keywords):
                        global calls
                        calls += 1
                        if calls == die_at:
                            os._exit(9)
                        return function(*arguments, **keywords)
                    return call
                for name in names:
                    setattr(os, name, dying(getattr(os, name)))
                io.save_weights(path, {"W": np.full(9, die_at)})
                os._exit(0)
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            print(status, *set(io.load_weights(path)[0]["W"].tolist()))
            if status == 0:
                break
    """, tmp_path)
    steps = [line.split() for line in lines]
    assert steps[-1][0] == "0"
    assert len(steps) > 6
    for number, (_, value) in enumerate(steps, 1):
        assert float(value) in {0.0, *map(float, range(1, number + 1))}
    assert any(float(value) == 0 for _, value in steps)


# Reading and JSON ---------------------------------------------------------------------------------------------------


def test_only_plain_files_of_a_bounded_size_are_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for place, message in [("pipe", "a file is needed"), (".", "a file is needed"), ("none", "No such file")]:
        with pytest.raises(DataError, match=message):
            io.read_bytes(tmp_path / place)
    (tmp_path / "large").write_bytes(b"12345")
    assert io.read_bytes(tmp_path / "large", 5) == b"12345"
    with pytest.raises(DataError, match="5 bytes; at most 4"):
        io.read_bytes(tmp_path / "large", 4)


def test_json_comes_back_and_is_readable(tmp_path):
    value = {"name": "層", "rates": [0.1, 1e-300, 3], "nothing": None, "on": True}
    io.write_json(tmp_path / "s.json", value)
    assert io.read_json(tmp_path / "s.json") == value
    assert "層" in (tmp_path / "s.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, {"a": object()}, "\ud800", {(1, 2): 3}])
def test_what_is_not_json_is_not_written(tmp_path, value):
    with pytest.raises(DataError, match="cannot be written as JSON"):
        io.write_json(tmp_path / "s.json", value)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("text", [
    b"", b"{", b'{"a": 1, "a": 2}', b"NaN", b"[Infinity]", b"1e999", b'"\xff"', b"[" * 100_000, b"1" * 5000, b"{}x",
])
def test_what_is_not_json_is_our_own_error(tmp_path, text):
    (tmp_path / "s.json").write_bytes(text)
    with pytest.raises(DataError, match=r"s\.json") as caught:
        io.read_json(tmp_path / "s.json")
    assert "\n" not in str(caught.value)


def test_a_line_that_a_crash_cut_short_is_left_out_and_then_replaced(tmp_path):
    path = tmp_path / "metrics.jsonl"
    for epoch in range(3):
        io.append_line(path, {"epoch": epoch})
    whole = path.read_bytes()
    for cut in range(1, len(b'{"epoch": 2}\n')):
        path.write_bytes(whole[:-cut])
        assert [record["epoch"] for record in io.read_lines(path)] == [0, 1]
        io.append_line(path, {"epoch": 9, "text": "x" * 5000})
        assert [record["epoch"] for record in io.read_lines(path)] == [0, 1, 9]


def test_a_long_unfinished_line_is_found_across_blocks(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"a": 1}\n' + b"x" * 10_000)
    io.append_line(path, {"a": 2})
    assert io.read_lines(path) == [{"a": 1}, {"a": 2}]
    path.write_bytes(b"x" * 10_000)
    io.append_line(path, {"a": 3})
    assert io.read_lines(path) == [{"a": 3}]


def test_a_damaged_line_is_named(tmp_path):
    (tmp_path / "m.jsonl").write_bytes(b'{"a": 1}\n{"a": \n{"a": 3}\n')
    with pytest.raises(DataError, match="line 2"):
        io.read_lines(tmp_path / "m.jsonl")
    with pytest.raises(DataError, match="JSON"):
        io.append_line(tmp_path / "m.jsonl", {"a": float("nan")})
