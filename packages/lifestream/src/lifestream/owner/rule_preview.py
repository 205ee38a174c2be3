"""How many posts rules would hide, before the rules are saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lifestream.content.filter_rules import Rules
from lifestream.models import Lifestream, Post, Subscription
from lifestream.storage.backfill import readable_at_once, subjects

LOOKED_AT: Final = 2_000
"""The maximum number of posts that a preview checks: the latest ones, and fewer if their texts are very long."""
SHOWN: Final = 5
"""How many of the posts that would be hidden are named."""


@dataclass(frozen=True, slots=True)
class Preview:
    """How many *posts* were checked, how many of these would be *hidden*, and the latest of those as *examples*.
    *is_partial* is True if there are more posts than were checked.
    """

    posts: int
    hidden: int
    examples: tuple[Post, ...]
    is_partial: bool


def preview_of(place: Lifestream | Subscription, keep: str, block: str) -> Preview:
    """Return what the rules *keep* and *block* would do to the posts of *place*: also to those that rules hide now, but
    not to those that were hidden or removed by hand.
    """
    within: Rules | None = None
    posts = Post.objects.filter(removed=False, hidden=False).order_by("-date", "-item_id")
    if isinstance(place, Subscription):
        posts = posts.filter(subscription=place)
        within = Rules.of(place.lifestream.keep_rules, place.lifestream.block_rules)
    else:
        posts = posts.filter(lifestream=place)
    rules = Rules.of(keep, block, within)
    latest = dict(posts.values_list("item_id", "pk")[: LOOKED_AT + 1])
    looked_at = list(latest)[:LOOKED_AT]
    if rules:
        looked_at = list(readable_at_once(looked_at, posts.db, rules))
    hides = {item for item, subject in subjects(looked_at, posts.db) if not rules.allow(subject)} if rules else set()
    hidden = [latest[item] for item in looked_at if item in hides]
    named = posts.filter(pk__in=hidden[:SHOWN]).select_related("item", "subscription__feed")
    light = named.defer("item__content", "item__text", "item__card", "subscription__feed__icon")
    return Preview(len(looked_at), len(hidden), tuple(light), len(latest) > len(looked_at))
