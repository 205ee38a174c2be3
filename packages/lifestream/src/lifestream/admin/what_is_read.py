"""The view "What is read" of a feed: the feed is fetched, and the page shows what lifestream reads in its document.

No request waits for the feed's server: the updater of this site fetches the feed, see `refresh.wanted_readings`.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import get_language, gettext

from lifestream.admin.updating import RELOAD_AFTER, is_late
from lifestream.content.text_direction import isolated
from lifestream.models import Feed, ReadingRequest

if TYPE_CHECKING:
    from lifestream.refresh.wanted_readings import ReadingResult


def what_is_read(model_admin: admin.ModelAdmin[Any], request: HttpRequest, feed: Feed) -> HttpResponse:
    """Return the page for *feed*, with the last reading in the visitor's language. For a POST, note that the feed is to
    be read now, or warn the user if too many readings of the user's feeds are waiting already. Either way, return a
    redirect to the page, which reloads itself until the reading is done or late.
    """
    language, now = get_language() or "", timezone.now()
    if request.method == "POST":
        # Many sites import the admin for every command; the modules that fetch and read are imported only when a page
        # needs them.
        from lifestream.refresh import wanted_readings

        if request.user.pk is not None and wanted_readings.has_many_open(request.user.pk):
            text = gettext(
                "Many of your feeds are already waiting to be read; try again once some of them have been read."
            )
            model_admin.message_user(request, text, messages.WARNING)
        else:
            wanted_readings.note(feed, language, now)
        return HttpResponseRedirect(request.path)
    reading = ReadingRequest.objects.filter(feed=feed, language=language).first()
    late = reading is not None and reading.read is None and is_late(reading.wanted, now)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": gettext("What is read of {feed}").format(feed=isolated(feed.display_title[:120])),
        "feed": feed,
        "opts": model_admin.opts,
        "pending": reading is not None and reading.read is None,
        "is_late": late,
        "read": _read(reading),
        "found": _found(reading),
    }
    response = TemplateResponse(request, "admin/lifestream/feed/what_is_read.html", context)
    if context["pending"] and not late:
        response["Refresh"] = str(RELOAD_AFTER)
    return response


def _read(reading: ReadingRequest | None) -> datetime | None:
    return None if reading is None else reading.read


def _found(reading: ReadingRequest | None) -> ReadingResult | None:
    if reading is None or reading.read is None:
        return None
    from lifestream.refresh.wanted_readings import ReadingResult

    return ReadingResult.from_json(reading.found)
