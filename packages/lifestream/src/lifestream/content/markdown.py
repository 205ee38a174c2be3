"""Markdown (CommonMark, with tables) to HTML, for the text of owners."""

from __future__ import annotations

from markdown_it import MarkdownIt

_DEEPEST = 20
"""How many lists and quotes may stand in each other. No text of a person has more, and it bounds the time."""


def html_of_markdown(text: str) -> str:
    """Return *text* as HTML. It may hold any HTML that stands in *text*: pass it through the sanitizer."""
    renderer = MarkdownIt("commonmark", {"maxNesting": _DEEPEST}).enable("table")
    return str(renderer.render(text))
