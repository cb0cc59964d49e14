"""The page that says which of NumPy's functions take Tensors: nothing is silently wrong, and the page tells what is."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassgrad as gg


def _script() -> Any:
    path = Path(__file__).parents[1] / "scripts" / "numpy_table.py"
    spec = importlib.util.spec_from_file_location("numpy_table", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


script = _script()


@pytest.fixture(scope="module")
def table() -> Any:
    return script.table()


def test_no_function_of_numpy_is_silently_wrong(table: Any) -> None:
    assert [name for name, kind in table if kind == "silently wrong"] == []
    names = [name for name, _ in table]
    assert sum(name.endswith(" (ufunc)") for name in names) >= 80
    assert len(names) >= 350
    supported = {name for name, kind in table if kind == "supported"}
    assert {"exp (ufunc)", "where", "einsum", "take_along_axis", "broadcast_to", "linalg.norm", "shape"} <= supported


def test_the_page_is_up_to_date() -> None:
    """In a process of its own: other libraries load parts of NumPy, which bring functions of their own."""
    if f"with NumPy {np.__version__}," not in script.PAGE.read_text(encoding="utf-8"):
        pytest.skip(f"the page was written with another NumPy than {np.__version__}")
    made = subprocess.run([sys.executable, script.__file__, "--check"], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr


@pytest.mark.parametrize(("found", "expected", "is_same"), [
    (gg.tensor([1.0, 2.0]), np.array([1.0, 2.0]), True),
    (gg.tensor([1.0, 2.0]), np.array([1.0, 2.5]), False),
    (gg.tensor([1.0]), np.array([1.0], np.float32), False),
    (gg.tensor([1.0]), np.array([[1.0]]), False),
    (np.array([1.0]), np.array([1.0]), False),
    ([gg.tensor(1.0)], [np.float64(1.0)], True),
    ((2, 3), (2, 3), True),
    (2.0, 2, False),
])
def test_only_tensors_with_numpys_numbers_count_as_the_same(found: Any, expected: Any, is_same: bool) -> None:
    assert script.same(found, expected) is is_same


def test_a_function_that_answers_wrongly_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(gg.nodes.__dict__, "exp", gg.expm1)
    assert script.answer("exp (ufunc)", np.exp) == "silently wrong"
    monkeypatch.setitem(gg.nodes.__dict__, "cumsum", lambda x, **_: x.value)
    assert script.answer("cumsum", np.cumsum) == "silently wrong"
    assert script.answer("median", np.median) == "clear error"
    assert script.answer("sort", np.sort) == "supported"
