"""Whoever says something names a sentence that there is, with all of its values."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import lifestream
from lifestream.sentences import SENTENCES, Counted

SOURCES = Path(lifestream.__file__).parent


def names_in(code: str) -> set[str]:
    sentence = SENTENCES[code]
    return set(re.findall(r"\{(\w+)\}", sentence.many if isinstance(sentence, Counted) else sentence))


SAID = [
    pytest.param(node.args[0].value, {keyword.arg for keyword in node.keywords}, id=f"{path.name}:{node.lineno}")
    for path in sorted(SOURCES.rglob("*.py"))
    if b"say(" in path.read_bytes()
    for node in ast.walk(ast.parse(path.read_bytes()))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say" and node.args
    if isinstance(node.args[0], ast.Constant)
]


@pytest.mark.parametrize(("code", "names"), SAID)
def test_what_is_said_has_a_sentence_and_its_values(code: str, names: set[str]) -> None:
    assert code in SENTENCES, f"write the sentence of {code!r} into lifestream/sentences.py"
    if None not in names:  # they are not passed on as a dict
        assert names == names_in(code), f"the sentence of {code!r} has other values in braces"


def test_no_sentence_is_left_over() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES.rglob("*.py") if path.name != "sentences.py")
    assert [code for code in SENTENCES if f'"{code}"' not in text] == []
