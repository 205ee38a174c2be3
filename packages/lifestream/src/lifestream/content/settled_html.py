"""Which HTML, of that which nh3 has written, is certain to be read the same way again.

To clean HTML until it no longer changes costs another reading of it, as long as the first. Most of it needs none: what
nh3 writes is properly nested, so only a few elements could end another one (HTML, 13.2.6.4.7). In HTML of the following
form none does: a paragraph and a heading hold words alone, a link holds words and no link, and each item of a list
stands right behind its list or the item before. Tables, formulas, ruby and all else are read again.

Text changes nothing of this. So the form is that of the sequence of tags, each of which is a letter.
"""

from __future__ import annotations

import re
from typing import Final

from lifestream.content.html_tokenizer import name_set

_WORDS: Final = name_set(
    "abbr audio b bdi bdo cite code data del dfn em i ins kbd mark picture q s samp small span strong sub sup time u "
    "var video"
)
_VOID: Final = name_set("br img source track wbr")
_BLOCKS: Final = name_set(
    "address article aside blockquote details div figcaption figure footer header pre section summary"
)
_PAIRS: Final = {
    **dict.fromkeys(_WORDS, ("w", "w")),
    **dict.fromkeys(_BLOCKS, ("b", "b")),
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), ("h", "H")),
    **dict.fromkeys(("ol", "ul"), ("u", "U")),
    **dict.fromkeys(("dd", "dt"), ("t", "T")),
    "a": ("a", "A"),
    "p": ("p", "P"),
    "li": ("l", "L"),
    "dl": ("d", "D"),
}
"""The letters of the start tag and the end tag of each element of that form."""

_PLACES: Final = {
    **{name: start for name, (start, _) in _PAIRS.items()},
    **{f"/{name}": end for name, (_, end) in _PAIRS.items()},
    **dict.fromkeys(_VOID, "w"),
    "hr": "b",
}
_OTHER: Final = "x"

_PHRASES: Final = r"(?>(?:w++|aw*+A)*)"
_SETTLED = re.compile(rf"(?>(?:[wbUD]++|aw*+A|p{_PHRASES}P|h{_PHRASES}H|[uL]l?+|[dT]t?+)*)")


def place_of(name: str, *, styled: bool = False) -> str:
    """Return the letter of the tag *name*, or of `/name`. A tag that is *styled* is of no form."""
    return _OTHER if styled else _PLACES.get(name, _OTHER)


def is_settled(places: str) -> bool:
    """Return whether HTML that nh3 has written, with these *places* of its tags, is certain to be the same once it is
    read again.
    """
    return _SETTLED.fullmatch(places) is not None
