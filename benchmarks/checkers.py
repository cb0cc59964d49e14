"""Run gradient checkers side by side on the published cases: which wrong rules they miss, which right ones they reject.

    python benchmarks/checkers.py [--compositions 100]

PyTorch, JAX and HIPS autograd take part where they are installed. Every checker runs with its own defaults; all get the
same float64 arrays, the same forward functions and the same claimed rules. Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "check"))

from all_cases import RIGHT, WRONG
from compositions import CORRUPTIONS, can_be_seen, composition, corrupted

from glassgrad.check import Verdict, check_gradient


def ours(forward, rule, arrays):
    """Return the prover's verdict: passed, failed, or None for NOISE."""
    verdict = check_gradient(forward, *arrays, vjp=rule).verdict
    return None if verdict is Verdict.NOISE else verdict is not Verdict.WRONG


def deck(forward, rule, arrays, h=1e-4, tolerance=1e-5):
    """Return whether the deck's mean ``|numerical - claimed|`` of the summed output stays below 1e-5."""
    y = np.asarray(forward(*[a.copy() for a in arrays]))
    claimed = rule(np.ones(y.shape), y, *arrays)
    for position, x in enumerate(arrays):
        numerical = np.zeros(x.shape)
        for index in np.ndindex(x.shape):
            sides = []
            for step in (h, -h):
                moved = [a.copy() for a in arrays]
                moved[position][index] += step
                sides.append(np.sum(forward(*moved)))
            numerical[index] = (sides[0] - sides[1]) / (2 * h)
        if x.size and not np.mean(np.abs(numerical - claimed[position])) < tolerance:
            return False
    return True


def torch_checker(fast):
    """Return `torch.autograd.gradcheck` as a checker of NumPy rules."""
    import torch

    def check(forward, rule, arrays):
        class Wrapped(torch.autograd.Function):
            @staticmethod
            def forward(ctx, *tensors):
                given = [t.detach().numpy() for t in tensors]
                y = np.asarray(forward(*given))
                ctx.given, ctx.y = given, y
                return torch.tensor(y)

            @staticmethod
            def backward(ctx, g):
                found = rule(g.numpy(), ctx.y, *ctx.given)
                return tuple(torch.tensor(np.asarray(d)) for d in found)

        tensors = tuple(torch.tensor(a, requires_grad=True) for a in arrays)
        # Arrays are handed on as they are: rules that change or keep them act as they would in a program.
        return bool(torch.autograd.gradcheck(Wrapped.apply, tensors, fast_mode=fast, raise_exception=False))

    return check


def jax_checker():
    """Return `jax.test_util.check_vjp`, which takes any function with its rule, as a checker."""
    import jax
    from jax.test_util import check_vjp

    def check(forward, rule, arrays):
        def with_pull(*given):
            given = [np.array(a) for a in given]
            y = np.asarray(forward(*given))
            return y, lambda g: tuple(rule(np.array(g), y, *given))

        with jax.enable_x64(True):
            check_vjp(lambda *given: np.asarray(forward(*[np.array(a) for a in given])), with_pull, tuple(arrays))
        return True

    return check


def autograd_checker():
    """Return HIPS autograd's `check_grads` as a checker of NumPy rules."""
    from autograd.extend import defvjp, primitive
    from autograd.test_util import check_grads

    def check(forward, rule, arrays):
        wrapped = primitive(lambda *given: np.asarray(forward(*[np.array(a) for a in given])))
        pulls = [
            lambda y, *given, position=position: lambda g: np.asarray(
                rule(g, y, *given)[position])
            for position in range(len(arrays))
        ]
        defvjp(wrapped, *pulls)
        check_grads(wrapped, modes=["rev"], order=1)(*arrays)
        return True

    return check


def checkers():
    """Return the checkers that can run here, by name."""
    found = {"glassgrad": ours, "the deck's mean difference": deck}
    for name, make in [
        ("PyTorch gradcheck", lambda: torch_checker(False)), ("PyTorch gradcheck, fast", lambda: torch_checker(True)),
        ("JAX check_vjp", jax_checker), ("HIPS autograd check_grads", autograd_checker),
    ]:
        try:
            found[name] = make()
        except ImportError:
            print(f"{name}: not installed, left out", file=sys.stderr)
    return found


def passes(checker, forward, rule, arrays):
    """Return True, False, or None for "cannot say"; an exception of any checker counts as a rejection."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        np.random.seed(0)  # noqa: NPY002 - the checkers draw from NumPy's global generator
        try:
            return checker(forward, rule, tuple(a.copy() for a in arrays))
        except Exception:  # a checker reports a failure by whatever exception it likes
            return False


def pairs(count):
    """Yield random compositions, each with one corruption that can be seen."""
    for seed in range(count):
        _, forward, rule, x = composition(seed)
        with np.errstate(all="ignore"):
            broken = corrupted(rule, list(CORRUPTIONS)[seed % len(CORRUPTIONS)], forward, x)
            seen = can_be_seen(rule, broken, forward, x)
        if seen:
            yield forward, rule, broken, (x,)


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compositions", type=int, default=100)
    count = parser.parse_args().compositions
    random_pairs = list(pairs(count))
    print(f"| checker | {len(WRONG)} wrong rules, missed | {len(RIGHT)} right rules, rejected | cannot say | "
          f"{len(random_pairs)} random pairs, both sides right | median ms |")
    print("|---|---|---|---|---|---|")
    for name, checker in checkers().items():
        times = []
        missed = sum(passes(checker, forward, rule, arrays) is not False for _, _, forward, rule, arrays in WRONG)
        said = []
        for _, forward, rule, arrays in RIGHT:
            began = time.process_time()
            said.append(passes(checker, forward, rule, arrays))
            times.append(time.process_time() - began)
        both = sum(
            passes(checker, forward, right, arrays) is True and passes(checker, forward, wrong, arrays) is False
            for forward, right, wrong, arrays in random_pairs
        )
        share = f"{100 * both / len(random_pairs):.1f} %" if random_pairs else "-"
        print(f"| {name} | {missed} | {said.count(False)} | {said.count(None)} | {share} | "
              f"{1000 * float(np.median(times)):.1f} |", flush=True)


if __name__ == "__main__":
    main()
