"""Cookies that are set on the way of a redirect go back to the host that set them, in limited number."""

from __future__ import annotations

from http.cookies import SimpleCookie

import pytest

from lifestream.fetcher import redirect_cookies
from lifestream.fetcher.redirect_cookies import LONGEST, MOST, RedirectCookies
from tls_ends import run_to_the_end


def sent(cookies: list[str], url: str, *, by: str = "https://a.example/feed") -> str:
    """Return the Cookie field of a request to *url*, after answers from the URL *by* have set *cookies* in turn."""

    async def run() -> str:
        kept = RedirectCookies()
        for cookie in cookies:
            kept.take(SimpleCookie(cookie), by)
        return kept.for_url(url)

    return run_to_the_end(run())


def test_a_cookie_goes_to_the_host_that_set_it() -> None:
    for host in ("a.example", "192.0.2.1", "[2001:db8::1]"):
        assert sent(["a=1"], f"https://{host}/feed", by=f"https://{host}/away") == "a=1", host
    assert sent(["a=1"], "https://b.example/feed") == ""
    assert sent(["a=1; Domain=b.example"], "https://b.example/feed") == "", (
        "and to no other host, whatever its Domain says"
    )
    assert sent(["a=1; Secure"], "http://a.example/feed") == ""
    assert sent(["a=1; Path=/x"], "https://a.example/feed") == ""
    assert sent(["a=1", "a=2"], "https://a.example/feed") == "a=2"


def test_a_request_has_50_cookies_of_a_fetch_at_most() -> None:
    found = sent([f"c{number}=1" for number in range(60)], "https://a.example/feed")
    assert found.count("=") == MOST == 50


def test_cookies_that_are_too_long_together_are_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sent([f"a={'x' * LONGEST}"], "https://a.example/feed") == ""
    monkeypatch.setattr(redirect_cookies, "LONGEST", 8)  # aiohttp has a limit of its own, near the usual value
    assert sent(["a=1", "b=2"], "https://a.example/feed") == "a=1; b=2"
    assert sent(["a=1", "b=23"], "https://a.example/feed") == ""
