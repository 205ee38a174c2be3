"""Finds, among very many posts, the first ones that fulfil a condition: reads posts in order until enough are found.
Read-only.

SQLite takes five times as long to look up the posts of 9,000 items, which are spread over the table, as to search the
latest 3,000 posts for 20 posts of those items. If the keys of the items are not known, a condition is checked for each
post until enough are found: if half of all posts have a tag, 40 posts are checked to find 20. To ask for the keys would
take longer: PostgreSQL took 10 ms to return those of 10,000 items.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import Exists, F, QuerySet

from lifestream.models import Post
from lifestream.models.index_conditions import BooleanLookup
from lifestream.models.time_limit import LOOK, TimeLimit

FEW: Final = 1_000
"""Up to this number of items, `first_of` leaves it to the caller to look up their posts."""
MOST_WALKED: Final = 10_000
"""The most posts that are read."""
MOST_ASKED: Final = 2_500
"""The most posts for which a condition is checked: a check takes some microseconds more than reading a post."""


def first_of(posts: QuerySet[Post], items: Collection[int], count: int) -> list[int] | None:
    """Return the keys of the first *count* of *posts*, in their order, whose item is one of *items* (keys).

    Returns None if it is faster to look up the posts of *items*, because the items are few, or because few of them are
    among the first of *posts*.
    """
    if len(items) <= FEW:
        return None
    # If the items are spread evenly, *count* of them are in the first two thirds of this number of posts.
    most = 3 * count * (max(items) - min(items) + 1) // (2 * len(items))
    if most > MOST_WALKED:
        return None
    known = set(items)
    walked = list(posts.values_list("pk", "item_id")[:most])
    found = [post for post, item in walked if item in known][:count]
    return found if len(found) == count or len(walked) < most else None


@dataclass(frozen=True, slots=True)
class Walked:
    """The *keys* of the posts that were found, in their order. *are_all* is True if there are fewer than were asked
    for, although all posts were checked.
    """

    keys: list[int]
    are_all: bool


def first_with(posts: QuerySet[Post], condition: Exists | BooleanLookup, count: int) -> Walked:
    """Return the first *count* of *posts* that fulfil *condition*; fewer if there are fewer among the first
    MOST_ASKED posts, or if finding them takes longer than LOOK. *posts* must be ordered as a timeline is.
    """
    # Annotations, since not every version of Django gives columns the names that are needed here.
    named = posts.annotate(is_found=condition, of_date=F("date"), of_item=F("item_id"), key=F("pk"))
    walked = named.values_list("is_found", "of_date", "of_item", "key")[:MOST_ASKED]
    try:
        sql, params = walked.query.get_compiler(walked.db).as_sql()
    except EmptyResultSet:  # as for a tag without items
        return Walked([], are_all=True)
    connection = connections[walked.db]
    names = ("of_date", "of_item", "key", "is_found", "walked")
    date, item, key, is_found, walked_posts = map(connection.ops.quote_name, names)
    if connection.vendor == "postgresql":
        # Read dates as numbers: to make a thousand datetimes takes Python longer than everything else here.
        date = f"(EXTRACT(EPOCH FROM {date}) * 1000000)::bigint"
    # The database reads one post after the other, and stops after the last one that is needed. If it ran `walked`
    # itself, it would check the condition for all MOST_ASKED posts.
    found: list[tuple[Any, int, int]] = []
    with TimeLimit(connection, LOOK) as limit, connection.cursor() as cursor:
        columns = f"{date}, {item}, {key}"
        cursor.execute(f"SELECT {columns} FROM ({sql}) {walked_posts} WHERE {is_found} LIMIT {int(count)}", params)  # noqa: S608
        found.extend(cursor)  # row by row, so that those are kept that were read in time
    found.sort(reverse=True)
    are_all = not limit.is_over and len(found) < count and not posts[MOST_ASKED : MOST_ASKED + 1].exists()
    return Walked([key for _, _, key in found], are_all)
