"""What a refresh works with, as the settings have it."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from lifestream.fetcher.fetch import FetchLimits
from lifestream.refresh.factories import make_fetcher, make_guard, make_page_pool, make_picture_fetcher, make_pool

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


@pytest.mark.parametrize(
    ("own", "told"), [("", f"(+{MANUAL}; pictures)"), ("Mine/1 ({subscribers})", "Mine/1 (pictures)")]
)
def test_pictures_have_no_subscribers(own: str, told: str, settings: Settings) -> None:
    settings.LIFESTREAM_USER_AGENT, settings.LIFESTREAM_PUBLIC_URL = own, ""
    assert make_picture_fetcher(make_guard(), FetchLimits())._user_agent.endswith(told)


def test_pages_are_read_as_far_as_the_setting_says(settings: Settings) -> None:
    settings.LIFESTREAM_MAX_PAGE = 5000
    for make in (make_pool, make_page_pool):
        with make() as pool:
            assert pool.max_page == 5000
