"""PyTorch functions, modules and `torch.autograd.Function`s as a `Subject`; loads only when one is checked."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import GradientError
from .arguments import name_of
from .subject import Array, Subject


def of_torch(f: Any, args: tuple[Any, ...]) -> Subject:
    """Return the subject for a function on torch tensors; of a module, the parameters are checked too.

    Everything is computed in float64 on the CPU, on copies.
    """
    import copy

    import torch

    tensors = [torch.as_tensor(a).detach().cpu() for a in args]
    chosen = [position for position, t in enumerate(tensors) if t.is_floating_point()]
    module = copy.deepcopy(f).double().cpu() if isinstance(f, torch.nn.Module) else None
    names = [name for name, p in module.named_parameters() if p.requires_grad] if module is not None else []
    if not chosen and not names:
        raise GradientError("none of the torch tensors holds floats: there is nothing to differentiate.")
    is_rule = isinstance(f, type) and issubclass(f, torch.autograd.Function)
    function = getattr(f, "apply") if is_rule else f  # noqa: B009 - torch may not be there to say that it has one

    def call(floats: tuple[Array, ...], leaves: bool) -> tuple[Any, list[Any]]:
        given = [torch.tensor(np.asarray(a), requires_grad=leaves) for a in floats]
        whole = list(tensors)
        for position, t in zip(chosen, given[: len(chosen)], strict=True):
            whole[position] = t
        if module is None:
            return function(*whole), given
        weights = dict(zip(names, given[len(chosen):], strict=True))
        return torch.func.functional_call(module, weights, tuple(whole)), given

    def forward(*floats: Array) -> Array:
        if any(np.asarray(a).dtype.kind != "f" or np.asarray(a).dtype.itemsize > 8 for a in floats):
            raise TypeError("torch has float32 and float64")
        return call(floats, False)[0].detach().numpy()

    def rule(g: Array, _: Array, *floats: Array) -> tuple[Array, ...]:
        output, given = call(floats, True)
        seed = torch.tensor(np.asarray(g)).to(output.dtype)
        found = torch.autograd.grad(output, given, seed, allow_unused=True)
        return tuple(np.zeros(t.shape) if d is None else d.numpy().copy() for d, t in zip(found, given, strict=True))

    own = dict(module.named_parameters()) if module is not None else {}
    arrays = (*[tensors[p].double().numpy().copy() for p in chosen],
              *[own[name].detach().numpy().copy() for name in names])
    labels = (*(["x"] if len(chosen) == 1 else [f"argument {p}" for p in chosen]), *names)
    return Subject(name_of(f), forward, rule, arrays, labels, foreign=False)
