"""Names and formulas, plain and LaTeX, whatever characters a name has."""

import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glassgrad as gg
from glassgrad.explain import explain, steps, why
from glassgrad.explain.formula import Formula, equation, escaped, name_formula
from glassgrad.explain.labels import Labels
from glassgrad.graph import Op, nodes
from glassgrad.ops.define import broadcasting

HOSTILE = [
    "a_b", "$x$", r"\input{/etc/passwd}", "}{", "50 %", "a & b", "# ~ ^", "<script>alert(1)</script>",
    "x\ny\x00\x1b[31m",
    "漢字 とカナ", "", " ", "{0}", "{x.__class__}", "\ud800", "\u202eabc", "`|*[link](javascript:1)", "v1", "x" * 200,
]


def balanced(latex):
    depth = 0
    for i, character in enumerate(latex):
        if character in "{}" and (i == 0 or latex[i - 1] != "\\"):
            depth += 1 if character == "{" else -1
        if depth < 0:
            return False
    return depth == 0


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_is_shown_as_text(name):
    x = gg.tensor(2.0, name=name)
    with gg.scope(name):
        hidden = gg.relu(-x)
        hidden.name = name
    own = Op(name, lambda xp, x: 2 * x, lambda xp, g, y, x: (2 * g,), broadcasting)
    y = gg.exp(x) * x + hidden * nodes.record(own, (x,), {})
    for result in (steps(y), explain(y, x), why(y, x)):
        for language in ("en", "ja", "zh_TW"):
            text = result.text(language)
            assert all(c.isprintable() or c == "\n" for c in text)
            text.encode()
        markdown = result._repr_markdown_()
        assert "<script" not in markdown
        assert "](" not in markdown
    assert balanced(steps(y).latex)
    assert balanced(explain(y, x).latex)


@given(st.text())
def test_escaped_text_has_no_active_character(text):
    latex = name_formula(text).latex
    assert balanced(latex)
    plain = latex.replace(r"\$", "").replace(r"\#", "").replace(r"\%", "").replace(r"\&", "").replace(r"\_", "")
    assert not set("$#%&<>~^") & set(plain)


def test_escaped():
    assert escaped(r"\a{b}") == r"\textbackslash{}a\{b\}"


@pytest.mark.parametrize(("name", "latex"), [
    ("x", "x"), ("W1", "W_{1}"), ("W_1", "W_{1}"), ("loss", r"\mathrm{loss}"), ("b 2", r"\text{b 2}"),
    ("", r"\text{?}"), ("dW_i", r"\text{dW\_i}"),
])
def test_names(name, latex):
    assert name_formula(name).latex == latex


def test_labels_are_distinct_and_constants_are_numbers():
    same = [gg.tensor(1.0, name=name) for name in ("x", "x (2)", "x", "v1")]
    unnamed, minus, several = gg.tensor(5.0), gg.constant(-2.0), gg.constant([1.0, 2.0])
    total = gg.sum(several) * minus * unnamed + same[0] + same[1] + same[2] + same[3]
    order = [*same, unnamed, minus, several, total]
    labels = Labels(order)
    texts = [str(labels[node]) for node in order]
    assert len(set(texts)) == len(order)
    assert texts[0] == "x"
    assert texts[5] == "(-2)"
    assert texts[4] == "x1"
    assert texts[6] == "c1"
    assert texts[7] == "v2"


def test_layers_tell_weights_of_one_name_apart():
    W, again = gg.parameter([[1.0, 2.0]], name="W"), gg.parameter([[1.0], [2.0]], name="W")
    with gg.scope("Affine1"):
        h = gg.dot(gg.constant([[1.0]]), W)
    with gg.scope("Affine 2"):
        y = gg.dot(h, again)
    with gg.scope("tied"):
        tied = gg.sum(W)  # the first layer that uses it gives the name
    labels = Labels([W, again, h, y, tied])
    assert [str(labels[node]) for node in (W, again)] == ["W[Affine1]", "W[Affine 2]"]
    assert labels[again].latex == r"{W}_{\text{Affine 2}}"
    third = gg.parameter(1.0, name="W")
    labels = Labels([W, again, third, h, y, gg.tensor(1.0, name="W (3)")])
    assert [str(labels[node]) for node in (W, again, third)] == ["W", "W (2)", "W (3)"]


def test_equation_drops_repetition_and_the_parentheses_that_stood_beside_an_operator():
    assert str(equation([Formula("x", "x"), Formula("(-2)", "(-2)"), Formula("-2", "-2"), None])) == "x = -2"


PDFLATEX = shutil.which("pdflatex")


@pytest.mark.skipif(PDFLATEX is None, reason="LaTeX is not installed")
def test_the_latex_compiles(tmp_path):
    x = gg.tensor(np.array([[1.0, -2.0], [0.5, 3.0]]), name=r"a_b$ #%&~^\{}<>")
    W, b = gg.tensor(np.ones((2, 3)), name="W"), gg.tensor([1e-9, 2.0, np.pi], name="bias")
    loss = gg.cross_entropy(gg.tanh(gg.affine(x, W, b)) ** 3 / 2 - gg.relu(b), np.array([0, 2]))
    s = gg.tensor(2.0, name="s")
    scalar = gg.sigmoid(s) * gg.log(s) + s**2 / gg.sqrt(s) - gg.maximum(s, 1.0) + gg.where(s > 1, s, -s) + s**s
    blocks = [steps(loss).latex, explain(loss, W).latex, steps(scalar).latex, explain(scalar, s).latex]
    body = "\n".join(f"\\[\n{block}\n\\]" for block in blocks)
    document = "\\documentclass{article}\\usepackage{amsmath,amssymb}\\begin{document}\n" + body + "\n\\end{document}\n"
    (tmp_path / "page.tex").write_text(document, encoding="utf-8")
    done = subprocess.run([PDFLATEX, "-interaction=nonstopmode", "-halt-on-error", "page.tex"], cwd=tmp_path,
                          capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
