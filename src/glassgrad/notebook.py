"""How Tensors, graphs, records and models show themselves in a notebook: small graphs as a picture, others as text.

The picture is drawn when it is asked for, so importing the library does not load what draws it.

>>> import glassgrad as gg
>>> sorted(gg.exp(gg.tensor(0.0))._repr_mimebundle_())
['image/svg+xml', 'text/plain']
"""

from __future__ import annotations

from typing import Any

from .graph import nodes


def shown(thing: Any) -> dict[str, str]:
    """Return the forms of a thing that a notebook can show, by media type; none where text is better."""
    from .draw.notebook import bundle

    return bundle(thing)


nodes.register("shown", shown)
