"""Real clients against every fault: each ends in time, with an error where one is due; the server keeps running."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import urllib.request
from collections.abc import Callable, Iterator

import aiohttp
import feedparser
import httpx
import pytest
import requests

import feed_clients
from feedserver import FeedServer, Response
from feedserver.faults import KINDS, parse

FEED = (
    b'<?xml version="1.0"?>\n<feed xmlns="http://www.w3.org/2005/Atom"><title>Example</title>'
    + b"".join(b"<entry><id>urn:n:%d</id><title>Entry %d</title></entry>" % (n, n) for n in range(40))
    + b"</feed>"
)
WHOLE, ERROR, OTHER = "whole", "error", "something else"

# The outcomes that a client may have; where there is only one, RFC 9110 and 9112 allow no other.
FAILS, SURVIVES, SPOILT = {ERROR}, {WHOLE}, {ERROR, OTHER}
OUTCOMES: dict[str, set[str]] = {
    "reset before answer": FAILS,
    "reset after headers": FAILS,
    "reset after 512": FAILS,
    "close before answer": FAILS,
    "close after headers": FAILS,
    "close after 512": FAILS,
    "stall before answer": FAILS,
    "stall after headers": FAILS,
    "stall after 512": FAILS,
    "reset at end": SURVIVES,
    "close at end": SURVIVES,
    "stall at end": SURVIVES,
    "short content-length by 100": SPOILT,
    "long content-length": FAILS,
    "two content-lengths": {ERROR, WHOLE},
    "content-length with transfer-encoding": {ERROR, WHOLE},
    "missing last chunk": FAILS,
    "bad chunk size": FAILS,
    "bad chunk size -1": FAILS,
    "bad chunk size ffffffffffffffffff": FAILS,
    "chunk extensions": SURVIVES,
    "trailers": SURVIVES,
    "truncated gzip": SPOILT,
    "corrupt gzip": SPOILT,
    "false coding": {ERROR, WHOLE},  # urllib decodes no content codings
    "false coding identity": SPOILT,
    "bomb": SPOILT,
    "bad status line": FAILS,
    "garbage": FAILS,
    "HTTP/0.9": FAILS,
    "obs-fold": {ERROR, WHOLE},
    "bare LF": {ERROR, WHOLE},
    "NUL": {ERROR, WHOLE},
    "non-ASCII": {ERROR, WHOLE},
    "interim": {ERROR, WHOLE, OTHER},  # some clients take 103 for the final answer
    "interim 100": {ERROR, WHOLE},
    "redirect loop": FAILS,
    "redirect to file:": FAILS,
    "redirect to port": FAILS,
    "redirect to private address 127.0.0.2": SPOILT,  # the loopback, so that no test leaves this machine
    "slow headers 10 bytes every 5ms": SURVIVES,
    "slow body 300 bytes every 5ms": SURVIVES,
    "early answer": SURVIVES,  # none of them sends a body with GET
    "nothing": SURVIVES,
}
ENDLESS = ("endless body", "endless headers")
PATIENCE = 20.0
"""Seconds to wait for an answer that must come: long, so that no test fails on a busy machine."""
IMPATIENCE = [0.5, 5.0, PATIENCE]
"""Seconds to wait for an answer that never comes, tried in turn: on a busy machine, a client may give up too early."""

every_client = pytest.mark.parametrize("client", ["urllib", "requests", "httpx", "aiohttp", "curl"])


# Some clients leave a socket to the garbage collector when an answer breaks: that is no error of the server.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture(scope="module", autouse=True)
def careless_clients() -> Iterator[None]:
    """Collect the sockets that clients have left open, before their warnings fail other tests."""
    yield
    gc.collect()


def serve(server: FeedServer, text: str) -> str:
    server.add("/feed.xml", Response(FEED, headers={"ETag": '"v1"'}, faults=parse(text)))
    return server.url("feed.xml")


def ask_in_vain(server: FeedServer, client: str, url: str, monkeypatch: pytest.MonkeyPatch) -> feed_clients.Outcome:
    """Return the outcome of a client that waits, for a short time, for an answer that never comes."""
    for patience in IMPATIENCE:
        monkeypatch.setattr(feed_clients, "TIMEOUT", patience)
        outcome = feed_clients.ask(client, url)
        if server.journal.exchanges:
            return outcome
    raise AssertionError(f"{client} never asked for {url}")


def test_every_kind_of_fault_is_tried() -> None:
    kinds = {type(parse(example)) for kind in KINDS.values() for example in kind.examples}
    assert {type(parse(text)) for text in (*OUTCOMES, *ENDLESS)} == kinds


@pytest.mark.slow
@every_client
@pytest.mark.parametrize("text", OUTCOMES)
def test_each_fault_gives_each_client_the_expected_outcome(
    server: FeedServer, text: str, client: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stalls = text.startswith("stall") and text != "stall at end"
    # If the bad size comes together with the head, aiohttp waits for more until its timeout.
    stalls |= client == "aiohttp" and text.startswith("bad chunk size")
    if stalls:
        outcome = ask_in_vain(server, client, serve(server, text), monkeypatch)
    else:
        monkeypatch.setattr(feed_clients, "TIMEOUT", PATIENCE)
        outcome = feed_clients.ask(client, serve(server, text))
    verdict = ERROR if outcome.error else WHOLE if outcome.digest == hashlib.sha256(FEED).hexdigest() else OTHER
    assert verdict in OUTCOMES[text], outcome
    first = server.wait_for("/feed.xml", timeout=PATIENCE)[0]
    if text == "early answer":
        assert "the fault 'early answer' was not injected" in server.site.problems.take()[0]
    else:
        assert [strike.fault for strike in first.faults] == [str(parse(text))]
    server.add("/fine", Response("fine"))
    monkeypatch.setattr(feed_clients, "TIMEOUT", PATIENCE)
    assert feed_clients.ask("urllib", server.url("fine")) == feed_clients.got(200, b"fine")


# Endless answers: a client that counts bytes leaves in time.

ENOUGH = 1_000_000


def count_by_urllib(url: str) -> int:
    size = 0
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        while size < ENOUGH:
            size += len(answer.read(65_536))
    return size


def count_by_requests(url: str) -> int:
    size = 0
    with requests.get(url, timeout=PATIENCE, stream=True) as answer:
        for piece in answer.iter_content(65_536):
            size += len(piece)
            if size >= ENOUGH:
                break
    return size


def count_by_httpx(url: str) -> int:
    size = 0
    with httpx.stream("GET", url, timeout=PATIENCE, trust_env=False) as answer:
        for piece in answer.iter_bytes():
            size += len(piece)
            if size >= ENOUGH:
                break
    return size


def count_by_aiohttp(url: str) -> int:
    async def get() -> int:
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return len(await answer.content.readexactly(ENOUGH))

    return asyncio.run(get())


@pytest.mark.parametrize("count", [count_by_urllib, count_by_requests, count_by_httpx, count_by_aiohttp])
def test_a_client_that_counts_leaves_an_endless_body(server: FeedServer, count: Callable[[str], int]) -> None:
    assert count(serve(server, "endless body")) >= ENOUGH
    [exchange] = server.journal.exchanges
    assert exchange.ended.startswith("client left")
    assert [(strike.fault, strike.at) for strike in exchange.faults] == [("endless body", len(FEED))]


@every_client
def test_every_client_gives_up_on_endless_headers(
    server: FeedServer, client: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_clients, "TIMEOUT", 5.0)
    assert feed_clients.ask(client, serve(server, "endless headers")).error
    [exchange] = server.journal.exchanges
    assert exchange.ended.startswith("client left")


# Answers that are slower than a client's timeout.


@pytest.mark.slow
@pytest.mark.parametrize("client", ["aiohttp", "curl"])
def test_a_timeout_for_the_whole_answer_ends_a_slow_body(
    server: FeedServer, client: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask_in_vain(server, client, serve(server, "slow body"), monkeypatch).error
    assert server.journal.exchanges[0].bytes_sent < len(FEED)


@pytest.mark.slow
@pytest.mark.parametrize("client", ["urllib", "requests", "httpx"])
def test_a_timeout_for_each_read_does_not_end_a_slow_body(
    server: FeedServer, client: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_clients, "TIMEOUT", 3.0)
    outcome = feed_clients.ask(client, serve(server, f"slow body {len(FEED) // 33} bytes every 100ms"))
    assert (outcome.status, outcome.size) == (200, len(FEED))
    assert server.journal.exchanges[0].duration > 3.0


# Reused connections.


def numbers_on_connections(server: FeedServer) -> list[int]:
    """Return which request of its connection each request was, from 1."""
    return [request.connection.number for request in server.requests]


def test_a_session_of_requests_recovers_from_a_reset_on_a_used_connection(server: FeedServer) -> None:
    url = serve(server, "reset after 512 on request 2")
    with requests.Session() as session:
        assert session.get(url, timeout=PATIENCE).content == FEED
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            session.get(url, timeout=PATIENCE)
        assert session.get(url, timeout=PATIENCE).content == FEED
    assert [exchange.ended for exchange in server.journal.exchanges] == ["complete", "reset", "complete"]
    assert numbers_on_connections(server) == [1, 2, 1]


def test_a_client_of_httpx_recovers_from_a_close_on_a_used_connection(server: FeedServer) -> None:
    url = serve(server, "close after headers on request 2")
    with httpx.Client(trust_env=False, timeout=PATIENCE, verify=False) as client:
        assert client.get(url).content == FEED
        with pytest.raises(httpx.RemoteProtocolError):
            client.get(url)
        assert client.get(url).content == FEED
    assert numbers_on_connections(server) == [1, 2, 1]


def test_a_session_of_aiohttp_recovers_from_a_missing_last_chunk_on_a_used_connection(server: FeedServer) -> None:
    url = serve(server, "missing last chunk on request 2")

    async def get() -> None:
        async with aiohttp.ClientSession() as session:
            async with session.get(url) as answer:
                assert await answer.read() == FEED
            async with session.get(url) as answer:
                with pytest.raises(aiohttp.ClientPayloadError):
                    await answer.read()
            async with session.get(url) as answer:
                assert await answer.read() == FEED

    asyncio.run(get())
    assert [bool(exchange.faults) for exchange in server.journal.exchanges] == [False, True, False]
    assert numbers_on_connections(server) == [1, 2, 1]


def test_a_post_is_answered_early(server: FeedServer) -> None:
    server.add("/hub", Response("too much", 413, faults=parse("early answer")), method="POST")
    body = b"x" * 20_000
    answers = [
        requests.post(server.url("hub"), data=body, timeout=PATIENCE).status_code,
        httpx.post(server.url("hub"), content=body, timeout=PATIENCE, trust_env=False).status_code,
    ]
    try:
        urllib.request.urlopen(server.url("hub"), data=body, timeout=PATIENCE)
    except urllib.error.HTTPError as error:
        with error:
            answers.append(error.code)
    assert answers == [413, 413, 413]
    assert [exchange.body for exchange in server.journal.exchanges] == [b"", b"", b""]


def test_feedparser_notices_broken_bodies_and_reads_one_with_trailers(
    server: FeedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_clients, "TIMEOUT", PATIENCE)
    cut = feedparser.parse(serve(server, "truncated gzip"))
    assert cut.bozo and len(cut.entries) < 40
    assert len(feedparser.parse(serve(server, "trailers")).entries) == 40
    assert feed_clients.ask("feedparser", serve(server, "close after headers")).error


@pytest.mark.slow
def test_broken_answers_leave_no_connection_or_worker(server: FeedServer) -> None:
    for text in OUTCOMES:
        url = serve(server, text)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(feed_clients, "TIMEOUT", 0.1 if text.startswith("stall") else PATIENCE)
            feed_clients.ask("urllib", url)
    assert server.journal.wait_until(
        lambda: not any(connection.is_busy for connection in server.listening.connections), PATIENCE
    )
    server.stop()
    server.allow("'early answer' was not injected")  # a GET has no body
    assert not server.listening.connections and not server.listening.workers
    assert all(exchange.is_over for exchange in server.journal.exchanges)
