"""Requests with a NUL in them.

PostgreSQL's text type cannot hold a NUL, and parts of Django, such as its sessions and its admin, pass it on to the
database.
"""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext


class NulMiddleware:
    """Answer 404 to a path with a NUL in it, and 400 to a query or a cookie with one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" in request.path_info:
            raise Http404(gettext("No address has a NUL in it."))
        query = request.META.get("QUERY_STRING", "")
        if "%00" in query or "\0" in query:
            raise BadRequest("No query has a NUL in it.")
        # Django has decoded the cookies: in a value in quotes, the octal escape \000 is a NUL.
        if any("\0" in text for cookie in request.COOKIES.items() for text in cookie):
            raise BadRequest("No cookie has a NUL in it.")
        return self.get_response(request)
