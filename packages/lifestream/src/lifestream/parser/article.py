"""A web page → its article: the text on the page of an entry, for feeds that bring only a few words of it.

trafilatura (the extra `fulltext`) finds the article. What it returns is cleaned as the content of feeds is. All of it
happens in a child process that has a deadline, see `ParserPool.read_article`.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from importlib.util import find_spec
from typing import Final

from lifestream.content.sanitizer import Sanitizer
from lifestream.message import say
from lifestream.parser.relative_addresses import base_of_document
from lifestream.parser.web_page import decoded_page
from lifestream.plugins.base import ItemDraft
from lifestream.plugins.caps import CapTally
from lifestream.plugins.draft_cleaning import made_safe

_TO_ITS_PAGE: Final = re.compile(r'<a href="(?=#)')


class NoArticle(ValueError):
    """No article could be read from the page. The message says why."""


@dataclass(frozen=True, slots=True)
class ExtractedArticle:
    """An article, safe to store and to show: its *content* as HTML, its *text*, and the beginning of the text as its
    *summary*.
    """

    content: str
    text: str
    summary: str


def is_supported() -> bool:
    """Return whether the library that finds articles is installed."""
    return find_spec("trafilatura") is not None


def read_article(html: bytes, headers: Mapping[str, str], url: str, sanitizer: Sanitizer) -> ExtractedArticle:
    """Return the article of the page in *html*, which came from *url* with *headers*. Raises `NoArticle`."""
    if not is_supported():
        raise NoArticle(say("article-needs-extra"))
    from trafilatura import extract

    # It logs errors for which the page is to blame. `NoArticle` reports these.
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    found = extract(  # without the address of the page: it would make links relative to the root of the site
        decoded_page(html, headers),
        output_format="html",
        include_comments=False,
        include_images=True,
        include_links=True,
        include_formatting=True,
    )
    base = base_of_document(url)
    # The article has no ids, so notes and the like are on the page only.
    page = escape(base.partition("#")[0])
    content = _TO_ITS_PAGE.sub(lambda start: start[0] + page, found or "")
    safe = made_safe(ItemDraft(content=content, base=base), sanitizer, CapTally())
    if not safe.text.strip():
        raise NoArticle(say("no-article", url=url))
    return ExtractedArticle(safe.content, safe.text, safe.summary)
