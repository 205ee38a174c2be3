"""Finds the icons of sites, some time after a feed was added. The address guard applies to icons as it does to feeds.

About once a month, a feed without an icon gets another chance: the picture that the feed names, those that its site's
page names, and `/favicon.ico` are requested, until one is an icon or CANDIDATES were requested. An answer is kept if
its first bytes say that it is a picture in a format that can hold no script, and that it has no more pixels than an
icon may have (see `is_icon`). The requests go through the feed's own proxy; its login, headers and certificates are
used for its own server only.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Exists, OuterRef
from django.utils import timezone

from lifestream.content.image_dimensions import is_icon
from lifestream.entry import ParsedFeed
from lifestream.fetcher.address_guard import AddressGuard
from lifestream.fetcher.fetch import Fetcher, FetchLimits
from lifestream.fetcher.outcomes import Failed, Fetched, FetchRequest, Outcome
from lifestream.fetcher.shortage import ShortOf, require_files
from lifestream.models import Feed, Host
from lifestream.parser.discovery import site_of
from lifestream.parser.errors import ParseError
from lifestream.refresh.factories import LazyPool, make_fetcher, make_guard, make_page_pool
from lifestream.storage.feed_options import UNREADABLE, RequestsBeside

log = logging.getLogger(__name__)

AGAIN: Final = timedelta(days=30)
"""After this time, a site that had no icon is requested again."""

LIMITS: Final = FetchLimits(timeout=10.0, max_body=256 * 1024)
"""The limits of one request: an icon is small, and no page waits for it."""

CANDIDATES: Final = 4
"""How many requests are sent for one site's icon, not counting its page."""

AT_ONCE: Final = 8
"""How many sites are requested at the same time."""

OF_A_SITE: Final = 20.0
"""Seconds for all requests for one site's icon: the updater fetches no feeds meanwhile. A slower site counts as one
without an icon.
"""


def find_icons(
    feeds: Collection[int] | None = None,
    *,
    limit: int = 20,
    clock: Callable[[], datetime] = timezone.now,
    guard: AddressGuard | None = None,
) -> int:
    """Look for the icons of at most *limit* feeds that were read and have none; only of *feeds* (keys), if given.

    Returns how many were found. A site that could not be requested because of a shortage (see `fetcher.shortage`) is
    tried again the next time; so are all if the shortage lets no site be requested, which raises an error that
    `shortage_of` recognises. No event loop may run in the thread that calls this.
    """
    now = clock()
    sites = _sites_without_icon(feeds, limit, now)
    if not sites:
        return 0
    require_files()
    with LazyPool(
        make_page_pool
    ) as pool:  # pages are read in one process, which is started when the first page has come
        found = asyncio.run(_icons_of(sites, guard or make_guard(), pool))
    for key, icon in found:
        Feed.objects.filter(pk=key).update(icon=icon, icon_checked=now)
    return sum(bool(icon) for _, icon in found)


def _sites_without_icon(feeds: Collection[int] | None, limit: int, now: datetime) -> list[_IconlessFeed]:
    """Return up to *limit* feeds whose icons are to be looked for, those of *feeds* (keys) if given, beginning with
    those whose icons were never looked for. A feed whose host has asked for a pause is not among them.
    """
    is_paused = Exists(Host.objects.filter(pk=OuterRef("host"), not_before__gt=now))
    without = Feed.objects.without_icon().filter(~is_paused, status=Feed.Status.ACTIVE, last_success__isnull=False)
    if feeds is not None:
        without = without.filter(pk__in=feeds)
    # Two queries, since each is answered from the beginning of a part of the index.
    never = without.filter(icon_checked=None).order_by("pk")
    again = without.filter(icon_checked__lte=now - AGAIN).order_by("icon_checked", "pk")
    columns = [column.name for column in fields(_IconlessFeed)]
    found: list[_IconlessFeed] = []
    for chosen in (never, again):
        found += [_IconlessFeed(**row) for row in chosen.values(*columns)[: limit - len(found)]]
    return found


@dataclass(frozen=True, slots=True)
class _IconlessFeed:
    """A feed that has no icon: its key and *url*, its site, the picture that it names, and its options and secrets."""

    pk: int
    url: str
    site_url: str
    icon_url: str
    options: dict[str, Any]
    credentials: str = field(repr=False)


async def _icons_of(feeds: list[_IconlessFeed], guard: AddressGuard, pool: LazyPool) -> list[tuple[int, bytes]]:
    """Return the key of each feed with its icon, b"" for none. Feeds that met a shortage are left out."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(fetcher: Fetcher, feed: _IconlessFeed) -> tuple[int, bytes] | None:
        async with turns:
            try:
                return feed.pk, await _icon_of(_Requests(fetcher), pool, feed)
            except TimeoutError:
                log.info("the site of %s is too slow to look for its icon", feed.url)
                return feed.pk, b""
            except (_NotRequested, ShortOf) as shortage:
                log.warning("the icon of %s will be looked for later: %s", feed.url, shortage)
                return None

    async with make_fetcher(guard, LIMITS) as fetcher:
        results = await asyncio.gather(*(one(fetcher, feed) for feed in feeds))
    return [result for result in results if result is not None]


class _NotRequested(Exception):
    """The site could not be requested because of a shortage on this machine."""


@dataclass(slots=True)
class _Requests:
    """The requests for one site's icon, which may take OF_A_SITE together. The time in which its page is parsed is not
    counted.
    """

    fetcher: Fetcher
    left: float = field(default_factory=lambda: OF_A_SITE)

    async def fetch(self, request: FetchRequest) -> Outcome:
        """Send one request. Raises `_NotRequested`, or TimeoutError if the site's requests have taken too long."""
        began = time.monotonic()
        async with asyncio.timeout(self.left):
            outcome = await self.fetcher.fetch(request)
        self.left -= time.monotonic() - began
        if isinstance(outcome, Failed) and outcome.kind == "shortage":
            raise _NotRequested(outcome.message)
        return outcome


async def _icon_of(asked: _Requests, pool: LazyPool, feed: _IconlessFeed) -> bytes:
    """Return the icon of *feed*, b"" for none. Raises `_NotRequested` or `ShortOf` for a shortage of this machine, and
    TimeoutError for a site that is too slow.
    """
    try:
        requests = RequestsBeside.of(feed.url, feed.options, feed.credentials)
    except UNREADABLE:  # the feed's fetches fail, and report it
        return b""
    known = site_of(ParsedFeed(link=feed.site_url), feed.url)
    candidates = [feed.icon_url] if feed.icon_url else []
    if known.url:
        outcome = await asked.fetch(requests.to(known.url))
        if isinstance(outcome, Fetched):
            candidates += await _icons_in(outcome, pool)
    candidates += known.icons
    for candidate in list(dict.fromkeys(candidates))[:CANDIDATES]:
        outcome = await asked.fetch(requests.to(candidate))
        if isinstance(outcome, Fetched) and is_icon(outcome.body):
            return outcome.body
    return b""


async def _icons_in(page: Fetched, pool: LazyPool) -> tuple[str, ...]:
    """Return the icons that *page* names; none if it can't be read."""
    try:
        read = await asyncio.wrap_future(pool.start().read_page(page.body, page.headers, page.url))
    except ParseError as error:
        log.info("no icons can be looked for on the page %s: %s", page.url, error.reason)
        return ()
    return read.icons
