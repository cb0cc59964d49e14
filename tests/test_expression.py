"""Formulas typed by a user: what they mean, and that everything else is refused with a column."""

import math

import numpy as np
import pytest
from hostile import HOSTILE
from hypothesis import given, settings
from hypothesis import strategies as st

import glassgrad as gg
from glassgrad.expression import FUNCTIONS, MOST_LEVELS, MOST_PARTS, ExpressionError, build, parse

VALUES = {"x": 2.0, "y": 3.0, "z": -0.5}


@pytest.mark.parametrize(("text", "expected"), [
    ("x + y * z", 2 + 3 * -0.5),
    ("-x ** 2", -4.0),
    ("(-x) ** 2", 4.0),
    ("2 ** 3 ** 2", 512.0),
    ("x ** -1", 0.5),
    ("x ** y", 8.0),
    ("1 - x - y", -4.0),
    ("x / y / 2", 2 / 3 / 2),
    ("--x", 2.0),
    ("1e-3 * .5 + 2.", 2.0005),
    ("sigmoid(0)", 0.5),
    ("exp(log(x)) * sin(y) ", 2 * math.sin(3)),
    ("where(x > y, x, y)", 3.0),
    ("where(x != y, 10, 20)", 10.0),
    ("maximum(x, y) - minimum(x, y)", 1.0),
    ("9**9**7", math.inf),
    ("1/0", math.inf),
])
def test_meaning(text, expected):
    assert build(text, VALUES).value == pytest.approx(expected)


def test_numbers_are_float64_and_derivatives_flow():
    z = build("(x + y) ** 2", {"x": 2, "y": 3})
    z.backward()
    assert z.dtype == np.float64
    assert z.op.name == "power_by"
    assert [leaf.grad for leaf in z.inputs[0].inputs] == [10.0, 10.0]


def test_arrays_and_axis():
    A = np.arange(6.0).reshape(2, 3)
    assert np.array_equal(build("sum(A @ B, axis=-1)", {"A": A, "B": A.T}).value, (A @ A.T).sum(-1))
    assert build("softmax(a, axis=0)", {"a": [0.0, 0.0]}).value.tolist() == [0.5, 0.5]


def test_a_tensor_is_used_as_it_is():
    x = gg.tensor(2.0, name="x")
    assert build("x * x", {"x": x}).inputs[0] is x


def test_names_in_order():
    assert parse("b * a + exp(b) - c").names == ("b", "a", "c")


@pytest.mark.parametrize(("text", "column", "says"), [
    ("", 1, "needed"),
    ("x +", 4, "the end"),
    ("(x", 3, "')'"),
    ("x)", 2, "end"),
    ("x y", 3, "end"),
    ("x.real", 2, "'.'"),
    ("x[0]", 2, "'['"),
    ("'x'", 1, "cannot stand"),
    ("x if y else z", 3, "end"),
    ("lambda: x", 7, "':'"),
    ("f(x)", 1, "no function"),
    ("__import__(x)", 1, "no function"),
    ("__x__", 1, "cannot be the name"),
    ("exp()", 1, "takes 1 argument"),
    ("exp(x, y)", 1, "takes 1 argument"),
    ("exp(x, axis=0)", 8, "no keyword"),
    ("sum(x, keepdims=1)", 8, "no keyword"),
    ("sum(x, axis=y)", 13, "whole number"),
    ("sum(x, axis=0.5)", 13, "whole number"),
    ("sum(x, axis=0, axis=0)", 14, "')'"),
    ("x > y", 3, "end"),
    ("exp(x > y)", 7, "only be the first argument"),
    ("where(x, x, y)", 7, "comparison"),
    ("where(x < y < z, x, y)", 13, "')'"),
    ("where(x < y, x > y, y)", 16, "only be the first argument"),
    ("1e999", 1, "too large"),
    ("\uff45xp(x)", 1, "cannot stand"),  # a full-width letter, which Python would fold into exp
    ("x\u200b", 2, "cannot stand"),
    ("x\n+1", 2, "cannot stand"),
    ("x # y", 3, "cannot stand"),
    ("q + 1", 1, "has no value"),
    ("1 + x // y", 8, "needed"),
    ("x = 1", 3, "end"),
    ("+x", 1, "needed"),
    ("\ud800", 1, "cannot stand"),
])
def test_refused_with_a_column(text, column, says):
    with pytest.raises(ExpressionError) as caught:
        build(text, VALUES)
    assert caught.value.column == column
    assert says in str(caught.value)


def test_limits_come_before_work():
    with pytest.raises(ExpressionError, match="2000 signs"):
        parse("x+" * 5000 + "x")
    with pytest.raises(ExpressionError, match=f"{MOST_PARTS} parts"):
        parse("+".join("x" * (MOST_PARTS)))
    for deep in ("(" * 900, "-" * 1900 + "x", "x**" * 600 + "x", "exp(" * 400):
        with pytest.raises(ExpressionError, match=f"{MOST_LEVELS} deep"):
            parse(deep)


def test_an_array_too_large_is_refused_before_it_is_made():
    wide = np.zeros(10**6)
    with pytest.raises(ExpressionError, match=r"column 3: .*1,000,000,000,000 numbers"):
        build("a * transpose(a)", {"a": gg.tensor(np.zeros((10**6, 1)))})
    assert build("sum(a)", {"a": wide}).value == 0


def test_shapes_that_do_not_fit_name_the_column():
    with pytest.raises(ExpressionError, match="column 5: matmul: inner sizes differ"):
        build("  A @ A", {"A": np.zeros((2, 3))})


def test_every_function_of_the_table_exists():
    for name, (least, _, takes_axis) in FUNCTIONS.items():
        arguments = ["x > 0" if name == "where" and i == 0 else "x" for i in range(least)]
        text = f"{name}({', '.join(arguments)}{', axis=0' if takes_axis else ''})"
        matrix = np.array([[0.25, 0.75], [0.5, 0.5]])
        values = {"x": matrix}
        assert np.isfinite(build(text, values).value).all(), text


PIECES = [
    "x", "y", "1", "2.5", "1e9", "+", "-", "*", "/", "**", "@", "(", ")", ",", "exp", "where", "sum", "axis", "=", "<",
    ">", "==", ".", "[", "]", "'", '"', "__class__", "lambda", ":", " ", "\t", "\\", "{", "}", "\x00", "é", "９",
]


def refusal(text, values=None):
    """Return the error that a formula is refused with, or None for one that makes a tensor."""
    try:
        result = build(text, values or {})
    except ExpressionError as error:
        return error
    return None if isinstance(result, gg.Tensor) else AssertionError(f"{text!r} gave {result!r}")


def test_there_are_200_hostile_strings():
    assert len(set(HOSTILE)) == len(HOSTILE) == 200


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_a_hostile_string_is_refused_with_a_column_or_is_a_name(text):
    """Alone and in the middle of a formula; nothing in it is run, and what is said of it is one line of plain text."""
    for written in (text, f"x + {text}", f"exp({text})"):
        error = refusal(written, VALUES)
        assert error is None or 1 <= error.column <= len(written) + 1
        assert error is not None or set(parse(written).names) <= set(VALUES)
        assert "\x1b" not in str(error)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=30))
def test_fuzz_of_pieces_gives_a_graph_or_our_error(pieces):
    text = "".join(pieces)
    error = refusal(text, VALUES)
    assert error is None or 1 <= error.column <= len(text) + 1


COMBINED = {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b}
FORMULAS = st.recursive(
    st.sampled_from(sorted(VALUES.items()))
    | st.floats(0.125, 9).map(lambda number: (f"{number:.3f}", float(f"{number:.3f}"))),
    lambda inner: st.tuples(inner, st.sampled_from("+-*"), inner).map(
        lambda three: (f"({three[0][0]}{three[1]}{three[2][0]})", COMBINED[three[1]](three[0][1], three[2][1]))
    ) | inner.map(lambda pair: (f"-({pair[0]})", -pair[1])),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(FORMULAS)
def test_formulas_mean_what_arithmetic_means(formula):
    text, expected = formula
    assert build(text, VALUES).item() == pytest.approx(expected, rel=1e-12, abs=1e-12)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=50))
def test_fuzz_of_any_text(text):
    error = refusal(text, VALUES)
    assert error is None or 1 <= error.column <= len(text) + 1
