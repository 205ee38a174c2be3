"""The values of a feed's fetch, from its claim to what is stored.

    leases.claim(…)   → Claimed    a feed that this worker holds, with all that a fetch has to know
    work_loop         → Answer     the outcome of its request, with the document that was read
    decider           → Result     the same, with the time of the next fetch
    writer.store(…)   → Stored     what was written

Each is frozen, and made by the module on the left, with two exceptions: `refresh.subscribe` makes the `Claimed` and the
`Result` of a feed that is being added, and `work_loop` the `Stored` of a result if the writer fails.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lifestream.fetcher.outcomes import Outcome
    from lifestream.plugins.item_pipeline import Prepared
    from lifestream.scheduler.schedule import Next


@dataclass(frozen=True, slots=True)
class Claimed:
    """A feed that a worker holds until *until*; *token* proves it.

    *feed* is the feed's key and *host* its server's name. *credentials* are sealed, see `credentials`; *options* are in
    the form of `feed_options`, and *terms* in that of `schedule.Terms.as_json`. *subscribers* counts the lifestreams
    that have a subscription of the feed, paused ones too. Validators are not sent if they are *withheld*.
    *entry_digests* are the digests of those entries of the last document whose items are up to date (see
    `plugins.entry_digests`). Until *push_until*, the feed's hub is relied on to push new entries.
    """

    feed: int
    token: str
    until: datetime
    url: str
    host: str
    title: str = ""
    domain: str = ""
    plugin: str = ""
    site_url: str = ""
    credentials: str = field(default="", repr=False)
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    etag: str = ""
    last_modified: str = ""
    withheld: bool = False
    validated_url: str = ""
    body_hash: str = ""
    entry_digests: str = field(default="", repr=False)
    failures: int = 0
    terms: Mapping[str, Any] = field(default_factory=dict)
    push_until: datetime | None = None
    subscribers: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to the request for *claim* that began at *started*: its *outcome*, and the document that was read.

    *prepared* is what the body of a `Fetched` contains; None if the body is unchanged: its hash is that of the last
    one. A body that could not be read is a `Failed`. *body_hash* is the body's SHA-256 in hex.
    """

    claim: Claimed
    outcome: Outcome
    started: datetime
    prepared: Prepared | None = None
    body_hash: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a fetch: the fields of its `Answer`, and when the *next* fetch is due."""

    claim: Claimed
    outcome: Outcome
    next: Next
    started: datetime
    prepared: Prepared | None = None
    body_hash: str = ""

    @property
    def size(self) -> int:
        """How much of a transaction the result fills, in items; a result without items counts as one."""
        return max(1, len(self.prepared.items)) if self.prepared is not None else 1


class Writing(Enum):
    """Whether a result was written."""

    DONE = auto()
    """The result was written, except for items that are `Stored.broken`."""
    UNWRITTEN = auto()
    """The result could not be written, mostly because the database failed: the feed is still held and due, and some of
    its items may be written.
    """
    LOST = auto()
    """Nothing was written, since another worker holds the feed by now, or the feed was deleted."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What was stored of a result, counted in items; *outcome* is a `Fetch.Outcome`.

    *refused* items were deleted here before, *broken* ones could not be written. *moved_to* is the feed's new URL, if
    it got one. *message* says what went wrong, "" if nothing did.
    """

    feed: int
    outcome: str
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    broken: int = 0
    writing: Writing = Writing.DONE
    moved_to: str = ""
    message: str = ""

    @property
    def lost(self) -> bool:
        """Whether nothing was written, since this worker doesn't hold the feed any more."""
        return self.writing is Writing.LOST

    @property
    def unwritten(self) -> bool:
        """Whether the result could not be written: see `Writing.UNWRITTEN`."""
        return self.writing is Writing.UNWRITTEN
