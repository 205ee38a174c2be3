"""The fetchers and parser pools of a refresh are configured by the settings."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from lifestream.fetcher.fetch import FetchLimits
from lifestream.refresh.factories import make_fetcher, make_guard, make_page_pool, make_picture_fetcher, make_pool

MANUAL = "https://feedserver.readthedocs.io/lifestream/politeness.html"


@pytest.mark.parametrize(
    ("contact", "public", "words"),
    [
        ("mailto:me@a.example", "https://planet.example", "+mailto:me@a.example; "),
        ("", "https://planet.example", "+https://planet.example; "),
        ("", "http://no.tls.example", f"+{MANUAL}; "),
        ("", "", f"+{MANUAL}; "),
    ],
)
def test_the_user_agent_has_the_contact(contact: str, public: str, words: str, settings: Settings) -> None:
    settings.LIFESTREAM_CONTACT, settings.LIFESTREAM_PUBLIC_URL = contact, public
    assert f"({words}{{subscribers}})" in make_fetcher(make_guard())._user_agent


@pytest.mark.parametrize(
    ("own", "agent"), [("", f"(+{MANUAL}; pictures)"), ("Mine/1 ({subscribers})", "Mine/1 (pictures)")]
)
def test_the_user_agent_for_pictures_has_no_subscribers(own: str, agent: str, settings: Settings) -> None:
    settings.LIFESTREAM_USER_AGENT, settings.LIFESTREAM_PUBLIC_URL = own, ""
    assert make_picture_fetcher(make_guard(), FetchLimits())._user_agent.endswith(agent)


@pytest.mark.slow
def test_each_pool_has_the_limit_of_the_setting_for_pages(settings: Settings) -> None:
    settings.LIFESTREAM_MAX_PAGE = 5000
    for make in (make_pool, make_page_pool):
        with make() as pool:
            assert pool.max_page == 5000
