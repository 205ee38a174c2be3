"""The URL that is requested for a feed, and which URLs are those of one feed."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from yarl import URL

from lifestream.fetcher.feed_urls import UrlRefused, credentials_of, request_url, shown_in_message, url_key


@pytest.mark.parametrize(
    ("url", "requested"),
    [
        ("http://example.org", "http://example.org/"),
        ("HTTP://Example.ORG/Feed", "http://example.org/Feed"),
        ("http://example.org:80/a", "http://example.org/a"),
        ("https://example.org:443/a", "https://example.org/a"),
        ("https://example.org:80/a", "https://example.org:80/a"),
        ("http://example.org:0080", "http://example.org/"),
        ("http://example.org:/a", "http://example.org/a"),
        ("http://example.org./a", "http://example.org/a"),
        ("http://example.org.../a", "http://example.org/a"),
        ("http://EXAMPLE.org.:8080/a", "http://example.org:8080/a"),
        ("http://example.org/./a/../b/%2e%2E/c/.", "http://example.org/c/"),
        ("http://example.org/../../a/b/..", "http://example.org/a/"),
        ("http://example.org/a//b/...", "http://example.org/a//b/..."),
        ("http://example.org/a/.b/..c?/../d", "http://example.org/a/.b/..c?/../d"),
        ("feed:https://example.org/a", "https://example.org/a"),
        ("feed:http://example.org/a", "http://example.org/a"),
        ("feed://example.org/a", "http://example.org/a"),
        ("FEED://https://example.org/a", "https://example.org/a"),
        (" feed:example.org/a", "http://example.org/a"),
        ("https://http://example.org/a", "http://example.org/a"),
        (" HTTPS://https://Http://user:secret@example.org/a", "http://example.org/a"),
        ("feed:https://https://example.org/a", "https://example.org/a"),
        ("https://feed://user:secret@example.org/a", "http://example.org/a"),
        ("https://\n https://user:secret@example.org/a", "https://example.org/a"),
        ("https://www.https://user:secret@example.org/a", "https://example.org/a"),
        ("https://https://www.http://www.example.org/a", "http://www.example.org/a"),
        ("https://www.http.example/https://a", "https://www.http.example/https://a"),
        ("http://www/a", "http://www/a"),
        ("http://localhost:/a", "http://localhost/a"),
        ("http://feed/https://https://a", "http://feed/https://https://a"),
        ("http://http/a", "http://http/a"),
        ("https://example.org/https://https://a", "https://example.org/https://https://a"),
        ("https://https.example/a", "https://https.example/a"),
        (
            "http://example.org/a%2Fb/%7Euser/~user?q=%20+&x=[1]|2",
            "http://example.org/a%2Fb/%7Euser/~user?q=%20+&x=[1]|2",
        ),
        ("http://example.org/a b", "http://example.org/a%20b"),
        ("http://example.org/é?ü=ß", "http://example.org/%C3%A9?%C3%BC=%C3%9F"),
        ("http://example.org/\udce9", "http://example.org/%E9"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://[::1]:8000/a", "http://[::1]:8000/a"),
        ("http://user:secret@example.org/a", "http://example.org/a"),
        ("http://example.org/a#b", "http://example.org/a"),
        ("http://example.org/a;b=c?", "http://example.org/a;b=c"),
    ],
)
def test_a_url_is_requested_as_the_table_in_feed_urls_says_and_encoded_where_necessary(
    url: str, requested: str
) -> None:
    assert request_url(url) == requested


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("file:///etc/passwd", "file:///etc/passwd is not fetched: its scheme is file, not http or https"),
        ("ftp://example.org/", "ftp://example.org/ is not fetched: its scheme is ftp, not http or https"),
        (
            "gopher://example.org/",
            "gopher://example.org/ is not fetched: its scheme is gopher, not http or https",
        ),
        (
            "javascript:alert(1)",
            "javascript:alert(1) is not fetched: its scheme is javascript, not http or https",
        ),
        ("feed:file:///etc/passwd", "file:///etc/passwd is not fetched: its scheme is file, not http or https"),
        ("feed://ftp://example.org/", "ftp://example.org/ is not fetched: its scheme is ftp, not http or https"),
        ("example.org/feed", "example.org/feed is not fetched: its scheme is missing, not http or https"),
        ("", "no URL was given"),
        (" \n", "no URL was given"),
        ("http://", "http:// names no host"),
        ("http:///feed", "http:///feed names no host"),
        ("http://example.org:99999/", "http://example.org:99999/ is no URL: Port out of range 0-65535"),
        ("http://[::1/", "http://[::1/ is no URL: Invalid IPv6 URL"),
        ("http://a.example\\b/", "http://a.example\\b/ is no URL: a backslash in the name of the host"),
        ("http://ada:se\\cret@x.example/", "http://…@x.example/ is no URL: a backslash in the name of the host"),
        ("http://127.0.0.1%2f\u2488/", "http://127.0.0.1%2f\u2488/ is no URL: a character that no name of a host has"),
        ("http://a\x00b.example/", "http://a\x00b.example/ is no URL: a character that no name of a host has"),
        ("http://ada:secret@a b/", "http://…@a b/ is no URL: a character that no name of a host has"),
        ("http://example.org:feed/", "http://example.org:feed/ is no URL: Port could not be cast to integer value"),
        ("ftp://ada:secret@x.example/", "ftp://…@x.example/ is not fetched: its scheme is ftp, not http or https"),
        ("http://ada:secret@/", "http://…@/ names no host"),
        ("http://ada:secret@[::1/", "http://…@[::1/ is no URL: Invalid IPv6 URL"),
        ("http://ada:secret@x.example:99999/", "http://…@x.example:99999/ is no URL: Port out of range 0-65535"),
        ("http://ada:sec/ret@x.example/", "http://…@x.example/ is no URL: Port could not be cast to integer value"),
        ("ada:secret@x.example/", "…@x.example/ is not fetched: its scheme is ada, not http or https"),
        ("https:/ada:secret@x.example/", "https:/…@x.example/ names no host"),
        ("https:ada:secret@x.example/", "https:…@x.example/ names no host"),
        ("https:\\\\ada:secret@x.example/", "https:\\\\…@x.example/ names no host"),
        (
            "https://ada:secret\uff20x.example/",
            "https://…@x.example/ is no URL: netloc contains invalid characters under NFKC normalization",
        ),
        ("https://ada:secret%40x.example/", "https://…@x.example/ is no URL: Port could not be cast to integer value"),
        (
            "https://ada:secret%2540x.example/",
            "https://…@x.example/ is no URL: Port could not be cast to integer value",
        ),
        ("http://http:/ada:secret@x.example/", "http:/…@x.example/ names no host"),
        (
            "https://https//ada:secret@x.example/",
            "https//…@x.example/ is not fetched: its scheme is missing, not http or https",
        ),
        (
            "https://podcast://ada:secret@x.example/",
            "podcast://…@x.example/ is not fetched: its scheme is podcast, not http or https",
        ),
        ("https:/ada:secret%40x.example/", "https:/…@x.example/ names no host"),
        (
            "https://https;//ada:secret@x.example/",
            "https;//…@x.example/ is not fetched: its scheme is missing, not http or https",
        ),
        (
            "https://www.https//ada:secret@x.example/",
            "https//…@x.example/ is not fetched: its scheme is missing, not http or https",
        ),
        ("ada%3Asecret@x.example/", "…@x.example/ is not fetched: its scheme is missing, not http or https"),
        ("@ada@x.example", "@ada@x.example is not fetched: its scheme is missing, not http or https"),
        ("mailto:ada@x.example", "mailto:ada@x.example is not fetched: its scheme is mailto, not http or https"),
        ("http://example.org/" + "a" * 9000, "a URL of 9019 characters is too long; 8192 is the limit"),
    ],
)
def test_a_text_that_is_no_url_of_a_feed_is_refused_with_the_reason(url: str, message: str) -> None:
    with pytest.raises(UrlRefused) as refusal:
        request_url(url)
    assert str(refusal.value) == message


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/proxy/https://ada:secret@b.example/x", "https://a.example/proxy/https://…@b.example/x"),
        (
            "https://a.example/?u=https%3A%2F%2Fada%3Asecret%40b.example",
            "https://a.example/?u=https%3A%2F%2F…@b.example",
        ),
        ("ada%253Asecret%2540b.example", "…@b.example"),
        ("https://a.example/proxy/https://ada:x/secret@b.example", "https://a.example/proxy/https://…@b.example"),
        ("https://a.example:8080/@ada", "https://a.example:8080/@ada"),
        ("https://a.example/?t=12:30&to=ada@b.example", "https://a.example/?t=12:30&to=ada@b.example"),
    ],
)
def test_no_login_within_a_url_is_shown_in_a_message(url: str, shown: str) -> None:
    assert shown_in_message(url) == shown


SAME = [
    ("https://example.org/~ada/feed", "https://EXAMPLE.org:443/%7Eada/feed", "https://example.org./%7eada/./feed#top"),
    ("https://example.org/a%2Fb", "https://example.org/a%2fb", "feed:https://example.org/x/../a%2fb"),
    (
        "http://example.org/",
        "http://example.org",
        "feed://example.org:80/",
        "HTTP://Example.Org/?",
        "http://u:p@example.org",
    ),
    ("http://example.org/A-Z?q=a.b_c~d", "http://example.org/%41-%5a?%71=a%2Eb%5Fc%7ed"),
    ("http://b\u00fccher.example/\u00e9", "http://xn--bcher-kva.example/%c3%a9"),
]


@pytest.mark.parametrize("urls", SAME)
def test_spellings_of_one_url_are_one_feed(urls: tuple[str, ...]) -> None:
    assert {url_key(url) for url in urls} == {url_key(urls[0])}
    assert url_key(url_key(urls[0])) == url_key(urls[0])


def test_keys_have_the_form_of_those_that_are_stored() -> None:
    assert [url_key(urls[0]) for urls in SAME] == [
        "https://example.org/~ada/feed",
        "https://example.org/a%2Fb",
        "http://example.org/",
        "http://example.org/A-Z?q=a.b_c~d",
        "http://xn--bcher-kva.example/%C3%A9",
    ]


def test_urls_that_a_server_may_distinguish_are_not_one_feed() -> None:
    urls = [
        *("http://example.org/a", "https://example.org/a", "http://www.example.org/a", "http://example.org/a/"),
        *("http://example.org/A", "http://example.org/a?", "http://example.org/a?x", "http://example.org:8080/a"),
        *("http://example.org/b/c", "http://example.org/b%2Fc", "http://example.org//b/c", "http://example.org/a+"),
    ]
    different = [url for url in urls if url != "http://example.org/a?"]  # an empty query is no query
    assert len({url_key(url) for url in urls}) == len(different)


def test_a_url_that_cannot_be_requested_is_its_own_key() -> None:
    assert url_key("mailto:Ada%7e@example.org") == "mailto:Ada%7e@example.org"


@pytest.mark.parametrize("where", ["http://example.org/{}", "http://example.org/?{}", "http://{}.example.org/"])
def test_a_url_with_half_a_character_is_refused(where: str) -> None:
    url = where.format("\ud800")
    with pytest.raises(UrlRefused):
        request_url(url)
    assert url_key(url) == url


def test_half_a_character_is_named() -> None:
    with pytest.raises(UrlRefused, match=r"U\+D83D is half a character"):
        request_url("http://example.org/a\ud83d")


def test_a_requested_url_keeps_its_percent_encoding() -> None:
    assert request_url("http://example.org/%7eada") == "http://example.org/%7eada"


@pytest.mark.parametrize(
    "scheme",
    [
        *(
            "feed:https://",
            "https://https://",
            "https://m.https://",
            "https://www.a.b.http://",
            "feed:http://m.https://",
        ),
        *("https://@https://", "https://“https://", "https://.HTTPS://", "\0https://https://"),
        *("https://m.feed://", "https://m.h\tttps://", "http\n://https://"),
    ],
)
def test_credentials_are_found_after_a_scheme_that_is_left_out(scheme: str) -> None:
    url = f"{scheme}ada:secret@example.org/"
    assert (credentials_of(url), request_url(url)[-len("//example.org/") :]) == ("ada:secret", "//example.org/")


@pytest.mark.parametrize("start", ["https://m.https//", "https://m.http;//", "https://m.ftp://"])
def test_a_second_scheme_that_cannot_be_requested_is_refused_without_the_login_behind_it(start: str) -> None:
    with pytest.raises(UrlRefused) as refused:
        request_url(f"{start}ada:secret%40example.org/@")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", ["https://a.example:443//https", "https://https.example//x", "https://a.ftp://b/"])
def test_a_scheme_as_a_part_of_a_host_or_a_path_stays(url: str) -> None:
    assert request_url(url).startswith("https://")


def test_a_user_or_a_password_that_would_not_be_utf_8_stays_percent_encoded() -> None:
    assert credentials_of("http://%61d%C3%A1:s%40%ff+@example.org/") == "adá:s%40%ff+"


@given(
    st.text("a1.:@[]\\/%?#{}\"' \u00e9\u0661\uff0f\u2044\u3002-_~|^`<>\x7f\x80;,&=+$!*()0xX", min_size=1, max_size=9)
)
@example("a\\b/")
@example("a\\@b")
@example("{0}%s'\"\\%_")
@example("%00\u2488")
@example("127.0.0.1%2f\u2488")
@example("[v1.[::1]")
@example("[v1.a]")
@example("\u2488%ff@a.example")
def test_the_http_library_accepts_each_url_that_is_requested(text: str) -> None:
    """The HTTP library has a URL parser of its own, which would raise ValueError in the middle of a fetch."""
    try:
        url = request_url(f"http://{text}")
    except UrlRefused:
        return
    assert URL(url, encoded=True).raw_host
    credentials_of(f"http://{text}")
    assert request_url(url) == url
