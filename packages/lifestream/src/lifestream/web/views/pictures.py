"""The icons of sites, the logos that owners have uploaded and, with LIFESTREAM_SERVE_PICTURES, the pictures
of feeds. A browser loads all these from this site's own address, and none from other hosts.
"""

from __future__ import annotations

import hashlib

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from lifestream.conf import settings
from lifestream.content.image_dimensions import is_icon
from lifestream.content.image_types import image_type
from lifestream.models import Feed, Logo
from lifestream.web.picture_addresses import picture_at
from lifestream.web.views.reading import cacheable, read, read_site

A_DAY = 86400
_A_WEEK = 7 * A_DAY
_A_YEAR = 365 * A_DAY
_LOAD_NOTHING = "default-src 'none'; sandbox"


@require_safe
def icon(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Return the icon of a site, if its feed has one in a format that cannot contain a script."""
    timeline = read_site(request, slug, pk)
    # If the site is removed at this moment, it has no icon.
    data = bytes(Feed.objects.filter(subscriptions=pk).values_list("icon", flat=True).first() or b"")
    kind = image_type(data)
    if not is_icon(data):
        raise Http404(gettext("This site has no icon."))
    etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    response = HttpResponse(data, content_type=kind, headers={"ETag": etag, "X-Content-Type-Options": "nosniff"})
    conditional = get_conditional_response(request, etag=etag, response=response)
    return cacheable(conditional or response, timeline, A_DAY)


@require_safe
def logo(request: HttpRequest, slug: str, digest: str) -> HttpResponse:
    """Return the logo that the owner of a lifestream has uploaded. A new logo has another digest, and so another
    address.
    """
    timeline = read(request, slug)
    found = Logo.objects.filter(lifestream=timeline.lifestream.pk, digest=digest).first()
    if found is None:
        raise Http404(gettext("There is no such picture."))
    data, etag = bytes(found.data), f'"{digest}"'
    headers = {"ETag": etag, "Content-Security-Policy": _LOAD_NOTHING, "X-Content-Type-Options": "nosniff"}
    response = HttpResponse(data, content_type=image_type(data), headers=headers)
    return cacheable(get_conditional_response(request, etag=etag, response=response) or response, timeline, _A_YEAR)


@require_safe
def picture(request: HttpRequest, key: str, url: str) -> HttpResponse:
    """Return a picture of a feed, if this site has signed the picture's address. The answer is 202 (Accepted) for a
    picture that is not stored and has not arrived in time: it can be requested again soon.
    """
    signed = picture_at(key, url) if settings.serves_pictures else None
    if signed is None:
        raise Http404(gettext("There is no such picture."))
    # Imported here, since only a site that shows pictures fetches them.
    from lifestream.refresh.pictures import NoPicture, pictures

    feed, address = signed
    found = pictures().get(address, feed=feed)
    if isinstance(found, NoPicture):
        late = found is NoPicture.LATE
        headers = {"Retry-After": "2", "Cache-Control": "no-store"} if late else {"Cache-Control": "max-age=600"}
        return HttpResponse(status=202 if late else 404, headers=headers, content_type="text/plain")
    etag = f'"{hashlib.sha256(found).hexdigest()[:32]}"'
    headers = {
        "ETag": etag,
        "Content-Disposition": "inline",
        "Content-Security-Policy": _LOAD_NOTHING,
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    response = HttpResponse(found, headers=headers, content_type=image_type(found))
    patch_cache_control(response, public=True, max_age=_A_WEEK, immutable=True)
    return get_conditional_response(request, etag=etag, response=response) or response
