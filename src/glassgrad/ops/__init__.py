"""The ops. Importing this package fills `nodes` and gives `Tensor` its operators."""

from . import activation, elementwise, index, linalg, loss, operators, random, reduce, shape

operators.attach()

__all__ = ["activation", "elementwise", "index", "linalg", "loss", "operators", "random", "reduce", "shape"]
