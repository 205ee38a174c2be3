"""Looking for the new address of a feed that is lost: its site may name another one.

If a feed without credentials fails, has had no success for a week, and its last answer was 404, 410, or no feed, the
page of its site is searched for a feed, as when a feed is added; the request goes through the feed's own proxy if it
has one. The address that is found is stored in the feed as `replacement`, and its owner decides.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from lifestream.models import Feed
from lifestream.operations.troubles import in_trouble
from lifestream.refresh.subscribe import Found, NotAdded, find_feeds
from lifestream.storage.feed_options import UNREADABLE, RequestsBeside

_log = logging.getLogger(__name__)

LOST_FOR: Final = timedelta(days=7)
"""How long ago the last success of a feed must be before its site is searched."""
AGAIN: Final = timedelta(days=7)
"""The time between two searches for the same feed."""
MOST: Final = 20
"""How many sites are searched in one run."""


def look_for_replacements(now: datetime, stopping: threading.Event | None = None) -> int:
    """Look for new addresses of feeds that are lost. Returns how many were found."""
    stopping = stopping or threading.Event()
    # mypy knows the model's own fields only, and "since" and "answer" are annotations.
    lost = in_trouble(now, Feed.objects.shared()).filter(  # type: ignore[misc]
        Q(answer__in=(404, 410)) | Q(answer__lt=400),
        Q(replacement_checked=None) | Q(replacement_checked__lte=now - AGAIN),
        since__lte=now - LOST_FOR,
    )
    feeds, beside = {}, {}
    for feed in lost.exclude(site_url="")[:MOST]:
        try:
            beside[feed.site_url] = RequestsBeside.of(feed.url, feed.options, feed.credentials)
        except UNREADABLE:  # its proxy is not known any more, and the request must not go without it
            Feed.objects.filter(pk=feed.pk).update(replacement_checked=now)  # others come first the next time
            continue
        feeds[feed.site_url] = feed
    count = 0
    for site, found in find_feeds(feeds, beside=beside):
        feed = feeds[site]
        if isinstance(found, NotAdded) and found.by_shortage:
            _log.warning("lost feeds are looked for another time: %s", found.reason)
            break
        url = found.url if isinstance(found, Found) and found.url != feed.url else ""
        Feed.objects.filter(pk=feed.pk).update(replacement=url, replacement_checked=now)
        if url:
            count += 1
            _log.info("%s is lost, and its site names %s instead", feed.url, url)
        if stopping.is_set():
            break
    return count
