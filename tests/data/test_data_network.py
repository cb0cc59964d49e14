"""Published data sets: downloads against a server of our own, verified; found in folders and in the cache."""

import contextlib
import gzip
import hashlib
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from glassgrad import DataError, SettingError, data
from glassgrad.data import published
from glassgrad.data.catalog import PUBLISHED, Published, RemoteFile
from glassgrad.data.network import Rules, download_idx

RULES = Rules(schemes=("http",), timeout=1, deadline=10, limit=100_000)
DEBIAN = Path("/usr/share/datasets/fashion-mnist")


def idx_bytes(array):
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.astype(np.uint8).tobytes()


GENERATOR = np.random.default_rng(0)
CONTENT = {
    "train-images-idx3-ubyte": idx_bytes(GENERATOR.integers(0, 256, (40, 3, 3))),
    "train-labels-idx1-ubyte": idx_bytes(np.arange(40) % 2),
    "t10k-images-idx3-ubyte": idx_bytes(GENERATOR.integers(0, 256, (10, 3, 3))),
    "t10k-labels-idx1-ubyte": idx_bytes(np.arange(10) % 2),
}
NAME = "train-images-idx3-ubyte"
PACKED = gzip.compress(CONTENT[NAME])


class Handler(BaseHTTPRequestHandler):
    """Serves the files in a way that the first part of the path names."""

    protocol_version = "HTTP/1.0"

    def do_GET(self):
        _, way, name = self.path.split("/", 2)
        self.server.asked.append(way)
        body = gzip.compress(CONTENT[name.removesuffix(".gz")])
        with contextlib.suppress(OSError):  # the client may have gone
            getattr(self, f"do_{way}")(body, name)

    def send(self, body, length=None, code=200, **headers):
        self.send_response(code)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    def do_good(self, body, name):
        self.send(body, len(body))

    def do_unsized(self, body, name):
        self.send(body)

    def do_missing(self, body, name):
        self.send(b"not here", 8, 404)

    def do_broken(self, body, name):
        self.send(b"", 0, 500)

    def do_wrong(self, body, name):
        content = bytearray(CONTENT[name.removesuffix(".gz")])
        content[-1] ^= 1
        packed = gzip.compress(content)
        self.send(packed, len(packed))

    def do_longer(self, body, name):
        packed = gzip.compress(CONTENT[name.removesuffix(".gz")] + b"!")
        self.send(packed, len(packed))

    def do_bomb(self, body, name):
        packed = gzip.compress(bytes(1 << 24))
        self.send(packed, len(packed))

    def do_plain(self, body, name):
        self.send(b"<html>please log in</html>", 26)

    def do_cut(self, body, name):
        self.send(body[:-10], len(body))

    def do_unsizedcut(self, body, name):
        self.send(body[:-10])

    def do_large(self, body, name):
        self.send(b"", 100_001)

    def do_endless(self, body, name):
        self.send(b"")
        while True:
            self.wfile.write(bytes(50_000))

    def do_silent(self, body, name):
        self.server.end.wait(3)

    def do_stalls(self, body, name):
        self.send(body[:20], len(body))
        self.server.end.wait(3)

    def do_drips(self, body, name):
        self.send(b"", len(body))
        for byte in body:
            self.wfile.write(bytes([byte]))
            if self.server.end.wait(0.05):
                break

    def do_moved(self, body, name):
        self.send(b"", 0, 302, Location=f"/good/{name}")

    def do_file(self, body, name):
        self.send(b"", 0, 302, Location="file:///etc/hostname")

    def do_ftp(self, body, name):
        self.send(b"", 0, 302, Location="ftp://127.0.0.1/x")

    def do_loop(self, body, name):
        self.send(b"", 0, 302, Location=self.path)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.asked, made.end = [], threading.Event()
    made.url = f"http://127.0.0.1:{made.server_port}/"
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.end.set()
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """A published set of four small files, known as 'mnist', and an empty cache."""
    files = tuple(RemoteFile(name, len(text), hashlib.sha256(text).hexdigest()) for name, text in CONTENT.items())
    known = Published("mnist", "A tiny set.", files, (), (os.fspath(tmp_path / "system"),), ("even", "odd"), 1000)
    monkeypatch.setitem(PUBLISHED, "mnist", known)
    monkeypatch.setenv("GLASSGRAD_CACHE", os.fspath(tmp_path / "cache"))
    return known


def fetch(server, target, *ways, rules=RULES, **options):
    text = CONTENT[NAME]
    download_idx([f"{server.url}{way}/{NAME}.gz" for way in ways], target, sha256=hashlib.sha256(text).hexdigest(),
                 size=len(text), rules=rules, **options)


@pytest.mark.parametrize("way", ["good", "unsized", "moved"])
def test_a_good_server(server, tmp_path, way):
    seen = []
    fetch(server, tmp_path / "deep" / "er" / NAME, way, progress=lambda *report: seen.append(report))
    assert (tmp_path / "deep" / "er" / NAME).read_bytes() == CONTENT[NAME]
    assert os.listdir(tmp_path / "deep" / "er") == [NAME]
    assert seen[-1] == (NAME, len(PACKED), None if way == "unsized" else len(PACKED))


@pytest.mark.parametrize(("way", "reason"), [
    ("missing", "answered 404"), ("broken", "answered 500"), ("wrong", "content is another: SHA-256"),
    ("longer", "more than the 376 bytes"), ("bomb", "more than the 376"), ("plain", "not a whole gzip"),
    ("cut", "connection ended after"), ("unsizedcut", "not a whole gzip"), ("large", "100,001 bytes; at most 100,000"),
    ("endless", "more than 100,000"), ("silent", "time limit"), ("stalls", "time limit"), ("file", "not allowed"),
    ("ftp", "ftp://127.0.0.1/x is not http"),
    ("loop", "infinite loop"),
])
def test_a_bad_server_leaves_nothing_and_the_next_mirror_is_tried(server, tmp_path, way, reason):
    target = tmp_path / NAME
    target.write_bytes(b"old")
    with pytest.raises(DataError, match=reason) as caught:
        fetch(server, target, way)
    assert "\n" not in str(caught.value)
    assert os.listdir(tmp_path) == [NAME]
    assert target.read_bytes() == b"old"
    fetch(server, target, way, "good")
    assert target.read_bytes() == CONTENT[NAME]
    assert os.listdir(tmp_path) == [NAME]
    assert server.asked[-1] == "good"


def test_a_server_that_drips_meets_the_deadline(server, tmp_path):
    start = time.monotonic()
    with pytest.raises(DataError, match="time limit"):
        fetch(server, tmp_path / NAME, "drips", rules=Rules(("http",), timeout=1, deadline=0.3))
    assert time.monotonic() - start < 5  # all of it would take 20 s
    assert os.listdir(tmp_path) == []


def test_a_dead_first_mirror(server, tmp_path):
    dead = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    dead.server_close()
    text = CONTENT[NAME]
    urls = [f"http://127.0.0.1:{dead.server_port}/good/{NAME}.gz", "http://[bad", f"{server.url}good/{NAME}.gz"]
    download_idx(urls, tmp_path / NAME, sha256=hashlib.sha256(text).hexdigest(), size=len(text), rules=RULES)
    assert (tmp_path / NAME).read_bytes() == text
    with pytest.raises(DataError, match="refused"):
        download_idx(urls[:1], tmp_path / NAME, sha256="", size=1, rules=RULES)


@pytest.mark.parametrize("url", ["http://127.0.0.1/x.gz", "file:///etc/hostname", "ftp://127.0.0.1/x", "x.gz"])
def test_only_https_by_default(tmp_path, url):
    with pytest.raises(DataError, match="is not https"):
        download_idx([url], tmp_path / "x", sha256="", size=1)


def test_an_interruption_leaves_nothing(server, tmp_path):
    def interrupt(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(server, tmp_path / NAME, "good", progress=interrupt)
    assert os.listdir(tmp_path) == []


def test_a_folder_that_cannot_be_made(server, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DataError, match=r"^the folder .*file cannot be written: a file is in its place\. Choose an"):
        fetch(server, tmp_path / "file" / NAME, "good")
    with pytest.raises(DataError, match=r"^the folder .*inside cannot be written: Not a directory\. Choose another "):
        fetch(server, tmp_path / "file" / "inside" / NAME, "good")
    if os.path.isdir("/proc"):  # where nobody can make a folder
        with pytest.raises(DataError, match=r"^the folder /proc/nope cannot be written: .* Choose another one to"):
            data.download("mnist", "/proc/nope", mirrors=(f"{server.url}good/",), rules=RULES)
    assert server.asked == []


# By name ------------------------------------------------------------------------------------------------------------


def test_a_set_is_downloaded_once_and_then_read_from_the_cache(server, tiny, tmp_path):
    folder = data.download("mnist", mirrors=(f"{server.url}missing/", f"{server.url}good/"), rules=RULES)
    assert folder == tmp_path / "cache" / "mnist"
    assert sorted(os.listdir(folder)) == sorted(CONTENT)
    asked = len(server.asked)
    assert data.download("mnist", mirrors=(f"{server.url}good/",), rules=RULES) == folder
    made = data.load("mnist", download=False)
    assert len(server.asked) == asked
    assert (made.classes, made.source, made.image_shape, made.divisor) == (("even", "odd"), "A tiny set.", (3, 3), 255)
    np.testing.assert_array_equal(made.x_train, np.frombuffer(CONTENT[NAME][16:], np.uint8).reshape(40, 9))
    assert {entry.name: entry.where for entry in data.entries()}["mnist"] == "cache"
    mapped = data.load("mnist", memory_map=True)
    np.testing.assert_array_equal(mapped.x_test, made.x_test)
    assert not mapped.x_train.flags.writeable


def test_only_damaged_files_are_downloaded_again(server, tiny):
    mirrors = (f"{server.url}good/",)
    folder = data.download("mnist", mirrors=mirrors, rules=RULES)
    for damaged in [bytes(len(CONTENT[NAME])), CONTENT[NAME][:-1], b""]:
        (folder / NAME).write_bytes(damaged)
        server.asked.clear()
        with pytest.raises(DataError):
            data.load("mnist", download=False)
        data.download("mnist", mirrors=mirrors, rules=RULES)
        assert server.asked == ["good"]
        assert (folder / NAME).read_bytes() == CONTENT[NAME]
    (folder / NAME).unlink()
    (folder / f"{NAME}.gz").write_bytes(PACKED)
    with pytest.raises(DataError, match="compressed"):
        data.load("mnist", memory_map=True)
    (folder / f"{NAME}.gz").write_bytes(PACKED[:-9])
    data.download("mnist", mirrors=mirrors, rules=RULES)
    assert data.load("mnist", download=False).name == "mnist"


@pytest.mark.parametrize("place", ["system", "given"])
def test_a_set_is_found_in_its_folders_and_verified(tiny, tmp_path, place):
    (tmp_path / place).mkdir()
    for name, text in CONTENT.items():  # recompressed, as a distribution may have done
        (tmp_path / place / f"{name}.gz").write_bytes(gzip.compress(text, 1))
    options = {"folder": tmp_path / "given"} if place == "given" else {}
    assert data.load("mnist", **options, download=False).classes == ("even", "odd")
    if place == "system":
        assert {entry.name: entry.where for entry in data.entries()}["mnist"] == "system"
    by_path = data.load(tmp_path / place)
    assert (by_path.classes, by_path.source) == (("even", "odd"), "A tiny set.")
    other = bytearray(CONTENT[NAME])
    other[-1] ^= 1
    (tmp_path / place / f"{NAME}.gz").write_bytes(gzip.compress(other))
    with pytest.raises(DataError, match="another file than the published"):
        data.load("mnist", **options, download=False)


def test_what_is_nowhere_is_said(tiny, tmp_path):
    with pytest.raises(DataError, match=r"glassgrad\.data\.download\('mnist'\)"):
        data.load("mnist", download=False)
    with pytest.raises(DataError, match="has no file train-images"):
        data.load("mnist", folder=tmp_path)
    with pytest.raises(DataError, match="could not be downloaded"):
        data.load("mnist")
    with pytest.raises(SettingError, match="Did you mean 'mnist'"):
        data.download("mnits")
    for wrong in ["mnits", "no/such/file.csv", Path("digits")]:
        with pytest.raises(DataError, match="neither a known name nor"):
            data.load(wrong)
    (tmp_path / "a.xyz").write_bytes(b"")
    with pytest.raises(DataError, match=r"not \.xyz"):
        data.load(tmp_path / "a.xyz")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no data that are known"):
        data.load(tmp_path / "empty")
    with pytest.raises(SettingError, match="divisor=0"):
        data.load("digits", divisor=0)


def test_the_catalogue_is_whole():
    for known in PUBLISHED.values():
        assert [file.name for file in known.files] == list(CONTENT)
        assert all(len(bytes.fromhex(file.sha256)) == 32 for file in known.files)
        assert len({file.sha256 for file in known.files}) == 4
        assert known.mirrors
        assert all(mirror.startswith("https://") and mirror.endswith("/") for mirror in known.mirrors)
        assert len(known.classes) == 10


@pytest.mark.skipif(not DEBIAN.is_dir(), reason="Debian's package dataset-fashion-mnist is not installed")
def test_fashion_mnist_as_debian_packs_it(monkeypatch, tmp_path):
    monkeypatch.setenv("GLASSGRAD_CACHE", os.fspath(tmp_path))
    made = data.load("fashion-mnist", download=False)
    assert (made.x_train.shape, made.x_test.shape) == ((60_000, 784), (10_000, 784))
    assert made.x_train.dtype == np.uint8
    np.testing.assert_array_equal(np.bincount(made.y_train), [6000] * 10)


@pytest.mark.parametrize(("platform", "variables", "expected"), [
    ("linux", {}, "/home/x/.cache/glassgrad"), ("linux", {"XDG_CACHE_HOME": "/c"}, "/c/glassgrad"),
    ("darwin", {}, "/home/x/Library/Caches/glassgrad"), ("win32", {"LOCALAPPDATA": "/l"}, "/l/glassgrad"),
    ("linux", {"GLASSGRAD_CACHE": "~/mine"}, "/home/x/mine"),
])
def test_the_cache_folder(monkeypatch, platform, variables, expected):
    for name in ("GLASSGRAD_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": "/home/x", **variables}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.platform", platform)
    assert data.cache_folder() == Path(expected)
    assert published.cache_folder is data.cache_folder
