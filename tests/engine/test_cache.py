"""Programs on disk: private, checked, rebuilt when broken, shared by many processes, bounded."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from glassgrad.cache import private_folder
from glassgrad.engine.llvm import native as module
from glassgrad.engine.plan.memory import FIRST

TEXT = f"""def program(table):
    at = array(table, ({FIRST + 1},), int64)
    at[{FIRST}] = at[{FIRST}] * 3 + 1
    return 0
"""
posix = pytest.mark.skipif(os.name != "posix", reason="rights of POSIX")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GLASSGRAD_CACHE", str(tmp_path / "cache"))
    module.native.cache_clear()
    return tmp_path / "cache" / "programs"


def result() -> int:
    """Run the program as a new process would: from disk, or compiled."""
    module.native.cache_clear()
    function = module.native(TEXT, "program")
    table = np.zeros(FIRST + 1, np.int64)
    table[FIRST] = 5
    assert function(table.ctypes.data) == 0
    return int(table[FIRST])


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of what has been compiled, rather than loaded."""
    made: list[str] = []
    compiled = module._compiled

    def counted(text: str, name: str, *how: Any) -> Any:
        made.append(name)
        return compiled(text, name, *how)

    monkeypatch.setattr(module, "_compiled", counted)
    return made


@posix
def test_the_folder_is_private_and_what_lies_there_is_used(home: Path, compilations: list[str]) -> None:
    assert result() == result() == 16
    assert len(compilations) == 1
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    (file,) = home.iterdir()
    assert not stat.S_IMODE(file.stat().st_mode) & 0o022


def test_broken_files_are_ignored_and_rebuilt(home: Path, compilations: list[str]) -> None:
    assert result() == 16
    (file,) = home.iterdir()
    good = file.read_bytes()
    rng = np.random.default_rng(0)
    flipped = []
    for place in rng.integers(0, len(good), 40):
        bad = bytearray(good)
        bad[place] ^= 1 << int(rng.integers(8))
        flipped.append(bytes(bad))
    cut = [good[: int(size)] for size in rng.integers(0, len(good), 10)]
    foreign = [b"", b"\0" * 100, b"glassgrad native code 0\n" + good[24:], b'glassgrad native code 1\n["a"]\n',
               b"glassgrad native code 1\n{}\n", b"glassgrad native code 1\n[1, 2, 3]\nx", good + b"x"]
    for bad in (*flipped, *cut, *foreign):
        file.write_bytes(bad)
        assert module._read(file) is None
    file.write_bytes(flipped[0])
    assert result() == 16
    assert len(compilations) == 2
    assert file.read_bytes()[:24] == good[:24]
    assert result() == 16
    assert len(compilations) == 2


def test_code_that_calls_what_is_not_here_is_compiled_anew(home: Path, compilations: list[str]) -> None:
    """A cache may come from a system with another C library; LLVM would end the process over it."""
    assert result() == 16
    (file,) = home.iterdir()
    code = module._read(file)
    assert code is not None
    module._write(file, module.Code(code.object, ("no_such_function",)))
    assert module._read(file) is None
    assert result() == 16
    assert len(compilations) == 2


def test_two_functions_of_one_source_have_files_of_their_own(home: Path) -> None:
    text = TEXT + TEXT.replace("program", "other").replace("* 3", "* 4")
    table = np.full(FIRST + 1, 5)
    for name, found in (("program", 16), ("other", 65)):
        assert module.native(text, name)(table.ctypes.data) == 0
        assert table[FIRST] == found


def test_other_versions_and_processors_have_other_files(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert result() == 16
    monkeypatch.setattr(module, "_surroundings", lambda: "another version")
    assert result() == 16
    assert len(list(home.iterdir())) == 2


@posix
@pytest.mark.parametrize("kind", ["file", "link", "world-writable", "file above"])
def test_a_folder_that_cannot_be_trusted(home: Path, kind: str, compilations: list[str], tmp_path: Path) -> None:
    home.parent.mkdir()
    if kind == "file":
        home.write_text("x")
    elif kind == "link":
        (tmp_path / "elsewhere").mkdir()
        home.symlink_to(tmp_path / "elsewhere")
    elif kind == "file above":
        home.parent.rmdir()
        home.parent.write_text("x")
    else:
        home.mkdir(mode=0o777)
        home.chmod(0o777)
    assert result() == result() == 16
    assert len(compilations) == 2
    assert not any((tmp_path / "elsewhere").glob("*"))


@posix
def test_a_folder_that_others_may_read_is_closed(home: Path, compilations: list[str]) -> None:
    home.mkdir(mode=0o755, parents=True)
    assert result() == result() == 16
    assert len(compilations) == 1
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


@posix
def test_a_folder_of_somebody_else(home: Path, compilations: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert result() == 16
    mine = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: mine + 1)
    assert result() == 16
    assert len(compilations) == 2


def test_a_disk_that_takes_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from glassgrad.errors import DataError

    def full(*_: Any) -> None:
        raise DataError("no space left")

    monkeypatch.setattr(module, "write_atomic", full)
    assert result() == result() == 16
    assert list(home.iterdir()) == []


def test_the_folder_does_not_grow_without_bound(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 3)
    home.mkdir(parents=True)
    for number in range(6):
        old = home / f"{number}.o"
        old.write_bytes(b"x")
        os.utime(old, (number, number))
    assert result() == 16
    assert {"4.o", "5.o"} < {file.name for file in home.iterdir()}
    assert len(list(home.iterdir())) == 3


CHILD = """
import sys
import numpy as np, glassgrad as gg
f = gg.compile(lambda x: gg.sum(gg.tanh(x) ** 2), engine="native")
print(f(np.ones(7)).tobytes().hex(), "glassgrad.engine.llvm.translate" in sys.modules)
"""


def test_the_compiler_is_not_imported_where_everything_is_on_disk(home: Path) -> None:
    first, second = (subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, check=True).stdout
                     for _ in range(2))
    assert first.split()[1] == "True"
    assert second.split() == [first.split()[0], "False"]


def test_sixteen_processes_start_at_once_on_a_cold_cache(home: Path) -> None:
    running = [subprocess.Popen([sys.executable, "-c", CHILD], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True) for _ in range(16)]
    outputs = [process.communicate(timeout=580) for process in running]
    assert [process.returncode for process in running] == [0] * 16, outputs
    assert len({out.split()[0] for out, _ in outputs}) == 1
    assert all(not errors for _, errors in outputs)
    (file,) = home.glob("*.o")
    assert module._read(file) is not None


@posix
def test_a_user_without_a_home_has_no_cache_and_no_failure(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that is run under any number."""
    for name in ("GLASSGRAD_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)

    def homeless(path: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", homeless)
    assert result() == result() == 16
    assert private_folder("programs") is None

