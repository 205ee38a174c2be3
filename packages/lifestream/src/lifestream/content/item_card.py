"""What pages show of an item: computed from the item's own fields when it is stored, and kept with it as JSON.

Pure, and linear in the size of the item: the content is read a fixed number of times, for the pictures and the words in
it. The content and the addresses are already safe. Addresses are checked once more, since a page opens them: a card
contains only web addresses.

Everything that can be seen, heard or downloaded is in a card once (reading.md, rule 21), wherever a feed names it: as
an enclosure, as a medium, or both. If a picture has several sizes, the largest is kept, and none if the content has one
of them.

`of` keeps everything, for the item's own page; `ItemCard.as_json` keeps as much as a timeline shows, and how many
pictures, sounds, films and files there are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from lifestream.content.html_tokenizer import unescape
from lifestream.content.late_pattern import late
from lifestream.content.picture_sizes import identity, size
from lifestream.content.plaintext import text_of
from lifestream.content.players import player_of
from lifestream.content.stored_values import address, episode_of, mappings_of, text

VERSION: Final = 4
"""The version of the stored form and of the way it is made. A card of another version is remade when a page
needs it.
"""

FEW_WORDS: Final = 280
"""The limit between two kinds: a picture with a summary shorter than this many characters is a photo; with a longer
one, it illustrates an article.
"""
LONGEST_NOTE: Final = 4000
"""The maximum length of a note that a timeline shows whole, in characters of HTML."""

MOST_PICTURES: Final = 12
MOST_PLAYED: Final = 6
MOST_FILES: Final = 12
LONGEST_LABEL: Final = 50
"""How much of the number or name of an episode a timeline shows, in characters."""
LONGEST_ALT: Final = 500
"""The maximum length of a picture's description, in characters. Pages cut it there too."""

# nh3 writes attributes in double quotes, with each double quote in them escaped.
_IMG = re.compile(r"<img((?>(?>\s++[\w-]++(?>(?:=\"[^\"]*+\")?))*))\s*+/?>", re.ASCII)
_ATTRIBUTE = re.compile(r"(?<![\w-])([\w-]++)=\"([^\"]*+)\"", re.ASCII)
_ADDRESSES = late(r"\s(?:(?:src|href|poster)=\"([^\"]*+)\"|srcset=\"([^\"]*+)\")", re.ASCII)
_ENDING = re.compile(r"\.(\w{2,5})(?:[?#]|\Z)", re.ASCII)
_FAMILIES: Final = {
    **dict.fromkeys(("avif", "gif", "jpeg", "jpg", "png", "webp"), "image"),
    **dict.fromkeys(("aac", "flac", "m4a", "m4b", "mp3", "oga", "ogg", "opus", "wav"), "audio"),
    **dict.fromkeys(("m4v", "mov", "mp4", "ogv", "webm"), "video"),
    **dict.fromkeys(
        ("csv", "docx", "epub", "odt", "pdf", "pptx", "srt", "torrent", "txt", "vtt", "xlsx", "zip"), "file"
    ),
}
"""The families of media types by the endings of files, for types that say nothing."""
_SAYS_NOTHING: Final = frozenset({"", "application/octet-stream", "binary/octet-stream", "application/x-unknown"})
_FLASH: Final = "application/x-shockwave-flash"
_NO_FILES: Final = frozenset({_FLASH, "text/html"})
"""Types of media that are pages or players: the link of the item leads to them, and no browser runs Flash."""
_AVATAR = re.compile(r"https?://[\w.-]{0,20}gravatar\.com/avatar/", re.ASCII)
_SMALL: Final = 200
"""A picture whose `size` is fewer pixels does not represent an article whose content has another one."""
_BESIDE_WORDS: Final = 100
"""An image whose width or height is fewer pixels is part of a text: a portrait (Discourse has 24 and 48 pixels), an
emoji, a button.
"""
_DIGITS: Final = 5
"""A side whose length has this many digits is certainly not small."""
_EMOJI: Final = "/emoji/"
"""A part of the addresses of emoji in WordPress (s.w.org/images/core/emoji/) and Discourse (/images/emoji/)."""


class CardInput(Protocol):
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
    @property
    def episode(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class Picture:
    """An image, and the description of what it shows."""

    url: str
    alt: str = ""


@dataclass(frozen=True, slots=True)
class Sound:
    """An audio file or, in `Card.films`, a video with its *poster*; *duration* is written like 1:02:03."""

    url: str
    type: str = ""
    duration: str = ""
    poster: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """Any other file of an entry. *length* is in bytes."""

    url: str
    name: str
    type: str = ""
    length: int | None = None


@dataclass(frozen=True, slots=True)
class ItemCard:
    """What every page shows of an item, whoever reads it; for the fields see `presenters.Card`.

    *counts* are the numbers of all pictures, sounds, films and files, of which a stored card has only the first.
    *label* holds the season and the number of an episode. *says_all* is whether the summary of a sound or film without
    a title is all that its content has: nobody need read on.
    """

    kind: str
    pictures: tuple[Picture, ...] = ()
    lead: Picture | None = None
    sounds: tuple[Sound, ...] = ()
    films: tuple[Sound, ...] = ()
    files: tuple[File, ...] = ()
    player: str = ""
    poster: str = ""
    whole: bool = False
    counts: tuple[int, int, int, int] = (0, 0, 0, 0)
    label: tuple[str, str] = ("", "")
    says_all: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the card as it is stored: in types that JSON has, and no more of it than a timeline shows."""
        pictures = [[each.url, each.alt[:LONGEST_ALT]] for each in self.pictures[:MOST_PICTURES]]
        return {
            "version": VERSION,
            "kind": self.kind,
            "pictures": pictures,
            "lead": [self.lead.url, self.lead.alt[:LONGEST_ALT]] if self.lead else None,
            "sounds": [[each.url, each.type, each.duration] for each in self.sounds[:MOST_PLAYED]],
            "films": [[each.url, each.type, each.duration, each.poster] for each in self.films[:MOST_PLAYED]],
            "files": [[each.url, each.name, each.type, each.length] for each in self.files[:MOST_FILES]],
            "player": self.player,
            "poster": self.poster,
            "whole": self.whole,
            "counts": list(self.counts),
            "label": [each[:LONGEST_LABEL] for each in self.label],
            "says_all": self.says_all,
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
                counts=_four(*stored["counts"]),
                label=_two(*stored["label"]),
                says_all=stored["says_all"],
            )
        except (KeyError, TypeError):
            return None


def of(item: CardInput) -> ItemCard:
    """Return the card of *item*."""
    media, enclosures = mappings_of(item.media), mappings_of(item.enclosures)
    everything = [*enclosures, *media]
    player = player_of(*(text(entry, "player") for entry in media), *(text(entry, "url") for entry in media), item.link)
    pictures: tuple[Picture, ...] = ()
    outside: tuple[Picture, ...] = ()
    sounds: tuple[Sound, ...] = ()
    films: tuple[Sound, ...] = ()
    files: tuple[File, ...] = ()
    poster = ""
    if everything:
        pictures = _distinct([*_media_pictures(media), *_enclosed_pictures(enclosures)])
        inside = set(map(identity, addresses_in(item.content))) if pictures else set()
        outside = tuple(picture for picture in pictures if identity(picture.url) not in inside)
        sounds = tuple(_sounds(everything, "audio"))
        films = tuple(_sounds(everything, "video"))
        files = _distinct_files(everything, enclosures, item.link, player)
        poster = next((poster for entry in media if (poster := address(entry, "thumbnail"))), "")
    kind = _kind(item, playable=bool(player or films), sounds=bool(sounds), pictured=bool(outside))
    episode = episode_of(item.episode)
    return ItemCard(
        kind=kind,
        pictures=outside,
        lead=_lead(pictures, item.content) if kind in ("article", "audio") else None,
        sounds=sounds,
        films=films,
        files=files,
        player=player,
        poster=poster,
        whole=kind == "note" and len(item.content) <= LONGEST_NOTE,
        counts=(len(outside), len(sounds), len(films), len(files)),
        label=(episode.season_name or episode.season, episode.number_name or episode.number) if episode else ("", ""),
        says_all=kind != "note" and _says_all(item),
    )


def _says_all(item: CardInput) -> bool:
    """Return whether *item* has no title, and nothing in its content but the words of its summary. The result is
    False for a content longer than LONGEST_NOTE, which is not compared.
    """
    if item.title.strip() or len(item.content) > LONGEST_NOTE or "<img" in item.content:
        return False
    return not item.content or text_of(item.content).split() == item.summary.split()


def _distinct_files(
    everything: Iterable[Mapping[str, Any]], enclosures: Iterable[Mapping[str, Any]], link: str, player: str
) -> tuple[File, ...]:
    """Return what can be downloaded of *everything*, and is no image, sound or film: each such enclosure, and media
    that are files (see `_is_file`). Flash is left out if the item has a *player*.
    """
    enclosed = {text(entry, "url") for entry in enclosures}
    files = tuple(file for file in _files(everything) if file.url in enclosed or _is_file(file, link))
    # Flash was the player of films when browsers had none.
    return tuple(file for file in files if file.type != _FLASH) if player else files


def _four(pictures: int, sounds: int, films: int, files: int) -> tuple[int, int, int, int]:
    """Return the stored counts as a tuple. A call with another number of them raises TypeError."""
    return pictures, sounds, films, files


def _two(season: str, number: str) -> tuple[str, str]:
    """Return the stored label as a tuple. A call with another number of texts raises TypeError."""
    return season, number


def _lead(pictures: Sequence[Picture], content: str) -> Picture | None:
    """Return the picture that represents an article: the first of *pictures*, in this size or in the size that the
    content shows, whichever is larger. If there is none, or if it is small and the content does not show it, return the
    first image in the content that is no part of a line of text; without such an image, the small one or None.
    """
    if not pictures:
        return _first_image(content)
    lead, name = pictures[0], identity(pictures[0].url)
    same = next((image for image in _images(content) if identity(image.url) == name), None)
    if same is not None:
        larger = same if size(same.url) > size(lead.url) else lead
        return Picture(larger.url, lead.alt or same.alt)
    return (_first_image(content) if size(lead.url) < _SMALL else None) or lead


def addresses_in(content: str) -> frozenset[str]:
    """Return the addresses in the safe HTML *content*, and also each of them without its query."""
    found: set[str] = set()
    for one, several in _ADDRESSES.findall(content):
        for written in [one] if one else (candidate.split(" ", 1)[0] for candidate in several.split(", ")):
            url = unescape(written)
            found.update((url, url.partition("?")[0]))
    return frozenset(found)


def _kind(item: CardInput, *, playable: bool, sounds: bool, pictured: bool) -> str:
    if playable:
        return "video"
    if sounds:
        return "audio"
    if not item.title.strip():
        return "note"
    if pictured and len(item.summary) < FEW_WORDS:
        return "photo"
    return "article"


def _family(entry: Mapping[str, Any]) -> str:
    """Return what a file is: "image", "audio", "video", or something else. Its name counts if its type says nothing."""
    kind = text(entry, "type")
    if kind not in _SAYS_NOTHING:
        return kind.partition("/")[0]
    ending = _ENDING.search(text(entry, "url"))
    return _FAMILIES.get(ending[1].lower(), "") if ending else ""


def _media_pictures(media: Iterable[Mapping[str, Any]]) -> Iterable[Picture]:
    for entry in media:
        family, url, thumbnail = _family(entry), address(entry, "url"), address(entry, "thumbnail")
        alt = text(entry, "description") or text(entry, "title")
        if _AVATAR.match(url) or _AVATAR.match(thumbnail):
            continue  # the portrait of an author
        if url and family == "image":
            yield Picture(url, alt)
        elif thumbnail and not (url and family == "video"):
            yield Picture(thumbnail, alt)


def _enclosed_pictures(enclosures: Iterable[Mapping[str, Any]]) -> Iterable[Picture]:
    for entry in enclosures:
        if _family(entry) == "image" and (url := address(entry, "url")):
            yield Picture(url)


def _first_image(content: str) -> Picture | None:
    """Return the first image in safe HTML that can represent the whole: none that is part of a line of text."""
    return next((image for image in _images(content, _BESIDE_WORDS) if _EMOJI not in image.url), None)


def _images(content: str, least: int = 3) -> Iterable[Picture]:
    """Yield the images in safe HTML, without those whose width or height is given as fewer pixels than *least*: tiny
    ones are tracking pixels.
    """
    position = -1
    while (position := content.find("<img", position + 1)) >= 0:
        found = _IMG.match(content, position)
        if found is None:
            continue
        attributes = {name: unescape(value) for name, value in _ATTRIBUTE.findall(found[1])}
        sides = (attributes.get(side, "") for side in ("width", "height"))
        small = any(len(side) < _DIGITS and side.isdecimal() and int(side) < least for side in sides)
        if not small and (url := address(attributes, "src")):
            yield Picture(url, attributes.get("alt", ""))


def _sounds(entries: Iterable[Mapping[str, Any]], family: str) -> Iterable[Sound]:
    for entry in _once(entries):
        if _family(entry) == family and (url := address(entry, "url")):
            poster = address(entry, "thumbnail") if family == "video" else ""
            yield Sound(url, text(entry, "type"), _clock(entry.get("duration")), poster)


def _files(entries: Iterable[Mapping[str, Any]]) -> Iterable[File]:
    for entry in _once(entries):
        url, kind = address(entry, "url"), text(entry, "type")
        if url and _family(entry) not in ("audio", "video", "image"):
            length = entry.get("length")
            name = url.split("?")[0].rstrip("/").rsplit("/", 1)[-1]
            yield File(url, name[:80], kind, length if isinstance(length, int) and length > 0 else None)


def _is_file(medium: File, link: str) -> bool:
    """Return whether a medium can be downloaded: its type or its ending is known, and it is neither the page at *link*
    nor another page or player.
    """
    return (
        medium.url != link and medium.type not in _NO_FILES and bool(_family({"url": medium.url, "type": medium.type}))
    )


def _once(entries: Iterable[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    """Yield each file once: a feed may name it as an enclosure and as a medium, each with other details."""
    found: dict[str, dict[str, Any]] = {}
    for entry in entries:
        known = found.setdefault(text(entry, "url"), {})
        known.update((name, value) for name, value in entry.items() if value and not known.get(name))
    return found.values()


def _distinct(pictures: Sequence[Picture]) -> tuple[Picture, ...]:
    """Return each of *pictures* once, in the largest of its sizes."""
    found: dict[str, Picture] = {}
    for picture in pictures:
        known = found.setdefault(identity(picture.url), picture)
        larger = max(known, picture, key=lambda each: size(each.url))
        found[identity(picture.url)] = Picture(larger.url, known.alt or picture.alt)
    return tuple(found.values())


def _clock(seconds: object) -> str:
    if not isinstance(seconds, int) or seconds <= 0:
        return ""
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
