"""The posts that a page shows: those of one lifestream, narrowed by a site, a tag, a search or a day. Read-only.

Pages are cut by keyset (see `keyset`): a page ends at a post, and the next page begins after it.

This module decides what a reader may see, for all pages and feeds: whether a lifestream is visible to its owner only or
to everybody. Posts from a feed that needs credentials are visible to the lifestream's owner only.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
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
    prefetch_related_objects,
)
from django.db.models.functions import Left, Length
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator

from lifestream.content import highlighting, item_card
from lifestream.content.item_card import ItemCard
from lifestream.content.tokenizer import pattern_of
from lifestream.models import Feed, Item, Lifestream, OwnPage, Post, Subscription, Tag, fulltext
from lifestream.models.fulltext import MOST_COUNTED, Found, Hits
from lifestream.models.look import Shown
from lifestream.web.keyset import Cursor, newer_than, older_than

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser

RECENT = 500
"""How many of the latest posts are looked at to count the tags of a lifestream, and its latest sites."""
MOST_DATED = 500
"""How many sites are compared by their latest posts, beside those of the latest posts of all."""
MOST_TAGS: Final = 500
"""How many tags are listed, the most frequent ones: each post may bring a hundred of its own."""

MOST_PINNED: Final = 10
"""How many posts of a lifestream can be pinned to its top."""


@dataclass(frozen=True, slots=True)
class TimelinePage:
    """One page of posts, the latest first, and the cursor at which older posts begin, if there are any. *hits* is how
    many posts a search finds, if they were counted. *pinned* are the pinned posts, on the first page of a timeline
    where these stand by themselves.
    """

    posts: tuple[Post, ...]
    older: Cursor | None
    hits: Hits | None = None
    pinned: tuple[Post, ...] = ()


@dataclass(frozen=True, slots=True)
class Day:
    """The posts of one day, in the time zone of the reader."""

    date: dt.date
    posts: tuple[Post, ...]


@dataclass(frozen=True)
class Timeline:
    """The posts of *lifestream* that a reader, its owner or not, may see: all, or those of one site, tag, day or
    search.
    """

    lifestream: Lifestream
    owned: bool = False
    subscription: Subscription | None = None
    tag: Tag | None = None
    query: str = ""
    day: dt.date | None = None
    pins: bool = False
    """Whether the posts that are pinned stand by themselves, and are left out of the others."""

    def narrowed(self, **to: Any) -> Timeline:
        """Return this timeline narrowed to a site, a tag, a search or a day."""
        return replace(self, **to)

    def of_tag(self, slug: str) -> Timeline | None:
        """Return this timeline narrowed to the tag *slug*, None if there is no such tag. Only other lifestreams may
        have the tag, which no visitor may learn: treat a result without posts like None.
        """
        rows = list(Tag.objects.filter(slug=slug).order_by().values_list("pk", "name", "items")[: fulltext.RARE + 1])
        if not rows:
            return None
        pk, name, _ = rows[0]
        narrowed = self.narrowed(tag=Tag.from_db(router.db_for_read(Tag), ("id", "name", "slug"), (pk, name, slug)))
        keys = [item for _, _, item in rows if item]  # a tag without items has one row
        narrowed.__dict__["_tagged"] = keys if len(keys) <= fulltext.RARE else None  # where cached_property looks
        return narrowed

    def posts(self) -> QuerySet[Post]:
        """Return all posts that may be shown, the latest first, loaded with the items, feeds and subscriptions that a
        page needs.
        """
        posts = self._posts()
        return posts.filter(pinned=None) if self.pins else posts

    def _posts(self, found: Found | None = None) -> QuerySet[Post]:
        if self.subscription is None:
            posts = self._every_post()
        else:
            posts = Post.objects.visible().filter(subscription=self.subscription)
        if self.tag is not None:
            # SQLite would walk down the timeline for a tag that few items have.
            few = self._tagged
            tagged = Item.tags.through.objects.filter(tag=self.tag, item=OuterRef("item"))
            posts = posts.filter(Exists(tagged)) if few is None else fulltext.among(posts, few)
        if self.day is not None:
            posts = posts.filter(date__gte=_midnight(self.day), date__lt=_midnight(self.day + dt.timedelta(days=1)))
        if self.query:
            posts = (found or self._find()).among(posts)
        return posts.order_by("-date", "-item_id")

    def _every_post(self) -> QuerySet[Post]:
        """Return all posts of the lifestream that may be shown, in no particular order."""
        posts = Post.objects.visible().filter(lifestream=self.lifestream)
        # `timeline_for` has asked whether there is any such feed, together with the lifestream.
        if self.owned or not getattr(self.lifestream, "has_secrets", True):
            return posts
        return posts.filter(subscription__feed__credentials="")

    def pinned(self) -> list[Post]:
        """Return the pinned posts that may be shown, those that were pinned last before the others."""
        return shown(self._pinned(), lifestream=self.lifestream)

    def _pinned(self) -> QuerySet[Post]:
        return self._posts().filter(pinned__isnull=False).order_by("-pinned", "-item_id")[:MOST_PINNED]

    def rows(self, before: Cursor | None) -> QuerySet[Post]:
        """Return all posts that may be shown, or those older than *before*."""
        return _older(self.posts(), before)

    def page(self, before: Cursor | None, size: int, *, bodies: bool = False, counted: bool = False) -> TimelinePage:
        """Return the first *size* posts, or the first of those older than *before*. With *bodies*, load all fields of
        their items. If *counted*, count the posts that a search finds, no further than MOST_COUNTED.
        """
        hits, found = None, []
        pinned = _read(self._pinned(), bodies=bodies) if self.pins and before is None else []
        if self.query:
            hit, everything = self._find(), self.narrowed(query="").posts()
            hits = hit.count(everything, MOST_COUNTED) if counted else None
            if (latest := hit.latest_among(everything)) is not None:
                found = _read(_older(latest, before)[: size + 1], bodies=bodies)
            if len(found) <= size:  # Of a small lifestream, few posts are among the latest of all.
                found = _read(_older(self._posts(hit), before)[: size + 1], bodies=bodies)
            if hits is not None and not hits.is_all:
                hits = Hits(max(hits.count, min(len(found), size)), is_all=len(found) <= size and before is None)
        else:
            found = _read(_older(self.posts(), before)[: size + 1], bodies=bodies)
        last = found[size - 1] if len(found) > size else None
        _fill([*pinned, *found], self.lifestream, self.query, bodies=bodies)
        return TimelinePage(tuple(found[:size]), Cursor(last.date, last.item_id) if last else None, hits, tuple(pinned))

    def post(self, item: int) -> Post:
        """Return the post of the item with the key *item*. Raises Post.DoesNotExist if there is none that may
        be shown.
        """
        for post in shown(self.posts().filter(item=item), bodies=True, lifestream=self.lifestream):
            return post
        raise Post.DoesNotExist

    def neighbours(self, post: Post) -> tuple[Post | None, Post | None]:
        """Return the next newer and the next older post than *post*."""
        here = Cursor(post.date, post.item_id)
        posts = self.posts().select_related("item").defer(*_BODIES, "item__text", "item__card")
        newer = posts.filter(newer_than(here)).order_by("date", "item_id").first()
        return newer, posts.filter(older_than(here)).first()

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
        """Return *count* subscriptions, that with the latest post first.

        Of a lifestream with more than MOST_DATED, those of the latest posts are compared, and the first MOST_DATED by
        name.
        """
        every = Subscription.objects.order_by()
        posts = self._every_post().order_by("-date", "-item_id").values("subscription")[:RECENT]
        named = self.subscriptions().order_by("sort_name", "pk").values("pk")[: max(MOST_DATED, count)]
        # A union, since PostgreSQL reads the whole table for OR. Each part is a subquery of its own, since SQLite takes
        # no LIMIT within a union.
        compared = every.filter(pk__in=posts).values("pk").union(every.filter(pk__in=named).values("pk"))
        latest = Post.objects.visible().filter(subscription=OuterRef("pk")).order_by("-date").values("date")[:1]
        # Without the condition on the lifestream, for which SQLite would read all its subscriptions.
        sites = self._loaded(Subscription.objects.filter(pk__in=compared)).alias(latest=Subquery(latest))
        return list(sites.order_by(F("latest").desc(nulls_last=True), "sort_name", "pk")[:count])

    def tags(self) -> list[tuple[Tag, int]]:
        """Return the MOST_TAGS most frequent tags of the latest posts, each with the number of those posts that have
        it, the most frequent first.
        """
        return self.frequent_tags()[0]

    def frequent_tags(self) -> tuple[list[tuple[Tag, int]], int]:
        """Return what `tags` returns, and how many tags more the latest posts have."""
        latest = self.posts().values_list("item_id", flat=True)[:RECENT]
        keys = Tag.items.through.objects.filter(item__in=list(latest)).values_list("tag_id", flat=True)
        counts = Counter(sorted(keys))  # of tags that are as frequent, the same ones each time
        frequent = dict(counts.most_common(MOST_TAGS))
        tags = Tag.objects.in_bulk(list(frequent))
        listed = sorted(
            ((tags[key], count) for key, count in frequent.items()), key=lambda pair: (-pair[1], pair[0].slug)
        )
        return listed, len(counts) - len(listed)

    def url(self, format: str = "") -> str:  # noqa: A002  the word that the addresses use
        """Return the address of this timeline's page, or of its feed in *format*: "atom", "rss" or "json"."""
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
        address = reverse(f"lifestream:{name}", kwargs=kwargs)
        return f"{address}?{urlencode({'q': self.query})}" if self.query else address

    def item_url(self, post: Post) -> str:
        """Return the address of the page of *post* alone."""
        return reverse("lifestream:item", kwargs={"slug": self.lifestream.slug, "pk": post.item_id})

    def _find(self) -> Found:
        return fulltext.find(self.query, router.db_for_read(Post))

    @cached_property
    def _tagged(self) -> list[int] | None:
        """The keys of the items with the tag, None if they are too many to be looked up first."""
        keys = Item.tags.through.objects.filter(tag=self.tag).values_list("item_id", flat=True)
        found = list(keys[: fulltext.RARE + 1])
        return found if len(found) <= fulltext.RARE else None


def _older(posts: QuerySet[Post], before: Cursor | None) -> QuerySet[Post]:
    return posts if before is None else posts.filter(older_than(before))


def _secret(lifestream: int | OuterRef) -> QuerySet[Subscription]:
    """Return the subscriptions of *lifestream* (a key) that its owner alone may see."""
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
        raise Lifestream.DoesNotExist(f"There is no lifestream {slug!r} that may be read.")
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


def shown(
    posts: QuerySet[Post], *, bodies: bool = False, lifestream: Lifestream | None = None, query: str = ""
) -> list[Post]:
    """Return *posts*, loaded with everything that their cards need, as their *lifestream* has chosen. For a search,
    the part of each text is loaded that has the words of *query*.

    That takes two queries, one more if posts are shown whole or as excerpts, and one more if there are items without a
    stored card. The large fields of items, which may be a megabyte each, are loaded only with *bodies*. Otherwise each
    is read when a template asks for it.
    """
    found = _read(posts, bodies=bodies)
    _fill(found, lifestream, query, bodies=bodies)
    return found


def _read(posts: QuerySet[Post], *, bodies: bool) -> list[Post]:
    """Return *posts* with what their cards need of other tables, in one query; `_fill` adds the rest."""
    heavy = () if bodies else _BODIES
    related = ("subscription", "item__feed", *(("item__published_id",) if bodies else ()))
    found: list[Post] = list(
        posts.select_related(*related)
        .defer(*heavy, "item__text", "item__feed__icon", "subscription__keep_rules", "subscription__block_rules")
        .annotate(has_icon=ExpressionWrapper(~Q(item__feed__icon=b""), output_field=BooleanField()))
    )
    for post in found:
        # It is the same feed; a second join would make the query slower.
        post.subscription.feed = post.item.feed
    return found


def _fill(posts: Sequence[Post], lifestream: Lifestream | None, query: str, *, bodies: bool) -> None:
    """Load the tags of *posts*, and, without *bodies*, what is shown of their contents."""
    if lifestream is not None:
        for post in posts:
            post.lifestream = lifestream
    prefetch_related_objects(posts, "item__tags")
    if not bodies:
        _complete([post.item for post in posts], lifestream or Lifestream(), query)


_BODIES: Final = ("item__content", "item__enclosures", "item__media", "item__episode")
_LOOKED_THROUGH: Final = 65_536
"""How many characters of a content are searched for pictures if its item has no stored card."""


_FOUND: Final = 280
"""How much of a text a search shows, in characters."""
_LONGEST_WORD: Final = 20
_LARGEST_WHOLE: Final = 100_000
"""The size of the largest content that a timeline shows whole, in characters: a page may have a hundred of them."""


def _complete(items: Sequence[Item], lifestream: Lifestream, query: str) -> None:
    """Make the cards of those of *items* that have none, and load what *lifestream* shows of their contents, or the
    parts that *query* has found.
    """
    cards = {item.pk: ItemCard.from_json(item.card) for item in items}
    without = {item.pk: item for item in items if cards[item.pk] is None}
    if without:
        # The item was stored before there were cards, or was made by hand. Its card is not stored here, since reading a
        # page writes nothing.
        beginning = Left("content", _LOOKED_THROUGH)
        rows = Item.objects.filter(pk__in=without).annotate(beginning=beginning).order_by()
        for row in rows.values_list("pk", "beginning", "enclosures", "media", "episode", named=True):
            item = without[row.pk]
            source = _Beginning(
                title=item.title,
                link=item.link,
                summary=item.summary,
                content=row.beginning,
                enclosures=row.enclosures,
                media=row.media,
                episode=row.episode,
            )
            cards[row.pk] = made = item_card.of(source)
            item.card = made.as_json()
    known = {item.pk: item for item in items}
    if pattern := pattern_of(query):
        beginning = Left("text", highlighting.LOOKED_THROUGH)
        rows = Item.objects.filter(pk__in=known).annotate(beginning=beginning).order_by()
        for pk, text in rows.values_list("pk", "beginning"):
            known[pk].found = highlighting.excerpt(text, pattern, _FOUND)  # type: ignore[attr-defined]
        return
    if lifestream.shown == Shown.EXCERPT:
        beginning = Left("text", lifestream.words * _LONGEST_WORD)
        rows = Item.objects.filter(pk__in=known).annotate(beginning=beginning).order_by()
        for pk, text in rows.values_list("pk", "beginning"):
            excerpt = Truncator(text).words(lifestream.words, truncate="…")
            known[pk].excerpt = excerpt  # type: ignore[attr-defined]
        return
    whole = Q(pk__in=[pk for pk in known if (card := cards[pk]) and card.whole])
    if lifestream.shown == Shown.WHOLE:
        whole |= Q(pk__in=known, size__lte=_LARGEST_WHOLE)
    elif not whole.children[0][1]:  # type: ignore[index]
        return
    contents = Item.objects.annotate(size=Length("content")).filter(whole).order_by()
    for pk, content in contents.values_list("pk", "content"):
        known[pk].content = content


@dataclass(frozen=True, slots=True)
class _Beginning:
    """The fields that a card is made from, with only the beginning of the content."""

    title: str
    link: str
    summary: str
    content: str
    enclosures: Any
    media: Any
    episode: Any


def by_day(posts: Iterable[Post]) -> Iterator[Day]:
    """Yield each day with its posts, in Django's current time zone; *posts* must be in order."""
    for day, group in groupby(posts, key=lambda post: timezone.localtime(post.date).date()):
        yield Day(day, tuple(group))


def _midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))


def _local_day(moment: dt.datetime | None) -> dt.date | None:
    return timezone.localtime(moment).date() if moment is not None else None
