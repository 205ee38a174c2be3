"""What all pages share: the lifestream, the part of it that is shown, and how long an answer may be cached.

What a visitor may not read does not exist for them: every view answers 404, never 403.
"""

from __future__ import annotations

import datetime as dt
from typing import NoReturn, TypeVar

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.translation import gettext

from lifestream.content.plaintext import scrub
from lifestream.models import Lifestream
from lifestream.models.fulltext import LONGEST_QUERY
from lifestream.web.keyset import Cursor
from lifestream.web.timeline import Timeline, timeline_for

_Response = TypeVar("_Response", bound=HttpResponseBase)

FRESH = 60
"""For how many seconds a public page may be cached without asking again. Feeds are fetched far less often."""


def read(request: HttpRequest, slug: str) -> Timeline:
    """Return the timeline of the lifestream *slug*. Raises Http404 if there is none that the visitor may read."""
    try:
        return timeline_for(getattr(request, "user", None), slug)
    except Lifestream.DoesNotExist:
        raise Http404(gettext("There is no such lifestream.")) from None


def read_site(request: HttpRequest, slug: str, pk: int) -> Timeline:
    """Return the timeline of one site. Raises Http404 like `read`."""
    timeline = read(request, slug)
    return timeline.narrowed(subscription=get_object_or_404(timeline.subscriptions(), pk=pk))


def read_tag(request: HttpRequest, slug: str, tag: str) -> Timeline:
    """Return the timeline of a tag. Raises Http404 if no post of the lifestream has the tag: tags are shared with
    private lifestreams, so a visitor must not learn whether a tag exists elsewhere.
    """
    timeline = find_tag(request, slug, tag)
    check_tag(timeline)
    return timeline


def find_tag(request: HttpRequest, slug: str, tag: str) -> Timeline:
    """Return the timeline of a tag. A caller that finds no posts in it must call `check_tag`. Raises Http404 if there
    is no such tag.
    """
    timeline = read(request, slug)
    # PostgreSQL's text type cannot hold NUL, and psycopg raises DataError for a parameter with one.
    found = None if "\0" in tag else timeline.of_tag(tag)
    return found if found is not None else _no_such_tag()


def check_tag(timeline: Timeline) -> None:
    """Raise Http404 if none of *timeline*'s posts has its tag."""
    if not timeline.rows(None, 1):
        _no_such_tag()


def _no_such_tag() -> NoReturn:
    raise Http404(gettext("Nothing here is filed under that tag."))


def read_day(request: HttpRequest, slug: str, year: int, month: int, day: int) -> Timeline:
    """Return the timeline of a day. Raises Http404 like `read`, and for a day beyond the calendar or near its ends."""
    try:
        date = dt.date(year, month, day)
    except (ValueError, OverflowError):
        raise Http404(gettext("There is no such day.")) from None
    # In some time zones, the first or the last day of the calendar begins or ends outside the calendar of UTC.
    if not 2 < year < 9999:
        raise Http404(gettext("There is nothing from that day."))
    return read(request, slug).narrowed(day=date)


def read_search(request: HttpRequest, slug: str) -> Timeline:
    """Return the timeline of what the visitor searches for. Its query may be empty."""
    return read(request, slug).narrowed(query=query_of(request))


def query_of(request: HttpRequest) -> str:
    """Return what the visitor searches for, "" if nothing was entered."""
    return " ".join(scrub(" ".join(request.GET.get("q", "").split())).split())[:LONGEST_QUERY]


def cursor_of(request: HttpRequest) -> Cursor | None:
    """Return where the page begins, from `?before=`, or None for the first page. Raises Http404 for a value that is no
    cursor.
    """
    text = request.GET.get("before", "")
    if not text:
        return None
    try:
        return Cursor.parse(text)
    except ValueError:
        raise Http404(gettext("There is no such page.")) from None


def cacheable(response: _Response, timeline: Timeline, seconds: int = FRESH) -> _Response:
    """Set the headers of *response* that say who may cache it, and for how many *seconds*; return it.

    Shared caches may keep only what everybody may read.
    """
    patch_vary_headers(response, ["Cookie"])
    if timeline.lifestream.is_public and not timeline.owned:
        patch_cache_control(response, public=True, max_age=seconds)
    else:
        patch_cache_control(response, private=True, no_cache=True)
    return response
