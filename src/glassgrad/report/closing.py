"""The end of the page: the gradient check, the settings, how to use the network again, and whose data they are."""

from __future__ import annotations

import shlex

from .content import Content, GradientRow
from .section import Section, definitions, paragraph
from .words import finite, scientific, shorten, text, value

__all__ = ["again", "data_source", "gradient_check", "settings"]

_MEANING = (
    "Each derivative that backpropagation computed is compared with the slope that is measured when the parameter is "
    "moved a little to either side. The resolution is the smallest error that the comparison could have seen, in parts "
    "of the gradient's largest entry."
)
_SIGNS = (("CORRECT", "✓", "good"), ("WRONG", "✗", "bad"))


def gradient_check(content: Content) -> Section | None:
    """Table of the gradient check; None if it was not made."""
    if not content.gradient_check and not content.gradient_sentence:
        return None
    rows = "\n".join(_check_row(row) for row in content.gradient_check)
    table = (
        '<div class="scroll"><table class="numbers"><caption>Backpropagation against numerical differentiation'
        '</caption><thead><tr><th scope="col">parameter</th><th class="words" scope="col">verdict</th>'
        '<th scope="col">mean |difference|</th><th scope="col">resolution</th></tr></thead>\n'
        f"<tbody>{rows}</tbody></table></div>"
    )
    body = [paragraph(_MEANING), table if rows else "", paragraph(content.gradient_sentence)]
    return Section("gradients", "Are the gradients right?", "\n".join(part for part in body if part), "Gradients")


def _check_row(row: GradientRow) -> str:
    verdict = str(row.verdict).strip()
    known = [(sign, style) for word, sign, style in _SIGNS if verdict.upper().startswith(word)]
    sign, style = known[0] if known else ("–", "open")
    return (
        f'<tr><th scope="row">{text(shorten(row.name))}</th>'
        f'<td class="words {style}"><span aria-hidden="true">{sign}</span> {text(shorten(verdict, 300))}</td>'
        f"<td>{_small(row.difference)}</td><td>{_small(row.resolution)}</td></tr>"
    )


def _small(given: float | None) -> str:
    known = finite(given)
    if known is None:
        return "–" if given is None else "not finite"
    return scientific(known)


def settings(content: Content) -> Section | None:
    """Settings and versions."""
    parts = []
    if content.settings:
        parts.append(definitions(((str(key), value(given)) for key, given in content.settings.items()), "settings"))
    if content.versions:
        versions = definitions(((str(key), value(given)) for key, given in content.versions.items()), "settings")
        parts.append(f"<h3>Made with</h3>\n{versions}")
    return Section("settings", "Settings", "\n".join(parts)) if parts else None


def again(content: Content) -> Section:
    """How to use the trained network again."""
    command = f"glassgrad predict {shlex.quote(content.run)} image.png"
    weights = content.run.rstrip("/") + "/weights.safetensors"
    load = content.load or (
        "from glassgrad.io import load_weights\n\n"
        f"arrays, metadata = load_weights({weights!r})"
    )
    body = (
        f"<p>On the command line, for a picture of your own:</p>\n<pre><code>{text(command)}</code></pre>\n"
        f"<p>In Python:</p>\n<pre><code>{text(load.strip())}</code></pre>"
    )
    return Section("again", "Use it again", body)


def data_source(content: Content) -> Section | None:
    """Whose data were used."""
    if not content.source:
        return None
    body = f"<p><strong>{text(shorten(content.dataset, 80))}</strong>. {text(content.source)}</p>"
    return Section("data", "The data", body, "Data")
