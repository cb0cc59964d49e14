"""The ops. Importing this package fills `nodes` and gives `Tensor` its operators."""

from . import (
    activation,
    arrange,
    contract,
    cumulative,
    elementwise,
    functions,
    index,
    joining,
    linalg,
    loss,
    operators,
    random,
    reduce,
    shape,
    special,
)

operators.attach()

__all__ = [
    "activation", "arrange", "contract", "cumulative", "elementwise", "functions", "index", "joining", "linalg",
    "loss", "operators", "random", "reduce", "shape", "special",
]
