"""Which language is spoken: the one asked for, else that of `use`, else $GLASSGRAD_LANG, else English."""

from __future__ import annotations

import os
from contextvars import ContextVar, Token
from functools import lru_cache
from typing import TYPE_CHECKING

from ..errors import SettingError, one_of

if TYPE_CHECKING:
    from gettext import NullTranslations

LANGUAGES = {"en": "English", "ja": "日本語", "zh_TW": "繁體中文"}
DOMAIN = "glassgrad"
VARIABLE = "GLASSGRAD_LANG"
_OTHER_NAMES = {"zh": "zh_TW", "zh_hant": "zh_TW", "zh_hant_tw": "zh_TW", "en_us": "en", "en_gb": "en", "ja_jp": "ja"}
_chosen: ContextVar[str | None] = ContextVar("glassgrad language", default=None)


class Choice:
    """What `use` returns: leave the language as it is, or put it in a ``with`` to have it end there."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._token: Token[str | None] | None = _chosen.set(language)

    def __enter__(self) -> str:
        return self.language

    def __exit__(self, *_: object) -> None:
        if self._token is not None:
            _chosen.reset(self._token)
            self._token = None


def use(language: str) -> Choice:
    """Speak this language from now on, in this thread or task; or inside a ``with`` block only.

    Parameters
    ----------
    language : str
        ``"en"``, ``"zh_TW"`` or ``"ja"``; ``"zh-TW"`` and ``"ja_JP.UTF-8"`` are understood.

    Raises
    ------
    SettingError
        If the language is not among them; names those that are.

    Examples
    --------
    >>> from glassgrad import words
    >>> with words.use("ja"):
    ...     words.language()
    'ja'
    """
    return Choice(known(language))


def language(wanted: str | None = None) -> str:
    """Return the code of the language to speak: `wanted`, or the current one."""
    if wanted is not None:
        return known(wanted)
    chosen = _chosen.get()
    if chosen is not None:
        return chosen
    setting = os.environ.get(VARIABLE)
    if not setting:
        return "en"
    try:
        return known(setting)
    except SettingError as error:
        raise SettingError(f"${VARIABLE}: {error}") from None


def known(name: str) -> str:
    """Return the code of a language that has a catalogue, or raise a `SettingError` that lists them.

    >>> known("zh-TW"), known("ja_JP.UTF-8")
    ('zh_TW', 'ja')
    """
    plain = str(name).split(".")[0].split("@")[0].replace("-", "_").lower()
    code = {known_code.lower(): known_code for known_code in LANGUAGES}.get(plain) or _OTHER_NAMES.get(plain)
    if code is None:
        raise one_of("language", name, LANGUAGES)
    return code


def translate(message: str, wanted: str | None = None) -> str:
    """Return a message in a language; English where the catalogue has no translation."""
    code = language(wanted)
    return message if code == "en" or not message else _catalogue(code).gettext(message)


@lru_cache(maxsize=8)
def _catalogue(code: str) -> NullTranslations:
    from gettext import translation

    return translation(DOMAIN, os.path.dirname(os.path.abspath(__file__)), languages=[code])
