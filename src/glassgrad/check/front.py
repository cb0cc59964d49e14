"""The one function to call: whatever has a forward and a backward pass, judged.

>>> import numpy as np
>>> report = check_gradient(np.sin, np.array([0.5, 2.0]), vjp=lambda g, y, x: g * np.cos(x))
>>> print(report.verdict, bool(report))
CORRECT True
>>> print(check_gradient(np.sin, np.array([0.5, 2.0]), vjp=lambda g, y, x: -g * np.cos(x)).cause)
sign
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..errors import SettingError, one_of
from ..graph import Tensor
from ..trace import Graph
from .adapters import subject_of
from .graph_proof import prove_graph
from .prove import prove
from .safeguards import SAFEGUARDS
from .verdict import Report


def check_gradient(
    f: Any, *args: Any, vjp: Callable[..., Any] | None = None, resolution: float = 1e-3, seed: int = 0,
    time_limit: float = 60.0, without: Iterable[str] = (),
) -> Report:
    """Judge a gradient: measure the slopes of `f`, each with an error bar, and compare what is claimed for them.

    Parameters
    ----------
    f : callable, Graph, Tensor or object with ``forward`` and ``backward``
        A function on Tensors (its rules are those of glassgrad); a NumPy function together with `vjp`; a Graph; a
        Tensor with its history; a layer with the deck's protocol, whose inputs and parameters are all checked; an
        object with ``loss`` and ``gradient``, as scikit-learn has them; a PyTorch function or module if `args` are
        torch tensors; a JAX function if they are JAX arrays.
    *args : array_like
        The point. Integer arguments, such as labels, are held fixed. The arrays are left as they are.
    vjp : callable ``(g, y, *args) -> gradients``, optional
        The claimed rule: for a cotangent `g` of the output `y`, one gradient for every argument.
    resolution : float
        Slopes that cannot be measured to this relative precision make the verdict NOISE.
    seed : int
    time_limit : float
        Seconds after which the check ends with what it has, in the middle of a call if need be.
    without : iterable of str
        Safeguards to leave out, by their names in `glassgrad.check.safeguards`. Only to show what each is good for.

    Returns
    -------
    Report

    Raises
    ------
    SettingError, DtypeError, GradientError
        If the settings or arguments cannot be used.

    Examples
    --------
    >>> import glassgrad as gg
    >>> print(check_gradient(gg.tanh, [0.3, -2.0]).verdict)
    CORRECT
    """
    if not 0 < resolution < 1:
        raise SettingError(f"resolution is {resolution}: give a relative precision between 0 and 1, such as 1e-3.")
    for name in (left_out := frozenset(without)):
        if name not in SAFEGUARDS:
            raise one_of("without", name, SAFEGUARDS)
    if isinstance(f, (Graph, Tensor)) and vjp is None:
        return prove_graph(f, *args, seed=seed, time_limit=time_limit, coarse_bar=resolution)
    subject = subject_of(f, args, vjp)
    return prove(subject, coarse_bar=resolution, seed=seed, time_limit=time_limit, without=left_out)
