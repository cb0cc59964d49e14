"""Keep the catalogues of translated sentences in step with the source.

::

    python scripts/words.py update     # add new sentences to every .po file, drop those that are gone
    python scripts/words.py compile    # write the .mo files that the library reads
    python scripts/words.py check      # say what is missing; exit status 1 if anything is

A translator edits ``src/glassgrad/words/<language>/LC_MESSAGES/glassgrad.po``. Sentences are found in the source as the
first argument of ``sentence(...)`` and ``mark(...)``.
"""

from __future__ import annotations

import ast
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

SOURCE = Path(__file__).resolve().parent.parent / "src" / "glassgrad"
CATALOGUES = SOURCE / "words"
DOMAIN = "glassgrad"
FUNCTIONS = ("sentence", "mark")
WIDTH = 100


def messages(source: Path = SOURCE) -> dict[str, list[str]]:
    """Return every sentence of the source, and the files that it stands in."""
    found: dict[str, list[str]] = {}
    for path in sorted(source.rglob("*.py")):
        place = path.relative_to(source.parent)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for message in _messages_of(tree, _imported(tree, place)):
            files = found.setdefault(message, [])
            if place.as_posix() not in files:
                files.append(place.as_posix())
    return found


def _imported(tree: ast.Module, place: Path) -> set[str]:
    """Return the names by which a module calls the functions of `glassgrad.words`; others may have such names, too."""
    package = place.parts[:-1]
    if package[1:2] == ("words",):
        return set(FUNCTIONS)
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else ()
            module = (*start, *(node.module or "").split(".")) if node.module else start
            if module[1:2] == ("words",):
                names.update(alias.asname or alias.name for alias in node.names if alias.name in FUNCTIONS)
            elif len(module) == 1:
                names.update(f"{alias.asname or alias.name}.{function}" for alias in node.names
                             if alias.name == "words" for function in FUNCTIONS)
    return names


def _messages_of(tree: ast.Module, names: set[str]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and ast.unparse(node.func) in names:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value


def placeholders(message: str) -> set[str]:
    """Return the names in braces."""
    return {name for _, name, _, _ in Formatter().parse(message) if name is not None}


# .po files ----------------------------------------------------------------------------------------------------------


def quoted(text: str) -> str:
    """Return text as a .po file writes it."""
    for plain, escaped in (("\\", r"\\"), ('"', r"\""), ("\n", r"\n"), ("\t", r"\t")):
        text = text.replace(plain, escaped)
    return f'"{text}"'


def _unquoted(text: str) -> str:
    result = ast.literal_eval(text)
    if not isinstance(result, str):
        raise SystemExit(f"a quoted text was expected in a .po file, and {text} found.")
    return result


def read_po(path: Path) -> dict[str, str]:
    """Return the translations in a .po file by sentence, its header under the empty one."""
    entries: dict[str, str] = {}
    parts = {"msgid": "", "msgstr": ""}
    current = ""
    for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
        keyword, _, rest = line.partition(" ")
        if keyword in parts:
            if keyword == "msgid":
                parts = {"msgid": "", "msgstr": ""}
            current = keyword
            parts[current] = _unquoted(rest)
        elif line.startswith('"'):
            parts[current] += _unquoted(line)
        elif current == "msgstr":
            entries[parts["msgid"]] = parts["msgstr"]
            current = ""
    return entries


def write_po(path: Path, entries: dict[str, str], files: dict[str, list[str]]) -> None:
    """Write a .po file: the header, then the sentences in the order of the source."""
    blocks = [f'msgid ""\nmsgstr {_folded(entries[""])}']
    for message, places in files.items():
        comments = "\n".join(f"#: {place}" for place in places)
        blocks.append(f"{comments}\nmsgid {_folded(message)}\nmsgstr {_folded(entries.get(message, ''))}")
    path.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")


def _folded(text: str) -> str:
    """Break a long text at line ends and spaces, as .po files do."""
    lines: list[str] = []
    for paragraph in text.splitlines(keepends=True) or [""]:
        line = ""
        for word in paragraph.split(" "):
            longer = f"{line} {word}" if line else word
            if len(longer) > WIDTH and line:
                lines.append(line + " ")
                longer = word
            line = longer
        lines.append(line)
    return quoted(lines[0]) if len(lines) == 1 else "\n".join(['""', *map(quoted, lines)])


# .mo files ----------------------------------------------------------------------------------------------------------


def compiled(entries: dict[str, str]) -> bytes:
    """Return a catalogue in the binary form that `gettext` reads (GNU gettext manual, "The Format of GNU MO Files")."""
    pairs = sorted((key.encode(), value.encode()) for key, value in entries.items() if value)
    count = len(pairs)
    start = 7 * 4
    offset = start + 16 * count
    tables: list[bytes] = []
    texts = b""
    for column in range(2):
        for pair in pairs:
            tables.append(struct.pack("<II", len(pair[column]), offset + len(texts)))
            texts += pair[column] + b"\0"
    header = struct.pack("<7I", 0x950412DE, 0, count, start, start + 8 * count, 0, offset)
    return header + b"".join(tables) + texts


# Commands -----------------------------------------------------------------------------------------------------------


def catalogues() -> dict[str, Path]:
    """Return the .po file of every language."""
    return {path.parent.parent.name: path for path in sorted(CATALOGUES.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))}


def problems() -> list[str]:
    """Return what is wrong with the catalogues, a line each; nothing if they are complete and compiled."""
    wanted = messages()
    found = []
    for language, path in catalogues().items():
        entries = read_po(path)
        found += [f"{language}: not translated: {message}" for message in wanted if not entries.get(message)]
        found += [f"{language}: not in the source any more: {old}" for old in entries if old and old not in wanted]
        found += [
            f"{language}: other names in braces than in: {message}" for message, text in entries.items()
            if message and text and placeholders(text) != placeholders(message)
        ]
        binary = path.with_suffix(".mo")
        if not binary.exists() or binary.read_bytes() != compiled(entries):
            found.append(f"{language}: {binary.name} is not what {path.name} compiles to; run: words.py compile")
    return found


def main(arguments: list[str]) -> int:
    """Carry out a command; return the exit status."""
    command = arguments[0] if len(arguments) == 1 else ""
    if command == "check":
        found = problems()
        print("\n".join(found) or "complete")
        return 1 if found else 0
    if command not in ("update", "compile"):
        print(__doc__)
        return 2
    for path in catalogues().values():
        if command == "update":
            write_po(path, read_po(path), messages())
        else:
            path.with_suffix(".mo").write_bytes(compiled(read_po(path)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
