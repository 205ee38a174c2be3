"""Markdown (CommonMark, with tables) to HTML, for the text of owners."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

_DEEPEST = 20
"""How many lists and quotes may be nested. Texts that people write have fewer, and the limit bounds the time."""
MOST_OF_ADDRESSES: Final = 1_000_000
"""How many characters the addresses and titles of all links and pictures may have together. A text of 50,000 characters
has fewer, unless it repeats a long one: `[a]: /long` is written out for each `[a]`, so their length can grow with the
square of the text's.
"""


@lru_cache(maxsize=16)  # each view of a page asks for it, and a hostile text takes seconds
def html_of_markdown(text: str) -> str:
    """Return *text* as HTML. It may contain any HTML that *text* contains: pass it through the sanitizer.

    Links and pictures lose their addresses after `MOST_OF_ADDRESSES` characters of them.
    """
    renderer = MarkdownIt("commonmark", {"maxNesting": _DEEPEST}).enable("table")
    environment: dict[str, Any] = {}
    tokens = renderer.parse(text, environment)
    _bound_addresses(tokens)
    return str(renderer.renderer.render(tokens, renderer.options, environment))


def _bound_addresses(tokens: Iterable[Token]) -> None:
    left = MOST_OF_ADDRESSES
    for token in tokens:
        for part in token.children or ():
            left -= sum(len(value) for value in part.attrs.values() if isinstance(value, str))
            if left < 0:
                part.attrs = {}
