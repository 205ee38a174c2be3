"""The address at which hubs reach this site (WebSub): they confirm and deny with GET, and push with POST.

The path identifies the hub, since only the hub knows it. A push must be signed, too. The body of a push is read only to
check its signature, and is not kept; the feed itself is fetched instead.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from lifestream.conf import settings
from lifestream.fetcher.shortage import shortage_of
from lifestream.fetcher.websub import Signature
from lifestream.storage import hub_subscriptions

log = logging.getLogger(__name__)

_PIECE = 64 * 1024  # bytes
_LONGEST_CHALLENGE = 4096  # characters


@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def push(request: HttpRequest, key: str) -> HttpResponse:
    """Answer the hub that knows *key*."""
    if not settings.public_url:
        return _answer(410 if request.method == "POST" else 404)
    return _push(request, key) if request.method == "POST" else _intent(request, key)


def _intent(request: HttpRequest, key: str) -> HttpResponse:
    """Return the challenge if the hub verifies a request that this site has sent, note a denial of one, and answer 404
    to anything else (WebSub, "Hub Verifies Intent of the Subscriber").
    """
    parameters = {
        name: request.GET.get(f"hub.{name}", "") for name in ("mode", "topic", "challenge", "lease_seconds", "reason")
    }
    if "\0" in parameters["topic"]:
        return _answer(404)
    now = timezone.now()
    if parameters["mode"] == "denied":
        return _answer(200 if hub_subscriptions.deny(key, parameters["topic"], parameters["reason"], now) else 404)
    challenge = parameters["challenge"]
    if not 0 < len(challenge) <= _LONGEST_CHALLENGE:
        return _answer(404)
    agreed = hub_subscriptions.confirm(key, parameters["mode"], parameters["topic"], parameters["lease_seconds"], now)
    return _answer(200, challenge) if agreed else _answer(404)


def _push(request: HttpRequest, key: str) -> HttpResponse:
    """Receive a push. One without a valid signature gets the same answer, and is ignored (WebSub, "Signature
    Validation").
    """
    if not hub_subscriptions.is_known(key):
        return _answer(410)  # 410 tells a hub to end the subscription.
    signature = Signature(request.headers.get("X-Hub-Signature", ""), hub_subscriptions.secrets_of(key))
    size = 0
    try:
        for piece in _pieces(request):
            size += len(piece)
            if size > settings.max_body:
                return _answer(413)
            signature.update(piece)
    except UnreadablePostError:  # the body has invalid chunks, or is cut off: then nobody reads this
        return _answer(400)
    if not signature.holds():
        log.warning("a push without a valid signature was ignored; it came from %s", request.META.get("REMOTE_ADDR"))
    elif not hub_subscriptions.receive(key, timezone.now()):
        return _answer(410)
    return _answer(202)


def _pieces(request: HttpRequest) -> Iterator[bytes]:
    """Yield the body of *request* in pieces. Raises UnreadablePostError if it can't be read to its end.

    Django takes a request without a Content-Length for one without a body, but a hub may send its pushes in chunks. A
    server that finds the end of the chunks itself, such as gunicorn, sets `wsgi.input_terminated`: then the body is
    read from the server, not by Django.
    """
    environ: dict[str, Any] = getattr(request, "environ", {})  # a request of ASGI has none, and needs none
    ends_itself = environ.get("wsgi.input_terminated") and not environ.get("CONTENT_LENGTH")
    body = environ["wsgi.input"] if ends_itself else request
    try:
        while piece := body.read(_PIECE):
            yield piece
    except Exception as error:  # also classes of the server's own
        if shortage_of(error) is not None:
            raise
        raise UnreadablePostError(str(error)) from error


def _answer(status: int, text: str = "") -> HttpResponse:
    # The text is the hub's own, so no browser may take it for a page.
    headers = {"X-Content-Type-Options": "nosniff"}
    return HttpResponse(text, content_type="text/plain; charset=utf-8", status=status, headers=headers)
