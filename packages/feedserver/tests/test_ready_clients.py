"""The ready clients: they reach the server and trust it, whatever the environment says."""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from feedserver import FeedServer, Response


@pytest.fixture(scope="module", params=[False, True], ids=["http", "https"])
def server(request: pytest.FixtureRequest) -> Iterator[FeedServer]:
    with FeedServer(tls=request.param, strict=False) as running:
        running.add("/feed.xml", Response("<feed/>"))
        running.add("/a b?page=2", Response("spaced"))
        running.add("/form", Response("posted"), method="POST", body=b"x=1")
        yield running


@pytest.fixture(autouse=True)
def hostile_environment(monkeypatch: pytest.MonkeyPatch, closed_port: int, tmp_path: Any) -> None:
    """Set proxies on which nothing listens, and bundles without any certificate."""
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port}")
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(empty))
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


def by_urllib(server: FeedServer, path: str) -> str:
    with server.client() as client, client.open(path) as answer:
        return answer.read().decode()


def by_httpx(server: FeedServer, path: str) -> str:
    with server.client("httpx") as client:
        return client.get(path).text


def by_async_httpx(server: FeedServer, path: str) -> str:
    async def ask() -> str:
        async with server.client("httpx-async") as client:
            return (await client.get(path)).text

    return asyncio.run(ask())


def by_requests(server: FeedServer, path: str) -> str:
    with server.client("requests") as client:
        return client.get(path).text


@pytest.mark.parametrize("ask", [by_urllib, by_httpx, by_async_httpx, by_requests])
def test_a_client_reaches_the_server_by_path_and_by_url(
    server: FeedServer, ask: Callable[[FeedServer, str], str]
) -> None:
    assert ask(server, "/feed.xml") == "<feed/>"
    assert ask(server, "feed.xml") == "<feed/>"
    assert ask(server, "/a%20b?page=2") == "spaced"
    assert ask(server, server.url("/feed.xml")) == "<feed/>"


def test_a_client_posts(server: FeedServer) -> None:
    with server.client() as opener, opener.open("/form", b"x=1", method="POST", headers={"X-A": "b"}) as answer:
        assert answer.read() == b"posted"
    assert server.requests[-1].headers["X-A"] == "b"
    with server.client("requests") as session:
        assert session.post("/form", data="x=1").text == "posted"
    with server.client("httpx") as client:
        assert client.post("/form", content=b"x=1").text == "posted"


@pytest.mark.parametrize("beside", [{"method": "POST"}, {"headers": {"If-None-Match": '"v1"'}}])
def test_the_client_of_urllib_refuses_what_would_have_no_effect_beside_a_request(
    server: FeedServer, beside: Any
) -> None:
    asked = urllib.request.Request(server.url("feed.xml"))
    with server.client() as client, pytest.raises(TypeError, match="beside a Request; give them to the Request"):
        client.open(asked, **beside)


def test_the_client_of_urllib_opens_a_request_with_its_own_method_and_headers(server: FeedServer) -> None:
    asked = urllib.request.Request(server.url("feed.xml"), method="HEAD", headers={"X-Reader": "yes"})
    with server.client() as client, client.open(asked, headers={}) as answer:
        assert answer.status == 200
    server.assert_requested("/feed.xml", count=1, method="HEAD", headers={"X-Reader": "yes"})


def test_the_client_of_urllib_raises_for_an_error_as_urllib_does(server: FeedServer) -> None:
    with server.client() as client, pytest.raises(urllib.error.HTTPError, match="404") as caught:
        client.open("/missing")
    caught.value.close()


@pytest.mark.parametrize("library", ["urllib", "httpx", "requests"])
def test_a_client_shows_its_certificate(library: Any) -> None:
    with FeedServer(tls=True, client_certificates="required") as server:
        server.add("/feed.xml", Response("<feed/>"))
        with server.client(library, certificate="reader.example") as client:
            if library == "urllib":
                client.open("/feed.xml").close()
            else:
                client.get("/feed.xml")
        assert server.requests[0].connection.certificate_names == ("reader.example",)


def test_a_client_trusts_the_authority_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with FeedServer(tls="self-signed", strict=False) as server:
        system = tmp_path / "system.pem"
        system.write_text(ssl.get_server_certificate((server.host, server.port)))
        monkeypatch.setenv("SSL_CERT_FILE", str(system))  # what OpenSSL takes for the authorities of the system
        with (
            socket.create_connection((server.host, server.port), timeout=10) as connection,
            ssl.create_default_context().wrap_socket(connection, server_hostname=server.host) as trusting,
        ):
            assert trusting.version() is not None
        with server.client() as client, pytest.raises(urllib.error.URLError, match="certificate verify failed"):
            client.open("/")


def test_a_library_that_is_missing_is_named(server: FeedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(ModuleNotFoundError) as caught:
        server.client("httpx-async")
    assert str(caught.value) == "server.client('httpx-async') needs the package httpx: pip install httpx"


def test_a_server_that_has_no_address_yet_has_no_client() -> None:
    with pytest.raises(RuntimeError, match="no address yet"):
        FeedServer().client()
