"""The plugin of podcasts."""

from __future__ import annotations

from lifestream.entry import Enclosure, Media
from site_documents import prepared_file


def test_a_podcast_has_each_sound_once_and_in_a_type_that_plays() -> None:
    second, first, news = prepared_file("podcast.xml").items

    assert second.enclosures == (Enclosure("https://media.example/lw/2.m4a?source=rss", "audio/mp4", 29520000, 2467),)
    assert second.media == (Media(type="image/*", thumbnail="https://lowwater.example/2.jpg"),)
    assert (second.author, second.content, second.summary) == ("Ada Quay", "<p>All about mud.</p>", "Mud, in short.")
    assert first.enclosures == (Enclosure("https://media.example/lw/1.mp3", "audio/mpeg", None, 1807),)
    assert (first.content, news.content) == ("<p>Sand.</p>", "Soon.")
