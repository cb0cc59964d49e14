"""Reading the table of rows: what an op is called in a formula, and what its local derivative is.

>>> import glassgrad as gg
>>> from glassgrad.explain.labels import Labels
>>> x = gg.tensor(2.0, name="x")
>>> y = gg.exp(x)
>>> print(formula_of(y, Labels([x, y])), "|", factor_of(y, 0, Labels([x, y])), "|", reason(y))
exp(x) | v1 | The exponential function is its own derivative: the factor is the output.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Protocol

from ..array_type import ArrayType
from ..build import ancestors
from ..graph import Op, Tensor
from ..ops.define import broadcasting, definition
from ..words import Sentence, sentence
from .formula import Formula, clean, escaped
from .numbers import number, number_latex, signed
from .rows import ROWS, Row, Text

_LIBRARY = __name__.split(".", maxsplit=1)[0] + ".ops."


class Names(Protocol):
    """What stands for a node in a formula: `Labels`, or anything that is read like them."""

    def __getitem__(self, node: Tensor, /) -> Formula: ...


_LATEX = (
    ("²", "^{2}"), ("ᵀ", r"^{\mathsf{T}}"), ("·", r" \cdot "), ("×", r"\times"), ("Σ", r"\sum"), ("σ", r"\sigma"),
    ("√", r"\sqrt "), ("log softmax", r"\log \operatorname{softmax}"), ("ReLU", r"\operatorname{ReLU}"),
)
_FUNCTION = re.compile(r"\b(exp|log|sin|cos|tanh|max|min)(?=[( ])")
_NAMED = re.compile(r"(?<![\\{])\b(expm1|log1p|sign|softmax|reshape|put|broadcast)(?=\()")
_PLACE = re.compile(r"\{(\d|y|g|exponent|power|lower)\}")
_DOUBLE = re.compile(r"\(\((-[^()]*)\)\)")  # a negative number as the only argument: exp((-1))
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@lru_cache(maxsize=1024)
def _latex_of(text: str) -> str:
    """Write the literal part of a row as LaTeX."""
    for plain, latex in _LATEX:
        text = text.replace(plain, latex)
    text = re.sub(r"(?<!\\)" + _FUNCTION.pattern, r"\\\1", text)
    return _NAMED.sub(r"\\operatorname{\1}", text)


def filled(text: Text, places: Mapping[str, Formula]) -> Formula:
    r"""Put names into a row's text; only its own words become LaTeX, never the names.

    >>> x = Formula("a_b", r"\text{a\_b}")
    >>> print(filled("exp({0})²", {"0": x}).latex)
    \exp(\text{a\_b})^{2}
    """
    plain, latex = (text, None) if isinstance(text, str) else text
    pieces = _PLACE.split(plain)
    line = "".join(places[piece].plain if i % 2 else piece for i, piece in enumerate(pieces))
    pieces = _PLACE.split(plain if latex is None else latex)
    words = [piece if i % 2 or latex is not None else _latex_of(piece) for i, piece in enumerate(pieces)]
    latex = "".join(places[piece].latex if i % 2 else piece for i, piece in enumerate(words))
    return Formula(_DOUBLE.sub(r"(\1)", line), _DOUBLE.sub(r"(\1)", latex))


def places_of(node: Tensor, labels: Names, g: Formula | None = None) -> dict[str, Formula]:
    """Return what stands at the places of a row for this node."""
    places = {str(i): labels[source] for i, source in enumerate(node.inputs)}
    places["y"] = labels[node]
    if g is not None:
        places["g"] = g
    exponent = node.params.get("exponent")
    if isinstance(exponent, (int, float)):
        places["exponent"] = Formula(number(exponent), number_latex(exponent))
        places["power"], places["lower"] = _raised(exponent), _raised(exponent - 1)
    return places


def _raised(exponent: float) -> Formula:
    """Write an exponent: ``²``, ``^1.5``, and nothing for 1."""
    text = number(exponent)
    plain = text.translate(_RAISED) if text.lstrip("-").isdigit() else f"^{signed(text)}"
    return Formula("", "") if exponent == 1 else Formula(plain, f"^{{{number_latex(exponent)}}}")


def row_of(node: Tensor) -> Row | None:
    """Return the row of a node's op, if it is about this op: a user's op may bear the same name."""
    rule = node.op.body or node.op.forward
    ours = str(getattr(rule, "__module__", "")).startswith(_LIBRARY)
    return ROWS.get(node.op.name) if ours else None


def formula_of(node: Tensor, labels: Names) -> Formula:
    """Return the op of a node applied to its inputs, in symbols."""
    row = row_of(node)
    if row is not None and row.formula:
        return filled(row.formula, places_of(node, labels))
    arguments = [labels[source] for source in node.inputs]
    plain = f"{clean(node.op.name)}({', '.join(argument.plain for argument in arguments)})"
    return Formula(plain, _own_latex(node, arguments))


def _own_latex(node: Tensor, arguments: list[Formula]) -> str:
    """Use the LaTeX that the op brings, unless it is the default, which shows one input only, or does not fit."""
    op = node.op
    generic = rf"\operatorname{{{escaped(clean(op.name))}}}({', '.join(argument.latex for argument in arguments)})"
    if not op.latex or op.latex == rf"\mathrm{{{op.name}}}({{0}})":
        return generic
    try:
        return op.latex.format(*(argument.latex for argument in arguments), **node.params)
    except (LookupError, ValueError, AttributeError, TypeError):
        return generic


def factor_of(node: Tensor, position: int, labels: Names) -> Formula | None:
    """Return the local derivative in symbols, where a row has it."""
    row = row_of(node)
    if row is None or position >= len(row.factors):
        return None
    return filled(row.factors[position], places_of(node, labels))


def pullback_of(node: Tensor, position: int, labels: Names, g: Formula) -> Formula | None:
    """Return in symbols what an input receives, where that is no product entry by entry."""
    row = row_of(node)
    if row is None or position >= len(row.pullbacks):
        return None
    return filled(row.pullbacks[position], places_of(node, labels, g))


def reason(node: Tensor) -> Sentence:
    """Return why the local derivative of a node is what it is."""
    row = row_of(node)
    if row is not None and row.why:
        return Sentence(row.why)
    return sentence("The factor is the local derivative of {op}, computed by the op's own rule.",
                    op=clean(node.op.name))


def is_elementwise(node: Tensor) -> bool:
    """Whether every entry of the output depends on the entries at the same place only (broadcasting aside).

    A composite is so if its body is made of such ops: nothing needs to be declared.
    """
    return _elementwise(node.op, tuple(source.type for source in node.inputs), tuple(node.params.items()))


@lru_cache(maxsize=4096)
def _elementwise(op: Op, types: tuple[ArrayType, ...], params: tuple[tuple[str, Any], ...]) -> bool:
    if op.infer is broadcasting or op.name in ("astype", "identity"):
        return True
    if op.body is None or op.infer is not None:
        return False
    _, result = definition(op, types, **dict(params))
    return all(is_elementwise(node) for node in ancestors([result]) if node.inputs)
