"""How a node came about: what all nodes have in common that one line of a program makes, one pass after the other.

>>> import glassgrad as gg
>>> x = gg.tensor(2.0)
>>> a, b = [x * x for _ in range(2)]
>>> a is b, a._origin is b._origin
(False, True)

A graph of a million nodes is made by a few lines. A node keeps what is its own, and its `Origin`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import FrameType, MappingProxyType
from typing import Any

from .place import FOREIGN, Scope, Site, site, surroundings

NO_PARAMS: Mapping[str, Any] = MappingProxyType({})


class Origin:
    """What was applied to make a node, and where; never changed, because many nodes share it.

    Attributes
    ----------
    op : Op
    params : mapping
    scope : tuple of Scope
    site : Site or None
        The place in the caller's program; `code` is the code of it.
    flows : bool
        Whether a derivative can go through the node: it is a float computed from a leaf that is no constant.
    name : str or None
    type : ArrayType or None
        Of a node without a value.
    """

    __slots__ = ("code", "flows", "name", "op", "params", "scope", "site", "type")

    def __init__(
        self, op: Any, params: Mapping[str, Any], scope: tuple[Scope, ...], site: Site | None, flows: bool,
        name: str | None = None, type: Any = None,
    ) -> None:
        self.op, self.params, self.scope, self.site, self.flows = op, params, scope, site, flows
        self.name, self.type = name, type
        self.code = None if site is None else site[0]

    def but(self, **changes: Any) -> Origin:
        """Return the same with some attributes changed."""
        same = (self.op, self.params, self.scope, self.site, self.flows, self.name, self.type)
        names = ("op", "params", "scope", "site", "flows", "name", "type")
        return Origin(**{**dict(zip(names, same, strict=True)), **changes})


def origin(op: Any, params: Mapping[str, Any], flows: bool, frame: FrameType | None) -> Origin:
    """Return the origin of a node that is made now; `frame` is the caller's, if that is at hand.

    An op remembers the last origin for each position in a code, unless it has params that may be large.
    """
    around = surroundings.get()
    if frame is not None and around.rule is None and frame.f_code.co_filename in FOREIGN:
        place: Site | None = (frame.f_code, frame.f_lasti)
    else:
        place = site()
    if place is None or around.rule is not None or (params is not NO_PARAMS and not op.arithmetic):
        return Origin(op, params, around.scope, place, flows)
    code, instruction = place
    known: Origin | None = op.origins.get(instruction)
    if (
        known is None or known.code is not code or known.flows is not flows or known.scope is not around.scope
        or known.params is not params
    ):
        known = op.origins[instruction] = Origin(op, params, around.scope, place, flows)
    return known
