"""What other programs read: the feeds of every timeline, and its subscriptions as OPML."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from lifestream.refresh import opml
from lifestream.web import syndication
from lifestream.web.timeline import Timeline
from lifestream.web.views.reading import cacheable, cursor_of, read, read_search, read_site, read_tag


@require_safe
def timeline_feed(request: HttpRequest, slug: str, format: str) -> HttpResponse:  # noqa: A002
    """Return the feed of a lifestream."""
    return _feed(request, read(request, slug), format)


@require_safe
def site_feed(request: HttpRequest, slug: str, pk: int, format: str) -> HttpResponse:  # noqa: A002
    """Return the feed of one site of a lifestream."""
    return _feed(request, read_site(request, slug, pk), format)


@require_safe
def tag_feed(request: HttpRequest, slug: str, tag: str, format: str) -> HttpResponse:  # noqa: A002
    """Return the feed of one tag of a lifestream."""
    return _feed(request, read_tag(request, slug, tag), format)


@require_safe
def search_feed(request: HttpRequest, slug: str, format: str) -> HttpResponse:  # noqa: A002
    """Return the feed of a search in a lifestream. Raises Http404 if there is no query."""
    timeline = read_search(request, slug)
    if not timeline.query:
        raise Http404(gettext("Add ?q= and what to search for."))
    return _feed(request, timeline, format)


@require_safe
def subscriptions(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Return the sites of a lifestream as OPML, for another reader."""
    timeline = read(request, slug)
    body = opml.write(timeline.lifestream)
    response = StreamingHttpResponse(body, content_type="text/x-opml; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{timeline.lifestream.slug}.opml"'
    return cacheable(response, timeline)


def _feed(request: HttpRequest, timeline: Timeline, format: str) -> HttpResponse:  # noqa: A002
    before = cursor_of(request)
    etag, latest = syndication.validators(timeline, before, salt=f"{format} {request.build_absolute_uri()}")
    # An item that was stored while a clock was ahead may be of the future; Last-Modified never is (RFC 9110, 8.8.2.1).
    modified = int(min(latest, timezone.now()).timestamp()) if latest else None
    # Last-Modified is not compared: it does not change when a post is hidden or removed, but the post must vanish for
    # every client. A recipient that has no date to compare ignores If-Modified-Since (RFC 9110, section 13.1.3).
    response = get_conditional_response(request, etag=etag)
    if response is None:
        body, kind = syndication.write(timeline, before, format, request.build_absolute_uri)
        response = HttpResponse(body, content_type=kind)
    response["ETag"] = etag
    if modified is not None:
        response["Last-Modified"] = http_date(modified)
    return cacheable(response, timeline)
