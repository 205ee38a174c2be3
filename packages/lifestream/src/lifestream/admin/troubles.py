"""The page "Feeds in trouble": those that fail and have had no success for a day, and those that are gone, each with
the reason and what to do.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from lifestream.admin.columns import moment
from lifestream.operations.troubles import Trouble, troubles
from lifestream.wording import worded


def feeds_in_trouble(model_admin: admin.ModelAdmin[Any], request: HttpRequest) -> HttpResponse:
    """Return the page, for the feeds that the user may see."""
    found = troubles(timezone.now(), model_admin.get_queryset(request))
    context = {
        **model_admin.admin_site.each_context(request),
        "title": gettext("Feeds in trouble"),
        "opts": model_admin.opts,
        "troubles": [_row(each) for each in found],
    }
    return TemplateResponse(request, "admin/lifestream/feed/troubles.html", context)


def _row(trouble: Trouble) -> dict[str, Any]:
    return {
        "title": trouble.title[:200],
        "url": trouble.url[:200],
        "address": reverse("admin:lifestream_feed_change", args=[trouble.feed]),
        "since": moment(trouble.since),
        "reason": worded(trouble.reason)[:300],
        "remedy": worded(trouble.remedy),
    }
