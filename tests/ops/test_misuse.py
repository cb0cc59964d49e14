"""What is wrong with the arguments of an op is told in its own words: what was given, and what would do."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from samples import SAMPLES, Sample

import glassgrad as gg
from glassgrad.graph import nodes
from glassgrad.ops.define import OPS, broadcasting

FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: function for name, function in vars(nodes).items() if getattr(function, "__module__", "") == "glassgrad"
}


def inputs_of(function: Callable[..., Any], without: str = "") -> list[str]:
    """Return the names of the arguments that have to be given, less one."""
    slots = inspect.signature(function).parameters.values()
    return [slot.name for slot in slots if slot.default is slot.empty and slot.name != without
            and slot.kind in (slot.POSITIONAL_ONLY, slot.POSITIONAL_OR_KEYWORD)]


BINARY = sorted(op.name for op in OPS if op.infer is broadcasting and op.name in FUNCTIONS and op.name != "power_by"
                and len(inspect.signature(op.forward).parameters) == 3)
WITH_AXIS = sorted(name for name, function in FUNCTIONS.items()
                   if "axis" in inspect.signature(function).parameters and name != "repeat_each")


def test_the_tables_are_not_empty() -> None:
    assert {"add", "power", "arctan2", "less", "logical_and"} <= set(BINARY)
    assert {"sum", "softmax", "cumsum", "sort", "concatenate", "take", "var", "norm"} <= set(WITH_AXIS)


@pytest.mark.parametrize("name", BINARY)
def test_shapes_that_do_not_broadcast(name: str) -> None:
    with pytest.raises(gg.ShapeError) as caught:
        FUNCTIONS[name](np.ones((2, 3)), np.ones((4, 5)))
    text = str(caught.value)
    assert text.startswith(f"{name}: shapes (2, 3) and (4, 5) do not broadcast")
    assert "Add an axis with x[:, None], or reshape." in text
    assert text.endswith(f"(test_misuse.py:{inspect.getsourcelines(test_shapes_that_do_not_broadcast)[1] + 3})")


@pytest.mark.parametrize("name", WITH_AXIS)
def test_an_axis_out_of_range(name: str) -> None:
    function = FUNCTIONS[name]
    arrays = [np.ones((2, 3)) for _ in inputs_of(function, "axis")]
    with pytest.raises(gg.ShapeError, match=r"axis 9 .* \d axes: use -\d to \d") as caught:
        function(*arrays, axis=9)
    assert "test_misuse.py" in str(caught.value)


# These functions are called otherwise than their ops, whose params the samples have.
APPLIED = {op.name: partial(op, nodes) for op in OPS if op.name in ("concatenate", "einsum", "getitem", "put_back")}


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_objects_are_no_numbers(sample: Sample) -> None:
    objects = np.array([object(), None])
    for position in range(len(sample.inputs)):
        given: list[Any] = list(sample.inputs)
        given[position] = objects
        use = APPLIED.get(sample.op) or FUNCTIONS[sample.op]
        with pytest.raises(gg.DtypeError, match=r"object.*real numbers or booleans are needed\. Convert it first"):
            use(*given, **sample.params)


INDICES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "integer": (lambda x: x[5], "5.*(2|3)"),
    "second axis": (lambda x: x[0, -9], "9.*3"),
    "too many": (lambda x: x[0, 0, 0], r"\(2, 3\)|2 axes|indices"),
    "integers": (lambda x: x[np.array([0, 7])], "7.*2"),
    "mask": (lambda x: x[np.ones(5, bool)], "5|2"),
    "take": (lambda x: gg.take(x, [0, 9], axis=1), "9.*3"),
    "take_along_axis": (lambda x: gg.take_along_axis(x, np.array([[0], [8]]), axis=1), "8.*3"),
    "labels": (lambda x: gg.cross_entropy(x, [0, 4]), "4.*(2|3)"),
    "one_hot": (lambda x: gg.one_hot([0, 3], 3), "3"),
}


@pytest.mark.parametrize("name", INDICES)
def test_an_index_out_of_range(name: str) -> None:
    use, told = INDICES[name]
    with pytest.raises(gg.GlassgradError) as caught:
        use(gg.tensor(np.ones((2, 3))))
    text = str(caught.value)
    assert re.search(told, text), text
    assert "test_misuse.py" in text


@pytest.mark.parametrize(("name", "setting"), [("leaky_relu", "slope"), ("elu", "alpha"), ("huber", "delta")])
def test_a_setting_is_a_plain_number(name: str, setting: str) -> None:
    function = getattr(gg, name)
    arguments = ([1.0, -2.0],) * (2 if name == "huber" else 1)
    for bad in ("a", None, np.ones(3)):
        with pytest.raises(gg.DtypeError, match=rf"^{name}: {setting}=.* was given; a plain number is needed\. \("):
            function(*arguments, **{setting: bad})
    with pytest.raises(gg.DtypeError, match=rf"{setting}=Tensor.*as no derivative flows to it: x\.item\(\)"):
        function(*arguments, **{setting: gg.tensor(0.5)})
    assert np.isfinite(function(*arguments, **{setting: np.float32(0.5)}).value).all()


@pytest.mark.parametrize("ddof", [3, 5, 1.5, "a"])
def test_a_variance_of_too_few_numbers(ddof: Any) -> None:
    for function in (gg.var, gg.std):
        with pytest.raises(gg.SettingError, match=rf"var: ddof={ddof!r} was given.*below the number of entries, 3\."):
            function([1.0, 2.0, 4.0], ddof=ddof)


def test_positions_out_of_range_are_called_by_what_was_called() -> None:
    x = np.zeros((2, 3))
    with pytest.raises(gg.ShapeError, match=r"^take: position 6 lies outside axis 0 of shape \(6,\): use -6 to 5\. \("):
        gg.take(x, [0, 6])
    with pytest.raises(gg.ShapeError, match=r"^take: position -4 lies outside axis 1 of shape \(2, 3\): use -3 to 2\."):
        gg.take(x, -4, axis=1)
    with pytest.raises(gg.ShapeError, match=r"^take_along_axis: position 9 lies outside axis 0 of shape \(2, 3\)"):
        gg.take_along_axis(x, [[9]], 0)
    with pytest.raises(gg.ShapeError, match=r"^take: position 0 lies outside axis 0 of shape \(0,\): it has no ent"):
        gg.take(np.zeros(0), 0)
    with pytest.raises(gg.DtypeError, match=r"^take: positions must be integers; got float64\[\]\. Convert floats"):
        gg.take(x, 1.5)
