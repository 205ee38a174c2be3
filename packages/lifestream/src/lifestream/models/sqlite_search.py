"""How SQLite finds out whether one item has the words of a search: its SQL calls a function of this module.

FTS5 finds the items of a whole word one by one, when they are needed. For the beginning of a word, it first collects
the items of all words that begin so (sqlite.org/fts5.html#fts5_prefix_queries): with a million items that takes up to
200 ms, and it does so again for each single item that is checked. An index of beginnings would take as much space as
the texts. Searching the text of one item takes some microseconds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

FUNCTION: Final = "lifestream_holds"

# What FTS5's tokenizer `ascii` takes for a part of a word, in the lines that `search_sql` has written.
_PART: Final = "0-9a-z\x80-\U0010ffff"
_PHRASE = re.compile(r'"([^"]*)"(\*?)')


def add_function(connection: Any, **_: Any) -> None:
    """Handle Django's signal that *connection* was made: if it is one to SQLite, define the function in it."""
    if connection.vendor == "sqlite":
        connection.connection.create_function(FUNCTION, 3, holds, deterministic=True)


def holds(head: str, body: str, query: str) -> bool:
    """Return whether an item with *head* and *body*, as they are indexed, matches *query*, one of our queries for
    FTS5: phrases in quotes, each with a star after it if its last word is the beginning of one.
    """
    # A page checks a thousand items. Most do not even contain the letters of a word, which `in` finds out fast.
    # Text beyond ASCII is case-folded already. `lower` would change it, since folding gives capitals in some scripts.
    if head.isascii():
        head = head.lower()
    if body.isascii():
        body = body.lower()
    for letters, phrase in _phrases(query):
        if not ((letters in body and phrase.search(body)) or (letters in head and phrase.search(head))):
            return False
    return True


@lru_cache(maxsize=64)
def _phrases(query: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return the first word and the pattern of each phrase of *query*. The longest first word comes first, since few
    items have it.
    """
    found = [(phrase.split(" "), star) for phrase, star in _PHRASE.findall(query)]
    found.sort(key=lambda phrase: -len(phrase[0][0]))
    return tuple((words[0], _pattern(words, star)) for words, star in found)


def _pattern(words: Sequence[str], star: str) -> re.Pattern[str]:
    """Return a pattern that begins with the letters of the first of *words*, since `re` searches for letters ten times
    as fast as for the beginning of a word. The character before the letters is checked once they are found.
    """
    first, *others = map(re.escape, words)
    begins = f"{first}(?<![{_PART}]{first})"
    return re.compile(f"[^{_PART}]+".join([begins, *others]) + ("" if star else f"(?![{_PART}])"))
