"""How a lifestream looks: chosen by its owner, and seen before it is saved."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from lifestream.models import Lifestream
from lifestream.owner.access import for_owner
from lifestream.owner.forms import LookForm
from lifestream.owner.views.frame import page
from lifestream.web.timeline import Timeline

PREVIEWED: Final = 3
"""How many posts the preview shows."""


@require_http_methods(["GET", "HEAD", "POST"])
@for_owner
def look(request: HttpRequest, timeline: Timeline) -> HttpResponse:
    """Show the form. A preview is the page itself, as it would look, with the latest posts; nothing is saved then."""
    lifestream = Lifestream.objects.get(pk=timeline.lifestream.pk)
    form = LookForm(request.POST if request.method == "POST" else None, instance=lifestream)
    posts = None
    if form.is_bound and form.is_valid():
        if request.POST.get("do") != "preview":
            form.save()
            messages.success(request, gettext("Saved."))
            return redirect("lifestream_owner:look", slug=lifestream.slug)
        timeline = replace(timeline, lifestream=lifestream)
        posts = timeline.page(None, PREVIEWED).posts
    return page(request, timeline, "look.html", {"form": form, "posts": posts, "owner_here": "look"})
