"""The plugin of YouTube."""

from __future__ import annotations

from site_documents import link, prepared_file


def test_youtube_has_the_description_as_content_and_a_player() -> None:
    (item,) = prepared_file("youtube.xml").items

    parts = link("https://bench.example/parts", "https://bench.example/parts")
    assert (item.title, item.author) == ("Why this lamp flickers", "Bench Notes")
    assert item.content == (
        f"<p>A loose wire, &amp; how to find it.<br>Parts: {parts}</p>\n<p>00:00 The lamp<br>02:10 &lt;The wire&gt;</p>"
    )
    (film,) = item.media
    assert (film.url, film.type) == ("", "video/*")
    assert film.player == "https://www.youtube-nocookie.com/embed/dEmO-0_1234"
    assert film.thumbnail == "https://i1.ytimg.com/vi/dEmO-0_1234/hqdefault.jpg"
