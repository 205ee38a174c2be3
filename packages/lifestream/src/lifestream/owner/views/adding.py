"""Adding feeds: by address, or a whole list."""

from __future__ import annotations

from django.contrib import messages
from django.db import router, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods

from lifestream.models import Addition
from lifestream.owner.access import for_owner
from lifestream.owner.forms import MOST_ADDRESSES, AddForm, ImportForm
from lifestream.owner.views.frame import folders_of, page
from lifestream.refresh import wakeup
from lifestream.web.timeline import Timeline
from lifestream.wording import worded

_TOLD = 10
"""How many messages of each kind are shown after an import."""


@require_http_methods(["GET", "HEAD", "POST"])
@for_owner
def add(request: HttpRequest, timeline: Timeline) -> HttpResponse:
    """Show the two forms; note the addresses of the first, or subscribe to the list of the second. The action
    "dismiss" deletes the addresses that could not be added.

    With `?again`, the first form has the addresses that could not be added, at most MOST_ADDRESSES, and the addresses
    that are sent replace them.
    """
    do = request.POST.get("do", "")
    failed = timeline.lifestream.additions.filter(state=Addition.State.FAILED)
    corrected = failed.order_by("pk")[:MOST_ADDRESSES]
    initial = {"folder": request.GET.get("folder", "")[:200]}
    if again := "again" in request.GET:
        initial["addresses"] = "\n".join(corrected.values_list("url", flat=True))
    adding = AddForm(request.POST if do == "add" else None, initial=initial)
    importing = ImportForm(*((request.POST, request.FILES) if do == "import" else ()))
    if do == "dismiss":
        failed.delete()
        return redirect("lifestream_owner:manage", slug=timeline.lifestream.slug)
    if do == "add" and adding.is_valid():
        from lifestream.refresh import additions

        values = adding.cleaned_data
        if reason := additions.why_no_more(timeline.lifestream):
            adding.add_error("addresses", reason)
        else:
            # Together: the old addresses are not lost if the new ones can't be stored.
            with transaction.atomic(using=router.db_for_write(Addition)):
                if again:
                    failed.filter(pk__in=list(corrected.values_list("pk", flat=True))).delete()
                additions.note(timeline.lifestream, values["addresses"], folder=values["folder"])
            return redirect("lifestream_owner:manage", slug=timeline.lifestream.slug)
    if do == "import" and importing.is_valid():
        _import(request, timeline, importing)
        return redirect("lifestream_owner:manage", slug=timeline.lifestream.slug)
    context = {"adding": adding, "importing": importing, "folders": folders_of(timeline), "owner_here": "add"}
    return page(request, timeline, "add.html", context)


def _import(request: HttpRequest, timeline: Timeline, form: ImportForm) -> None:
    from lifestream.refresh import opml

    result = opml.subscribe_to(timeline.lifestream, form.cleaned_data["file"])
    wakeup.send()
    count = len(result.made)
    text = ngettext("{} feed was added.", "{} feeds were added.", count).format(count)
    if result.known:
        text += " " + ngettext("{} was there already.", "{} were there already.", result.known).format(result.known)
    messages.success(request, text)
    for reason in result.refused[:_TOLD]:
        messages.warning(request, gettext("Left out: {}.").format(worded(reason)))
    for note in result.notes[:_TOLD]:
        messages.info(request, gettext("Has no counterpart: {}.").format(note))
    if len(result.refused) > _TOLD:
        more = len(result.refused) - _TOLD
        messages.warning(request, ngettext("{} more was left out.", "{} more were left out.", more).format(more))
