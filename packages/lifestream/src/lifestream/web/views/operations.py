"""The views for monitoring systems: whether the site is alive, whether it is ready, and its numbers.

`healthz` and `readyz` say no more than everybody may know. Details and metrics are for this machine itself, and for the
networks of LIFESTREAM_METRICS_FROM.
"""

from __future__ import annotations

import ipaddress
import logging
from typing import Final

from django.core.exceptions import ImproperlyConfigured
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from lifestream.conf import settings
from lifestream.operations import metrics as prometheus
from lifestream.operations.health import health, why_not_ready
from lifestream.storage.db_errors import FAILURES, failure_of
from lifestream.storage.outages import OUTAGES
from lifestream.web.proxy_headers import FORWARDED, came_through_proxy

log = logging.getLogger(__name__)


class Readiness:
    """Remembers whether the site was ready when it was last asked. So the log has one line when the site stops being
    ready, and not one for each request: programs ask every few seconds, and anybody may ask.
    """

    def __init__(self) -> None:
        self._is_ready = True

    def note(self, reason: str) -> None:
        """Note why the site is not ready, "" if it is, and log the *reason* if the site was ready before."""
        was_ready, self._is_ready = self._is_ready, not reason
        if reason and was_ready:
            log.warning("not ready: %s", reason)


READINESS: Final = Readiness()


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Answer 200: this process serves requests."""
    return _text(200, "ok")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 if pages can be served, otherwise 503."""
    try:
        reason = why_not_ready()
    except FAILURES as error:
        failure = failure_of(error)
        OUTAGES.tell(log, "pages can't be shown", failure)  # not translated
        reason = str(failure)
    else:
        OUTAGES.answered()
        READINESS.note(reason)
        if not reason:
            return _text(200, "ready")
    return _text(503, f"not ready: {reason}" if _is_trusted(request) else "not ready")  # not translated


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Show the metrics of the site in the text format of Prometheus; answer 503 while the database is unavailable.
    Raises Http404 for anybody but the operator.
    """
    if not _is_trusted(request):
        raise Http404
    try:
        found = health(timezone.now())
    except FAILURES as error:
        failure = failure_of(error)
        OUTAGES.tell(log, "the numbers of the site can't be read", failure)  # not translated
        return _text(503, f"no numbers: {failure}")  # not translated
    return HttpResponse(prometheus.exposition(found), content_type=prometheus.CONTENT_TYPE)


def _is_trusted(request: HttpRequest) -> bool:
    """Return whether *request* comes from this machine itself, or from a network that may ask. A request through a
    proxy does not count, unless `PublicAddress` has found out the visitor's own address.
    """
    # On the bundled site, `PublicAddress` has evaluated the headers: it knows which proxies to trust.
    forwarded = request.META.get(FORWARDED)
    if came_through_proxy(request.META) if forwarded is None else forwarded:
        return False
    try:
        address = ipaddress.ip_address(str(request.META.get("REMOTE_ADDR", "")))
        networks = settings.metrics_from
    except (ValueError, ImproperlyConfigured):
        return False
    return address.is_loopback or any(address in network for network in networks)


def _text(status: int, text: str) -> HttpResponse:
    return HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8")
