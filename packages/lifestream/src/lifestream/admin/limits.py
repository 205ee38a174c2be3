"""The page "Limits": what bounds this site, what each limit is now, and which of them are not the default."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext


def the_limits(model_admin: admin.ModelAdmin[Any], request: HttpRequest) -> HttpResponse:
    """Return the page."""
    # Imported late: many sites import the admin for every command, and this also imports the modules that fetch and
    # read, in which the limits are.
    from lifestream.operations.limits import limits

    found = list(limits())
    context = {
        **model_admin.admin_site.each_context(request),
        "title": gettext("Limits"),
        "opts": model_admin.opts,
        "settings": [limit for limit in found if limit.setting],
        "fixed": [limit for limit in found if not limit.setting],
    }
    return TemplateResponse(request, "admin/lifestream/feed/limits.html", context)
