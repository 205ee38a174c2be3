"""The plugin of Bluesky."""

from __future__ import annotations

from site_documents import link, prepared_file


def test_the_plain_text_of_bluesky_becomes_html() -> None:
    (item,) = prepared_file("bluesky.xml").items

    assert item.title == ""
    assert item.content == (
        "<p>Splicing &lt;three&gt; strands &amp; more<br>"
        f"{link('https://salt.example/splice', 'https://salt.example/splice')}</p>\n"
        "<p>[contains quote post or other embedded content]</p>"
    )
