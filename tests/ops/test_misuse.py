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


# What stands in the place of an axis --------------------------------------------------------------------------------

ROWS, NUMBER = np.arange(6.0).reshape(2, 3) + 0.5, np.float64(2)
CALLS: dict[str, Callable[..., Any]] = {  # with the first arguments that suit, and everything but the axis
    **{name: partial(lambda f, x, a: f(x, axis=a), FUNCTIONS[name]) for name in WITH_AXIS},
    "concatenate": lambda x, a: gg.concatenate([x, x], axis=a),
    "stack": lambda x, a: gg.stack([x, x], axis=a),
    "split": lambda x, a: gg.split(x, 1, axis=a),
    "take": lambda x, a: gg.take(x, 0, axis=a),
    "take_along_axis": lambda x, a: gg.take_along_axis(x, np.zeros((2, 3), int), axis=a),
    "repeat": lambda x, a: gg.repeat(x, 2, axis=a),
    "roll": lambda x, a: gg.roll(x, 1, axis=a),
    "swapaxes": lambda x, a: gg.swapaxes(x, a, 0),
    "moveaxis": lambda x, a: gg.moveaxis(x, a, 0),
    "moveaxis to": lambda x, a: gg.moveaxis(x, 0, a),
    "diagonal": lambda x, a: gg.diagonal(x, 0, a, 0),
    "trace": lambda x, a: np.trace(gg.tensor(x), 0, a, 0),
    "transpose": lambda x, a: gg.transpose(x, (a, 0)),
    "tensordot": lambda x, a: gg.tensordot(x, x, ([a], [0])),
}


NO_AXES = [1.0, np.float64(1), True, np.True_, "0", b"0", object(), {0: 1}, [0.5], (True,), ["a"]]


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("x", [ROWS, NUMBER], ids=["2d", "0d"])
@pytest.mark.parametrize("axis", NO_AXES, ids=lambda axis: type(axis).__name__ + str(axis)[:5])
def test_what_is_no_axis(name: str, x: Any, axis: Any) -> None:
    with pytest.raises((gg.DtypeError, gg.ShapeError)) as caught:
        CALLS[name](x, axis)
    text = str(caught.value)
    told = r"axis .* was given(, an? \w+)?; (an|one) integer is needed|single number|lies outside"
    assert re.search(told, text), text
    assert x.ndim == 0 or "was given" in text, text
    assert "test_misuse.py" in text


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("axis", [5, -4, 2**70, np.int64(7)], ids=repr)
def test_an_axis_that_is_not_there(name: str, axis: Any) -> None:
    for x in (ROWS, NUMBER):
        with pytest.raises(gg.ShapeError, match=r"ax[ei]s .*\d") as caught:
            CALLS[name](x, axis)
        told = r"lies outside an array of \d axes: use|has no axes|are no order of the \d axes"
        assert re.search(told, str(caught.value))


@pytest.mark.parametrize("name", sorted(
    name for name in WITH_AXIS if "keepdims" in inspect.signature(FUNCTIONS[name]).parameters or name == "flip"
))
def test_an_axis_named_twice(name: str) -> None:
    if name in ("argmax", "argmin"):
        with pytest.raises(gg.ShapeError, match="one integer is needed"):
            CALLS[name](ROWS, (0, 0))
    else:
        with pytest.raises(gg.ShapeError, match=r"axis \(0, -2\) names an axis twice"):
            CALLS[name](ROWS, (0, -2))


# Anything else -------------------------------------------------------------------------------------------------------

def _total(x: Any) -> Any:
    return gg.sum(x * x)


MISUSES: list[tuple[Callable[[Any], Any], type[Exception], str]] = [
    (lambda x: gg.tensor(1.0, name=3), gg.DtypeError, "tensor: the name 3 was given, an int; text is needed"),
    (lambda x: gg.parameter(1.0, name=b"w"), gg.DtypeError, "parameter: the name b'w' was given, a bytes; text is"),
    (lambda x: gg.constant(1.0, name=[]), gg.DtypeError, r"constant: the name \[\] was given, a list; text is needed"),
    (lambda x: gg.scope(3).__enter__(), gg.DtypeError, "scope: the name 3 was given, an int; text is needed, such as"),
    (lambda x: gg.scope(None).__enter__(), gg.DtypeError, "scope: the name None was given, a NoneType; text is needed"),
    (lambda x: gg.tensor([[1, 2], [3]]), gg.DtypeError, "rows of several lengths; an array needs rows of one"),
    (lambda x: gg.tensor(1j), gg.DtypeError, "1j has dtype complex128: real numbers or booleans are needed"),
    (lambda x: x.astype("nonsense"), gg.DtypeError, "astype: the dtype 'nonsense' was given; one of real numbers or"),
    (lambda x: x.astype(object), gg.DtypeError, "astype: the dtype .*object.* was given; one of real numbers or"),
    (lambda x: gg.ArrayType("abc"), gg.ShapeError, "ArrayType: the shape 'abc' was given; whole numbers of at least 0"),
    (lambda x: gg.ArrayType((1.5,)), gg.ShapeError, r"ArrayType: the shape \(1.5,\) was given; whole numbers"),
    (lambda x: gg.ArrayType((-1,)), gg.ShapeError, r"ArrayType: the shape \(-1,\) was given; whole numbers"),
    (lambda x: gg.ArrayType((2,), "floaty"), gg.DtypeError, "ArrayType: the dtype 'floaty' was given; one of real"),
    (lambda x: gg.grad(_total, True)(1.0), gg.SettingError, "argnums: True was given; the number of an argument"),
    (lambda x: gg.grad(_total, 1.5)(1.0), gg.SettingError, "argnums: 1.5 was given; the number of an argument"),
    (lambda x: gg.grad(_total, 5)(1.0), gg.SettingError, "argnums: argument 5 was asked for, 1 were given"),
    (lambda x: gg.grad(3), gg.DtypeError, "grad: a function is needed, to be called later; got 3"),
    (lambda x: gg.open(3), gg.DtypeError, r"open: 3 was given; a Tensor is needed, or a Graph: gg.trace\(f\)\(x\)"),
    (lambda x: gg.open(x, levels="a"), gg.SettingError, "open: levels='a' was given; a whole number is needed"),
    (lambda x: gg.debug(nan="yes"), gg.SettingError, "debug: nan='yes' was given; True or False is needed"),
    (lambda x: gg.optim.SGD("a"), gg.SettingError, "lr must be a positive number; got 'a'"),
    (lambda x: gg.optim.Adam(0.1, beta1=None), gg.SettingError, "beta1 must be at least 0 and less than 1; got None"),
    (lambda x: x.__setitem__(0, 1.0), gg.UnsupportedError, "Entries of .* cannot be set: .* Make a new tensor"),
    (lambda x: x[1.5:], gg.DtypeError, "an end or step of a slice: 1.5 was given, a float; an integer is needed"),
    (lambda x: x[::0], gg.ShapeError, "a slice of step 0 was given; any other step is needed"),
    (lambda x: gg.concatenate(3), gg.DtypeError, "concatenate: 3 was given; a list of arrays is needed"),
    (lambda x: gg.stack(3), gg.DtypeError, "stack: 3 was given; a list of arrays is needed"),
    (lambda x: gg.reshape(x, "a"), gg.DtypeError, "reshape: size 'a' was given, a str; an integer is needed"),
    (lambda x: gg.reshape(x, (2.0, 3)), gg.DtypeError, "reshape: size 2.0 was given, a float; an integer is needed"),
    (lambda x: gg.broadcast_to(x, 1.5), gg.DtypeError, "broadcast_to: size 1.5 was given, a float; an integer"),
    (lambda x: gg.transpose(x, 3), gg.ShapeError, r"transpose: axes \(3,\) are no order of the 2 axes"),
    (lambda x: gg.split(x, "a"), gg.DtypeError, "split: number of parts 'a' was given, a str; an integer is needed"),
    (lambda x: gg.split(x, [0.5]), gg.DtypeError, "split: place 0.5 was given, a float; an integer is needed"),
    (lambda x: gg.tile(x, 1.5), gg.DtypeError, "reps 1.5 was given, a float; an integer is needed"),
    (lambda x: gg.roll(x, 1.5), gg.DtypeError, "shift 1.5 was given, a float; an integer is needed"),
    (lambda x: gg.diag(np.ones(2), 1.5), gg.DtypeError, "k 1.5 was given, a float; an integer is needed"),
    (lambda x: gg.tril(x, "a"), gg.DtypeError, "k 'a' was given, a str; an integer is needed"),
    (lambda x: gg.tensordot(x, x, "a"), gg.DtypeError, "axes 'a' was given, a str; an integer is needed"),
    (lambda x: gg.tensordot(x, x, ((0, 0), (0, 0))), gg.ShapeError, "must name as many axes of one as of the other"),
    (lambda x: gg.sum(x, foo=1), gg.UnsupportedError, "sum: got an unexpected keyword argument 'foo'. Call it as sum"),
    (lambda x: gg.exp(), gg.UnsupportedError, "exp: missing a required argument: 'x'. Call it as exp"),
    (lambda x: x @ x, gg.ShapeError, r"matmul: inner sizes differ: x \(2, 3\) @ y \(2, 3\). Did you mean y.T"),
    (lambda x: gg.pad(x, 1, mode="nope"), gg.SettingError, "pad: mode 'nope' has no rule; known: constant, edge"),
    (lambda x: gg.leaky_relu(x, slope="a"), gg.DtypeError, "leaky_relu: slope='a' was given; a plain number is needed"),
    (lambda x: gg.trace(3), gg.DtypeError, "trace: a function is needed, to be called later; got 3"),
    (lambda x: gg.vmap(_total, "a")(x), gg.SettingError, "vmap: an axis is an integer or None; got 'a'"),
    (lambda x: gg.compile(_total, engine="gpu"), gg.SettingError, "engine 'gpu' is not known. Known: auto, native"),
]


@pytest.mark.parametrize("row", MISUSES, ids=lambda row: row[2][:40])
def test_a_misuse_is_told_in_one_clear_sentence(row: Any) -> None:
    misuse, kind, text = row
    with pytest.raises(kind, match=text):
        misuse(gg.tensor(ROWS))
