"""Where the words of a search are in a text, for people who look through the results. Pure.

A text is searched without case and accents, as by `tokenizer`, and shown as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from lifestream.content.tokenizer import fold

LOOKED_THROUGH: Final = 20_000
"""Characters of a text that are looked through for the words of a search."""
LEAD: Final = 60
"""Characters of an excerpt before the first of the words."""
_WORD_END: Final = 24
"""How far a cut is moved at most, in characters, so that it breaks no word."""
_RUNS: Final = re.compile(r"[\x00-\x7f]+|[^\x00-\x7f]")  # a letter in ASCII stays one letter


def marked(text: str, pattern: re.Pattern[str]) -> Iterator[tuple[str, bool]]:
    """Yield *text* in pieces, each with whether *pattern*, which `tokenizer.pattern_of` made, has found it."""
    folded, places = _folded(text)
    end = 0
    for found in pattern.finditer(folded):
        start, stop = places[found.start()], places[found.end()]
        if start < end or stop <= start:
            continue
        if start > end:
            yield text[end:start], False
        yield text[start:stop], True
        end = stop
    if end < len(text):
        yield text[end:], False


def excerpt(text: str, pattern: re.Pattern[str], length: int) -> str:
    """Return about *length* characters of *text* around the first place that *pattern* finds, with "…" where text is
    left out; "" if it finds none in the first LOOKED_THROUGH characters.
    """
    searched = text[:LOOKED_THROUGH]
    plain = fold(searched)
    found = pattern.search(plain)
    if found is None:
        return ""
    # In nearly all texts a letter without its accent is still one character; in others the place is a little off.
    size = len(searched)
    place = min(found.start(), size) if len(plain) == size else found.start() * size // len(plain)
    start = max(0, place - LEAD)
    if len(text) - start < length:
        start = max(0, len(text) - length)
    stop = min(len(text), start + length)
    if start:
        start = _after_space(text, start)
    if stop < len(text):
        stop = _before_space(text, stop)
    shown = " ".join(text[start:stop].split())
    return f"{'… ' if start else ''}{shown}{' …' if stop < len(text) else ''}"


def _after_space(text: str, place: int) -> int:
    space = re.compile(r"\s").search(text, place, place + _WORD_END)
    return space.end() if space else place


def _before_space(text: str, place: int) -> int:
    for before in range(place, max(0, place - _WORD_END), -1):
        if text[before].isspace():
            return before
    return place


def _folded(text: str) -> tuple[str, range | list[int]]:
    """Return *text* folded, and the place in *text* of each character of the folded text, and of its end."""
    if text.isascii():
        return text.lower(), range(len(text) + 1)
    pieces: list[str] = []
    places: list[int] = []
    for run in _RUNS.finditer(text):
        plain = fold(run[0])
        pieces.append(plain)
        places += range(run.start(), run.end()) if run[0].isascii() else [run.start()] * len(plain)
    return "".join(pieces), [*places, len(text)]
