"""Cookies that are set on the way of a redirect go back to the host that set them, in limited number."""

from __future__ import annotations

from http.cookies import SimpleCookie

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
    assert sent(["a=1"], "https://a.example/feed") == "a=1"
    assert sent(["a=1"], "https://b.example/feed") == ""
    assert sent(["a=1; Domain=b.example"], "https://b.example/feed") == "", (
        "and to no other host, whatever its Domain says"
    )
    assert sent(["a=1; Secure"], "http://a.example/feed") == ""
    assert sent(["a=1; Path=/x"], "https://a.example/feed") == ""
    assert sent(["a=1", "a=2"], "https://a.example/feed") == "a=2"


def test_the_cookies_of_a_request_are_limited() -> None:
    heap = [f"c{number}={'x' * 300}" for number in range(30)]
    assert 0 < len(sent(heap, "https://a.example/feed")) <= LONGEST
    assert sent([f"a={'x' * LONGEST}"], "https://a.example/feed") == ""
    many = [f"c{number}=1" for number in range(MOST + 10)]
    found = sent(many, "https://a.example/feed")
    assert 0 < len(found) <= LONGEST
    assert found.count("=") <= MOST
