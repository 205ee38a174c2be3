"""Pages of an owner's own text, such as the imprint."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from lifestream.models import OwnPage
from lifestream.storage.own_page_html import html_of_page
from lifestream.web.page_addresses import page_address
from lifestream.web.views.pages import frame
from lifestream.web.views.reading import cacheable, read


@require_safe
def own_page(request: HttpRequest, slug: str, page: str) -> HttpResponse:
    """Show a page of the owner's own text."""
    timeline = read(request, slug)
    found = get_object_or_404(OwnPage, lifestream=timeline.lifestream, slug=page)
    found.lifestream = timeline.lifestream
    context = {
        **frame(timeline),
        "own_page": found,
        "html": mark_safe(html_of_page(found, address_of(found))),  # noqa: S308  it was cleaned
    }
    return cacheable(render(request, "lifestream/own_page.html", context), timeline)


def address_of(page: OwnPage) -> str:
    """Return the path of *page* on this site."""
    return page_address("own-page", slug=page.lifestream.slug, page=page.slug)
