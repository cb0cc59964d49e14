"""Layers and rules in somebody's Python file: find them, give them something to work on, judge each.

A file is a program: finding what it defines means running it. What is looked for:

* a class with ``forward`` and ``backward``;
* a function ``f`` together with its rule: ``f_vjp(g, y, *arrays)`` beside it, or as the attribute ``f.vjp``.

What each is tried on stands in the file too, if one knows better than the default: ``f_example()`` returns the
arguments of ``f`` as a tuple; ``Layer_example()`` returns ``(layer, *inputs)``. Without it a class is made with no
arguments and given an array (3, 4), and every argument of a function is such an array.
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import numpy as np

from ..errors import DataError, GlassgradError, one_of
from .front import check_gradient
from .verdict import Report

SHAPE = (3, 4)


@dataclass(frozen=True)
class Checked:
    """What was found in a file: a report, or why there is none.

    Attributes
    ----------
    name : str
    line : int
    report : Report or None
    problem : str
        Why it could not be checked; empty if it was.
    """

    name: str
    line: int
    report: Report | None
    problem: str = ""

    @property
    def correct(self) -> bool:
        """Whether it was checked and found right."""
        return bool(self.report)

    def __str__(self) -> str:
        return str(self.report) if self.report is not None else f"{self.name}: NOT CHECKED: {self.problem}"


def check_file(path: str | Path, name: str | None = None, **settings: Any) -> list[Checked]:
    """Run a Python file and check every layer and every function with a rule that it defines.

    Parameters
    ----------
    path : path
    name : str, optional
        Only this one.
    **settings
        For `check_gradient`.

    Returns
    -------
    list of Checked

    Raises
    ------
    DataError
        If the file cannot be read or run, or has nothing to check.
    SettingError
        If it has nothing of this name.
    """
    module = run_file(Path(path))
    found = dict(candidates(module))
    if not found:
        raise DataError(
            f"{path} defines no class with forward and backward, and no function f with a rule f_vjp(g, y, *arrays): "
            "there is nothing to check."
        )
    if name is not None and name not in found:
        raise one_of(f"{path}: name", name, found)
    return [_check(module, key, found[key], settings) for key in ([name] if name is not None else found)]


def run_file(path: Path) -> ModuleType:
    """Run a Python file as a module of its own and return it."""
    if not path.is_file():
        raise DataError(f"{path} is no file; give a Python file, or FILE.py:NAME.")
    spec = importlib.util.spec_from_file_location(f"_checked_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise DataError(f"{path} is no Python file: its name must end in .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses and the like look themselves up there
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise DataError(f"{path} cannot be run: {type(error).__name__}: {error}") from None
    finally:
        sys.path.remove(str(path.parent.resolve()))
    return module


def candidates(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """Yield names and objects that the module itself defines and that can be checked, in its order."""
    for name, value in vars(module).items():
        if getattr(value, "__module__", None) != module.__name__:
            continue
        layer = inspect.isclass(value) and all(callable(getattr(value, part, None)) for part in ("forward", "backward"))
        if layer or (inspect.isfunction(value) and _rule(module, name, value) is not None):
            yield name, value


def _rule(module: ModuleType, name: str, function: Any) -> Callable[..., Any] | None:
    rule = getattr(function, "vjp", None) or getattr(module, f"{name}_vjp", None)
    return rule if callable(rule) else None


def _check(module: ModuleType, name: str, value: Any, settings: dict[str, Any]) -> Checked:
    line = inspect.getsourcelines(value)[1]
    try:
        subject, *args = _example(module, name, value)
    except Exception as error:
        text = f"{type(error).__name__}: {error}. Define {name}_example() that returns what to check it with."
        return Checked(name, line, None, text)
    rule = None if inspect.isclass(value) else _rule(module, name, value)
    try:
        report = check_gradient(subject, *args, vjp=rule, **settings)
    except GlassgradError as error:
        return Checked(name, line, None, f"{error} Define {name}_example() that returns what to check it with.")
    return Checked(name, line, report)


def _example(module: ModuleType, name: str, value: Any) -> tuple[Any, ...]:
    """Return what is checked and its arguments."""
    example = getattr(module, f"{name}_example", None)
    if example is not None:
        given = example()
        given = given if isinstance(given, tuple) else (given,)
        return given if inspect.isclass(value) else (value, *given)
    rng = np.random.default_rng(0)
    if isinstance(value, type):
        layer: Any = value()
        return (layer, *(rng.standard_normal(SHAPE) for _ in inspect.signature(layer.forward).parameters))
    return (value, *(rng.standard_normal(SHAPE) for _ in inspect.signature(value).parameters))


def junit(path: str | Path, found: list[Checked]) -> str:
    """Return the results as JUnit XML, which continuous integration systems read."""
    failures = sum(not item.correct for item in found)
    suite = ElementTree.Element("testsuite", name=str(path), tests=str(len(found)), failures=str(failures))
    for item in found:
        seconds = f"{item.report.seconds:.3f}" if item.report is not None else "0"
        about = {"name": item.name, "classname": Path(path).stem, "file": str(path), "line": str(item.line)}
        case = ElementTree.SubElement(suite, "testcase", about, time=seconds)
        if not item.correct:
            kind = str(item.report.verdict) if item.report is not None else "NOT CHECKED"
            ElementTree.SubElement(case, "failure", message=kind).text = _printable(str(item))
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True)


def _printable(text: str) -> str:
    """Leave out what XML has no way to say."""
    return "".join(sign for sign in text if sign in "\t\n" or sign.isprintable())
