"""The order of the sites of a lifestream: `Subscription.sort_folder` and `Subscription.sort_name`, which are indexed.

A site is called by the name that its subscription gives it, or else by its feed's title, domain or URL. No index can
span two tables, and sorting all sites for each page takes longer the more there are. So the names that they are sorted
by are stored with the subscription, cut to LENGTH characters, that of the site in lower case.

`settle` writes these names. It is called after each write that may change them: the querysets and signal handlers of
both models call it, and so do the modules of `storage` that write without those (`writer` after its commit). Rows that
were written in another way are corrected by `mend`, which the daily `cleanup` calls.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from django.db import connections, transaction
from django.db.models import Lookup, Value

from lifestream.models import row_values

LENGTH: Final = 100
"""How many characters of a name the sites are sorted by."""

OF_SUBSCRIPTION: Final = frozenset({"name", "folder", "feed", "feed_id"})
"""The fields of a subscription after whose change `settle` has to be called."""
OF_FEED: Final = frozenset({"title", "domain", "url"})
"""The fields of a feed after whose change `settle` has to be called."""

_CHUNK: Final = 500
_FOLDER: Final = f"substr(folder, 1, {LENGTH})"
# The outer coalesce is for fixtures, in which a subscription may precede its feed. The outer substr is needed because
# some letters become several in lower case.
_NAME: Final = f"""substr(lower(substr(coalesce(nullif(name, ''), (
    SELECT coalesce(nullif(feed.title, ''), nullif(feed.domain, ''), feed.url) FROM lifestream_feed feed
    WHERE feed.id = lifestream_subscription.feed_id), ''), 1, {LENGTH})), 1, {LENGTH})"""  # noqa: S608  constants of this module
_WRONG: Final = f"(sort_folder <> {_FOLDER} OR sort_name <> {_NAME})"


def settle(using: str, *, subscriptions: Collection[int] = (), feeds: Collection[int] = ()) -> None:
    """Store the sort names of *subscriptions* (primary keys), and of the subscriptions to *feeds* (primary keys)."""
    with connections[using].cursor() as cursor:
        for column, chosen in (("id", subscriptions), ("feed_id", feeds)):
            keys = sorted(set(chosen))
            for start in range(0, len(keys), _CHUNK):
                chunk = keys[start : start + _CHUNK]
                marks = ", ".join(["%s"] * len(chunk))
                # S608 (here and below): only the constants of this module and marks are joined.
                cursor.execute(
                    f"UPDATE lifestream_subscription SET sort_folder = {_FOLDER}, sort_name = {_NAME} "  # noqa: S608
                    f"WHERE {column} IN ({marks}) AND {_WRONG}",
                    chunk,
                )


def after(folder: str, name: str, key: int) -> Lookup[bool]:
    """Return the condition for subscriptions that come, in the order of folders, after the one with the primary *key*
    whose sort names are *folder* and *name*.
    """
    return row_values.greater({"sort_folder": Value(folder), "sort_name": Value(name), "id": Value(key)})


def mend(using: str) -> int:
    """Repair the subscriptions whose sort names are wrong. Returns their number."""
    with connections[using].cursor() as cursor:
        cursor.execute(f"SELECT id FROM lifestream_subscription WHERE {_WRONG}")  # noqa: S608
        wrong = [key for (key,) in cursor.fetchall()]
    for start in range(0, len(wrong), _CHUNK):
        with transaction.atomic(using=using):
            settle(using, subscriptions=wrong[start : start + _CHUNK])
    return len(wrong)
