"""The request options of one feed: which of them are refused, and which of them a server receives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from feedserver import FeedServer, Response
from guards import allowing
from lifestream.fetcher.fetch import Fetcher
from lifestream.fetcher.outcomes import Failed, Fetched, FetchRequest, Outcome
from lifestream.fetcher.request_options import (
    LONGEST_HEADER,
    MOST_HEADERS,
    OptionRefused,
    RequestOptions,
    checked_certificates,
    checked_headers,
    checked_proxy,
    without_password,
)
from tls_ends import run_to_the_end

RSS = b"<rss version='2.0'><channel><title>A feed</title></channel></rss>"


@pytest.fixture(scope="module")
def secure() -> Iterator[FeedServer]:
    with FeedServer(tls=True, strict=False) as server:
        yield server


def fetch(url: str, options: RequestOptions) -> Outcome:
    async def run() -> Outcome:
        async with Fetcher(allowing("127.0.0.0/8, ::1"), user_agent="lifestream/1 ({subscribers})") as fetcher:
            return await fetcher.fetch(FetchRequest(url, options=options))

    return run_to_the_end(run())


def test_headers_and_the_user_agent_are_those_of_the_feed(secure: FeedServer) -> None:
    secure.add("/feed", Response(RSS))
    options = RequestOptions("Mine/2 for {subscribers}", (("X-Key", "s3cret"), ("Accept", "text/xml")))
    assert isinstance(fetch(secure.url("/feed", scheme="http"), options), Fetched)
    headers = secure.requests[-1].headers
    assert (headers["User-Agent"], headers["X-Key"], headers["Accept"]) == (
        "Mine/2 for 1 subscriber",
        "s3cret",
        "text/xml",
    )
    assert "s3cret" not in repr(options)


def test_headers_stay_with_the_feeds_own_server(secure: FeedServer) -> None:
    with FeedServer() as other:
        other.add("/feed", Response(RSS))
        secure.add("/away", Response(status=302, headers={"Location": other.url("/feed")}))
        fetch(secure.url("/away", scheme="http"), RequestOptions(headers=(("X-Key", "s3cret"),)))
        assert "X-Key" not in other.requests[-1].headers


def test_a_private_authority_is_trusted_for_the_feed_that_names_it(secure: FeedServer) -> None:
    secure.add("/feed", Response(RSS))
    url = secure.url("/feed")
    refused = fetch(url, RequestOptions())
    assert isinstance(refused, Failed)
    assert refused.kind == "tls"
    authority = Path(secure.ca_bundle).read_text()
    assert isinstance(fetch(url, RequestOptions(certificates=checked_certificates(authority))), Fetched)


def test_without_verification_any_certificate_is_accepted_only_at_the_feeds_own_server(secure: FeedServer) -> None:
    secure.add("/feed", Response(RSS))
    assert isinstance(fetch(secure.url("/feed"), RequestOptions(verifies=False)), Fetched)
    with FeedServer() as plain:
        plain.add("/away", Response(status=302, headers={"Location": secure.url("/feed")}))
        elsewhere = fetch(plain.url("/away"), RequestOptions(verifies=False))
        assert isinstance(elsewhere, Failed)
        assert elsewhere.kind == "tls"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("no colon", 'a header is written as "Name: value", one a line'),
        ("Two words: x", 'a header is written as "Name: value", one a line'),
        ("Host: other.example", "the header Host is set by lifestream itself"),
        ("authorization: Bearer x", "the header authorization is set by lifestream itself"),
        ("X-A:", "the value of the header X-A is empty, too long, or has control characters"),
        ("X-A: a\x00b", "the value of the header X-A is empty, too long, or has control characters"),
        ("X-A: " + "x" * 5000, "the value of the header X-A is empty, too long, or has control characters"),
        ("\n".join(f"X-{n}: 1" for n in range(11)), "these are more than 10 headers"),
    ],
)
def test_malformed_headers_too_many_and_those_of_lifestream_itself_are_refused(lines: str, message: str) -> None:
    with pytest.raises(OptionRefused) as refused:
        checked_headers(lines)
    assert str(refused.value) == message


def test_other_headers_are_accepted_one_a_line() -> None:
    assert checked_headers("") == ()
    most = [(f"X-{number}", "x" * LONGEST_HEADER) for number in range(MOST_HEADERS)]
    assert checked_headers("\n".join(map(": ".join, most))) == tuple(most)
    assert checked_headers(" X-Key : a b:c \n\nCookie: a=1; b=2") == (("X-Key", "a b:c"), ("Cookie", "a=1; b=2"))


def test_a_text_without_a_certificate_or_with_a_private_key_is_refused(secure: FeedServer) -> None:
    with pytest.raises(OptionRefused, match="no certificate in PEM"):
        checked_certificates("hello")
    key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
    with pytest.raises(OptionRefused, match="a private key"):
        checked_certificates(Path(secure.ca_bundle).read_text() + key)


def test_a_blank_text_stands_for_no_certificates() -> None:
    assert checked_certificates(" ") == ""


@pytest.mark.parametrize(
    "url", ["proxy.example:3128", "ftp://proxy.example", "http://", "http://p:99999", "http://p/path", "socks5://a b"]
)
def test_a_text_that_is_no_proxy_is_refused(url: str) -> None:
    with pytest.raises(OptionRefused, match="a proxy is written as http://"):
        checked_proxy(url)


def test_a_proxy_is_accepted_and_shown_without_its_password() -> None:
    assert checked_proxy(" socks5h://ada:pw@[::1]:9050/ ") == "socks5h://ada:pw@[::1]:9050"
    assert checked_proxy("direct") == "direct"
    assert checked_proxy("") == ""
    assert without_password("http://ada:p@ss@proxy.example:1") == "http://***@proxy.example:1"
    assert without_password("http://proxy.example:1") == "http://proxy.example:1"
    assert without_password("ada:p//w@proxy.example:1") == "***@proxy.example:1"
    assert without_password("http://ada:p/w") == "http://ada:***"
    assert without_password("http://ada:123456") == "http://ada:***"
    assert without_password("http://[::1]:12p") == "http://[::1]:***"
    assert without_password("http://a.example/b?password=s#t") == "http://a.example/b?***"
    assert without_password("http://ada:p@a.example/#t\n?s") == "http://***@a.example/#***"
    assert without_password("http://[::1/?s") == "http://[::1/?***"
    assert without_password("http://[::1]:65535/x") == "http://[::1]:65535/x"


@pytest.mark.parametrize("text", ["é", "\udcff", "-----BEGIN CERTIFICATE-----\né\n-----END CERTIFICATE-----"])
def test_certificates_with_other_characters_than_ascii_are_refused(text: str) -> None:
    with pytest.raises(OptionRefused):
        checked_certificates(text)


@pytest.mark.parametrize("value", ["\udcff", "a\ud800b"])
def test_a_header_that_no_request_can_have_is_refused(value: str) -> None:
    # Python decodes bytes of an argument that are not UTF-8 to such characters (PEP 383).
    with pytest.raises(OptionRefused):
        checked_headers(f"X-Key: {value}")
