"""Make the fetcher, the guard and the parsers from the settings, for all code that fetches."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import cache
from importlib.metadata import version
from typing import Final, Self

from django.core.exceptions import ImproperlyConfigured

from lifestream.conf import settings
from lifestream.fetcher.address_guard import AddressGuard
from lifestream.fetcher.fetch import Fetcher, FetchLimits
from lifestream.fetcher.hub_client import HubClient, hub_client
from lifestream.fetcher.outcomes import FetchRequest
from lifestream.fetcher.request_options import DIRECT, NO_OPTIONS
from lifestream.parser.pool import ParserPool
from lifestream.plugins.registry import Registry
from lifestream.scheduler.jobs import Claimed
from lifestream.scheduler.schedule import Limits
from lifestream.storage import feed_options

_PICTURES: Final = "image/avif, image/webp, image/png, image/jpeg, image/gif, image/*;q=0.5"
_MANUAL: Final = "https://feedserver.readthedocs.io/lifestream/politeness.html"


def make_guard() -> AddressGuard:
    """Return the guard, which lets public addresses and LIFESTREAM_ALLOWED_NETWORKS pass."""
    return AddressGuard(settings.allowed_networks)


def make_fetcher(guard: AddressGuard, limits: FetchLimits | None = None) -> Fetcher:
    """Return a fetcher with the User-Agent and the proxy of the settings, and their limits unless others are given."""
    limits = limits or FetchLimits(timeout=settings.timeout, max_body=settings.max_body)
    return Fetcher(guard, user_agent=_agent(), limits=limits, proxy=settings.proxy)


def make_picture_fetcher(guard: AddressGuard, limits: FetchLimits) -> Fetcher:
    """Return a fetcher for pictures, with the User-Agent and the proxy of the settings."""
    return Fetcher(guard, user_agent=_agent("pictures"), limits=limits, proxy=settings.proxy, accept=_PICTURES)


def make_hub_client(guard: AddressGuard, proxy: str = "") -> AbstractAsyncContextManager[HubClient]:
    """Return a client for hubs, with the User-Agent of the settings, to be entered in an event loop. *proxy* is that of
    a feed: "" for the one of the settings, DIRECT for none.
    """
    proxy = "" if proxy == DIRECT else proxy or settings.proxy
    return hub_client(guard, user_agent=_agent("WebSub"), deadline=min(settings.timeout, 10.0), proxy=proxy)


def make_pool(size: int | None = None) -> ParserPool:
    """Return parsers with the rules and plugins of the settings, as many as LIFESTREAM_PARSERS unless *size* is given.

    Raises `PluginError` for a plugin of LIFESTREAM_PLUGINS or of an entry point that can't be loaded.
    """
    return ParserPool(
        size or settings.parsers,
        settings.parse_timeout,
        memory=settings.parser_memory,
        rules=settings.sanitizer_rules,
        registry=Registry(settings.plugins),
        max_page=settings.max_page,
    )


def make_page_pool() -> ParserPool:
    """Return a pool of one process that reads web pages, for which no plugin is needed."""
    return ParserPool(
        1,
        settings.parse_timeout,
        memory=settings.parser_memory,
        registry=Registry(use_entry_points=False),
        max_page=settings.max_page,
    )


class LazyPool:
    """A `ParserPool` that `start` makes when it is first called: no process is started if there is nothing to read.

    *make* makes the pool, by default from the settings.
    """

    def __init__(self, make: Callable[[], ParserPool] = make_pool) -> None:
        self._make = make
        self._pool: ParserPool | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._pool is not None:
            self._pool.close()

    def start(self) -> ParserPool:
        """Return the pool, with its first process started."""
        if self._pool is None:
            self._pool = self._make()
        return self._pool

    def check(self) -> None:
        """Raise `ShortOf` if what was given to the pool will never be read: see `ParserPool.check`."""
        if self._pool is not None:
            self._pool.check()


def make_limits() -> Limits:
    """Return our own bounds for the time between two requests of a feed."""
    return Limits(
        settings.min_interval,
        settings.max_interval,
        settings.slow_interval,
        settings.jitter,
        settings.pauses_hosts,
        max_pause=settings.max_pause,
    )


def fetch_request(claim: Claimed) -> FetchRequest:
    """Return the request to send for *claim*. Raises one of `feed_options.UNREADABLE`."""
    secrets = feed_options.secrets_of(claim.credentials)
    plain = not (claim.options or secrets.headers)
    return FetchRequest(
        claim.url,
        "" if claim.withheld else claim.etag,
        "" if claim.withheld else claim.last_modified,
        secrets.login,
        max(1, claim.subscribers),
        claim.validated_url,
        NO_OPTIONS if plain else feed_options.request_options(claim.options, secrets),
    )


def _contact() -> str:
    """Return where the operator of a server learns who sends the requests: LIFESTREAM_CONTACT, else the site's own
    address, else the page of the manual that says what lifestream does to servers, and how to stop it.
    """
    try:
        return settings.contact or settings.public_url or _MANUAL
    except ImproperlyConfigured:  # a check reports what is wrong with the address; feeds are fetched nevertheless
        return _MANUAL


def _agent(purpose: str = "{subscribers}") -> str:
    """Return the User-Agent of the settings for requests of *purpose*, by default for feeds: see `Fetcher`."""
    return (settings.user_agent or _user_agent(_contact())).replace("{subscribers}", purpose)


@cache
def _user_agent(contact: str) -> str:
    return f"lifestream/{version('django-lifestream')} (+{contact}; {{subscribers}})"
