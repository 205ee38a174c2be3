"""The plugin of Flickr."""

from __future__ import annotations

from site_documents import prepared_file


def test_flickr_keeps_the_photographers_words_and_the_large_picture() -> None:
    (item,) = prepared_file("flickr.xml").items

    assert (item.title, item.author, item.content) == ("Kiln at night", "bo", "<p>Cone 10, and rising.</p>")
    assert item.media[0].url == "https://live.staticflickr.com/1/5001_b.jpg"
    assert item.tags == ("kiln", "night")
