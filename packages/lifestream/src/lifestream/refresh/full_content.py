"""The whole content of entries, from their pages, for feeds for which an operator has chosen that.

After a refresh, the pages of the newest items of such feeds are requested through the same guard as feeds, with the
feed's own User-Agent and proxy; its login, headers and certificates go to its own server only. The pages of a host are
requested one after the other, no faster than feeds, and not while all feeds of the host are paused. A child process
finds the article, with a deadline, and cleans it.

The content replaces that of the entry, and the feed's summary stays, if there is one. If the entry is edited, its own
content is stored again, and its page is requested again. A page without an article is requested three times, a day
apart. So is a page with less text than the entry itself: it may be cut off, or a notice (of maintenance, for example)
that came with status 200 in place of the page.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import router, transaction
from django.db.models import F, Q
from django.utils import timezone

from lifestream.conf import settings
from lifestream.fetcher.address_guard import AddressGuard
from lifestream.fetcher.fetch import Fetcher
from lifestream.fetcher.outcomes import Failed, Fetched, FetchRequest, Outcome
from lifestream.fetcher.shortage import require_files
from lifestream.fetcher.url_hosts import host_of
from lifestream.message import say
from lifestream.models import Article, Feed, Host, Item
from lifestream.parser import article
from lifestream.parser.errors import ParseError
from lifestream.refresh.factories import LazyPool, make_fetcher, make_guard
from lifestream.storage import saved_rows
from lifestream.storage.bulk_sql import batches
from lifestream.storage.feed_options import UNREADABLE, RequestsBeside, takes_full_content

log = logging.getLogger(__name__)

NEWEST: Final = 20
"""How many items of a feed, the newest ones, have their pages requested."""
PAGES_PER_RUN: Final = 50
"""How many pages one run requests at most."""
AGAIN: Final = timedelta(days=1)
"""After this time, a page that gave no content is requested again."""
ATTEMPTS: Final = 3
"""How often a page that gives no content is requested."""
DEADLINE: Final = 60.0
"""Seconds for all pages of a run, so that feeds do not wait for slow ones. A page that is still being requested at
the end counts as one that can't be fetched; the others follow with the next run.
"""
_HOSTS: Final = 8
_BUSY: Final = (429, 503)


@dataclass(frozen=True, slots=True)
class _Page:
    """The page of an *item* (its key) with this *fingerprint*, and the request for the page."""

    item: int
    fingerprint: str
    request: FetchRequest


@dataclass(frozen=True, slots=True)
class _Given:
    """What a page gave: an article, or the reason why there is none."""

    page: _Page
    article: article.ExtractedArticle | None
    message: str = ""


def fetch_full_content(
    feeds: Collection[int],
    *,
    clock: Callable[[], datetime] = timezone.now,
    guard: AddressGuard | None = None,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> int:
    """Replace the contents of items by those of their pages, for *feeds* (keys) with that option. Return how many.

    *pause* is called to wait between two requests to a host. No event loop may run in the thread that calls this. If a
    shortage (see `fetcher.shortage`) lets no page be requested, this raises an error that `shortage_of` recognises, and
    the pages are requested another time.
    """
    now = clock()
    pages = _not_paused(_wanted(feeds, now), now)
    if not pages:
        return 0
    if not article.is_supported():
        log.warning("the pages of entries are not requested: %s", say("article-needs-extra"))
        return 0
    require_files()
    with LazyPool() as pool:
        given = asyncio.run(_ask(pages, guard or make_guard(), pool, pause))
    return sum(_store(each, now) for each in given)


def _wanted(feeds: Collection[int], now: datetime) -> list[_Page]:
    """Return the pages to request: feed by feed, those of its newest items first."""
    found: list[_Page] = []
    for batch in batches(sorted(feeds)):
        rows = Feed.objects.filter(pk__in=batch).exclude(options={})
        for pk, url, options, credentials in rows.values_list("pk", "url", "options", "credentials"):
            if takes_full_content(options):
                found += _pages_of(pk, url, options, credentials, now)
    return found[:PAGES_PER_RUN]


def _pages_of(feed: int, url: str, options: dict[str, object], credentials: str, now: datetime) -> list[_Page]:
    """Return the pages to request for the newest items of *feed* (a key); none if what is set for it can't be read."""
    try:
        requests = RequestsBeside.of(url, options, credentials)
    except UNREADABLE:  # the feed's fetches fail, and report it
        return []
    newest = Item.objects.filter(feed=feed).exclude(link="").order_by("-date", "-pk").values("pk")[:NEWEST]
    due = Q(article=None) | ~Q(article__fingerprint=F("fingerprint"))
    # A time in the far future doesn't count: the clock was set back.
    long_ago = Q(article__fetched__lte=now - AGAIN) | Q(article__fetched__gt=now + AGAIN)
    due |= long_ago & Q(article__attempts__gt=0, article__attempts__lt=ATTEMPTS)
    items = Item.objects.filter(due, pk__in=list(newest.values_list("pk", flat=True))).order_by("-date", "-pk")
    return [
        _Page(pk, fingerprint, requests.to(link))
        for pk, link, fingerprint in items.values_list("pk", "link", "fingerprint")
    ]


async def _ask(
    pages: Sequence[_Page], guard: AddressGuard, pool: LazyPool, pause: Callable[[float], Awaitable[None]]
) -> list[_Given]:
    """Request *pages*: those of several hosts at the same time, those of one host one after the other."""
    by_host: dict[str, list[_Page]] = defaultdict(list)
    for page in pages:
        by_host[host_of(page.request.url)].append(page)
    turns = asyncio.Semaphore(_HOSTS)
    apart = 1.0 / settings.per_host_rate if settings.per_host_rate else 0.0
    given: list[_Given] = []
    under_way: dict[str, _Page] = {}  # by host

    async def one_host(fetcher: Fetcher, host: str) -> None:
        async with turns:
            for number, page in enumerate(by_host[host]):
                if number and apart:
                    await pause(apart)
                under_way[host] = page
                outcome = await fetcher.fetch(page.request)
                del under_way[host]
                if isinstance(outcome, Failed) and outcome.kind == "shortage":
                    return
                given.append(await _read(page, outcome, pool))
                if isinstance(outcome, Failed) and (outcome.status is None or outcome.status in _BUSY):
                    return  # the site is down, or asks for a pause: its other pages follow after the next refresh

    async with make_fetcher(guard) as fetcher:
        try:
            async with asyncio.timeout(DEADLINE):
                await asyncio.gather(*(one_host(fetcher, host) for host in by_host))
        except TimeoutError:
            late = say("page-not-to-be-had", reason=say("no-answer-in-time", seconds=f"{DEADLINE:g}"))
            given += [_Given(page, None, late) for page in under_way.values()]
    return given


def _not_paused(pages: Sequence[_Page], now: datetime) -> list[_Page]:
    """Return those of *pages* whose hosts have not asked for a pause."""
    hosts = {host_of(page.request.url) for page in pages}
    paused = set(Host.objects.filter(name__in=hosts, not_before__gt=now).values_list("name", flat=True))
    return [page for page in pages if host_of(page.request.url) not in paused]


async def _read(page: _Page, outcome: Outcome, pool: LazyPool) -> _Given:
    if not isinstance(outcome, Fetched):
        reason = (
            outcome.message if isinstance(outcome, Failed) else say("answered", status=getattr(outcome, "status", 0))
        )
        return _Given(page, None, say("page-not-to-be-had", reason=reason))
    kind = outcome.headers.get("content-type", "text/html").partition(";")[0].strip().lower()
    if kind not in ("text/html", "application/xhtml+xml"):
        return _Given(page, None, say("no-page", url=page.request.url, type=kind[:100]))
    try:
        future = pool.start().read_article(outcome.body, outcome.headers, outcome.url)
        found = await asyncio.wrap_future(future)
    except ParseError as error:
        return _Given(page, None, error.reason)
    return _Given(page, found)


def _store(given: _Given, now: datetime) -> bool:
    """Store what a page gave, unless its entry was edited meanwhile. Return whether an article was stored."""
    using = router.db_for_write(Item)
    page = given.page
    with transaction.atomic(using=using):
        items = Item.objects.using(using).filter(pk=page.item, fingerprint=page.fingerprint)
        known_texts = items.select_for_update().values_list("summary", "text").first()
        if known_texts is None:
            return False
        summary, text = known_texts
        if given.article is not None and len(given.article.text) < len(text):
            given = _Given(page, None, say("article-shorter", url=page.request.url))
        if given.article is not None:
            found = given.article
            items.update(content=found.content, text=found.text, summary=summary or found.summary, card=None)
            saved_rows.index([page.item], using)
        known = Article.objects.using(using).filter(item=page.item, fingerprint=page.fingerprint).first()
        attempts = 0 if given.article is not None else (known.attempts if known else 0) + 1
        Article.objects.using(using).update_or_create(
            item_id=page.item,
            defaults={
                "fingerprint": page.fingerprint, "fetched": now, "attempts": attempts, "message": given.message
            },
        )  # fmt: skip
    return given.article is not None
