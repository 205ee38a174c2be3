"""Pages of an owner's own text, such as the imprint."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from lifestream.conf import settings
from lifestream.content.markdown import html_of_markdown
from lifestream.content.sanitizer import Sanitizer
from lifestream.models import OwnPage
from lifestream.web.views.reading import cacheable, read


@require_safe
def own_page(request: HttpRequest, slug: str, page: str) -> HttpResponse:
    """Show a page of the owner's own text."""
    timeline = read(request, slug)
    found = get_object_or_404(OwnPage, lifestream=timeline.lifestream, slug=page)
    context = {
        "lifestream": timeline.lifestream,
        "timeline": timeline,
        "owned": timeline.owned,
        "own_page": found,
        "html": html_of(request, found.text),
    }
    return cacheable(render(request, "lifestream/own_page.html", context), timeline)


def html_of(request: HttpRequest, text: str) -> SafeString:
    """Return *text*, which is Markdown, as clean HTML with addresses relative to *request*."""
    html = Sanitizer(settings.sanitizer_rules).html(html_of_markdown(text), request.build_absolute_uri())
    return mark_safe(html)  # noqa: S308  it was cleaned
