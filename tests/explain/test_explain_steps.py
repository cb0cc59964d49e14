"""Steps: upstream times local derivative is downstream, sums at forks, and nothing else is touched."""

import numpy as np
import pytest
from explain_graphs import arrays, scalars
from numpy.testing import assert_allclose, assert_array_equal

import glassgrad as gg
from glassgrad.errors import GradientError, SettingError, TraceError
from glassgrad.explain import BackwardStep, Edge, ForwardStep, StartStep, Step, SumStep, steps
from glassgrad.graph import Op, nodes
from glassgrad.ops.define import broadcasting


def gradients(run, *leaves):
    """Add up what the steps bring to each leaf."""
    found = dict.fromkeys(leaves, 0.0)
    for step in run.backward:
        if isinstance(step, BackwardStep) and step.edges[0].source in found:
            found[step.edges[0].source] = found[step.edges[0].source] + step.downstream
    return [found[leaf] for leaf in leaves]


@pytest.mark.parametrize("seed", range(25))
def test_steps_of_random_graphs_bring_the_gradient(seed):
    leaves, output = scalars(seed, 12)
    run = steps(output)
    output.backward()
    for leaf, found in zip(leaves, gradients(run, *leaves), strict=True):
        assert_allclose(found, 0.0 if leaf.grad is None else leaf.grad, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("seed", range(25))
def test_upstream_times_local_is_downstream(seed):
    leaves, loss = arrays(seed)
    run = steps(loss)
    loss.backward()
    for step in run:
        if isinstance(step, BackwardStep):
            assert_allclose(step.upstream, step.node.grad)
            if step.local is not None:
                whole = step.upstream * step.local
                source = step.edges[0].source
                while whole.ndim > source.ndim:
                    whole = whole.sum(axis=0)
                repeated = tuple(i for i, size in enumerate(source.shape) if size == 1 and whole.shape[i] > 1)
                assert_allclose(whole.sum(axis=repeated, keepdims=True), step.downstream, rtol=1e-10, atol=1e-13)
        elif isinstance(step, SumStep):
            assert_allclose(sum(step.parts), step.node.grad, atol=1e-13)
            assert_array_equal(step.total, step.node.grad)
        elif isinstance(step, ForwardStep):
            assert_array_equal(step.value, step.node.value)
    for leaf, found in zip(leaves, gradients(run, *leaves), strict=True):
        assert_allclose(found, leaf.grad, rtol=1e-10, atol=1e-13)


def test_order_numbers_and_kinds():
    s = gg.tensor(2.0, name="s")
    run = steps(s**2 * (3 * s))
    assert [step.kind for step in run] == ["forward"] * 3 + ["start"] + ["backward"] * 4 + ["sum"]
    assert [step.number for step in run] == list(range(1, 10))
    assert [type(step) for step in run[3:5]] == [StartStep, BackwardStep]
    assert run[-1].formula.plain == "∂v3/∂s = 24 + 12 = 36"
    assert run[-1].edges == tuple(Edge(edge.node, edge.position) for edge in run[-1].arrivals)
    assert len(run.forward) == 3
    assert len(run.backward) == 6
    assert repr(run) == "Steps(3 forward, 6 backward)"
    assert all(isinstance(step, Step) for step in run)
    with pytest.raises(IndexError):
        run[9]
    with pytest.raises(AttributeError):
        run[0].number = 5


def test_a_square_written_as_a_product_keeps_both_edges():
    x = gg.tensor(3.0, name="x")
    run = steps(x * x)
    assert [step.edges for step in run.backward[1:3]] == [(Edge(run.run.output, 0),), (Edge(run.run.output, 1),)]
    assert run[-3].formula.plain == "∂v1/∂x [v1, 1] = ∂v1/∂v1 · x = 1 × 3 = 3"
    assert run[-2].latex.startswith(r"\left.\frac{\partial v_{1}}{\partial x}\right|_{v_{1}, 2} = ")
    assert run[-2].text("zh_TW").endswith("這是經由 v1 傳來的部分。")
    assert run[-1].formula.plain == "∂v1/∂x = 3 + 3 = 6"


def test_factors_that_are_sums_stand_in_parentheses():
    x, open_, closed = gg.tensor(2.0, name="x"), gg.tensor(3.0, name="(a b"), gg.tensor(3.0, name="(a) (b)")
    assert steps(x * open_).backward[1].formula.plain == "∂v1/∂x = ∂v1/∂v1 · ((a b) = 1 × 3 = 3"
    assert steps(x * closed).backward[1].formula.plain == "∂v1/∂x = ∂v1/∂v1 · ((a) (b)) = 1 × 3 = 3"
    assert steps(gg.sigmoid(x))[-1].formula.plain.startswith("∂v1/∂x = ∂v1/∂v1 · (v1·(1 - v1)) = ")
    assert steps(gg.relu(x))[-1].formula.plain == "∂v1/∂x = ∂v1/∂v1 · [x > 0] = 1 × 1 = 1"


def test_existing_gradients_are_not_disturbed():
    x = gg.tensor(3.0)
    y = x * x
    y.backward(5.0)
    list(steps(y))
    str(steps(y, g=7.0))
    assert (x.grad, y.grad) == (30.0, 5.0)


def test_graph_record_and_tensor_say_the_same():
    def function(x, y):
        return gg.sigmoid(x) * y

    graph = gg.trace(function)(1.0, 2.0)
    x, y = gg.tensor(1.0, name="x"), gg.tensor(2.0, name="y")
    expected = steps(function(x, y)).text()
    assert steps(graph, 1.0, 2.0).text() == expected
    assert steps(graph.run(1.0, 2.0)).text() == expected
    assert "0.731059" in steps(gg.open(graph), 1.0, 2.0).text()


def test_several_outputs():
    graph = gg.trace(lambda x: (x * 2, x * 3))(1.0)
    record = graph.run(1.0)
    assert steps(record)[-1].downstream == 2.0
    assert steps(record, output=1)[-1].downstream == 3.0
    with pytest.raises(SettingError, match="output 2 was asked for; <lambda> has 2"):
        steps(record, output=2)


def test_a_graph_without_values():
    graph = gg.trace(lambda price, count: price * count)(1.0, 2.0)
    with pytest.raises(TraceError, match=r"give it its arguments \(price, count\)"):
        steps(graph)
    with pytest.raises(TraceError, match="depends on a placeholder"):
        steps(graph.outputs[0])


@pytest.mark.parametrize(("what", "message"), [
    (gg.tensor([1.0, 2.0]) * 2, "has shape"),
    (gg.tensor([1, 2]) * 2, "integers and booleans have no derivative"),
    (3.0, "float has no graph"),
])
def test_what_has_no_gradient(what, message):
    with pytest.raises(GradientError, match=message):
        steps(what)


def test_bad_settings():
    with pytest.raises(SettingError, match="1 to 17"):
        steps(gg.tensor(1.0) * 2, digits=0)
    with pytest.raises(SettingError, match="arguments go with a Graph only"):
        steps(gg.tensor(1.0) * 2, 3.0)


def test_forward_only_and_digits():
    run = steps(gg.tensor([1, 2], name="x") * 3, backward=False)
    assert run.backward == []
    assert run[0].formula.plain == "v1 = x × 3 = [1, 2] × 3 = [3, 6]"
    assert steps(gg.tensor(0.1, name="x") * 3.0, digits=17)[0].formula.plain.endswith("= 0.30000000000000004")


def test_nothing_to_differentiate():
    run = steps(gg.constant(2.0) * gg.constant(3.0))
    assert [step.kind for step in run] == ["forward", "start"]
    assert "∂v1/∂v1 = 1" in run.text()


def test_constants_and_stopped_branches_receive_nothing():
    x = gg.tensor(2.0, name="x")
    run = steps(gg.stop_gradient(x) * x * 5.0)
    targets = {step.edges[0].source for step in run.backward if isinstance(step, BackwardStep)}
    assert x in targets
    assert gradients(run, x) == [10.0]


def test_matrices_show_shapes_and_reasons():
    rng = np.random.default_rng(0)
    X, W = gg.tensor(rng.normal(size=(5, 3)), name="X"), gg.tensor(rng.normal(size=(3, 2)), name="W")
    first, second = steps(gg.dot(X, W), g=np.ones((5, 2))).backward[1:]
    assert first.formula.plain.startswith("∂L/∂X = ∂L/∂v1·Wᵀ = (5, 3): ")
    assert second.formula.plain.startswith("∂L/∂W = Xᵀ·∂L/∂v1 = [[")
    assert first.flow.shapes == "(5, 3) = (5, 2)·(2, 3)"
    assert second.flow.shapes == "(3, 2) = (3, 5)·(5, 2)"
    assert first.local is None
    assert "transposed" in first.text()
    assert "sum over the batch" in second.text()
    assert r"X^{\mathsf{T}}" in second.latex


@pytest.mark.parametrize(("x", "w", "shapes"), [
    ((2,), (2, 3), ("(2,) = (3,)·(3, 2)", "(2, 3) = (2, 1)·(1, 3)")),
    ((4, 2), (2,), ("(4, 2) = (4, 1)·(1, 2)", "(2,) = (2, 4)·(4,)")),
    ((7, 4, 2), (2, 3), ("(7, 4, 2) = (7, 4, 3)·(3, 2)", "(2, 3) = (7, 2, 4)·(7, 4, 3)")),
])
def test_shapes_of_vectors_and_batches(x, w, shapes):
    X, W = gg.tensor(np.ones(x), name="X"), gg.tensor(np.ones(w), name="W")
    product = gg.matmul(X, W)
    found = [step.flow.shapes for step in steps(product, g=np.ones(product.shape)).backward[1:3]]
    assert tuple(found) == shapes


def test_broadcasting_is_added_up_with_its_reason():
    x, b = gg.tensor([[1.0, 2.0], [3.0, 4.0]], name="x"), gg.tensor([10.0, 20.0], name="b")
    step = next(step for step in steps(x * b, g=np.ones((2, 2))) if step.edges[-1:] and step.edges[0].source is b
                and isinstance(step, BackwardStep))
    assert step.formula.plain == ("∂L/∂b = Σ ∂L/∂v1 · x = [[1, 1], [1, 1]] × [[1, 2], [3, 4]] = [1, 2] + [3, 4]"
                                  " = [4, 6]")
    assert "every one of the 2 rows" in step.text()
    column = gg.tensor([[1.0], [2.0]], name="c")
    assert "of shape (2, 1) was repeated to shape (2, 2)" in steps(x * column, g=np.ones((2, 2))).text()


def test_an_op_of_the_user_is_explained_by_its_own_rule():
    cube = Op("cube", lambda xp, x: x * x * x, lambda xp, g, y, x: (g * 3 * x * x,), broadcasting)
    x = gg.tensor(2.0, name="x")
    run = steps(nodes.record(cube, (x,), {}))
    assert run[0].formula.plain == "v1 = cube(x) = 8"
    assert run[-1].formula.plain == "∂v1/∂x = ∂v1/∂v1 · ∂v1/∂x = 1 × 12 = 12"
    mixed = Op("turn", lambda xp, x: x[::-1], lambda xp, g, y, x: (g[::-1],), lambda x: x)
    array = nodes.record(mixed, (gg.tensor([1.0, 2.0], name="a"),), {})
    assert steps(array, g=[5.0, 7.0])[-1].formula.plain == "∂L/∂a = ∂L/∂v1 · ∂v1/∂a = [7, 5]"


def test_nan_and_infinity_are_shown():
    x = gg.tensor(0.0, name="x")
    with np.errstate(all="ignore"):
        y = gg.log(x) * x
    text = steps(y).text()
    assert "v2 = v1 × x = (-∞) × 0 = NaN" in text
    assert "∂v2/∂x = NaN + (-∞) = NaN" in text


def test_nothing_is_given_but_numbers():
    run = steps(nodes.negative(gg.constant(2.0)), backward=False)
    assert run.given == ()
    assert "Given" not in run.text("en")


def test_large_arrays_are_summarised_in_every_line():
    x = gg.tensor(np.linspace(-1, 1, 10_000), name="x")
    text = steps(gg.sum(gg.relu(x) * x)).text()
    assert max(map(len, text.splitlines())) < 400
    assert "(10000,): min -1, max 1" in text


def test_deep_graphs_are_summarised():
    import sys

    x = gg.tensor(1.0, name="x")
    y = x
    for _ in range(3_000):
        y = y * 1.0001
    depth, frame = 0, sys._getframe()
    while frame is not None:
        depth, frame = depth + 1, frame.f_back
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(depth + 60)
    try:
        run = steps(y)
        text = run.text("ja", limit=10)
    finally:
        sys.setrecursionlimit(limit)
    assert len(run) == 6_001
    assert text.count("\n") < 40
    assert "2,990 ステップを省略" in text
    assert run[-1].downstream == pytest.approx(1.0001**3000)
    assert run.latex.count(r"\\") < 250


def test_markdown_and_text_of_one_step():
    x = gg.tensor(2.0, name="x")
    step = steps(gg.exp(x))[-1]
    assert str(step).startswith("∂v1/∂x = ∂v1/∂v1 · v1 = 1 × 7.38906 = 7.38906. The exponential")
    assert step.text("ja").endswith("掛ける因子は出力です。")
    assert step._repr_markdown_().startswith(r"$\frac{\partial v_{1}}{\partial x} = ")
    assert steps(gg.exp(x))[0]._repr_markdown_().startswith("$v_{1} = ")
    assert steps(gg.exp(x))[0].text() == "v1 = exp(x) = exp(2) = 7.38906"
    assert "### Every step of $v_{1}$" in steps(gg.exp(x))._repr_markdown_()


def test_the_steps_of_one_node():
    s = gg.tensor(2.0, name="s")
    y = s**2 * (3 * s)
    run = gg.steps(y)
    assert [step.number for step in run.at(y, "forward", "start", "backward")] == [
        step.number for step in run if step.node is y]
    assert [step.text() for step in run.at(s, "sum")] == [run[-1].text()]
    assert run.at(s, "forward") == run.at(gg.tensor(1.0), "forward") == []
