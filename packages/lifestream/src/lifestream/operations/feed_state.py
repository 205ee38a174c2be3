"""The state of a feed in words: what is known about it, when it is fetched next, and why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from lifestream.conf import settings
from lifestream.content.text_direction import isolated
from lifestream.models import Feed, Lifestream
from lifestream.models.fetches import outcome_in_words
from lifestream.scheduler.schedule import DueTime, candidates_from_json
from lifestream.wording import ago, when, worded


def state_of(feed: Feed, now: datetime, mine: QuerySet[Lifestream] | None = None) -> Iterator[tuple[str, str]]:
    """Yield what is known about *feed*, as labels and values.

    Only subscribers among the lifestreams in *mine* are counted: an owner must not learn that others have the feed.
    If *mine* is None, all are counted.
    """
    health = str(feed.health_label)
    if feed.failures > 1:
        text = ngettext("{health}, {count} time in a row", "{health}, {count} times in a row", feed.failures)
        health = text.format(health=health, count=feed.failures)
    yield gettext("health"), health
    subscriptions = feed.subscriptions.all() if mine is None else feed.subscriptions.filter(lifestream__in=mine)
    subscribers = subscriptions.count()
    yield gettext("subscribers"), str(subscribers) if subscribers else gettext("none")
    if feed.last_fetch is not None:
        yield gettext("last fetch"), f"{ago(feed.last_fetch, now)}: {outcome_in_words(feed.last_status)}"
    if feed.last_success is not None and feed.failures:
        yield gettext("last success"), ago(feed.last_success, now)
    if feed.last_error:
        yield gettext("last error"), worded(feed.last_error)
    if feed.flaw:
        yield gettext("document"), worded(feed.flaw)
    for label, validator in (("ETag", feed.etag), ("Last-Modified", feed.last_modified)):
        if validator:
            text = gettext("{} (not sent until the same ill-formed document has come twice)") if feed.withheld else "{}"
            yield label, text.format(isolated(validator))
    if feed.moved_to and feed.status == Feed.Status.ACTIVE:
        text = gettext("{url}, permanently; it is saved after {most} times in a row, {count} so far")
        yield (
            gettext("redirected to"),
            text.format(url=feed.moved_to, count=feed.moved_count, most=settings.move_after),
        )
    if feed.push_until is not None and feed.push_until > now:
        yield (
            gettext("pushed by"),
            gettext("{hub} until {time}").format(hub=feed.hub_url, time=when(feed.push_until, now)),
        )
    if feed.claim_token and feed.claimed_until is not None and feed.claimed_until > now:
        text = gettext("a worker holds it until {} at most")
        yield gettext("being fetched"), text.format(when(feed.claimed_until, now))


def next_of(feed: Feed, now: datetime) -> str:
    """Return when *feed* is fetched next, and why, in one line."""
    if feed.status == Feed.Status.PAUSED:
        return gettext("none, since it is paused; resume it in the admin")
    if feed.status == Feed.Status.IDLE:
        return gettext("none, since nobody subscribes to it, or all who do have paused it")
    if feed.status == Feed.Status.GONE:
        return gettext("none: {reason}").format(reason=worded(feed.next_reason))
    pause = feed.host.not_before
    if pause is not None and pause > max(now, feed.next_fetch):
        text = gettext("{time}: its server asked for a pause, for all feeds of {host}")
        return text.format(time=when(pause, now), host=feed.host.name)
    reason = worded(feed.next_reason) or gettext("it has not been fetched yet")
    return f"{when(feed.next_fetch, now)}: {reason}"


def reasoning_of(feed: Feed, now: datetime) -> Iterator[str]:
    """Yield a line for each time that was considered for the next fetch, with its reason, and ">" before the one that
    decides. The earliest is first, but the time that a hub's pushes allow is last. There are no such lines if the time
    of the next fetch was changed after it had been chosen. If the host has asked for a pause that lasts longer, the end
    of the pause decides, and has a line of its own. If the server or the feed asks to wait, the last line is the time
    before which even `--all` does not fetch the feed. Yield nothing if *feed* is not active.
    """
    if feed.status != Feed.Status.ACTIVE:
        return
    candidates = list(candidates_from_json(feed.candidates))
    if candidates and abs(candidates[-1].at - feed.next_fetch) > timedelta(seconds=1):
        candidates = []  # The time has been changed since then: an owner has asked for a fetch, or a clock was wrong.
    pause = feed.host.not_before
    held_by_host = pause is not None and pause > max(now, feed.next_fetch)
    for candidate in candidates:
        mark = ">" if candidate.reason == feed.next_reason and not held_by_host else " "
        yield f"{mark} {_moment(candidate, now)}  {worded(candidate.reason)}"
    if pause is not None and held_by_host:
        reason = gettext("a pause that its server asked for")
        yield f"> {_moment(DueTime(pause, ''), now)}  {reason}"
    if feed.not_before is not None and feed.not_before > now:
        text = gettext("Not before {}, not even with --all: server or feed ask for that.")
        yield text.format(when(feed.not_before, now))


def _moment(candidate: DueTime, now: datetime) -> str:
    local, today = timezone.localtime(candidate.at), timezone.localtime(now).date()
    return f"{local:%H:%M:%S}" if local.date() == today else f"{local:%Y-%m-%d %H:%M:%S}"
