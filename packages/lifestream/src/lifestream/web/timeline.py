"""The posts that a page shows: those of one lifestream, narrowed by a site, a tag, a search or a day. Read-only.

Pages are cut by keyset (see `keyset`): a page ends at a post, and the next page begins after it.

This module decides what a reader may see, for all pages and feeds: whether a lifestream is visible to everybody, or
only to its owner and superusers. Only they see posts from a feed that needs credentials.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from django.db import router
from django.db.models import (
    BooleanField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.utils import timezone

from lifestream.models import Feed, Item, Lifestream, OwnPage, Post, Subscription, Tag, fulltext
from lifestream.models.fulltext import MOST_COUNTED, FoundItems, Hits
from lifestream.models.index_conditions import AmongFew
from lifestream.page_limits import MOST_PINNED, MOST_TAGS
from lifestream.web import walked_posts
from lifestream.web.keyset import Cursor, newer_than, older_than
from lifestream.web.page_addresses import page_address, row_address
from lifestream.web.page_rows import PageRows, Rows, fitting, has, of_keys
from lifestream.web.shown_posts import BODIES, NOT_PUBLISHED, fill_posts, read_posts, shown

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser

RECENT = 500
"""How many of the latest posts are looked at to count the tags of a lifestream, and to find its latest sites."""
POSTS_A_SITE = 4
"""How many of the latest posts are looked at for each site that is to be found: few sites publish more in a row."""
LOOKED_UP = 50_000
"""If at most this many items have a tag, and few of them are among the latest posts, the posts of all these items are
looked up. That takes some microseconds an item. If more items have the tag, the posts of only the latest of these items
are looked up first (see `page_rows.LATEST_TAGGED`).
"""
MOST_DATED = 500
"""How many sites are compared by their latest posts, besides the sites of the RECENT latest posts."""


@dataclass(frozen=True, slots=True)
class TimelinePage:
    """One page of posts, the latest first, and the cursor at which older posts begin, if there are any. *hits* is how
    many posts a search finds, if they were counted. *pinned* are the pinned posts, on the first page of a timeline with
    `pins`. If *is_cut*, a search was ended before all items were searched, and found only some of their posts.
    """

    posts: tuple[Post, ...]
    older: Cursor | None
    hits: Hits | None = None
    pinned: tuple[Post, ...] = ()
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Day:
    """The posts of one day, in the time zone of the reader."""

    date: dt.date
    posts: tuple[Post, ...]


@dataclass(frozen=True)
class Timeline:
    """The posts of *lifestream* that a reader may see: all, or those of one site, tag, day or search. *owned* is True
    if the reader is its owner or a superuser, who also sees posts of feeds that need credentials.
    """

    lifestream: Lifestream
    owned: bool = False
    subscription: Subscription | None = None
    tag: Tag | None = None
    query: str = ""
    day: dt.date | None = None
    pins: bool = False
    """Whether pinned posts are shown separately, and left out of the others."""

    def narrowed(self, **to: Any) -> Timeline:
        """Return this timeline with the fields in *to* replaced: narrowed to a site, a tag, a search or a day, or, with
        None or "", narrowed no longer.
        """
        return replace(self, **to)

    def of_tag(self, slug: str) -> Timeline | None:
        """Return this timeline narrowed to the tag *slug*, None if there is no such tag. It may be that only other
        lifestreams have the tag, which no visitor may learn: treat a result without posts like None.
        """
        most = min(walked_posts.FEW, fulltext.RARE)  # for a rare tag, one query reads all that is needed
        rows = list(Tag.objects.filter(slug=slug).order_by().values_list("pk", "name", "items")[: most + 1])
        if not rows:
            return None
        pk, name, _ = rows[0]
        narrowed = self.narrowed(tag=Tag.from_db(router.db_for_read(Tag), ("id", "name", "slug"), (pk, name, slug)))
        keys = [item for _, _, item in rows if item]  # a tag without items has one row
        if len(keys) <= most:
            narrowed.__dict__["_tagged"] = keys  # where cached_property looks
        return narrowed

    def posts(self, found: FoundItems | None = None) -> QuerySet[Post]:
        """Return the posts that may be shown, the latest first; without the pinned ones if `pins` is set.
        `read_posts` loads what a page needs of other tables. *found* is what the search has found, if that is known.
        """
        posts = self._posts(found)
        return posts.filter(pinned=None) if self.pins else posts

    def _posts(self, found: FoundItems | None = None) -> QuerySet[Post]:
        """Return the posts that may be shown, pinned or not. *found* is what the search has found, if that is known."""
        if self.subscription is None:
            posts = self._every_post()
        else:
            posts = Post.objects.visible().filter(subscription=self.subscription)
        if self.tag is not None:
            # If not too many items have the tag, their posts are looked up: otherwise SQLite would read the whole
            # timeline to find a few of them.
            few = self._tagged
            posts = posts.filter(has(self.tag)) if few is None else fulltext.among(posts, few)
        if self.day is not None:
            posts = posts.filter(date__gte=_midnight(self.day), date__lt=_midnight(self.day + dt.timedelta(days=1)))
        if self.query:
            posts = (found or self._find()).among(posts)
        return posts.order_by("-date", "-item_id")

    def _every_post(self) -> QuerySet[Post]:
        """Return all posts of the lifestream that may be shown, in no particular order."""
        posts = Post.objects.visible().filter(lifestream=self.lifestream)
        return posts if self.shows_all_sites else posts.filter(subscription__feed__credentials="")

    @property
    def shows_all_sites(self) -> bool:
        """Whether it is known that the reader may see all sites of the lifestream."""
        # `timeline_for` has loaded, together with the lifestream, whether one of its feeds has credentials.
        return self.owned or not getattr(self.lifestream, "has_secrets", True)

    def pinned(self) -> list[Post]:
        """Return the pinned posts that may be shown, the most recently pinned one first."""
        return shown(self._pinned(), lifestream=self.lifestream)

    def _pinned(self) -> QuerySet[Post]:
        return self._posts().filter(pinned__isnull=False).order_by("-pinned", "-item_id")[:MOST_PINNED]

    def rows(self, before: Cursor | None, count: int) -> QuerySet[Post]:
        """Return the first *count* posts that may be shown, or the first of those older than *before*."""
        return self._rows(before, self._find() if self.query else None).first(count).posts

    def page(
        self,
        before: Cursor | None,
        size: int,
        *,
        bodies: bool = False,
        counted: bool = False,
        largest: int | None = None,
    ) -> TimelinePage:
        """Return the first *size* posts, or the first of those older than *before*. With *bodies*, also load the
        large fields of their items that a published feed has. If *counted*, count the posts that a search finds, no
        further than MOST_COUNTED. With *largest*, return fewer posts if their contents and files have more than
        *largest* characters together, but at least one.
        """
        pinned = read_posts(self._pinned(), bodies=bodies, unused=NOT_PUBLISHED) if self.pins and before is None else []
        hit = self._find() if self.query else None
        is_frequent = hit is not None and hit.keys is None
        reading = self._rows(before, hit)
        keys: list[int] | None = None
        hits: Hits | None = None
        if hit and counted and is_frequent:
            keys, hits = reading.first_of_many(hit, size + 1)
        elif hit and counted and hit.are_all:
            hits = hit.count(self.narrowed(query="").posts(), MOST_COUNTED)
        if keys is None or before is not None:
            rows = reading.first(size + 1, are_checked=counted and is_frequent and before is None)
        else:
            rows = Rows(of_keys(keys))
        posts = rows.posts
        if largest is not None:
            size = min(size, fitting(posts, largest))
            posts = posts[: size + 1]
        found = read_posts(posts, bodies=bodies, unused=NOT_PUBLISHED)
        if hit and counted and (hits is None or not hits.is_all):
            is_all = len(found) <= size and before is None and not rows.is_cut
            hits = Hits(max(hits.count if hits else 0, min(len(found), size)), is_all=is_all)
        last = found[size - 1] if len(found) > size else None
        fill_posts([*pinned, *found], self.lifestream, self.query, bodies=bodies)
        older = Cursor(last.date, last.item_id) if last else None
        return TimelinePage(tuple(found[:size]), older, hits, tuple(pinned), rows.is_cut)

    def post(self, item: int) -> Post:
        """Return the post of the item with the key *item*. Raises Post.DoesNotExist if there is none that may
        be shown.
        """
        for post in shown(self.posts().filter(item=item), bodies=True, lifestream=self.lifestream):
            return post
        raise Post.DoesNotExist

    def neighbours(self, post: Post) -> tuple[Post | None, Post | None]:
        """Return the next newer and the next older post than *post*."""
        cursor = Cursor(post.date, post.item_id)
        posts = self.posts().select_related("item").defer(*BODIES, "item__text", "item__card")
        newer = posts.filter(newer_than(cursor)).order_by("date", "item_id").first()
        return newer, posts.filter(older_than(cursor)).first()

    def days_beside(self) -> tuple[dt.date | None, dt.date | None]:
        """Return the last day with posts before the timeline's own day, and the first one after it."""
        if self.day is None:
            return None, None
        posts = self.narrowed(day=None).posts()
        earlier = posts.filter(date__lt=_midnight(self.day))
        later = posts.filter(date__gte=_midnight(self.day + dt.timedelta(days=1))).order_by("date", "item_id")
        beside = Lifestream.objects.filter(pk=self.lifestream.pk).values_list(
            Subquery(earlier.values("date")[:1]), Subquery(later.values("date")[:1])
        )
        for before, after in beside:
            return _local_day(before), _local_day(after)
        return None, None

    def subscriptions(self) -> QuerySet[Subscription]:
        """Return the subscriptions of the lifestream that may be shown, with their feeds, in no particular order."""
        return self._loaded(Subscription.objects.filter(lifestream=self.lifestream))

    def _loaded(self, subscriptions: QuerySet[Subscription]) -> QuerySet[Subscription]:
        subscriptions = subscriptions.select_related("feed")
        if not self.owned:
            subscriptions = subscriptions.filter(feed__credentials="")
        return subscriptions.defer("feed__icon", "keep_rules", "block_rules").annotate(
            has_icon=ExpressionWrapper(~Q(feed__icon=b""), output_field=BooleanField())
        )

    def latest_sites(self, count: int) -> list[Subscription]:
        """Return *count* subscriptions, the one with the latest post first.

        If the latest posts come from fewer sites, only some sites are compared: those of the RECENT latest posts, and
        the first MOST_DATED by name. In a lifestream with more sites, one with a later post may be missed.
        """
        every = Subscription.objects.order_by()
        posts = self._every_post().order_by("-date", "-item_id").values("subscription")
        recent = every.filter(_is_one_of(posts[: count * POSTS_A_SITE])).values("pk")
        # Nearly always, no other sites are needed. To look up their latest posts takes longer than everything else.
        are_few = ~Exists(recent[count - 1 : count])
        named = self.subscriptions().order_by("sort_name", "pk").values("pk")[: max(MOST_DATED, count)]
        # A union, since PostgreSQL reads the whole table for OR. Each part is a subquery of its own, since SQLite
        # accepts no LIMIT within a union.
        more = (every.filter(are_few, _is_one_of(keys)).values("pk") for keys in (posts[:RECENT], named))
        compared = recent.union(*more).order_by()
        latest = Post.objects.visible().filter(subscription=OuterRef("pk")).order_by("-date").values("date")[:1]
        # The condition on the lifestream is left out: for it, SQLite would read all subscriptions of the lifestream.
        sites = self._loaded(Subscription.objects.filter(_is_one_of(compared))).alias(latest=Subquery(latest))
        return list(sites.order_by(F("latest").desc(nulls_last=True), "sort_name", "pk")[:count])

    def tags(self) -> list[tuple[Tag, int]]:
        """Return the MOST_TAGS most frequent tags of the latest posts, each with the number of those posts that have
        it, the most frequent first.
        """
        return self.frequent_tags()[0]

    def frequent_tags(self) -> tuple[list[tuple[Tag, int]], int]:
        """Return what `tags` returns, and how many more tags the latest posts have."""
        latest = self.posts().values_list("item_id", flat=True)[:RECENT]
        keys = Tag.items.through.objects.filter(item__in=list(latest)).values_list("tag_id", flat=True)
        counts = Counter(sorted(keys))  # sorted, so that equally frequent tags are in the same order each time
        frequent = dict(counts.most_common(MOST_TAGS))
        tags = Tag.objects.in_bulk(list(frequent))
        listed = sorted(
            # A tag may be deleted at this moment.
            ((tags[key], count) for key, count in frequent.items() if key in tags),
            key=lambda pair: (-pair[1], pair[0].slug),
        )
        return listed, len(counts) - len(listed)

    def url(self, format: str = "") -> str:  # noqa: A002  the word that the addresses use
        """Return the address of this timeline's page, or of its feed in *format*: "atom", "rss" or "json". A day has no
        feed of its own: its feed is the lifestream's.
        """
        name = "timeline"
        kwargs: dict[str, Any] = {"slug": self.lifestream.slug}
        if self.subscription is not None:
            name, kwargs = "site", {**kwargs, "pk": self.subscription.pk}
        elif self.tag is not None:
            name, kwargs = "tag", {**kwargs, "tag": self.tag.slug}
        elif self.query:
            name = "search"
        elif self.day is not None and not format:
            name, kwargs = "day", {**kwargs, "year": self.day.year, "month": self.day.month, "day": self.day.day}
        if format:
            name, kwargs = f"{name}-feed", {**kwargs, "format": format}
        address = page_address(name, **kwargs)
        return f"{address}?{urlencode({'q': self.query})}" if self.query else address

    def item_url(self, post: Post) -> str:
        """Return the address of the page of *post* alone."""
        return row_address("item", self.lifestream.slug, post.item_id)

    def site_url(self, subscription: Subscription) -> str:
        """Return the address of the page of a site of this timeline's lifestream."""
        return row_address("site", self.lifestream.slug, subscription.pk)

    def _find(self) -> FoundItems:
        return fulltext.find(self.query, router.db_for_read(Post))

    def _rows(self, before: Cursor | None, hit: FoundItems | None) -> PageRows:
        return PageRows(self, before, hit, lambda: self._tagged, knows_tagged="_tagged" in vars(self))

    @cached_property
    def _tagged(self) -> list[int] | None:
        """The keys of the items with the tag, None if they are too many to be looked up first."""
        keys = Item.tags.through.objects.filter(tag=self.tag).values_list("item_id", flat=True)
        found = list(keys[: LOOKED_UP + 1])
        return found if len(found) <= LOOKED_UP else None


def _is_one_of(keys: QuerySet[Any, Any]) -> AmongFew:
    return AmongFew(F("pk"), Subquery(keys))


def _secret(lifestream: int | OuterRef) -> QuerySet[Subscription]:
    """Return the subscriptions of *lifestream* (a key) that only its owner and superusers may see."""
    return Subscription.objects.filter(lifestream=lifestream, feed__in=Feed.objects.private())


_OF_OWN_PAGE: Final = ("id", "lifestream_id", "slug", "title", "position", "changed")
_OWN_PAGES: Final = {f"page_{name}": F(f"own_pages__{name}") for name in _OF_OWN_PAGE}


def timeline_for(user: AbstractBaseUser | AnonymousUser | None, slug: str) -> Timeline:
    """Return the timeline of the lifestream *slug* that *user* may see. Raises Lifestream.DoesNotExist if there is
    none.
    """
    readable = Lifestream.objects.public() if user is None else Lifestream.objects.readable_by(user)
    found = list(readable.filter(slug=slug).annotate(has_secrets=Exists(_secret(OuterRef("pk"))), **_OWN_PAGES))
    if not found:
        raise Lifestream.DoesNotExist(f"There is no lifestream {slug!r} that may be read.")  # not translated
    lifestream = found[0]
    # One row for each of its own pages, or one row if it has none. Their texts are loaded only when they are asked for.
    pages = [[getattr(row, f"page_{name}") for name in _OF_OWN_PAGE] for row in found if row.page_id is not None]  # type: ignore[attr-defined]
    lifestream.listed_pages = [  # type: ignore[attr-defined]
        OwnPage.from_db(readable.db, _OF_OWN_PAGE, page) for page in pages
    ]
    if user is None:
        return Timeline(lifestream)
    return Timeline(lifestream, owned=owns(user, lifestream))


def owns(user: AbstractBaseUser | AnonymousUser, lifestream: Lifestream) -> bool:
    """Return whether *user* may see all of *lifestream* and change it: the owner or a superuser may."""
    return user.is_authenticated and (bool(getattr(user, "is_superuser", False)) or lifestream.owner_id == user.pk)


def by_day(posts: Iterable[Post]) -> Iterator[Day]:
    """Yield each day with its posts, in Django's current time zone; *posts* must be in order."""
    for day, group in groupby(posts, key=lambda post: timezone.localtime(post.date).date()):
        yield Day(day, tuple(group))


def _midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))


def _local_day(moment: dt.datetime | None) -> dt.date | None:
    return timezone.localtime(moment).date() if moment is not None else None
