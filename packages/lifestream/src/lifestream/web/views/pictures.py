"""The icons of sites, from our own address, so that a page loads nothing from the sites themselves."""

from __future__ import annotations

import hashlib

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from lifestream.content.image_types import image_type
from lifestream.models import Feed
from lifestream.web.views.reading import keep, read_site

A_DAY = 86400


@require_safe
def icon(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Return the icon of a site, if its feed has one in a format that cannot hold a script."""
    timeline = read_site(request, slug, pk)
    data = bytes(Feed.objects.values_list("icon", flat=True).get(subscriptions=pk))
    kind = image_type(data)
    if not kind:
        raise Http404(gettext("This site has no icon."))
    etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    response = HttpResponse(data, content_type=kind, headers={"ETag": etag, "X-Content-Type-Options": "nosniff"})
    conditional = get_conditional_response(request, etag=etag, response=response)
    return keep(conditional or response, timeline, A_DAY)
