"""The figures as JSON and as a page of Markdown tables."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from .cases import CASES
from .outcome import Outcome, Table, duration, title
from .peers import OURS


def to_json(outcome: Outcome) -> dict[str, Any]:
    """Return what came of a case as what JSON can hold."""
    goals = [{**asdict(goal), "met": goal.met} for goal in outcome.goals]
    return {"tables": [asdict(table) for table in outcome.tables], "goals": goals, "notes": outcome.notes}


def page(machine: dict[str, Any], outcomes: dict[str, Outcome], when: str, command: str) -> str:
    """Return the Markdown page: the machine, a summary, then every case with its tables and goals."""
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    cores = "1 core" if machine["cores"] == 1 else f"{machine['cores']} cores"
    how = "pinned" if machine["pinned"] else "not pinned: the system cannot do it"
    head = (f"Printed by `{command}` on {when}: {machine['processor']}, {machine['system']}, {cores} of "
            f"{machine['processors']} ({how}). {versions}.")
    short = summary(outcomes)
    parts = ["# Performance: the figures", head, *([markdown(short)] if short.rows else [])]
    return "\n\n".join([*parts, *(section(name, outcome) for name, outcome in outcomes.items())]) + "\n"


def summary(outcomes: dict[str, Outcome]) -> Table:
    """Return glassgrad beside the fastest other library, a row for each contest that both took part in."""
    rows: list[tuple[str, ...]] = []
    for name, outcome in outcomes.items():
        for held in outcome.contests:
            best = held.best_peer
            if best is not None and OURS in held.times:
                rows.append((f"{CASES[name].title}: {held.label}", duration(held.times[OURS].median), title(best),
                             duration(held.times[best].median), f"{held.ratio(best):.2f}"))
    head = ("one step, or one call", "glassgrad", "the fastest other", "its time", "glassgrad takes, of it")
    return Table(head, rows)


def section(name: str, outcome: Outcome) -> str:
    """Return one case as Markdown."""
    case = CASES[name]
    parts = [f"## {case.title}", case.about, *(markdown(table) for table in outcome.tables), *outcome.notes]
    if outcome.goals:
        parts.append("\n".join(f"- {goal}" for goal in outcome.goals))
    return "\n\n".join(parts)


def markdown(table: Table) -> str:
    """Return a table in Markdown.

    >>> print(markdown(Table(("", "time"), [("ours", "1 us")])))
    |  | time |
    | --- | --- |
    | ours | 1 us |
    """
    rows = [table.head, ("---",) * len(table.head), *table.rows]
    lines = ["| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in rows]
    return (f"{table.caption}\n\n" if table.caption else "") + "\n".join(lines)
