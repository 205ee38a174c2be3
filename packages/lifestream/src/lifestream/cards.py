"""What of a post is shown, and how: decided here once, so that templates only lay it out.

A card has a kind, which is what a reader would call it: a *note* has no title, a *photo* is a picture with few words,
an *audio* or a *video* can be played, anything else is an *article*. Pure: it reads what is loaded already.

Content and addresses are safe when they are stored. Addresses are looked at once more, since a page opens them: a card
has those of the web only.
"""

from __future__ import annotations

import html
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lifestream.embeds import player_of
from lifestream.hosts import host_in_words
from lifestream.markup import unescape
from lifestream.models import Feed, Item, Post, Subscription

FEW_WORDS: Final = 280
"""A picture with a summary of fewer characters is a photo; with more, it illustrates an article."""
A_NOTE: Final = 4000
"""A note of at most so many characters of HTML is shown whole in a timeline."""
HUES: Final = 12
"""How many colours the theme has for sites without an icon."""

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}", re.ASCII)
_IMAGE_NAME = re.compile(r"\.(?:avif|gif|jpe?g|png|webp)(?:[?#]|$)", re.IGNORECASE)
# Safe HTML is as nh3 writes it: attributes in double quotes, in which no double quote is left.
_IMG = re.compile(r"<img((?:\s+[\w-]+(?:=\"[^\"]*\")?)*)\s*/?>", re.ASCII)
_ATTRIBUTE = re.compile(r"(?<![\w-])([\w-]++)=\"([^\"]*+)\"", re.ASCII)


@dataclass(frozen=True, slots=True)
class Picture:
    """An image, and what it shows."""

    url: str
    alt: str = ""


@dataclass(frozen=True, slots=True)
class Sound:
    """Something to listen to, or, as a `Card.films`, to watch; *duration* is written as 1:02:03."""

    url: str
    type: str = ""
    duration: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """Any other file of an entry. *length* is in bytes."""

    url: str
    name: str
    type: str = ""
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """A post as a page shows it. *player* is the address of another site's player, *poster* the picture in its place.

    *lead* is the one picture that stands for an article; *pictures* are those that aren't in the content already.
    *whole* says that a timeline may show all of the content.
    """

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

    @property
    def host(self) -> str:
        """The host that the link leads to, for the words of the link: never what the feed says of itself."""
        return host_in_words(self.link)

    @property
    def is_long_title(self) -> bool:
        """Whether the title is too long for large type."""
        return len(self.title) > 160


def card_of(post: Post) -> Card:
    """The card of *post*, whose item and feed are loaded."""
    item = post.item
    media, enclosures = objects(item.media), objects(item.enclosures)
    pictures = _distinct([*_media_pictures(media), *_enclosed_pictures(enclosures)])
    apart = tuple(picture for picture in pictures if html.escape(picture.url) not in item.content)
    player = player_of(
        *(_text(entry, "player") for entry in media), *(_text(entry, "url") for entry in media), item.link
    )
    sounds = tuple(_sounds(enclosures, "audio"))
    films = tuple(_sounds([*enclosures, *media], "video"))
    words = len(item.summary)
    kind = _kind(item, playable=bool(player or films), sounds=bool(sounds), pictured=bool(apart), words=words)
    lead = pictures[0] if pictures else _first_image(item.content)
    return Card(
        kind=kind,
        title=item.title.strip(),
        link=of_the_web(item.link),
        language=language_of(item.language, item.feed.language),
        summary=item.summary,
        pictures=apart,
        lead=lead if kind in ("article", "audio") else None,
        sounds=sounds,
        films=films,
        files=tuple(_files(enclosures)),
        player=player,
        poster=next((address(entry, "thumbnail") for entry in media if address(entry, "thumbnail")), ""),
        whole=kind == "note" and len(item.content) <= A_NOTE,
    )


def objects(stored: object) -> list[Mapping[str, Any]]:
    """The objects in a list from the database; what is none, which only a plugin can have put there, is left out."""
    return [entry for entry in stored if isinstance(entry, Mapping)] if isinstance(stored, list) else []


def of_the_web(address: str) -> str:
    """*address* if a browser may be sent there, else ""."""
    return address if address.startswith(("http://", "https://")) else ""


def language_of(*candidates: str) -> str:
    """The first of *candidates* that may stand in a `lang` attribute, else ""."""
    return next((text for text in candidates if _LANGUAGE.fullmatch(text)), "")


@dataclass(frozen=True, slots=True)
class Badge:
    """What stands for a site without an icon: the first letter of its name, in one of the theme's colours."""

    letter: str
    hue: int


def badge_of(subscription: Subscription, feed: Feed) -> Badge:
    """The badge of a site; its colour follows its domain, so it is the same everywhere and always."""
    name = subscription.name or feed.display_title
    letter = next((character for character in name if character.isalnum()), "·")
    return Badge(letter.upper()[:1], zlib.crc32((feed.domain or feed.url).encode("utf-8", "replace")) % HUES)


def _kind(item: Item, *, playable: bool, sounds: bool, pictured: bool, words: int) -> str:
    if playable:
        return "video"
    if sounds:
        return "audio"
    if not item.title.strip():
        return "note"
    if pictured and words < FEW_WORDS:
        return "photo"
    return "article"


def _media_pictures(media: Iterable[Mapping[str, Any]]) -> Iterable[Picture]:
    for entry in media:
        kind, url = _text(entry, "type"), address(entry, "url")
        alt = _text(entry, "description") or _text(entry, "title")
        if url and (kind.startswith("image/") or (not kind and _IMAGE_NAME.search(url))):
            yield Picture(url, alt)
        elif thumbnail := address(entry, "thumbnail"):
            yield Picture(thumbnail, alt)


def _enclosed_pictures(enclosures: Iterable[Mapping[str, Any]]) -> Iterable[Picture]:
    for entry in enclosures:
        if _text(entry, "type").startswith("image/") and (url := address(entry, "url")):
            yield Picture(url)


def _first_image(content: str) -> Picture | None:
    """The first image of safe HTML that isn't one of the tiny ones which only count readers."""
    for found in _IMG.finditer(content):
        attributes = {name: unescape(value) for name, value in _ATTRIBUTE.findall(found[1])}
        tiny = any(attributes.get(side, "") in ("0", "1", "2") for side in ("width", "height"))
        if not tiny and (url := address(attributes, "src")):
            return Picture(url, attributes.get("alt", ""))
    return None


def _sounds(entries: Iterable[Mapping[str, Any]], family: str) -> Iterable[Sound]:
    for entry in entries:
        if _text(entry, "type").startswith(f"{family}/") and (url := address(entry, "url")):
            yield Sound(url, _text(entry, "type"), _clock(entry.get("duration")))


def _files(enclosures: Iterable[Mapping[str, Any]]) -> Iterable[File]:
    for entry in enclosures:
        kind, url = _text(entry, "type"), address(entry, "url")
        if url and not kind.startswith(("audio/", "video/", "image/")):
            length = entry.get("length")
            name = url.split("?")[0].rstrip("/").rsplit("/", 1)[-1]
            yield File(url, name[:80], kind, length if isinstance(length, int) and length > 0 else None)


def _distinct(pictures: Iterable[Picture]) -> tuple[Picture, ...]:
    return tuple({picture.url: picture for picture in reversed(list(pictures))}.values())[::-1]


def _clock(seconds: object) -> str:
    if not isinstance(seconds, int) or seconds <= 0:
        return ""
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _text(entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    return value if isinstance(value, str) else ""


def address(entry: Mapping[str, Any], name: str) -> str:
    """The web address that *entry* has under *name*; "" if that is anything else."""
    return of_the_web(_text(entry, name))
