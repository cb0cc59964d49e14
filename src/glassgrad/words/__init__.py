"""Sentences in English, 繁體中文 and 日本語.

>>> from glassgrad import words
>>> greeting = words.sentence("Forward propagation")
>>> print(greeting, greeting.text("ja"))
Forward propagation 順伝播
>>> with words.use("zh_TW"):
...     print(greeting)
正向傳播

The English sentence is the key, the others are looked up in gettext catalogues (``<language>/LC_MESSAGES``). What
stands in braces is filled in afterwards, so that every language can order its words as it must.
"""

from __future__ import annotations

from .language import LANGUAGES, language, translate, use
from .sentence import Sentence, mark, sentence

__all__ = ["LANGUAGES", "Sentence", "language", "mark", "sentence", "translate", "use"]
