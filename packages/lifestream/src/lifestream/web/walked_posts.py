"""The first posts of items that are known by their keys, found by looking through the posts in their order. Read-only.

SQLite takes five times as long to look up the posts of 9,000 items, which are all over the table, as to look through
the latest 3,000 posts for 20 posts of those items.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from django.db.models import QuerySet

from lifestream.models import Post

FEW: Final = 1_000
"""Up to this number of items, `first_of` leaves it to the caller to look up their posts."""
MOST_WALKED: Final = 10_000
"""The most posts that are looked through."""


def first_of(posts: QuerySet[Post], items: Collection[int], count: int) -> list[int] | None:
    """Return the keys of the first *count* of *posts*, in their order, whose item is one of *items* (keys).

    Returns None if it is faster to look up the posts of *items*, which are few, or seldom among the first of *posts*.
    """
    if len(items) <= FEW:
        return None
    # So many posts have *count* of the items if these are spread evenly over all; half as many more are looked through.
    most = 3 * count * (max(items) - min(items) + 1) // (2 * len(items))
    if most > MOST_WALKED:
        return None
    known = set(items)
    walked = list(posts.values_list("pk", "item_id")[:most])
    found = [post for post, item in walked if item in known][:count]
    return found if len(found) == count or len(walked) < most else None
