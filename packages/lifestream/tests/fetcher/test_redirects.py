"""Redirects: which are followed, which count as a move, and where credentials may be sent."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from costs import assert_linear
from lifestream.fetcher.feed_urls import UrlRefused, credentials_of, origin, request_url
from lifestream.fetcher.redirects import REDIRECT_STATUSES, RedirectRefused, Trail


def follow(*hops: tuple[int, str], limit: int = 10) -> Trail:
    trail = Trail("http://a.example/feed")
    for status, location in hops:
        trail = trail.followed(status, location, limit=limit)
    return trail


@pytest.mark.costly
def test_a_host_that_is_too_long_for_a_name_server_is_refused_in_linear_time() -> None:
    """To encode a host of 8,000 characters took 7 seconds, in the thread that all downloads share."""

    def url(size: int) -> str:
        return f"http://{''.join(chr(0x4E00 + 7 * place % 20_000) for place in range(size))}.example/feed"

    with pytest.raises(UrlRefused, match=r"is no URL: its host has 2008 characters, and 253 are the limit$"):
        request_url(url(2000))
    assert_linear(lambda given: _refusal(request_url, given), url, 2000)
    trail = Trail("http://a.example/feed")
    assert_linear(lambda given: _refusal(lambda to: trail.followed(302, to, limit=5), given), url, 2000)
    assert request_url(url(20)).startswith("http://xn--")


def _refusal(work: Callable[[str], object], given: str) -> None:
    with pytest.raises(ValueError, match="are the limit"):
        work(given)


@pytest.mark.parametrize(
    ("hops", "url", "moved"),
    [
        ([], "http://a.example/feed", ""),
        ([(301, "/new")], "http://a.example/new", "http://a.example/new"),
        ([(308, "//b.example/new")], "http://b.example/new", "http://b.example/new"),
        ([(302, "/new")], "http://a.example/new", ""),
        ([(303, "new")], "http://a.example/new", ""),
        ([(307, "http://b.example")], "http://b.example/", ""),
        ([(301, "/one"), (308, "/two")], "http://a.example/two", "http://a.example/two"),
        ([(301, "/one"), (302, "/two")], "http://a.example/two", "http://a.example/one"),
        ([(302, "/one"), (301, "/two")], "http://a.example/two", ""),
        ([(301, "/one"), (302, "/two"), (301, "/three")], "http://a.example/three", "http://a.example/one"),
        ([(301, "http://u:p@b.example/x#y")], "http://b.example/x", "http://b.example/x"),
    ],
)
def test_only_the_permanent_redirects_at_the_beginning_are_a_move(
    hops: list[tuple[int, str]], url: str, moved: str
) -> None:
    trail = follow(*hops)
    assert (trail.url, trail.moved) == (url, moved)


@pytest.mark.parametrize(
    ("hops", "message"),
    [
        ([(301, "")], "http://a.example/feed answered 301 without saying where to go"),
        ([(302, "/feed")], "http://a.example/feed redirects back to http://a.example/feed: a loop"),
        ([(302, "/feed#again")], "http://a.example/feed redirects back to http://a.example/feed: a loop"),
        ([(302, "/b"), (302, "/feed")], "http://a.example/b redirects back to http://a.example/feed: a loop"),
        ([(302, f"/{n}") for n in range(4)], "more than 3 redirects, the last to /3"),
        (
            [*((302, f"/{n}") for n in range(3)), (302, "//ada:secret@b.example/")],
            "more than 3 redirects, the last to //…@b.example/",
        ),
        (
            [*((302, f"/{n}") for n in range(3)), (302, "https://ada:se/cret@b.example/")],
            "more than 3 redirects, the last to https://…@b.example/",
        ),
        (
            [*((302, f"/{n}") for n in range(3)), (302, "https://ada:secret%40b.example/")],
            "more than 3 redirects, the last to https://…@b.example/",
        ),
        (
            [(301, "file:///etc/passwd")],
            (
                "http://a.example/feed redirects to what is not fetched: "
                "file:///etc/passwd is not fetched: its scheme is file, not http or https"
            ),
        ),
        (
            [(301, "http://[/")],
            "http://a.example/feed redirects to what is not fetched: http://[/ is no URL: Invalid IPv6 URL",
        ),
        (
            [(301, "https://ada:secret\uff20b.example/")],
            (
                "http://a.example/feed redirects to what is not fetched: "
                "https://…@b.example/ is no URL: netloc contains invalid characters under NFKC normalization"
            ),
        ),
    ],
)
def test_a_redirect_that_cannot_be_followed_is_refused_with_the_reason(
    hops: list[tuple[int, str]], message: str
) -> None:
    with pytest.raises(RedirectRefused) as refusal:
        follow(*hops, limit=3)
    assert str(refusal.value) == message


def test_the_origin_is_scheme_host_and_port() -> None:
    assert origin("https://example.org/a") == origin("https://example.org:443/b") == ("https", "example.org", 443)
    assert origin("http://example.org/a") == origin("http://example.org:80/b") == ("http", "example.org", 80)


@pytest.mark.parametrize(
    ("url", "credentials"),
    [
        ("http://example.org/", ""),
        ("http://user:p%40ss@example.org/", "user:p@ss"),
        ("http://user@example.org/", "user:"),
    ],
)
def test_credentials_in_a_url_are_decoded(url: str, credentials: str) -> None:
    assert credentials_of(url) == credentials


def test_a_url_may_be_as_long_as_the_limit() -> None:
    longest = "http://example.org/" + "a" * (8192 - 19)
    assert request_url(longest) == longest
    with pytest.raises(UrlRefused, match=r"^a URL of 8193 characters is too long; 8192 is the limit$"):
        request_url(f"{longest}a")


def test_as_many_redirects_are_followed_as_are_allowed() -> None:
    assert follow((302, "/0"), (302, "/1"), (302, "/2"), limit=3).url == "http://a.example/2"


def test_another_port_is_another_origin() -> None:
    assert origin("https://example.org:8443/") == ("https", "example.org", 8443)
    assert origin("http://example.org:443/") == ("http", "example.org", 443) != origin("https://example.org/")


def test_a_password_without_a_user_counts_as_credentials() -> None:
    assert credentials_of("http://:secret@example.org/") == ":secret"


def test_only_characters_that_no_request_line_may_have_are_encoded() -> None:
    assert request_url("http://example.org/!~é\x7f") == "http://example.org/!~%C3%A9%7F"


def test_a_redirect_is_one_of_five_statuses() -> None:
    """RFC 9110 §15.4: 300 offers a choice, 304 means that nothing is new, 305 and 306 are no longer used."""
    assert [status for status in range(100, 600) if status in REDIRECT_STATUSES] == [301, 302, 303, 307, 308]


def test_a_redirect_to_an_impossible_host_is_refused_with_its_reason() -> None:
    with pytest.raises(RedirectRefused, match=r"its host has 2008 characters, and 253 are the limit$"):
        follow((301, f"http://{'é' * 2000}.example/feed"))


def test_a_trail_shows_no_cookie() -> None:
    trail = follow((302, "/next")).followed(302, "/feed", limit=10, cookies=lambda _url: "id=secret")
    last = trail.followed(302, "/last", limit=10, cookies=lambda _url: "id=secret")
    assert (last.cookie, last.sent[-1]) == ("id=secret", "id=secret")
    assert "secret" not in repr(last)
