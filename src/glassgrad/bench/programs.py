"""Programs as users of each library write them, from reading the files to the last epoch; one file, run from the shell.

    python -P programs.py PEER FOLDER [--until 0.85] [--epochs 20] [--seed 0]

FOLDER holds Fashion-MNIST as it is published. The network is the deck's; the seed decides its first weights and the
order of samples, the same for all (scikit-learn shuffles by itself). It is trained by epochs of 600 steps until the
test accuracy is reached (with --until), else for all epochs. Prints one JSON object. This file imports NumPy alone, and
of the libraries only the one that it is told to use, so that the time and memory of a process are that library's.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

BATCH, RATE = 100, 0.1


def read(folder: str, name: str) -> Any:
    """Return one of the four files as an array of bytes, images as rows."""
    path = next(path for path in (Path(folder, name), Path(folder, f"{name}.gz")) if path.exists())
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    if name.endswith("idx1-ubyte"):
        return np.frombuffer(data, np.uint8, offset=8)
    return np.frombuffer(data, np.uint8, offset=16).reshape(-1, 784)


def scaled(x: Any, dtype: type = np.float32) -> Any:
    """Return pixels as numbers from 0 to 1."""
    return np.divide(x, dtype(255), dtype=dtype)


def first_weights(seed: int) -> list[Any]:
    """Return W1, b1, W2, b2."""
    rng = np.random.default_rng(seed)
    W1, W2 = (np.float32(0.01 * rng.standard_normal(shape)) for shape in ((784, 50), (50, 10)))
    return [W1, np.zeros(50, np.float32), W2, np.zeros(10, np.float32)]


def batches(seed: int, epoch: int) -> Any:
    """Return the rows of every batch of an epoch: (600, 100)."""
    rng = np.random.Generator(np.random.Philox(key=[seed, 1], counter=[0, 0, epoch, 0]))
    return rng.permutation(60_000).reshape(-1, BATCH)


def memory() -> tuple[int, int]:
    """Return the bytes that this process holds in memory, and the most it has held since `forget`."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    now, most = (int(lines[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))
    return now, most


def forget() -> None:
    """Let the most memory be counted from now on."""
    Path("/proc/self/clear_refs").write_text("5")


@dataclass
class Diary:
    """What a run reports: accuracies, and the memory of each epoch where the system tells (Linux)."""

    until: float | None
    data: int = 0
    accuracies: list[float] = field(default_factory=list)
    held: list[int] = field(default_factory=list)  # before each epoch
    most: list[int] = field(default_factory=list)  # within each epoch
    linux: bool = sys.platform == "linux"

    def ready(self, *arrays: Any) -> None:
        """Note that the data are these arrays, and the training is about to begin."""
        self.data = sum(array.nbytes for array in arrays)
        self._begin()

    def _begin(self) -> None:
        if self.linux:
            forget()
            self.held.append(memory()[0])

    def epoch_done(self, accuracy: Callable[[], float]) -> bool:
        """Note the end of an epoch; return whether the accuracy is reached."""
        if self.linux:
            self.most.append(memory()[1])
        if self.until is not None:
            self.accuracies.append(accuracy())
        self._begin()
        return self.until is not None and self.accuracies[-1] >= self.until

    def report(self) -> str:
        """Return it as JSON."""
        return json.dumps({"data": self.data, "accuracies": self.accuracies, "held": self.held, "most": self.most})


def glassgrad(files: list[Any], epochs: int, seed: int, diary: Diary) -> None:
    """Bytes stay bytes; `fit` runs the epochs and reports the accuracy."""
    import glassgrad as gg

    x, t, x_test, t_test = files
    model = gg.nn.TwoLayerNet(784, 50, 10, seed=seed, divisor=255)
    diary.ready(x)
    gg.train.fit(
        model, (x, t), test=None if diary.until is None else (x_test, t_test), epochs=epochs, batch=BATCH, seed=seed,
        optimizer=gg.optim.SGD(RATE), callbacks=[lambda now: diary.epoch_done(lambda: now.row["test_accuracy"])],
    )


def torch(files: list[Any], epochs: int, seed: int, diary: Diary) -> None:
    """Eager."""
    import torch
    from torch import nn

    x, t, x_test, t_test = (torch.from_numpy(scaled(a) if a.ndim == 2 else a.astype(np.int64)) for a in files)
    model = nn.Sequential(nn.Linear(784, 50), nn.ReLU(), nn.Linear(50, 10))
    with torch.no_grad():
        for own, array in zip(model.parameters(), first_weights(seed), strict=True):
            own.copy_(torch.from_numpy(array).T)
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=RATE)

    def accuracy() -> float:
        with torch.inference_mode():
            return (model(x_test).argmax(1) == t_test).float().mean().item()

    diary.ready(x)
    for epoch in range(epochs):
        for chosen in torch.from_numpy(batches(seed, epoch)):
            optimizer.zero_grad()
            criterion(model(x.index_select(0, chosen)), t.index_select(0, chosen)).backward()
            optimizer.step()
        if diary.epoch_done(accuracy):
            return


def jax(files: list[Any], epochs: int, seed: int, diary: Diary, scan: bool = True) -> None:
    """The whole epoch, or each step, as one compiled program."""
    import jax
    import jax.numpy as jnp

    x, t, x_test, t_test = (jax.device_put(scaled(a) if a.ndim == 2 else a.astype(np.int32)) for a in files)
    parameters = [jnp.asarray(array) for array in first_weights(seed)]

    def scores(parameters: list[Any], x: Any) -> Any:
        W1, b1, W2, b2 = parameters
        return jax.nn.relu(x @ W1 + b1) @ W2 + b2

    def loss(parameters: list[Any], x: Any, t: Any) -> Any:
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(scores(parameters, x)), t[:, None], axis=1))

    def step(parameters: list[Any], x: Any, t: Any, chosen: Any) -> list[Any]:
        gradients = jax.grad(loss)(parameters, x[chosen], t[chosen])
        return [w - RATE * g for w, g in zip(parameters, gradients, strict=True)]

    def whole(parameters: list[Any], x: Any, t: Any, order: Any) -> list[Any]:
        return jax.lax.scan(lambda p, chosen: (step(p, x, t, chosen), None), parameters, order)[0]

    program = jax.jit(whole if scan else step, donate_argnums=0)
    right = jax.jit(lambda parameters: jnp.mean(scores(parameters, x_test).argmax(1) == t_test))

    def accuracy(now: list[Any]) -> Callable[[], float]:
        return lambda: float(right(now))

    diary.ready(x)
    for epoch in range(epochs):
        order = batches(seed, epoch).astype(np.int32)
        for chosen in [order] if scan else order:
            parameters = program(parameters, x, t, chosen)
        jax.block_until_ready(parameters)
        if diary.epoch_done(accuracy(parameters)):
            return


def jax_step(files: list[Any], epochs: int, seed: int, diary: Diary) -> None:
    """Each step as one compiled program."""
    jax(files, epochs, seed, diary, scan=False)


def tensorflow(files: list[Any], epochs: int, seed: int, diary: Diary) -> None:
    """The whole epoch as one compiled program."""
    import tensorflow as tf

    x, t, x_test, t_test = (tf.cast(a, tf.float32) / 255 if a.ndim == 2 else tf.cast(a, tf.int32) for a in files)
    parameters = W1, b1, W2, b2 = [tf.Variable(array) for array in first_weights(seed)]

    def scores(x: Any) -> Any:
        return tf.nn.relu(x @ W1 + b1) @ W2 + b2

    def whole(order: Any) -> None:
        for chosen in order:
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(
                    labels=tf.gather(t, chosen), logits=scores(tf.gather(x, chosen))))
            for w, g in zip(parameters, tape.gradient(loss, parameters), strict=True):
                w.assign_sub(RATE * g)

    program = tf.function(whole, jit_compile=True)

    def accuracy() -> float:
        return float(np.mean(scores(x_test).numpy().argmax(axis=1) == t_test.numpy()))

    diary.ready(memoryview(x))
    for epoch in range(epochs):
        program(tf.constant(batches(seed, epoch).astype(np.int32)))
        if diary.epoch_done(accuracy):
            return


def sklearn(files: list[Any], epochs: int, seed: int, diary: Diary) -> None:
    """An epoch for each `partial_fit`; it shuffles by itself."""
    from sklearn.neural_network import MLPClassifier

    x, t, x_test, t_test = (scaled(a) if a.ndim == 2 else a for a in files)
    model = MLPClassifier((50,), solver="sgd", learning_rate_init=RATE, momentum=0.0, alpha=0.0, batch_size=BATCH,
                          random_state=seed)
    model.partial_fit(x[:BATCH], t[:BATCH], classes=np.arange(10))  # makes the arrays, which are filled then
    W1, b1, W2, b2 = first_weights(seed)
    for own, array in zip(model.coefs_ + model.intercepts_, (W1, W2, b1, b2), strict=True):
        own[...] = array
    diary.ready(x)
    for _ in range(epochs):
        model.partial_fit(x, t)
        if diary.epoch_done(lambda: float(model.score(x_test, t_test))):
            return


def deck(files: list[Any], epochs: int, seed: int, diary: Diary) -> None:
    """The lecture's way: float64, one-hot labels, every gradient an array."""
    x, x_test = scaled(files[0], np.float64), scaled(files[2], np.float64)
    t = np.eye(10)[files[1]]
    W1, b1, W2, b2 = (array.astype(np.float64) for array in first_weights(seed))

    def accuracy() -> float:
        scores = np.dot(np.maximum(np.dot(x_test, W1) + b1, 0), W2) + b2
        return float(np.mean(scores.argmax(axis=1) == files[3]))

    diary.ready(x)
    for epoch in range(epochs):
        for chosen in batches(seed, epoch):
            images = x[chosen]
            a1 = np.dot(images, W1) + b1
            h = np.maximum(a1, 0)
            a2 = np.dot(h, W2) + b2
            y = np.exp(a2 - a2.max(axis=1, keepdims=True))
            d2 = (y / y.sum(axis=1, keepdims=True) - t[chosen]) / BATCH
            d1 = np.dot(d2, W2.T) * (a1 > 0)
            W1 -= RATE * np.dot(images.T, d1)
            b1 -= RATE * d1.sum(axis=0)
            W2 -= RATE * np.dot(h.T, d2)
            b2 -= RATE * d2.sum(axis=0)
        if diary.epoch_done(accuracy):
            return


PROGRAMS: dict[str, Callable[[list[Any], int, int, Diary], None]] = {
    "glassgrad": glassgrad, "torch": torch, "jax": jax_step, "jax.scan": jax, "tensorflow.epoch": tensorflow,
    "sklearn": sklearn, "deck": deck,
}


def main() -> None:
    """Run one program."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("peer", choices=PROGRAMS)
    parser.add_argument("folder")
    parser.add_argument("--until", type=float)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    files = [read(given.folder, f"{part}-{kind}-ubyte") for part in ("train", "t10k")
             for kind in ("images-idx3", "labels-idx1")]
    diary = Diary(given.until)
    PROGRAMS[given.peer](files, given.epochs, given.seed, diary)
    print(diary.report())


if __name__ == "__main__":
    main()
