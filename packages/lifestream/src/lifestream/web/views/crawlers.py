"""The addresses of the bundled site that crawlers request: what they may read, a list of its pages, and its icon."""

from __future__ import annotations

from xml.sax.saxutils import escape

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.http import require_safe

from lifestream.models import Lifestream, OwnPage
from lifestream.page_limits import MOST_IN_SITEMAP


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Say what crawlers may read (RFC 9309): all pages but the admin, searches, and those with older posts."""
    root = reverse("lifestream:index")
    lines = [
        "User-agent: *",
        f"Disallow: {reverse('admin:index')}",
        f"Disallow: {root}*/search/",
        f"Disallow: {root}*?before=",
        f"Sitemap: {request.build_absolute_uri(reverse('sitemap'))}",
        "",
    ]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    """List the first page, and the timelines, the lists of sites and the own pages of the public lifestreams
    (sitemaps.org): at most MOST_IN_SITEMAP lifestreams, and as many own pages. Items are left out: they belong to their
    own sites.
    """
    public = Lifestream.objects.filter(is_public=True).order_by("pk")[:MOST_IN_SITEMAP]
    slugs = dict(public.values_list("pk", "slug"))
    addresses = [reverse("lifestream:index")]
    for slug in slugs.values():
        addresses += [reverse("lifestream:timeline", args=[slug]), reverse("lifestream:sites", args=[slug])]
    pages = (
        OwnPage.objects.filter(lifestream__in=slugs)
        .order_by("pk")
        .values_list("lifestream_id", "slug")[:MOST_IN_SITEMAP]
    )
    addresses += [reverse("lifestream:own-page", args=[slugs[pk], page]) for pk, page in pages]
    listed = "".join(f"<url><loc>{escape(request.build_absolute_uri(each))}</loc></url>\n" for each in addresses)
    body = (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{listed}</urlset>\n'
    )
    return HttpResponse(body, content_type="application/xml")


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Redirect browsers that look for the icon at its traditional address."""
    return HttpResponsePermanentRedirect(static("lifestream/icon.png"))
