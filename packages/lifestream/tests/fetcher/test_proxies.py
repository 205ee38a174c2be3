"""Requests through a proxy that speaks HTTP or SOCKS, and the hosts that the guard can still check."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from factories import NOW
from feedserver import FeedServer, Response
from guards import allowing
from lifestream.fetcher.address_guard import AddressGuard, AddressRefused
from lifestream.fetcher.fetch import Fetcher
from lifestream.fetcher.hub_client import HubVerdict, hub_client
from lifestream.fetcher.outcomes import Failed, Fetched, FetchRequest, Outcome
from lifestream.fetcher.proxies import check_host
from lifestream.fetcher.request_options import RequestOptions
from relay import Relay, relay
from tls_ends import run_to_the_end

RSS = b"<rss version='2.0'><channel><title>A feed</title></channel></rss>"


@pytest.fixture(scope="module")
def server() -> Iterator[FeedServer]:
    with FeedServer(tls=True, strict=False, names=["feeds.example"]) as running:
        running.add("/feed", Response(RSS))
        yield running


@pytest.fixture
def proxy(server: FeedServer) -> Iterator[Relay]:
    with relay((server.host, server.port)) as running:
        yield running


def fetch(url: str, proxy: str, *, own: str = "", guard: AddressGuard | None = None, pem: str = "") -> Outcome:
    """Fetch *url* through *proxy*, or through the feed's *own*. By default, the guard allows no private address."""

    async def run() -> Outcome:
        options = RequestOptions(proxy=own, certificates=pem)
        async with Fetcher(guard or AddressGuard(), user_agent="lifestream/1", proxy=proxy) as fetcher:
            return await fetcher.fetch(FetchRequest(url, options=options))

    return run_to_the_end(run())


@pytest.mark.parametrize("scheme", ["http", "socks5", "socks5h"])
def test_a_feed_is_fetched_through_the_proxy_which_looks_up_its_host(
    server: FeedServer, proxy: Relay, scheme: str
) -> None:
    outcome = fetch("http://feeds.example/feed", f"{scheme}://{proxy.address}")
    assert isinstance(outcome, Fetched), outcome
    assert outcome.body == RSS
    assert proxy.asked == ["get feeds.example" if scheme == "http" else "socks feeds.example:80"]


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_tls_goes_through_the_proxy_to_the_server_and_is_verified(
    server: FeedServer, proxy: Relay, scheme: str
) -> None:
    url = f"{scheme}://ada:pw@{proxy.address}"
    pem = Path(server.ca_bundle).read_text()
    assert isinstance(fetch("https://feeds.example/feed", url, pem=pem), Fetched)
    assert proxy.asked == [f"{'connect' if scheme == 'http' else 'socks'} feeds.example:443"]
    assert proxy.logins == ["Basic YWRhOnB3" if scheme == "http" else "ada:pw"]
    refused = fetch("https://feeds.example/feed", url)
    assert isinstance(refused, Failed)
    assert refused.kind == "tls"
    assert "pw" not in refused.message


def test_one_feed_may_have_a_proxy_of_its_own_or_none(server: FeedServer, proxy: Relay) -> None:
    assert isinstance(fetch("http://feeds.example/feed", "", own=f"http://{proxy.address}"), Fetched)
    assert len(proxy.asked) == 1
    direct = fetch(
        server.url("/feed", scheme="http"), f"http://{proxy.address}", own="direct", guard=allowing("127.0.0.0/8")
    )
    assert isinstance(direct, Fetched)
    assert len(proxy.asked) == 1


def test_a_redirect_to_a_private_address_is_refused_before_the_proxy_gets_it(server: FeedServer, proxy: Relay) -> None:
    server.add("/away", Response(status=302, headers={"Location": "http://127.0.0.1/admin"}))
    outcome = fetch("http://feeds.example/away", f"http://{proxy.address}")
    assert isinstance(outcome, Failed)
    assert (outcome.kind, outcome.message.startswith("127.0.0.1 is a loopback address")) == ("address", True)
    assert len(proxy.asked) == 1


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "[::1]", "2130706433", "0x7f.1", "127.1", "10.1.2.3", "169.254.169.254", "[::ffff:10.0.0.1]"),
        *("localhost", "a.localhost", "localhost.", "router.local", "db.internal", "intranet", "nas.home.arpa"),
    ],
)
def test_hosts_that_are_clearly_private_are_refused(host: str) -> None:
    with pytest.raises(AddressRefused):
        check_host(f"http://{host}/", AddressGuard())


def test_hosts_that_are_public_or_allowed_or_unknown_pass() -> None:
    for host in ("example.org", "93.184.215.14", "[2606:2800::1]", "a-b.example"):
        check_host(f"http://{host}/", AddressGuard())
    check_host("http://10.0.0.1/", allowing("10.0.0.0/8"))
    check_host("http://intranet/", allowing("10.0.0.0/8"))


def test_a_failure_of_the_proxy_is_not_reported_as_one_of_the_server(server: FeedServer) -> None:
    with relay(
        (server.host, server.port), b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    ) as no:
        outcome = fetch("https://feeds.example/feed", f"http://{no.address}")
    assert isinstance(outcome, Failed)
    assert (outcome.kind, outcome.message) == ("connection", "the proxy answered 407 Proxy Authentication Required")
    with relay((server.host, server.port), b"no SOCKS") as no:
        other = fetch("http://feeds.example/feed", f"socks5://{no.address}")
    assert isinstance(other, Failed)
    assert other.kind == "connection"
    assert other.message.startswith("the proxy failed: ")


def test_without_the_extra_socks_is_refused_with_the_remedy() -> None:
    with mock.patch.dict(sys.modules, {"aiohttp_socks": None}):
        outcome = fetch("http://feeds.example/feed", "socks5://127.0.0.1:1")
    assert isinstance(outcome, Failed)
    assert outcome.message == "its proxy speaks SOCKS: install django-lifestream with the extra socks"


def test_requests_to_hubs_go_through_the_proxy_too(server: FeedServer, proxy: Relay) -> None:
    server.add("/hub", Response(status=202), method="POST")

    async def run(hub: str) -> HubVerdict:
        async with hub_client(AddressGuard(), user_agent="x", proxy=f"http://{proxy.address}") as client:
            return (await client.post(hub, {"hub.mode": "subscribe"}, NOW)).verdict

    assert run_to_the_end(run("http://feeds.example/hub")) is HubVerdict.ACCEPTED
    assert run_to_the_end(run("http://127.0.0.1/hub")) is HubVerdict.REFUSED
    assert proxy.asked == ["get feeds.example"]
