"""The cookies that the redirects of one fetch set, for the rest of that fetch. Nothing outlives it.

Sites that ask for consent, or that look for robots, set a cookie and redirect to the same page, where a client without
the cookie gets the same redirect for ever. Each fetch begins without cookies of an earlier one, so no site can
recognise the client by a cookie. (A superuser may set a header Cookie for one feed: see `request_options`.)
"""

from __future__ import annotations

from http.cookies import SimpleCookie
from typing import Final

from aiohttp import CookieJar
from yarl import URL

MOST: Final = 50
"""The most cookies of a fetch. An answer whose cookies could exceed this number sets none."""
LONGEST: Final = 8192
"""The most characters of cookies in a request. If there are more, the request has no cookies."""


class RedirectCookies:
    """The cookies of one fetch. An instance belongs to the event loop in which it takes its first cookie."""

    def __init__(self) -> None:
        self._jar: CookieJar | None = None

    def take(self, cookies: SimpleCookie, url: str) -> None:
        """Take the *cookies* that the answer of *url* sets, as far as it may set them (RFC 6265 §5.3)."""
        if not cookies:
            return
        if self._jar is None:
            self._jar = CookieJar(unsafe=True)  # unsafe: servers without a name, only an address, may set them, too
        if len(self._jar) + len(cookies) <= MOST:
            self._jar.update_cookies(cookies, URL(url, encoded=True))

    def for_url(self, url: str) -> str:
        """Return the value of the Cookie field for a request to *url* (RFC 6265 §5.4); "" if there are no cookies
        for it, or if the value would be longer than LONGEST.
        """
        if self._jar is None:
            return ""
        found = self._jar.filter_cookies(URL(url, encoded=True))
        text = "; ".join(f"{name}={cookie.coded_value}" for name, cookie in found.items())
        return text if len(text) <= LONGEST else ""
