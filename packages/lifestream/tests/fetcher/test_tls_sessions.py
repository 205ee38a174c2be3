"""TLS sessions are resumed only with the server that they were made with, and only for a limited time."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import pytest
import trustme

from feedserver import FeedServer, Response
from fetching import AGENT, LOOPBACK
from lifestream.fetcher import tls_sessions
from lifestream.fetcher.body_budget import Memory
from lifestream.fetcher.fetch import Fetcher
from lifestream.fetcher.outcomes import Fetched, FetchRequest
from lifestream.fetcher.request_options import NO_OPTIONS, RequestOptions
from lifestream.fetcher.tls_sessions import ResumingContext, resuming_context
from lifestream.fetcher.url_hosts import host_of
from tls_ends import run_to_the_end


@pytest.fixture(scope="module")
def server() -> Iterator[FeedServer]:
    with FeedServer(host="localhost", tls=True) as server:
        server.add("/feed", Response(b"<rss/>"))
        yield server


@pytest.fixture
def context(server: FeedServer) -> ResumingContext:
    """Return a context for this test alone that trusts the server."""
    resuming_context.cache_clear()
    context = resuming_context()
    resuming_context.cache_clear()
    context.load_verify_locations(server.ca_bundle)
    return context


def resumed(context: ResumingContext, *urls: str) -> list[bool]:
    """Request *urls* one after the other, each on a new connection. Return for each whether it resumed a session."""
    made: list[ssl.SSLObject] = []

    class Watched(aiohttp.TCPConnector):
        """A connector that notes the TLS object of each connection before the response has been read."""

        async def connect(self, *arguments: Any, **options: Any) -> Any:
            connection: Any = await super().connect(*arguments, **options)
            made.append(connection.transport.get_extra_info("ssl_object"))
            return connection

    async def ask() -> None:
        async with aiohttp.ClientSession(connector=Watched(ssl=context, force_close=True)) as session:
            for url in urls:
                async with session.get(url) as response:
                    assert await response.read() == b"<rss/>"

    run_to_the_end(ask())
    return [bool(each.session_reused) for each in made]


@pytest.mark.slow
def test_a_second_connection_resumes_the_session_of_the_first(server: FeedServer, context: ResumingContext) -> None:
    url = server.url("/feed")
    assert resumed(context, url, url, url) == [False, True, True]
    # Another event loop of the same process resumes it, too.
    assert resumed(context, url) == [True]


def test_a_session_is_not_offered_to_another_name(server: FeedServer, context: ResumingContext) -> None:
    urls = server.url("/feed", host="localhost"), server.url("/feed", host="127.0.0.1")
    assert resumed(context, *urls, *urls) == [False, False, True, True]


def test_a_checked_certificate_is_trusted_only_for_a_limited_time(server: FeedServer, context: ResumingContext) -> None:
    now = 1000.0
    context.clock = lambda: now
    url = server.url("/feed")
    assert resumed(context, url, url) == [False, True]
    # Resuming does not check the certificate again, so it does not prolong the time.
    now += tls_sessions.KEPT * 0.9
    assert resumed(context, url) == [True]
    now += tls_sessions.KEPT * 0.2
    assert resumed(context, url, url) == [False, True]


@pytest.mark.slow
def test_only_the_latest_sessions_are_kept(
    server: FeedServer, context: ResumingContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls_sessions, "MOST", 1)
    one, two = server.url("/feed", host="localhost"), server.url("/feed", host="127.0.0.1")
    assert resumed(context, one, two, one, one) == [False, False, False, True]
    assert len(context.sessions) == 1


def test_a_certificate_of_an_unknown_authority_is_refused(server: FeedServer) -> None:
    resuming_context.cache_clear()
    context = resuming_context()
    context.sessions = OrderedDict()
    with pytest.raises(aiohttp.ClientConnectorCertificateError):
        resumed(context, server.url("/feed"))
    assert context.sessions == {}


def test_the_context_checks_what_python_checks_by_default() -> None:
    context, usual = resuming_context(), ssl.create_default_context()
    assert context.verify_mode == usual.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname and usual.check_hostname
    assert (context.verify_flags, context.options) == (usual.verify_flags, usual.options)
    assert context.minimum_version == usual.minimum_version
    assert resuming_context() is context


@pytest.mark.slow
@pytest.mark.parametrize("keeps", [True, False])
@pytest.mark.parametrize("options", [NO_OPTIONS, RequestOptions(verifies=False)])
def test_a_server_that_does_not_agree_to_a_close_keeps_no_connection_open(
    keeps: bool, options: RequestOptions, server: FeedServer, context: ResumingContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Event loops wait 30 seconds for the agreement: a few hundred answers would use up all files of this process."""
    monkeypatch.setattr("lifestream.fetcher.session.resuming_context", lambda: context)

    async def ask(url: str, closed: threading.Event) -> None:
        host = host_of(url)
        async with Fetcher(LOOPBACK, user_agent=AGENT) as fetcher:
            outcome = await fetcher.fetch_of_host(FetchRequest(url, options=options), Memory().share(), keeps=keeps)
            await fetcher.leave(host)
            assert isinstance(outcome, Fetched), outcome
            assert await asyncio.to_thread(closed.wait, 10)

    with _unagreeing() as (url, closed):
        context.load_verify_locations(cadata=_AUTHORITY.cert_pem.bytes().decode())
        run_to_the_end(ask(url, closed))


_AUTHORITY = trustme.CA()


@contextmanager
def _unagreeing() -> Iterator[tuple[str, threading.Event]]:
    """Yield the URL of a TLS server and an event. The server answers one request, and then reads without TLS until the
    client closes the connection. Then it sets the event.
    """
    context, closed = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), threading.Event()
    _AUTHORITY.issue_cert("localhost").configure_cert(context)

    def serve() -> None:
        connection, _ = listener.accept()
        with context.wrap_socket(connection, server_side=True, suppress_ragged_eofs=True) as secure:
            secure.recv(65536)
            secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<rss/>")
            bare = socket.socket(fileno=secure.detach())
        with bare:
            bare.settimeout(10)
            try:
                while bare.recv(65536):
                    pass
            except ConnectionResetError:
                pass
            except TimeoutError:
                return
            closed.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"https://localhost:{listener.getsockname()[1]}/", closed
        thread.join()
