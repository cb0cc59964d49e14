"""The grid: hidden sizes, batches, depths and optimisers, with the best peer of every cell."""

from __future__ import annotations

import itertools
from math import exp, log

from ..contest import Contest, contest
from ..outcome import Goal, Outcome, Table, duration, title
from ..peers import OURS, PRODUCTS
from ..session import Session
from ..work import Training

HIDDEN, BATCH, DEPTH, OPTIMIZER = (16, 50, 256, 1024), (1, 32, 100, 1000), (1, 3, 6), ("sgd", "adam")
QUICK = (50, 256), (32, 100), (1, 3), ("sgd",)
PEERS = (OURS, PRODUCTS, "torch", "jax", "jax.scan", "tensorflow.epoch", "sklearn")
EPOCH = 3e9  # operations that an epoch of a cell does, as far as FEWEST and MOST steps allow
PER_WEIGHT = {"sgd": 60, "adam": 150}  # operations that take as long as the update of a weight, which waits for memory
FEWEST, MOST = 2, 400
SECONDS, IF_CLOSE = 3.0, 100.0  # of rounds in a cell; as long as it is close
RATES = {"sgd": 0.01, "adam": 1e-4}  # small: losses of wide, deep networks must stay comparable


def cells(quick: bool) -> list[tuple[str, Training]]:
    """Return the cells with their labels.

    >>> len(cells(quick=False)), cells(quick=False)[0]
    (96, ('16 x 1, batch 1, sgd', Training(sizes=(784, 16, 10), batch=1, steps=400, optimizer='sgd', lr=0.01, \
activation='relu', initial='he', data='fashion-mnist')))
    """
    found = []
    for hidden, batch, depth, optimizer in itertools.product(*(QUICK if quick else (HIDDEN, BATCH, DEPTH, OPTIMIZER))):
        sizes = (784, *[hidden] * depth, 10)
        weights = sum(a * b for a, b in itertools.pairwise(sizes))
        cost = Training(sizes, batch).flops + PER_WEIGHT[optimizer] * weights
        steps = int(min(max(EPOCH / cost, FEWEST), MOST, 60_000 // batch))
        work = Training(sizes, batch, steps, optimizer, RATES[optimizer], initial="he")
        found.append((f"{hidden} x {depth}, batch {batch}, {optimizer}", work))
    return found


def grid(session: Session) -> Outcome:
    """Train 784-h-...-10 for every h, depth, batch and optimiser; without torch.compile, which compiles too long."""
    held = [contest(label, work, PEERS, session, SECONDS, IF_CLOSE) for label, work in cells(session.quick)]
    ratios = {cell.label: ratio for cell in held if cell.best_peer and (ratio := cell.ratio(cell.best_peer))}
    mean = exp(sum(map(log, ratios.values())) / len(ratios)) if ratios else None
    worst = max(ratios, key=lambda label: ratios[label], default=None)
    goals = [
        Goal(f"no cell slower than its best peer; the worst: {worst}", ratios[worst] if worst else None, 1.0),
        Goal("geometric mean over the cells, of the best peer of each", mean, 0.7),
    ]
    head = ("hidden x depth, batch, optimiser", "glassgrad", "best peer", "its time", "glassgrad takes, of it",
            "of the products")
    missing = {title(name): reason for cell in held for name, reason in cell.out.items()}
    ahead = sum(ratio <= 1 for ratio in ratios.values())
    notes = [f"{ahead} of {len(ratios)} cells at least as fast as the best peer.",
             *(f"{name}: {reason}" for name, reason in missing.items())]
    return Outcome([Table(head, [_row(cell) for cell in held])], goals, notes)


def _row(cell: Contest) -> tuple[str, ...]:
    best = cell.best_peer
    ours = duration(cell.times[OURS].median) if OURS in cell.times else cell.out.get(OURS, "-")
    products = cell.ratio(PRODUCTS)
    bare = "-" if products is None else f"{products:.2f}"
    if best is None:
        return cell.label, ours, "none", "-", "-", bare
    ratio = cell.ratio(best)
    return (cell.label, ours, title(best), duration(cell.times[best].median), "-" if ratio is None else f"{ratio:.2f}",
            bare)
