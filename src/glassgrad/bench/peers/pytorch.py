"""PyTorch: eager, or with forward pass, loss and backward pass by `torch.compile`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from ..job import AbsentError, Calls, Epochs, Job, centred, sampled
from ..work import Function, Inference, Training, orders, points, repeated, scaled, weights


def _compile(function: Callable[..., Any]) -> Callable[..., Any]:
    import torch

    if not any(shutil.which(name) for name in (os.environ.get("CXX", ""), "g++", "clang++", "c++") if name):
        raise AbsentError("torch.compile needs a C++ compiler, and there is none: install g++")
    torch.compiler.reset()  # every work is its own program
    return torch.compile(function, dynamic=False)


def _module(work: Training | Inference) -> Any:
    import torch

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    layers: list[Any] = []
    for inputs, outputs in pairwise(work.sizes):
        layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU() if work.activation == "relu" else torch.nn.Tanh()]
    return torch.nn.Sequential(*layers[:-1])


def _fill(model: Any, arrays: list[Any]) -> None:
    import torch

    with torch.no_grad():
        for own, array in zip(model.parameters(), arrays, strict=True):
            own.copy_(torch.from_numpy(array.T if array.ndim == 2 else array))


def train(work: Training, compiled: bool = False) -> Job:
    """Train an `nn.Sequential` with `torch.optim`."""
    import torch

    x, t = (torch.from_numpy(array) for array in scaled(work))
    first, model = weights(work), _module(work)
    if work.sizes[-1] == 1:
        t = t.to(torch.float32)[:, None]
    criterion = torch.nn.BCEWithLogitsLoss() if work.sizes[-1] == 1 else torch.nn.CrossEntropyLoss()
    adam = work.optimizer == "adam"  # its fused form is the fastest; of SGD, the plain one
    rule = torch.optim.Adam(model.parameters(), work.lr, fused=True) if adam else torch.optim.SGD(
        model.parameters(), work.lr)

    def loss(x: Any, t: Any) -> Any:
        return criterion(model(x), t)

    forward = _compile(loss) if compiled else loss

    def start() -> None:
        _fill(model, first)
        rule.state.clear()

    def epoch(_: None, order: Any) -> tuple[None, float]:
        total = torch.zeros(())
        for chosen in order.split(work.batch):
            value = forward(x.index_select(0, chosen), t.index_select(0, chosen))
            rule.zero_grad()
            value.backward()
            rule.step()
            total += value.detach()
        return None, total.item() / work.steps

    return Epochs(start, epoch, [torch.from_numpy(order) for order in orders(work)], work.steps)


def infer(work: Inference, compiled: bool = False) -> Job:
    """Ask the module for scores, with no graph kept."""
    import torch

    x, model = torch.from_numpy(scaled(work)[0]), _module(work)
    _fill(model, weights(work))
    forward = _compile(model.eval()) if compiled else model.eval()

    def call() -> Any:
        with torch.inference_mode():
            return forward(x)

    return Calls(call, work.calls, lambda scores: centred(scores.numpy()))


def function(work: Function, compiled: bool = False) -> Job:
    """Value and gradient of an expression."""
    import torch

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    x = torch.from_numpy(points(work)).requires_grad_()

    def value(y: Any) -> Any:
        return repeated(torch, y, work.times).sum()

    forward = _compile(value) if compiled else value

    def call() -> tuple[float, Any]:
        x.grad = None
        total = forward(x)
        total.backward()
        return total.item(), x.grad

    return Calls(call, work.calls, lambda found: sampled(found[0], found[1].numpy()))
