"""The pages of the bundled site for requests that its server refused for their bodies: too large (413), or more than
there is space for beside the bodies of others (503).
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from lifestream.site.errors import error_page, too_large
from lifestream.web.http_channel import REFUSED

_RETRY_AFTER = "60"  # seconds


class RefusalMiddleware:
    """Answers a request that the server refused, and passes on all others."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer *request*."""
        status = request.META.get(REFUSED)
        if status is None:
            return self._get_response(request)
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return too_large()
        answer = error_page(
            status,
            _("Busy"),
            _("The site is receiving as much as it can at the moment. Nothing was changed."),
            _("Send it again in a minute."),
        )
        answer["Retry-After"] = _RETRY_AFTER
        return answer
