"""What pages show of an item: computed from the item's own fields when it is stored, and kept with it as JSON.

Pure, and linear in the size of the item: the content is read once for the addresses of pictures in it. The content and
the addresses are already safe. Addresses are checked once more, since a page opens them: a card contains only web
addresses.

`of` keeps everything, for the item's own page; `ItemCard.as_json` keeps as much as a timeline shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from lifestream.content.html_tokenizer import unescape
from lifestream.content.players import player_of

VERSION: Final = 1
"""The version of the stored form and of the way it is made. A card of another version is remade when a page
needs it.
"""

FEW_WORDS: Final = 280
"""The limit between two kinds: a picture with a summary shorter than this many characters is a photo; with a longer
one, it illustrates an article.
"""
A_NOTE: Final = 4000
"""The maximum length of a note that a timeline shows whole, in characters of HTML."""

MOST_PICTURES: Final = 12
MOST_PLAYED: Final = 6
MOST_FILES: Final = 12
LONGEST_WORDS: Final = 500
"""The maximum length of a picture's description, in characters. Pages cut it there too."""

# nh3 writes attributes in double quotes, with each double quote in them escaped.
_IMG = re.compile(r"<img((?>(?>\s++[\w-]++(?>(?:=\"[^\"]*+\")?))*))\s*+/?>", re.ASCII)
_ATTRIBUTE = re.compile(r"(?<![\w-])([\w-]++)=\"([^\"]*+)\"", re.ASCII)
_ADDRESSES = re.compile(r"\s(?:(?:src|href|poster)=\"([^\"]*+)\"|srcset=\"([^\"]*+)\")", re.ASCII)
_IMAGE_NAME = re.compile(r"\.(?:avif|gif|jpe?g|png|webp)(?:[?#]|$)", re.IGNORECASE)


class Shown(Protocol):
    """The input of a card: an item, or the draft of one."""

    @property
    def title(self) -> str: ...
    @property
    def link(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def content(self) -> str: ...
    @property
    def enclosures(self) -> Any: ...
    @property
    def media(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class Picture:
    """An image, and the description of what it shows."""

    url: str
    alt: str = ""


@dataclass(frozen=True, slots=True)
class Sound:
    """An audio file or, in `Card.films`, a video; *duration* is written like 1:02:03."""

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
class ItemCard:
    """What every page shows of an item, whoever reads it; for the fields see `cards.Card`."""

    kind: str
    pictures: tuple[Picture, ...] = ()
    lead: Picture | None = None
    sounds: tuple[Sound, ...] = ()
    films: tuple[Sound, ...] = ()
    files: tuple[File, ...] = ()
    player: str = ""
    poster: str = ""
    whole: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the card as it is stored: in types that JSON has, and no more of it than a timeline shows."""
        pictures = [[each.url, each.alt[:LONGEST_WORDS]] for each in self.pictures[:MOST_PICTURES]]
        return {
            "version": VERSION,
            "kind": self.kind,
            "pictures": pictures,
            "lead": [self.lead.url, self.lead.alt[:LONGEST_WORDS]] if self.lead else None,
            "sounds": [[each.url, each.type, each.duration] for each in self.sounds[:MOST_PLAYED]],
            "films": [[each.url, each.type, each.duration] for each in self.films[:MOST_PLAYED]],
            "files": [[each.url, each.name, each.type, each.length] for each in self.files[:MOST_FILES]],
            "player": self.player,
            "poster": self.poster,
            "whole": self.whole,
        }

    @classmethod
    def from_json(cls, stored: object) -> ItemCard | None:
        """Return the card that `as_json` wrote, or None for anything else and for a card of another version."""
        if not isinstance(stored, dict) or stored.get("version") != VERSION:
            return None
        try:
            return cls(
                kind=stored["kind"],
                pictures=tuple(Picture(*each) for each in stored["pictures"]),
                lead=Picture(*stored["lead"]) if stored["lead"] else None,
                sounds=tuple(Sound(*each) for each in stored["sounds"]),
                films=tuple(Sound(*each) for each in stored["films"]),
                files=tuple(File(*each) for each in stored["files"]),
                player=stored["player"],
                poster=stored["poster"],
                whole=stored["whole"],
            )
        except (KeyError, TypeError):
            return None


def of(item: Shown) -> ItemCard:
    """Return the card of *item*."""
    media, enclosures = _entries(item.media), _entries(item.enclosures)
    pictures = _distinct([*_media_pictures(media), *_enclosed_pictures(enclosures)])
    inside = addresses_in(item.content) if pictures else frozenset()
    apart = tuple(picture for picture in pictures if picture.url not in inside)
    player = player_of(
        *(_text(entry, "player") for entry in media), *(_text(entry, "url") for entry in media), item.link
    )
    sounds = tuple(_sounds(enclosures, "audio"))
    films = tuple(_sounds([*enclosures, *media], "video"))
    kind = _kind(item, playable=bool(player or films), sounds=bool(sounds), pictured=bool(apart))
    lead = None
    if kind in ("article", "audio"):
        lead = pictures[0] if pictures else _first_image(item.content)
    return ItemCard(
        kind=kind,
        pictures=apart,
        lead=lead,
        sounds=sounds,
        films=films,
        files=tuple(_files(enclosures)),
        player=player,
        poster=next((address(entry, "thumbnail") for entry in media if address(entry, "thumbnail")), ""),
        whole=kind == "note" and len(item.content) <= A_NOTE,
    )


def addresses_in(content: str) -> frozenset[str]:
    """Return the addresses in the safe HTML *content*: each as it is written, and without its query."""
    found: set[str] = set()
    for one, several in _ADDRESSES.findall(content):
        for written in [one] if one else (candidate.split(" ", 1)[0] for candidate in several.split(", ")):
            url = unescape(written)
            found.update((url, url.partition("?")[0]))
    return frozenset(found)


def objects(stored: object) -> list[Mapping[str, Any]]:
    """Return the objects in a list from the database, without any values of other types, which only a plugin can have
    stored.
    """
    return [entry for entry in stored if isinstance(entry, Mapping)] if isinstance(stored, list) else []


def of_the_web(url: str) -> str:
    """Return *url* if it is a web address, which a browser may open, or ""."""
    return url if url.startswith(("http://", "https://")) else ""


def address(entry: Mapping[str, Any], name: str) -> str:
    """Return the web address in *entry* under *name*, or "" for anything else."""
    return of_the_web(_text(entry, name))


_FIELDS: Final = ("url", "type", "length", "duration", "thumbnail", "player", "title", "description")


def _entries(values: object) -> list[Mapping[str, Any]]:
    """Return enclosures or media as mappings. They are mappings in the database, but dataclasses in a draft."""
    if isinstance(values, tuple):
        return [{name: getattr(value, name, "") for name in _FIELDS} for value in values]
    return objects(values)


def _kind(item: Shown, *, playable: bool, sounds: bool, pictured: bool) -> str:
    if playable:
        return "video"
    if sounds:
        return "audio"
    if not item.title.strip():
        return "note"
    if pictured and len(item.summary) < FEW_WORDS:
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
    """Return the first image in safe HTML that is not tiny: tiny images only count readers."""
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


def _distinct(pictures: Sequence[Picture]) -> tuple[Picture, ...]:
    return tuple({picture.url: picture for picture in reversed(pictures)}.values())[::-1]


def _clock(seconds: object) -> str:
    if not isinstance(seconds, int) or seconds <= 0:
        return ""
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _text(entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    return value if isinstance(value, str) else ""
