"""JAX: a jitted step for each batch, or the whole epoch as one program by `lax.scan`."""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np

from ..job import Calls, Epochs, Job, centred, sampled
from ..work import Function, Inference, Training, orders, points, repeated, scaled, weights


def _forward(parameters: list[Any], x: Any, activation: str) -> Any:
    import jax

    act = jax.nn.relu if activation == "relu" else jax.numpy.tanh
    for W, b in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
        x = act(x @ W + b)
    return x @ parameters[-2] + parameters[-1]


def _sgd(parameters: list[Any], gradients: list[Any], state: list[Any], lr: float) -> tuple[list[Any], list[Any]]:
    return [w - lr * g for w, g in zip(parameters, gradients, strict=True)], state


def _adam(parameters: list[Any], gradients: list[Any], state: list[Any], lr: float) -> tuple[list[Any], list[Any]]:
    import jax.numpy as jnp

    ms, vs, count = state
    count = count + 1
    ms = [0.9 * m + 0.1 * g for m, g in zip(ms, gradients, strict=True)]
    vs = [0.999 * v + 0.001 * g * g for v, g in zip(vs, gradients, strict=True)]
    missing_m, missing_v = (-jnp.expm1(count * log(beta)) for beta in (0.9, 0.999))  # 1 - beta**count, exactly
    rate = lr / missing_m
    return [w - rate * m / (jnp.sqrt(v / missing_v) + 1e-8) for w, m, v in zip(parameters, ms, vs, strict=True)], [
        ms, vs, count]


def train(work: Training, scan: bool = False) -> Job:
    """Train with a pure function of the state, whose memory is handed on from step to step."""
    import jax
    import jax.numpy as jnp

    x, t = (jax.device_put(array) for array in scaled(work))
    rule = {"sgd": _sgd, "adam": _adam}[work.optimizer]

    def loss(parameters: list[Any], x: Any, t: Any) -> Any:
        scores = _forward(parameters, x, work.activation)
        if work.sizes[-1] == 1:
            return jnp.mean(jnp.logaddexp(0, scores) - t[:, None] * scores)
        rows = jax.nn.log_softmax(scores)
        return -jnp.mean(jnp.take_along_axis(rows, t[:, None], axis=1))

    def step(carried: Any, x: Any, t: Any, chosen: Any) -> Any:
        parameters, state, total = carried
        value, gradients = jax.value_and_grad(loss)(parameters, x[chosen], t[chosen])
        return *rule(parameters, gradients, state, work.lr), total + value

    def whole(carried: Any, x: Any, t: Any, order: Any) -> Any:
        return jax.lax.scan(lambda carried, chosen: (step(carried, x, t, chosen), None), carried, order)[0]

    program = jax.jit(whole if scan else step, donate_argnums=0)

    def start() -> Any:
        parameters = [jnp.asarray(array) for array in weights(work)]
        ms, vs = ([jnp.zeros_like(w) for w in parameters] for _ in range(2))
        return parameters, [ms, vs, jnp.zeros(())] if work.optimizer == "adam" else [], jnp.zeros(())

    def epoch(carried: Any, order: Any) -> tuple[Any, float]:
        before = float(carried[2])
        for chosen in order:
            carried = program(carried, x, t, chosen)
        return carried, (float(carried[2]) - before) / work.steps

    batches = [order.astype(np.int32).reshape(-1, work.batch) for order in orders(work)]
    return Epochs(start, epoch, [[jax.device_put(order)] if scan else list(order) for order in batches], work.steps)


def infer(work: Inference) -> Job:
    """Ask a jitted function for scores of an array that is on the device already."""
    import jax

    x = jax.device_put(scaled(work)[0])
    parameters = [jax.device_put(array) for array in weights(work)]
    forward = jax.jit(lambda parameters, x: _forward(parameters, x, work.activation))
    return Calls(lambda: forward(parameters, x).block_until_ready(), work.calls,
                 lambda scores: centred(np.asarray(scores)))


def function(work: Function) -> Job:
    """Value and gradient of an expression."""
    import jax
    import jax.numpy as jnp

    x = jax.device_put(points(work))
    both = jax.jit(jax.value_and_grad(lambda y: jnp.sum(repeated(jnp, y, work.times))))
    return Calls(lambda: jax.block_until_ready(both(x)), work.calls,
                 lambda found: sampled(found[0], np.asarray(found[1])))
