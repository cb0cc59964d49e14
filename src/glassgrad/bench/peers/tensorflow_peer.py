"""TensorFlow: variables, and each step or the whole epoch as one `tf.function` that XLA compiles."""

from __future__ import annotations

from collections.abc import Callable
from math import log
from typing import Any

import numpy as np

from ..job import Calls, Epochs, Job, centred, sampled
from ..work import Function, Inference, Training, orders, points, repeated, scaled, weights

Update = Callable[[list[Any]], None]  # of the parameters, by their gradients


def _forward(parameters: list[Any], x: Any, activation: str) -> Any:
    import tensorflow as tf

    act = tf.nn.relu if activation == "relu" else tf.tanh
    for W, b in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
        x = act(x @ W + b)
    return x @ parameters[-2] + parameters[-1]


def _sgd(parameters: list[Any], lr: float) -> tuple[Update, list[Any]]:
    def update(gradients: list[Any]) -> None:
        for w, g in zip(parameters, gradients, strict=True):
            w.assign_sub(lr * g)

    return update, []


def _adam(parameters: list[Any], lr: float) -> tuple[Update, list[Any]]:
    import tensorflow as tf

    ms, vs = ([tf.Variable(tf.zeros_like(w)) for w in parameters] for _ in range(2))
    count = tf.Variable(0.0)

    def update(gradients: list[Any]) -> None:
        steps = count.assign_add(1.0)
        missing_m, missing_v = (-tf.math.expm1(steps * log(beta)) for beta in (0.9, 0.999))  # 1 - beta**steps, exactly
        for w, g, m, v in zip(parameters, gradients, ms, vs, strict=True):
            m.assign(0.9 * m + 0.1 * g)
            v.assign(0.999 * v + 0.001 * g * g)
            w.assign_sub(lr / missing_m * m / (tf.sqrt(v / missing_v) + 1e-8))

    return update, [*ms, *vs, count]


def train(work: Training, whole: bool = False) -> Job:
    """Train variables in place; the program is traced for its shapes once, so that calls need not look for it."""
    import tensorflow as tf

    x, t = scaled(work)
    logistic = work.sizes[-1] == 1
    x, t = tf.constant(x), tf.constant(t.astype(np.float32)[:, None] if logistic else t.astype(np.int32))
    first = weights(work)
    parameters = [tf.Variable(array) for array in first]
    update, state = {"sgd": _sgd, "adam": _adam}[work.optimizer](parameters, work.lr)
    losses = tf.nn.sigmoid_cross_entropy_with_logits if logistic else tf.nn.sparse_softmax_cross_entropy_with_logits

    def step(chosen: Any) -> Any:
        with tf.GradientTape() as tape:
            scores = _forward(parameters, tf.gather(x, chosen), work.activation)
            loss = tf.reduce_mean(losses(labels=tf.gather(t, chosen), logits=scores))
        update(tape.gradient(loss, parameters))
        return loss

    def steps(order: Any) -> Any:
        total = tf.zeros(())
        for chosen in order:  # a loop within the program
            total += step(chosen)
        return total

    program = tf.function(steps if whole else step, jit_compile=True)
    batches = [order.astype(np.int32).reshape(-1, work.batch) for order in orders(work)]
    calls = [[tf.constant(order)] if whole else [tf.constant(chosen) for chosen in order] for order in batches]

    def start() -> Any:
        for own, array in zip(parameters, first, strict=True):
            own.assign(array)
        for own in state:
            own.assign(tf.zeros_like(own))
        return program.get_concrete_function(calls[0][0])

    def epoch(traced: Any, order: Any) -> tuple[Any, float]:
        found = [traced(chosen) for chosen in order]
        return traced, float(tf.add_n(found)) / work.steps

    return Epochs(start, epoch, calls, work.steps)


def infer(work: Inference) -> Job:
    """Ask a compiled function for scores of a tensor."""
    import tensorflow as tf

    x = tf.constant(scaled(work)[0])
    parameters = [tf.constant(array) for array in weights(work)]

    def forward(x: Any) -> Any:
        return _forward(parameters, x, work.activation)

    program = tf.function(forward, jit_compile=True).get_concrete_function(x)
    return Calls(lambda: program(x), work.calls, lambda scores: centred(scores.numpy()))


def function(work: Function) -> Job:
    """Value and gradient of an expression, by TensorFlow's own kernels, which are faster here than what XLA makes."""
    import tensorflow as tf

    x = tf.constant(points(work))

    def both(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = tf.reduce_sum(repeated(tf, x, work.times))
        return value, tape.gradient(value, x)

    program = tf.function(both).get_concrete_function(x)
    return Calls(lambda: program(x), work.calls, lambda found: sampled(*(tensor.numpy() for tensor in found)))
