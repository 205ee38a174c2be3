"""One fetch against a real server: its requests, its outcomes, and its limits."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from aiohttp.abc import ResolveResult

from feedserver import FeedServer, Request, Response
from fetching import AGENT, LOOPBACK, RSS, FixedResolver, fetch, raw_server
from lifestream.fetcher.body_budget import Memory
from lifestream.fetcher.fetch import Fetcher, Redirected
from lifestream.fetcher.outcomes import Failed, Fetched, FetchRequest, Outcome
from programs import PATIENCE


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as server:
        yield server


def test_a_200_has_the_body_the_headers_and_the_url_they_came_from(server: FeedServer) -> None:
    server.add("/feed", Response(RSS, headers={"Content-Type": "application/rss+xml", "X-A": "1"}))
    outcome = fetch(server.url("/feed"))
    assert isinstance(outcome, Fetched)
    assert (outcome.body, outcome.url, outcome.status, outcome.moved) == (RSS, server.url("/feed"), 200, None)
    assert outcome.headers["content-type"] == "application/rss+xml"
    assert outcome.size == len(RSS)
    assert outcome.duration > 0


def test_repeated_headers_are_joined_and_equal_ones_are_kept_once(server: FeedServer) -> None:
    repeats = [("Cache-Control", "public"), ("Cache-Control", "max-age=60"), ("ETag", '"a"'), ("ETag", '"a"')]
    server.add("/feed", Response(RSS, headers=repeats))
    headers = fetch(server.url("/feed")).headers
    assert (headers["cache-control"], headers["etag"]) == ("public, max-age=60", '"a"')


def test_a_request_names_its_user_agent_accepts_gzip_and_sends_nothing_else(server: FeedServer) -> None:
    server.add("/feed?a=b", Response(RSS, headers={"Set-Cookie": "a=1"}))
    # The host has a name, since a jar of cookies takes no cookie from a bare address.
    request = FetchRequest(f"http://localhost:{server.port}/feed?a=b", subscribers=27)
    fetch(request, request)
    first, second = server.requests
    assert first.headers == second.headers
    assert first.target == "/feed?a=b"
    assert set(first.headers) == {"Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"}
    assert first.headers["Connection"] == "close"  # there is no other request to this host (RFC 9112 §9.6)
    assert first.headers["User-Agent"] == "lifestream/1.0 (+https://example.org/; 27 subscribers)"
    assert first.headers["Accept-Encoding"] == "gzip, deflate, br, zstd"


def test_one_subscriber_is_sent_in_the_singular(server: FeedServer) -> None:
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


def test_credentials_are_sent_with_the_first_request(server: FeedServer) -> None:
    server.add("/feed", Response(RSS, auth="Basic us:er:pässword"))
    assert isinstance(fetch(FetchRequest(server.url("/feed"), credentials="us:er:pässword")), Fetched)
    assert len(server.requests) == 1


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
def test_a_broken_server_is_a_failure_with_the_reason(answer: bytes, kind: str, message: str) -> None:
    with raw_server(answer) as url:
        outcome = fetch(url)
    assert outcome.kind == kind
    assert outcome.message.startswith(message)


@pytest.mark.parametrize(("second_answers", "outcome"), [(True, Fetched), (False, Failed)])
def test_a_kept_connection_that_was_closed_meanwhile_is_replaced_once(
    second_answers: bool, outcome: type[Outcome]
) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<rss/>"
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for answers in (True, second_answers):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    if answers:
                        connection.sendall(answer)
                        connection.recv(65536)  # the next request, which is not answered, or the end

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        request = FetchRequest(f"http://127.0.0.1:{listener.getsockname()[1]}/")

        async def run() -> list[Outcome | Redirected]:
            async with Fetcher(LOOPBACK, user_agent=AGENT) as fetcher:
                return [await fetcher.fetch_of_host(request, Memory().share(), keeps=True) for _ in range(2)]

        outcomes = asyncio.run(run())
        thread.join(10)
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):  # nobody has connected a third time
            listener.accept()
    assert [type(each) for each in outcomes] == [Fetched, outcome]


@pytest.mark.parametrize("count", [0, 1, 20])
def test_an_answer_after_interim_ones_is_read(count: int) -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
    with raw_server(interim * count + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<rss/>") as url:
        assert fetch(url).body == b"<rss/>"


@pytest.mark.parametrize("count", [21, 3000])
@pytest.mark.parametrize("interim", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 E\r\nX: y\r\n\r\n"])
def test_a_server_that_sends_interim_answers_only_is_a_failure_at_once(interim: bytes, count: int) -> None:
    """They would take all of the time of the loop, and feeds of other servers would fail."""
    with raw_server(interim * count, hold=True) as url:
        outcome = fetch(url)
    assert (outcome.kind, outcome.message) == ("protocol", "the answer is not HTTP: more than 20 interim answers")


@pytest.mark.parametrize(("size", "count", "is_read"), [(1, 50_000, True), (10, 60_000, True), (1, 100_000, False)])
def test_only_a_body_in_very_many_tiny_chunks_is_a_failure(size: int, count: int, is_read: bool) -> None:
    chunk = b"%x\r\n%b\r\n" % (size, b"x" * size)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * count + b"0\r\n\r\n")
        with suppress(ConnectionError):
            await writer.drain()
        writer.close()

    async def run() -> Outcome:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server, Fetcher(LOOPBACK, user_agent=AGENT) as fetcher:
            return await fetcher.fetch(FetchRequest(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"))

    outcome = asyncio.run(run())
    if is_read:
        assert isinstance(outcome, Fetched) and outcome.size == size * count
    else:
        assert isinstance(outcome, Failed)
        assert (outcome.kind, outcome.message) == ("protocol", "the answer is not HTTP: its chunks are too small")


def test_a_long_header_of_a_real_site_is_read() -> None:
    with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: " + b"a" * 60_000 + b"\r\n\r\n") as url:
        assert isinstance(fetch(url), Fetched)


def test_a_connection_that_is_refused_is_a_failure() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound but not listening: nobody else can take the port, and nothing answers
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


@pytest.mark.slow
def test_the_deadline_counts_the_time_at_all_hosts_but_not_the_time_between_them(server: FeedServer) -> None:
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


def test_a_fetch_can_be_cancelled(server: FeedServer) -> None:
    server.add("/feed", Response(RSS, delay=30))

    async def run() -> bool:
        async with Fetcher(LOOPBACK, user_agent=AGENT) as fetcher:
            task = asyncio.create_task(fetcher.fetch(FetchRequest(server.url("/feed"))))
            await asyncio.to_thread(server.wait_for, "/feed")
            task.cancel()
            await asyncio.wait([task])
            return task.cancelled()

    assert asyncio.run(run())


def test_a_bug_is_a_failure_that_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(FixedResolver):
        async def resolve(self, *args: Any, **kwargs: Any) -> list[ResolveResult]:
            raise LookupError("a bug")

    with caplog.at_level(logging.ERROR):
        outcome = fetch("http://broken.example/", resolver=Broken())
    assert (outcome.kind, outcome.message) == ("internal", "LookupError: a bug")
    assert "Traceback" in caplog.text


def test_fetches_run_concurrently() -> None:
    all_have_arrived = threading.Barrier(6)

    def answer(_: Request) -> Response:
        all_have_arrived.wait(PATIENCE)
        return Response(RSS)

    async def run(url: str) -> list[Outcome]:
        async with Fetcher(LOOPBACK, user_agent=AGENT) as fetcher:
            return await asyncio.gather(*(fetcher.fetch(FetchRequest(url)) for _ in range(6)))

    with FeedServer(callable_timeout=PATIENCE) as server:
        server.add("/feed", answer)
        outcomes = asyncio.run(run(server.url("/feed")))
    assert all(isinstance(outcome, Fetched) for outcome in outcomes)


def test_no_thread_is_left_when_the_loop_of_a_fetcher_has_ended(server: FeedServer) -> None:
    before = set(threading.enumerate())
    server.add("/feed", Response(RSS))
    fetch(f"http://localhost:{server.port}/feed")
    assert set(threading.enumerate()) <= before
