"""Calls instead of training: predictions, and value and gradient of an expression."""

from __future__ import annotations

from ..contest import contest
from ..outcome import Outcome, best_goal, goal, table_of
from ..peers import OURS
from ..session import Session
from ..work import Function, Inference


def inference(session: Session) -> Outcome:
    """Scores of one image and of a thousand by 784-50-10; inputs are float32 arrays of each library's own kind."""
    peers = (OURS, "numpy", "torch", "torch.compile", "jax", "tensorflow", "sklearn", "onnxruntime")
    one = contest("784-50-10, 1 row", Inference((784, 50, 10), 1, 200 if session.quick else 2000), peers, session)
    many = contest("784-50-10, 1000 rows", Inference((784, 50, 10), 1000, 5 if session.quick else 50), peers, session)
    goals = [goal(one, 0.3, "torch"), goal(one, 0.8, "numpy"), best_goal(many, 1.0)]
    return Outcome([table_of(one, "call"), table_of(many, "call")], goals, contests=[one, many])


def function(session: Session) -> Outcome:
    """Value and gradient of sum(y), after ten times y = tanh(1.01 y + 0.1) exp(-y y) + y, on 1,000,000 float32."""
    work = Function(100_000) if session.quick else Function()
    peers = (OURS, "torch", "torch.compile", "jax", "tensorflow", "autograd", "mygrad")
    held = contest(f"{work.size:,} numbers", work, peers, session)
    goals = [goal(held, 0.4, "jax"), goal(held, 0.4, "torch")]
    return Outcome([table_of(held, "call")], goals, contests=[held])
