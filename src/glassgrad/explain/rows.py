"""What is said about each op: its formula, its local derivatives in symbols, and why they are so. One row an op.

The numbers never come from here: they come from the op's own rule. An op without a row, such as one that a user
defined, is named instead, and its local derivative is written with the sign for a derivative.
"""

from __future__ import annotations

from typing import NamedTuple

from ..words import mark

Text = str | tuple[str, str]  # both as one, or plain and LaTeX


class Row(NamedTuple):
    r"""The words on one op.

    ``{0}`` is the first input, ``{y}`` the output, ``{g}`` the derivative that arrives, ``{exponent}`` and ``{power}``
    a fixed exponent, ``{lower}`` the power by 1 less; a digit meant as such stands without braces (``\frac 1n``).

    Attributes
    ----------
    formula : the op applied to its inputs
    factors : local derivative by each input, entry by entry
    why : the reason, one sentence
    pullbacks : for arrays, where it is no factor: what each input receives
    """

    formula: Text
    factors: tuple[Text, ...]
    why: str
    pullbacks: tuple[Text, ...] = ()


_SHARE = mark("The derivative goes to the operand that was chosen; the other one had no influence.")
_SPREAD = mark("Every entry counted once in the sum, so every entry receives the same derivative.")
_MOVED = mark("The entries only changed places, so their derivatives go back to the old places.")
_EXTREME = mark("Only the entry that was chosen had an influence, so it alone receives the derivative.")
_SOFTMAX_LOSS = mark(
    "Softmax and cross-entropy error together leave the simple difference between the outputs and the teacher labels."
)

ROWS: dict[str, Row] = {
    "add": Row("{0} + {1}", ("1", "1"), mark("An addition node hands the derivative on unchanged.")),
    "subtract": Row("{0} - {1}", ("1", "-1"), mark(
        "A subtraction hands the derivative on, with the opposite sign to what is subtracted.")),
    "multiply": Row("{0} × {1}", ("{1}", "{0}"), mark(
        "A multiplication node hands the derivative on times the swapped value, that of the other input.")),
    "divide": Row(("{0} / {1}", r"\frac{{0}}{{1}}"), ("1/{1}", "-{y}/{1}"), mark(
        "The numerator is divided by the denominator; a larger denominator makes the quotient smaller.")),
    "reciprocal": Row(("1/{0}", r"\frac 1 {{0}}"), ("-{y}²",), mark(
        "The derivative of 1/x is -1/x², which is minus the square of the output.")),
    "negative": Row("-{0}", ("-1",), mark("The sign is turned, forward and backward.")),
    "exp": Row("exp({0})", ("{y}",), mark(
        "The exponential function is its own derivative: the factor is the output.")),
    "expm1": Row("expm1({0})", ("exp({0})",), mark("Subtracting 1 does not change the derivative of exp.")),
    "log": Row("log({0})", ("1/{0}",), mark("The derivative of the natural logarithm of x is 1/x.")),
    "log1p": Row("log1p({0})", ("1/(1 + {0})",), mark(
        "The derivative of the natural logarithm of 1 + x is 1/(1 + x).")),
    "sqrt": Row(("√{0}", r"\sqrt{{0}}"), ("1/(2·{y})",), mark(
        "The derivative of a square root is 1 over twice the root.")),
    "square": Row("{0}²", ("2·{0}",), mark("The derivative of x² is 2x.")),
    "sin": Row("sin({0})", ("cos({0})",), mark("The derivative of the sine is the cosine.")),
    "cos": Row("cos({0})", ("-sin({0})",), mark("The derivative of the cosine is minus the sine.")),
    "abs": Row(("|{0}|", r"\left|{0}\right|"), ("sign({0})",), mark(
        "The derivative of |x| is the sign of x, and 0 at 0.")),
    "identity": Row("{0}", ("1",), mark("The value is handed on, and so is the derivative.")),
    "astype": Row("{0}", ("1",), mark("Only the kind of number changes; the derivative is handed on.")),
    "maximum": Row("max({0}, {1})", ("[{0} > {1}]", "[{1} > {0}]"), _SHARE),
    "minimum": Row("min({0}, {1})", ("[{0} < {1}]", "[{1} < {0}]"), _SHARE),
    "where": Row(
        ("{1} if {0} else {2}", r"{1} \text{ if } {0} \text{ else } {2}"), ("0", "[{0}]", "1 - [{0}]"), _SHARE,
    ),
    "power": Row(
        ("{0}^{1}", "{{0}}^{{1}}"),
        (("{1}·{0}^({1} - 1)", r"{1} \cdot {0}^{{1} - 1}"), "{y}·log({0})"),
        mark("The derivative of a power: by the base the exponent comes down, by the exponent the logarithm appears."),
    ),
    "power_by": Row(
        ("{0}{power}", "{{0}}{power}"), (("{exponent}·{0}{lower}", r"{exponent} \cdot {{0}}{lower}"),),
        mark("The exponent comes down as a factor, and is then smaller by 1."),
    ),
    "sigmoid": Row("σ({0})", ("{y}·(1 - {y})",), mark(
        "The derivative of the sigmoid is y(1 - y): at most 1/4, and close to 0 where the output is close to 0 or 1.")),
    "tanh": Row("tanh({0})", ("1 - {y}²",), mark(
        "The derivative of tanh is 1 - y²: close to 0 where the output is close to -1 or 1.")),
    "relu": Row("ReLU({0})", ("[{0} > 0]",), mark(
        "ReLU hands the derivative on where its input is greater than 0, and stops it where the input is 0 or less.")),
    "sum": Row("Σ {0}", ("1",), _SPREAD, ("{g}",)),
    "mean": Row(("mean({0})", r"\overline{{0}}"), ("1/n",), mark(
        "Every entry counted 1/n in the mean, so every entry receives 1/n of the derivative."),
        (("{g}/n", "{g} / n"),)),
    "max": Row("max({0})", ("[{0} = {y}]",), _EXTREME, ("{g}·[{0} = {y}]",)),
    "min": Row("min({0})", ("[{0} = {y}]",), _EXTREME, ("{g}·[{0} = {y}]",)),
    "matmul": Row("{0}·{1}", (), "", ("{g}·{1}ᵀ", "{0}ᵀ·{g}")),
    "affine": Row("{0}·{1} + {2}", (), "", ("{g}·{1}ᵀ", "{0}ᵀ·{g}", "{g}")),
    "reshape": Row("reshape({0})", ("1",), _MOVED, ("reshape({g})",)),
    "transpose": Row("{0}ᵀ", ("1",), _MOVED, ("{g}ᵀ",)),
    "getitem": Row(("{0}[·]", r"{0}[\cdot]"), (), mark(
        "The entries that were picked receive their derivatives, the others 0; an entry picked twice adds both."),
        ("put({g})",)),
    "broadcast_to": Row("broadcast({0})", ("1",), mark("The same value was used several times."), ("{g}",)),
    "concatenate": Row("", (), mark("Every part receives the piece of the derivative that belongs to it."), ()),
    "softmax": Row("softmax({0})", (), mark(
        "Every output depends on every input through the common sum S, so a part that all share is subtracted."),
        (("{y}·({g} - Σ {g}·{y})", r"{y} \cdot \left({g} - \sum {g} \cdot {y}\right)"),)),
    "log_softmax": Row("log softmax({0})", (), mark(
        "Every output depends on every input through the common sum S, so a part that all share is subtracted."),
        (("{g} - softmax({0})·Σ {g}", r"{g} - \operatorname{softmax}({0}) \cdot \sum {g}"),)),
    "logsumexp": Row("log Σ exp({0})", ("softmax({0})",), mark(
        "The derivative of the logarithm of a sum of exponentials is the softmax."), ("{g}·softmax({0})",)),
    "cross_entropy_error": Row(
        ("-Σ {1}·log({0})/N", r"-\tfrac 1N \sum {1} \cdot \log {0}"),
        (("-{1}/({0}·N)", r"-\frac{{1}}{{0} \cdot N}"), ("-log({0})/N", r"-\frac{\log {0}}{N}")),
        mark("The logarithm leaves 1/y, and only where the teacher label is not 0."),
    ),
    "cross_entropy": Row(
        ("-Σ {1}·log softmax({0})/N", r"-\tfrac 1N \sum {1} \cdot \log \operatorname{softmax}({0})"),
        (("(softmax({0}) - {1})/N", r"\frac{\operatorname{softmax}({0}) - {1}}{N}"),
         ("-log softmax({0})/N", r"-\frac{\log \operatorname{softmax}({0})}{N}")),
        _SOFTMAX_LOSS,
    ),
    "mean_squared_error": Row(
        ("mean(({0} - {1})²)", r"\overline{({0} - {1})^2}"),
        ("2·({0} - {1})/n", "-2·({0} - {1})/n"),
        mark("The square leaves twice the difference, shared among n entries."),
    ),
    "var": Row(("Var({0})", r"\operatorname{Var}({0})"), (("2·({0} - mean)/n", r"2 ({0} - \overline{{0}}) / n"),), mark(
        "Every entry counts with its distance from the mean.")),
}
