"""A web page → `Page`: its title, the feeds that it names, and pictures that may be its icon.

A page names its feeds with `<link rel="alternate">` (HTML, 4.6.7.1, and the RSS Advisory Board's autodiscovery), and
its server does so in the header field Link (RFC 8288). Other pages only link to their feeds, or lead to another page by
a refresh. Only the beginning of a page is read. All of it is untrusted, so `ParserPool.read_page` reads it in a child
process.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode, urljoin, urlsplit

from lifestream.content.html_tokenizer import attributes, tokens
from lifestream.content.plaintext import scrub, shorten, text_of
from lifestream.content.urls import FETCHED, safe_url
from lifestream.fetcher.feed_urls import without_feed_scheme
from lifestream.fetcher.link_header import links_in
from lifestream.fetcher.url_hosts import domain_of, is_within
from lifestream.parser.encoding import decode
from lifestream.parser.relative_addresses import base_of_document, is_base
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
    """What a web page says of its site: its *title*, its *feeds*, and pictures that may be its icon, best first.

    *linked* are the addresses of links that look like links to feeds. *refresh* is the page that a browser goes on to
    from here, "" for none.
    """

    title: str = ""
    feeds: tuple[Candidate, ...] = ()
    icons: tuple[str, ...] = ()
    linked: tuple[str, ...] = ()
    refresh: str = ""


def read_page(html: bytes, headers: Mapping[str, str], url: str, most: int = MAX_PAGE) -> Page:
    """Return the page in *html*, which came from *url* with *headers*. Only its first *most* characters are read."""
    text = decoded_page(html, headers, most)
    base, title, links, refresh = base_of_document(url), "", _links_in_header(headers), ""
    anchors: list[_Anchor] = []
    based = False
    anchor: _Anchor | None = None
    for kind, name, source in tokens(text):
        if kind == "start" and name == "base" and not based:
            based = True
            written = _fetchable(attributes(source).get("href", ""), base)
            base = written if is_base(written) else base
        elif kind == "start" and name == "link" and len(links) < _MOST_LINKS:
            links.append(attributes(source))
        elif kind == "start" and name == "meta" and not refresh:
            refresh = _refresh(attributes(source))
        elif name == "a" and kind in ("start", "end"):
            anchor = _Anchor(attributes(source)) if kind == "start" and len(anchors) < _MOST_ANCHORS else None
            anchors += [anchor] if anchor is not None else []
        elif kind == "text" and anchor is not None and len(anchor.text) < _LONGEST_LABEL:
            anchor.text += source[:_LONGEST_LABEL]
        if kind == "hidden" and name == "title" and not title:
            title = shorten(" ".join(text_of(source).split()), TITLE.limit)
    feeds = tuple(_feeds(links, base)) or tuple(_feeds_of_youtube(links, text, url))
    linked = dict.fromkeys(_fetchable(each.link["href"], base) for each in anchors if each.leads_to_feed)
    return Page(
        title,
        feeds,
        tuple(_icons(links, base, url)),
        tuple(address for address in linked if address)[:MAX_CANDIDATES],
        _fetchable(refresh, base) if refresh else "",
    )


def _fetchable(href: str, base: str) -> str:
    """Return the address *href* of a link, made absolute against *base*; "" if it can't be fetched."""
    return address(safe_url(without_feed_scheme(href), base, FETCHED))


def _links_in_header(headers: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the links of the header field Link, as attributes of `<link>`."""
    field = next((value for name, value in headers.items() if name.lower() == "link"), "")
    return [parameters | {"href": target} for target, parameters in links_in(field)]


def _refresh(meta: Mapping[str, str]) -> str:
    """Return the address that a `<meta http-equiv="refresh">` leads to (HTML, 4.2.5.3), "" for none."""
    if meta.get("http-equiv", "").strip().lower() != "refresh":
        return ""
    found = _REFRESH.fullmatch(meta.get("content", "").strip()[:_LONGEST_REFRESH])
    return found[1].strip("\"'") if found else ""


# Many pages leave "url=" out, which browsers do not need behind a time. "url=" without an address reloads the page.
_REFRESH = re.compile(
    r"(?:[\d.]*+\s*+[;,]?\s*+url\s*+=|[\d.]++(?:\s*+[;,]|\s)\s*+(?!url\s*+=))\s*+(.++)", re.IGNORECASE | re.DOTALL
)
_LONGEST_REFRESH: Final = 8192

_MOST_LINKS: Final = 5000
_MOST_ANCHORS: Final = 5000
_LONGEST_LABEL: Final = 60


@dataclass(slots=True)
class _Anchor:
    """A link within a page: its attributes, and the beginning of its text."""

    link: dict[str, str]
    text: str = ""

    @property
    def leads_to_feed(self) -> bool:
        """Whether the link looks like one to a feed, by its type, address or text."""
        href = self.link.get("href", "").strip()
        kind = self.link.get("type", "").partition(";")[0].strip().lower()
        return bool(href) and (
            kind in _FEED_TYPES
            or href[:5].lower() == "feed:"
            or _ADDRESS_OF_FEED.search(href.partition("#")[0]) is not None
            or _WORD_FOR_FEED.fullmatch(" ".join(self.text.split())) is not None
        )


_ADDRESS_OF_FEED = re.compile(
    r"(?:(?:^|/)(?:feed|rss|atom)/?|\.(?:rss|atom|rdf)|(?:^|/)(?:feeds?|rss2?|atom|index)\.(?:xml|json|php)"
    r"|[?&](?:feed=\w+|format=(?:feed|rss|atom)|type=rss))$",
    re.IGNORECASE,
)
_WORD_FOR_FEED = re.compile(r"(?:rss|atom|xml|(?:rss|atom|web)[ -]?feed|feed)(?: ?2\.0)?", re.IGNORECASE)

YOUTUBE: Final = "https://www.youtube.com/feeds/videos.xml"


def youtube_feed(channel: str) -> str:
    """Return the address of the feed of the YouTube channel with this id."""
    return f"{YOUTUBE}?{urlencode({'channel_id': channel})}"


def _feeds_of_youtube(links: list[dict[str, str]], text: str, url: str) -> Iterator[Candidate]:
    """Yield the feed of the channel that a page of YouTube belongs to. Most pages of YouTube don't name their feed."""
    if not is_within(domain_of(url), "youtube.com"):
        return
    canonical = [link.get("href", "") for link in links if "canonical" in link.get("rel", "").lower().split()]
    if found := _CHANNEL_ADDRESS.search(" ".join(canonical)) or _CHANNEL.search(text):
        yield Candidate(youtube_feed(found[1]))


_CHANNEL_ADDRESS = re.compile(r"/channel/(UC[\w-]{22})(?![\w-])", re.ASCII)
_CHANNEL = re.compile(r"(?:externalId|channelId|channel_id)\W{1,8}(UC[\w-]{22})(?![\w-])", re.ASCII)


_CHARSET = re.compile(r"""charset\s*+=\s*+["']?([a-zA-Z][\w:.-]*+)""", re.IGNORECASE | re.ASCII)


def _charset_in(start: str) -> str:
    """Return the charset that a page names in its *start*, or "" if it names none."""
    for kind, name, source in tokens(start):
        if kind == "start" and name == "meta":
            meta = attributes(source)
            if found := _CHARSET.search(
                f"charset={meta['charset'].strip()}" if "charset" in meta else meta.get("content", "")
            ):
                return found[1]
    return ""


def decoded_page(html: bytes, headers: Mapping[str, str], most: int = MAX_PAGE) -> str:
    """Return the text of a page, at most *most* characters. Its charset is that of a byte order mark, else of HTTP,
    else of the page itself (HTML, 13.2.3.2), unless the bytes contradict it.
    """
    content_type = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    if "charset" not in content_type.lower() and (named := _charset_in(html[:1024].decode("latin-1"))):
        content_type = f"text/html; charset={named}"
    return scrub(decode(html[: 4 * most], content_type).text)[:most]


_FEED_TYPES: Final = frozenset({"application/rss+xml", "application/atom+xml", "application/feed+json"})
# Media types that have many other uses, too: WordPress names an address of its API, which answers in JSON, as an
# alternate of a post.
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
        url = _fetchable(link.get("href", ""), base)
        sounds_like_feed = _SOUNDS_LIKE_FEED.search(f"{title} {link.get('href', '')}") is not None
        is_feed = kind in _FEED_TYPES or (kind in _GENERAL_TYPES and sounds_like_feed)
        if url and ("feed" in relations or ("alternate" in relations and is_feed)):
            found.setdefault(url, Candidate(url, title, kind))
    # Comments are a feed too, but rarely the feed that is wanted.
    ordered = sorted(found.values(), key=lambda feed: bool(_SOUNDS_LIKE_COMMENTS.search(f"{feed.title} {feed.url}")))
    yield from ordered[:MAX_CANDIDATES]


def _icons(links: list[dict[str, str]], base: str, page: str) -> Iterator[str]:
    """Yield pictures for a site: those of a useful size first, then the others, then the usual place. Pictures whose
    address or type says SVG are left out, since SVG can contain scripts.
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
    """Return the rank of an icon, the lowest first: by how many pixels its width differs from _WANTED_ICON, or 1000 if
    it is narrower than 32. An icon of unknown size ranks like one that is _WANTED_ICON pixels too wide, and an
    `apple-touch-icon` of unknown size just after that.
    """
    widths = [int(width) for width in re.findall(r"(\d{1,4})x\d", link.get("sizes", "").lower())]
    if widths:
        return min(abs(width - _WANTED_ICON) if width >= 32 else 1000 for width in widths)
    return _WANTED_ICON if "icon" in relations else _WANTED_ICON + 1


_WANTED_ICON: Final = 96
