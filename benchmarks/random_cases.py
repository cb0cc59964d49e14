"""Judge thousands of random cases with the prover; resumable, and divisible by ranges of seeds.

    python benchmarks/random_cases.py pairs 0 10000 --into pairs.txt
    python benchmarks/random_cases.py networks 0 1000 --into networks.txt

A *pair* is a random composition of right rules (sizes from 1 x 2 to 12 x 12, scales from 1e-8 to 1e8) and one
corruption of it: the first must pass, and the second must be called WRONG. A corruption is left out where the right
gradient is 0, or changed by less than the rounding of the function itself (`can_be_seen`, which asks no prover); the
right rule must pass there all the same. A *network* is small and random: at its kinks, in float32, with saturated
softmax, or plain; none may be called WRONG or NOISE.

One line for every seed is appended to the file; seeds that it has are not judged again. Several processes may write to
files of their own; with an empty range, `0 0 --into FILE`, what a file holds is summed up.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "check"))

from compositions import CORRUPTIONS, can_be_seen, composition, corrupted, random_network

from glassgrad.check import Verdict, check_gradient, prove_graph

FINE = {Verdict.CORRECT, Verdict.NOT_DIFFERENTIABLE}
RIGHT, LEFT_OUT = "right", "left out"
NO_LIMIT = 1e6
"""Seconds: a process that is halted for some minutes, so that others can run, is not out of time."""


def pair(seed):
    """Return how one random pair fares: `RIGHT`, `LEFT_OUT`, or what was said instead."""
    _, forward, rule, x = composition(seed)
    passed = check_gradient(forward, x, vjp=rule, time_limit=NO_LIMIT).verdict
    name = list(CORRUPTIONS)[seed % len(CORRUPTIONS)]
    with np.errstate(all="ignore"):
        broken = corrupted(rule, name, forward, x)
        if not can_be_seen(rule, broken, forward, x) and passed in FINE | {Verdict.NOT_EXERCISED}:
            return LEFT_OUT
    failed = check_gradient(forward, x, vjp=broken, time_limit=NO_LIMIT).verdict
    return RIGHT if passed in FINE and failed is Verdict.WRONG else f"right rule {passed}, {name} {failed}"


def network(seed):
    """Return how one random network fares: `RIGHT`, `LEFT_OUT` if nothing moves its loss, or the false alarm."""
    verdict = prove_graph(random_network(seed), seed=seed, time_limit=NO_LIMIT).verdict
    if verdict is Verdict.NOT_EXERCISED:
        return LEFT_OUT
    return RIGHT if verdict in FINE else f"right network {verdict}"


CASES = {"pairs": pair, "networks": network}


def known(path):
    """Return what a file says, by seed."""
    lines = path.read_text().splitlines() if path.exists() else []
    return {int(seed): said for seed, _, said in (line.partition(" ") for line in lines)}


def summary(kind, found):
    """Return the shares, and every case that did not fare well."""
    counts = Counter(said for said in found.values())
    judged = len(found) - counts[LEFT_OUT]
    lost = [f"  seed {seed}: {said}" for seed, said in sorted(found.items()) if said not in (RIGHT, LEFT_OUT)]
    share = f" ({100 * counts[RIGHT] / judged:.3f} %)" if judged else ""
    first = f"{counts[RIGHT]:,} of {judged:,} {kind} right{share}, {counts[LEFT_OUT]:,} left out"
    return "\n".join([first, *lost])


def main():
    """Judge the seeds that are missing, and sum up."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=list(CASES))
    parser.add_argument("first", type=int)
    parser.add_argument("end", type=int)
    parser.add_argument("--into", type=Path, required=True)
    settings = parser.parse_args()
    found = known(settings.into)
    with settings.into.open("a") as file:
        for seed in range(settings.first, settings.end):
            if seed not in found:
                found[seed] = CASES[settings.kind](seed)
                file.write(f"{seed} {found[seed]}\n")
                file.flush()
    print(summary(settings.kind, found))


if __name__ == "__main__":
    main()
