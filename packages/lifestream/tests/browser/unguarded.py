"""Settings of the bundled site without its second line of defence.

No answer has a Content-Security-Policy, any page may be opened in a frame, and the browser shows a feed or a list as an
XML document.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from lifestream.site.settings import *  # noqa: F403
from lifestream.site.settings import MIDDLEWARE as GUARDED

MIDDLEWARE = ["browser.unguarded.without_policy", *GUARDED]
_GUARDS = ("Content-Security-Policy", "Content-Disposition", "X-Frame-Options")


def without_policy(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Return a middleware that removes from each answer the headers that guard its reader."""

    def unguarded(request: HttpRequest) -> HttpResponse:
        response = answer(request)
        for name in _GUARDS:
            response.headers.pop(name, None)
        if re.search(r"[+/](xml|x-opml)\b", response.headers.get("Content-Type", "")):
            response.headers["Content-Type"] = "application/xml; charset=utf-8"
        return response

    return unguarded
