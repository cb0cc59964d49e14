"""Optimisers: how a gradient changes a parameter, as an expression of the graph.

>>> import glassgrad as gg
>>> sgd = gg.optim.SGD(lr=0.1)
>>> parameters, state = sgd.update({"w": gg.tensor(1.0)}, {"w": gg.tensor(2.0)}, {"w": ()}, lr=0.1, step=1)
>>> print(parameters["w"].value)
0.8

Every optimiser moves **against** the gradient. An update takes and gives Tensors, so that the whole training step is
one graph, which can be drawn, checked and compiled. The state of a parameter is a tuple of arrays of its shape.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import reduce
from math import cos, isfinite, log, pi
from numbers import Real
from typing import Any, ClassVar

import numpy as np

from .errors import SettingError, one_of
from .graph import Tensor, nodes

Schedule = Callable[[int], float]
State = dict[str, tuple[Any, ...]]


@dataclass(frozen=True)
class Optimizer:
    """What all optimisers share.

    Parameters
    ----------
    lr : float or callable
        Learning rate, or a schedule: a function of the step (counted from 1) that gives it.
    weight_decay : float
        Adds ``weight_decay * w`` to the gradient (L2 regularisation); in `AdamW` it shrinks the weights directly.
    clip : float, optional
        Scales all gradients together so that their common norm is at most this.
    """

    lr: float | Schedule = 0.1
    weight_decay: float = 0.0
    clip: float | None = None

    slots: ClassVar[int] = 0  # arrays of state for each parameter

    def __post_init__(self) -> None:
        if not callable(self.lr):
            _check("lr", self.lr, lambda lr: lr > 0, "a positive number")
        _check("weight_decay", self.weight_decay, lambda decay: decay >= 0, "a number of at least 0")
        if self.clip is not None:
            _check("clip", self.clip, lambda clip: clip > 0, "a positive number, or None")
        for field in fields(self):
            if field.name in _SHARES:
                value = getattr(self, field.name)
                _check(field.name, value, lambda share: 0 <= share < 1, "at least 0 and less than 1")

    def rate(self, step: int) -> float:
        """Return the learning rate of a step, counted from 1."""
        if not callable(self.lr):
            return float(self.lr)
        rate = self.lr(step)
        _check(f"the learning rate that the schedule gives for step {step}", rate, lambda rate: rate >= 0,
               "a number of at least 0")
        return float(rate)

    def start(self, parameters: Mapping[str, Any]) -> State:
        """Return the state before the first step: zeros."""
        return {
            name: tuple(np.zeros(value.shape, value.dtype) for _ in range(self.slots))
            for name, value in parameters.items()
        }

    def update(
        self, parameters: Mapping[str, Tensor], gradients: Mapping[str, Tensor], state: Mapping[str, tuple[Any, ...]],
        lr: Any, step: Any,
    ) -> tuple[dict[str, Tensor], dict[str, tuple[Tensor, ...]]]:
        """Return new parameters and new state; `lr` and `step` are single numbers, Tensors while tracing."""
        scale = self._clipping(gradients)
        changed: dict[str, Tensor] = {}
        kept: dict[str, tuple[Tensor, ...]] = {}
        for name, w in parameters.items():
            g = gradients[name] if scale is None else gradients[name] * scale
            if self.weight_decay and not self.decoupled:
                g = g + self.weight_decay * w
            changed[name], kept[name] = self.rule(w, g, state[name], lr, step)
        return changed, kept

    decoupled: ClassVar[bool] = False

    def rule(self, w: Any, g: Any, state: tuple[Any, ...], lr: Any, step: Any) -> tuple[Tensor, tuple[Any, ...]]:
        """Return the new value of one parameter and its new state."""
        raise TypeError(f"{type(self).__name__} has no rule.")

    def _clipping(self, gradients: Mapping[str, Tensor]) -> Tensor | None:
        if self.clip is None:
            return None
        squares = (nodes.sum(g * g) for g in gradients.values())
        norm = nodes.sqrt(reduce(nodes.add, squares))  # sums alone, which run in one native loop with the rest
        return nodes.where(norm > self.clip, self.clip / nodes.maximum(norm, self.clip), 1.0)


_SHARES = ("momentum", "decay", "beta1", "beta2")


def _check(what: str, value: Any, holds: Callable[[Any], bool], needed: str) -> None:
    if not isinstance(value, Real) or not isfinite(value) or not holds(value):
        raise SettingError(f"{what} must be {needed}; got {value!r}.")


@dataclass(frozen=True)
class SGD(Optimizer):
    """Stochastic gradient descent: ``w - lr g``."""

    def rule(self, w: Any, g: Any, state: tuple[Any, ...], lr: Any, step: Any) -> tuple[Tensor, tuple[Any, ...]]:
        """Return ``w - lr g``."""
        return w - lr * g, state


@dataclass(frozen=True)
class Momentum(Optimizer):
    """``v = momentum v - lr g``, then ``w + v`` (Polyak 1964)."""

    momentum: float = 0.9
    slots: ClassVar[int] = 1

    def rule(self, w: Any, g: Any, state: tuple[Any, ...], lr: Any, step: Any) -> tuple[Tensor, tuple[Any, ...]]:
        """Return the step of the moving average."""
        v = self.momentum * state[0] - lr * g
        return w + v, (v,)


@dataclass(frozen=True)
class Nesterov(Momentum):
    """Momentum whose gradient is that of the point ahead (Nesterov 1983; Bengio et al. 2013, eq. 7)."""

    def rule(self, w: Any, g: Any, state: tuple[Any, ...], lr: Any, step: Any) -> tuple[Tensor, tuple[Any, ...]]:
        """Return the step with the velocity of the next one."""
        v = self.momentum * state[0] - lr * g
        return w + self.momentum * v - lr * g, (v,)


@dataclass(frozen=True)
class AdaGrad(Optimizer):
    """``h = h + g**2``, then ``w - lr g / (sqrt(h) + eps)`` (Duchi et al. 2011)."""

    lr: float | Schedule = 0.01
    eps: float = 1e-7
    slots: ClassVar[int] = 1

    def rule(self, w: Any, g: Any, state: tuple[Any, ...], lr: Any, step: Any) -> tuple[Tensor, tuple[Any, ...]]:
        """Return a step that grows smaller where gradients were large."""
        h = state[0] + g * g
        return w - lr * g / (nodes.sqrt(h) + self.eps), (h,)


@dataclass(frozen=True)
class RMSProp(Optimizer):
    """``h = decay h + (1 - decay) g**2``, then ``w - lr g / (sqrt(h) + eps)`` (Tieleman and Hinton 2012)."""

    lr: float | Schedule = 0.001
    decay: float = 0.99
    eps: float = 1e-7
    slots: ClassVar[int] = 1

    def rule(self, w: Any, g: Any, state: tuple[Any, ...], lr: Any, step: Any) -> tuple[Tensor, tuple[Any, ...]]:
        """Return a step scaled by the recent size of the gradient."""
        h = self.decay * state[0] + (1 - self.decay) * (g * g)
        return w - lr * g / (nodes.sqrt(h) + self.eps), (h,)


@dataclass(frozen=True)
class Adam(Optimizer):
    """Means of the gradient and of its square, both corrected for their start at 0 (Kingma and Ba 2015)."""

    lr: float | Schedule = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    slots: ClassVar[int] = 2

    def rule(self, w: Any, g: Any, state: tuple[Any, ...], lr: Any, step: Any) -> tuple[Tensor, tuple[Any, ...]]:
        """Return the step of the corrected means."""
        m = self.beta1 * state[0] + (1 - self.beta1) * g
        v = self.beta2 * state[1] + (1 - self.beta2) * (g * g)
        if self.weight_decay and self.decoupled:
            w = w - lr * self.weight_decay * w
        # Both corrections are single numbers: an entry takes one division, of the three that the formula shows.
        rate, correction = lr / _missing(self.beta1, step), 1 / _missing(self.beta2, step)
        return w - rate * m / (nodes.sqrt(v * correction) + self.eps), (m, v)


@dataclass(frozen=True)
class AdamW(Adam):
    """`Adam` whose weight decay shrinks the weights themselves, not the gradient (Loshchilov and Hutter 2019)."""

    weight_decay: float = 0.01
    decoupled: ClassVar[bool] = True


def _missing(beta: float, step: Any) -> Any:
    """``1 - beta**step``, without the digits that float32 would lose in the subtraction."""
    return -nodes.expm1(step * log(beta)) if beta else 1.0


NAMED: dict[str, type[Optimizer]] = {
    "sgd": SGD, "momentum": Momentum, "nesterov": Nesterov, "adagrad": AdaGrad, "rmsprop": RMSProp, "adam": Adam,
    "adamw": AdamW,
}


def named(name: str, **settings: Any) -> Optimizer:
    """Return the optimiser of this name; settings that are None keep their defaults.

    >>> named("adam", lr=0.01)
    Adam(lr=0.01, weight_decay=0.0, clip=None, beta1=0.9, beta2=0.999, eps=1e-08)
    """
    if name not in NAMED:
        raise one_of("optimizer", name, NAMED)
    given = {key: value for key, value in settings.items() if value is not None}
    known = [field.name for field in fields(NAMED[name])]
    for key in given:
        if key not in known:
            raise one_of(f"setting of {name}", key, known)
    return NAMED[name](**given)


# Schedules ----------------------------------------------------------------------------------------------------------


def step_decay(lr: float, every: int, factor: float = 0.1) -> Schedule:
    """Multiply the learning rate by `factor` after every `every` steps."""
    return lambda step: lr * factor ** ((step - 1) // every)


def exponential(lr: float, factor: float) -> Schedule:
    """Multiply the learning rate by `factor` at every step."""
    return lambda step: lr * factor ** (step - 1)


def cosine(lr: float, steps: int, last: float = 0.0) -> Schedule:
    """Fall from `lr` to `last` along half a cosine in `steps` steps (Loshchilov and Hutter 2017)."""
    return lambda step: last + (lr - last) * (1 + cos(pi * min(step - 1, steps) / steps)) / 2


def warm_up(schedule: float | Schedule, steps: int) -> Schedule:
    """Rise in equal steps to the rate of another schedule, and follow that."""
    follow = schedule if callable(schedule) else lambda _: schedule
    return lambda step: follow(step) * min(1.0, step / steps)


__all__ = [
    "NAMED", "SGD", "AdaGrad", "Adam", "AdamW", "Momentum", "Nesterov", "Optimizer", "RMSProp", "cosine", "exponential",
    "named", "step_decay", "warm_up",
]
