"""Random programs: value, gradient and second derivative as JAX finds them with its own functions."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import glassgrad as gg
from glassgrad.simplify import simplify

TRIANGLE = np.tril(np.ones((3, 3)))
Step = tuple[str, int, int]
# What a step may do with two vectors; `n` is the namespace of a library.
STEPS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "sin": lambda n, a, b: n.sin(a), "cos": lambda n, a, b: n.cos(a), "tanh": lambda n, a, b: n.tanh(a),
    "exp": lambda n, a, b: n.exp(n.tanh(a)), "sigmoid": lambda n, a, b: n.sigmoid(a),
    "softmax": lambda n, a, b: n.softmax(a), "logsumexp": lambda n, a, b: n.logsumexp(a) + 0 * a,
    "log1p_square": lambda n, a, b: n.log1p(a * a), "mean": lambda n, a, b: n.mean(a) * a,
    "reverse": lambda n, a, b: a[::-1], "cumulate": lambda n, a, b: n.matmul(TRIANGLE, a),
    "add": lambda n, a, b: a + b, "subtract": lambda n, a, b: a - 2 * b, "multiply": lambda n, a, b: n.tanh(a) * b,
    "ratio": lambda n, a, b: a / (1 + b * b), "maximum": lambda n, a, b: n.maximum(a, b + 0.1234),
    "where": lambda n, a, b: n.where(a > 0.0567, a * b, -b),
    "outer": lambda n, a, b: n.sum(n.reshape(a, (3, 1)) * n.sin(n.reshape(b, (1, 3))), axis=0),
}


class Jax:
    """JAX's functions, where they have other addresses too."""

    def __getattr__(self, name: str) -> Any:
        import jax

        return getattr(jax.nn if name in ("sigmoid", "softmax", "logsumexp") else jax.numpy, name)


def program(n: Any, steps: list[Step]) -> Callable[..., Any]:
    """Return a function of two vectors, the same text for every library."""

    def run(x: Any, y: Any) -> Any:
        known = [x, y]
        for name, i, j in steps:
            known.append(STEPS[name](n, known[i % len(known)], known[j % len(known)]))
        return n.sum(known[-1] * n.sin(known[-1] + x) * y)

    return run


LONGEST = 6
programs = st.lists(
    st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=LONGEST
)


@cache
def machine() -> Callable[..., Any]:
    """Return all programs as one of JAX's: what the steps are is data, so that it is compiled once.

    It gives the value and the gradient, and how both change along a line.
    """
    import jax

    branches = [partial(STEPS[name], Jax()) for name in sorted(STEPS)]

    def run(x: Any, y: Any, steps: Any, last: Any) -> Any:
        def step(memory: Any, row: Any) -> Any:
            place, op, i, j = row
            return memory.at[place].set(jax.lax.switch(op, branches, memory[i], memory[j])), None

        memory = jax.numpy.zeros((2 + LONGEST, 3)).at[0].set(x).at[1].set(y)
        result = jax.lax.scan(step, memory, steps)[0][last]
        return jax.numpy.sum(result * jax.numpy.sin(result + x) * y)

    def both(x: Any, y: Any, v: Any, steps: Any, last: Any) -> Any:
        return jax.jvp(lambda x, y: jax.value_and_grad(run, (0, 1))(x, y, steps, last), (x, y), (v, 0 * v))

    return jax.jit(both)


def as_data(steps: list[Step]) -> Any:
    """Return a program as rows: where the result goes, which step, and what it is done with."""
    rows = [(2 + k, sorted(STEPS).index(name), i % (2 + k), j % (2 + k)) for k, (name, i, j) in enumerate(steps)]
    idle = (1 + LONGEST, sorted(STEPS).index("add"), 0, 0)
    return np.array(rows + [idle] * (LONGEST - len(rows)))


@settings(max_examples=1000, deadline=None, derandomize=True, database=None)
@given(programs, st.integers(0, 2**32 - 1))
def test_a_thousand_random_programs_agree_with_jax_to_second_order(steps: list[Step], seed: int) -> None:
    import jax

    random = np.random.default_rng(seed)
    x, y, v = random.normal(size=(3, 3))
    own = program(gg, steps)
    with jax.enable_x64(True):
        both, changes = machine()(x, y, v, as_data(steps), 1 + len(steps))
    (value, slopes), (_, second) = both, changes
    found, gradient = gg.value_and_grad(own, (0, 1))(x, y)
    np.testing.assert_allclose(found, value, rtol=1e-12, atol=1e-13)
    close(gradient, slopes)
    close(gg.hvp(own, (x, y), (v, 0 * v)), second)


@settings(max_examples=50, deadline=None, derandomize=True, database=None)
@given(programs, st.integers(0, 2**32 - 1))
def test_a_traced_program_gives_what_it_gives_at_once(steps: list[Step], seed: int) -> None:
    x, y = np.random.default_rng(seed).normal(size=(2, 3))
    own = gg.value_and_grad(program(gg, steps), (0, 1))
    at_once = own(x, y)
    graph = gg.trace(own)(x, y)
    close(graph(x, y)[0], at_once[0])
    close(graph(x, y)[1], at_once[1])
    close(simplify(graph)(x, y)[1], at_once[1])


def close(found: Any, expected: Any) -> None:
    scale = 1 + np.max(np.abs(expected))
    np.testing.assert_allclose(np.asarray(found) / scale, np.asarray(expected) / scale, rtol=1e-11, atol=1e-12)
