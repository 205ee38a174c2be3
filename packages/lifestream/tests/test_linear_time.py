"""Each function that reads untrusted text takes linear time for each construct that a document can repeat.

`test_regular_expressions` tests the regular expressions one by one. This file tests the functions that use them, since
a loop over linear work may be quadratic. It doesn't test nh3 and feedparser.
"""

from __future__ import annotations

import itertools
import json
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import pytest

from growth import MOST, growth
from lifestream.content import clean_attributes
from lifestream.content.author_tokens import author_tokens
from lifestream.content.clean_html import NotClean, Tags, checked_html
from lifestream.content.fragment_ids import with_key
from lifestream.content.html_repair import repaired
from lifestream.content.html_tokenizer import attributes, tokens, unescape
from lifestream.content.lazy_pictures import is_pixel
from lifestream.content.plaintext import html_of, linked_html_of, shorten, text_of, without_scripts
from lifestream.content.players import player_at
from lifestream.content.sanitizer import Sanitizer
from lifestream.content.sanitizer_rules import DEFAULT_STYLES, SanitizerRules
from lifestream.content.tokenizer import terms, words
from lifestream.content.tracking import without_tracking
from lifestream.content.urls import safe_url
from lifestream.entry import Entry, ParsedFeed
from lifestream.fetcher.cache_lifetime import freshness, retry_after
from lifestream.fetcher.feed_urls import UrlRefused, request_url
from lifestream.fetcher.redirects import RedirectRefused, Trail
from lifestream.fetcher.url_hosts import domain_of, host_of
from lifestream.fetcher.websub import links_of
from lifestream.parser import parse, strict
from lifestream.parser.encoding import decode
from lifestream.parser.liberal_reading import is_cut_off
from lifestream.parser.people import name_of
from lifestream.parser.preprocessing import cleaned
from lifestream.parser.second_reading import scan
from lifestream.parser.text_constructs import html, plain
from lifestream.parser.web_page import read_page
from lifestream.plugins.base import ItemDraft
from lifestream.plugins.entry_keys import keys_of
from lifestream.plugins.generic import GenericPlugin
from lifestream.plugins.item_pipeline import Prepared, prepare
from lifestream.plugins.item_pipeline import cleaned as cleaned_items
from lifestream.refresh.opml import NotOpml, read

pytestmark = pytest.mark.costly

NOW: Final = datetime(2026, 11, 26, tzinfo=UTC)
URL: Final = "http://site.example/page"
UNITS: Final = (
    *("<", "&", "&amp;", "word & ", "/", " ", "\n", " \n", '"', "'", "=", '="', "a=", " a", "a=b ", ",", "a, ", "("),
    *(
        "\\",
        "#",
        "+",
        "é",
        "ก",
        "&#9",
        "&#x9",
        "&#9;",
        "9",
        "http://",
        "//",
        "a@",
        ":",
        ";a",
        "max-age=",
        "<>;rel=hub,",
    ),
    *("<a>", "</a>", "<b><p>", "<p", "<br", "<link ", "<link>", "<title>", "<script>", "<script><!--", "</script"),
    *("<style>", "<img src=a>", "<outline ", "<item>", "</item", "xmlns:a='"),
    *("<!", "<!--", "-->", "<?", "?>", "<![CDATA[", "]]>", "<!ENTITY ", "<!DOCTYPE"),
)
"""The constructs that are repeated."""
HEADS: Final = (
    "",
    "<link",
    '<a href="',
    "<script>",
    "<!DOCTYPE a [",
    "<?xml ",
    "http://a/",
    "<rss><channel><item>",
    "&#",
)
"""What comes before the repeated constructs."""
TAILS: Final = ("q",)
"""What comes after the repeated constructs, so that a match of all of them fails at the end."""


def _or_refused(call: Callable[[str], object], *refusals: type[Exception]) -> Callable[[str], object]:
    def tried(text: str) -> object:
        try:
            return call(text)
        except refusals:
            return None

    return tried


READERS: Final[dict[str, Callable[[str], object]]] = {
    "tokens": lambda text: deque(tokens(text), 0),
    "attributes": lambda text: attributes(f"<a {text}"),
    "unescape": unescape,
    "text_of": text_of,
    "clean html": _or_refused(lambda text: checked_html(f"<p>{text}</p>", Tags(SanitizerRules())).text, NotClean),
    "clean tag": _or_refused(lambda text: checked_html(f'<a href="{text}">', Tags(SanitizerRules())), NotClean),
    "html_of": html_of,
    "linked_html_of": linked_html_of,
    "shorten": lambda text: shorten(text, len(text) - 1),
    "without_scripts": without_scripts,
    "author_tokens": lambda text: deque(author_tokens(text), 0),
    "repaired": lambda text: repaired(text, URL),
    "with_key": lambda text: with_key(text, 1),
    "player_at": player_at,
    "is_pixel": lambda text: is_pixel({"style": text, "width": text}),
    "without_tracking": without_tracking,
    "safe_url": lambda text: safe_url(text, URL),
    "candidates": lambda text: clean_attributes.candidates(text, URL),
    "declarations": lambda text: clean_attributes.declarations(text, DEFAULT_STYLES),
    "request_url": _or_refused(request_url, UrlRefused),
    "words": words,
    "terms": terms,
    "keys_of": lambda text: keys_of(Entry(title=text, content=text)),
    "links_of": lambda text: links_of({"link": f"<a>;rel=hub,{text}"}, URL),
    "freshness": lambda text: freshness({"cache-control": text, "expires": text, "date": text, "age": text}, NOW),
    "retry_after": lambda text: retry_after({"retry-after": text}, NOW),
    "decode": lambda text: decode(text.encode(), text),
    "cleaned": cleaned,
    "is_cut_off": is_cut_off,
    "plain": plain,
    "html": html,
    "name_of": name_of,
    "strict": lambda text: strict.read(f"<a>{text}</a>"),
    "scan": lambda text: scan(cleaned(text).encode()),
    "read_page": lambda text: read_page(text.encode(), {}, URL),
    "opml": _or_refused(lambda text: read(text.encode()), NotOpml),
}


@pytest.mark.parametrize("name", READERS)
def test_a_reader_takes_linear_time_for_each_construct(name: str) -> None:
    reader = READERS[name]
    superlinear = {}
    for head in HEADS:
        for unit in UNITS:
            for tail in TAILS:

                def made_of(length: int, head: str = head, unit: str = unit, tail: str = tail) -> Callable[[], object]:
                    text = head + unit * (length // len(unit)) + tail
                    return lambda: reader(text)

                grown = growth(made_of, (96, 800, 2500))
                if grown > MOST:
                    superlinear[head, unit, tail] = round(grown, 1)

    assert not superlinear


def _rss(item: str) -> bytes:
    return f'<rss version="2.0"><channel><title>t</title><item>{item}</item></channel></rss>'.encode()


ADDRESSES: Final[dict[str, Callable[[str], object]]] = {
    "safe_url": lambda url: safe_url(url, URL),
    "request_url": _or_refused(request_url, UrlRefused),
    "host_of": host_of,
    "domain_of": domain_of,
    "link of an item": lambda url: parse(_rss(f"<link>{url}?</link>"), {}, URL),
    "link of a broken item": lambda url: parse(_rss(f"<link>{url}?</link><a") + b"\0", {}, URL),
    "link in JSON": lambda url: parse(
        json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "url": url}]}).encode(),
        {},
        URL,
    ),
    "read_page": lambda url: read_page(f"<link rel=icon href='{url}'>".encode(), {}, URL),
    "redirect": _or_refused(lambda url: Trail(URL).followed(302, url, limit=5), RedirectRefused),
    "Link": lambda url: links_of({"link": f"<{url}>; rel=hub"}, URL),
    "opml": lambda url: read(f"<opml><outline xmlUrl='http://a.example/' htmlUrl='{url}'/></opml>".encode()),
}


_numbers = itertools.count()


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize("start", ["http://", "https:\\\\", "https:/\\", "//", "feed://"])
def test_an_address_takes_linear_time_whatever_its_host(name: str, start: str) -> None:
    reader = ADDRESSES[name]

    def made_of(length: int) -> Callable[[], object]:
        return lambda: reader(f"{start}a{next(_numbers)}{_marks(length)}/")  # `urlsplit` remembers some addresses

    assert growth(made_of, (4000, 8000)) <= MOST


def test_relative_addresses_take_time_linear_in_the_host_of_their_base() -> None:
    sanitizer = Sanitizer(SanitizerRules())

    def made_of(length: int) -> Callable[[], object]:
        def read_feed() -> None:
            links = "".join(f"&lt;a href='{next(_numbers)}'>x&lt;/a>" for _ in range(200))
            item = f"<description xml:base='http://a{_marks(length)}.example/'>{links}</description>"
            prepare(parse(_rss(item), {}, URL), GenericPlugin(), sanitizer)

        return read_feed

    assert growth(made_of, (960,)) <= MOST


def test_the_player_of_a_sound_takes_time_linear_in_the_host_of_its_address() -> None:
    def made_of(length: int) -> Callable[[], object]:
        def find_players() -> None:
            for _ in range(50):
                player_at(f"https://w.soundcloud.com/player/?url=http://a{next(_numbers)}{_marks(length)}.example/")

        return find_players

    assert growth(made_of, (1800,)) <= MOST


def test_damaged_entries_are_cleaned_in_linear_time() -> None:
    sanitizer = Sanitizer(SanitizerRules())

    def made_of(count: int) -> Callable[[], object]:
        drafts = tuple(ItemDraft(guid=str(number)) for number in range(count))
        return lambda: cleaned_items(Prepared(ParsedFeed(), drafts, damaged=tuple(range(count))), sanitizer)

    assert growth(made_of, (10_000,)) <= MOST


def _marks(length: int) -> str:
    """Return combining marks whose canonical order is the other way round (Unicode Standard, section 3.11)."""
    return "\u0315" * (length // 2) + "\u0300" * (length // 2)
