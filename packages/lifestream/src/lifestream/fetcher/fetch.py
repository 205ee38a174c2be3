"""One polite, bounded and safe GET of a feed: `FetchRequest` in, an outcome out. Only cancellation raises.

    request ── conditional headers ──▶ hop ──▶ hop ──▶ answer ──▶ Fetched │ NotModified │ Gone │ Failed
                                        │ each: scheme, loop, count; address at dial time; credentials by
                                        origin

One deadline covers everything but waits for memory: name resolution, connections, every hop and the whole body. A body
is read into memory up to a cap that counts inflated bytes; no body is read if the status says that there is no feed.
This module keeps the rules of politeness that concern a single request; `scheduler.schedule` decides when to ask again.
A caller that limits requests by host asks the hosts of a redirect one after the other (`fetch_of_host`), and may wait
between them for as long as it likes.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import ssl
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from http import HTTPStatus
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver
from multidict import CIMultiDict
from yarl import URL

from lifestream.fetcher.address_guard import AddressGuard, AddressRefused
from lifestream.fetcher.body_budget import Crowded, Memory, Share
from lifestream.fetcher.content_decoding import Body, BodyTooLarge, CodingFailed
from lifestream.fetcher.feed_urls import UrlRefused, origin, request_url
from lifestream.fetcher.inflaters import accepted
from lifestream.fetcher.outcomes import NO_HEADERS, Failed, Fetched, FetchRequest, Gone, Moved, NotModified, Outcome
from lifestream.fetcher.proxies import NoSocks, check_host, open_proxied, proxy_of
from lifestream.fetcher.redirect_cookies import RedirectCookies
from lifestream.fetcher.redirects import REDIRECT_STATUSES, RedirectRefused, Trail
from lifestream.fetcher.request_options import DIRECT
from lifestream.fetcher.session import Resolver, failure_of, headers_of, open_session, prepare_loop
from lifestream.fetcher.url_hosts import host_of
from lifestream.message import say

log = logging.getLogger(__name__)

_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/rdf+xml, application/feed+json, "
    "application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, text/html;q=0.5, */*;q=0.1"
)
_SUBSCRIBERS = "{subscribers}"
_CROWDED = "the answers that came at once were too large together, and this one was given up as the largest"


def _ignore(url: str) -> None:
    """Do nothing: the default callback for redirects."""


@dataclass(frozen=True, slots=True)
class Redirected:
    """The state of a fetch that is redirected to another host: its *trail*, how many seconds were *spent* on it, and
    the *cookies* that its redirects have set.
    """

    trail: Trail
    spent: float = 0.0
    cookies: RedirectCookies = field(default_factory=RedirectCookies, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """The limits of one fetch.

    *timeout* is in seconds and covers everything but waits for memory, and for the next host of a redirect; *max_body*
    is in inflated bytes; *max_redirects* is a number of hops.
    """

    timeout: float = 30.0
    max_body: int = 10 * 1024 * 1024
    max_redirects: int = 10


@dataclass(slots=True)
class _Server:
    """What is open for one host, for one *proxy*, or for all hosts that are asked only once: its *session*, how many
    fetches are *using* it, and the *origins* that were asked.
    """

    session: aiohttp.ClientSession
    using: int = 0
    origins: set[str] = field(default_factory=set)
    proxy: str = field(default="", repr=False)


@dataclass(slots=True)
class _Fetch:
    """One fetch under way: the *request*, its *share* of the memory, and the callback for the URL of each redirect.

    *headers* are those of the answer whose body is being received.
    """

    request: FetchRequest
    share: Share
    redirected: Callable[[str], None]
    headers: Mapping[str, str] = field(default_factory=lambda: NO_HEADERS)


class Fetcher:
    """Fetches feeds: an async context manager, for the event loop that entered it.

    A connection is kept open only if more feeds of its host are to be requested, since each open one costs this process
    a file; a connection through a proxy never is. `leave` closes the connections to a host.

    *user_agent* names the program and a contact; "{subscribers}" in it becomes "1 subscriber" or "27 subscribers".
    *resolver* replaces the system's name resolution. *proxy* is the URL of the proxy for all
    feeds whose options name no other, "" for none.
    *accept* is the value of Accept (RFC 9110, section 12.5.1); by default it asks for feeds.
    """

    def __init__(
        self,
        guard: AddressGuard,
        *,
        user_agent: str,
        limits: FetchLimits | None = None,
        resolver: AbstractResolver | None = None,
        proxy: str = "",
        accept: str = _ACCEPT,
    ) -> None:
        self._guard = guard
        self._accept = accept
        self._proxy = proxy
        self._proxied: dict[str, _Server] = {}  # by the URLs of proxies
        self._limits = limits or FetchLimits()
        self._user_agent = user_agent
        self._resolver = resolver or Resolver()
        self._servers: dict[str, _Server] = {}
        self._once: _Server | None = None  # for hosts that are asked only once

    async def __aenter__(self) -> Self:
        prepare_loop()
        self._once = _Server(open_session(self._guard, self._resolver, keeps=False))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        servers = [*self._servers.values(), *self._proxied.values(), *([self._once] if self._once else [])]
        self._servers, self._proxied, self._once = {}, {}, None
        for server in servers:
            await server.session.close()

    async def leave(self, host: str) -> None:
        """Close the connections that are kept open for *host* (see `url_hosts.host_of`), unless a fetch is under way
        there.
        """
        if (server := self._servers.get(host)) is not None and not server.using:
            del self._servers[host]
            await server.session.close()

    def _server(self, host: str, proxy: str, *, keeps: bool) -> _Server:
        """Return the session for *host*, or for *proxy* if there is one. With *keeps*, the session of the host keeps
        its connections open until `leave`. Raises RuntimeError outside the context.
        """
        if self._once is None:
            raise RuntimeError("a Fetcher fetches inside its context only: write `async with Fetcher(…) as fetcher`")
        if proxy:
            if (server := self._proxied.get(proxy)) is None:
                server = self._proxied[proxy] = _Server(open_proxied(proxy, self._resolver), proxy=proxy)
            return server
        if (server := self._servers.get(host)) is None:
            if not keeps:
                self._once.origins.clear()  # earlier requests have left no connection open
                return self._once
            server = self._servers[host] = _Server(open_session(self._guard, self._resolver))
        return server

    async def fetch(self, request: FetchRequest, share: Share | None = None) -> Outcome:
        """Request one feed. Raises nothing but `asyncio.CancelledError`: any error becomes a `Failed`.

        The body of a `Fetched` keeps its *share* of the memory; any other outcome releases it. No connection is kept
        open.
        """
        share = share or Memory(sys.maxsize).share()
        outcome = await self.fetch_of_host(request, share)
        while isinstance(outcome, Redirected):
            outcome = await self.fetch_of_host(request, share, outcome)
        return outcome

    async def fetch_of_host(
        self,
        request: FetchRequest,
        share: Share,
        way: Redirected | None = None,
        redirected: Callable[[str], None] = _ignore,
        *,
        keeps: bool = False,
    ) -> Outcome | Redirected:
        """Request one feed like `fetch`, but stop at a redirect to another host, before that is requested.

        In that case the result is a `Redirected`, to be passed as *way* to the next call. Time that passes between the
        two calls doesn't count towards the deadline. *redirected* is called with the URL of each redirect within the
        host, before it is requested. With *keeps* the connection stays open for the host's next feed, until `leave`.
        """
        started = time.perf_counter()
        outcome = await self._bounded(_Fetch(request, share, redirected), way, keeps=keeps)
        spent = time.perf_counter() - started + (way.spent if way else 0.0)
        if isinstance(outcome, Redirected):
            return replace(outcome, spent=spent)
        if isinstance(outcome, Fetched):
            share.finish(len(outcome.body))
        else:
            share.leave()
        return replace(outcome, duration=spent)

    async def _bounded(self, fetch: _Fetch, way: Redirected | None, *, keeps: bool) -> Outcome | Redirected:
        limits, request = self._limits, fetch.request
        try:
            way = way or Redirected(Trail(request_url(request.url)))
            async with asyncio.timeout(limits.timeout - way.spent) as fetch.share.deadline:
                server = self._server(host_of(way.trail.url), self._proxy_for(request), keeps=keeps)
                server.using += 1
                try:
                    return await self._follow(server, fetch, way)
                finally:
                    server.using -= 1
        except TimeoutError:
            late = say("no-answer-in-time", seconds=f"{limits.timeout:g}")
            return Failed("timeout", late, request.url, headers=fetch.headers)
        except (UrlRefused, NoSocks) as error:
            return Failed("url", str(error), request.url)
        except AddressRefused as error:
            return Failed("address", str(error), request.url)
        except Exception as error:
            known = failure_of(error)
            if known is not None:
                kind, message = known
                return Failed(kind, message, request.url, headers=fetch.headers)
            log.exception("fetching %s failed with an unexpected error", request.url)
            return Failed("internal", f"{type(error).__name__}: {error}", request.url, headers=fetch.headers)

    def _proxy_for(self, request: FetchRequest) -> str:
        proxy = request.options.proxy or self._proxy
        return "" if proxy == DIRECT else proxy

    async def _follow(self, server: _Server, fetch: _Fetch, way: Redirected) -> Outcome | Redirected:
        """Request the next URL of *way*, and follow its redirects within the host."""
        request, trail, cookies = fetch.request, way.trail, way.cookies
        home = trail.seen[0] if trail.seen else trail.url
        headers = self._headers(request)
        conditions = _conditions(request)
        while True:
            # A validator of another URL says nothing about this one, and could match by chance (RFC 9110 §8.8).
            conditional = conditions if trail.url == (request.validated_url or home) else {}
            sent = CIMultiDict(headers | conditional)
            at_home = trail.url == home or origin(trail.url) == origin(home)
            if at_home:
                sent.update(request.options.headers)
            if request.credentials and at_home:
                sent["Authorization"] = _basic(request.credentials)
            if trail.cookie:
                sent["Cookie"] = "; ".join([*sent.getall("Cookie", ()), trail.cookie])  # one field (RFC 6265 §5.4)
            if server.proxy:
                check_host(trail.url, self._guard)
            tls = request.options.tls if at_home else True
            async with await _get(server, trail.url, sent, tls) as response:
                if response.status not in REDIRECT_STATUSES:
                    return await self._answer(bool(conditional), trail, response, fetch)
                location, host = response.headers.get("Location", ""), host_of(trail.url)
                cookies.take(response.cookies, trail.url)
                try:
                    limit = self._limits.max_redirects
                    trail = trail.followed(response.status, location, limit=limit, cookies=cookies.for_url)
                except RedirectRefused as error:
                    return Failed("redirect", str(error), trail.url, response.status, headers_of(response.headers))
                if host_of(trail.url) != host:
                    return Redirected(trail, cookies=cookies)
                fetch.redirected(trail.url)

    def _headers(self, request: FetchRequest) -> dict[str, str]:
        count = request.subscribers
        subscribers = "1 subscriber" if count == 1 else f"{count} subscribers"
        return {
            "User-Agent": (request.options.user_agent or self._user_agent).replace(_SUBSCRIBERS, subscribers),
            "Accept": self._accept,
            "Accept-Encoding": accepted(),
        }

    async def _answer(
        self, conditional: bool, trail: Trail, response: aiohttp.ClientResponse, fetch: _Fetch
    ) -> Outcome:
        status = response.status
        headers = headers_of(response.headers)
        moved = Moved(trail.moved) if trail.moved else None
        if status == HTTPStatus.NOT_MODIFIED and conditional:
            return NotModified(trail.url, status, headers, moved)
        if status == HTTPStatus.GONE and trail.permanent:
            return Gone(trail.url, status, headers)
        if status not in (HTTPStatus.OK, HTTPStatus.NON_AUTHORITATIVE_INFORMATION):
            return Failed("status", _status_message(response), trail.url, status, headers)
        fetch.headers = headers
        try:
            body, received = await self._body(response, headers, fetch.share)
        except BodyTooLarge as error:
            return Failed("too large", str(error), trail.url, status, headers)
        except Crowded:
            if not fetch.share.to_blame:
                return Failed("shortage", say("answers-crowded"), trail.url, status, headers)
            return Failed("too large", _CROWDED, trail.url, status, headers)
        except CodingFailed as error:
            return Failed("coding", str(error), trail.url, status, headers)
        return Fetched(trail.url, body, status, headers, moved, size=received)

    async def _body(
        self, response: aiohttp.ClientResponse, headers: Mapping[str, str], share: Share
    ) -> tuple[bytes, int]:
        cap = self._limits.max_body
        body = Body(headers.get("content-encoding", ""), cap)
        share.forget = body.forget
        if (response.content_length or 0) > cap:
            raise BodyTooLarge(say("body-announced-over-cap", length=response.content_length or 0, cap=cap))
        async for chunk in response.content.iter_any():
            share.check()
            for grown in body.pieces(chunk):
                await share.grow(grown)
        share.check()
        for grown in body.last_pieces():
            await share.grow(grown)
        return body.finish(), body.received


async def _get(
    server: _Server, url: str, headers: Mapping[str, str], tls: ssl.SSLContext | bool
) -> aiohttp.ClientResponse:
    """Send one GET; send it again if the first may have used a kept connection that the server had just closed."""
    target, url_origin = URL(url, encoded=True), url[: url.index("/", 8)]
    may_be_kept = url_origin in server.origins and not server.proxy
    server.origins.add(url_origin)
    send = partial(
        server.session.get,
        target,
        headers=headers,
        allow_redirects=False,
        ssl=tls,
        proxy=proxy_of(server.proxy) or None,
    )
    try:
        return await send()
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
        if not may_be_kept:
            raise
        return await send()


def _conditions(request: FetchRequest) -> dict[str, str]:
    fields = {"If-None-Match": request.etag, "If-Modified-Since": request.last_modified}
    return {name: value for name, value in fields.items() if value}


def _basic(credentials: str) -> str:
    return "Basic " + base64.b64encode(credentials.encode()).decode("ascii")


def _status_message(response: aiohttp.ClientResponse) -> str:
    reason = (response.reason or "").strip()[:100]
    words = f"{response.status} {reason}".strip()
    if response.status == HTTPStatus.NOT_MODIFIED:
        return say("answered-not-modified", status=words)
    return say("answered", status=words)
