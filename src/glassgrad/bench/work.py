"""What is to be done, as plain data that a child process can be told: the same numbers for everybody who does it.

>>> work = Training(sizes=(784, 50, 10))
>>> from_plain(to_plain(work)) == work
True
>>> [array.shape for array in weights(work)]
[(784, 50), (50,), (50, 10), (10,)]
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from ..data import load
from ..data.toy import spiral
from ..errors import DataError
from ..nn.model import Sequential, perceptron
from ..train.batches import Shuffled

SYNTHETIC = "random numbers of the shape of Fashion-MNIST, which is not here"


@dataclass(frozen=True)
class Training:
    """Two epochs of mini-batch training from the same first weights; the second is timed.

    Data are fashion-mnist, spiral or noise. One output means two classes and the logistic loss; more mean softmax with
    cross entropy.
    """

    sizes: tuple[int, ...]
    batch: int = 100
    steps: int = 600
    optimizer: str = "sgd"
    lr: float = 0.1
    activation: str = "relu"
    initial: float | str = 0.01
    data: str = "fashion-mnist"

    @property
    def samples(self) -> int:
        """Number of samples of an epoch."""
        return self.batch * self.steps

    @property
    def flops(self) -> int:
        """Floating point operations of the matrix products of one step."""
        products = [2 * self.batch * a * b for a, b in pairwise(self.sizes)]
        return 3 * sum(products) - products[0]


@dataclass(frozen=True)
class Inference:
    """The scores of so many rows by a network, `calls` times."""

    sizes: tuple[int, ...]
    rows: int
    calls: int
    activation: str = "relu"
    initial: float | str = 0.01
    data: str = "fashion-mnist"


@dataclass(frozen=True)
class Function:
    """Value and gradient of ``sum(y)`` after so many times ``y = tanh(1.01 y + 0.1) exp(-y y) + y``, float32."""

    size: int = 1_000_000
    times: int = 10
    calls: int = 1


Work = Training | Inference | Function
KINDS: dict[str, type[Training] | type[Inference] | type[Function]] = {
    kind.__name__: kind for kind in (Training, Inference, Function)
}


def to_plain(work: Work) -> dict[str, Any]:
    """Return the work as what JSON can hold."""
    return {"kind": type(work).__name__, **asdict(work)}


def from_plain(plain: dict[str, Any]) -> Work:
    """Return the work that `to_plain` described."""
    given = dict(plain)
    kind: Callable[..., Work] = KINDS[given.pop("kind")]
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in given.items()})


def network(work: Training | Inference, divisor: float = 1.0) -> Sequential:
    """Return the network with its first weights."""
    return perceptron(*work.sizes, initial=work.initial, activation=work.activation, seed=0, divisor=divisor)


def weights(work: Training | Inference) -> list[Any]:
    """Return new copies of the first weights in float32: W1, b1, W2, b2, ..."""
    return [np.array(tensor.value) for tensor in network(work).parameters().values()]


@lru_cache(maxsize=1)
def _images() -> tuple[Any, Any, bool]:
    """Return Fashion-MNIST's training part, or noise, and whether it is the real one."""
    try:
        data = load("fashion-mnist", download=False)
    except DataError:
        return *_noise(60_000), False
    return data.x_train, data.y_train, True


def _noise(count: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (count, 784), np.uint8)
    pixels *= rng.random((count, 784), np.float32) < 0.5  # as many zeros as there are in pictures of clothes
    return pixels, rng.integers(0, 10, count)


def describe_data(name: str) -> str:
    """Return what data a work of this name will have here."""
    return SYNTHETIC if name == "fashion-mnist" and not _images()[2] else name


def raw(work: Training | Inference) -> tuple[Any, Any, float]:
    """Return samples as they came, their labels, and the raw value that means 1."""
    count = work.rows if isinstance(work, Inference) else work.samples
    if work.data == "spiral":
        data = spiral(examples=max(count, 100), classes=2, test=1)
        x, t = data.x_train.astype(np.float32), data.y_train
        divisor = 1.0
    else:
        x, t = _noise(count) if work.data == "noise" else _images()[:2]
        divisor = 255.0
    if len(x) < count:
        chosen = np.arange(count) % len(x)
        return x[chosen], t[chosen], divisor
    return x[:count], t[:count], divisor


def scaled(work: Training | Inference) -> tuple[Any, Any]:
    """Return samples as float32 numbers around 1, and labels."""
    x, t, divisor = raw(work)
    return np.divide(x, np.float32(divisor), dtype=np.float32), t


def orders(work: Training) -> list[Any]:
    """Return, for both epochs, in which order the samples are seen: that of `glassgrad.train.fit` with seed 0."""
    plan = Shuffled(work.samples, work.batch, 0)
    return [np.concatenate(list(plan.epoch(number))) for number in (0, 1)]


def points(work: Function) -> Any:
    """Return where the function is asked."""
    return np.random.default_rng(0).standard_normal(work.size, np.float32)


def repeated(xp: Any, y: Any, times: int) -> Any:
    """Return the function of `Function` before the sum, in any library that has ``tanh`` and ``exp``."""
    for _ in range(times):
        y = xp.tanh(1.01 * y + 0.1) * xp.exp(-y * y) + y
    return y
