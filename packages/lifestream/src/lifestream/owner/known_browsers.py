"""Browsers in which a user has logged in before, recognised by a signed cookie.

The cookie proves only that, and replaces no password. While many passwords are being guessed, a password that comes
with the cookie of its user is compared first (see `comparisons`), whatever address it comes from. This holds for at
most ten passwords a minute for each user.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.crypto import constant_time_compare, salted_hmac

COOKIE: Final = "lifestream_browser"
_DAYS: Final = 400
"""For how many days after a login the cookie is valid: browsers keep no cookie for longer."""
_PURPOSE: Final = "lifestream.owner.known_browsers"

_Response = TypeVar("_Response", bound=HttpResponseBase)


def is_known(request: HttpRequest | None, username: object) -> bool:
    """Return whether the user *username* has logged in before with the browser that *request* comes from."""
    if request is None or not isinstance(username, str):
        return False
    try:
        named = TimestampSigner(salt=_PURPOSE).unsign(request.COOKIES.get(COOKIE, ""), max_age=_DAYS * 86400)
    except BadSignature:
        return False
    return constant_time_compare(named, _digest(username))


def remembered(request: HttpRequest, response: _Response) -> _Response:
    """Return *response*, which sets the cookie if the user of *request* is logged in."""
    user: Any = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        response.set_cookie(
            COOKIE,
            TimestampSigner(salt=_PURPOSE).sign(_digest(user.get_username())),
            max_age=_DAYS * 86400,
            path=settings.SESSION_COOKIE_PATH,
            domain=settings.SESSION_COOKIE_DOMAIN,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    return response


def _digest(username: str) -> str:
    """Return the text that stands for *username* in the cookie: the name can't be read from it."""
    return salted_hmac(_PURPOSE, username, algorithm="sha256").hexdigest()[:32]
