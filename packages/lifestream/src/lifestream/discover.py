"""From a web page to its feeds, and what a site is called: pure, nothing is fetched here.

A page names its feeds with `<link rel="alternate">` (HTML, 4.6.7.1, and the RSS Advisory Board's
autodiscovery); where it doesn't, they are where such things usually are. Only the beginning of a page is
read, and all of it is hostile.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin, urlsplit, urlunsplit

from lifestream.entry import ParsedFeed
from lifestream.hosts import site_domain
from lifestream.markup import attributes, tokens
from lifestream.parse.charset import decode
from lifestream.plaintext import scrub, text_of
from lifestream.sanitize import FETCHED, safe_url

MAX_PAGE: Final = 1_000_000
"""How much of a page is read, in characters."""

MAX_CANDIDATES: Final = 20


@dataclass(frozen=True, slots=True)
class Candidate:
    """What may be a feed: its address, its *title* and media *type* as the page has them."""

    url: str
    title: str = ""
    type: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """What a web page says of its site: its *title*, its *feeds*, and pictures that may be its icon, best first."""

    title: str = ""
    feeds: tuple[Candidate, ...] = ()
    icons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Site:
    """The site behind a feed: its *name*, its page, its *domain* without "www.", and pictures that may be its icon."""

    name: str
    url: str
    domain: str
    icons: tuple[str, ...] = ()


def feeds_in_page(html: bytes, headers: Mapping[str, str], url: str) -> list[Candidate]:
    """The feeds that a page names, the most likely first: see `read_page`."""
    return list(read_page(html, headers, url).feeds)


def read_page(html: bytes, headers: Mapping[str, str], url: str) -> Page:
    """What the page *html* says, which came from *url* with *headers*."""
    text = _decoded(html, headers)[:MAX_PAGE]
    base, title, links = url, "", []
    based = False
    reading_title = False
    for kind, name, source in tokens(text):
        if kind == "start" and name == "base" and not based:
            based = True
            base = safe_url(attributes(source).get("href", ""), url, FETCHED) or url
        elif kind == "start" and name == "link":
            links.append(attributes(source))
        reading_title = (kind == "start" and name == "title") or (reading_title and kind == "hidden")
        if reading_title and kind == "hidden" and not title:
            title = " ".join(text_of(source).split())
    return Page(title, tuple(_feeds(links, base)), tuple(_icons(links, base, url)))


_META_CHARSET = re.compile(rb"""<meta[^>]+?charset\s*=\s*["']?\s*([a-zA-Z][\w:.-]*)""", re.IGNORECASE)


def _decoded(html: bytes, headers: Mapping[str, str]) -> str:
    """The text of a page: a byte order mark counts first, then HTTP, then the page's own word (HTML, 13.2.3.2)."""
    said = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    if "charset" not in said.lower() and (found := _META_CHARSET.search(html[:1024])):
        said = f"text/html; charset={found[1].decode('ascii', 'ignore')}"
    return scrub(decode(html[: 4 * MAX_PAGE], said).text)


_FEED_TYPES: Final = frozenset({"application/rss+xml", "application/atom+xml", "application/feed+json"})
# Types that stand for much else too: an alternate of WordPress is JSON of its API.
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
        title = " ".join(link.get("title", "").split())
        url = safe_url(link.get("href", ""), base, FETCHED)
        sounds = _SOUNDS_LIKE_FEED.search(f"{title} {link.get('href', '')}") is not None
        is_feed = kind in _FEED_TYPES or (kind in _GENERAL_TYPES and sounds)
        if url and ("feed" in relations or ("alternate" in relations and is_feed)):
            found.setdefault(url, Candidate(url, title, kind))
    # Comments are a feed too, and seldom the one that is meant.
    ordered = sorted(found.values(), key=lambda feed: bool(_SOUNDS_LIKE_COMMENTS.search(f"{feed.title} {feed.url}")))
    yield from ordered[:MAX_CANDIDATES]


def _icons(links: list[dict[str, str]], base: str, page: str) -> Iterator[str]:
    """Pictures for a site, never SVG, which can hold scripts: of a useful size first, then any, then the
    usual place.
    """
    found: dict[str, int] = {}
    for link in links:
        relations = set(link.get("rel", "").lower().split())
        url = safe_url(link.get("href", ""), base, FETCHED)
        if url and relations & {"icon", "apple-touch-icon", "apple-touch-icon-precomposed"} and not is_svg(url, link):
            found.setdefault(url, _rank(link, relations))
    yield from sorted(found, key=lambda url: found[url])[:MAX_CANDIDATES]
    usual = urljoin(page, "/favicon.ico")
    if usual not in found and safe_url(usual, schemes=FETCHED):
        yield usual


def is_svg(url: str, link: Mapping[str, str] | None = None) -> bool:
    """Whether a picture is SVG by its address, or by the type that a *link* to it gives."""
    kind = (link or {}).get("type", "").lower()
    return "svg" in kind or urlsplit(url).path.lower().endswith((".svg", ".svgz"))


def _rank(link: Mapping[str, str], relations: set[str]) -> int:
    """How far the size of an icon is from what a page shows; one of unknown size comes after those that fit."""
    widths = [int(width) for width in re.findall(r"(\d{1,4})x\d", link.get("sizes", "").lower())]
    if widths:
        return min(abs(width - _WANTED_ICON) if width >= 32 else 1000 for width in widths)
    return _WANTED_ICON if "icon" in relations else _WANTED_ICON + 1


_WANTED_ICON: Final = 96
_USUAL_PLACES: Final = ("feed", "rss.xml", "atom.xml", "feed.xml", "index.xml", "feed.json", "rss")


def well_known(url: str) -> list[str]:
    """Where a feed of the page *url* usually is, the most likely first: beside the page, then at the site's root."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return []
    if parts.scheme not in FETCHED or not parts.hostname:
        return []
    root = urlunsplit((parts.scheme, parts.netloc, "/", "", ""))
    page = urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/") + "/", "", ""))
    places = _own_places(parts.hostname.removeprefix("www."), parts.path.rstrip("/"), root)
    if not places:
        places = [folder + place for folder in dict.fromkeys((page, root)) for place in _USUAL_PLACES]
    return places


def _own_places(host: str, path: str, root: str) -> list[str]:
    """The feeds of sites whose pages don't name them."""
    steps = [step for step in path.split("/") if step]
    if host == "github.com" and len(steps) >= 2:
        repository = f"{root}{steps[0]}/{steps[1]}"
        return [f"{repository}/releases.atom", f"{repository}/commits.atom"]
    if host == "github.com" and steps:
        return [f"{root}{steps[0]}.atom"]
    if host in {"reddit.com", "old.reddit.com"} and steps:
        return [f"{root}{'/'.join(steps)}/.rss"]
    if len(steps) == 1 and steps[0].startswith("@"):
        return [f"{root}{steps[0]}.rss"]  # Mastodon and its kin
    return []


def site_of(feed: ParsedFeed, url: str) -> Site:
    """The site that *feed*, fetched from *url*, is of."""
    page = safe_url(feed.link, url, FETCHED) or safe_url("/", url, FETCHED)
    domain = site_domain(page, url, (entry.link for entry in feed.entries))
    icon = safe_url(feed.icon, url, FETCHED)
    usual = safe_url("/favicon.ico", page or url, FETCHED)
    icons = dict.fromkeys(candidate for candidate in (icon, usual) if candidate and not is_svg(candidate))
    return Site(feed.title or domain, page, domain, tuple(icons))
