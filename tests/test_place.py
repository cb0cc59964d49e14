"""Where a node stands: lines of the caller's program, and nothing where there is none."""

from __future__ import annotations

import _thread
import types
from pathlib import Path
from typing import Any

import pytest

import glassgrad as gg
from glassgrad import place, tree
from glassgrad.place import Location, at, inside, locate, located, site


def test_a_place_is_this_line() -> None:
    here = locate(site_of_caller())
    assert here is not None
    assert (here.file, here.line) == (__file__, test_a_place_is_this_line.__code__.co_firstlineno + 1)
    assert str(here) == f"test_place.py:{here.line}"


def site_of_caller() -> Any:
    return site()


def test_no_place_is_nothing() -> None:
    assert locate(None) is None
    assert at(None) == ""


def test_a_message_gets_its_place_once() -> None:
    def say(message: str) -> str:
        return located(message)

    def ask() -> tuple[str, str]:
        return say("no"), say(say("no"))

    once, twice = ask()
    assert once.startswith("no (")
    assert once.count("(") == 1
    assert twice.count("no") == 1


def test_a_location_names_its_file_without_the_folder() -> None:
    assert str(Location("/a/b/model.py", 12, "loss")) == "model.py:12"


def test_nodes_stand_where_they_are_told_to() -> None:
    with gg.scope("a") as a, gg.scope("b"):
        with inside((a,)):
            x = gg.tensor(1.0)
        y = x + 1
    assert (x.path, y.path) == ("a", "a/b")


def test_a_program_of_the_library_is_told_by_its_own_line() -> None:
    """Code outside this package comes first; where there is none, as in a thread of its own, code outside the core."""

    def command() -> None:
        found.append(tree.map_leaves(gg.tensor, [1.0])[0])
        done.release()

    found: list[gg.Tensor] = []
    done = _thread.allocate_lock()
    done.acquire()
    module = str(Path(tree.__file__).with_name("cli.py"))
    own = command.__code__.replace(co_filename=module)
    _thread.start_new_thread(types.FunctionType(own, globals(), closure=command.__closure__), ())
    assert done.acquire(timeout=10)
    assert found[0].where.file == tree.__file__
    assert tree.map_leaves(lambda x: gg.tensor(x), [1.0])[0].where.file == __file__


def test_where_all_code_is_of_the_library_the_core_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "_PACKAGE", "")
    assert gg.tensor(1.0).where.file == __file__


def test_every_line_of_a_long_statement_is_told() -> None:
    nodes = [
        gg.tensor(1.0),
        gg.tensor(2.0),
    ]
    assert nodes[1].where.line - nodes[0].where.line == 1
