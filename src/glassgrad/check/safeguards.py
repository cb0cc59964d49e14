"""Every safeguard of the prover by name; each can be left out, to show what it is good for.

``check_gradient(f, x, vjp=rule, without=["linear"])`` judges as if the test of linearity did not exist. The suite has a
case for each that is judged wrongly without it.
"""

from __future__ import annotations

SAFEGUARDS = {
    "forward": "the forward function leaves its inputs alone and is not random",
    "inputs kept": "the rule changes none of the arrays it is handed",
    "own memory": "gradients share memory with nothing",
    "dtype": "a gradient has the dtype of its input",
    "repeatable": "the same call gives the same bits, also after another forward pass",
    "finite": "a finite output has finite gradients",
    "linear": "0, -1, 4 and 2**20 times g give that multiple of the gradient",
    "signed": "cotangents have both signs",
    "consistent": "a dense cotangent gives the sum of what its entries give",
    "layouts": "the layout of arrays in memory changes nothing",
    "float32": "in float32 the rule gives what it gives in float64, rounded",
    "sizes": "the rule holds for other batch sizes, for none and for single numbers",
    "points": "the rule holds at other points",
    "exercised": "a point at which everything is 0 says nothing",
    "finer agrees": "an estimate counts only if every finer quotient agrees with it",
    "second ladder": "two ladders of different steps must agree",
    "noise": "the function's own noise is measured",
    "conditioning": "how far rounding moves the claim itself is measured",
    "reach": "what no step can show before rounding would hide it is no disagreement",
    "hull": "at kinks the whole gradient lies in the convex hull of those nearby",
    "escalation": "where float64 says too little, more digits are used: the next three",
    "long double": "extended precision",
    "twin": "50 digits, for graphs and for the library's own ops",
    "complex step": "derivatives along the imaginary axis",
}
