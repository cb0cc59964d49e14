"""Containers taken apart and put together again."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassgrad.errors import ShapeError
from glassgrad.tree import Tree, flatten, map_leaves

Point = namedtuple("Point", "x y")
leaves = st.integers() | st.text(max_size=2) | st.none()
containers = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3)
    | st.tuples(inner, inner) | st.builds(Point, inner, inner),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(containers)
def test_what_is_taken_apart_goes_together_again(container: Any) -> None:
    parts, tree = flatten(container)
    again = tree.unflatten(parts)
    assert again == container
    assert type(again) is type(container)
    assert None not in parts
    assert len(tree.paths()) == len(set(tree.paths())) == len(parts)
    assert flatten(again)[1] == tree


def test_leaves_come_in_the_order_of_the_keys() -> None:
    parts, tree = flatten({"b": 1, "a": [2, (3, None)], "p": Point(4, 5)})
    assert parts == [1, 2, 3, 4, 5]
    assert tree.paths("it") == ["it['b']", "it['a'][0]", "it['a'][1][0]", "it['p'][0]", "it['p'][1]"]
    assert flatten(7) == ([7], Tree(None))


def test_containers_that_differ_are_told_apart() -> None:
    with pytest.raises(ShapeError, match=r"map_leaves: the containers differ: .*was needed, .*was given"):
        map_leaves(max, [1, 2], [1, 2, 3])
    for one, other in (([1], (1,)), ({"a": 1}, {"b": 1}), (1, [1]), (None, 1), (Point(1, 2), (1, 2))):
        with pytest.raises(ShapeError):
            flatten(one)[1].check_same(flatten(other)[1], "here")


def test_a_function_of_leaves() -> None:
    assert map_leaves(lambda a, b: a * b, Point(2, [3]), Point(5, [7])) == Point(10, [21])
    assert map_leaves(str, []) == []
