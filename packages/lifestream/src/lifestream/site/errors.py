"""The error pages of the bundled site: 400, 403, 413 and 500, in the design of the other pages.

They read no database, since it may be what fails. Most name what the visitor or the owner of the site can do.
`page_not_found` leaves 404 to Django's own view and the template 404.html.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import BadRequest, DisallowedHost, RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _
from django.views import defaults
from django.views.decorators.csrf import requires_csrf_token

from lifestream.site.own_templates import rendered
from lifestream.terminal import visible

_LONGEST_HOST = 253  # RFC 1035 §2.3.4, as text
_HOST = re.compile(r"\[[0-9a-fA-F:.]+\]|[\w.-]+")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400, or 413 if a form is too large. If the reason is an unknown host name, the page names the setting that
    allows it.
    """
    if isinstance(exception, RequestDataTooBig | TooManyFieldsSent | TooManyFilesSent):
        return too_large()
    if not isinstance(exception, DisallowedHost):
        return error_page(400, _("Bad request"), _("The server cannot make sense of this request."))
    found = _HOST.match(str(request.META.get("HTTP_HOST", "")))
    host = visible(found[0], lines=False)[:_LONGEST_HOST] if found else "planet.example.org"
    return error_page(
        400,
        _("This site has another address"),
        _("It does not answer to the name in the address that you used."),
        _(
            "Are you its owner? Let it be reached by this name, too: write this line into lifestream.toml, or set the "
            "environment variable of the same name, and start the site again."
        ),
        f'LIFESTREAM_HOSTS = ["{host}"]',
        is_elsewhere=True,
    )


_NOT_FOUND: Final = "./404.html"
"""The template 404.html. With the usual name, Django's view would show a bare page of its own, and log nothing, if the
template included one that does not exist.
"""


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404 with Django's own view, or 400 or 413 if the form in the request cannot be read.

    Django's view looks for a CSRF token in the form, which nothing has read before if the address is unknown. Without
    this function, a form that cannot be read would be answered with 500.
    """
    try:
        return defaults.page_not_found(request, exception, _NOT_FOUND)
    except (BadRequest, MultiPartParserError, RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent) as error:
        return bad_request(request, error)
    except Exception:  # noqa: BLE001  a template of the owner's own may raise anything; `rendered` logs it
        return HttpResponseNotFound(rendered("404.html", {}, request))


def too_large() -> HttpResponse:
    """Return the answer 413 (RFC 9110 §15.5.14) to a request with more data than the site takes."""
    return error_page(
        413,
        _("Too large"),
        _("You sent more than the site takes at once. Nothing was changed."),
        _(
            "Send a shorter text, or divide a list of feeds into several files. Are you the owner of the site? "
            "LIFESTREAM_MAX_OPML sets how large such a list may be."
        ),
    )


@requires_csrf_token
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    """Answer 403 to a form that seems to come from another site. *reason* is Django's, for its log."""
    public = urlsplit(getattr(settings, "LIFESTREAM_PUBLIC_URL", None) or "")
    lede = _("This form was sent from another address than the site's own, or without its cookie. Nothing was changed.")
    if public.scheme == "https":
        remedy = _("Open the page again at %(url)s, and send the form from there.") % {"url": public.geturl()}
    else:
        remedy = _(
            "Open the page again, and send the form once more. Behind a proxy with TLS, the site must be told its "
            "address: set LIFESTREAM_PUBLIC_URL."
        )
    return error_page(403, _("Not sent"), lede, remedy)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """Answer 403 to somebody who may not do this."""
    return error_page(403, _("Not allowed"), _("You may not do this. Perhaps you have to log in with another account."))


def server_error(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Answer 500."""
    lede = _("Something went wrong on our side.")
    return error_page(500, _("Out of order"), lede, _("Are you its owner? The log of the site says what happened."))


def error_page(
    status: int, title: str, lede: str, remedy: str = "", code: str = "", *, is_elsewhere: bool = False
) -> HttpResponse:
    """Return the page of an error, which reads no database. If *is_elsewhere*, it has no links into the site: at the
    address that the visitor came by, they would lead to the same error.
    """
    context = {"title": title, "lede": lede, "remedy": remedy, "code": code, "is_elsewhere": is_elsewhere}
    return HttpResponse(rendered("lifestream/error.html", context), status=status)
