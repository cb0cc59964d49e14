"""What is said about an op is true: formulas and local derivatives, as written, are evaluated and compared."""

import ast
import math
import operator

import numpy as np
import pytest

import glassgrad as gg
from glassgrad.explain.formula import Formula
from glassgrad.explain.rows import ROWS
from glassgrad.explain.rules import factor_of, formula_of, is_elementwise, reason
from glassgrad.gradient import pull
from glassgrad.graph import Op, nodes
from glassgrad.ops.define import broadcasting

FUNCTIONS = {
    "exp": math.exp, "expm1": math.expm1, "log": math.log, "log1p": math.log1p, "sin": math.sin, "cos": math.cos,
    "tanh": math.tanh, "sign": lambda x: (x > 0) - (x < 0), "max": max, "min": min, "sqrt": math.sqrt, "abs": abs,
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)), "ReLU": lambda x: max(x, 0),
}
OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
             ast.Pow: operator.pow}
POWERS = {"⁻¹": "**(-1)", "⁻²": "**(-2)", "⁰": "**0", "²": "**2", "³": "**3", "⁴": "**4", "⁵": "**5"}


def computed(text):
    """Compute a formula as the table writes it: the text is parsed, and the few signs it may hold are evaluated."""
    for sign, spelled in {**POWERS, "·": "*", "×": "*", "^": "**", "σ": "sigmoid", "√": "sqrt "}.items():
        text = text.replace(sign, spelled)
    if text.startswith("sqrt "):
        text = f"sqrt({text[5:]})"
    if text.startswith("|"):
        text = f"abs({text[1:-1]})"
    return _value(ast.parse(text, mode="eval").body)


def _value(node):
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.BinOp):
        return OPERATORS[type(node.op)](_value(node.left), _value(node.right))
    if isinstance(node, ast.UnaryOp):
        return -_value(node.operand)
    if isinstance(node, ast.Call):
        return FUNCTIONS[node.func.id](*map(_value, node.args))
    if isinstance(node, ast.IfExp):
        return _value(node.body) if _value(node.test) else _value(node.orelse)
    if isinstance(node, ast.List):  # an Iverson bracket
        return float(_value(node.elts[0]))
    assert isinstance(node, ast.Compare), ast.dump(node)
    left, right = _value(node.left), _value(node.comparators[0])
    return left > right if isinstance(node.ops[0], ast.Gt) else left < right


class Exact:
    """Values in place of labels, with all their digits."""

    def __getitem__(self, node):
        text = repr(node.value.item())
        return Formula(f"({text})", text)


def applications():
    """Return one node for every op of single numbers that has a row."""
    a, b, c = gg.tensor(1.7), gg.tensor(0.6), gg.tensor(-0.8)
    yield from (a + b, a - c, a * c, gg.divide(a, c), gg.reciprocal(c), -c, gg.exp(c), gg.expm1(c), gg.log(a))
    yield from (gg.log1p(a), gg.sqrt(a), gg.square(c), gg.sin(c), gg.cos(c), gg.abs(c), gg.identity(a))
    yield from (gg.maximum(a, b), gg.maximum(b, a), gg.minimum(a, b), gg.minimum(b, a))
    yield from (gg.where(gg.constant(True), a, b), gg.where(gg.constant(False), a, b), gg.power(a, b))
    yield from (a**2, a**3, c**-1, a**2.5, a**1, a**5)
    yield from (gg.sigmoid(c), gg.tanh(c), gg.relu(a), gg.relu(c))


NODES = list(applications())


@pytest.mark.parametrize("node", NODES, ids=lambda node: node.op.name)
def test_formulas_give_the_value(node):
    assert node.op.name in ROWS
    assert computed(formula_of(node, Exact()).plain) == pytest.approx(float(node.value), rel=1e-12)


@pytest.mark.parametrize("node", NODES, ids=lambda node: node.op.name)
def test_local_derivatives_in_words_are_those_of_the_rule(node):
    found = pull(node, np.float64(1), np, lambda source: source.value)
    for position, derivative in enumerate(found):
        if derivative is not None:
            assert computed(factor_of(node, position, Exact()).plain) == pytest.approx(float(derivative), rel=1e-12)


def test_the_evaluation_of_the_table_would_notice_an_error():
    assert computed("2*3**2") == 18
    assert computed("1/(2·(4.0))") == 0.125
    assert computed("[(1.0) > 0]") == 1.0
    assert computed("-(3.0)²") == -9.0


def test_every_row_belongs_to_an_op_and_has_words():
    own = {"power_by", "cross_entropy_error"}
    for name, row in ROWS.items():
        assert callable(nodes.__dict__.get(name)) or name in own, name
        assert row.why or name in ("matmul", "affine")


@pytest.mark.parametrize(("node", "expected"), [
    (gg.sigmoid(gg.tensor([1.0, 2.0])), True),
    (gg.relu(gg.tensor([1.0, 2.0])), True),
    (gg.tensor([1.0, 2.0]) * gg.tensor([[1.0], [2.0]]), True),
    (gg.tensor([1.0]).astype("float32"), True),
    (gg.softmax(gg.tensor([1.0, 2.0])), False),
    (gg.mean_squared_error(gg.tensor([1.0]), gg.tensor([2.0])), False),
    (gg.transpose(gg.tensor([[1.0, 2.0]])), False),
    (gg.matmul(gg.tensor([1.0]), gg.tensor([1.0])), False),
])
def test_elementwise_is_found_out_from_the_definition(node, expected):
    assert is_elementwise(node) is expected


def users(name, **options):
    return Op(name, lambda xp, x: x * x * x, lambda xp, g, y, x: (g * 3 * x * x,), broadcasting, **options)


@pytest.mark.parametrize(
    "latex", ["", r"\mathrm{cube_of}({0})", "{0}^3", "{1}{nonsense}", "{0.__class__.nothing}", "{"],
)
def test_an_op_of_the_user_is_named_and_its_latex_used_where_it_fits(latex):
    x = gg.tensor(2.0, name="x")
    node = nodes.record(users("cube_of", latex=latex), (x,), {})
    labels = {x: Formula("x", "x"), node: Formula("y", "y")}
    formula = formula_of(node, labels)
    assert formula.plain == "cube_of(x)"
    assert formula.latex == ("x^3" if latex == "{0}^3" else r"\operatorname{cube\_of}(x)")
    assert factor_of(node, 0, labels) is None
    assert "cube_of" in reason(node).text("ja")


def test_an_op_of_the_user_with_a_known_name_is_not_described_as_the_known_one():
    x = gg.tensor(2.0, name="x")
    node = nodes.record(users("exp"), (x,), {})
    assert factor_of(node, 0, {x: Formula("x", "x"), node: Formula("y", "y")}) is None
    assert "own rule" in str(reason(node))
