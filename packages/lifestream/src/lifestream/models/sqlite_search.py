"""How SQLite finds out whether one item has the words of a search: its SQL calls a function of this module.

FTS5 finds the items of a whole word one by one, when they are needed. For the beginning of a word, it first collects
the items of all words that begin so (sqlite.org/fts5.html#fts5_prefix_queries): with a million items that takes up to
200 ms, and it does so again for each single item that is checked. An index of beginnings would take as much space as
the texts. Searching the text of one item takes some microseconds.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final, NamedTuple

FUNCTION: Final = "lifestream_holds"

_PHRASE = re.compile(r'"([^"]*)"(\*?)')
# What FTS5's tokenizer `ascii` takes for a part of a word: letters and digits of ASCII, without case, and all else that
# is not ASCII. Every other byte becomes a space.
_PARTS: Final = b"0123456789abcdefghijklmnopqrstuvwxyz" + bytes(range(0x80, 0x100))
_SPACED: Final = bytes(byte if byte in _PARTS else ord(" ") for byte in bytes(range(0x100)).lower())
_LONGEST_BEGINNING: Final = 50
"""How many letters of a word are looked for first: `in` may compare each of them with each character of a text."""


class _Phrase(NamedTuple):
    """A phrase of a query: the *letters* with which its first word begins, the *pattern* that finds it, see `_pattern`,
    and whether it is a single word.
    """

    letters: str
    pattern: re.Pattern[bytes]
    is_word: bool


def add_function(connection: Any, **_: Any) -> None:
    """Handle Django's signal that *connection* was made: if it is one to SQLite, define the function in it."""
    if connection.vendor == "sqlite":
        connection.connection.create_function(FUNCTION, 3, holds, deterministic=True)


def holds(head: str, body: str, query: str) -> bool:
    """Return whether an item with *head* and *body*, as they are indexed, matches *query*, one of our queries for
    FTS5: phrases in quotes, each with a star after it if its last word may be only the beginning of a word.
    """
    # Text beyond ASCII is case-folded already. `lower` would change it, since folding gives capitals in some scripts.
    if head.isascii():
        head = head.lower()
    if body.isascii():
        body = body.lower()
    phrases = _phrases(query)
    # A page checks a thousand items. Most do not even contain the letters of a word, which `in` finds out fast.
    for phrase in phrases:
        if phrase.letters not in body and phrase.letters not in head:
            return False
    lines = [_spaced(body), _spaced(head)]
    single_spaced: list[bytes] = []
    for phrase in phrases:
        if not (phrase.is_word or single_spaced):
            single_spaced = [b" ".join([b"", *line.split(), b""]) for line in lines]
        if not any(map(phrase.pattern.search, lines if phrase.is_word else single_spaced)):
            return False
    return True


def _spaced(line: str) -> bytes:
    """Return *line* with spaces in place of all characters that are no part of a word, and around it."""
    return b" %b " % line.encode("utf-8", "surrogatepass").translate(_SPACED)


@lru_cache(maxsize=64)
def _phrases(query: str) -> tuple[_Phrase, ...]:
    """Return the phrases of *query*. The one with the longest first word comes first, since few items have it."""
    found = [(phrase.split(" "), star) for phrase, star in _PHRASE.findall(query)]
    found.sort(key=lambda phrase: -len(phrase[0][0]))
    return tuple(
        _Phrase(words[0][:_LONGEST_BEGINNING], _pattern(" ".join(words), star), len(words) == 1)
        for words, star in found
    )


def _pattern(phrase: str, star: str) -> re.Pattern[bytes]:
    """Return a pattern that finds *phrase* between two spaces, or after one if its last word is the beginning of a
    word. It is a literal text: `re` finds it in linear time, whatever the item's text is.
    """
    return re.compile(re.escape(f" {phrase}{'' if star else ' '}".encode("utf-8", "surrogatepass")))
