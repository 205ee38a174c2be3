"""Addresses of feeds for a web page that names none, and the site that a feed belongs to. Pure: it fetches nothing.

`web_page.read_page` reads what a page itself says. If the page names no feeds, `well_known` returns their usual
addresses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from lifestream.content.urls import FETCHED, safe_url
from lifestream.entry import ParsedFeed
from lifestream.fetcher.url_hosts import site_domain
from lifestream.parser.web_page import is_svg


@dataclass(frozen=True, slots=True)
class Site:
    """The site of a feed: its *name*, its page, its *domain* without "www.", and pictures that may be its icon."""

    name: str
    url: str
    domain: str
    icons: tuple[str, ...] = ()


_USUAL_PLACES: Final = ("feed", "rss.xml", "atom.xml", "feed.xml", "index.xml", "feed.json", "rss")


def well_known(url: str) -> list[str]:
    """Return the usual addresses of feeds for the page *url*, the most likely first: beside the page, then at the
    site's root.
    """
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
    """Return the addresses of feeds on known sites whose pages don't name them."""
    steps = [step for step in path.split("/") if step]
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


def site_of(feed: ParsedFeed, url: str) -> Site:
    """Return the site of *feed*, which was fetched from *url*."""
    page = safe_url(feed.link, url, FETCHED) or safe_url("/", url, FETCHED)
    domain = site_domain(page, url, (entry.link for entry in feed.entries))
    icon = safe_url(feed.icon, url, FETCHED)
    usual = safe_url("/favicon.ico", page or url, FETCHED)
    icons = dict.fromkeys(candidate for candidate in (icon, usual) if candidate and not is_svg(candidate))
    return Site(feed.title or domain, page, domain, tuple(icons))
