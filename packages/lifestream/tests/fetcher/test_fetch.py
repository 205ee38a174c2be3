"""One fetch against a real server: what is asked, what is followed, what is refused, and where it stops."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import logging
import os
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest import mock

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from feedserver import FeedServer, Request, Response, gone, moved
from guards import allowing
from lifestream.fetcher import redirect_cookies
from lifestream.fetcher.address_guard import AddressGuard
from lifestream.fetcher.body_budget import Memory
from lifestream.fetcher.fetch import Fetcher, FetchLimits, Redirected
from lifestream.fetcher.outcomes import Failed, Fetched, FetchRequest, Gone, Moved, NotModified, Outcome, validators
from lifestream.fetcher.session import Resolver
from programs import PATIENCE

LOOPBACK = allowing("127.0.0.0/8, ::1")
AGENT = "lifestream/1.0 (+https://example.org/; {subscribers})"
RSS = b"<rss version='2.0'><channel><title>A feed</title></channel></rss>"


class Names(AbstractResolver):
    """A name server that says what it is told: a list of addresses a name, one list after the other."""

    def __init__(self, **answers: list[str] | list[list[str]]) -> None:
        self.answers = {
            name.replace("_", "."): list(lists) if isinstance(lists[0], list) else [lists]
            for name, lists in answers.items()
        }
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        lists = self.answers[host]
        addresses = lists.pop(0) if len(lists) > 1 else lists[0]
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        """Nothing is open."""


def fetch(
    *requests: FetchRequest | str,
    guard: AddressGuard = LOOPBACK,
    resolver: AbstractResolver | None = None,
    **limits: Any,
) -> Any:
    """Fetches one after the other with one fetcher; the outcome, or a list of them if there are several."""

    async def run() -> list[Outcome]:
        async with Fetcher(guard, user_agent=AGENT, limits=FetchLimits(**limits), resolver=resolver) as fetcher:
            return [await fetcher.fetch(FetchRequest(each) if isinstance(each, str) else each) for each in requests]

    outcomes = asyncio.run(run())
    return outcomes if len(outcomes) > 1 else outcomes[0]


@contextmanager
def raw_server(answer: bytes, *, hold: bool = False) -> Iterator[str]:
    """A URL whose server reads a request and sends *answer* to the byte, for what is not HTTP.

    Then it closes.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def serve() -> None:
        with listener:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)
                if hold:
                    done.wait(PATIENCE)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        done.set()
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as server:
        yield server


# Answers.


def test_a_200_brings_the_body_the_headers_and_where_they_came_from(server: FeedServer) -> None:
    server.add("/feed", Response(RSS, headers={"Content-Type": "application/rss+xml", "X-A": "1"}))
    outcome = fetch(server.url("/feed"))
    assert isinstance(outcome, Fetched)
    assert (outcome.body, outcome.url, outcome.status, outcome.moved) == (RSS, server.url("/feed"), 200, None)
    assert outcome.headers["content-type"] == "application/rss+xml"
    assert outcome.size == len(RSS)
    assert outcome.duration > 0


def test_repeated_headers_are_joined_and_equal_ones_count_once(server: FeedServer) -> None:
    repeats = [("Cache-Control", "public"), ("Cache-Control", "max-age=60"), ("ETag", '"a"'), ("ETag", '"a"')]
    server.add("/feed", Response(RSS, headers=repeats))
    headers = fetch(server.url("/feed")).headers
    assert (headers["cache-control"], headers["etag"]) == ("public, max-age=60", '"a"')


@pytest.mark.parametrize("status", [201, 204, 206, 300, 305, 400, 401, 403, 404, 418, 429, 451, 500, 502, 503, 599])
def test_an_answer_that_brings_no_feed_is_a_failure_with_its_status(server: FeedServer, status: int) -> None:
    server.add("/feed", Response(b"" if status == 204 else RSS, status=status, reason="No Luck"))
    outcome = fetch(server.url("/feed"))
    assert isinstance(outcome, Failed)
    assert (outcome.kind, outcome.status, outcome.message) == (
        "status",
        status,
        f"the server answered {status} No Luck",
    )


def test_a_failure_keeps_the_headers_that_say_when_to_come_back(server: FeedServer) -> None:
    server.add("/feed", Response(status=429, headers={"Retry-After": "120"}))
    assert fetch(server.url("/feed")).headers["retry-after"] == "120"


def test_410_is_gone(server: FeedServer) -> None:
    server.add("/feed", gone())
    assert isinstance(fetch(server.url("/feed")), Gone)


def test_410_behind_a_permanent_redirect_is_gone_and_behind_a_temporary_one_a_failure(
    server: FeedServer,
) -> None:
    server.add("/moved", moved("/gone"))
    server.add("/elsewhere", moved("/gone", 302))
    server.add("/gone", gone())
    permanent, temporary = fetch(server.url("/moved"), server.url("/elsewhere"))
    assert isinstance(permanent, Gone)
    assert isinstance(temporary, Failed)
    assert temporary.status == 410


# Validators.


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ETag", '"v1"'),
        ("ETag", 'W/"v1"'),
        ("ETag", "unquoted"),
        ("ETag", '"a""b'),
        ("ETag", '"é—字"'),
        ("Last-Modified", "Sun, 01 Mar 2026 12:00:00 GMT"),
        ("Last-Modified", "2026-03-01T12:00:00Z"),
        ("Last-Modified", "Sunday, 01-Mar-26 12:00:00 GMT"),
    ],
)
def test_a_validator_is_echoed_byte_for_byte(server: FeedServer, name: str, value: str) -> None:
    server.add("/feed", Response(RSS, headers={name: value}))
    etag, last_modified = validators(fetch(server.url("/feed")).headers)
    fetch(FetchRequest(server.url("/feed"), etag=etag, last_modified=last_modified))
    condition = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}[name]
    other = {"ETag": "If-Modified-Since", "Last-Modified": "If-None-Match"}[name]
    headers = server.requests[-1].headers
    assert headers.get_raw(condition.lower().encode()) == value.encode()
    assert other not in headers


def test_both_validators_are_sent_back_and_a_304_is_not_modified(server: FeedServer) -> None:
    date = "Sun, 01 Mar 2026 12:00:00 GMT"
    server.add("/feed", Response(RSS, headers={"ETag": '"v1"', "Last-Modified": date, "Cache-Control": "max-age=9"}))
    outcome = fetch(FetchRequest(server.url("/feed"), etag='"v1"', last_modified=date))
    assert isinstance(outcome, NotModified)
    assert (outcome.headers["etag"], outcome.headers["cache-control"]) == ('"v1"', "max-age=9")
    headers = server.requests[-1].headers
    assert (headers["If-None-Match"], headers["If-Modified-Since"]) == ('"v1"', date)


def test_no_validator_is_invented(server: FeedServer) -> None:
    server.add("/feed", Response(RSS))
    outcome = fetch(server.url("/feed"))
    assert validators(outcome.headers) == ("", "")
    assert not {"If-None-Match", "If-Modified-Since"} & set(server.requests[-1].headers)


@pytest.mark.parametrize("etag", ['"\udce9"', '"' + "x" * 5000 + '"'])
def test_a_validator_that_could_not_be_echoed_is_not_kept(etag: str) -> None:
    assert validators({"etag": etag, "last-modified": "x"}) == ("", "x")


def test_a_304_that_nobody_asked_for_is_a_failure(server: FeedServer) -> None:
    server.add("/feed", Response(status=304))
    outcome = fetch(server.url("/feed"))
    assert isinstance(outcome, Failed)
    assert outcome.message == "the server answered 304 Not Modified to a request that had no condition"


# Cookies of redirects.


def test_a_cookie_that_a_redirect_sets_comes_back_to_the_same_page_which_is_no_loop(server: FeedServer) -> None:
    def answer(request: Request) -> Response:
        if request.headers.get("Cookie") == "consent=yes":
            return Response(RSS, headers={"Set-Cookie": "last=1"})
        return Response(status=302, headers={"Location": "/feed", "Set-Cookie": "consent=yes; Path=/"})

    server.add("/feed", answer)
    first, second = fetch(server.url("/feed"), server.url("/feed"))
    assert isinstance(first, Fetched)
    assert isinstance(second, Fetched)
    cookies = [request.headers.get("Cookie") for request in server.requests]
    assert cookies == [None, "consent=yes", None, "consent=yes"], "the next fetch knows nothing of them"


def test_cookies_go_where_they_belong_and_no_further(server: FeedServer) -> None:
    there = {"Location": server.url("/b/2").replace("127.0.0.1", "localhost")}
    cookies = ["a=1; Path=/a", "b=2; Path=/b", "s=3; Secure", "x=4; Domain=other.example"]
    set_cookies = [("Set-Cookie", cookie) for cookie in cookies]
    server.add("/a", Response(status=302, headers=[("Location", "/b/1"), *set_cookies]))
    server.add("/b/1", Response(status=302, headers=there))
    server.add("/b/2", Response(RSS))
    assert isinstance(fetch(server.url("/a")), Fetched)
    assert [request.headers.get("Cookie") for request in server.requests] == [None, "b=2", None]


def test_a_redirect_that_sets_the_same_cookie_again_is_a_loop(server: FeedServer) -> None:
    server.add("/feed", Response(status=302, headers={"Location": "/feed", "Set-Cookie": "a=1"}))
    outcome = fetch(server.url("/feed"))
    url = server.url("/feed")
    assert (outcome.kind, outcome.message) == ("redirect", f"{url} redirects back to {url}: a loop")
    assert len(server.requests) == 2


def test_a_redirect_that_sets_another_cookie_each_time_ends_at_the_limit(server: FeedServer) -> None:
    count = itertools.count()
    server.add("/feed", lambda _: Response(status=302, headers={"Location": "/feed", "Set-Cookie": f"a={next(count)}"}))
    assert fetch(server.url("/feed")).message.startswith("more than 10 redirects")
    assert len(server.requests) == 11


def test_a_heap_of_cookies_is_not_carried_along(server: FeedServer) -> None:
    many = [("Location", "/b"), *(("Set-Cookie", f"c{number}={'x' * 500}") for number in range(40))]
    server.add("/a", Response(status=302, headers=many))
    server.add("/b", Response(RSS))
    assert isinstance(fetch(server.url("/a")), Fetched)
    assert len(server.requests[-1].headers.get("Cookie") or "") <= redirect_cookies.LONGEST


# What a request looks like.


def test_a_request_says_who_asks_for_whom_accepts_gzip_and_brings_nothing_else(server: FeedServer) -> None:
    server.add("/feed?a=b", Response(RSS, headers={"Set-Cookie": "a=1"}))
    request = FetchRequest(server.url("/feed?a=b"), subscribers=27)
    fetch(request, request)
    first, second = server.requests
    assert first.headers == second.headers
    assert first.target == "/feed?a=b"
    assert set(first.headers) == {"Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"}
    assert first.headers["Connection"] == "close"  # nothing else is asked of this host (RFC 9112 §9.6)
    assert first.headers["User-Agent"] == "lifestream/1.0 (+https://example.org/; 27 subscribers)"
    assert first.headers["Accept-Encoding"] == "gzip, deflate, br, zstd"


def test_one_subscriber_is_told_in_the_singular(server: FeedServer) -> None:
    server.add("/feed", Response(RSS))
    fetch(server.url("/feed"))
    assert server.requests[-1].headers["User-Agent"] == "lifestream/1.0 (+https://example.org/; 1 subscriber)"


def test_the_target_is_sent_as_it_is_spelt(server: FeedServer) -> None:
    target = "/a%2Fb/%7Euser/~user;x=1?q=%20+&y=[1]|2"
    server.add(target, Response(RSS))
    fetch(server.base_url + target)
    assert server.requests[-1].target == target


def test_proxies_and_netrc_of_the_environment_are_not_used(
    server: FeedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", os.fspath(tmp_path / "netrc"))
    server.add("/feed", Response(RSS))
    assert isinstance(fetch(server.url("/feed")), Fetched)
    assert "Authorization" not in server.requests[-1].headers


# Credentials.


def test_credentials_are_sent_with_the_first_request(server: FeedServer) -> None:
    server.add("/feed", Response(RSS, auth="Basic us:er:pässword"))
    assert isinstance(fetch(FetchRequest(server.url("/feed"), credentials="us:er:pässword")), Fetched)
    assert len(server.requests) == 1


def test_credentials_follow_a_redirect_within_their_origin_and_never_leave_it(server: FeedServer) -> None:
    with FeedServer() as other:
        server.add("/feed", moved("/new", 302))
        server.add("/new", moved(other.url("/feed"), 302))
        other.add("/feed", Response(RSS))
        outcome = fetch(FetchRequest(server.url("/feed"), credentials="user:secret"))
        assert isinstance(outcome, Fetched)
        assert ["Authorization" in request.headers for request in server.requests] == [True, True]
        assert "Authorization" not in other.requests[-1].headers


def test_credentials_in_a_redirect_are_not_picked_up(server: FeedServer) -> None:
    server.add("/feed", Response(status=301, headers={"Location": f"http://me:secret@127.0.0.1:{server.port}/new"}))
    server.add("/new", Response(RSS))
    outcome = fetch(server.url("/feed"))
    assert outcome.moved == Moved(server.url("/new"))
    assert "Authorization" not in server.requests[-1].headers


def test_credentials_do_not_show_when_a_request_is_printed() -> None:
    assert "secret" not in repr(FetchRequest("http://example.org/", credentials="user:secret"))


# Redirects.


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed_and_only_a_permanent_one_is_a_move(server: FeedServer, status: int) -> None:
    server.add("/feed", moved("/new", status))
    server.add("/new", Response(RSS))
    outcome = fetch(server.url("/feed"))
    assert isinstance(outcome, Fetched)
    assert outcome.url == server.url("/new")
    assert outcome.moved == (Moved(server.url("/new")) if status in (301, 308) else None)


def test_conditions_go_to_the_url_that_they_are_of_and_a_304_tells_of_the_move(server: FeedServer) -> None:
    server.add("/feed", moved("/new"))
    server.add("/new", Response(RSS, headers={"ETag": '"v1"'}))
    outcome = fetch(FetchRequest(server.url("/feed"), etag='"v1"', validated_url=server.url("/new")))
    assert ["If-None-Match" in request.headers for request in server.requests] == [False, True]
    assert isinstance(outcome, NotModified)
    assert outcome.moved == Moved(server.url("/new"))


def test_the_validator_of_another_url_is_not_sent_nor_a_304_to_it_believed(server: FeedServer) -> None:
    server.add("/feed", moved("/elsewhere"))
    server.add("/elsewhere", Response(status=304))
    outcome = fetch(FetchRequest(server.url("/feed"), etag='"v1"'))
    assert ["If-None-Match" in request.headers for request in server.requests] == [True, False]
    assert (outcome.kind, outcome.status) == ("status", 304)


def test_a_loop_ends_where_it_closes(server: FeedServer) -> None:
    server.add("/a", moved("/b"))
    server.add("/b", moved("/a"))
    outcome = fetch(server.url("/a"))
    assert (outcome.kind, outcome.message) == (
        "redirect",
        f"{server.url('/b')} redirects back to {server.url('/a')}: a loop",
    )
    assert len(server.requests) == 2


def test_redirects_without_end_are_followed_ten_times(server: FeedServer) -> None:
    for number in range(20):
        server.add(f"/{number}", moved(f"/{number + 1}", 302))
    outcome = fetch(server.url("/0"))
    assert (outcome.kind, outcome.message) == ("redirect", "more than 10 redirects, the last to /11")
    assert len(server.requests) == 11


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://example.org/", "javascript:alert(1)", "data:,x"])
def test_a_redirect_to_another_scheme_is_refused(server: FeedServer, location: str) -> None:
    server.add("/feed", moved(location))
    outcome = fetch(server.url("/feed"))
    assert outcome.kind == "redirect"
    assert "not http or https" in outcome.message


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.org/", "feed", "http://", "http://[::1/"])
def test_what_is_no_url_of_a_feed_is_a_failure(url: str) -> None:
    assert fetch(url).kind == "url"


# Addresses.


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/feed",
        "http://[::1]:{port}/feed",
        "http://[::ffff:127.0.0.1]:{port}/feed",
        "http://[64:ff9b::7f00:1]:{port}/feed",
        "http://0.0.0.0:{port}/feed",
        "http://169.254.169.254/latest/meta-data/",
        "http://localhost:{port}/feed",
    ],
)
def test_an_address_that_is_not_public_is_not_connected_to(server: FeedServer, url: str) -> None:
    server.add("/feed", Response(RSS))
    outcome = fetch(url.format(port=server.port), guard=AddressGuard())
    assert outcome.kind == "address"
    assert outcome.message.endswith("if it is yours, add its network to LIFESTREAM_ALLOWED_NETWORKS")
    assert server.requests == []


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "0177.0.0.1"])
def test_other_ways_to_write_an_address_are_no_way_around_the_guard(server: FeedServer, host: str) -> None:
    outcome = fetch(f"http://{host}:{server.port}/", guard=AddressGuard())
    assert isinstance(outcome, Failed)
    assert outcome.kind in ("url", "address", "dns")
    assert server.requests == []


def test_a_name_that_resolves_to_a_private_address_is_not_connected_to(server: FeedServer) -> None:
    outcome = fetch(
        f"http://rebound.example:{server.port}/",
        guard=AddressGuard(),
        resolver=Names(rebound_example=["127.0.0.1", "::1"]),
    )
    assert outcome.kind == "address"
    assert server.requests == []


def test_a_redirect_into_the_private_network_is_not_connected_to(server: FeedServer) -> None:
    server.add("/feed", moved("http://127.0.0.2:1/secret"))
    outcome = fetch(server.url("/feed"), guard=allowing("127.0.0.1"))
    assert outcome.kind == "address"
    assert outcome.message.startswith("127.0.0.2 is a loopback address")


def test_what_is_checked_is_what_is_dialled_though_the_name_server_changes_its_mind(
    server: FeedServer,
) -> None:
    server.add("/feed", Response(RSS, headers={"Connection": "close"}))
    names = Names(rebound_example=[["127.0.0.1"], ["127.0.0.2"]])
    allowed = allowing("127.0.0.1")
    url = f"http://rebound.example:{server.port}/feed"
    first = fetch(url, guard=allowed, resolver=names)
    second = fetch(url, guard=allowed, resolver=names)
    assert isinstance(first, Fetched)
    assert second.kind == "address"
    assert names.asked == ["rebound.example", "rebound.example"]
    assert len(server.requests) == 1


def test_of_several_addresses_the_one_that_may_be_dialled_is(server: FeedServer) -> None:
    server.add("/feed", Response(RSS))
    outcome = fetch(
        f"http://both.example:{server.port}/feed",
        guard=allowing("127.0.0.1"),
        resolver=Names(both_example=["10.0.0.1", "127.0.0.1"]),
    )
    assert isinstance(outcome, Fetched)


# Limits.


def test_a_declared_length_over_the_cap_is_not_read(server: FeedServer) -> None:
    server.add("/feed", Response(bytes(5000)))
    outcome = fetch(server.url("/feed"), max_body=1000)
    assert (outcome.kind, outcome.message) == ("too large", "the body has 5000 bytes, more than 1000")


def test_a_body_that_inflates_over_the_cap_is_stopped_with_bounded_memory(server: FeedServer) -> None:
    cap = 1 << 20
    bomb = gzip.compress(bytes(300 * cap))
    server.add("/feed", Response(bomb, headers={"Content-Encoding": "gzip"}))
    assert len(bomb) < cap
    tracemalloc.start()
    try:
        outcome = fetch(server.url("/feed"), max_body=cap)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (outcome.kind, outcome.message) == ("too large", f"the body is larger than {cap} bytes")
    assert peak < 8 * cap


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "auto"])
def test_a_coded_body_arrives_inflated(server: FeedServer, coding: str) -> None:
    server.add("/feed", Response(RSS * 100, coding=coding))
    outcome = fetch(server.url("/feed"))
    assert isinstance(outcome, Fetched)
    assert outcome.body == RSS * 100
    assert outcome.size < len(outcome.body)


def test_a_coding_that_was_not_asked_for_is_a_failure(server: FeedServer) -> None:
    body = b"\x1f\x9d\x90" + bytes(range(256))
    server.add("/feed", Response(body, headers={"Content-Encoding": "compress"}))
    outcome = fetch(server.url("/feed"))
    assert (outcome.kind, outcome.message) == (
        "coding",
        "the body is in the coding 'compress', which was not asked for",
    )


@pytest.mark.parametrize("coding", ["utf-8", "none", "binary", "iso-8859-1", "pretty", "gzip", "br"])
def test_a_plain_body_is_read_though_its_server_names_a_coding(server: FeedServer, coding: str) -> None:
    server.add("/feed", Response(RSS, headers={"Content-Encoding": coding}))
    outcome = fetch(server.url("/feed"))
    assert isinstance(outcome, Fetched)
    assert outcome.body == RSS


def test_a_file_that_was_gzipped_before_it_was_served_is_read(server: FeedServer) -> None:
    server.add("/feed", Response(gzip.compress(gzip.compress(RSS)), headers={"Content-Type": "application/xml"}))
    outcome = fetch(server.url("/feed"))
    assert isinstance(outcome, Fetched)
    assert outcome.body == RSS


def test_one_deadline_covers_a_body_that_drips(server: FeedServer) -> None:
    server.add("/feed", Response(b"x" * 20_000, pace="1 byte every 20ms"))
    outcome = fetch(server.url("/feed"), timeout=0.2)
    assert (outcome.kind, outcome.message) == ("timeout", "no whole answer within 0.2 s")
    assert 0.2 <= outcome.duration < 60, "the whole body takes more than six minutes"


def test_one_deadline_covers_all_hops(server: FeedServer) -> None:
    for number in range(10):
        server.add(f"/{number}", Response(status=302, headers={"Location": f"/{number + 1}"}, delay=0.1))
    outcome = fetch(server.url("/0"), timeout=0.25)
    assert outcome.kind == "timeout"
    assert len(server.requests) < 5


# Servers that speak no HTTP, or stop in the middle.


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        (b"", "connection", "the server closed the connection without an answer"),
        (b"220 mail.example ESMTP\r\n", "protocol", "the answer is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<rss>", "connection", "the answer was cut short"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<rss>\r\n",
            "connection",
            "the answer was cut short",
        ),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", "protocol", "the answer is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "protocol", "the answer is not HTTP"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "status", "the server answered 101"),
    ],
)
def test_a_server_that_is_broken_is_a_failure_that_says_how(answer: bytes, kind: str, message: str) -> None:
    with raw_server(answer) as url:
        outcome = fetch(url)
    assert outcome.kind == kind
    assert outcome.message.startswith(message)


def test_a_kept_connection_that_was_closed_meanwhile_is_replaced_once() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<rss/>"
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for _ in range(2):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)
                    connection.recv(65536)  # the next request, which is not answered, or the end

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        outcomes = fetch(url, url)
        thread.join(10)
    assert [type(outcome) for outcome in outcomes] == [Fetched, Fetched]


def test_a_long_header_of_a_real_site_is_read() -> None:
    with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: " + b"a" * 60_000 + b"\r\n\r\n") as url:
        assert isinstance(fetch(url), Fetched)


def test_a_connection_that_is_refused_is_a_failure() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: nobody else can take the port, nothing answers
        outcome = fetch(f"http://127.0.0.1:{closed.getsockname()[1]}/")
    assert outcome.kind == "connection"
    assert "no connection to 127.0.0.1" in outcome.message


def test_a_server_without_tls_on_an_https_url_is_a_failure() -> None:
    with raw_server(b"HTTP/1.1 400 Bad Request\r\n\r\n") as url:
        outcome = fetch(url.replace("http:", "https:"))
    assert outcome.kind == "tls"


def test_a_server_that_never_answers_runs_into_the_deadline() -> None:
    with raw_server(b"HTTP/1.1 200 OK\r\nContent-Le", hold=True) as url:
        assert fetch(url, timeout=0.2).kind == "timeout"


def test_the_deadline_is_for_all_hosts_on_the_way_but_not_for_the_time_between_them(server: FeedServer) -> None:
    server.add("/away", Response(status=302, headers={"Location": f"http://localhost:{server.port}/feed"}, delay=0.1))
    server.add("/feed", Response(RSS, delay=0.1))
    request = FetchRequest(server.url("/away"))
    assert fetch(request, timeout=0.15).kind == "timeout"
    assert fetch(request, timeout=30).duration >= 0.2

    async def run() -> tuple[Outcome | Redirected, Outcome | Redirected]:
        async with Fetcher(LOOPBACK, user_agent=AGENT) as fetcher:
            share = Memory().share()
            way = await fetcher.fetch_of_host(request, share)
            assert isinstance(way, Redirected)
            assert 0.1 <= way.spent < 30
            late = await fetcher.fetch_of_host(request, share, replace(way, spent=30.0))
            return late, await fetcher.fetch_of_host(request, share, way)

    late, in_time = asyncio.run(run())
    assert isinstance(late, Failed)
    assert late.kind == "timeout"
    assert isinstance(in_time, Fetched)


# The fetcher itself.


def test_cancellation_goes_through(server: FeedServer) -> None:
    server.add("/feed", Response(RSS, delay=30))

    async def run() -> bool:
        async with Fetcher(LOOPBACK, user_agent=AGENT) as fetcher:
            task = asyncio.create_task(fetcher.fetch(FetchRequest(server.url("/feed"))))
            await asyncio.to_thread(server.wait_for, "/feed")
            task.cancel()
            await asyncio.wait([task])
            return task.cancelled()

    assert asyncio.run(run())


def test_a_mistake_of_our_own_is_a_failure_that_is_logged_with_its_traceback(
    server: FeedServer, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Names):
        async def resolve(self, *args: Any, **kwargs: Any) -> list[ResolveResult]:
            raise LookupError("a bug")

    with caplog.at_level(logging.ERROR):
        outcome = fetch("http://broken.example/", resolver=Broken())
    assert (outcome.kind, outcome.message) == ("internal", "LookupError: a bug")
    assert "Traceback" in caplog.text


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_names_whose_server_is_dead_hold_up_no_others(server: FeedServer, loop: str) -> None:
    server.add("/feed", Response(RSS))
    factory = pytest.importorskip("uvloop").new_event_loop if loop == "uvloop" else None
    over, asked = threading.Event(), threading.Semaphore(0)
    resolve = socket.getaddrinfo

    def slow(host: str, *args: Any, **kwargs: Any) -> Any:
        if host.startswith("dead"):
            asked.release()
            over.wait(PATIENCE)
            raise socket.gaierror(socket.EAI_AGAIN, "the name server does not answer")
        return resolve("127.0.0.1" if host == "live.example" else host, *args, **kwargs)

    async def run() -> tuple[Outcome, list[Outcome]]:
        async with Fetcher(LOOPBACK, user_agent=AGENT) as fetcher:
            dead = [
                asyncio.create_task(fetcher.fetch(FetchRequest(f"http://dead-{number}.example/")))
                for number in range(16)
            ]
            for _ in dead:
                assert await asyncio.to_thread(asked.acquire, timeout=PATIENCE)
            live = await fetcher.fetch(FetchRequest(f"http://live.example:{server.port}/feed"))
            over.set()
            return live, await asyncio.gather(*dead)

    with mock.patch("socket.getaddrinfo", slow), asyncio.Runner(loop_factory=factory) as runner:
        live, dead = runner.run(run())
    assert isinstance(live, Fetched)
    assert {each.kind for each in dead if isinstance(each, Failed)} == {"dns"}
    assert len(dead) == 16


def test_a_link_local_address_is_dialled_with_its_zone() -> None:
    found = [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("fe80::1", 80, 0, 7))]
    with mock.patch("socket.getaddrinfo", return_value=found):
        [answer] = asyncio.run(Resolver().resolve("router.example", 80))
    assert answer["host"] == "fe80::1%7"


def test_many_fetches_run_at_once(server: FeedServer) -> None:
    server.add("/feed", Response(RSS, delay=0.2))

    async def run() -> list[Outcome]:
        async with Fetcher(LOOPBACK, user_agent=AGENT) as fetcher:
            return await asyncio.gather(*(fetcher.fetch(FetchRequest(server.url("/feed"))) for _ in range(50)))

    outcomes = asyncio.run(run())
    assert all(isinstance(outcome, Fetched) for outcome in outcomes)
    assert sum(outcome.duration for outcome in outcomes) > 50 * 0.19


def test_nothing_is_left_when_the_fetcher_is_closed(server: FeedServer) -> None:
    before = set(threading.enumerate())
    server.add("/feed", Response(RSS))
    fetch(f"http://localhost:{server.port}/feed")
    assert set(threading.enumerate()) <= before
