"""The Content-Security-Policy of the bundled site."""

from __future__ import annotations

from lifestream.site.policy import header


def test_a_policy_is_written_as_a_header() -> None:
    assert header({"default-src": ["'none'"], "img-src": ["'self'", "https:"]}) == (
        "default-src 'none'; img-src 'self' https:"
    )
