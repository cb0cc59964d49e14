"""Training: the deck's network, and a tiny one whose products are nothing."""

from __future__ import annotations

from ..contest import contest
from ..outcome import Outcome, goal, table_of
from ..peers import OURS, PRODUCTS
from ..session import Session
from ..work import Training, describe_data

LIBRARIES = ("torch", "torch.compile", "jax", "jax.scan", "tensorflow", "tensorflow.epoch", "sklearn", "autograd",
             "mygrad")


def deck(session: Session) -> Outcome:
    """Train 784-50-10 with ReLU, batches of 100, SGD 0.1, Fashion-MNIST; a round is two epochs, one of them timed."""
    work = Training((784, 50, 10), batch=100, steps=100 if session.quick else 600)
    held = contest("784-50-10, batch 100, SGD", work, (OURS, PRODUCTS, "deck", *LIBRARIES), session)
    goals = [
        goal(held, 1.35, PRODUCTS), goal(held, 0.75, "jax.scan"), goal(held, 0.33, "torch"),
        goal(held, 0.33, "torch.compile"), goal(held, 0.37, "sklearn"), goal(held, 0.22, "deck"),
    ]
    return Outcome([table_of(held, "step")], goals, [f"Data: {describe_data(work.data)}, {work.samples:,} images."],
                   [held])


def tiny(session: Session) -> Outcome:
    """Train 2-8-8-1 with tanh on two arms of a spiral, batches of 32, SGD 0.1."""
    work = Training((2, 8, 8, 1), 32, steps=100 if session.quick else 1000, activation="tanh", initial="xavier",
                    data="spiral")
    held = contest("2-8-8-1, batch 32, SGD", work, (OURS, "deck", *LIBRARIES), session)
    goals = [goal(held, 0.03, "torch"), goal(held, 0.12, "jax"), goal(held, 0.7, "jax.scan")]
    return Outcome([table_of(held, "step")], goals, contests=[held])
