"""The plugin of GitHub."""

from __future__ import annotations

from datetime import UTC, datetime

from site_documents import prepared_file


def test_github_names_the_repository_and_drops_avatars() -> None:
    first, second = prepared_file("github-releases.atom").items

    assert (first.title, second.title) == ("windlass: v1.4.0", "Windlass 1.3.9: oiled")
    assert (first.media, second.media) == ((), ())
    assert first.text == "Added\nA brake (#9)"
    assert first.published == datetime(2026, 5, 1, 10, 2, 11, tzinfo=UTC)
