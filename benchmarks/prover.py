"""What the prover costs, beside PyTorch's slow gradcheck in the same run.

    python benchmarks/prover.py

The network is the deck's: 784-50-10, ReLU, cross entropy, three samples, a fifth of the pixels not 0, float64.
Times are CPU times of this process, medians where a figure says so.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "check"))

from cases_right import CASES as RIGHT

import glassgrad as gg
from glassgrad.check import adapters, check_gradient, parameter_table, prove_graph, ready

SHAPES = {"W1": (784, 50), "b1": (50,), "W2": (50, 10), "b2": (10,)}


def cpu(call):
    """Return what a call returns, and the CPU milliseconds that it took."""
    began = time.process_time()
    result = call()
    return result, 1000 * (time.process_time() - began)


def network(samples=3, seed=0):
    """Return pixels, labels and parameters of the deck's network."""
    rng = np.random.default_rng(seed)
    parameters = {name: 0.01 * rng.standard_normal(shape) * (len(shape) == 2) for name, shape in SHAPES.items()}
    x = rng.random((samples, 784)) * (rng.random((samples, 784)) < 0.2)
    return x, rng.integers(0, 10, samples), parameters


def every_entry():
    """Print the cost of measuring every entry of the network, beside PyTorch's gradcheck."""
    x, labels, parameters = network()

    def loss(p):
        hidden = gg.relu(gg.matmul(x, p["W1"]) + p["b1"])
        return gg.cross_entropy(gg.matmul(hidden, p["W2"]) + p["b2"], labels)

    runs = [cpu(lambda: parameter_table(loss, parameters)) for _ in range(3)]
    table, ours = runs[0][0], float(np.median([ms for _, ms in runs]))
    print(table)
    print(f"all {sum(row.checked for row in table.rows):,} entries with error bars: {ours:,.0f} ms")
    try:
        import torch
    except ImportError:
        print("PyTorch is not installed: nothing to compare with")
        return
    pixels, target = torch.tensor(x), torch.tensor(labels)
    given = [torch.tensor(value, requires_grad=True) for value in parameters.values()]

    def forward(W1, b1, W2, b2):
        return torch.nn.functional.cross_entropy(torch.relu(pixels @ W1 + b1) @ W2 + b2, target)

    said, theirs = cpu(lambda: torch.autograd.gradcheck(forward, given, raise_exception=False))
    print(f"PyTorch's slow gradcheck: {theirs:,.0f} ms, says {said}; ours takes {ours / theirs:.3f} of it")


def local_proofs():
    """Print the cost of the local proof of the network, for the three samples and for a batch of 100."""
    for samples in (3, 100):
        x, labels, parameters = network(samples)
        p = {name: gg.parameter(value, name) for name, value in parameters.items()}
        hidden = gg.relu(gg.matmul(gg.constant(x), p["W1"]) + p["b1"])
        result = gg.cross_entropy(gg.matmul(hidden, p["W2"]) + p["b2"], labels)
        runs = [cpu(lambda result=result: prove_graph(result)) for _ in range(9)]
        print(f"local proof of 784-50-10, {samples} samples: {np.median([ms for _, ms in runs]):.0f} ms, "
              f"{runs[0][0].evaluations:,} evaluations, {runs[0][0].verdict}")


def by_engine():
    """Print what evaluating by native code is worth, by the rule of `glassgrad.check.ready`; verdicts are compared."""
    worth = ready.WORTH
    for name, judge in (("every entry of 784-50-10, 100 samples", lambda: table_of(*deck(100))),
                        ("every entry of ten layers of 60, 20 samples", lambda: table_of(*deep(60, 10))),
                        ("every entry of ten layers of 20, 20 samples", lambda: table_of(*deep(20, 10)))):
        found = []
        for limit in (worth, float("inf")):
            ready.WORTH = limit
            found.append(cpu(judge))
        ready.WORTH = worth
        (said, ms), (plainly, plain_ms) = found
        assert said == plainly, "another verdict"
        print(f"{name}: {ms / 1000:.2f} s by the rule, {plain_ms / 1000:.2f} s interpreted, {ms / plain_ms:.2f} of it")


def table_of(loss, parameters):
    """Return the verdicts on every parameter."""
    return [row.verdict for row in parameter_table(loss, parameters).rows]


def deck(samples):
    """Return the loss of the deck's network, and its parameters."""
    x, labels, parameters = network(samples)
    return (lambda p: gg.cross_entropy(gg.relu(x @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"], labels)), parameters


def deep(width, depth):
    """Return the loss of a network of so many layers with tanh, and its parameters."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((20, width))
    parameters = {f"W{k}": rng.standard_normal((width, width)) / width**0.5 for k in range(depth)}
    parameters |= {f"b{k}": np.zeros(width) for k in range(depth)}

    def loss(p):
        h = x
        for k in range(depth):
            h = gg.tanh(h @ p[f"W{k}"] + p[f"b{k}"])
        return gg.mean(gg.square(h))

    return loss, parameters


def formulas():
    """Print the cost of proving a formula of 100 operations on Tensors, as a graph and called point by point."""
    def formula(x, y):
        for k in range(25):
            x = 0.5 * gg.sin(x) + gg.tanh(y - 0.1 * k)
        return x

    as_graph = adapters._as_graph
    for count in (1, 10):
        points = np.random.default_rng(0).standard_normal((2, count))
        found = []
        for way in (as_graph, lambda f, forward, arrays: (forward, None)):
            adapters._as_graph = way
            found.append(cpu(lambda points=points: check_gradient(formula, *points)))
        adapters._as_graph = as_graph
        (report, ms), (plainly, plain_ms) = found
        assert report.verdict is plainly.verdict, "another verdict"
        print(f"formula of 100 operations on {count} numbers: {ms:.0f} ms as a graph, {plain_ms:.0f} ms called, "
              f"{report.evaluations:,} evaluations")


def compositions():
    """Print what one evaluation of a whole network costs in its local proof, and natively."""
    for name, (loss, parameters) in (("784-50-10, 100 samples", deck(100)), ("ten layers of 200", deep(200, 10))):
        p = {key: gg.parameter(value, key) for key, value in parameters.items()}
        report, ms = cpu(lambda loss=loss, p=p: prove_graph(loss(p)))
        native = gg.compile(loss)
        _, cold = cpu(lambda native=native, parameters=parameters: native(parameters))
        once = min(cpu(lambda native=native, parameters=parameters: native(parameters))[1] for _ in range(9))
        plain = gg.compile(loss, engine="interpret")
        plain(parameters)
        slow = min(cpu(lambda plain=plain, parameters=parameters: plain(parameters))[1] for _ in range(9))
        print(f"local proof of {name}: {ms:.0f} ms, {report.evaluations:,} evaluations, of nodes and of the whole; "
              f"that once: {slow:.2f} ms interpreted, {once:.2f} ms natively, {cold:.0f} ms the first time")


def small_ops():
    """Print the median cost of one right rule of the published table."""
    runs = [cpu(lambda row=row: check_gradient(row[1], *row[3], vjp=row[2])) for row in RIGHT]
    print(f"one small op, median of {len(runs)}: {np.median([ms for _, ms in runs]):.1f} ms, "
          f"{np.median([report.evaluations for report, _ in runs]):.0f} evaluations")


def main():
    """Print the figures."""
    every_entry()
    local_proofs()
    small_ops()
    formulas()
    compositions()
    by_engine()


if __name__ == "__main__":
    main()
