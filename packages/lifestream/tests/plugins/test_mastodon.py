"""The plugin of Mastodon."""

from __future__ import annotations

import pytest

from costs import assert_linear
from lifestream.entry import Entry, Media
from lifestream.plugins.mastodon import MastodonPlugin
from site_documents import link, prepared_file


def test_links_are_shortened_as_on_mastodon_and_warnings_become_titles() -> None:
    first, second = prepared_file("mastodon.rss").items

    knots = link("https://salt.example/a/very/long/way/to/knots", "salt.example/a/very/long/way…")
    rope = link("https://quay.example/tags/rope", "#rope")
    assert (first.title, first.tags) == ("", ("rope",))
    assert first.content == f"<p>New knots: {knots} {rope}</p>"
    assert first.media == (
        Media(
            url="https://files.quay.example/knot.jpg",
            type="image/jpeg",
            description="A knot, seen from above",
            length=4242,
        ),
    )
    assert (second.title, second.content) == ("rope & rot", "<p>It rots.</p>")


@pytest.mark.costly
def test_mastodon_reads_spans_in_linear_time() -> None:
    def process(content: str) -> None:
        MastodonPlugin().process(Entry(title="t", content=content))

    def opened(count: int) -> str:
        return '<span class="invisible">x</span>' + "<span>x" * count

    assert_linear(process, opened, 4_000)
