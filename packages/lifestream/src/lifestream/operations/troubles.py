"""The feeds in trouble: those that fail and have had no success for a day, and those that are gone, each with the
reason and the remedy.

A page of the admin and the weekly mail show them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import router
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from lifestream.message import Message, say
from lifestream.models import Feed, Fetch, Subscription
from lifestream.models.feeds import LASTING_FAILURE

MOST: Final = 500
"""How many feeds are listed, those that have failed for the longest time first."""

_REMEDIES: Final = {
    "no-address": "remedy-no-address",
    "bad-certificate": "remedy-certificate",
    "no-tls": "remedy-certificate",
    "address-refused": "remedy-address",
    "body-over-cap": "remedy-too-large",
    "body-announced-over-cap": "remedy-too-large",
    "redirect-loop": "remedy-redirects",
    "too-many-redirects": "remedy-redirects",
}
"""What to do, by the code of the last error."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A feed in trouble: the *reason* and the *remedy* are messages, and *since* is when it last succeeded, or when it
    was added. *status* is the HTTP status that the last fetch got, None if it got none. *replacement* is the address of
    a feed that its site names in its place, "" if there is none.
    """

    feed: int
    title: str
    url: str
    since: datetime
    failures: int
    status: int | None
    reason: str
    remedy: str
    replacement: str


def troubles(now: datetime, feeds: QuerySet[Feed] | None = None) -> list[Trouble]:
    """Return the feeds in trouble that have subscribers, at most MOST: those among *feeds*, by default among all feeds.
    Errors of the database are not caught.
    """
    return list(_troubles(now, Feed.objects.all() if feeds is None else feeds))


def in_trouble(now: datetime, feeds: QuerySet[Feed]) -> QuerySet[Feed]:
    """Return those of *feeds* that have subscribers and are in trouble. Two attributes are added: `since`, the last
    success or else the creation, and `answer`, the HTTP status that the last fetch got, or None.
    """
    using = router.db_for_read(Feed)
    last = Fetch.objects.using(using).filter(feed=OuterRef("pk")).order_by("-pk")
    return (
        feeds.using(using)
        .annotate(since=Coalesce("last_success", "created"), answer=Subquery(last.values("status")[:1]))
        .filter(
            Q(status=Feed.Status.GONE) | Q(status=Feed.Status.ACTIVE, failures__gt=0, since__lte=now - LASTING_FAILURE),
            Exists(Subscription.objects.using(using).filter(feed=OuterRef("pk"))),
        )
        .defer("icon")
        .order_by("since", "pk")
    )


def _troubles(now: datetime, feeds: QuerySet[Feed]) -> Iterator[Trouble]:
    for feed in in_trouble(now, feeds)[:MOST]:
        status: int | None = feed.answer  # type: ignore[attr-defined]  # annotated
        since: datetime = feed.since  # type: ignore[attr-defined]
        yield Trouble(
            feed=feed.pk,
            title=feed.display_title,
            url=feed.url,
            since=since,
            failures=feed.failures,
            status=status,
            reason=feed.last_error or feed.next_reason,
            remedy=_remedy(feed, status),
            replacement=feed.replacement,
        )


def _remedy(feed: Feed, status: int | None) -> str:
    if feed.replacement:
        return say("remedy-replacement", url=feed.replacement)
    if feed.status == Feed.Status.GONE or status == 410:
        return say("remedy-gone")
    code = feed.last_error.code if isinstance(feed.last_error, Message) else ""
    if code in _REMEDIES:
        return say(_REMEDIES[code])
    if status in (401, 403):
        return say("remedy-login")
    if status == 404:
        return say("remedy-not-found")
    if status is not None and status < 400:
        return say("remedy-no-feed")  # an answer that could not be read
    if status is not None:
        return say("remedy-server")
    return say("remedy-connection")
