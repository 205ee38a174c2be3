"""Pages of the bundled site while the database is unavailable: they answer 503, and one sentence is logged.

Django would answer each request with 500, and log two tracebacks and a line for it. `OUTAGES` logs when the database
becomes unavailable and when it is back; requests in between leave no line (see `probe_log`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress

from django.db import connections, router
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from lifestream.models import Feed
from lifestream.site.errors import error_page
from lifestream.storage.db_errors import FAILURES, UNREACHABLE, trouble_of
from lifestream.storage.outages import OUTAGES

log = logging.getLogger(__name__)

_RETRY_AFTER = "60"  # seconds


class OutageMiddleware:
    """Answers 503 to a request that fails because the database is unavailable."""

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
        """Answer 503 if *exception* says that the database can't be reached. Other exceptions are left to Django."""
        if not isinstance(exception, FAILURES):
            return None
        trouble = trouble_of(exception)
        if trouble.kind not in UNREACHABLE:
            return None
        OUTAGES.tell(log, "pages can't be shown", trouble)
        answer = error_page(
            503,
            _("Out of order"),
            _("The site cannot reach its database. Come back in a few minutes."),
            _("Are you its owner? The log of the site says what happened."),
        )
        answer["Retry-After"] = _RETRY_AFTER
        return answer
