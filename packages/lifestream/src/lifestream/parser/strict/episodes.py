"""The episodes of podcasts: the namespace of Podcasting 2.0, and the tags of iTunes for seasons and numbers.

Source: podcastindex-org/podcast-namespace, docs/1.0.md (chapters, transcript, person, season, episode).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final
from xml.etree.ElementTree import Element

from lifestream.entry import Episode, Person, Transcript
from lifestream.parser.strict.constructs import text_of
from lifestream.parser.strict.scope import Scope
from lifestream.parser.text_constructs import one_line, plain

NAMES: Final = frozenset(
    {
        "podcast:season", "podcast:episode", "podcast:chapters", "podcast:transcript", "podcast:person",
        "itunes:season", "itunes:episode",
    }
)  # fmt: skip
"""The elements that describe an episode."""

MOST: Final = 1000
"""How many transcripts and persons of an episode are read; `caps` says how many are kept."""

Fields = dict[str, list[Element]]


def episode_of(fields: Fields, scope: Scope, hosts: tuple[Person, ...]) -> Episode | None:
    """Return the episode that *fields*, the children of an entry, describe, or None if they describe none
    and there are no *hosts*.

    *hosts* are the persons of the whole podcast, who take part in each episode that names none.
    """
    if NAMES.isdisjoint(fields):
        return Episode(persons=hosts) if hosts else None
    season, number = (next(iter(fields.get(f"podcast:{name}", ())), None) for name in ("season", "episode"))
    chapters = next((each.get("url") for each in fields.get("podcast:chapters", ()) if each.get("url")), None)
    episode = Episode(
        season=text_of(season) or _first(fields, "itunes:season"),
        season_name=one_line(season.get("name", "")) if season is not None else "",
        number=text_of(number) or _first(fields, "itunes:episode"),
        number_name=one_line(number.get("display", "")) if number is not None else "",
        chapters=scope.absolute(chapters),
        transcripts=tuple(_transcripts(fields.get("podcast:transcript", [])[:MOST], scope)),
        persons=persons_of(fields, scope) or hosts,
    )
    return None if episode == Episode() else episode


def persons_of(fields: Fields, scope: Scope) -> tuple[Person, ...]:
    """Return the persons that the children of an entry or of a channel name."""
    found = (_person(element, scope) for element in fields.get("podcast:person", [])[:MOST])
    return tuple(dict.fromkeys(person for person in found if person.name))


def _person(element: Element, scope: Scope) -> Person:
    return Person(
        name=plain(element.text or ""),
        role=one_line(element.get("role", "")).lower() or "host",
        url=scope.absolute(element.get("href")),
        picture=scope.absolute(element.get("img")),
    )


def _transcripts(elements: Iterable[Element], scope: Scope) -> Iterator[Transcript]:
    seen: set[str] = set()
    for element in elements:
        url = scope.absolute(element.get("url"))
        if url and url not in seen:
            seen.add(url)
            yield Transcript(
                url=url,
                type=one_line(element.get("type", "")).lower(),
                language=one_line(element.get("language", "")),
                captions=element.get("rel", "").strip().lower() == "captions",
            )


def _first(fields: Fields, name: str) -> str:
    return next(filter(None, map(text_of, fields.get(name, ()))), "")
