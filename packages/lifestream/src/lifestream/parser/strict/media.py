"""Media RSS: the media of an entry, each with its description.

A `media:group` has one medium in several formats, so one of them is taken. What a group or the whole entry has (a
thumbnail, a player, a title, a description) applies to each content in it that has none itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element

from lifestream.content.plaintext import text_of
from lifestream.entry import Media
from lifestream.parser.rhythm import number, seconds
from lifestream.parser.strict.constructs import written
from lifestream.parser.strict.vocabulary import Names

MOST: Final = 1000
"""How many media of an entry are read; `caps` says how many are kept."""

_DEEPEST: Final = 50


@dataclass(slots=True)
class _Level:
    """What is said of one content, of a group of them, or of a whole entry: the innermost level takes precedence."""

    content: dict[str, str] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    inner: list[_Level] = field(default_factory=list)
    torrents: list[tuple[str, str]] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)


class EntryMedia(NamedTuple):
    """The *media* of an entry. *title*, *description* and *player* are those of the entry, else of its first
    group or content, which need not be the first medium.

    *torrents* are the addresses of files that peers share, with their types; *tags* are those of its media.
    """

    media: list[Media]
    title: str = ""
    description: str = ""
    player: str = ""
    torrents: tuple[tuple[str, str], ...] = ()
    tags: tuple[str, ...] = ()


NO_MEDIA: Final = EntryMedia([])


def media_of(elements: Iterable[Element], names: Names) -> EntryMedia:
    """Return the media described by *elements*: the children of an entry in the namespace of Media RSS."""
    entry = _read(elements, names)
    first, details = entry, {**entry.said}
    while first.inner:
        first = first.inner[0]
        details = {**first.said, **details}
    return EntryMedia(
        list(_media(entry))[:MOST],
        details.get("title", ""),
        details.get("description", ""),
        details.get("player", ""),
        tuple(entry.torrents[:MOST]),
        tuple(entry.tags[:MOST]),
    )


def _read(elements: Iterable[Element], names: Names) -> _Level:
    entry = _Level()
    todo = [(element, entry, 1) for element in elements]
    todo.reverse()
    while todo:
        element, level, depth = todo.pop()
        name = names[element.tag]
        if name in ("media:content", "media:group") and depth < _DEEPEST:
            inner = _Level()
            if name == "media:content":
                inner.content = {written.lower(): value for written, value in element.attrib.items()}
            level.inner.append(inner)
            todo += [(child, inner, depth + 1) for child in reversed(element)]
        elif name in ("media:thumbnail", "media:player"):
            address = (element.get("url") or element.text or "").strip()
            if address:
                level.said.setdefault(name[6:], address)
        elif name == "media:peerlink":
            entry.torrents.append((element.get("href") or element.text or "", element.get("type", "")))
        elif name in ("media:category", "media:keywords") and level is not entry:
            entry.tags += tags_of(element, name)
        elif name in ("media:title", "media:description"):
            text = (element.text or "").strip()
            is_html = element.get("type", "").lower() in ("html", "text/html")
            level.said.setdefault(name[6:], text_of(text) if is_html else text)
    return entry


def _media(entry: _Level) -> Iterator[Media]:
    """Yield one medium for each group or content that is not empty; if all are empty, for the first one. If *entry* has
    neither a group nor a content, yield one for its thumbnail or player, if it has one of these.
    """
    inner = [level for level in entry.inner if _has_anything(level)] or entry.inner[:1]
    for level in inner:
        choice = next((inner for inner in level.inner if inner.content.get("isdefault", "").lower() == "true"), None)
        choice = choice or next((inner for inner in level.inner if inner.content.get("url", "").strip()), None)
        choice = choice or next(iter(level.inner), _Level(level.content))
        yield _medium(choice.content, {**entry.said, **level.said, **choice.said})
    if not inner and entry.said.keys() & {"thumbnail", "player"}:
        yield _medium({}, entry.said)


def _has_anything(level: _Level) -> bool:
    """Return whether *level* has anything of its own to show; an empty content has nothing."""
    return bool(level.content.get("url", "").strip() or level.said or level.inner)


def tags_of(element: Element, name: str) -> list[str]:
    """Return the tags in *element*, whose short name is *name*, as written."""
    if name in ("itunes:keywords", "keywords", "media:keywords", "tags"):
        return (element.text or element.get("text") or "").split(",")
    return [element.get("label") or element.get("term") or written(element) or element.get("text") or ""]


def _medium(content: dict[str, str], said: dict[str, str]) -> Media:
    kind = content.get("type", "")
    if not kind and content.get("medium"):
        kind = f"{content['medium'].lower()}/*"
    return Media(
        url=content.get("url", "").strip(),
        type=kind.strip().lower(),
        thumbnail=said.get("thumbnail", ""),
        player=said.get("player", ""),
        title=said.get("title", ""),
        description=said.get("description", ""),
        length=number(content.get("filesize")) or None,
        duration=seconds(content.get("duration", "")),
    )
