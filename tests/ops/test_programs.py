"""Random programs: value, gradient and second derivative as JAX finds them with its own functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import glassgrad as gg

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


programs = st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 9), st.integers(0, 9)), max_size=6)


@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@given(programs, st.integers(0, 2**32 - 1))
def test_random_programs_agree_with_jax_to_second_order(steps: list[Step], seed: int) -> None:
    import jax

    random = np.random.default_rng(seed)
    x, y, v = random.normal(size=(3, 3))
    own, theirs = program(gg, steps), program(Jax(), steps)
    with jax.enable_x64(True):
        both, changes = jax.jvp(jax.value_and_grad(theirs, (0, 1)), (x, y), (v, 0 * v))
    (value, slopes), (_, second) = both, changes
    found, gradient = gg.value_and_grad(own, (0, 1))(x, y)
    np.testing.assert_allclose(found, value, rtol=1e-12, atol=1e-13)
    close(gradient, slopes)
    close(gg.grad(lambda x, y: gg.dot(gg.grad(own)(x, y), v), (0, 1))(x, y), second)
    close(gg.trace(own)(x, y)(x, y), value)


def close(found: Any, expected: Any) -> None:
    scale = 1 + np.max(np.abs(expected))
    np.testing.assert_allclose(np.asarray(found) / scale, np.asarray(expected) / scale, rtol=1e-11, atol=1e-12)
