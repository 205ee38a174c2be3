"""Which addresses a fetch may connect to, however they are written, and whatever name resolves to them."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest

from feedserver import FeedServer, Response, moved
from fetching import AGENT, LOOPBACK, RSS, FixedResolver, fetch
from guards import allowing
from lifestream.fetcher.address_guard import AddressGuard
from lifestream.fetcher.fetch import Fetcher
from lifestream.fetcher.outcomes import Failed, Fetched, FetchRequest, Outcome
from lifestream.fetcher.session import Resolver
from programs import PATIENCE


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as server:
        yield server


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.org/", "feed", "http://", "http://[::1/"])
def test_a_text_that_is_no_url_of_a_feed_is_a_failure(url: str) -> None:
    assert fetch(url).kind == "url"


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
        resolver=FixedResolver(rebound_example=["127.0.0.1", "::1"]),
    )
    assert outcome.kind == "address"
    assert server.requests == []


def test_a_redirect_into_the_private_network_is_not_connected_to(server: FeedServer) -> None:
    server.add("/feed", moved("http://127.0.0.2:1/secret"))
    outcome = fetch(server.url("/feed"), guard=allowing("127.0.0.1"))
    assert outcome.kind == "address"
    assert outcome.message.startswith("127.0.0.2 is a loopback address")


def test_each_fetch_resolves_a_name_once_and_checks_the_address_it_connects_to(server: FeedServer) -> None:
    server.add("/feed", Response(RSS, headers={"Connection": "close"}))
    names = FixedResolver(rebound_example=[["127.0.0.1"], ["127.0.0.2"]])
    allowed = allowing("127.0.0.1")
    url = f"http://rebound.example:{server.port}/feed"
    first = fetch(url, guard=allowed, resolver=names)
    second = fetch(url, guard=allowed, resolver=names)
    assert isinstance(first, Fetched)
    assert second.kind == "address"
    assert names.asked == ["rebound.example", "rebound.example"]
    assert len(server.requests) == 1


def test_of_several_addresses_an_allowed_one_is_connected_to(server: FeedServer) -> None:
    server.add("/feed", Response(RSS))
    outcome = fetch(
        f"http://both.example:{server.port}/feed",
        guard=allowing("127.0.0.1"),
        resolver=FixedResolver(both_example=["10.0.0.1", "127.0.0.1"]),
    )
    assert isinstance(outcome, Fetched)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_names_whose_server_is_dead_do_not_delay_others(server: FeedServer, loop: str) -> None:
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
    assert [each.kind if isinstance(each, Failed) else "" for each in dead] == ["dns"] * 16


def test_a_name_of_a_link_local_address_is_resolved_with_its_zone() -> None:
    found = [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("fe80::1", 80, 0, 7))]
    with mock.patch("socket.getaddrinfo", return_value=found):
        [answer] = asyncio.run(Resolver().resolve("router.example", 80))
    assert answer["host"] == "fe80::1%7"


@pytest.mark.parametrize("host", ["a..b.example", "a" * 64 + ".example"])
def test_a_name_that_dns_cannot_have_is_a_name_without_an_address(host: str, caplog: pytest.LogCaptureFixture) -> None:
    """Python raises UnicodeError for it, not OSError; a redirect may lead there."""
    outcome = fetch(f"http://{host}/feed")
    assert isinstance(outcome, Failed)
    assert outcome.kind == "dns"
    assert outcome.message.startswith(
        f"{host} has no address: a part of the name is empty or longer than 63 characters"
    )
    assert not caplog.records
