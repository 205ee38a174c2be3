"""Asking a hub: one POST, with the same guard, deadline and caps as the GET of a feed. Only cancellation raises.

A hub's address comes from a feed, so it is as hostile as one: the guard sees each address that is dialled, a redirect
is followed only where the recommendation has it (307 and 308, which repeat the POST), a few times, and never from https
to http, and of an answer only the beginning is read.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlencode, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from lifestream.content.plaintext import scrub, shorten
from lifestream.fetcher.address_guard import AddressGuard
from lifestream.fetcher.cache_lifetime import retry_after
from lifestream.fetcher.redirects import RedirectRefused, Trail, UrlRefused, request_url
from lifestream.fetcher.session import failure_of, headers_of, open_session, prepare_loop

log = logging.getLogger(__name__)

_REDIRECTS: Final = frozenset({HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT})
_MAX_REDIRECTS: Final = 3
_MAX_ANSWER: Final = 2048  # bytes of what a hub says is wrong


@dataclass(frozen=True, slots=True)
class HubAnswer:
    """What a hub answered: *accepted*, or what went wrong as a *message*.

    *wait* is how many seconds it asks to be left alone for (Retry-After), None if it doesn't. *is_busy* says that
    there is no use in asking it for anything else now; *is_our_shortage*, that it was not to blame (see `shortage`).
    """

    accepted: bool
    message: str = ""
    wait: float | None = None
    is_busy: bool = False
    is_our_shortage: bool = False


class HubClient:
    """Asks hubs: an async context manager, for the loop that entered it. *timeout* is in seconds, for one request."""

    def __init__(
        self, guard: AddressGuard, *, user_agent: str, timeout: float = 10.0, resolver: AbstractResolver | None = None
    ) -> None:
        self._guard = guard
        self._user_agent = user_agent
        self._timeout = timeout
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        prepare_loop()
        self._session = open_session(self._guard, self._resolver)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def post(self, hub: str, form: Mapping[str, str], now: datetime) -> HubAnswer:
        """Sends *form* to *hub*. Raises nothing but `asyncio.CancelledError`."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._follow(Trail(request_url(hub)), urlencode(form).encode("ascii"), now)
        except TimeoutError:
            return HubAnswer(False, f"no whole answer within {self._timeout:g} s", is_busy=True)
        except (UrlRefused, RedirectRefused) as error:
            return HubAnswer(False, str(error))
        except Exception as error:
            known = failure_of(error)
            if known is None:
                log.exception("asking the hub %s failed in a way that was not foreseen", hub)
            message = known[1] if known else f"{type(error).__name__}: {error}"
            return HubAnswer(False, message, is_busy=True, is_our_shortage=known is not None and known[0] == "shortage")

    async def _follow(self, trail: Trail, body: bytes, now: datetime) -> HubAnswer:
        if self._session is None:
            raise RuntimeError("a HubClient asks inside its context only: write `async with HubClient(…) as client`")
        scheme = urlsplit(trail.url).scheme
        headers = {
            "User-Agent": self._user_agent,
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept-Encoding": "identity",
            # Hubs are asked seldom, and a POST may not be repeated for a kept connection that was just closed.
            "Connection": "close",
        }
        while True:
            target = URL(trail.url, encoded=True)
            async with self._session.post(target, data=body, headers=headers, allow_redirects=False) as response:
                if response.status not in _REDIRECTS:
                    return await _answer_of(response, now)
                trail = trail.followed(response.status, response.headers.get("Location", ""), limit=_MAX_REDIRECTS)
                if urlsplit(trail.url).scheme != scheme:
                    raise RedirectRefused(f"the hub redirects to {trail.url}, which is no {scheme}")


async def _answer_of(response: aiohttp.ClientResponse, now: datetime) -> HubAnswer:
    # 202 is what the recommendation has; 204 is what hubs of its predecessor say when they have asked us meanwhile.
    if HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
        return HubAnswer(True)
    said = scrub((await response.content.read(_MAX_ANSWER)).decode("utf-8", "replace"))
    message = shorten(" ".join(f"the hub answered {response.status} {said}".split()), 300)
    busy = response.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
    return HubAnswer(False, message, retry_after(headers_of(response.headers), now), busy)
