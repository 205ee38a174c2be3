"""TLS sessions are resumed only with the server that they were made with, and only for a limited time."""

from __future__ import annotations

import ssl
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from feedserver import FeedServer, Response
from lifestream.fetcher import tls_sessions
from lifestream.fetcher.tls_sessions import ResumingContext, resuming_context
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
    # Resuming it again does not check the certificate again.
    now += tls_sessions.KEPT * 0.9
    assert resumed(context, url) == [True]
    now += tls_sessions.KEPT * 0.2
    assert resumed(context, url, url) == [False, True]


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
