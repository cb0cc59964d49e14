"""The chain rule written out: products along paths add up to the gradient, in any graph and any language."""

import math

import numpy as np
import pytest
from explain_graphs import arrays, scalars
from numpy.testing import assert_allclose

import glassgrad as gg
from glassgrad import words
from glassgrad.errors import GradientError, SettingError, TraceError
from glassgrad.explain import explain
from glassgrad.explain.account import agree


@pytest.mark.parametrize("seed", range(40))
def test_products_along_paths_add_up_to_the_gradient(seed):
    leaves, output = scalars(seed, 10, stops=seed % 2 == 1)
    output.backward()
    for leaf in leaves:
        found = explain(output, leaf, limit=10_000)
        expected = 0.0 if leaf.grad is None else leaf.grad
        assert_allclose(found.gradient, expected)
        assert len(found.paths) == found.path_count
        total = sum(math.prod(path.factors) for path in found.paths)
        assert_allclose(total, expected, rtol=1e-10, atol=1e-12)
        assert_allclose(found.total, expected, rtol=1e-10, atol=1e-12)
        for path in found.paths:
            assert path.nodes[0] is output
            assert path.nodes[-1] is leaf
            assert_allclose(math.prod(path.factors), path.contribution, rtol=1e-10, atol=1e-300)


@pytest.mark.parametrize("seed", range(40, 60))
def test_without_forming_them_the_sum_over_all_paths_is_the_gradient(seed):
    leaves, output = scalars(seed, 30)
    output.backward()
    for leaf in leaves:
        short, every = explain(output, leaf, limit=1), explain(output, leaf, limit=100_000)
        assert short.path_count == every.path_count == len(every.paths)
        assert_allclose(short.total, 0.0 if leaf.grad is None else leaf.grad, rtol=1e-9, atol=1e-11)
        if every.paths:
            sizes = sorted((path.size for path in every.paths), reverse=True)
            assert_allclose([path.size for path in short.paths], sizes[: len(short.paths)], rtol=1e-9)


@pytest.mark.parametrize("seed", range(30))
def test_paths_through_arrays_add_up_to_the_gradient(seed):
    leaves, loss = arrays(seed)
    loss.backward()
    for leaf in leaves:
        found = explain(loss, leaf, limit=1_000)
        assert len(found.paths) == found.path_count
        assert_allclose(sum(path.contribution for path in found.paths), leaf.grad, rtol=1e-9, atol=1e-12)
        assert_allclose(found.total, leaf.grad, rtol=1e-9, atol=1e-12)
        assert "finds the same" in found.text("en")


def test_exponentially_many_paths_are_counted_not_walked():
    x = gg.tensor(2.0, name="x")
    y = x
    for _ in range(400):
        y = y * 0.5 + y * 0.5
    found = explain(y, x)
    assert found.path_count == 2**400
    assert found.total == found.gradient == 1.0
    assert len(found.paths) == 3
    assert "≈ 10^120 paths" in found.text("en")
    assert found.text().count("\n") < 110
    array = gg.tensor([1.0, 2.0], name="a")
    b = array
    for _ in range(100):
        b = gg.tanh(b) + b * 0.5
    found = explain(gg.sum(b), array)
    assert found.path_count == 2**100
    assert "The path along which most arrives" in found.text("en")


def test_a_long_chain_is_shortened():
    x = gg.tensor(1.0, name="x")
    y = x
    for _ in range(2_000):
        y = y * 1.001
    found = explain(y, x, "ja")
    assert found.total == pytest.approx(1.001**2000)
    assert str(found).count("\n") < 100
    assert "… ほか 1,960 件を省略 …" in str(found)
    assert "1.001 × 1.001 × 1.001 × 1.001 × … × 1.001" in str(found)


def test_arrays_show_shapes_and_why():
    X, W, b = gg.tensor(np.ones((4, 3)), name="X"), gg.tensor(np.ones((3, 2)), name="W"), gg.tensor([0.5, 1], name="b")
    loss = gg.sum(gg.relu(gg.affine(X, W, b)))
    text = explain(loss, W).text("en")
    assert "∂v3/∂W = Xᵀ·∂v3/∂v1 = [[4, 4], [4, 4], [4, 4]]" in text
    assert "Shapes: (3, 2) = (3, 4)·(4, 2)." in text
    assert "the product with X transposed" in text
    text = explain(loss, b).text("zh_TW")
    assert "∂v3/∂b = Σ ∂v3/∂v1 = [1, 1] + [1, 1] + [1, 1] + [1, 1] = [4, 4]" in text
    assert "偏權值 b 被加到 4 列" in text


@pytest.mark.parametrize(("make", "kind", "message"), [
    (lambda x: gg.tensor(1.0) * 2, "unrelated", "is not computed from x"),
    (lambda x: gg.stop_gradient(x) * 3, "stop_gradient", "cuts the path"),
    (lambda x: gg.sign(x) * 3, "no_derivative", "has no derivative by this input"),
    (lambda x: x.astype(int).astype(float) * 2.5, "integer", "holds int64"),
])
def test_no_path_and_why(make, kind, message):
    x = gg.tensor(2.0, name="x")
    found = explain(make(x), x)
    assert (found.gradient, found.path_count, found.paths) == (0.0, 0, ())
    assert [barrier.kind for barrier in found.barriers] == [kind]
    assert message in found.text("en")
    assert "test_explain_chain.py" in found.text("en")
    assert "微分は 0 です" in found.text("ja")


def test_a_condition_is_a_way_without_a_derivative():
    x = gg.tensor(2.0, name="x")
    found = explain(gg.where(x > 1.0, x * 3.0, 0.0), x)
    assert found.gradient == 3.0
    assert [(barrier.kind, barrier.node.op.name) for barrier in found.barriers] == [("integer", "greater")]
    assert "greater (test_explain_chain.py:" in str(found)


def test_an_integer_input_has_no_derivative():
    x = gg.tensor(2, name="x")
    found = explain(x * 2.5, x)
    assert [barrier.kind for barrier in found.barriers] == ["integer"]
    assert found.gradient == 0


def test_a_way_that_is_blocked_beside_one_that_is_not():
    x = gg.tensor(3.0, name="x")
    found = explain(gg.stop_gradient(x) * x, x)
    assert found.gradient == 3.0
    assert found.path_count == 1
    assert "Other ways are blocked: stop_gradient" in found.text("en")


def test_by_itself_and_through_an_inner_node():
    x = gg.tensor(3.0, name="x")
    h = x * x
    y = gg.exp(h)
    assert explain(x, x).gradient == 1.0
    assert "the derivative of a value by itself is 1" in str(explain(x, x))
    assert explain(y, h).gradient == y.value
    assert "one path" in explain(y, h).text("en").lower()


def test_a_disagreement_would_be_said():
    assert agree(1.0 + 1e-15, np.float64(1.0), 1.0)
    assert not agree(1.0 + 1e-9, np.float64(1.0), 1.0)
    assert agree(1e-14, np.float64(0.0), 100.0)
    assert not agree(1e-14, np.float64(0.0), 1e-10)


def test_rounding_is_said_to_be_the_difference(monkeypatch):
    monkeypatch.setattr("glassgrad.explain.account.agree", lambda *_: False)
    s = gg.tensor(2.0, name="s")
    assert "Backpropagation finds 7; rounding makes the difference to the sum over the paths, 7." in explain(
        s * 3 + s * 4, s).text("en")


def test_names_and_seeds():
    x = gg.tensor([1.0, 2.0], name="x")
    y = x * x
    found = explain(y, "x", g=[1.0, 10.0])
    assert_allclose(found.gradient, [2.0, 40.0])
    assert str(found).startswith("How L depends on x")
    s = gg.tensor(2.0, name="s")
    seeded = explain(s * s, s, g=5.0)
    assert_allclose(seeded.total, 20.0)
    assert "∂L/∂v1 · ∂v1/∂s = 5 × 2 = 10" in str(seeded)
    assert "grows by a very small amount" not in str(seeded)  # that is said of a derivative of y, not of 5 y
    with pytest.raises(SettingError, match="node 'z' is not known"):
        explain(y, "z")
    two = gg.tensor(1.0, name="x") * y
    with pytest.raises(SettingError, match="2 nodes are called 'x'"):
        explain(gg.sum(two), "x")


def test_what_cannot_be_explained():
    x = gg.tensor([1.0, 2.0], name="x")
    with pytest.raises(GradientError, match="has shape"):
        explain(x * 2, x)
    graph = gg.trace(lambda a: a * 2)(1.0)
    with pytest.raises(TraceError, match="has no value"):
        explain(graph.outputs[0], graph.inputs[0])
    with pytest.raises(SettingError, match="limit is 0"):
        explain(gg.sum(x), x, limit=0)
    with pytest.raises(SettingError, match="language 'xx'"):
        explain(gg.sum(x), x, "xx")


def test_a_record_is_explained_with_its_own_values():
    graph = gg.trace(lambda a: a * a)(1.0)
    for value in (2.0, 5.0):
        assert explain(graph.run(value), graph.inputs[0]).gradient == 2 * value
        assert explain(graph.run(value), "a").gradient == 2 * value


def test_numbers_that_are_not_finite():
    x = gg.tensor(1000.0, name="x")
    with np.errstate(all="ignore"):
        y = gg.exp(x) * 0.0
    found = explain(y, x)
    assert math.isnan(found.gradient)
    assert "The result is not finite: NaN" in found.text("en")
    x = gg.tensor(1e-320, name="x")
    assert explain(x * x * x, x).total == 0.0


def test_float32_agrees_within_its_own_precision():
    x = gg.tensor(np.float32(0.3), name="x")
    y = x
    for _ in range(20):
        y = gg.sin(y) * y + x
    found = explain(y, x)
    assert found.gradient.dtype == np.float32
    assert "finds the same" in found.text("en")


def test_existing_gradients_are_not_disturbed():
    x = gg.tensor(3.0)
    (x * x).backward()
    explain(x * 7, x)
    assert x.grad == 6.0


def test_language_is_that_of_the_call_or_of_the_moment():
    x = gg.tensor(2.0, name="x")
    y = gg.exp(x)
    with words.use("ja"):
        found = explain(y, x)
    assert str(found).startswith("v1 は x にどう依存するか")
    assert found.text("zh_TW").startswith("v1 如何隨 x 變化")
    assert repr(explain(y, x, "zh-TW")) == found.text("zh_TW")
    markdown = explain(y, x, "zh_TW")._repr_markdown_()
    assert markdown.startswith("### $v_{1}$ 如何隨 $x$ 變化\n")
    assert "**連鎖律**" in markdown


def test_latex_holds_every_equation():
    s = gg.tensor(2.0, name="s")
    latex = explain(s**2 * (3 * s), s).latex
    assert latex.startswith(r"\begin{aligned}")
    assert r"\frac{\partial v_{3}}{\partial s} &= 24 + 12 = 36" in latex
    assert r"\cdot \frac{\partial v_{1}}{\partial s} &= 6 \times 4 = 24" in latex


def test_the_package_is_its_function():
    x = gg.tensor(2.0, name="x")
    import glassgrad.explain as package

    assert package(x * 3.0, x).gradient == 3.0


@pytest.mark.parametrize("forks", [False, True])
def test_a_thousand_functions_of_functions_are_summarised(forks):
    y = x = gg.tensor(0.5, name="x")
    for _ in range(1_000):
        y = gg.sin(y) * y if forks else gg.sin(y)
    explanation = explain(y, x)
    assert len(explanation.latex) < 20_000
    assert explanation.latex.startswith(r"\begin{aligned}")
    assert explanation.latex.endswith(r"\end{aligned}")
    assert r"\cdots" in explanation.latex
    assert len(explanation.text()) < 20_000
    if not forks:
        assert "one pass: 0.00122035" in explanation.text()
