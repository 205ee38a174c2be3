"""The plugin of podcasts."""

from __future__ import annotations

import pytest

from lifestream.entry import Enclosure, Entry, Media
from lifestream.plugins.podcast import PodcastPlugin
from site_documents import prepared_file


def test_the_sounds_of_a_podcast_have_types_that_play() -> None:
    second, first, news = prepared_file("podcast.xml").items

    assert second.enclosures == (Enclosure("https://media.example/lw/2.m4a?source=rss", "audio/mp4", 29520000, 2467),)
    assert second.media == (Media(type="image/*", thumbnail="https://lowwater.example/2.jpg"),)
    assert (second.author, second.content, second.summary) == ("Ada Quay", "<p>All about mud.</p>", "Mud, in short.")
    assert first.enclosures == (Enclosure("https://media.example/lw/1.mp3", "audio/mpeg", None, 1807),)
    assert (first.content, news.content) == ("<p>Sand.</p>", "Soon.")


@pytest.mark.parametrize(
    ("url", "given", "played"),
    [
        ("https://media.example/1.MP3?a=b.ogg", "", "audio/mpeg"),
        ("https://media.example/1.mp3", "audio/mp3", "audio/mpeg"),
        ("https://media.example/1.opus", "application/octet-stream", "audio/ogg"),
        ("https://media.example/1.mp4", "audio/mpeg", "audio/mpeg"),
        ("https://media.example/1.zip", "application/octet-stream", "application/octet-stream"),
        ("https://media.example/mp3", "", ""),
        ("https://[media.example/1.mp3", "", ""),
    ],
)
def test_a_type_that_does_not_play_is_replaced_by_that_of_the_ending(url: str, given: str, played: str) -> None:
    assert PodcastPlugin().process(Entry(enclosures=(Enclosure(url, given),))).enclosures == (Enclosure(url, played),)


def test_a_sound_that_several_enclosures_name_is_kept_once() -> None:
    sound, other = Enclosure("https://media.example/lw/1.mp3"), Enclosure("https://media.example/lw/2.mp3")
    found = PodcastPlugin().process(Entry(enclosures=(sound, other, sound))).enclosures
    assert [each.url for each in found] == [sound.url, other.url]
