"""A web page → `Page`: its title, the feeds that it names, and pictures that may be its icon.

A page names its feeds with `<link rel="alternate">` (HTML, 4.6.7.1, and the RSS Advisory Board's autodiscovery). Only
the beginning of a page is read. All of it is untrusted, so `ParserPool.read_page` reads it in a child process.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin, urlsplit

from lifestream.content.html_tokenizer import attributes, tokens
from lifestream.content.plaintext import scrub, shorten, text_of
from lifestream.content.urls import FETCHED, safe_url
from lifestream.parser.encoding import decode
from lifestream.plugins.caps import TITLE, address

MAX_PAGE: Final = 1_000_000
"""How much of a page is read, in characters."""

MAX_CANDIDATES: Final = 20


@dataclass(frozen=True, slots=True)
class Candidate:
    """A possible feed: its address, and its *title* and media *type* as the page has them."""

    url: str
    title: str = ""
    type: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """What a web page says of its site: its *title*, its *feeds*, and pictures that may be its icon, best first."""

    title: str = ""
    feeds: tuple[Candidate, ...] = ()
    icons: tuple[str, ...] = ()


def read_page(html: bytes, headers: Mapping[str, str], url: str) -> Page:
    """Return the page in *html*, which came from *url* with *headers*."""
    text = _decoded(html, headers)[:MAX_PAGE]
    base, title, links = url, "", []
    based = False
    reading_title = False
    for kind, name, source in tokens(text):
        if kind == "start" and name == "base" and not based:
            based = True
            base = address(safe_url(attributes(source).get("href", ""), url, FETCHED)) or url
        elif kind == "start" and name == "link":
            links.append(attributes(source))
        reading_title = (kind == "start" and name == "title") or (reading_title and kind == "hidden")
        if reading_title and kind == "hidden" and not title:
            title = shorten(" ".join(text_of(source).split()), TITLE.limit)
    return Page(title, tuple(_feeds(links, base)), tuple(_icons(links, base, url)))


_CHARSET = re.compile(r"""charset\s*+=\s*+["']?([a-zA-Z][\w:.-]*+)""", re.IGNORECASE | re.ASCII)


def _charset_in(start: str) -> str:
    """Return the charset that a page names in its *start*, or "" if it names none."""
    for kind, name, source in tokens(start):
        if kind == "start" and name == "meta":
            said = attributes(source)
            if found := _CHARSET.search(
                f"charset={said['charset'].strip()}" if "charset" in said else said.get("content", "")
            ):
                return found[1]
    return ""


def _decoded(html: bytes, headers: Mapping[str, str]) -> str:
    """Return the text of a page. Its charset is that of a byte order mark, else of HTTP, else of the page itself (HTML,
    13.2.3.2).
    """
    said = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    if "charset" not in said.lower() and (named := _charset_in(html[:1024].decode("latin-1"))):
        said = f"text/html; charset={named}"
    return scrub(decode(html[: 4 * MAX_PAGE], said).text)


_FEED_TYPES: Final = frozenset({"application/rss+xml", "application/atom+xml", "application/feed+json"})
# Media types that have many other uses too: an alternate of WordPress is JSON of its API.
_GENERAL_TYPES: Final = frozenset(
    {"application/json", "application/rdf+xml", "application/xml", "text/xml", "text/rss", "text/atom"}
)
_SOUNDS_LIKE_FEED = re.compile(r"feed|rss|atom|\brdf\b", re.IGNORECASE)
_SOUNDS_LIKE_COMMENTS = re.compile(r"comment|kommentar|replies", re.IGNORECASE)


def _feeds(links: list[dict[str, str]], base: str) -> Iterator[Candidate]:
    found: dict[str, Candidate] = {}
    for link in links:
        relations = link.get("rel", "").lower().split()
        kind = link.get("type", "").partition(";")[0].strip().lower()
        title = shorten(" ".join(link.get("title", "").split()), TITLE.limit)
        url = address(safe_url(link.get("href", ""), base, FETCHED))
        sounds = _SOUNDS_LIKE_FEED.search(f"{title} {link.get('href', '')}") is not None
        is_feed = kind in _FEED_TYPES or (kind in _GENERAL_TYPES and sounds)
        if url and ("feed" in relations or ("alternate" in relations and is_feed)):
            found.setdefault(url, Candidate(url, title, kind))
    # Comments are a feed too, but rarely the feed that is wanted.
    ordered = sorted(found.values(), key=lambda feed: bool(_SOUNDS_LIKE_COMMENTS.search(f"{feed.title} {feed.url}")))
    yield from ordered[:MAX_CANDIDATES]


def _icons(links: list[dict[str, str]], base: str, page: str) -> Iterator[str]:
    """Yield pictures for a site: those of a useful size first, then the others, then the usual place. SVG is never
    among them, since it can contain scripts.
    """
    found: dict[str, int] = {}
    for link in links:
        relations = set(link.get("rel", "").lower().split())
        url = address(safe_url(link.get("href", ""), base, FETCHED))
        if url and relations & {"icon", "apple-touch-icon", "apple-touch-icon-precomposed"} and not is_svg(url, link):
            found.setdefault(url, _rank(link, relations))
    yield from sorted(found, key=lambda url: found[url])[:MAX_CANDIDATES]
    usual = urljoin(page, "/favicon.ico")
    if usual not in found and safe_url(usual, schemes=FETCHED):
        yield usual


def is_svg(url: str, link: Mapping[str, str] | None = None) -> bool:
    """Return whether a picture is SVG by its address, or by the type that a *link* to it gives."""
    kind = (link or {}).get("type", "").lower()
    return "svg" in kind or urlsplit(url).path.lower().endswith((".svg", ".svgz"))


def _rank(link: Mapping[str, str], relations: set[str]) -> int:
    """Return how far the size of an icon is from the size on a page. Icons of unknown size come after those
    that fit.
    """
    widths = [int(width) for width in re.findall(r"(\d{1,4})x\d", link.get("sizes", "").lower())]
    if widths:
        return min(abs(width - _WANTED_ICON) if width >= 32 else 1000 for width in widths)
    return _WANTED_ICON if "icon" in relations else _WANTED_ICON + 1


_WANTED_ICON: Final = 96
