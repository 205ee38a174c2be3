"""The rules of a whole lifestream."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from lifestream.models import Lifestream
from lifestream.owner.access import for_owner
from lifestream.owner.forms import RulesForm
from lifestream.owner.rule_preview import preview_of
from lifestream.owner.views.frame import page
from lifestream.refresh import wakeup
from lifestream.web.timeline import Timeline


@require_http_methods(["GET", "HEAD", "POST"])
@for_owner
def rules(request: HttpRequest, timeline: Timeline) -> HttpResponse:
    """Show the rules, what they would hide, and save them."""
    lifestream = get_object_or_404(Lifestream, pk=timeline.lifestream.pk)
    form = RulesForm(request.POST if request.method == "POST" else None, instance=lifestream)
    preview = None
    if form.is_bound and form.is_valid():
        values = form.cleaned_data
        if request.POST.get("do") == "preview":
            preview = preview_of(timeline.lifestream, values["keep_rules"], values["block_rules"])
        else:
            form.save()
            wakeup.send()  # the next refresh applies the rules to posts that are older than the latest ones
            messages.success(request, gettext("Saved. Older posts follow within a minute or two."))
            return redirect("lifestream_owner:rules", slug=lifestream.slug)
    context = {"form": form, "preview": preview, "owner_here": "rules"}
    return page(request, timeline, "rules.html", context)
