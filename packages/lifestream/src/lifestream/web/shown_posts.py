"""Posts, loaded with everything that their cards show. Read-only.

`read_posts` reads the rows of one queryset, and `fill_posts` adds the tags and contents to the posts of several
querysets at once; `shown` does both.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet, prefetch_related_objects
from django.db.models.functions import Left, Length
from django.utils.text import Truncator

from lifestream.content import highlighting, item_card
from lifestream.content.item_card import ItemCard
from lifestream.content.tokenizer import pattern_of
from lifestream.models import Item, Lifestream, Post
from lifestream.models.look import Shown

BODIES: Final = ("item__content", "item__enclosures", "item__media", "item__episode")
"""The large fields of the item of a post."""
NOT_PUBLISHED: Final = ("item__media", "item__episode", "item__card")
"""The fields of the item of a post that no published feed needs, of those that may be large."""
_LOOKED_THROUGH: Final = 65_536
"""How many characters of a content are searched for pictures if its item has no stored card."""
_FOUND: Final = 280
"""How much of a text a search shows, in characters."""
_LONGEST_WORD: Final = 20
"""How many characters of a text are loaded for each word of its excerpt."""
_LARGEST_WHOLE: Final = 100_000
"""The size of the largest content that a timeline shows whole, in characters: a page may have a hundred of them."""


def shown(
    posts: QuerySet[Post], *, bodies: bool = False, lifestream: Lifestream | None = None, query: str = ""
) -> list[Post]:
    """Return *posts*, loaded with everything that their cards need, as their *lifestream* has chosen. For a search,
    that is the part of each text that has the words of *query*.

    That takes two queries, one more if parts of texts or whole contents are shown, and one more if there are items
    without a stored card. The large fields of items, which may be a megabyte each, are loaded with *bodies*. Without
    *bodies*, only contents that are shown whole are loaded; each other field is read when a template asks for it.
    """
    found = read_posts(posts, bodies=bodies)
    fill_posts(found, lifestream, query, bodies=bodies)
    return found


def read_posts(posts: QuerySet[Post], *, bodies: bool, unused: Sequence[str] = ()) -> list[Post]:
    """Return *posts* with what their cards need from other tables, in one query; `fill_posts` adds the rest. With
    *bodies*, the large fields are loaded too, except the *unused* ones.
    """
    heavy = unused if bodies else BODIES
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


def fill_posts(posts: Sequence[Post], lifestream: Lifestream | None, query: str, *, bodies: bool) -> None:
    """Load the tags of *posts*, and, without *bodies*, what is shown of their contents."""
    if lifestream is not None:
        for post in posts:
            post.lifestream = lifestream
    prefetch_related_objects(posts, "item__tags")
    if not bodies:
        _complete([post.item for post in posts], lifestream or Lifestream(), query)


def _complete(items: Sequence[Item], lifestream: Lifestream, query: str) -> None:
    """Make cards for those of *items* that have none, and load what *lifestream* shows of their contents, or the parts
    of their texts that *query* has found.
    """
    cards = _cards_of(items)
    known = {item.pk: item for item in items}
    if pattern := pattern_of(query):
        for pk, text in _beginnings(known, highlighting.LOOKED_THROUGH + _FOUND):
            known[pk].found = highlighting.excerpt(text, pattern, _FOUND)  # type: ignore[attr-defined]
        return
    if lifestream.shown == Shown.EXCERPT:
        for pk, text in _beginnings(known, lifestream.words * _LONGEST_WORD):
            excerpt = Truncator(text).words(lifestream.words, truncate="…")
            known[pk].excerpt = excerpt  # type: ignore[attr-defined]
        return
    keys = [pk for pk, card in cards.items() if card.whole]
    which = Q(pk__in=keys)
    if lifestream.shown == Shown.WHOLE:
        which |= Q(pk__in=known, size__lte=_LARGEST_WHOLE)
    elif not keys:
        return
    contents = Item.objects.annotate(size=Length("content")).filter(which).order_by()
    for pk, content in contents.values_list("pk", "content"):
        known[pk].content = content


def _cards_of(items: Sequence[Item]) -> dict[int, ItemCard]:
    """Return the card of each of *items*, by its key. Cards that are not stored are made, and set in the items."""
    cards: dict[int, ItemCard] = {}
    without: dict[int, Item] = {}
    for item in items:
        if (card := ItemCard.from_json(item.card)) is None:
            without[item.pk] = item
        else:
            cards[item.pk] = card
    if not without:
        return cards
    # The item was stored before there were cards, or was created by hand. Its card is not stored here, since reading a
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
        cards[row.pk] = new_card = item_card.of(source)
        item.card = new_card.as_json()
    return cards


def _beginnings(keys: Collection[int], length: int) -> Iterable[tuple[int, str]]:
    """Return the key and the first *length* characters of the text of each item in *keys*."""
    rows = Item.objects.filter(pk__in=keys).annotate(beginning=Left("text", length)).order_by()
    return rows.values_list("pk", "beginning")


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
