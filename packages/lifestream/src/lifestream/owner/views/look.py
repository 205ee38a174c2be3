"""The look of a lifestream: a form with a preview. A logo is uploaded in a form of its own, since a browser does not
keep a chosen file while a preview is shown.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from lifestream.models import Lifestream
from lifestream.models.logos import remove_logo, upload_logo
from lifestream.owner.access import for_owner
from lifestream.owner.forms import LookForm
from lifestream.owner.logo_form import LogoForm
from lifestream.owner.views.frame import page
from lifestream.web.timeline import Timeline

PREVIEWED: Final = 3
"""How many posts the preview shows."""


@require_http_methods(["GET", "HEAD", "POST"])
@for_owner
def look(request: HttpRequest, timeline: Timeline) -> HttpResponse:
    """Show the forms, and save the look. For a preview, nothing is saved: the page itself has the new look, with the
    latest posts.
    """
    lifestream = get_object_or_404(Lifestream, pk=timeline.lifestream.pk)
    form = LookForm(request.POST if request.method == "POST" else None, instance=lifestream)
    posts = None
    if form.is_bound and form.is_valid():
        if request.POST.get("do") != "preview":
            form.save()
            messages.success(request, gettext("Saved."))
            return redirect("lifestream_owner:look", slug=lifestream.slug)
        timeline = replace(timeline, lifestream=lifestream)
        posts = timeline.page(None, PREVIEWED).posts
    context = {"form": form, "logo_form": LogoForm(), "posts": posts, "owner_here": "look"}
    return page(request, timeline, "look.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_owner
def logo(request: HttpRequest, timeline: Timeline) -> HttpResponse:
    """Store the uploaded logo, or remove the logo. A GET, such as the one after a login, is redirected to the form."""
    if request.method != "POST":
        return redirect("lifestream_owner:look", slug=timeline.lifestream.slug)
    lifestream = get_object_or_404(Lifestream, pk=timeline.lifestream.pk)
    if request.POST.get("do") == "remove":
        remove_logo(lifestream)
        messages.success(request, gettext("The uploaded logo is gone."))
        return redirect("lifestream_owner:look", slug=lifestream.slug)
    form = LogoForm(request.POST, request.FILES)
    if form.is_valid():
        upload_logo(lifestream, form.cleaned_data["picture"])
        messages.success(request, gettext("Saved."))
        return redirect("lifestream_owner:look", slug=lifestream.slug)
    context = {"form": LookForm(instance=lifestream), "logo_form": form, "posts": None, "owner_here": "look"}
    return page(request, timeline, "look.html", context)
