"""Which HTML is certain to be read just as it is written: nothing in it ends or moves another element.

To clean HTML until it no longer changes takes another pass, as long as the first. Most HTML needs none. In properly
nested HTML, only a few elements could end another one (HTML, 13.2.6.4.7). In HTML of the following form none does: a
paragraph and a heading contain only inline elements, a link contains inline elements and no link, and each item of a
list directly follows the start of its list or the item before. Tables, formulas, ruby and all else are cleaned again.

Text does not matter for this, so the form is a pattern over the sequence of tags, in which each tag is one letter.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import count
from typing import Final

from lifestream.content.html_tokenizer import name_set
from lifestream.content.open_elements import MAX_DEPTH

_INLINE: Final = name_set(
    "abbr audio b bdi bdo cite code data del dfn em i ins kbd mark picture q s samp small span strong sub sup time u "
    "var video"
)
_VOID_INLINE: Final = name_set("br img source track wbr")
_BLOCKS: Final = name_set(
    "address article aside blockquote details div figcaption figure footer header pre section summary"
)
_HEADINGS: Final = name_set("h1 h2 h3 h4 h5 h6")
_LISTS: Final = name_set("ol ul")
_TERMS: Final = name_set("dd dt")

VOID: Final = _VOID_INLINE | {"hr"}
"""The elements of that form that have no end tag."""

OTHER: Final = "x"
"""The letter of all other tags."""

_VOID_LETTER: Final = "w"
_RULE: Final = "r"
_NEW_LETTERS = map(chr, count(0x80))  # few enough for one byte each
_STARTS: Final = {
    name: next(_NEW_LETTERS) for name in sorted(_INLINE | _BLOCKS | _HEADINGS | _LISTS | _TERMS | name_set("a p li dl"))
}
_ENDS: Final = {name: next(_NEW_LETTERS) for name in _STARTS}
_LETTERS: Final = {
    **_STARTS,
    **{f"/{name}": end for name, end in _ENDS.items()},
    **dict.fromkeys(_VOID_INLINE, _VOID_LETTER),
    "hr": _RULE,
}
_END_OF: Final = {start: _ENDS[name] for name, start in _STARTS.items()}
_NAMES: Final = {end: f"/{name}" for name, end in _ENDS.items()}
_ROUNDS: Final = 4
_MOST_OPEN: Final = MAX_DEPTH - _ROUNDS * len(_STARTS)
"""How many elements that are left after the rounds of `missing_ends` may be open at once. A round removes at most one
level of each name, so all together are within MAX_DEPTH.
"""


def _any(*letters: str) -> str:
    return f"[{''.join(letters)}]"


def _starts(names: Collection[str]) -> str:
    return "".join(_STARTS[name] for name in sorted(names))


def _ends(names: Collection[str]) -> str:
    return "".join(_ENDS[name] for name in sorted(names))


_INLINE_TAG: Final = _any(_starts(_INLINE), _ends(_INLINE), _VOID_LETTER)
_REST: Final = _any(_starts(_INLINE | _BLOCKS), _ends(_INLINE | _BLOCKS | _LISTS), _VOID_LETTER, _RULE, _ENDS["dl"])
_LINK: Final = f"{_STARTS['a']}{_INLINE_TAG}*+{_ENDS['a']}"
_INLINE_CONTENT: Final = f"(?>(?:{_INLINE_TAG}++|{_LINK})*)"
_PARAGRAPH: Final = f"{_STARTS['p']}{_INLINE_CONTENT}{_ENDS['p']}"
_HEADING: Final = f"{_any(_starts(_HEADINGS))}{_INLINE_CONTENT}{_any(_ends(_HEADINGS))}"
_ITEM: Final = f"{_any(_starts(_LISTS), _ENDS['li'])}{_STARTS['li']}?+"
_TERM: Final = f"{_any(_STARTS['dl'], _ends(_TERMS))}{_any(_starts(_TERMS))}?+"
_SETTLED = re.compile(f"(?>(?:{_REST}++|{_LINK}|{_PARAGRAPH}|{_HEADING}|{_ITEM}|{_TERM})*)")


def letter_of(name: str, *, styled: bool = False) -> str:
    """Return the letter of the tag *name*, or of `/name`. It is OTHER if the tag is *styled*."""
    return OTHER if styled else _LETTERS.get(name, OTHER)


def is_settled(letters: str) -> bool:
    """Return whether properly nested HTML, as nh3 writes it, is certain to be the same once it is read again. *letters*
    are those of its tags.
    """
    return _SETTLED.fullmatch(letters) is not None


def missing_ends(letters: str) -> list[str] | None:
    """Return the names of the end tags, such as "/b", that properly nested HTML lacks at its end, the innermost first.
    *letters* are those of its tags.

    Return None if an end tag is not that of the last element that is open, if elements may be nested more than
    MAX_DEPTH deep, or if the letter of a tag is OTHER.
    """
    remaining = letters.replace(_VOID_LETTER, "").replace(_RULE, "")
    # Elements in which nothing remains are removed, the innermost first. That is fast in HTML of the usual depth.
    for _ in range(_ROUNDS):
        for start in _END_OF.keys() & set(remaining):
            remaining = remaining.replace(start + _END_OF[start], "")
        if not remaining:
            return []
    opened: list[str] = []
    for letter in remaining:
        end = _END_OF.get(letter)
        if end is not None:
            opened.append(end)
            if len(opened) > _MOST_OPEN:
                return None
        elif not opened or opened.pop() != letter:
            return None
    return [_NAMES[end] for end in reversed(opened)]
