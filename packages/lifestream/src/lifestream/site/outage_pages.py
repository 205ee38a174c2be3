"""Pages of the bundled site while the database is unavailable or can't be written, or this process is short of files,
memory or space on the disk: they answer 503, and one sentence is logged.

Django would answer each request with 500, and log two tracebacks and a line for it. `OUTAGES` logs when the database
becomes unavailable and when it is back; requests in between leave no line (see `probe_log`).
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from django.db import connections, router
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from lifestream.fetcher.shortage import Shortage, shortage_of
from lifestream.models import Feed
from lifestream.site import errors
from lifestream.storage.db_errors import FAILURES, UNREACHABLE, FailureKind, failure_of
from lifestream.storage.outages import OUTAGES
from lifestream.web.shortage_log import ShortageLog
from lifestream.wording import worded

log = logging.getLogger(__name__)
_SHORTAGES: Final = ShortageLog(log, "pages can't be shown")  # not translated

_RETRY_AFTER = "60"  # seconds
_PASSING: Final = frozenset(
    {FailureKind.FULL, FailureKind.DISK, FailureKind.MEMORY, FailureKind.LOCKED, FailureKind.READ_ONLY}
)
"""The kinds of failures of a database that can be reached, but does not take what a page has to write now."""


class OutageMiddleware:
    """Answers 503 to a request that fails because of an outage of the database or a shortage."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer *request*. During an outage of the database, first check whether the outage is over, to log that."""
        if OUTAGES.kind in UNREACHABLE:
            with suppress(*FAILURES), connections[router.db_for_read(Feed)].cursor() as cursor:
                cursor.execute("SELECT 1")
                OUTAGES.answered()
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:  # noqa: ARG002
        """Answer 503 if *exception* is about an outage or a shortage. Other exceptions are left to Django."""
        return unavailable(exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 503 if the error, which may come from a middleware or the page of another error, is about an outage or a
    shortage, otherwise 500.
    """
    error = sys.exc_info()[1]
    return (error and unavailable(error)) or errors.server_error(request)


def unavailable(error: BaseException) -> HttpResponse | None:
    """Return the answer to a request that failed with *error* because the database can't be reached or can't be
    written, or because of a shortage; None for any other error.

    Raises OSError if this page can't be read from its file either; then the server answers 503 (`http_channel`).
    """
    shortage = shortage_of(error)
    if isinstance(error, FAILURES):
        failure = failure_of(error)
        if failure.kind is FailureKind.FILES:
            shortage = Shortage.FILES
        elif failure.kind in UNREACHABLE:
            OUTAGES.tell(log, "pages can't be shown", failure)
            return _out_of_order(_("The site cannot reach its database. Come back in a few minutes."))
        elif failure.kind in _PASSING:
            _SHORTAGES.tell(worded(str(failure)))
            return _out_of_order(_("Something went wrong on our side."))
    if shortage is None:
        return None
    _SHORTAGES.note(shortage)
    return _out_of_order(_("Something went wrong on our side."))


def _out_of_order(lede: str) -> HttpResponse:
    remedy = _("Are you its owner? The log of the site says what happened.")
    answer = errors.error_page(503, _("Out of order"), lede, remedy)
    answer["Retry-After"] = _RETRY_AFTER
    return answer
