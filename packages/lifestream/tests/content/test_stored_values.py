"""Values of an item are the same from its draft and from the database, in which a plugin may have stored anything."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import pytest

from lifestream.content.stored_values import address, episode_of, mappings_of, objects, text
from lifestream.entry import Enclosure, Episode, Media, Person, Transcript

EPISODE = Episode(
    season="2",
    season_name="Nets",
    number="7",
    number_name="Knots",
    chapters="https://a.example/chapters.json",
    transcripts=(Transcript("https://a.example/1.vtt", "text/vtt", "en", captions=True),),
    persons=(Person("Ada", "host", "https://a.example/ada", "https://a.example/ada.jpg"),),
)


@pytest.mark.parametrize("value", [Enclosure("https://a.example/1.mp3", "audio/mpeg", 5), Media("https://a.example/1")])
def test_a_draft_and_the_database_have_the_same_files_and_media(value: Enclosure | Media) -> None:
    assert mappings_of((value,)) == mappings_of([asdict(value)])


def test_an_episode_is_the_same_from_a_draft_and_from_the_database() -> None:
    assert episode_of(json.loads(json.dumps(asdict(EPISODE)))) == episode_of(asdict(EPISODE)) == EPISODE
    assert episode_of(EPISODE) is EPISODE


def test_an_episode_has_no_transcript_without_an_address_and_nobody_without_a_name() -> None:
    stored = asdict(EPISODE)
    stored["chapters"] = stored["transcripts"][0]["url"] = "javascript:x"
    stored["persons"][0]["name"] = 5
    assert episode_of(stored) == replace(EPISODE, chapters="", transcripts=(), persons=())


@pytest.mark.parametrize("stored", [None, 5, "x", {"url": "x"}, [], [5, "x", None]])
def test_a_stored_value_that_is_no_list_of_objects_has_no_files_or_media(stored: Any) -> None:
    assert (objects(stored), mappings_of(stored)) == ([], [])


@pytest.mark.parametrize("stored", [None, 5, "x", [], [5]])
def test_a_stored_value_that_is_no_object_is_no_episode(stored: Any) -> None:
    assert episode_of(stored) is None


def test_a_text_has_no_lone_surrogate() -> None:
    assert text({"title": json.loads('"a\\ud800"')}, "title") == "a\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    ("value", "written", "web"),
    [
        ("https://a.example/", "https://a.example/", "https://a.example/"),
        ("http://a.example/", "http://a.example/", "http://a.example/"),
        ("javascript:x", "javascript:x", ""),
        ("", "", ""),
        (None, "", ""),
        (5, "", ""),
    ],
)
def test_an_address_is_a_text_with_http_or_https(value: Any, written: str, web: str) -> None:
    assert (text({"url": value}, "url"), address({"url": value}, "url")) == (written, web)
    assert (text({}, "url"), address({}, "url")) == ("", "")
