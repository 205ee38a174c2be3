"""What a refresh did, as values: for the table of a command, and for the log of a server or a worker."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from logging import DEBUG, INFO

from django.utils.translation import ngettext

from lifestream.wording import worded

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FeedReport:
    """The result for one feed. *outcome* is a `Fetch.Outcome`; *new* and *changed* count items.

    *next_at* is when the feed is due again, None for never, and *reason* says why; *message* says what went wrong, if
    anything did. *url* is without credentials. *status* is that of the answer, None for none; *size* is its length
    in bytes, and *duration* is how long it took, in seconds. *unstored*: the database did not take the result.
    """

    feed: int
    title: str
    url: str
    outcome: str
    new: int = 0
    changed: int = 0
    next_at: datetime | None = None
    reason: str = ""
    message: str = ""
    status: int | None = None
    size: int = 0
    duration: float = 0.0
    unstored: bool = False

    @property
    def failed(self) -> bool:
        """Whether the feed could not be fetched or read, or its result could not be stored."""
        return self.outcome == "failed"


@dataclass(frozen=True, slots=True)
class Report:
    """What a refresh did: a row for each finished feed, in the order in which they were finished.

    *skipped* counts feeds that were left for later, since their host asked for a pause, the refresh was stopped, or
    another worker holds them by now; *unstored* counts feeds whose result the database didn't take. *short* counts
    feeds that could not be fetched or read because of a shortage of this machine, and stay due; *shortages* are the
    reasons why feeds stay due, each once, with the remedy if it is known.
    """

    rows: tuple[FeedReport, ...] = ()
    skipped: int = 0
    unstored: int = 0
    short: int = 0
    shortages: tuple[str, ...] = ()

    @property
    def all_failed(self) -> bool:
        """Whether there is a row, and all rows are of feeds that failed."""
        return bool(self.rows) and all(row.failed for row in self.rows)

    @property
    def failed(self) -> int:
        """How many rows are of feeds that failed: those that count as *short* have no row."""
        return sum(row.failed for row in self.rows)

    @property
    def new(self) -> int:
        """How many items are new."""
        return sum(row.new for row in self.rows)

    @property
    def changed(self) -> int:
        """How many items were edited."""
        return sum(row.changed for row in self.rows)

    def __str__(self) -> str:
        count = len(self.rows)
        parts = [
            ngettext("{} feed asked", "{} feeds asked", count).format(count),
            ngettext("{} new", "{} new", self.new).format(self.new),
            ngettext("{} changed", "{} changed", self.changed).format(self.changed),
            ngettext("{} failed", "{} failed", self.failed).format(self.failed),
        ]
        if self.unstored:
            parts.append(ngettext("{} not stored", "{} not stored", self.unstored).format(self.unstored))
        if self.short:
            text = ngettext(
                "{} stays due because this machine lacked resources",
                "{} stay due because this machine lacked resources",
                self.short,
            )
            parts.append(text.format(self.short))
        if self.skipped:
            parts.append(ngettext("{} left for later", "{} left for later", self.skipped).format(self.skipped))
        return ", ".join(parts)


def tell_report(report: Report) -> None:
    """Log *report* for an operator: a line for each reason why feeds stay due and each feed that failed, and a summary.

    A failure of the database was logged where it happened, so each feed that it concerns is logged as DEBUG only.
    """
    for shortage in report.shortages:
        if getattr(shortage, "code", "") != "database-failed":
            _log.warning("feeds stay due: %s", worded(shortage))
    for row in report.rows:
        if row.failed:
            _log.log(DEBUG if row.unstored else INFO, "%s failed: %s", row.url, worded(row.message))
    if report.rows:
        _log.info("%s", report)
