"""Piles of combining marks: after a few of them, each further mark is drawn over the lines above and below.

No writing system needs more than MOST_MARKS in a row; a mantra in Tibetan has a stack of eight. Joiners and other
format characters between marks don't separate them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Final

MOST_MARKS: Final = 8
# What may be a pile: for Python, marks are neither letters nor white space. Neither are signs and emoji, which `pile`
# keeps.
_MARKS: Final = re.compile(r"[^\w\s\x00-\x7f]{9,}+")


def without_piles(text: str) -> str:
    """Return *text* without the marks in a row after the first MOST_MARKS."""
    return piles_written(text, _nothing)


def piles_written(text: str, write: Callable[[str], str]) -> str:
    """Return *text*, in which *write* replaces each mark in a row after the first MOST_MARKS."""
    if text.isascii():
        return text

    def pile(found: re.Match[str]) -> str:
        kept: list[str] = []
        marks = 0
        for character in found[0]:
            category = unicodedata.category(character)
            if category[0] == "M":
                marks += 1
            elif category != "Cf":
                marks = 0
            kept.append(write(character) if marks > MOST_MARKS and category[0] == "M" else character)
        return "".join(kept)

    return _MARKS.sub(pile, text)


def _nothing(_mark: str) -> str:
    return ""
