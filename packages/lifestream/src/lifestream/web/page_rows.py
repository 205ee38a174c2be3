"""The rows of a page of a timeline, read in the way in which the database does the least work. Read-only.

All ways find the same posts. If many of the latest posts match the search or have the tag, posts are read from the
latest on until enough are found (`walked_posts`). If only few items match, the posts of these items are looked up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final, Protocol, Self

from django.db.models import Exists, OuterRef, QuerySet, TextField
from django.db.models.functions import Cast, Length

from lifestream.models import Item, Post, Tag, fulltext
from lifestream.models.fulltext import MOST_COUNTED, FoundItems, Hits
from lifestream.web.keyset import Cursor, newer_than, older_than
from lifestream.web.walked_posts import first_of, first_with

LATEST_TAGGED: Final = 2_000
"""How many of the latest items of a tag are looked up, if the tag has too many to look up all. If they have too few
posts, all posts are read until enough with the tag are found.
"""


class Narrowable(Protocol):
    """What is needed here of `timeline.Timeline`."""

    @property
    def tag(self) -> Tag | None:
        """The tag to which the timeline is narrowed, if any."""

    def narrowed(self, **to: Any) -> Self:
        """Return the timeline with other conditions."""

    def posts(self, found: FoundItems | None = None) -> QuerySet[Post]:
        """Return its posts; *found* is what its search has found, if that is known."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The *posts* of a page. If *is_cut*, a search was ended before all items were searched."""

    posts: QuerySet[Post]
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class PageRows:
    """The rows of *timeline*, or those older than *before*. *hit* is what the timeline's search has found, None if it
    has no search. *tagged* returns the keys of the items with the timeline's tag, None if they are too many to be
    looked up first; *knows_tagged* is true if a call of *tagged* takes no query.
    """

    timeline: Narrowable
    before: Cursor | None
    hit: FoundItems | None
    tagged: Callable[[], list[int] | None]
    knows_tagged: bool

    def first(self, count: int, *, are_checked: bool = False) -> Rows:
        """Return the first *count* posts. With *are_checked*, it is known that too few of the latest posts have the
        words of the search.
        """
        hit = self.hit
        is_cut = hit is not None and hit.is_cut
        if (walked := self._walked(count)) is not None:
            return Rows(of_keys(walked), is_cut)
        posts = self.timeline.posts(hit)
        if hit is not None and (latest := hit.latest_among(self._unsearched())) is not None:
            first = list(self._older(latest).values_list("pk", "date", "item_id")[:count])
            # A small lifestream may have fewer posts among the latest items.
            if len(first) == count and not self._passes_over(Cursor(*first[-1][1:]), hit):
                return Rows(of_keys([key for key, _, _ in first]), is_cut)
        if hit is not None and not hit.are_looked_up:
            every = self._older(self._unsearched())
            checked: list[int] = []
            if not are_checked:
                found = first_with(every, fulltext.condition(every, hit), count)
                if len(found.keys) == count or found.are_all:
                    return Rows(of_keys(found.keys))
                checked = found.keys
            # The words may be frequent on the site, but rare in this timeline, which has very many posts.
            listed = hit.first_listed(every, count)
            return Rows(of_keys(listed.keys or checked), listed.is_cut)
        rows = self._older(posts)[:count]
        # If posts are looked up by item, the database has to sort them. Others come from an index in their order.
        are_sorted = hit is not None or (self.timeline.tag is not None and self.tagged() is not None)
        return Rows(of_keys(rows.values("pk")) if are_sorted else rows, is_cut)

    def first_of_many(self, hit: FoundItems, count: int) -> tuple[list[int] | None, Hits | None]:
        """Return the keys of the first *count* posts that the search (*hit*) finds, from the beginning of the timeline,
        and how many there are in all, counted no further than MOST_COUNTED. Return None for both if fewer than *count*
        are found among the latest posts, and there are further posts.

        Only the posts of this timeline are counted: a number that depends on other lifestreams would tell visitors
        whether items that only others may see have the words.
        """
        every = self._unsearched()
        found = first_with(every, fulltext.condition(every, hit), MOST_COUNTED + 1)
        if len(found.keys) < count and not found.are_all:
            return None, None
        are_all = found.are_all and len(found.keys) <= MOST_COUNTED
        return found.keys[:count], Hits(min(len(found.keys), MOST_COUNTED), is_all=are_all)

    def _unsearched(self) -> QuerySet[Post]:
        return self.timeline.narrowed(query="").posts()

    def _older(self, posts: QuerySet[Post]) -> QuerySet[Post]:
        return posts if self.before is None else posts.filter(older_than(self.before))

    def _passes_over(self, last: Cursor, hit: FoundItems) -> bool:
        """Return whether the search (*hit*) may find posts that are newer than *last*, of items that were stored
        earlier than those of *hit*. There may be such posts, since the items of a new feed are stored last, while its
        posts may be old. At most `walked_posts.MOST_ASKED` posts are searched; if there are more, return True.
        """
        between = self._older(self._unsearched()).filter(newer_than(last))
        oldest = min(hit.keys or (0,))
        earlier = between.filter(item__lt=oldest)
        found = first_with(earlier, fulltext.condition(earlier, hit), 1)
        return bool(found.keys) or not found.are_all

    def _walked(self, count: int) -> Sequence[int] | None:
        """Return the keys of the first *count* posts if that many of the latest posts are found by the search or have
        the tag; otherwise None. If there are no further posts, return the keys of fewer.
        """
        if self.hit is not None:
            known = self.hit.keys if self.hit.are_all else None
            return None if known is None else first_of(self._older(self._unsearched()), known, count)
        tag = self.timeline.tag
        if tag is None:
            return None
        every = self._older(self.timeline.narrowed(tag=None).posts())
        if not self.knows_tagged:
            found = first_with(every, has(tag), count)
            if len(found.keys) == count or found.are_all:
                return found.keys
        tagged = self.tagged()
        return self._first_of_latest(every, tag, count) if tagged is None else first_of(every, tagged, count)

    def _first_of_latest(self, every: QuerySet[Post], tag: Tag, count: int) -> list[int] | None:
        """Return the keys of the first *count* posts of *every* that have *tag*; very many items have it. Only the
        LATEST_TAGGED latest items with the tag are looked up. Return None if they have fewer than *count* posts, or if
        an item that was stored earlier has a newer post than the last of these: the items of a new feed are stored
        last, while its posts may be old.
        """
        newest = Item.tags.through.objects.filter(tag=tag).order_by("-item_id")
        items = list(newest.values_list("item_id", flat=True)[:LATEST_TAGGED])
        found = list(fulltext.among(every, items).values_list("pk", "date", "item_id")[:count])
        if len(found) < count:
            return None
        # Nearly all newer posts are of items that were stored later than min(items): an index alone excludes these.
        between = every.filter(newer_than(Cursor(*found[-1][1:])), item_id__lt=min(items))
        earlier = between.filter(has(tag)).values_list("pk")[:1]  # exists() would drop the order
        return None if earlier else [key for key, _, _ in found]


def of_keys(keys: Sequence[int] | QuerySet[Any, Any]) -> QuerySet[Post]:
    """Return the posts with *keys*, the latest first. If the database has to sort many posts to find a few, it then
    sorts only their keys, and not all columns that a page shows.
    """
    return Post.objects.filter(pk__in=keys).order_by("-date", "-item_id")


def fitting(posts: QuerySet[Post], largest: int) -> int:
    """Return how many of the first *posts* have contents and files of at most *largest* characters together; 1 if the
    first alone has more, or if there are none.
    """
    length = Length("item__content") + Length(Cast("item__enclosures", TextField()))
    totals = accumulate(posts.values_list(length, flat=True))
    return max(1, len([total for total in totals if total <= largest]))


def has(tag: Tag) -> Exists:
    """Return the condition that the item of a post has *tag*."""
    return Exists(Item.tags.through.objects.filter(tag=tag, item=OuterRef("item")))
