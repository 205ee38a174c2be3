"""Factories of rows and values for tests: a test passes only the fields that matter to it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from lifestream.entry import ParsedFeed
from lifestream.fetcher.outcomes import Outcome
from lifestream.models import Feed
from lifestream.plugins.base import ItemDraft
from lifestream.plugins.item_pipeline import Prepared
from lifestream.scheduler.jobs import Claimed, Result
from lifestream.scheduler.schedule import Next, Terms
from lifestream.testing.factories import (
    NOW,
    make_feed,
    make_item,
    make_lifestream,
    make_post,
    make_subscription,
    store_card,
)

__all__ = [
    "NOW",
    "draft",
    "hold",
    "make_feed",
    "make_item",
    "make_lifestream",
    "make_post",
    "make_subscription",
    "prepared",
    "result",
    "store_card",
]


def hold(feed: Feed, token: str = "t" * 32, until: datetime | None = None) -> Claimed:
    """Claim *feed*, and return the claim: with its URL and host, and with the defaults of all other fields."""
    until = until or NOW + timedelta(hours=1)
    Feed.objects.filter(pk=feed.pk).update(claim_token=token, claimed_until=until)
    return Claimed(feed.pk, token, until, feed.url, feed.host.name)


def draft(guid: str = "", title: str = "", **fields: Any) -> ItemDraft:
    """Return the draft of an item. Its link is made from *guid*, unless *link* is given."""
    fields.setdefault("link", f"https://example.com/{guid}" if guid else "")
    return ItemDraft(guid=guid, title=title, **fields)


def prepared(*drafts: ItemDraft, **feed: Any) -> Prepared:
    """Return a prepared document with these items."""
    return Prepared(ParsedFeed(**feed), drafts)


def result(feed: Feed, outcome: Outcome, *, wait: float = 3600.0, **fields: Any) -> Result:
    """Return the result of a fetch of *feed*. Unless *claim* is given, the feed is claimed first."""
    fields.setdefault("next", Next(NOW + timedelta(seconds=wait), "our own interval", terms=Terms()))
    return Result(fields.pop("claim", None) or hold(feed), outcome, started=fields.pop("started", NOW), **fields)
