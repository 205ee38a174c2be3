"""Bodies: their size, their codings, and their time."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Iterator

import pytest

from feedserver import FeedServer, Response
from fetching import RSS, fetch
from lifestream.fetcher.outcomes import Fetched


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as server:
        yield server


def test_a_body_with_a_declared_length_over_the_cap_is_refused(server: FeedServer) -> None:
    server.add("/feed", Response(bytes(5000)))
    outcome = fetch(server.url("/feed"), max_body=1000)
    assert (outcome.kind, outcome.message) == ("too large", "the body has 5000 bytes, more than 1000")


@pytest.mark.slow
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


def test_a_coding_that_was_not_requested_is_a_failure(server: FeedServer) -> None:
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


def test_one_deadline_covers_a_slow_body(server: FeedServer) -> None:
    server.add("/feed", Response(b"x" * 20_000, pace="1 byte every 20ms"))
    outcome = fetch(server.url("/feed"), timeout=0.2)
    assert (outcome.kind, outcome.message) == ("timeout", "no whole answer within 0.2 s")
    assert 0.2 <= outcome.duration < 60, "the whole body takes more than six minutes"


@pytest.mark.slow
def test_one_deadline_covers_all_hops(server: FeedServer) -> None:
    for number in range(10):
        server.add(f"/{number}", Response(status=302, headers={"Location": f"/{number + 1}"}, delay=0.1))
    outcome = fetch(server.url("/0"), timeout=0.25)
    assert outcome.kind == "timeout"
    assert len(server.requests) < 5
