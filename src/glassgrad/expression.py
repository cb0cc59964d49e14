"""Formulas typed by a user, turned into graph nodes through a closed table; no text is ever executed.

>>> y = build("sigmoid(x) * w + 1", {"x": 0.0, "w": 4.0})
>>> print(y.value, [node.op.name for node in y.inputs])
3.0 ['multiply', 'constant']
>>> parse("a * b ** 2 - a").names
('a', 'b')

A formula has numbers, names of values, ``+ - * / ** @``, unary minus, parentheses, comparisons as the first argument
of ``where``, and calls of the functions in `FUNCTIONS` with positional arguments and the integer keyword ``axis``.
Anything else is an `ExpressionError` that says at which column. So are formulas of more than 2,000 signs, 300 parts or
50 levels, and arrays of more than a million entries, before anything is computed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from .build import constant, placeholder, tensor
from .errors import GlassgradError, SettingError
from .graph import Tensor, nodes

MOST_SIGNS, MOST_PARTS, MOST_LEVELS, MOST_ENTRIES = 2_000, 300, 50, 1_000_000

# Function: the least and the largest number of positional arguments, and whether it takes axis=integer.
FUNCTIONS: dict[str, tuple[int, int, bool]] = {
    **dict.fromkeys(
        ["abs", "arccos", "arcsin", "arcsinh", "arctan", "arctanh", "cbrt", "ceil", "cos", "cosh", "elu", "erf", "erfc",
         "exp", "exp2", "expm1", "floor", "gaussian", "gelu", "identity", "leaky_relu", "log", "log10", "log1p", "log2",
         "negative", "reciprocal", "relu", "rint", "sigmoid", "sign", "silu", "sin", "sinh", "softplus", "sqrt",
         "square", "stop_gradient", "tan", "tanh", "transpose", "trunc"], (1, 1, False)),
    **dict.fromkeys(
        ["arctan2", "dot", "floor_divide", "hypot", "logaddexp", "matmul", "maximum", "minimum", "outer", "remainder"],
        (2, 2, False)),
    **dict.fromkeys(
        ["binary_cross_entropy", "cross_entropy", "cross_entropy_error", "huber", "mean_squared_error"], (2, 2, False)),
    **dict.fromkeys(
        ["cumprod", "cumsum", "flip", "log_softmax", "logsumexp", "max", "mean", "min", "norm", "prod", "softmax",
         "sort", "std", "sum", "var"], (1, 1, True)),
    "clip": (3, 3, False),
    "affine": (3, 3, False),
    "where": (3, 3, False),
}
_BINARY: dict[str, tuple[int, str]] = {
    "+": (10, "add"), "-": (10, "subtract"), "*": (20, "multiply"), "/": (20, "divide"), "@": (20, "matmul"),
    "**": (40, "power"),
}
_UNARY_LEVEL = 30
_COMPARISONS = {
    "<": "less", "<=": "less_equal", ">": "greater", ">=": "greater_equal", "==": "equal", "!=": "not_equal",
}
_TOKEN = re.compile(
    r"(?P<space>[ \t]+)|(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|(?P<name>[A-Za-z_][A-Za-z_0-9]*)"
    r"|(?P<sign>\*\*|<=|>=|==|!=|[-+*/@()<>,=])"
)


class ExpressionError(SettingError):
    """A formula cannot be used; `column` counts its signs from 1."""

    def __init__(self, column: int, message: str) -> None:
        super().__init__(f"column {column}: {message}")
        self.column = column


class Token(NamedTuple):
    """A piece of text: its kind (``number``, ``name``, ``sign`` or ``end``), the text and where it begins."""

    kind: str
    text: str
    column: int


@dataclass(frozen=True)
class Part:
    """A number, a name, or the application of a function to parts."""

    kind: str
    column: int
    name: str = ""
    number: float = 0.0
    parts: tuple[Part, ...] = ()
    axis: int | None = None


@dataclass(frozen=True)
class Expression:
    """A formula that was understood, and the names of the values it needs, in the order of their appearance."""

    text: str
    root: Part
    names: tuple[str, ...]


def parse(text: str) -> Expression:
    """Return the formula in `text`.

    Raises
    ------
    ExpressionError
        If it has anything but what the module describes; nothing is computed.

    Examples
    --------
    >>> parse("x.real")
    Traceback (most recent call last):
        ...
    glassgrad.expression.ExpressionError: column 2: '.' cannot stand in a formula.
    """
    parser = _Parser(_tokens(text))
    return Expression(text, parser.whole(), tuple(parser.names))


def build(text: str | Expression, values: Mapping[str, Any]) -> Tensor:
    """Return the node that a formula stands for, at these values.

    Parameters
    ----------
    text : str or Expression
    values : mapping of str to array_like or Tensor
        A value for every name; numbers and arrays become float64 tensors of that name.

    Raises
    ------
    ExpressionError
        If the formula is not understood, a name has no value, shapes do not fit, or an array would be too large.

    Examples
    --------
    >>> z = build("(x + y) ** 2", {"x": 2, "y": 3})
    >>> z.backward()
    >>> print(z.value, [float(leaf.grad) for leaf in z.inputs[0].inputs])
    25.0 [10.0, 10.0]
    """
    expression = parse(text) if isinstance(text, str) else text
    given = {name: _value(expression, name, values) for name in expression.names}
    _measured(expression, {name: placeholder(node.type, name) for name, node in given.items()})
    with np.errstate(all="ignore"):
        return _built(expression.root, given.__getitem__, lambda node, column: node)


# Text into parts -----------------------------------------------------------------------------------------------------


def _tokens(text: str) -> list[Token]:
    if len(text) > MOST_SIGNS:
        raise ExpressionError(MOST_SIGNS + 1, f"a formula has at most {MOST_SIGNS} signs; this one has {len(text)}.")
    found, place = [], 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise ExpressionError(place + 1, f"{text[place]!a} cannot stand in a formula.")
        if match.lastgroup != "space":
            found.append(Token(str(match.lastgroup), match.group(), place + 1))
        place = match.end()
    return [*found, Token("end", "the end", len(text) + 1)]


@dataclass
class _Parser:
    """Reads tokens by the strength with which operators bind."""

    tokens: list[Token]
    place: int = 0
    count: int = 0
    names: dict[str, None] = field(default_factory=dict)

    def whole(self) -> Part:
        part = self.expression(0, 0)
        self.expect("end")
        return part

    def expression(self, weakest: int, level: int) -> Part:
        """Read a part whose operators bind more strongly than `weakest`."""
        left = self.operand(level)
        while self.next.text in _BINARY and _BINARY[self.next.text][0] > weakest:
            sign = self.take()
            strength, name = _BINARY[sign.text]
            right = self.expression(strength - 1 if sign.text == "**" else strength, level + 1)
            left = self.part("call", sign.column, name=name, parts=(left, right))
        return left

    def operand(self, level: int) -> Part:
        token = self.take()
        if level > MOST_LEVELS:
            raise ExpressionError(token.column, f"parts stand in one another {MOST_LEVELS} deep at most.")
        if token.kind == "number":
            return self.number(token)
        if token.kind == "name":
            return self.call(token, level) if self.next.text == "(" else self.value(token)
        if token.text == "-":
            inner = self.expression(_UNARY_LEVEL, level + 1)
            if inner.kind == "number":
                return self.part("number", token.column, number=-inner.number)
            return self.part("call", token.column, name="negative", parts=(inner,))
        if token.text == "(":
            inner = self.expression(0, level + 1)
            self.expect(")")
            return inner
        raise ExpressionError(token.column, f"a number, a name or '(' is needed here, not {_quoted(token)}.")

    def number(self, token: Token) -> Part:
        value = float(token.text)
        if not np.isfinite(value):
            raise ExpressionError(token.column, f"{token.text[:20]} is too large for a number.")
        return self.part("number", token.column, number=value)

    def value(self, token: Token) -> Part:
        if token.text.startswith("__"):
            raise ExpressionError(token.column, f"{token.text!r} cannot be the name of a value.")
        self.names.setdefault(token.text)
        return self.part("value", token.column, name=token.text)

    def call(self, token: Token, level: int) -> Part:
        if token.text not in FUNCTIONS:
            known = ", ".join(sorted(FUNCTIONS))
            raise ExpressionError(token.column, f"{token.text!r} is no function of formulas. Known: {known}.")
        self.expect("(")
        least, most, takes_axis = FUNCTIONS[token.text]
        parts: list[Part] = []
        axis = None
        while self.next.text != ")":
            if self.next.kind == "name" and self.tokens[self.place + 1].text == "=":
                axis = self.axis(token, takes_axis, axis)
                break
            parts.append(self.argument(token, len(parts), level))
            if self.next.text != ",":
                break
            self.take()
        self.expect(")")
        if not least <= len(parts) <= most:
            raise ExpressionError(token.column, f"{token.text} takes {most} argument{'s' * (most != 1)}; it has "
                                                f"{len(parts)}.")
        return self.part("call", token.column, name=token.text, parts=tuple(parts), axis=axis)

    def argument(self, function: Token, position: int, level: int) -> Part:
        """Read one argument; the first one of ``where`` is a comparison."""
        left = self.expression(0, level + 1)
        compares = self.next.text in _COMPARISONS
        if function.text != "where" or position:
            if compares:
                raise ExpressionError(self.next.column, "a comparison can only be the first argument of where.")
            return left
        if not compares:
            raise ExpressionError(left.column, "the first argument of where is a comparison, such as x > 0.")
        sign = self.take()
        right = self.expression(0, level + 1)
        return self.part("call", sign.column, name=_COMPARISONS[sign.text], parts=(left, right))

    def axis(self, function: Token, allowed: bool, before: int | None) -> int:
        keyword = self.take()
        if keyword.text != "axis" or not allowed or before is not None:
            raise ExpressionError(keyword.column, f"{function.text} takes no keyword {keyword.text!r} here.")
        self.expect("=")
        sign = -1 if self.next.text == "-" else 1
        if sign < 0:
            self.take()
        token = self.take()
        if not re.fullmatch(r"[0-9]{1,2}", token.text):
            raise ExpressionError(token.column, f"axis is a whole number such as 0 or -1, not {_quoted(token)}.")
        return sign * int(token.text)

    @property
    def next(self) -> Token:
        """The token to come."""
        return self.tokens[self.place]

    def take(self) -> Token:
        token = self.next
        self.place = min(self.place + 1, len(self.tokens) - 1)
        return token

    def expect(self, what: str) -> None:
        token = self.take()
        if what not in (token.text, token.kind):
            wanted = "the formula should end" if what == "end" else f"{what!r} is needed"
            raise ExpressionError(token.column, f"{wanted} here, not {_quoted(token)}.")

    def part(self, kind: str, column: int, **more: Any) -> Part:
        self.count += 1
        if self.count > MOST_PARTS:
            raise ExpressionError(column, f"a formula has at most {MOST_PARTS} parts.")
        return Part(kind, column, **more)


def _quoted(token: Token) -> str:
    return token.text if token.kind == "end" else repr(token.text[:40])


# Parts into nodes ----------------------------------------------------------------------------------------------------

Check = Callable[[Tensor, int], Tensor]


def _value(expression: Expression, name: str, values: Mapping[str, Any]) -> Tensor:
    if name not in values:
        column = next(token.column for token in _tokens(expression.text) if token.text == name)
        have = f"values are there for {', '.join(values)}" if values else "no values were given"
        raise ExpressionError(column, f"{name!r} has no value; {have}.")
    given = values[name]
    return given if isinstance(given, Tensor) else tensor(given, name, np.float64)


def _measured(expression: Expression, stand_ins: Mapping[str, Tensor]) -> None:
    """Build the formula on placeholders, so that no array is too large and every shape fits before computing."""

    def check(node: Tensor, column: int) -> Tensor:
        if node.size > MOST_ENTRIES:
            raise ExpressionError(column, f"this gives {node.size:,} numbers; at most {MOST_ENTRIES:,} are allowed.")
        return node

    with np.errstate(all="ignore"):
        _built(expression.root, stand_ins.__getitem__, check)


def _built(root: Part, read: Callable[[str], Tensor], check: Check) -> Tensor:
    if root.kind == "number":
        return constant(root.number)
    if root.kind == "value":
        return check(read(root.name), root.column)
    inputs: list[Any] = [_built(part, read, check) for part in root.parts]
    if root.name == "power" and root.parts[1].kind == "number":
        inputs[1] = root.parts[1].number  # a fixed exponent is part of the op
    options = {} if root.axis is None else {"axis": root.axis}
    try:
        return check(getattr(nodes, root.name)(*inputs, **options), root.column)
    except ExpressionError:
        raise
    except (GlassgradError, ValueError, TypeError, OverflowError, ZeroDivisionError) as error:
        raise ExpressionError(root.column, str(error)) from None


__all__ = ["FUNCTIONS", "Expression", "ExpressionError", "build", "parse"]
