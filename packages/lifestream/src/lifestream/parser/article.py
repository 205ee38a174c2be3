"""A web page → its article: the text on the page of an entry, for feeds that bring only a few words of it.

trafilatura (the extra `fulltext`) finds the article. What it returns is cleaned as the content of feeds is. All of it
happens in a child process that has a deadline, see `ParserPool.read_article`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec

from lifestream.content.sanitizer import Sanitizer
from lifestream.content.urls import FETCHED, safe_url
from lifestream.message import say
from lifestream.parser.relative_addresses import base_of_document, is_base
from lifestream.parser.web_page import decoded_page
from lifestream.plugins.base import ItemDraft
from lifestream.plugins.caps import CapTally
from lifestream.plugins.draft_cleaning import made_safe


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
    from trafilatura import extract, load_html

    # It logs errors for which the page is to blame. `NoArticle` reports these.
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    tree = load_html(decoded_page(html, headers))
    if tree is None:
        raise NoArticle(say("no-article", url=url))
    base = _base(next(iter(tree.xpath("//base/@href")), ""), url)
    for link in tree.iter("a"):  # else trafilatura would make them relative to the root of the site
        if address := safe_url(link.get("href", ""), base):
            link.set("href", address)
    found = extract(
        tree,
        url=base,
        output_format="html",
        include_comments=False,
        include_images=True,
        include_links=True,
        include_formatting=True,
    )
    safe = made_safe(ItemDraft(content=found or "", base=base), sanitizer, CapTally())
    if not safe.text.strip():
        raise NoArticle(say("no-article", url=url))
    return ExtractedArticle(safe.content, safe.text, safe.summary)


def _base(written: str, url: str) -> str:
    """Return what addresses in the page at *url* are relative to, if its `<base>` has the address *written*."""
    page = base_of_document(url)
    base = safe_url(written, page, FETCHED)
    return base if is_base(base) else page
