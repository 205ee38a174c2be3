"""The values in the enclosures, media and episode of an item: a draft has dataclasses, the database has JSON.

Values of other types, which only a plugin or a fixture can have stored, are treated as missing. So are addresses that
do not begin with http:// or https://, since pages link to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lifestream.content.plaintext import scrub
from lifestream.entry import Episode, Person, Transcript

_FIELDS: Final = ("url", "type", "length", "duration", "thumbnail", "player", "title", "description")


def mappings_of(values: object) -> list[Mapping[str, Any]]:
    """Return enclosures or media as mappings. They are mappings in the database, but dataclasses in a draft."""
    if isinstance(values, tuple):
        return [{name: getattr(value, name) for name in _FIELDS if hasattr(value, name)} for value in values]
    return objects(values)


def objects(stored: object) -> list[Mapping[str, Any]]:
    """Return the objects in a list from the database, without any values of other types."""
    return [each for each in stored if isinstance(each, Mapping)] if isinstance(stored, list) else []


def of_the_web(url: str) -> str:
    """Return *url* if it is a web address, which a browser may open, or ""."""
    return url if url.startswith(("http://", "https://")) else ""


def address(mapping: Mapping[str, Any], name: str) -> str:
    """Return the web address in *mapping* under *name*, or "" for anything else."""
    return of_the_web(text(mapping, name))


def text(mapping: Mapping[str, Any], name: str) -> str:
    """Return the text in *mapping* under *name*, or "" for anything else."""
    value = mapping.get(name)
    # SQLite keeps lone surrogates in JSON ("\ud800"), which a fixture may bring, and no page can contain one.
    return scrub(value) if isinstance(value, str) else ""


def episode_of(stored: object) -> Episode | None:
    """Return the episode in a draft, or in the JSON of an item, or None for anything else."""
    if isinstance(stored, Episode):
        return stored
    if not isinstance(stored, Mapping):
        return None
    transcripts = (
        Transcript(address(each, "url"), text(each, "type"), text(each, "language"), each.get("captions") is True)
        for each in objects(_listed(stored.get("transcripts")))
    )
    persons = (
        Person(text(each, "name"), text(each, "role"), address(each, "url"), address(each, "picture"))
        for each in objects(_listed(stored.get("persons")))
    )
    return Episode(
        season=text(stored, "season"),
        season_name=text(stored, "season_name"),
        number=text(stored, "number"),
        number_name=text(stored, "number_name"),
        chapters=address(stored, "chapters"),
        transcripts=tuple(each for each in transcripts if each.url),
        persons=tuple(each for each in persons if each.name),
    )


def _listed(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
