"""Redirects as values: the URL of the next request, and which part of the redirects is permanent. Pure.

The client doesn't follow redirects by itself, so that each hop is checked here first: only http and https, no loop, a
bounded number of hops, and no credentials taken from a Location. Only the leading run of 301 and 308 is remembered as a
move: after a temporary hop, a permanent one says nothing about the feed's own URL (RFC 9110 §15.4).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urljoin

from lifestream.content.urls import has_impossible_host
from lifestream.fetcher.feed_urls import request_url, shown_in_message
from lifestream.message import say

REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})


class RedirectRefused(ValueError):
    """The redirect is not followed. The message says why."""


def _no_cookies(_url: str) -> str:
    return ""


def _joined(base: str, location: str) -> str:
    """Return *location* made absolute. If that is impossible, return it as it is: `request_url` then refuses it with
    a message that names the reason, and shows no login.
    """
    if has_impossible_host(location):  # for a host of many marks, `urljoin` would take quadratic time
        return location
    try:
        return urljoin(base, location)
    except ValueError:
        return location


@dataclass(frozen=True, slots=True)
class Trail:
    """The redirects of one fetch.

    *url* is the next one to request, with *cookie*, the cookies that the redirects before it have set for it; *moved*
    is where the permanent part of the redirects leads, and *permanent* is whether that is all of them. *seen* are the
    URLs that were requested, and *sent* the cookies that each was requested with.
    """

    url: str
    seen: tuple[str, ...] = ()
    permanent: bool = True
    moved: str = ""
    cookie: str = field(default="", repr=False)
    sent: tuple[str, ...] = field(default=(), repr=False)

    def followed(self, status: int, location: str, *, limit: int, cookies: Callable[[str], str] = _no_cookies) -> Trail:
        """Return the trail after an answer with *status* and *location*. *cookies* returns the cookies for a URL.

        Raises `RedirectRefused` if the redirect can't be followed: no Location, a loop, more than *limit* hops, or a
        URL that is not fetched. A URL that was requested before, but with other cookies, is no loop: many sites set a
        cookie and redirect to the same page.
        """
        if not location:
            raise RedirectRefused(say("redirect-without-target", url=self.url, status=status))
        seen, sent = (*self.seen, self.url), (*self.sent, self.cookie)
        if len(seen) > limit:
            raise RedirectRefused(say("too-many-redirects", limit=limit, url=shown_in_message(location)))
        try:
            url = request_url(_joined(self.url, location))
        except ValueError as error:
            raise RedirectRefused(say("redirect-refused", url=self.url, reason=str(error))) from error
        cookie = cookies(url)
        if (url, cookie) in zip(seen, sent, strict=True):
            raise RedirectRefused(say("redirect-loop", url=self.url, target=url))
        permanent = self.permanent and status in _PERMANENT
        return Trail(url, seen, permanent, url if permanent else self.moved, cookie, sent)
