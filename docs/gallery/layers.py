"""The figures of the lecture's second half: activations, Affine, Softmax-with-Loss, the two-layer network."""

from __future__ import annotations

from typing import Any

import numpy as np
from figures import REFERENCE, Drawing, figure, named, sketch

import glassgrad as gg
from glassgrad.graph import Op, nodes
from glassgrad.ops.define import broadcasting

# Activations --------------------------------------------------------------------------------------------------------


@figure(11)
def relu_positive() -> Drawing:
    """ReLU where x > 0: passes on what arrives."""
    return sketch("ReLU", {"x": "leaf x", "relu": "op relu", "y": "output y"},
                  [("x", "relu", "x > 0", "∂L/∂y"), ("relu", "y", "y = x", "∂L/∂y")])


@figure(11)
def relu_not_positive() -> Drawing:
    """ReLU where x ≤ 0: hands nothing back."""
    return sketch("ReLU", {"x": "leaf x", "relu": "op relu", "y": "output y"},
                  [("x", "relu", "x ≤ 0", "0"), ("relu", "y", "y = 0", "∂L/∂y")])


@figure(11)
def relu_of_an_array() -> Drawing:
    """ReLU of an array, opened: where x ≤ 0 holds, 0 goes on and nothing comes back."""
    given = REFERENCE["relu"]
    x = named("x", given["x"])
    y = gg.relu(x)
    return (Drawing(y, {"g": np.ones((2, 2)), "arrays": "numbers", "open": ("relu",)})
            .expect(y, given["out"]).expect(x, given["x"], given["dout_ones"]))


@figure(12)
def sigmoid_opened() -> Drawing:
    """Sigmoid opened: four nodes, four steps backward, at x = 1."""
    given = REFERENCE["sigmoid_x1"]
    x = named("x", 1)
    y = gg.open(gg.sigmoid(x))
    plus = y.inputs[0]
    exponential = plus.inputs[0]
    negative = exponential.inputs[0]
    return (Drawing(y).expect(y, given["y"], 1).expect(plus, given["plus"], given["after_div"])
            .expect(exponential, given["exp"], given["after_plus"]).expect(negative, given["neg"], given["after_exp"])
            .expect(x, 1, given["dx"]))


@figure(12)
def sigmoid_in_symbols() -> Drawing:
    """Sigmoid opened, in symbols."""
    parts = {"x": "leaf x", "times": "op ×(−1)", "exp": "op exp", "plus": "op +1", "over": "op /", "y": "output y"}
    return sketch("sigmoid", parts, [
        ("x", "times", "x", "∂L/∂y · y² exp(−x)"), ("times", "exp", "−x", "−∂L/∂y · y² exp(−x)"),
        ("exp", "plus", "exp(−x)", "−∂L/∂y · y²"), ("plus", "over", "1 + exp(−x)", "−∂L/∂y · y²"),
        ("over", "y", "y", "∂L/∂y"),
    ])


@figure(12)
def sigmoid_collapsed() -> Drawing:
    """Sigmoid as one node."""
    return sketch("sigmoid", {"x": "leaf x", "s": "composite sigmoid", "y": "output y"},
                  [("x", "s", "x", "∂L/∂y · y² exp(−x)"), ("s", "y", "y", "∂L/∂y")])


@figure(12)
def sigmoid_simplified() -> Drawing:
    """Sigmoid as one node, from its output alone."""
    return sketch("sigmoid", {"x": "leaf x", "s": "composite sigmoid", "y": "output y"},
                  [("x", "s", "x", "∂L/∂y · y (1 − y)"), ("s", "y", "y", "∂L/∂y")])


@figure(12)
def sigmoid_node() -> Drawing:
    """Sigmoid as one node at x = 1: the same derivative as the opened graph's."""
    x = named("x", 1)
    y = gg.sigmoid(x)
    return Drawing(y).expect(y, REFERENCE["sigmoid_x1"]["y"]).expect(x, 1, REFERENCE["sigmoid_x1"]["dx"])


# Affine -------------------------------------------------------------------------------------------------------------


@figure(13)
def affine_shapes() -> Drawing:
    """Affine for one sample, forward, with shapes."""
    given = REFERENCE["affine_single"]
    y = gg.affine(named("X", given["X"]), named("W", given["W"]), named("B", given["B"]))
    y.name = "Y"
    return Drawing(y, {"open": ("affine",), "arrays": "shape", "backward": False}).expect(y, given["Y"])


@figure(13)
def affine_single() -> Drawing:
    """Affine for one sample: dX = dY Wᵀ, dW = Xᵀ dY, dB = dY."""
    given = REFERENCE["affine_single"]
    X, W, B = named("X", given["X"]), named("W", given["W"]), named("B", given["B"])
    Y = gg.affine(X, W, B)
    Y.name = "Y"
    return (Drawing(Y, {"open": ("affine",), "arrays": "numbers", "g": given["dY"]}).expect(Y, given["Y"], given["dY"])
            .expect(X, given["X"], given["dX"]).expect(W, given["W"], given["dW"]).expect(B, given["B"], given["dB"]))


@figure(14)
def affine_batch() -> Drawing:
    """Affine for a batch: dB is the sum of the rows of dY."""
    single, given = REFERENCE["affine_single"], REFERENCE["affine_batch"]
    X, W, B = named("X", given["X"]), named("W", single["W"]), named("B", single["B"])
    Y = gg.affine(X, W, B)
    Y.name = "Y"
    return (Drawing(Y, {"open": ("affine",), "arrays": "numbers", "g": given["dY"]}).expect(Y, given["Y"], given["dY"])
            .expect(X, given["X"], given["dX"]).expect(W, derivative=given["dW"]).expect(B, derivative=given["dB"]))


# Softmax with loss --------------------------------------------------------------------------------------------------


@figure(15)
def softmax_of_scores() -> Drawing:
    """Softmax as the last layer: scores into probabilities."""
    given = REFERENCE["softmax_book"][2]
    scores = named("scores", given["scores"])
    y = gg.softmax(scores)
    y.name = "probabilities"
    return Drawing(y, {"arrays": "numbers", "backward": False}).expect(y, given["probs"])


def add_all(_: Any, *terms: Any) -> Any:
    """Return the sum of all terms: the lecture's + node takes three numbers at once."""
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


ADD_ALL = Op("add_all", add_all, vjp=lambda xp, g, y, *terms: (g,) * len(terms), infer=broadcasting, symbol="+")


def softmax_loss() -> tuple[gg.Tensor, dict[str, gg.Tensor]]:
    """Return the loss of three scores, number by number, and its parts by name."""
    given = REFERENCE["softmax_loss"]
    a = [named(f"a{k}", value) for k, value in enumerate(given["a"], 1)]
    t = [gg.constant(float(value), name=f"t{k}") for k, value in enumerate(given["t"], 1)]
    parts: dict[str, gg.Tensor] = {f"a{k}": node for k, node in enumerate(a, 1)}
    with gg.scope("Softmax"):
        exps = [gg.exp(node) for node in a]
        total = ADD_ALL(nodes, *exps)
        inverse = gg.reciprocal(total)
        y = [node * inverse for node in exps]
    with gg.scope("Cross Entropy Error"):
        logs = [gg.log(node) for node in y]
        terms = [node * label for node, label in zip(logs, t, strict=True)]
        added = ADD_ALL(nodes, *terms)
        loss = added * -1
    loss.name, total.name = "L", "S"
    for k in range(3):
        y[k].name = f"y{k + 1}"
        parts |= {f"exp{k}": exps[k], f"y{k}": y[k], f"log{k}": logs[k], f"term{k}": terms[k]}
    return loss, parts | {"S": total, "inverse": inverse, "added": added}


@figure(16)
def softmax_with_loss_boxes() -> Drawing:
    """Softmax-with-Loss as boxes: y − t comes back."""
    drawn = {f"a{k}": f"leaf a{k}" for k in (1, 2, 3)} | {"s": "composite Softmax"}
    drawn |= {f"t{k}": f"leaf t{k}" for k in (1, 2, 3)} | {"c": "composite Cross Entropy Error", "L": "output L"}
    edges = [(f"a{k}", "s", f"a{k}", f"y{k} − t{k}") for k in (1, 2, 3)]
    edges += [("s", "c", f"y{k}", f"−t{k} / y{k}") for k in (1, 2, 3)]
    edges += [(f"t{k}", "c", f"t{k}", "") for k in (1, 2, 3)]
    return sketch("Softmax-with-Loss", drawn, [*edges, ("c", "L", "L", "1")])


@figure(17)
def softmax_with_loss_forward() -> Drawing:
    """Softmax-with-Loss opened, forward."""
    loss, parts = softmax_loss()
    given = REFERENCE["softmax_loss"]
    drawing = Drawing(loss, {"backward": False}).expect(loss, given["L"]).expect(parts["S"], given["S"])
    for k in range(3):
        drawing.expect(parts[f"exp{k}"], given["exp"][k]).expect(parts[f"y{k}"], given["y"][k])
    return drawing


@figure(19)
def cross_entropy_backward() -> Drawing:
    """Cross Entropy Error backward: 1, −1, −1, −t, −t / y."""
    given = REFERENCE["softmax_loss"]
    y = [named(f"y{k}", value) for k, value in enumerate(given["y"], 1)]
    t = [gg.constant(float(value), name=f"t{k}") for k, value in enumerate(given["t"], 1)]
    terms = [gg.log(node) * label for node, label in zip(y, t, strict=True)]
    loss = ADD_ALL(nodes, *terms) * -1
    loss.name = "L"
    drawing = Drawing(loss).expect(loss, given["L"], 1)
    for k in range(3):
        drawing.expect(terms[k], derivative=-1).expect(y[k], derivative=given["cee_back"][k])
    return drawing


@figure(20)
def softmax_with_loss_complete() -> Drawing:
    """Softmax-with-Loss opened, forward and backward: all six steps, and y − t at the left."""
    loss, parts = softmax_loss()
    given = REFERENCE["softmax_loss"]
    drawing = Drawing(loss).expect(loss, given["L"], 1).expect(parts["S"], given["S"], given["step4"])
    for k in range(3):
        drawing.expect(parts[f"y{k}"], given["y"][k], given["cee_back"][k])
        drawing.expect(parts[f"a{k + 1}"], given["a"][k], given["step6"][k])
    return drawing


# The two-layer network ----------------------------------------------------------------------------------------------


def network() -> gg.Tensor:
    """Return the loss of a small two-layer network (4 inputs, 5 hidden units, 3 classes) on two samples."""
    generator = np.random.default_rng(5)
    x = named("x", generator.uniform(0, 1, (2, 4)))
    sizes = {"W1": (4, 5), "b1": (5,), "W2": (5, 3), "b2": (3,)}
    p = {name: gg.parameter(generator.normal(0, 0.7, shape), name=name) for name, shape in sizes.items()}
    with gg.scope("Affine1"):
        a1 = gg.affine(x, p["W1"], p["b1"])
    with gg.scope("ReLU1"):
        z1 = gg.relu(a1)
    with gg.scope("Affine2"):
        a2 = gg.affine(z1, p["W2"], p["b2"])
    with gg.scope("SoftmaxWithLoss"):
        loss: gg.Tensor = gg.cross_entropy(a2, gg.constant(np.array([2, 0]), name="t"))
    loss.name = "loss"
    return loss


@figure(22)
def two_layer_net() -> Drawing:
    """The two-layer network as layers (2層ニューラルネットワーク, 雙層神經網路)."""
    return Drawing(network(), {"depth": 0})


@figure(22)
def two_layer_net_with_parameters() -> Drawing:
    """The two-layer network with its parameters."""
    return Drawing(network())


@figure(22)
def two_layer_net_opened() -> Drawing:
    """A two-layer network of three inputs, two hidden units and two classes, opened to the last node."""
    generator = np.random.default_rng(7)

    def affine(inputs: list[gg.Tensor], outputs: int) -> list[gg.Tensor]:
        results = []
        for j in range(1, outputs + 1):
            products = [x * gg.parameter(round(generator.uniform(-1, 1), 2), name=f"w{i}{j}")
                        for i, x in enumerate(inputs, 1)]
            total = products[0]
            for product in products[1:]:
                total = total + product
            results.append(total + gg.parameter(round(generator.uniform(0, 0.3), 2), name=f"b{j}"))
        return results

    x = [named(f"x{i}", value) for i, value in enumerate([1.0, 0.5, 0.25], 1)]
    with gg.scope("Affine1"):
        hidden = affine(x, 2)
    with gg.scope("ReLU1"):
        hidden = [gg.relu(node) for node in hidden]
    with gg.scope("Affine2"):
        a = affine(hidden, 2)
    with gg.scope("SoftmaxWithLoss"):
        with gg.scope("Softmax"):
            exps = [gg.exp(node) for node in a]
            inverse = gg.reciprocal(exps[0] + exps[1])
            y = [node * inverse for node in exps]
        t = [gg.constant(value, name=f"t{k}") for k, value in enumerate([0.0, 1.0], 1)]
        with gg.scope("Cross Entropy Error"):
            loss = (gg.log(y[0]) * t[0] + gg.log(y[1]) * t[1]) * -1
    loss.name = "L"
    drawing = Drawing(loss)
    for k in range(2):
        drawing.expect(a[k], derivative=y[k].item() - t[k].item())
    return drawing
