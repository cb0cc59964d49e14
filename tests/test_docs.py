"""Everything public is documented, and every example that is printed anywhere runs and prints what it says."""

from __future__ import annotations

import doctest
import inspect
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassgrad as gg

ROOT = Path(__file__).parent.parent
PUBLIC = [name for name in dir(gg) if name not in gg._LAZY]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def run(text: str, name: str, names: dict[str, Any], flags: int = 0) -> int:
    """Run the examples in a text one after another; return how many there are, and fail on the first wrong one."""
    test = doctest.DocTestParser().get_doctest(text, names, name, None, 0)
    report: list[str] = []
    failed, count = doctest.DocTestRunner(optionflags=flags | doctest.FAIL_FAST).run(test, out=report.append)
    assert not failed, "".join(report)
    return count


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_documented(name: str) -> None:
    thing = getattr(gg, name)
    text = inspect.getdoc(thing)
    assert text
    assert len(text) > 8
    assert not text.startswith("partial(")


# Functions of the op namespace belong to no module in which the collector of doctests would look.
COLLECTED_NOWHERE = [name for name in PUBLIC if getattr(getattr(gg, name), "__module__", "") == "glassgrad"]


@pytest.mark.parametrize("name", [n for n in COLLECTED_NOWHERE if ">>>" in (inspect.getdoc(getattr(gg, n)) or "")])
def test_examples_of_functions_run(name: str) -> None:
    assert run(inspect.getdoc(getattr(gg, name)) or "", name, {"gg": gg, "np": np})


def test_there_are_such_functions_and_they_have_examples() -> None:
    assert {"exp", "sum", "softmax", "matmul", "stack"} <= set(COLLECTED_NOWHERE)
    assert ">>>" in (inspect.getdoc(gg.softmax) or "")


def pages() -> list[Path]:
    return sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("CONTRIBUTING.md")])


@pytest.mark.parametrize("page", [path for path in pages() if path.exists()], ids=lambda path: path.name)
def test_the_snippets_of_a_page_run_in_order(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for number, block in enumerate(BLOCK.findall(page.read_text(encoding="utf-8"))):
        if ">>>" in block:
            test = doctest.DocTestParser().get_doctest(block, names, f"{page.name}, block {number}", None, 0)
            report: list[str] = []
            results = doctest.DocTestRunner(optionflags=FLAGS).run(test, out=report.append, clear_globs=False)
            assert not results.failed, "".join(report)
            names = test.globs


def test_a_wrong_example_is_found() -> None:
    with pytest.raises(AssertionError, match="Expected"):
        run(">>> 1 + 1\n3\n", "wrong", {})
    assert BLOCK.findall("```python\n>>> 1\n1\n```\ntext\n```python\nx\n```\n") == [">>> 1\n1\n", "x\n"]
