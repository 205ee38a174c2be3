"""Which HTML, of that which nh3 has written, is certain to be read the same way again.

To clean HTML until it no longer changes costs another reading of it, as long as the first. Most of it needs none: what
nh3 writes is properly nested, so only a few elements could end another one (HTML, 13.2.6.4.7). In HTML of the following
form none does: a paragraph and a heading hold words alone, a link holds words and no link, and each item of a list
stands right behind its list or the item before. Tables, formulas, ruby and all else are read again.
"""

from __future__ import annotations

import re
from typing import Final

from lifestream.content.html_names import any_of
from lifestream.content.html_tokenizer import name_set

_WORDS: Final = name_set(
    "abbr audio b bdi bdo cite code data del dfn em i ins kbd mark picture q s samp small span strong sub sup time u "
    "var video"
)
_VOID: Final = name_set("br img source track wbr")
_BLOCKS: Final = name_set(
    "address article aside blockquote details div figcaption figure footer header pre section summary"
)
_REST: Final = r"(?:>|\s[^<>]*+>)"
"""The rest of a tag behind its name: nh3 writes every `<` and `>` in a value as a reference."""

_WORD: Final = rf"[^<]++|</?{any_of(_WORDS)}{_REST}|<{any_of(_VOID)}{_REST}"
_LINK: Final = rf"<a{_REST}(?>(?:{_WORD})*)</a>"
_PHRASES: Final = rf"(?>(?:{_WORD}|{_LINK})*)"
_SETTLED = re.compile(
    rf"(?>(?:{_WORD}|{_LINK}"
    rf"|<p{_REST}{_PHRASES}</p>"
    rf"|<h[1-6]{_REST}{_PHRASES}</h[1-6]>"
    rf"|</?{any_of(_BLOCKS)}{_REST}|<hr{_REST}"
    rf"|(?:<[uo]l{_REST}|</li>)[^<]*+(?:<li{_REST})?|</[uo]l>"
    rf"|(?:<dl{_REST}|</d[dt]>)[^<]*+(?:<d[dt]{_REST})?|</dl>)*)"
)


def is_settled(clean: str) -> bool:
    """Return whether *clean*, which nh3 has written, is certain to be the same once nh3 has read it again."""
    return ' style="' not in clean and _SETTLED.fullmatch(clean) is not None
