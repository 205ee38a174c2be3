"""The log of fetches.

Consecutive fetches of a feed share one line if they bring nothing and have the same result: "not modified", 30 times
since Monday. So the lines that are kept for a feed (LIFESTREAM_KEEP_FETCHES) reach far back.

The caller holds the feeds' claims, so no other process writes lines for these feeds.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from lifestream.conf import settings
from lifestream.models import Fetch
from lifestream.storage.bulk_sql import batches, delete_all_but, insert_rows, last_rows, update_rows

_REPEATABLE: Final = frozenset({"not modified", "unchanged", "failed"})
_EXTENDED: Final = ("count", "latest", "duration", "size", "next_fetch", "reason")


class FetchResult(NamedTuple):
    """The result of a fetch, in the columns of `Fetch`: the next fetch with the same result may share its line."""

    outcome: str
    status: int | None
    message: str
    new: int
    changed: int


class Line(NamedTuple):
    """One fetch, in the columns of `Fetch`: *feed* is the feed's key, and *next_fetch* is None for never again."""

    feed: int
    started: datetime
    duration: float
    outcome: str
    status: int | None
    size: int
    new: int
    changed: int
    message: str
    next_fetch: datetime | None
    reason: str

    @property
    def result(self) -> FetchResult:
        """The columns in which fetches with the same result are equal."""
        return FetchResult(self.outcome, self.status, self.message, self.new, self.changed)


@dataclass(frozen=True, slots=True)
class _LastLine:
    """The last line of a feed: its key, how many fetches it counts, and their result."""

    id: int
    count: int
    result: FetchResult


@dataclass(frozen=True, slots=True)
class _Extended:
    """An existing line, with the columns that another fetch with the same result changes."""

    id: int
    count: int
    latest: datetime
    duration: float
    size: int
    next_fetch: datetime | None
    reason: str


def write(lines: Sequence[Line], again: Collection[int], using: str) -> None:
    """Write *lines*, and delete the oldest lines of each feed that got a new line and now has more than
    LIFESTREAM_KEEP_FETCHES. This runs in the caller's transaction.

    *lines* must have at most one for each feed. *again* are the feeds whose last fetch had the same outcome: the last
    line is looked up only for these.
    """
    last = _last_of([line.feed for line in lines if line.outcome in _REPEATABLE and line.feed in again], using)
    repeated, fresh = [], []
    for line in lines:
        before = last.get(line.feed)
        if before is not None and line.outcome in _REPEATABLE and before.result == line.result:
            repeated.append(
                _Extended(
                    id=before.id,
                    count=before.count + 1,
                    latest=line.started,
                    duration=line.duration,
                    size=line.size,
                    next_fetch=line.next_fetch,
                    reason=line.reason,
                )
            )
        else:
            fresh.append((*line, 1))
    update_rows(Fetch, _EXTENDED, repeated, using)
    insert_rows(Fetch, (*Line._fields, "count"), fresh, using)
    delete_all_but(Fetch, "feed", [feed for feed, *_ in fresh], settings.keep_fetches, using)


_COLUMNS_OF_LAST: Final = ("feed", "id", "count", *FetchResult._fields)


def _last_of(feeds: Sequence[int], using: str) -> dict[int, _LastLine]:
    """Return the last line of each of *feeds* that has one."""
    return {
        feed: _LastLine(key, count, FetchResult(*result))
        for batch in batches(feeds)
        for feed, key, count, *result in last_rows(Fetch, _COLUMNS_OF_LAST, "feed", batch, using)
    }
