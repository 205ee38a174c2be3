"""Adding a feed: one GET finds out whether the URL leads to a feed, and is also the first import of that feed.

    find_feed(url)  a feed? ──▶ Found ──▶ add_feed(found, lifestream) ──▶ its row, its subscription, its items
                    a page? ──▶ the feeds that it names, else where feeds usually are
                    neither ──▶ NotAdded: why, and which field of a form is to blame

A URL that others have subscribed to is not fetched again. One with a user name and password is a feed of its own, whose
credentials are kept apart, encrypted, and sent to that origin only.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError, router, transaction
from django.utils import timezone

from lifestream.conf import settings
from lifestream.content.plaintext import one_line
from lifestream.fetcher.address_guard import AddressGuard
from lifestream.fetcher.feed_urls import PERSON, UrlRefused, credentials_of, origin, request_url
from lifestream.fetcher.outcomes import Fetched, FetchRequest
from lifestream.fetcher.shortage import shortage_of
from lifestream.message import say
from lifestream.models import Feed, Lifestream, Subscription
from lifestream.parser.discovery import own_places, well_known
from lifestream.parser.errors import ParseError
from lifestream.refresh.factories import make_guard, make_limits
from lifestream.refresh.scout import FeedReading, NotAdded, Refusal, Scout
from lifestream.scheduler import leases
from lifestream.scheduler.jobs import Claimed, Result, Stored
from lifestream.scheduler.publication_rate import pace_of
from lifestream.scheduler.schedule import History, decide
from lifestream.storage import credentials, fanout, writer
from lifestream.storage.db_errors import FAILURES
from lifestream.storage.deadlocks import in_transaction
from lifestream.storage.feed_options import RequestsBeside, Secrets, secrets_of

__all__ = ["Added", "FeedReading", "Found", "NotAdded", "add_feed", "completed", "find_feed", "find_feeds"]

_MOST_TRIED = 6  # how many of the URLs that a page names are tried
_MOST_REFRESHES = 3  # how many pages that lead to another page (by `<meta http-equiv="refresh">`) are followed
_TRIES = 3  # how often a subscription is tried whose feed other processes delete meanwhile


@dataclass(frozen=True, slots=True)
class Found:
    """A feed that was found at *url*.

    *source* is its row if it is stored already, which needs no request; otherwise the document that was read. *page* is
    the web page that led to the feed, "" for none.
    """

    url: str
    source: Feed | FeedReading
    page: str = ""
    credentials: str = field(default="", repr=False)

    @property
    def title(self) -> str:
        """The feed's own title, "" for none."""
        return self.source.title if isinstance(self.source, Feed) else self.source.prepared.feed.title.strip()


@dataclass(frozen=True, slots=True)
class Added:
    """A feed that a lifestream shows now.

    *is_new* is False if the lifestream showed it before; *stored* counts what was imported.
    """

    subscription: Subscription
    is_new: bool
    stored: Stored | None = None

    @property
    def trouble(self) -> str:
        """Why the content of the feed could not be stored, with the remedy; "" if it was."""
        return self.stored.message if self.stored is not None and self.stored.unwritten else ""


def find_feed(url: str, *, clock: Callable[[], datetime] = timezone.now, guard: AddressGuard | None = None) -> Found:
    """Return the feed at *url*, or that of the web page there. Raises `NotAdded` if there is none.

    *url* is as people write it: without a scheme it means https, or http if nothing answers there (but never with
    credentials), and `feed:` is understood. *guard* is made from the settings by default. No event loop may run in the
    thread that calls this.
    """
    with Scout(guard or make_guard(), clock) as scout:
        return _find_at(url, scout)


def find_feeds(
    urls: Iterable[str],
    *,
    clock: Callable[[], datetime] = timezone.now,
    guard: AddressGuard | None = None,
    beside: Mapping[str, RequestsBeside] | None = None,
) -> Iterator[tuple[str, Found | NotAdded]]:
    """Yield each of *urls* with the feed there, or with why there is none; see `find_feed`.

    The URLs are requested one after the other, and one process parses all of the answers. *beside* has options for some
    of them: a URL that belongs to the site of a stored feed is requested through the proxy of that feed.
    """
    with Scout(guard or make_guard(), clock) as scout:
        for url in urls:
            scout.beside = (beside or {}).get(url)
            try:
                found: Found | NotAdded = _find_at(url, scout)
            except NotAdded as error:
                found = error
            yield url, found


def _find_at(url: str, scout: Scout) -> Found:
    """Return the feed at *url*; no request is sent if it is stored already and *url* has no credentials. Raises
    `NotAdded`.
    """
    try:
        written = completed(url)
        asked, login = request_url(written), credentials_of(written)
    except UrlRefused as error:
        raise NotAdded(str(error)) from error
    scout.begin()
    if not login and (known := Feed.objects.shared().with_url(asked).first()) is not None:
        return Found(asked, known)
    try:
        return _find(FetchRequest(asked, credentials=login), scout, is_bare=not _has_scheme(url))
    except (NotAdded, *FAILURES):
        raise
    except Exception as error:
        if (shortage := shortage_of(error)) is None:
            raise
        raise NotAdded(say("not-to-be-had", url=asked, reason=shortage.value), by_shortage=True) from error


def add_feed(
    found: Found,
    lifestream: Lifestream,
    *,
    name: str = "",
    folder: str = "",
    keep_rules: str = "",
    block_rules: str = "",
    clock: Callable[[], datetime] = timezone.now,
) -> Added:
    """Subscribe *lifestream* to what was found, under *name* if one is given, and store its items, which are posted as
    the rules allow. A subscription that exists already stays as it is.

    Raises `NotAdded` for a feed that has neither a title nor a *name*, and if the lifestream was deleted. A feed that
    was deleted since it was found is stored again.
    """
    name = one_line(name)
    if not found.title and not name:
        raise NotAdded(say("no-title", url=found.url), "name")
    fields = {"name": name, "folder": folder, "keep_rules": keep_rules, "block_rules": block_rules}
    subscription, is_new, claim = _subscribed(found, lifestream, fields, clock())
    if claim is None or isinstance(found.source, Feed):
        return Added(subscription, is_new)
    stored = _store(found.source, claim, clock())
    with suppress(Feed.DoesNotExist):  # another process may delete it as soon as it is there
        subscription.feed.refresh_from_db()
    return Added(subscription, is_new, stored)


def completed(url: str) -> str:
    """Return *url*, as people write it, with a scheme: https where it has none."""
    url = url.strip()
    if not _has_scheme(url):
        url = _FEED_SCHEME.sub("", url)
        return f"https://{url}" if url else ""
    return url


def _has_scheme(url: str) -> bool:
    """Return whether *url* has a scheme of its own, which `feed:` is not: `feed://a.example` has none."""
    rest = _FEED_SCHEME.sub("", url.strip())
    return (_SCHEME.match(rest) or PERSON.match(rest)) is not None


_FEED_SCHEME: Final = re.compile(r"^feed:(?://)?", re.IGNORECASE)
_SCHEME: Final = re.compile(r"[^/?#]*://")  # a path or a query may have "://", too


def _find(request: FetchRequest, scout: Scout, *, is_bare: bool) -> Found:
    """Return the feed at the URL of *request*, or the first one that the page there leads to. If *is_bare*, the URL was
    given without a scheme, so http is tried if nothing answers over https, but never with credentials. Raises
    `NotAdded`.
    """
    first = scout.ask(request)
    if is_bare and isinstance(first, Refusal) and first.is_unanswered and not request.credentials:
        plain = replace(request, url=request.url.replace("https:", "http:", 1))
        if (known := Feed.objects.shared().with_url(plain.url).first()) is not None:
            return Found(plain.url, known)
        second = scout.ask(plain)
        if isinstance(second, FeedReading) or not second.is_unanswered:
            request, first = plain, second
    if isinstance(first, FeedReading):
        return Found(request.url, first, credentials=request.credentials)
    if first.page is None:
        places, page = own_places(request.url), request.url
    else:
        try:
            places, page = _places(first.page, request, scout)
        except ParseError as error:
            raise NotAdded(say("no-feed-unsearchable", url=request.url, reason=error.reason)) from error
    closed = {origin(request.url)} if first.wants_no_more else set()
    found = _first_feed(places, page, request, scout, closed)
    if found is not None:
        return found
    code = "not-to-be-had" if first.page is None else "no-feed-no-page"
    raise NotAdded(say(code, url=request.url, reason=first.reason))


def _places(page: Fetched, request: FetchRequest, scout: Scout) -> tuple[list[str], str]:
    """Return the URLs where the feed of *page* may be, most likely first, and the URL of the page that leads there."""
    read = scout.read_page(page)
    seen = {page.url}
    while not read.feeds and read.refresh and read.refresh not in seen and len(seen) <= _MOST_REFRESHES:
        seen.add(read.refresh)
        login = request.credentials if origin(read.refresh) == origin(request.url) else ""
        answer = scout.ask(FetchRequest(read.refresh, credentials=login))
        if isinstance(answer, FeedReading):
            return [read.refresh], page.url
        if answer.page is None:
            break
        page = answer.page
        read = scout.read_page(page)
    named = [candidate.url for candidate in read.feeds][:_MOST_TRIED]
    guessed = [*read.linked[:_MOST_TRIED], *well_known(page.url)]
    return [url for url in dict.fromkeys(named or guessed) if url != page.url], page.url


def _first_feed(
    places: Iterable[str], page: str, request: FetchRequest, scout: Scout, closed: set[tuple[str, str, int]]
) -> Found | None:
    """Return the first feed at one of *places*, which *page* leads to. No requests are sent to the origins *closed*,
    nor to a server once it asks for a pause or does not answer.
    """
    closed = set(closed)
    for url in places:
        place = origin(url)
        login = request.credentials if place == origin(request.url) else ""
        if not login and (known := Feed.objects.shared().with_url(url).first()) is not None:
            return Found(url, known, page)
        if place in closed:
            continue
        answer = scout.ask(FetchRequest(url, credentials=login))
        if isinstance(answer, FeedReading):
            return Found(request_url(url), answer, page, login)
        if answer.wants_no_more:
            closed.add(place)
    return None


def _own_feed(found: Found, lifestream: Lifestream) -> Feed | None:
    """Return the feed that *lifestream* has at this URL for this user, with the password that has just worked.

    If its stored credentials can't be decrypted any more, since the site's key is lost, those of *found* replace them:
    the user has entered them again, as the error message asks for.
    """
    if not found.credentials:
        return None
    private = Feed.objects.with_url(found.url).filter(subscriptions__lifestream=lifestream).exclude(credentials="")
    for feed in private.order_by("pk"):
        try:
            stored = secrets_of(feed.credentials)
        except credentials.CredentialsLost:
            stored = Secrets(found.credentials.partition(":")[0])
        if stored.login.partition(":")[0] == found.credentials.partition(":")[0]:
            if stored.login != found.credentials:
                feed.credentials = replace(stored, login=found.credentials).sealed()
                feed.save(update_fields=["credentials"])
            return feed
    return None


def _subscribed(
    found: Found, lifestream: Lifestream, fields: Mapping[str, str], now: datetime
) -> tuple[Subscription, bool, Claimed | None]:
    """Subscribe *lifestream* to what was found. Return the subscription, whether it is new, and our claim of the feed,
    if there is one: see `_new_feed`. *fields* are the other fields of a new subscription.
    """

    def work() -> tuple[Subscription, bool, Claimed | None]:
        feed, claim = _row(found, lifestream, now)
        known = Subscription.objects.filter(lifestream=lifestream, feed=feed).exists()
        return fanout.subscribe(lifestream, feed, **fields), not known, claim

    for tries_left in reversed(range(_TRIES)):
        try:
            # One transaction stores a new feed and its subscription: if the lifestream was deleted, neither stays.
            return in_transaction(work, router.db_for_write(Feed))
        except IntegrityError as error:
            if not Lifestream.objects.filter(pk=lifestream.pk).exists():
                raise NotAdded(say("no-lifestream-any-more", url=found.url)) from error
            # Another process has deleted the feed meanwhile: it is made again.
            if not tries_left:
                raise
    raise AssertionError("the last try returns or raises")


def _row(found: Found, lifestream: Lifestream, now: datetime) -> tuple[Feed, Claimed | None]:
    """Return the row of the feed that was found, and the claim under which this process holds it, if it does. A row
    that is missing is made: see `_new_feed`.
    """
    if isinstance(found.source, Feed):
        if Feed.objects.filter(pk=found.source.pk).exists():
            return found.source, None
    elif (own := _own_feed(found, lifestream)) is not None:
        return own, None
    return _new_feed(found, now)


def _new_feed(found: Found, now: datetime) -> tuple[Feed, Claimed | None]:
    """Return a new row for the feed that was found, claimed by us until the document that was read is stored. Without a
    document, the feed is due at once.

    If another process was first, its row is returned, unclaimed.
    """
    has_document = isinstance(found.source, FeedReading)
    until = now + timedelta(seconds=settings.lease)
    token = secrets.token_hex(16)
    feed = Feed(
        url=found.url,
        title=found.title,
        credentials=credentials.seal(found.credentials),
        next_fetch=now,
        claim_token=token if has_document else "",
        claimed_until=until if has_document else None,
    )
    try:
        with transaction.atomic():
            feed.save()
    except IntegrityError:
        return Feed.objects.shared().with_url(found.url).get(), None
    if not has_document:
        return feed, None
    return feed, Claimed(feed.pk, token, until, feed.url, feed.host.name, feed.title, feed.domain)


def _store(reading: FeedReading, claim: Claimed, now: datetime) -> Stored:
    feed, pace = reading.prepared.feed, pace_of(reading.prepared.dates, now)
    due = decide(reading.fetched, History(feed=claim.url), now, make_limits(), feed.rhythm, pace)
    body_hash = hashlib.sha256(reading.fetched.body).hexdigest()
    [stored] = writer.store([Result(claim, reading.fetched, due, reading.started, reading.prepared, body_hash)], now)
    if stored.unwritten:
        with suppress(*FAILURES):  # if this fails, the feed is due when its lease expires
            leases.release([claim])  # the feed is due at once
    return stored
