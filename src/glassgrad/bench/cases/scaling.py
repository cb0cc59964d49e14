"""What it costs when the work doubles: batch, width, number of samples."""

from __future__ import annotations

from ..contest import contest
from ..outcome import Outcome, Table, duration, slope
from ..peers import OURS, PRODUCTS
from ..session import Session
from ..work import Training

BATCHES, WIDTHS, STEPS = (50, 100, 200, 400, 800), (32, 64, 128, 256, 512), (75, 150, 300, 600)


def scaling(session: Session) -> Outcome:
    """Train 784-50-10 while one size doubles and doubles again; slope 1 means: the time doubles with the size."""
    steps = 20 if session.quick else 75
    series = {
        "batch, time of a step": [(size, Training((784, 50, 10), size, steps)) for size in BATCHES],
        "width, time of a step": [(size, Training((784, size, 10), 100, steps)) for size in WIDTHS],
        "samples, time of an epoch": [(100 * size, Training((784, 50, 10), 100, size)) for size in STEPS],
    }
    tables, notes = [], []
    for what, points in series.items():
        sizes = [float(size) for size, _ in points]
        found = {OURS: [], PRODUCTS: []}  # type: dict[str, list[float]]
        for size, work in points:
            held = contest(f"scaling, {what.split(',')[0]} {size}", work, (OURS, PRODUCTS), session, 5.0)
            units = work.steps if "epoch" in what else 1
            for name in [name for name in found if name in held.times]:
                found[name].append(held.times[name].median * units)
        whole = {name: times for name, times in found.items() if len(times) == len(sizes)}
        rows = [(f"{size:g}", *map(duration, row)) for size, *row in zip(sizes, *whole.values(), strict=True)]
        tables.append(Table((what, *whole), rows))
        flops = [work.flops * (work.steps if "epoch" in what else 1) for _, work in points]
        slopes = [f"{name} {slope(sizes, times):.2f}" for name, times in whole.items()]
        notes.append(f"Slope of {what}: {', '.join(slopes)}; operations {slope(sizes, flops):.2f}.")
    return Outcome(tables, [], notes)
