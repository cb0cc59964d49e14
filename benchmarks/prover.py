"""What the prover costs, beside PyTorch's slow gradcheck in the same run; and what it says about random cases.

    python benchmarks/prover.py [--pairs 10000] [--networks 1000] [--first-seed 0]

The network is the deck's: 784-50-10, ReLU, cross entropy, three samples, a fifth of the pixels not 0, float64.
Times are CPU times of this process, medians where a figure says so. A pair is a random composition of right rules
over scales from 1e-8 to 1e8 and one corruption of it: the first must pass and the second must be called WRONG; a pair
that is NOT EXERCISED (its gradient is 0 everywhere) is left out. A network is small and random: at its kinks, in
float32, with saturated softmax, or plain; none may be called WRONG or NOISE.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "check"))

from cases_right import CASES as RIGHT
from compositions import CORRUPTIONS, composition, corrupted, random_network

import glassgrad as gg
from glassgrad.check import Verdict, check_gradient, parameter_table, prove_graph

SHAPES = {"W1": (784, 50), "b1": (50,), "W2": (50, 10), "b2": (10,)}
FINE = {Verdict.CORRECT, Verdict.NOT_DIFFERENTIABLE}


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


def random_pairs(count, first):
    """Print how many random pairs are judged rightly, and the seeds of the others."""
    right, exercised, lost = 0, 0, []
    for seed in range(first, first + count):
        _, forward, rule, x = composition(seed)
        passed = check_gradient(forward, x, vjp=rule).verdict
        if passed is Verdict.NOT_EXERCISED:
            continue
        exercised += 1
        name = list(CORRUPTIONS)[seed % len(CORRUPTIONS)]
        failed = check_gradient(forward, x, vjp=corrupted(rule, name)).verdict
        if passed in FINE and failed is Verdict.WRONG:
            right += 1
        else:
            lost.append(f"seed {seed}: right rule {passed}, {name} {failed}")
    print(f"{right:,} of {exercised:,} random pairs right ({100 * right / max(exercised, 1):.2f} %), "
          f"{count - exercised} not exercised")
    print("\n".join(lost))


def random_networks(count, first):
    """Print how many random networks raise a false alarm, and their seeds."""
    said = {seed: prove_graph(random_network(seed), seed=seed).verdict for seed in range(first, first + count)}
    alarms = {seed: verdict for seed, verdict in said.items() if verdict in {Verdict.WRONG, Verdict.NOISE}}
    print(f"{count:,} random networks: {len(alarms)} false alarms {dict(list(alarms.items())[:20]) or ''}")


def main():
    """Print the figures that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=0)
    parser.add_argument("--networks", type=int, default=0)
    parser.add_argument("--first-seed", type=int, default=0)
    settings = parser.parse_args()
    if not settings.pairs and not settings.networks:
        every_entry()
        local_proofs()
        small_ops()
    if settings.pairs:
        random_pairs(settings.pairs, settings.first_seed)
    if settings.networks:
        random_networks(settings.networks, settings.first_seed)


if __name__ == "__main__":
    main()
