"""The episode of a podcast: details that `reading/test_media.py` doesn't test."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

from lifestream.entry import Episode, Person
from lifestream.parser.strict.episodes import MOST, episode_of, persons_of
from lifestream.parser.strict.fields import fields_of
from lifestream.parser.strict.scope import Scope
from lifestream.parser.strict.vocabulary import Names

PODCAST = "{https://podcastindex.org/namespace/1.0}"
SCOPE = Scope("https://a.example/")


def read(*children: tuple[str, str, dict[str, str]]) -> Episode | None:
    """Return the episode of an item with *children*: their names, texts and attributes."""
    item = Element("item")
    for name, text, attributes in children:
        SubElement(item, f"{PODCAST}{name}", attributes).text = text
    return episode_of(fields_of(item, Names()), SCOPE, ())


def test_empty_elements_are_no_episode() -> None:
    assert read() is None
    assert read(("season", " ", {}), ("chapters", "", {}), ("transcript", "", {"url": ""}), ("person", " ", {})) is None


def test_the_first_chapters_element_with_an_address_is_used() -> None:
    found = read(("chapters", "", {}), ("chapters", "", {"url": "one"}), ("chapters", "", {"url": "two"}))
    assert found == Episode(chapters="https://a.example/one")


def test_names_and_roles_are_one_line_and_a_person_is_reported_once() -> None:
    found = read(("person", "A\n da", {"role": " CO-HOST "}), ("person", "A da", {"role": "co-host"}))
    assert found == Episode(persons=(Person("A da", "co-host"),))


def test_at_most_a_thousand_persons_and_transcripts_of_an_episode_are_read() -> None:
    item = Element("item")
    for number in range(MOST + 10):
        SubElement(item, f"{PODCAST}person").text = str(number)
        SubElement(item, f"{PODCAST}transcript", {"url": str(number)})
    fields = fields_of(item, Names())
    assert len(persons_of(fields, SCOPE)) == 1000
    episode = episode_of(fields, SCOPE, ())
    assert episode is not None
    assert len(episode.transcripts) == 1000
