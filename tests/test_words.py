"""The catalogues are complete and compiled, and the language is chosen as documented."""

import functools
import gettext
import importlib.util
import io
import shutil
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassgrad import words
from glassgrad.errors import SettingError
from glassgrad.words import Sentence, sentence

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("words_script", ROOT / "scripts" / "words.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.messages = functools.cache(module.messages)  # the source is parsed once for all tests
    return module


@pytest.fixture(autouse=True)
def _no_setting(monkeypatch):
    monkeypatch.delenv("GLASSGRAD_LANG", raising=False)


# Catalogues


def test_every_sentence_is_translated_and_compiled(script):
    assert script.problems() == []
    assert set(script.catalogues()) == set(words.LANGUAGES) - {"en"}


def test_the_check_notices_what_is_missing_superfluous_and_stale(script, tmp_path, monkeypatch):
    target = tmp_path / "ja" / "LC_MESSAGES"
    target.mkdir(parents=True)
    for name in ("glassgrad.po", "glassgrad.mo"):
        shutil.copy(script.CATALOGUES / "ja" / "LC_MESSAGES" / name, target / name)
    monkeypatch.setattr(script, "CATALOGUES", tmp_path)
    assert script.problems() == []
    entries = script.read_po(target / "glassgrad.po")
    entries["Chain rule"] = ""
    entries["Shapes: {shapes}."] = "形状：{shape}。"
    files = {**script.messages(), "Nobody says this": ["nowhere.py"]}
    script.write_po(target / "glassgrad.po", {**entries, "Nobody says this": "誰も言わない"}, files)
    found = "\n".join(script.problems())
    assert "not translated: Chain rule" in found
    assert "other names in braces than in: Shapes: {shapes}." in found
    assert "not in the source any more: Nobody says this" in found
    assert "words.py compile" in found


def test_commands(script, tmp_path, monkeypatch, capsys):
    shutil.copytree(script.CATALOGUES / "ja", tmp_path / "ja")
    before = (tmp_path / "ja/LC_MESSAGES/glassgrad.po").read_text(encoding="utf-8")
    monkeypatch.setattr(script, "CATALOGUES", tmp_path)
    assert script.main(["update"]) == 0
    assert (tmp_path / "ja/LC_MESSAGES/glassgrad.po").read_text(encoding="utf-8") == before
    (tmp_path / "ja/LC_MESSAGES/glassgrad.mo").unlink()
    assert script.main(["check"]) == 1
    assert script.main(["compile"]) == 0
    assert script.main(["check"]) == 0
    assert script.main(["nonsense"]) == 2
    assert "complete" in capsys.readouterr().out


@given(st.dictionaries(st.text(min_size=1).filter(lambda text: "\0" not in text),
                       st.text(min_size=1).filter(lambda text: "\0" not in text), max_size=5))
def test_compiled_catalogues_are_read_by_gettext(script, entries):
    entries = {key: value for key, value in entries.items() if "\x04" not in key}
    header = {"": "Content-Type: text/plain; charset=UTF-8\n"}
    catalogue = gettext.GNUTranslations(io.BytesIO(script.compiled({**header, **entries})))
    for message, translation in entries.items():
        assert catalogue.gettext(message) == translation


def test_po_files_keep_every_character(script, tmp_path):
    entries = {"": "Language: xx\nContent-Type: text/plain; charset=UTF-8\n", 'a "b" \\ c\n\td': "x\\n" * 70,
               "long " * 60: 'é"漢字 ' * 50}
    path = tmp_path / "one.po"
    script.write_po(path, entries, {message: ["a.py", "b.py"] for message in entries if message})
    assert script.read_po(path) == entries


def test_sentences_are_found_in_the_source(script, tmp_path):
    package = tmp_path / "package"
    (package / "inner").mkdir(parents=True)
    text = 'words.sentence("One {x}.", x=1)\nmark("Two")\nother("Three")\nsentence(name)\nf()()\nmark()\nmark(5)\n'
    for place, header in {
        "one.py": "from . import words, errors\nfrom .words import mark\n",
        "inner/two.py": "from .. import words\nfrom ..words.sentence import mark, use\n",
        "inner/three.py": "from package.words import mark as sentence\nfrom os import path\n",
        "inner/own.py": "from .words import mark, sentence\nimport words\n",  # other functions of these names
    }.items():
        (package / place).write_text(header + text, encoding="utf-8")
    assert script.messages(package) == {
        "One {x}.": ["package/inner/two.py", "package/one.py"], "Two": ["package/inner/two.py", "package/one.py"]}


@pytest.mark.parametrize(("english", "chinese", "japanese"), [
    ("Forward propagation", "正向傳播", "順伝播"),
    ("Backward propagation starts here.", "反向傳播", "逆伝播"),
    ("Chain rule", "連鎖律", "連鎖律"),
    ("Local derivatives", "局部微分", "局所的な微分"),
    ("The gradient", "梯度", "勾配"),
    ("Shapes: {shapes}.", "形狀", "形状"),
    ("An addition node hands the derivative on unchanged.", "加法節點直接將上層值傳給下層", "加算ノード"),
    ("A multiplication node hands the derivative on times the swapped value, that of the other input.",
     "對調後的值", "ひっくり返した値"),
    ("Backpropagation finds the same, in one pass: {value}.", "誤差反向傳播法", "誤差逆伝播法"),
    ("The bias {b} is added to the product, and an addition hands the derivative on unchanged.", "偏權值", "バイアス"),
])
def test_terms_are_those_of_the_deck(english, chinese, japanese):
    assert chinese in words.translate(english, "zh_TW")
    assert japanese in words.translate(english, "ja")


# Choosing a language


@pytest.mark.parametrize(("name", "code"), [
    ("en", "en"), ("EN-us", "en"), ("ja", "ja"), ("ja_JP.UTF-8", "ja"), ("zh_TW", "zh_TW"), ("zh-tw", "zh_TW"),
    ("zh-Hant-TW", "zh_TW"), ("zh_TW@big5", "zh_TW"),
])
def test_names_of_languages(name, code):
    assert words.language(name) == code


@pytest.mark.parametrize("name", ["fr", "zh_CN", "", "klingon", "../../etc"])
def test_an_unknown_language_names_the_known_ones(name):
    with pytest.raises(SettingError, match="Known: en, ja, zh_TW"):
        words.use(name)


def test_order_of_precedence(monkeypatch):
    assert words.language() == "en"
    monkeypatch.setenv("GLASSGRAD_LANG", "ja")
    assert words.language() == "ja"
    with words.use("zh_TW"):
        assert words.language() == "zh_TW"
        assert words.language("en") == "en"
        with words.use("en") as inner:
            assert inner == words.language() == "en"
        assert words.language() == "zh_TW"
    assert words.language() == "ja"
    monkeypatch.setenv("GLASSGRAD_LANG", "xx")
    with pytest.raises(SettingError, match=r"\$GLASSGRAD_LANG: language 'xx'"):
        words.language()


def test_use_lasts_without_a_with_block():
    choice = words.use("ja")
    assert words.language() == "ja"
    choice.__exit__()
    choice.__exit__()  # a second time changes nothing
    assert words.language() == "en"


def test_threads_do_not_disturb_each_other():
    heard = {}
    ready = threading.Barrier(2, timeout=10)

    def speak(language):
        words.use(language)
        ready.wait()
        heard[language] = words.translate("Forward propagation")

    threads = [threading.Thread(target=speak, args=(language,)) for language in ("ja", "zh_TW")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == {"ja": "順伝播", "zh_TW": "正向傳播"}
    assert words.language() == "en"


# Sentences


def test_sentences_in_sentences_speak_one_language():
    outer = sentence("{first} {second}", first=sentence("Given"), second=sentence("Chain rule"))
    assert outer.text() == "Given Chain rule"
    assert outer.text("ja") == "与えられた値連鎖律"
    with words.use("zh_TW"):
        assert str(outer) == "已知連鎖律"


def test_lists_take_the_languages_comma():
    assert sentence("{number}. {line}", number="1", line=("a", "b")).text() == "1. a, b"
    assert sentence("{number}. {line}", number="1", line=("a", "b")).text("ja") == "1. a、b"


def test_values_are_never_patterns():
    hostile = "{x.__class__} {0} {} %s"
    assert sentence("{number}. {line}", number=hostile, line=hostile).text("ja") == f"{hostile}. {hostile}"


def test_an_unknown_sentence_stays_english_and_an_empty_one_empty():
    assert Sentence("nobody has translated this").text("ja") == "nobody has translated this"
    assert words.translate("", "ja") == ""


def test_write_is_applied_to_every_value_once():
    inner = sentence("Shapes: {shapes}.", shapes="s")
    outer = sentence("{first} {second}", first=inner, second="t")
    assert outer.text(None, lambda value: f"<{value}>") == "Shapes: <s>. <t>"
