"""The plugin of podcasts."""

from __future__ import annotations

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


def test_a_sound_that_several_enclosures_name_is_kept_once() -> None:
    sound, other = Enclosure("https://media.example/lw/1.mp3"), Enclosure("https://media.example/lw/2.mp3")
    found = PodcastPlugin().process(Entry(enclosures=(sound, other, sound))).enclosures
    assert [each.url for each in found] == [sound.url, other.url]
