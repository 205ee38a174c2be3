"""Each call of `say` names an existing sentence, and gives all of its values."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import lifestream
from lifestream.sentences import SENTENCES, Counted

SOURCES = Path(lifestream.__file__).parent


def names_in(code: str) -> set[str]:
    sentence = SENTENCES[code]
    return set(re.findall(r"\{(\w+)\}", sentence.many if isinstance(sentence, Counted) else sentence))


def said() -> Iterator[tuple[str, str, set[str | None]]]:
    """Yield each call of `say` that contains a code: its place, the code, and the names of the values."""
    for path in sorted(SOURCES.rglob("*.py")):
        if b"say(" not in (source := path.read_bytes()):
            continue
        for node in ast.walk(ast.parse(source)):
            match node:
                case ast.Call(func=ast.Name(id="say"), args=[ast.Constant(value=str(code)), *_]):
                    yield f"{path.name}:{node.lineno}", code, {keyword.arg for keyword in node.keywords}


def test_each_call_names_a_sentence_and_gives_its_values() -> None:
    problems, count = [], 0
    for place, code, names in said():
        count += 1
        if code not in SENTENCES:
            problems.append(f"{place}: write the sentence of {code!r} into lifestream/sentences.py")
        elif None not in names and names != names_in(code):  # None stands for a dict: its names are not known here
            problems.append(f"{place}: the sentence of {code!r} needs other values: those in its braces")
    assert count > 100
    assert problems == []


def test_each_sentence_is_used() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES.rglob("*.py") if path.name != "sentences.py")
    called = {code for _, code, _ in said()}
    # A table may contain the code in place of a call. Only a code with a hyphen is searched there: a word without one
    # may mean something else, as "gone" is also the status of a feed.
    assert [code for code in SENTENCES if code not in called and ("-" not in code or f'"{code}"' not in text)] == []
