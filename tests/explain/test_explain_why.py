"""Why a gradient is what it is: each cause is built on purpose, and found; where there is none, none is claimed."""

import gc

import numpy as np
import pytest
from explain_graphs import arrays, scalars
from numpy.testing import assert_allclose

import glassgrad as gg
from glassgrad.errors import GradientError, SettingError
from glassgrad.explain import Edge, why
from glassgrad.explain.findings import ORDER
from glassgrad.explain.numbers import percent
from glassgrad.explain.run import run_of
from glassgrad.explain.samples import largest_samples


def kinds(found):
    return [finding.kind for finding in found.findings]


def of_kind(found, kind):
    (one,) = [finding for finding in found.findings if finding.kind == kind]
    return one


@pytest.fixture
def network():
    """A network with 4 of 20 hidden units dead, 3 of 12 inputs always 0, and sample and unit otherwise alive."""
    rng = np.random.default_rng(1)
    X = rng.random((30, 12))
    X[:, [2, 5, 7]] = 0
    W1 = gg.parameter(rng.normal(size=(12, 20)), name="W1")
    b1 = gg.parameter(np.where(np.arange(20) < 4, -100.0, 3.0), name="b1")
    W2 = gg.parameter(rng.normal(size=(20, 5)), name="W2")
    with gg.scope("Affine1"):
        h = gg.affine(gg.constant(X, name="X"), W1, b1)
    with gg.scope("Relu1"):
        r = gg.relu(h)
    with gg.scope("Affine2"):
        scores = gg.dot(r, W2)
    loss = gg.cross_entropy(scores, rng.integers(0, 5, 30))
    loss.name = "loss"
    return loss, W1, W2, r


def test_dead_units_and_zero_inputs(network):
    loss, W1, _, relu = network
    found = why(loss, W1)
    dead = of_kind(found, "dead_relu")
    assert dead.node is relu
    assert dead.share == pytest.approx(4 / 20)
    assert "4 of 20 units are dead" in dead.words("en")
    assert "20 個單元中有 4 個" in dead.words("zh_TW")
    assert "20 個のユニットのうち 4 個" in dead.words("ja")
    assert of_kind(found, "relu_off").share == pytest.approx(float((relu.value == 0).mean()))
    zero = of_kind(found, "zero_input")
    assert zero.share == pytest.approx(3 / 12)
    assert_allclose((found.gradients[W1] == 0).mean(), 1 - (9 / 12) * (16 / 20))
    assert "relu [Relu1] (test_explain_why.py:" in str(found)


def test_what_the_findings_claim_is_what_the_gradient_shows(network):
    loss, W1, _, relu = network
    loss.backward()
    dead = (relu.value == 0).all(axis=0)
    assert not W1.grad[:, dead].any()
    assert not W1.grad[[2, 5, 7]].any()
    alive = np.delete(W1.grad, [2, 5, 7], axis=0)[:, ~dead]
    assert alive.all()


def test_all_parameters_of_a_loss(network):
    loss, W1, W2, relu = network
    found = why(loss)
    assert set(found.gradients) >= {W1, W2}
    assert found.path_count == 0
    assert of_kind(found, "dead_relu").node is relu
    assert {finding.share for finding in found.findings if finding.kind == "zero_input"} == {4 / 20, 3 / 12}
    assert "Why are the gradients of loss" in found.text("en")
    loss.backward()
    for parameter, gradient in found.gradients.items():
        assert_allclose(gradient, parameter.grad)


def test_layers_tell_how_the_derivative_changes(network):
    loss, W1, _, _ = network
    found = why(loss, W1)
    assert [layer.name for layer in found.layers] == ["Affine2", "Relu1"]
    assert found.layers[0].leaves == pytest.approx(found.layers[1].arrives)
    assert found.layers[1].factor < 1
    assert "Relu1：" in found.text("ja")


def test_weights_that_are_computed_are_a_way_through_the_layer():
    V = gg.tensor(np.ones((3, 2)), name="V")
    doubled = V * 2.0
    loss = gg.sum(gg.dot(gg.constant(np.ones((4, 3))), doubled) * 0.5)
    assert [layer.nodes[0].op.name for layer in why(loss, V).layers] == ["multiply", "matmul", "multiply"]


@pytest.mark.parametrize(("function", "low", "high"), [(gg.sigmoid, 0.1, 7.0), (gg.tanh, 0.1, 4.0)])
def test_saturation(function, low, high):
    x = gg.tensor([low, -low, high, -high, high], name="x")
    found = why(gg.sum(function(x)), x)
    assert of_kind(found, "saturated").share == pytest.approx(3 / 5)
    assert "60 %" in str(found)
    assert "saturated" not in kinds(why(gg.sum(function(gg.tensor([low], name="y"))), "y"))


def test_factors_of_zero():
    x, y = gg.tensor([1.0, 2.0, 3.0, 4.0], name="x"), gg.tensor([0.0, 1.0, 0.0, 2.0], name="y")
    found = why(gg.sum(x * y), x)
    assert of_kind(found, "zero_input").share == 0.5
    assert "multiplies by y, which is 0 at 50 %" in str(found)
    assert kinds(why(gg.sum(x * y), y)) == []
    W = gg.parameter(np.zeros((4, 2)), name="W")
    assert of_kind(why(gg.sum(gg.dot(x, W)), x), "zero_weight").share == 1.0
    assert of_kind(why(gg.sum(gg.maximum(x, 2.5)), x), "zero_factor").share == 0.5


def test_parts_that_cancel():
    x = gg.tensor(2.0, name="x")
    found = why(3 * x - 3 * x, x)
    assert of_kind(found, "cancelled").share == 0.0
    assert found.gradients[x] == 0
    assert kinds(why(3 * x - 2.9 * x, x)) == []


@pytest.mark.parametrize(("factor", "kind"), [(0.1, "vanishing"), (10.0, "exploding")])
def test_vanishing_and_exploding(factor, kind):
    x = gg.tensor(np.ones(4), name="x")
    h = x
    for i in range(6):
        with gg.scope(f"layer{i}"):
            h = h * (factor * 0.01 if i == 2 and kind == "vanishing" else factor * 100 if i == 2 else factor)
    found = why(gg.sum(h), x)
    assert kinds(found)[0] == kind
    assert "that of layer2" in found.findings[0].words("en")
    assert found.findings[0].share == pytest.approx(factor**6 * (0.01 if kind == "vanishing" else 100))
    assert [layer.name for layer in found.layers] == [f"layer{i}" for i in reversed(range(6))]


def test_a_chain_of_sigmoids_vanishes_without_scopes():
    x = gg.tensor(0.5, name="x")
    h = x
    for _ in range(10):
        h = gg.sigmoid(h)
    found = why(h, x)
    assert kinds(found) == ["vanishing"]
    assert found.path_count == 1
    assert len(found.layers) == 10


def test_nan_and_infinity_are_traced_to_their_birth():
    x = gg.tensor([1.0, 0.0, 4.0], name="x")
    with np.errstate(all="ignore"):
        y = gg.log(x)
        loss = gg.sum(y * y)
    found = why(loss, x)
    first = of_kind(found, "nonfinite")
    assert first.node is y
    assert first.share == pytest.approx(1 / 3)
    root = gg.sqrt(x)
    backward = of_kind(why(gg.sum(root), x), "nonfinite")
    assert backward.node is x
    assert "All values are finite" in str(backward)


@pytest.mark.parametrize(("make", "kind"), [
    (lambda x: gg.stop_gradient(x) * 2.0, "stop_gradient"),
    (lambda x: gg.sign(x) * 2.0, "no_derivative"),
    (lambda x: x.astype(int).astype(float) * 2.0, "integer"),
    (lambda x: gg.tensor(5.0) * 2.0, "unrelated"),
])
def test_detached(make, kind):
    x = gg.tensor(2.5, name="x")
    found = why(make(x), x)
    assert kinds(found) == [kind]
    assert found.gradients[x] == 0
    assert "∂" in str(found)
    assert "is 0: no derivative arrives" in found.text("en")
    assert found.path_count == 0


def test_a_detached_parameter_among_others_is_named():
    a, b = gg.parameter(1.0, name="a"), gg.parameter(2.0, name="b")
    found = why(a * 3.0 + gg.stop_gradient(b))
    assert kinds(found) == ["stop_gradient"]
    assert set(found.gradients) == {a, b}


def test_paths_that_carry_most_and_their_highlight():
    x = gg.tensor(2.0, name="x")
    small, large = 0.5 * x, 10.0 * x
    y = small + large
    found = why(y, x)
    assert [float(path.contribution) for path in found.paths] == [10.0, 0.5]
    assert found.path_count == 2
    assert {y, large, x} <= found.highlight.nodes
    assert Edge(y, 1) in found.highlight.edges
    assert found.highlight.blocked == frozenset()
    assert "2 paths lead to it" in found.text("en")
    many = x
    for _ in range(100):
        many = 0.9 * many + 0.2 * many
    found = why(many, x)
    assert found.path_count == 2**100
    assert found.paths[0].contribution == pytest.approx(0.9**100)


@pytest.mark.parametrize("seed", range(20))
def test_random_graphs_are_diagnosed_without_contradiction(seed):
    leaves, output = scalars(seed, 15, stops=True) if seed % 2 else arrays(seed)
    output.backward()
    for leaf in leaves:
        found = why(output, leaf)
        assert_allclose(found.gradients[leaf], 0.0 if leaf.grad is None else leaf.grad)
        assert all(finding.kind in ORDER and finding.share >= 0 for finding in found.findings)
        blocked = {"unrelated", "stop_gradient", "integer", "no_derivative"} & set(kinds(found))
        assert found.path_count or blocked
        for language in ("en", "ja", "zh_TW"):
            assert len(found.text(language).splitlines()) > 3


# A parameter alone


def test_a_parameter_alone_after_backward():
    gc.collect()
    w, x = gg.parameter(3.0, name="w"), gg.tensor(2.0, name="x")
    loss = gg.relu(w * x) * 5.0
    loss.backward()
    found = why(w)
    assert found.of is loss
    assert found.gradients[w] == w.grad == 10.0


def test_a_parameter_alone_when_only_its_gradient_remains():
    w = gg.parameter(3.0, name="w")
    hidden = w * w
    (hidden * 5.0).backward()
    gc.collect()
    found = why(w)
    assert found.of is hidden  # the product with 5 is gone; what arrived at `hidden` is known
    assert found.gradients[w] == w.grad == 30.0


def test_of_two_losses_the_last_backward_counts():
    w = gg.parameter(3.0, name="w")
    first, second = w * 2.0, w * 7.0
    first.backward()
    second.backward()
    assert why(w).of is second
    first.backward()
    assert why(w).of is first


def test_a_parameter_without_a_gradient():
    w = gg.parameter(3.0, name="w")
    with pytest.raises(GradientError, match="'w' has no gradient yet"):
        why(w)
    (w * 2.0).backward()
    gc.collect()
    with pytest.raises(GradientError, match="not there any more"):
        why(w)
    with pytest.raises(GradientError, match="has no gradient yet"):
        why(gg.tensor(3, name="n"))


def test_what_cannot_be_asked():
    x = gg.tensor([1.0, 2.0], name="x")
    with pytest.raises(GradientError, match="has shape"):
        why(x * 2, x)
    with pytest.raises(GradientError, match="there is no gradient to ask about"):
        why(gg.constant(2.0) * 3.0)
    with pytest.raises(SettingError, match="language"):
        why(gg.sum(x), x, "xx")
    with pytest.raises(SettingError, match="is not known"):
        why(gg.sum(x), "y")


def test_existing_gradients_are_not_disturbed(network):
    loss, W1, _, _ = network
    loss.backward(2.0)
    before = W1.grad
    why(loss, W1)
    why(loss)
    assert W1.grad is before


def test_the_same_in_markdown():
    x = gg.tensor([1.0, -2.0], name="x")
    markdown = why(gg.sum(gg.relu(x)), x, "ja")._repr_markdown_()
    assert markdown.startswith(r"### $\frac{\partial v_{2}}{\partial x}$ はなぜこの値なのか")
    assert repr(why(gg.sum(gg.relu(x)), x)) == why(gg.sum(gg.relu(x)), x).text()


def test_the_samples_that_bring_most_are_those_of_the_gradients_one_by_one(network):
    loss, W1, _, relu = network
    affine = relu.inputs[0]
    loss.backward()
    X = affine.inputs[0].value
    sizes = np.array([np.linalg.norm(np.outer(X[n], affine.grad[n])) for n in range(len(X))])
    found = largest_samples(run_of(loss, targets=(W1,)))
    assert [row for row, _ in found] == list(np.argsort(-sizes)[:3])
    assert_allclose([share for _, share in found], np.sort(sizes / sizes.sum())[::-1][:3])
    assert f"{found[0][0]} ({percent(found[0][1])})" in why(loss, W1).text("en")
    b1 = affine.inputs[2]
    (row, share), *_ = largest_samples(run_of(loss, targets=(b1,)))
    rows = np.linalg.norm(affine.grad, axis=1)
    assert (row, share) == (int(rows.argmax()), pytest.approx(rows.max() / rows.sum()))


def test_no_samples_where_there_is_no_batch():
    x, W = gg.tensor([1.0, 2.0], name="x"), gg.tensor([[1.0], [2.0]], name="W")
    assert largest_samples(run_of(gg.sum(gg.dot(x, W)), targets=(W,))) == ()
    assert largest_samples(run_of(gg.sum(gg.exp(x)), targets=(x,))) == ()
    X = gg.tensor(np.zeros((3, 2)), name="X")
    assert largest_samples(run_of(gg.sum(gg.dot(X, W)), targets=(W,))) == ()
    assert largest_samples(run_of(gg.sum(gg.dot(X, W)), targets=(X,))) == ()
    assert largest_samples(run_of(gg.sum(gg.dot(X, W)) + gg.sum(W), targets=(W,))) == ()


def test_the_largest_entry_is_named_with_its_place():
    x = gg.tensor(np.linspace(0, 1, 20).reshape(4, 5), name="x")
    assert "largest entry -5 at [1, 2]" in why(gg.sum(x * np.where(np.arange(20).reshape(4, 5) == 7, -5.0, 0.5)),
                                               x).text("en")


def test_of_itself():
    x = gg.tensor(2.0, name="x")
    y = x * 3.0
    found = why(y, y)
    assert found.gradients[y] == 1.0
    assert "They are the same node" in found.text("en")


def test_empty_arrays():
    x = gg.tensor(np.zeros((0, 3)), name="x")
    found = why(gg.sum(gg.relu(x) * 2.0), x)
    assert found.gradients[x].shape == (0, 3)
    assert "[]" in str(found)
