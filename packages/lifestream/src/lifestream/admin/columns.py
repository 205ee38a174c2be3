"""Columns that several lists of the admin share: the state of a feed as a coloured word, and when it is due."""

from __future__ import annotations

from datetime import datetime

from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import ngettext

from lifestream.models import Feed
from lifestream.models.fetches import outcome_in_words
from lifestream.scheduler.schedule import candidates_from_json
from lifestream.wording import relative, worded


def health_of(feed: Feed) -> SafeString:
    """Return the state of *feed* as a coloured word, with its last error if it fails."""
    word = feed.health_label
    text = word
    if feed.failures > 1:
        times = ngettext("{word}, {count} time", "{word}, {count} times", feed.failures)
        text = times.format(word=word, count=feed.failures)
    return format_html(
        '<span class="lifestream-health is-{}" title="{}">{}</span>', feed.health, worded(feed.last_error)[:300], text
    )


def moment(value: datetime | None) -> SafeString | str:
    """Return *value* as "3 hours ago", with the exact time as a tooltip."""
    if value is None:
        return "–"
    exact = date_format(localtime(value), "DATETIME_FORMAT")
    return format_html('<time datetime="{}" title="{}">{}</time>', value.isoformat(), exact, relative(value))


def last_fetch_of(feed: Feed) -> SafeString | str:
    """Return when *feed* was last fetched, and the result."""
    if feed.last_fetch is None:
        return "–"
    return format_html(
        '{}<span class="lifestream-why">{}</span>', moment(feed.last_fetch), outcome_in_words(feed.last_status)
    )


def due_of(feed: Feed) -> SafeString | str:
    """Return when *feed* is fetched next, and why."""
    if feed.status != Feed.Status.ACTIVE:
        return "–"
    return format_html('{}<span class="lifestream-why">{}</span>', moment(feed.next_fetch), worded(feed.next_reason))


def reasoning_of(feed: Feed) -> SafeString | str:
    """Return the times that were considered for the next fetch when *feed* was fetched or pushed last: those that the
    feed, its server, its hub and the settings asked for. The last of the list was chosen.
    """
    candidates = candidates_from_json(feed.candidates)
    if feed.status != Feed.Status.ACTIVE or not candidates:
        return "–"
    exact = ((date_format(localtime(each.at), "DATETIME_FORMAT"), worded(each.reason)) for each in candidates)
    return format_html("<ol>{}</ol>", format_html_join("", "<li>{}: {}</li>", exact))
