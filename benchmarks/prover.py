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
from glassgrad.check import check_gradient, parameter_table, prove_graph

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


if __name__ == "__main__":
    main()
