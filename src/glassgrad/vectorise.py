"""`vmap`: write a function for one example, and call it with many.

>>> import numpy as np
>>> import glassgrad as gg
>>> slopes = gg.vmap(gg.grad(lambda x: gg.sum(x * x)))
>>> slopes(np.array([[1.0, 2.0], [3.0, 4.0]]))
array([[2., 4.],
       [6., 8.]])
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .array_type import ArrayType
from .batch import Given, batched
from .build import ancestors, as_tensor, placeholder
from .errors import SettingError, ShapeError, refuse_no_function
from .graph import Tensor, nodes, type_of
from .transform import differentiated_around
from .tree import Tree, flatten


def vmap(function: Callable[..., Any], in_axes: Any = 0, out_axes: Any = 0) -> Callable[..., Any]:
    """Return `function`, written for one example, as a function of many at once.

    Parameters
    ----------
    function : callable
        Traced for one example, so it may not ask an array that is mapped for its value or truth.
    in_axes : int, None, or a tuple or other container of them
        Which axis of an argument counts the examples; None: the argument is the same for all of them. One entry
        holds for all arguments; a tuple has an entry for each, which holds for all arrays in that argument, or is a
        container like it.
    out_axes : int, or a container of them
        Which axis of a result counts the examples.

    Returns
    -------
    callable
        Takes and returns what `function` does, with an axis more. Arrays in give arrays; where a Tensor is among the
        arguments the results are Tensors, and can be differentiated.

    Raises
    ------
    ShapeError
        If the mapped axes differ in size, or an argument has no such axis.
    SettingError
        If no argument is mapped, or `in_axes` does not fit the arguments.

    Examples
    --------
    >>> import numpy as np
    >>> import glassgrad as gg
    >>> weigh = gg.vmap(lambda p, x: p["w"] * gg.sum(x), in_axes=(None, 1))
    >>> weigh({"w": 10.0}, np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([40., 60.])
    """
    refuse_no_function("vmap", function)

    def mapped(*args: Any) -> Any:
        leaves, takes = flatten(args)
        axes = [_axis(axis, leaf) for axis, leaf in zip(_spread(in_axes, takes, "in_axes"), leaves, strict=True)]
        count = _count(leaves, axes)
        one = [leaf if axis is None else placeholder(_without(type_of(leaf), axis))
               for leaf, axis in zip(leaves, axes, strict=True)]
        around = differentiated_around()
        results, gives = flatten(function(*takes.unflatten(one)))
        outputs = [as_tensor(leaf) for leaf in results]
        chosen = [(node, leaf, axis) for node, leaf, axis in zip(one, leaves, axes, strict=True) if axis is not None]
        given: list[Given] = [(_to_front(as_tensor(leaf), axis), True) for _, leaf, axis in chosen]
        found = batched(outputs, [node for node, _, _ in chosen], given, count)
        found = [_from_front(node, axis) for node, axis in
                 zip(found, _spread(out_axes, gives, "out_axes"), strict=True)]
        symbolic = any(isinstance(leaf, Tensor) for leaf in leaves) or not around.isdisjoint(ancestors(outputs))
        return gives.unflatten(node if symbolic or node.value is None else node.value for node in found)

    return mapped


def _spread(axes: Any, tree: Tree, what: str) -> list[int | None]:
    """Return an axis for every leaf of `tree`; an entry that is no container holds for all below it."""
    if axes is None or isinstance(axes, int):
        return [axes] * len(tree.paths())
    leaves, keys = _entries(axes)
    if keys != tree.keys:
        raise SettingError(f"vmap: {what}={axes!r} does not fit {len(tree.children)} arguments or entries: give one "
                           "number for all, or one for each.")
    return [axis for entry, child in zip(leaves, tree.children, strict=True) for axis in _spread(entry, child, what)]


def _entries(axes: Any) -> tuple[list[Any], tuple[Any, ...]]:
    if isinstance(axes, dict):
        return list(axes.values()), tuple(axes)
    if isinstance(axes, (tuple, list)):
        return list(axes), tuple(range(len(axes)))
    raise SettingError(f"vmap: an axis is an integer or None; got {axes!r}.")


def _axis(axis: int | None, leaf: Any) -> int | None:
    if axis is None:
        return None
    ndim = type_of(leaf).ndim
    if not -ndim <= axis < ndim:
        raise ShapeError(
            f"vmap: axis {axis} of an argument of shape {type_of(leaf).shape} was to count the examples; it has no "
            "such axis. Say which one has, or None for what all examples share: in_axes=(0, None)."
        )
    return axis % ndim


def _count(leaves: list[Any], axes: list[int | None]) -> int:
    sizes = {type_of(leaf).shape[axis] for leaf, axis in zip(leaves, axes, strict=True) if axis is not None}
    if not sizes:
        raise SettingError("vmap: no argument is mapped (in_axes is None everywhere): call the function itself.")
    if len(sizes) > 1:
        raise ShapeError(f"vmap: the mapped axes have the sizes {sorted(sizes)}; one number of examples is needed.")
    return sizes.pop()


def _without(type: ArrayType, axis: int) -> ArrayType:
    return ArrayType(type.shape[:axis] + type.shape[axis + 1 :], type.dtype)


def _to_front(node: Tensor, axis: int) -> Tensor:
    others = [i for i in range(node.ndim) if i != axis]
    return nodes.transpose(node, (axis, *others)) if axis else node


def _from_front(node: Tensor, axis: int | None) -> Tensor:
    if axis is None or not -node.ndim <= axis < node.ndim:
        raise SettingError(f"vmap: out_axes={axis} is no axis of a result of {node.ndim} axes; use 0.")
    order = list(range(1, node.ndim))
    order.insert(axis % node.ndim, 0)
    return nodes.transpose(node, order) if order[0] else node
