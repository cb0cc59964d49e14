"""The numbers of the twelve lessons come out of the steps and explanations of graphs that a learner would write."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

import glassgrad as gg
from glassgrad.explain import BackwardStep, SumStep, explain, steps

REFERENCE = json.loads((Path(__file__).parent.parent / "reference.json").read_text(encoding="utf-8"))
PRINTED = {"rtol": 0, "atol": 6e-7}  # numbers given to six places


def named(**values):
    return [gg.tensor(np.asarray(value, float), name=name) for name, value in values.items()]


def arriving(run):
    """Return what finally arrives at every node, as the steps tell it."""
    found = {}
    for step in run:
        if isinstance(step, BackwardStep):
            found[step.edges[0].source] = step.downstream
        elif isinstance(step, SumStep):
            found[step.node] = step.total
    return found


def test_lessons_1_and_2_the_apples():
    given = REFERENCE["apple"]
    apple, count, tax = named(apple=given["in"]["apple"], count=given["in"]["num"], tax=given["in"]["tax"])
    run = steps(apple * count * tax)
    assert_allclose([step.value for step in run.forward], given["fwd"], rtol=1e-12)
    found = arriving(run)
    assert_allclose([found[apple], found[count], found[tax]], [2.2, 110, 200], rtol=1e-12)
    assert_allclose(found[apple], given["bwd"]["apple"], rtol=1e-12)
    lines = [step.formula.plain for step in run.backward]
    assert lines == [
        "∂v2/∂v2 = 1",
        "∂v2/∂v1 = ∂v2/∂v2 · tax = 1 × 1.1 = 1.1",
        "∂v2/∂tax = ∂v2/∂v2 · v1 = 1 × 200 = 200",
        "∂v2/∂apple = ∂v2/∂v1 · count = 1.1 × 2 = 2.2",
        "∂v2/∂count = ∂v2/∂v1 · apple = 1.1 × 100 = 110",
    ]
    assert "1.1 × 2 = 2.2" in explain(run.run.output, apple).text("zh_TW")


def test_lessons_1_and_2_apples_and_oranges():
    given = REFERENCE["apple_orange"]
    apple, apples, orange, oranges, tax = named(apple=100, apples=2, orange=150, oranges=3, tax=1.1)
    apple_price, orange_price = apple * apples, orange * oranges
    whole = apple_price + orange_price
    run = steps(whole * tax)
    assert_allclose([step.value for step in run.forward], list(given["fwd"].values()), rtol=1e-12)
    found = arriving(run)
    order = {"all": whole, "tax": tax, "apple_price": apple_price, "orange_price": orange_price, "apple": apple,
             "apple_num": apples, "orange": orange, "orange_num": oranges}
    for name, node in order.items():
        assert_allclose(found[node], given["bwd"][name], rtol=1e-12)


def test_lesson_3_the_chain_rule():
    given = REFERENCE["case1"]
    (x,) = named(x=2)
    found = explain(3 * x**2, x)
    assert_allclose(found.paths[0].factors, [given["dz_dy"], given["dy_dx"]])
    assert found.gradient == given["dz_dx"]
    assert "3 × 4 = 12" in str(found)


def test_lesson_4_two_paths_are_added():
    given = REFERENCE["case2"]
    (s,) = named(s=2)
    found = explain(s**2 * (3 * s), s)
    assert [path.contribution for path in found.paths] == [given["path_x"], given["path_y"]]
    assert found.total == given["dz_ds"]
    assert "= 24 + 12 = 36" in str(found)
    assert "= 24 + 12 = 36" in str(steps(s**2 * (3 * s)))


def test_lesson_5_the_square_of_a_sum():
    given = REFERENCE["square_sum"]
    x, y = named(x=2, y=3)
    run = steps((x + y) ** 2)
    assert [step.value for step in run.forward] == [given["t"], given["z"]]
    found = arriving(run)
    assert [found[run.run.order[-2]], found[x], found[y]] == [given["dz_dt"], given["dx"], given["dy"]]


@pytest.mark.parametrize(("name", "op"), [("add_node", gg.add), ("mul_node", gg.multiply)])
def test_lesson_6_addition_and_multiplication(name, op):
    given = REFERENCE[name]
    x, y = named(x=given["in"][0], y=given["in"][1])
    run = steps(op(x, y), g=given["up"])
    assert run[0].value == given["out"]
    assert_allclose([step.downstream for step in run.backward[1:]], given["down"], rtol=1e-12)
    if name == "mul_node":
        assert [step.formula.plain for step in run.backward[1:]] == [
            "∂L/∂x = ∂L/∂v1 · y = 1.3 × 5 = 6.5", "∂L/∂y = ∂L/∂v1 · x = 1.3 × 10 = 13"]


def test_lesson_7_relu():
    given = REFERENCE["relu"]
    (x,) = named(x=given["x"])
    run = steps(gg.relu(x), g=np.ones((2, 2)))
    assert_allclose(run[0].value, given["out"])
    assert_allclose(run[-1].downstream, given["dout_ones"])
    assert_allclose(run[-1].local, ~np.array(given["mask"]))
    assert steps(gg.relu(gg.tensor(0.0)))[-1].downstream == given["at0"]


def test_lesson_8_the_four_steps_of_the_sigmoid():
    given = REFERENCE["sigmoid_x1"]
    (x,) = named(x=1)
    run = steps(gg.open(gg.sigmoid(x)))
    assert_allclose([step.value for step in run.forward], [given["neg"], given["exp"], given["plus"], given["y"]],
                    rtol=1e-14)
    backward = [step for step in run if isinstance(step, BackwardStep)]
    assert [step.node.op.name for step in backward] == ["reciprocal", "add", "exp", "multiply"]
    assert_allclose([step.downstream for step in backward],
                    [given["after_div"], given["after_plus"], given["after_exp"], given["dx"]], rtol=1e-14)
    closed = steps(gg.sigmoid(x))[-1]
    assert_allclose(closed.downstream, given["dx"], rtol=1e-14)
    assert closed.formula.plain == "∂v1/∂x = ∂v1/∂v1 · (v1·(1 - v1)) = 1 × 0.196612 = 0.196612"
    assert "加法節點直接將上層值傳給下層" in backward[1].text("zh_TW")


@pytest.mark.parametrize(("name", "lesson"), [("affine_single", 9), ("affine_batch", 10)])
def test_lessons_9_and_10_the_affine_layer(name, lesson):
    given, single = REFERENCE[name], REFERENCE["affine_single"]
    X, W, B = named(X=given["X"], W=single["W"], B=single["B"])
    run = steps(gg.affine(X, W, B), g=given["dY"])
    assert_allclose(run[0].value, given["Y"], rtol=1e-12)
    found = arriving(run)
    for node, expected in ((X, "dX"), (W, "dW"), (B, "dB")):
        assert_allclose(found[node], given[expected], rtol=1e-12)
        assert_allclose(explain(run.run.output, node, g=given["dY"]).total, given[expected], rtol=1e-12)
    text = run.text("ja")
    if lesson == 10:
        assert "∂L/∂B = Σ ∂L/∂v1 = [1, 2, 3] + [4, 5, 6] = [5, 7, 9]" in text
        assert "(2, 3) = (2, 2)·(2, 3)" in text
    else:
        assert "(2,) = (3,)·(3, 2)" in text
        assert "(2, 3) = (2, 1)·(1, 3)" in text


def softmax_with_loss(a, t):
    """The graph of the figure, number by number: exp, +, /, ×, log, ×, +, ×(-1)."""
    e = [gg.exp(score) for score in a]
    total = e[0] + e[1] + e[2]
    inverse = gg.reciprocal(total)
    y = [part * inverse for part in e]
    loss = (t[0] * gg.log(y[0]) + t[1] * gg.log(y[1]) + t[2] * gg.log(y[2])) * -1.0
    return e, total, inverse, y, loss


def test_lesson_11_the_six_steps_of_softmax_with_loss():
    given = REFERENCE["softmax_loss"]
    a = [gg.tensor(value, name=f"a{i}") for i, value in enumerate(given["a"], 1)]
    t = [gg.constant(float(value)) for value in given["t"]]
    e, total, inverse, y, loss = softmax_with_loss(a, t)
    run = steps(loss)
    values = {step.node: step.value for step in run.forward}
    assert_allclose([values[node] for node in e], given["exp"], **PRINTED)
    assert_allclose([values[node] for node in y], given["y"], rtol=0, atol=6e-9)
    assert_allclose([values[total], values[loss]], [given["S"], given["L"]], rtol=1e-12)
    found = arriving(run)
    assert_allclose([found[node] for node in y], given["cee_back"], **PRINTED)  # 1: -t/y arrives
    (merged,) = [step for step in run if isinstance(step, SumStep) and step.node is inverse]
    assert_allclose(merged.parts, given["step2"], **PRINTED)  # 2: × towards 1/S: -t S
    assert_allclose(found[total], given["step3"], rtol=1e-12)  # 3: the sum, then /: 1/S
    sums = {step.node: step.parts for step in run if isinstance(step, SumStep)}
    passed = [sums[node][0] for node in e]  # the sum S uses exp(a) first, the product second
    assert_allclose(passed, [given["step4"]] * 3, rtol=1e-12)  # 4: + hands 1/S to each
    assert_allclose([sums[node][1] for node in e], given["step5"], **PRINTED)  # 5: × towards exp: -t/exp(a)
    assert_allclose([found[node] for node in a], given["step6"], **PRINTED)  # 6: (1/S - t/exp(a)) exp(a) = y - t


def test_lesson_11_closed_and_with_the_books_numbers():
    given = REFERENCE["softmax_loss"]
    (a,) = named(a=given["a"])
    closed = steps(gg.cross_entropy(a, np.array(given["t"])))[-1]
    assert_allclose(closed.downstream, given["step6"], **PRINTED)
    assert "教師資料" in closed.text("zh_TW")
    for example in REFERENCE["softmax_book"][:2]:
        (a,) = named(a=np.log(np.maximum(example["y"], 1e-300)))
        found = explain(gg.cross_entropy(a, np.array(example["t"])), a)
        assert_allclose(found.gradient, example["dx"], atol=1e-12)
        assert_allclose(found.total, example["dx"], atol=1e-12)


def test_lesson_12_the_network_of_two_layers():
    rng = np.random.default_rng(0)
    sizes = {"W1": (64, 50), "b1": (50,), "W2": (50, 10), "b2": (10,)}
    parameters = {name: gg.parameter(0.01 * rng.normal(size=shape) * (len(shape) == 2), name=name)
                  for name, shape in sizes.items()}
    W1, b1, W2, b2 = parameters.values()
    hidden = gg.relu(gg.affine(rng.random((100, 64)), W1, b1))
    loss = gg.cross_entropy(gg.affine(hidden, W2, b2), rng.integers(0, 10, 100))
    run = steps(loss)
    assert [step.node.op.name for step in run.forward] == ["affine", "relu", "affine", "cross_entropy"]
    assert run[3].value == pytest.approx(np.log(10), abs=0.01)
    found = arriving(run)
    loss.backward()
    for name, parameter in parameters.items():
        assert found[parameter].shape == sizes[name]
        assert_allclose(found[parameter], parameter.grad)
    assert "(64, 50) = (64, 100)·(100, 50)" in explain(loss, W1).text("ja")
