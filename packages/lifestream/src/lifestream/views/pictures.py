"""The icons of sites, from our own address: a page asks nothing of the sites themselves."""

from __future__ import annotations

import hashlib

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from lifestream.models import Feed
from lifestream.views.reading import keep, read_site

A_DAY = 86400


@require_safe
def icon(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The icon of a site, if its feed has one of a kind that can hold no script."""
    timeline = read_site(request, slug, pk)
    data = bytes(Feed.objects.values_list("icon", flat=True).get(subscriptions=pk))
    kind = image_type(data)
    if not kind:
        raise Http404(gettext("This site has no icon."))
    etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    response = HttpResponse(data, content_type=kind, headers={"ETag": etag, "X-Content-Type-Options": "nosniff"})
    conditional = get_conditional_response(request, etag=etag, response=response)
    return keep(conditional or response, timeline, A_DAY)


def image_type(data: bytes) -> str:
    """The media type of an image by its first bytes; "" for what is none, and for SVG, which can hold script."""
    signatures = {
        b"\x89PNG\r\n\x1a\n": "image/png",
        b"\xff\xd8\xff": "image/jpeg",
        b"GIF87a": "image/gif",
        b"GIF89a": "image/gif",
        b"\x00\x00\x01\x00": "image/x-icon",
    }
    for signature, kind in signatures.items():
        if data.startswith(signature):
            return kind
    return "image/webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else ""
