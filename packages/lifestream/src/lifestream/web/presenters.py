"""What a page shows of a post. It is decided here, so that templates only lay it out.

A card has a kind: a *note* has no title, a *photo* is a picture with few words, an *audio* or a *video* can be played,
and anything else is an *article*. Most of a card is stored with the item (see `item_card`), so that a timeline is shown
without reading the contents of its items.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import ClassVar, Final

from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext

from lifestream.conf import settings
from lifestream.content import item_card
from lifestream.content.item_card import File, ItemCard, Picture, Sound
from lifestream.content.stored_values import episode_of, of_the_web
from lifestream.entry import Episode
from lifestream.fetcher.url_hosts import host_in_words
from lifestream.models import Feed, Lifestream, Post, Subscription
from lifestream.models.feeds import LASTING_FAILURE
from lifestream.models.fulltext import MOST_COUNTED, Hits
from lifestream.models.look import Shown
from lifestream.web.picture_addresses import address_of

__all__ = [
    "Badge",
    "Card",
    "File",
    "Mark",
    "Picture",
    "Sound",
    "badge_of",
    "card_of",
    "hits_in_words",
    "language_of",
    "mark_of",
    "of_the_web",
]

PICTURES: Final = 8
"""How many pictures a timeline shows of a photo or a note."""
PLAYED: Final = 3
"""How many sounds, and how many films, a timeline shows of a post."""
HUES: Final = 12
"""How many colours the theme has for sites without an icon."""

ASLEEP: Final = timedelta(days=180)
"""A site is asleep if its latest post is older than this."""

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Card:
    """A post as a page shows it. *player* is the address of another site's player, *poster* the picture shown in its
    place.

    *author* is who wrote it, if that is not the name of its site. If *is_excerpt*, *summary* is an excerpt of as many
    words as the owner has chosen; if *is_all*, it is the whole text of the post.

    *lead* is the one picture that represents an article, or the cover of a sound. *pictures* are those that are not in
    the content. *whole* is True if a timeline may show all of the content. *counts* are the numbers of all such
    pictures, sounds, films and files. A timeline shows only the first of them: at most *most_pictures* pictures,
    *most_played* sounds and *most_played* films. *season* and *number* are those of a podcast's episode; *episode* has
    all that the podcast says about it, on the item's own page.
    """

    most_pictures: ClassVar[int] = PICTURES
    most_played: ClassVar[int] = PLAYED
    kind: str
    title: str
    link: str
    language: str
    summary: str
    pictures: tuple[Picture, ...] = ()
    lead: Picture | None = None
    sounds: tuple[Sound, ...] = ()
    films: tuple[Sound, ...] = ()
    files: tuple[File, ...] = ()
    player: str = ""
    poster: str = ""
    whole: bool = False
    counts: tuple[int, int, int, int] = (0, 0, 0, 0)
    season: str = ""
    number: str = ""
    episode: Episode | None = None
    author: str = ""
    is_excerpt: bool = False
    is_all: bool = False

    @property
    def gallery(self) -> tuple[Picture, ...]:
        """The pictures to show beside each other: those that are not shown as the cover of a sound or film."""
        cover = {"audio": self.lead.url if self.lead else "", "video": self.poster}.get(self.kind, "")
        return tuple(picture for picture in self.pictures if picture.url != cover)

    @property
    def more(self) -> list[str]:
        """What the item's own page shows and a timeline does not, in words: "3 more pictures", "1 file"."""
        pictures, sounds, films, files = self.counts
        pictures -= len(self.pictures) - len(self.gallery)
        if self.kind in ("note", "photo"):
            pictures -= min(pictures, PICTURES)
        elif self.kind == "article":
            pictures -= sum(picture == self.lead for picture in self.pictures)
        played = max(0, sounds - PLAYED) + (0 if self.player else max(0, films - PLAYED))
        words = []
        if pictures > 0:
            words.append(ngettext("{} more picture", "{} more pictures", pictures).format(pictures))
        if played > 0:
            words.append(ngettext("{} more recording", "{} more recordings", played).format(played))
        if files > 0:
            words.append(ngettext("{} file", "{} files", files).format(files))
        return words

    @property
    def host(self) -> str:
        """The host of the link, for the text of the link. It never comes from what the feed says about itself."""
        return host_in_words(self.link)

    @property
    def is_long_title(self) -> bool:
        """Whether the title is too long for large type."""
        return len(self.title) > 160


def card_of(post: Post, *, complete: bool = False, originals: bool = False) -> Card:
    """Return the card of *post*, whose item and feed are loaded. Its pictures have addresses on this site if
    LIFESTREAM_SERVE_PICTURES is True; with *originals*, which search engines and messengers need, they have the item's
    addresses.

    How much of the post the card has is the choice of the lifestream, if that is loaded; a *complete* card has all. In
    a search, the summary is the excerpt in which the search has found its words.

    The card is made from the one that is stored with the item. If there is none, or if *complete*, it is made from the
    item's content, enclosures and media; a complete card has more pictures and files than a timeline has space for.
    """
    item = post.item
    address_here = str if originals or not settings.serves_pictures else partial(address_of, feed=item.feed_id)
    stored: ItemCard | None = None if complete else ItemCard.from_json(item.card)
    shown = stored or item_card.of(item)
    chosen = Lifestream() if complete else _lifestream_of(post)
    summary, whole = item.summary, shown.whole
    excerpt: str | None = getattr(item, "excerpt", None)
    found: str | None = getattr(item, "found", None)
    if found is not None and not complete:
        summary, whole = found or summary, False
    elif chosen.shown == Shown.TITLE and item.title.strip():
        summary, whole = "", False
    elif chosen.shown == Shown.WHOLE:
        whole = whole or "content" in vars(item)
    elif chosen.shown == Shown.EXCERPT and excerpt is not None:
        summary, whole = excerpt, False
    if summary.strip().casefold() == item.title.strip().casefold():
        summary = ""  # a photo or a film whose site repeats the title as the text
    lead = shown.lead
    if whole and shown.kind == "article" and lead not in shown.pictures:
        lead = None  # the picture is in the content
    return Card(
        kind=shown.kind,
        title=item.title.strip(),
        link=of_the_web(item.link),
        language=language_of(item.language, item.feed.language, chosen.language),
        summary=summary,
        pictures=tuple(replace(each, url=address_here(each.url)) for each in shown.pictures),
        lead=replace(lead, url=address_here(lead.url)) if lead else None,
        sounds=shown.sounds,
        films=tuple(replace(each, poster=address_here(each.poster)) for each in shown.films),
        files=shown.files,
        player=shown.player,
        poster=address_here(shown.poster),
        whole=whole,
        counts=shown.counts,
        season=shown.label[0],
        number=shown.label[1],
        episode=_episode(episode_of(item.episode), address_here) if complete else None,
        author=_named(item.author) if chosen.shows_authors and item.author != post.subscription.display_name else "",
        is_excerpt=chosen.shown == Shown.EXCERPT and excerpt is not None and not whole,
        is_all=(shown.says_all and summary == item.summary)
        or (bool(found) and summary == found and not found.startswith("… ") and not found.endswith(" …")),
    )


def _episode(episode: Episode | None, address_here: Callable[[str], str]) -> Episode | None:
    """Return *episode* with each address of a person's portrait replaced by the one on this site."""
    if episode is None:
        return None
    return replace(
        episode, persons=tuple(replace(each, picture=address_here(each.picture)) for each in episode.persons)
    )


# The address of a profile, which Lemmy and others give in place of a name.
_PROFILE = re.compile(r"https?://[^\s/?#]++/(?:u/|users?/|authors?/|@)([\w.+-]{1,64})/?")


def _named(author: str) -> str:
    """Return *author*, or the end of it if it is nothing but the address of a profile."""
    profile = _PROFILE.fullmatch(author)
    return profile[1] if profile else author


def _lifestream_of(post: Post) -> Lifestream:
    """Return the lifestream of *post* if it is loaded, otherwise one with the defaults: a card must cost no query."""
    loaded = Post._meta.get_field("lifestream").is_cached(post)
    return post.lifestream if loaded else Lifestream()


def language_of(*candidates: str) -> str:
    """Return the first of *candidates* that is valid in a `lang` attribute, or ""."""
    return next((text for text in candidates if _LANGUAGE.fullmatch(text)), "")


@dataclass(frozen=True, slots=True)
class Badge:
    """The sign of a site without an icon: the first letter of its name, in one of the theme's colours."""

    letter: str
    hue: int


def badge_of(subscription: Subscription, feed: Feed) -> Badge:
    """Return the badge of a site. Its colour is computed from the domain or the URL of its feed, so it is the same on
    every page.
    """
    name = subscription.name or feed.display_title
    letter = next((character for character in name if character.isalnum()), "·")
    return Badge(letter.upper()[:1], zlib.crc32((feed.domain or feed.url).encode("utf-8", "replace")) % HUES)


def hits_in_words(hits: Hits) -> str:
    """Return how many posts a search has found, in words; "" if it has found none."""
    if not hits.count:
        return ""
    number = number_format(hits.count, force_grouping=True)
    if hits.is_all:
        return ngettext("{} post", "{} posts", hits.count).format(number)
    # There are too many, or counting them took too long.
    if hits.count >= MOST_COUNTED:
        return ngettext("More than {} post", "More than {} posts", hits.count).format(number)
    return ngettext("At least {} post", "At least {} posts", hits.count).format(number)


@dataclass(frozen=True, slots=True)
class Mark:
    """How the state of a site is shown to visitors: a *code* for the style, and *words*."""

    code: str
    words: str


def mark_of(subscription: Subscription, last_post: datetime | None, now: datetime) -> Mark | None:
    """Return the mark of a site with its latest post at *last_post*, None if its state needs no mark."""
    feed = subscription.feed
    if feed.status == Feed.Status.GONE:
        return Mark("gone", gettext("gone"))
    if subscription.paused:
        return Mark("paused", gettext("paused"))
    if (
        feed.status == Feed.Status.ACTIVE
        and feed.failures
        and (feed.last_success or feed.created) <= now - LASTING_FAILURE
    ):
        return Mark("failing", gettext("out of order"))
    if last_post is not None and last_post <= now - ASLEEP:
        return Mark("asleep", gettext("asleep"))
    return None
