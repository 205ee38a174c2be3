"""A feed's row during a fetch: read under lock, changed as a value, written back by `writer`.

It is no instance of the model: making one for each feed was a tenth of all work for an answer of 304.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db.models import Exists, OuterRef

from lifestream.models import Feed, Item, Tombstone

_FOUND: Final[tuple[str, ...]] = (
    "id", "claim_token", "url", "url_hash", "host_id", "credentials", "etag", "last_modified", "withheld",
    "validated_url", "moved_to", "moved_count", "status", "next_fetch", "last_success", "last_status", "pushed",
    "push_until", "flaw",
)  # fmt: skip

STATE: Final[tuple[str, ...]] = (
    "etag", "last_modified", "withheld", "validated_url", "moved_to", "moved_count", "status", "next_fetch",
    "next_reason", "candidates", "not_before", "terms", "failures", "last_fetch", "last_success", "last_status",
    "last_error", "pushed", "push_until", "claim_token", "claimed_until",
)  # fmt: skip
"""The columns of a feed that every result may change."""

FROM_DOCUMENT: Final[tuple[str, ...]] = (
    "body_hash", "entry_digests", "flaw", "title", "site_url", "domain", "description", "language", "icon_url",
    "hub_url", "hub_topic",
)  # fmt: skip
"""The columns that a document may change."""

PLACE: Final = ("url", "url_hash", "host", "options")
"""The columns that a move changes."""


@dataclass(slots=True)
class FeedState:
    """A feed's row. The names are those of `Feed`.

    First come the fields that are read for each feed, then those that are read if there is a document, then the others,
    which are only written.
    """

    id: int
    claim_token: str
    url: str
    url_hash: str
    host_id: int
    credentials: str = field(repr=False)
    etag: str
    last_modified: str
    withheld: bool
    validated_url: str
    moved_to: str
    moved_count: int
    status: str
    next_fetch: datetime
    last_success: datetime | None
    last_status: str
    pushed: datetime | None
    push_until: datetime | None
    flaw: str

    body_hash: str = ""
    entry_digests: str = ""
    title: str = ""
    site_url: str = ""
    domain: str = ""
    description: str = ""
    language: str = ""
    icon_url: str = ""
    hub_url: str = ""
    hub_topic: str = ""
    has_items: bool = True
    has_tombstones: bool = True

    next_reason: str = ""
    candidates: list[list[str]] = field(default_factory=list)
    not_before: datetime | None = None
    terms: dict[str, Any] = field(default_factory=dict)
    failures: int = 0
    last_fetch: datetime | None = None
    last_error: str = ""
    claimed_until: datetime | None = None
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def is_private(self) -> bool:
        """Whether the feed has credentials: then it belongs to one subscriber and is shown nowhere public."""
        return bool(self.credentials)


def hold(tokens: Mapping[int, str], using: str, *, from_document: bool, entries: bool) -> dict[int, FeedState]:
    """Return by key the feeds that are still claimed with their *tokens*, locked until the caller's transaction ends.

    With *from_document*, the columns that a document may change are read too; with *entries*, also whether the
    feed has items and tombstones.
    """
    feeds = Feed.objects.using(using).filter(pk__in=tokens).order_by("pk").select_for_update()
    columns = tuple(dict.fromkeys(_FOUND + FROM_DOCUMENT)) if from_document or entries else _FOUND
    if entries:
        of_feed = {"feed": OuterRef("pk")}
        feeds = feeds.annotate(
            has_items=Exists(Item.objects.using(using).filter(**of_feed)),
            has_tombstones=Exists(Tombstone.objects.using(using).filter(**of_feed)),
        )
        columns += ("has_items", "has_tombstones")
    states = (FeedState(**row) for row in feeds.values(*columns))
    return {state.id: state for state in states if state.claim_token == tokens[state.id]}
