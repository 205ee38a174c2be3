"""What a refresh works with, as the settings have it."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from lifestream.refresh.factories import make_fetcher, make_guard

MANUAL = "https://feedserver.readthedocs.io/lifestream/politeness.html"


@pytest.mark.parametrize(
    ("contact", "public", "told"),
    [
        ("mailto:me@a.example", "https://planet.example", "+mailto:me@a.example; "),
        ("", "https://planet.example", "+https://planet.example; "),
        ("", "http://no.tls.example", f"+{MANUAL}; "),
        ("", "", f"+{MANUAL}; "),
    ],
)
def test_a_server_that_is_asked_learns_who_asks(contact: str, public: str, told: str, settings: Settings) -> None:
    settings.LIFESTREAM_CONTACT, settings.LIFESTREAM_PUBLIC_URL = contact, public
    assert f"({told}{{subscribers}})" in make_fetcher(make_guard())._user_agent
