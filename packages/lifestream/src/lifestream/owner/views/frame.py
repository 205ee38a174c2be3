"""What all pages of owners share."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme

from lifestream.models import Subscription
from lifestream.web.timeline import Timeline


def page(request: HttpRequest, timeline: Timeline, template: str, context: dict[str, Any]) -> HttpResponse:
    """Return the page that *template*, a file of `lifestream/owner/`, makes with *context* and the lifestream."""
    frame = {"lifestream": timeline.lifestream, "timeline": timeline, "owned": timeline.owned}
    return render(request, f"lifestream/owner/{template}", {**frame, **context})


def back(request: HttpRequest, otherwise: str) -> HttpResponse:
    """Return a redirect to the path that the form names as `next`. If that is a whole URL, or no path of this site,
    the redirect leads to *otherwise*.
    """
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts=None) and target.startswith("/")
    return redirect(target if safe else otherwise)


def folders_of(timeline: Timeline) -> list[str]:
    """Return the names of the folders of the lifestream, 500 at most."""
    subscriptions = Subscription.objects.filter(lifestream=timeline.lifestream).exclude(folder="")
    return list(subscriptions.order_by("folder").values_list("folder", flat=True).distinct()[:500])
