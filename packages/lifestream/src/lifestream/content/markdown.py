"""Markdown (CommonMark, with tables) to HTML, for the text of owners."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

from lifestream.content.plaintext import html_of

_DEEPEST = 20
"""How many lists and quotes may be nested. Texts that people write have fewer, and the limit bounds the time."""
MOST_LOOKS: Final = 100_000
"""How many times the lines of a text may be examined for the beginning of a block. In a usual text of 50,000
characters, each line is examined a few times. But the lines after many quotes may be examined again for each quote, so
that the number can grow with the square of the length.
"""
MOST_TOKENS: Final = 100_000
"""How many tokens the blocks of a text may have. A text of 50,000 characters has fewer, except for a wide table with
many short rows: each row is filled up with empty cells.
"""
MOST_OF_ADDRESSES: Final = 1_000_000
"""How many characters the addresses and titles of all links and pictures may have together. A text of 50,000 characters
has fewer, unless it repeats a long one: `[a]: /long` is written out for each `[a]`, so their length can grow with the
square of the text's.
"""


@lru_cache(maxsize=4)  # a page is saved after its preview
def html_of_markdown(text: str) -> str:
    """Return *text* as HTML. It may contain any HTML that *text* contains: pass it through the sanitizer.

    Links and pictures lose their addresses after `MOST_OF_ADDRESSES` characters of them. A text that needs more than
    `MOST_LOOKS` or `MOST_TOKENS` becomes plain text.
    """
    renderer = MarkdownIt("commonmark", {"maxNesting": _DEEPEST}).enable("table")
    everywhere = ["paragraph", "reference", "blockquote", "list"]
    renderer.block.ruler.before("table", "looks", _Looks(), {"alt": everywhere})
    environment: dict[str, Any] = {}
    try:
        tokens = renderer.parse(text, environment)
    except _TooMany:
        return html_of(text)
    _bound_addresses(tokens)
    return str(renderer.renderer.render(tokens, renderer.options, environment))


class _TooMany(Exception):
    pass


class _Looks:
    """A block rule that never matches. The parser tries it first at each line, so it counts how many lines are examined
    and how many tokens there are. Raises `_TooMany` if that exceeds a limit.
    """

    def __init__(self) -> None:
        self._remaining = MOST_LOOKS

    def __call__(self, state: StateBlock, _start: int, _end: int, _silent: bool) -> bool:
        self._remaining -= 1
        if self._remaining < 0 or len(state.tokens) > MOST_TOKENS:
            raise _TooMany
        return False


def _bound_addresses(tokens: Iterable[Token]) -> None:
    """Keep the attributes of *tokens*, such as addresses, while they have at most `MOST_OF_ADDRESSES` characters
    together. Remove all others.
    """
    remaining = MOST_OF_ADDRESSES
    for token in tokens:
        for part in token.children or ():
            remaining -= sum(len(value) for value in part.attrs.values() if isinstance(value, str))
            if remaining < 0:
                part.attrs = {}
