"""Requests to hubs: one POST, with the same guard as the GET of a feed, and a deadline of its own. `HubClient.post`
raises nothing but cancellation.

A hub's address comes from a feed, so it is trusted no more than the feed. The guard checks each address before a
connection to it. Only the redirects that the recommendation of WebSub allows are followed (307 and 308, which repeat
the POST), a few times, and never to another scheme. Only the beginning of an answer is read.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from lifestream.content.plaintext import scrub, shorten
from lifestream.fetcher.address_guard import AddressGuard, AddressRefused
from lifestream.fetcher.cache_lifetime import retry_after
from lifestream.fetcher.feed_urls import UrlRefused, request_url
from lifestream.fetcher.proxies import check_host, open_proxied, proxy_of
from lifestream.fetcher.redirects import RedirectRefused, Trail
from lifestream.fetcher.session import failure_of, headers_of, open_session, prepare_loop
from lifestream.message import say

log = logging.getLogger(__name__)

_REDIRECTS: Final = frozenset({HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT})
_MAX_REDIRECTS: Final = 3
_MAX_ANSWER: Final = 2048  # bytes that are read of a hub's error message
_MOST_TOLD: Final = 283  # characters of it that are kept, with the status


class HubVerdict(Enum):
    """What the answer of a hub, or its absence, means for this request and for further requests to the same hub."""

    ACCEPTED = auto()
    REFUSED = auto()
    """The hub refused this request, or the request was not sent (on), since its URL or a redirect is not allowed, or
    since its host may not be requested from a proxy. The hub may accept other requests.
    """
    BUSY = auto()
    """The hub is too busy, too slow, out of reach or at an address that the guard refuses, or the request failed for an
    unknown reason: further requests to it are of no use now.
    """
    SHORTAGE = auto()
    """The hub was not asked, because of a shortage of ours (see `shortage`): further requests are of no use now, and
    the hub is not to blame.
    """


@dataclass(frozen=True, slots=True)
class HubAnswer:
    """The answer of a hub; if something went wrong, *message* says what.

    *wait* is for how many seconds the hub asks to be left alone (Retry-After); None if it doesn't ask.
    """

    verdict: HubVerdict
    message: str = ""
    wait: float | None = None

    @property
    def ends_the_run(self) -> bool:
        """Whether further requests to the hub are of no use now."""
        return self.verdict in (HubVerdict.BUSY, HubVerdict.SHORTAGE)


@asynccontextmanager
async def hub_client(
    guard: AddressGuard,
    *,
    user_agent: str,
    deadline: float = 10.0,
    resolver: AbstractResolver | None = None,
    proxy: str = "",
) -> AsyncIterator[HubClient]:
    """Open a client for the running event loop, and close it at the end. *deadline* is in seconds, for one request;
    *proxy* is the URL of the proxy for all of them, "" for none. Raises `NoSocks`.
    """
    prepare_loop()
    async with open_proxied(proxy, resolver) if proxy else open_session(guard, resolver) as session:
        yield HubClient(session, user_agent, deadline, guard, proxy)


class HubClient:
    """Sends requests to hubs with a *session*; `hub_client` opens one."""

    def __init__(
        self, session: aiohttp.ClientSession, user_agent: str, deadline: float, guard: AddressGuard, proxy: str = ""
    ) -> None:
        self._guard = guard
        self._proxy = proxy
        self._session = session
        self._user_agent = user_agent
        self._deadline = deadline

    async def post(self, hub: str, form: Mapping[str, str], now: datetime) -> HubAnswer:
        """Send *form* to *hub*. Raises nothing but `asyncio.CancelledError`."""
        try:
            async with asyncio.timeout(self._deadline):
                return await self._follow(Trail(request_url(hub)), urlencode(form).encode("ascii"), now)
        except TimeoutError:
            return HubAnswer(HubVerdict.BUSY, say("no-answer-in-time", seconds=f"{self._deadline:g}"))
        except (UrlRefused, RedirectRefused, AddressRefused) as error:
            return HubAnswer(HubVerdict.REFUSED, str(error))
        except Exception as error:
            known = failure_of(error)
            if known is None:
                log.exception("asking the hub %s failed with an unexpected error", hub)
                return HubAnswer(HubVerdict.BUSY, f"{type(error).__name__}: {error}")
            kind, message = known
            return HubAnswer(HubVerdict.SHORTAGE if kind == "shortage" else HubVerdict.BUSY, message)

    async def _follow(self, trail: Trail, body: bytes, now: datetime) -> HubAnswer:
        scheme = urlsplit(trail.url).scheme
        headers = {
            "User-Agent": self._user_agent,
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept-Encoding": "identity",
            # Hubs are asked seldom, so no connection is kept; and a POST may not be repeated if a kept connection was
            # just closed.
            "Connection": "close",
        }
        while True:
            target, proxy = URL(trail.url, encoded=True), None
            if self._proxy:
                check_host(trail.url, self._guard)
                proxy = proxy_of(self._proxy)
            async with self._session.post(
                target, data=body, headers=headers, allow_redirects=False, proxy=proxy
            ) as response:
                if response.status not in _REDIRECTS:
                    return await _answer_of(response, now)
                trail = trail.followed(response.status, response.headers.get("Location", ""), limit=_MAX_REDIRECTS)
                if urlsplit(trail.url).scheme != scheme:
                    raise RedirectRefused(say("hub-leaves-scheme", url=trail.url, scheme=scheme))


async def _answer_of(response: aiohttp.ClientResponse, now: datetime) -> HubAnswer:
    # The recommendation has 202; hubs of its predecessor answer 204 if they have already verified the intent meanwhile.
    if HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
        return HubAnswer(HubVerdict.ACCEPTED)
    text = scrub((await response.content.read(_MAX_ANSWER)).decode("utf-8", "replace"))
    message = say("hub-answered", status=shorten(" ".join(f"{response.status} {text}".split()), _MOST_TOLD))
    busy = response.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
    verdict = HubVerdict.BUSY if busy else HubVerdict.REFUSED
    return HubAnswer(verdict, message, retry_after(headers_of(response.headers), now))
