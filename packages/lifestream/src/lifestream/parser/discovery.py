"""Addresses of feeds for a web page that names none, and the site that a feed belongs to. Pure: it fetches nothing.

`web_page.read_page` reads what a page itself says. If the page names no feeds, `well_known` returns their usual
addresses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

from lifestream.content.urls import FETCHED, safe_url
from lifestream.entry import ParsedFeed
from lifestream.fetcher.url_hosts import site_domain
from lifestream.parser.web_page import YOUTUBE, is_svg, youtube_feed


@dataclass(frozen=True, slots=True)
class Site:
    """The site of a feed: its *name*, its page, its *domain* without "www.", and pictures that may be its icon."""

    name: str
    url: str
    domain: str
    icons: tuple[str, ...] = ()


_USUAL_PLACES: Final = ("feed", "rss.xml", "atom.xml", "feed.xml", "index.xml", "feed.json", "rss")


def well_known(url: str) -> list[str]:
    """Return the usual addresses of feeds for the page *url*, the most likely first: below the page, then at the
    site's root. For a page that has `own_places`, return these instead.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return []
    if parts.scheme not in FETCHED or not parts.hostname:
        return []
    root = urlunsplit((parts.scheme, parts.netloc, "/", "", ""))
    page = urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/") + "/", "", ""))
    places = own_places(url)
    if not places:
        places = [folder + place for folder in dict.fromkeys((page, root)) for place in _USUAL_PLACES]
    return places


def own_places(url: str) -> list[str]:
    """Return the addresses of feeds for the page *url*, if it is a profile (`/@name`), or on one of the known sites
    whose pages don't name their feeds.
    """
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").removeprefix("www.").removeprefix("m.")
    except ValueError:
        return []
    if parts.scheme not in FETCHED:
        return []
    root = urlunsplit((parts.scheme, parts.netloc, "/", "", ""))
    steps = [step for step in parts.path.split("/") if step]
    if host == "youtube.com":
        return _on_youtube(steps, parts.query)
    if host == "github.com" and len(steps) >= 2:
        repository = f"{root}{steps[0]}/{steps[1]}"
        return [f"{repository}/releases.atom", f"{repository}/commits.atom"]
    if host == "github.com" and steps:
        return [f"{root}{steps[0]}.atom"]
    if host in {"reddit.com", "old.reddit.com"} and steps:
        return [f"{root}{'/'.join(steps)}/.rss"]
    if len(steps) == 1 and steps[0].startswith("@"):
        return [f"{root}{steps[0]}.rss"]  # Mastodon and similar servers
    return []


def _on_youtube(steps: Sequence[str], query: str) -> list[str]:
    """Return the feed of the channel, user or playlist whose page has this address. The address of a handle (`/@name`)
    doesn't tell the feed, only the page at that address does.
    """
    if len(steps) >= 2 and steps[0] == "channel":
        return [youtube_feed(steps[1])]
    if len(steps) >= 2 and steps[0] == "user":
        return [f"{YOUTUBE}?{urlencode({'user': steps[1]})}"]
    playlists = parse_qs(query).get("list", []) if steps == ["playlist"] else []
    return [f"{YOUTUBE}?{urlencode({'playlist_id': playlist})}" for playlist in playlists[:1]]


def site_of(feed: ParsedFeed, url: str) -> Site:
    """Return the site of *feed*, which was fetched from *url*."""
    page = safe_url(feed.link, url, FETCHED) or safe_url("/", url, FETCHED)
    domain = site_domain(page, url, (entry.link for entry in feed.entries))
    icon = safe_url(feed.icon, url, FETCHED)
    usual = safe_url("/favicon.ico", page or url, FETCHED)
    icons = dict.fromkeys(candidate for candidate in (icon, usual) if candidate and not is_svg(candidate))
    return Site(feed.title or domain, page, domain, tuple(icons))
