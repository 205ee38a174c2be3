"""Media RSS: the media of an entry, each with its description.

A `media:group` has one medium in several formats, so one of them is taken. What a group or the whole entry has (a
thumbnail, a player, a title, a description) applies to each content in it that has none itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final
from xml.etree.ElementTree import Element

from lifestream.content.plaintext import text_of
from lifestream.entry import Media
from lifestream.parser.rhythm import number, seconds
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


def media_of(elements: Iterable[Element], names: Names) -> list[Media]:
    """Return the media in *elements*, the children of an entry that are in the namespace of Media RSS."""
    return list(_media(_read(elements, names)))[:MOST]


def _read(elements: Iterable[Element], names: Names) -> _Level:
    entry = _Level()
    todo = [(element, entry, 1) for element in elements]
    todo.reverse()
    while todo:
        element, level, depth = todo.pop()
        name = names[element.tag]
        if name in ("media:content", "media:group") and depth < _DEEPEST:
            inner = _Level(dict(element.attrib) if name == "media:content" else {})
            level.inner.append(inner)
            todo += [(child, inner, depth + 1) for child in reversed(element)]
        elif name in ("media:thumbnail", "media:player"):
            level.said.setdefault(name[6:], element.get("url", ""))
        elif name in ("media:title", "media:description"):
            text = (element.text or "").strip()
            is_html = element.get("type", "").lower() in ("html", "text/html")
            level.said.setdefault(name[6:], text_of(text) if is_html else text)
    return entry


def _media(entry: _Level) -> Iterator[Media]:
    """Yield one medium for each content or group of an entry. If there is none, yield one for its thumbnail or
    player.
    """
    for level in entry.inner:
        choice = next((inner for inner in level.inner if inner.content.get("isDefault") == "true"), None)
        choice = choice or next(iter(level.inner), _Level(level.content))
        yield _medium(choice.content, {**entry.said, **level.said, **choice.said})
    if not entry.inner and entry.said.keys() & {"thumbnail", "player"}:
        yield _medium({}, entry.said)


def _medium(content: dict[str, str], said: dict[str, str]) -> Media:
    kind = content.get("type", "")
    if not kind and content.get("medium"):
        kind = f"{content['medium'].lower()}/*"
    return Media(
        url=content.get("url", "").strip(),
        type=kind.strip().lower(),
        thumbnail=said.get("thumbnail", "").strip(),
        player=said.get("player", "").strip(),
        title=said.get("title", ""),
        description=said.get("description", ""),
        length=number(content.get("fileSize")) or None,
        duration=seconds(content.get("duration", "")),
    )
