"""Reads feeds for users of the admin who want to see what is read from them. The view of the admin stores a request;
the process that updates feeds fetches the feed, and stores the result, which the page in the admin shows.

The fetch is like any other: it claims the feed, respects what the server asks for, stores new items and leaves a
`Fetch` row. It differs in two ways: it does not wait for our own interval, and it requests the whole document, without
validators.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.db import router, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone, translation
from django.utils.translation import gettext

from lifestream.conf import settings
from lifestream.content.plaintext import shorten
from lifestream.fetcher.address_guard import AddressGuard
from lifestream.fetcher.outcomes import Failed
from lifestream.models import Feed, ReadingRequest, Subscription
from lifestream.refresh import wakeup
from lifestream.refresh.pipeline import refresh
from lifestream.refresh.reading_facts import Fact, of_document, of_item
from lifestream.refresh.update_requests import is_fresh
from lifestream.wording import worded

if TYPE_CHECKING:
    from lifestream.scheduler.jobs import Answer

MOST_ITEMS: Final = 200
"""How many items are kept for the page."""
LONGEST: Final = 1_000
"""How many characters a value has on the page; longer ones are cut."""
MOST_CHARACTERS: Final = 300_000
"""How many characters of facts and titles are kept for a page; each fact counts _OF_A_ROW more, for its row. The facts
of the document and the first item are always kept. A feed of 10 MB can have a hundred times as many characters, and the
page is made for each visit.
"""
_OF_A_ROW: Final = 100
KEPT: Final = timedelta(days=7)
"""For how long a result is kept."""
AGAIN: Final = timedelta(seconds=10)
"""After how long a feed that could not be read yet is tried again."""
TURN: Final = 60.0
"""For how many seconds feeds are read before those that are due have their turn."""
MOST_OPEN: Final = 20
"""How many requests that are not answered yet a user may have."""


@dataclass(frozen=True, slots=True)
class ReadingResult:
    """The result of a reading: either *error*, the reason why nothing could be read, or the *facts* of the document,
    and the title and the facts of each of its first *items*. *more* is the number of items that were left out.
    """

    error: str = ""
    facts: tuple[Fact, ...] = ()
    items: tuple[tuple[str, tuple[Fact, ...]], ...] = ()
    more: int = 0

    def as_json(self) -> str:
        """Return the result as JSON, in ASCII."""
        return json.dumps([self.error, self.facts, self.items, self.more])

    @classmethod
    def from_json(cls, text: str) -> ReadingResult:
        """Return the result that `as_json` wrote as *text*."""
        error, facts, items, more = json.loads(text)
        return cls(error, _facts(facts), tuple((title, _facts(of_one)) for title, of_one in items), more)


def _facts(listed: list[list[str]]) -> tuple[Fact, ...]:
    return tuple(Fact(*each) for each in listed)


def note(feed: Feed, language: str, now: datetime) -> None:
    """Store a request to see what is read from *feed*, in *language*, and wake the updater."""
    using = router.db_for_write(ReadingRequest)
    with transaction.atomic(using=using):
        wanted = {"wanted": now, "claimed_until": None, "read": None, "found": ""}
        ReadingRequest.objects.using(using).update_or_create(feed=feed, language=language, defaults=wanted)
        transaction.on_commit(wakeup.send, using=using)


def has_many_open(owner: int) -> bool:
    """Return whether MOST_OPEN requests for feeds of the user with the key *owner* are not answered yet."""
    own_subscriptions = Subscription.objects.filter(lifestream__owner=owner, feed=OuterRef("feed"))
    return ReadingRequest.objects.filter(Exists(own_subscriptions), read=None)[:MOST_OPEN].count() >= MOST_OPEN


def read_wanted(
    stopping: threading.Event | None = None,
    *,
    clock: Callable[[], datetime] = timezone.now,
    guard: AddressGuard | None = None,
    turn: float | None = None,
) -> int:
    """Read the feeds for which there are requests, one after the other, until all requests are answered or claimed,
    *stopping* is set, or *turn* seconds (by default TURN) are over and one at least was answered. In the last case the
    updater is woken again, since requests may be left. The oldest request is answered first.

    Returns how many requests were answered. Several workers may run this at once: each request is answered by one of
    them, or by another one if the first has not ended after a lease. A request stays if *stopping* was set, or if
    another worker is fetching from the feed's host, or the feed was fetched less than a minute ago. Raises what the
    database raises. No event loop may run in the thread that calls this.
    """
    rows = ReadingRequest.objects.using(router.db_for_write(ReadingRequest))
    rows.filter(read__lt=clock() - KEPT).delete()
    done, end = 0, time.monotonic() + (TURN if turn is None else turn)
    while not (stopping is not None and stopping.is_set()):
        if done and time.monotonic() >= end:
            wakeup.send()
            break
        if (wanted := _claim_next(clock())) is None:
            break
        with translation.override(wanted.language):
            found = _found(wanted.feed, stopping, clock, guard)
        # If somebody has pressed the button again meanwhile, the row is another request, which stays.
        row = rows.filter(pk=wanted.pk, wanted=wanted.wanted)
        if found is None:
            row.update(claimed_until=clock() + AGAIN)
            continue
        row.update(read=clock(), claimed_until=None, found=found.as_json())
        done += 1
    return done


def _claim_next(now: datetime) -> ReadingRequest | None:
    """Claim the oldest request that is neither answered nor claimed, and return it; None if there is none."""
    rows = ReadingRequest.objects.using(router.db_for_write(ReadingRequest)).filter(read=None)
    lease = timedelta(seconds=settings.lease)
    # A lease that is far too long was taken by a worker whose clock was ahead.
    ahead = Q(claimed_until__gt=now + lease + max(lease, AGAIN))
    free = rows.filter(Q(claimed_until=None) | Q(claimed_until__lt=now) | ahead)
    for wanted in free.select_related("feed").defer("feed__icon").order_by("wanted", "pk")[:20]:
        # If several workers try to claim the row, only the first one still finds it free.
        if free.filter(pk=wanted.pk).update(claimed_until=now + lease):
            return wanted
    return None


def _found(
    feed: Feed, stopping: threading.Event | None, clock: Callable[[], datetime], guard: AddressGuard | None
) -> ReadingResult | None:
    """Return what was read of *feed*; None if *stopping* was set before that, if another worker has claimed the feed's
    host, or if the feed was fetched a moment ago.
    """
    if is_fresh(feed, clock()):
        return None
    answers: list[Answer] = []
    report = refresh([feed.pk], early=True, watch=answers.append, stopping=stopping, clock=clock, guard=guard)
    if not answers:
        is_held = Feed.objects.filter(pk=feed.pk, host__held_until__gt=clock()).exists()
        if is_held or (stopping is not None and stopping.is_set()):
            return None
        reasons = "; ".join(map(worded, report.shortages))
        left_alone = gettext(
            "It was left alone: it is paused, gone or without subscribers, or its server asked for time."
        )
        return ReadingResult(reasons or left_alone)
    [answer] = answers
    outcome, prepared = answer.outcome, answer.prepared
    if prepared is None:
        text = gettext("the server answered {status}").format(status=outcome.status)
        return ReadingResult(worded(outcome.message) if isinstance(outcome, Failed) else text)
    facts = _shortened(of_document(outcome.url if outcome.url != feed.url else "", prepared))
    remaining = MOST_CHARACTERS - _size(facts)
    items: list[tuple[str, tuple[Fact, ...]]] = []
    for index, item in enumerate(prepared.items[:MOST_ITEMS]):
        title, of_one = shorten(item.title, LONGEST), _shortened(of_item(prepared, index))
        remaining -= len(title) + _size(of_one)
        if remaining < 0 and items:
            break
        items.append((title, of_one))
    return ReadingResult("", facts, tuple(items), len(prepared.items) - len(items))


def _shortened(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """Return *facts* with their texts cut to LONGEST characters."""
    return tuple(
        Fact(each.label, shorten(each.value, LONGEST), each.tone, shorten(each.aside, LONGEST)) for each in facts
    )


def _size(facts: Iterable[Fact]) -> int:
    return sum(_OF_A_ROW + len(each.value) + len(each.aside) for each in facts)
