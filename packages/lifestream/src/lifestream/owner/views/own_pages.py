"""Pages of the owner's own text: how they are listed and edited."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError, router, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from lifestream.models import OwnPage
from lifestream.owner.access import for_owner
from lifestream.owner.forms import OwnPageForm
from lifestream.owner.views.frame import page
from lifestream.storage.own_page_html import html_of_page, html_of_text
from lifestream.web.timeline import Timeline
from lifestream.web.views.own_pages import address_of


@require_safe
@for_owner
def own_pages(request: HttpRequest, timeline: Timeline) -> HttpResponse:
    """List the pages."""
    found = list(timeline.lifestream.own_pages.defer("text", "html"))
    known = {each.slug for each in found}
    names = {"about": gettext("About"), "imprint": gettext("Imprint"), "privacy": gettext("Privacy")}
    suggested = [(slug, name) for slug, name in names.items() if slug not in known]
    return page(request, timeline, "pages.html", {"found": found, "suggested": suggested, "owner_here": "pages"})


@require_http_methods(["GET", "HEAD", "POST"])
@for_owner
def edit_page(request: HttpRequest, timeline: Timeline, pk: int | None = None) -> HttpResponse:
    """Show the form of a page, new or not, with a preview; save or delete the page."""
    lifestream = timeline.lifestream
    if pk is None:
        instance = OwnPage(lifestream=lifestream)
        initial = {name: request.GET.get(name, "")[:60] for name in ("title", "slug")}
        initial["position"] = str(lifestream.own_pages.count() + 1)
    else:
        instance, initial = get_object_or_404(OwnPage, lifestream=lifestream, pk=pk), {}
        # This spares a second query of the lifestream, which would fail if the lifestream has been deleted meanwhile.
        instance.lifestream = lifestream
    do = request.POST.get("do", "")
    if do == "delete" and pk is not None:
        instance.delete()
        messages.success(request, gettext("The page is gone."))
        return redirect("lifestream_owner:pages", slug=lifestream.slug)
    form = OwnPageForm(request.POST if request.method == "POST" else None, instance=instance, initial=initial)
    html: SafeString | str = ""
    if form.is_bound and form.is_valid():
        if do == "preview":
            clean = html_of_text(form.cleaned_data["text"], address_of(form.instance))
            html = mark_safe(clean)  # noqa: S308  it was cleaned
        elif (saved := _saved(form)) is not None:
            html_of_page(saved, address_of(saved))  # now, so that no visitor waits for it
            messages.success(request, gettext("Saved."))
            return redirect("lifestream_owner:pages", slug=lifestream.slug)
    context = {"form": form, "html": html, "pk": pk, "owner_here": "pages", "previewed": do == "preview"}
    return page(request, timeline, "edit_page.html", context)


def _saved(form: OwnPageForm) -> OwnPage | None:
    """Save the page of *form*, and return it. Return None, with an error in *form*, if another request has meanwhile
    stored a page at the same address, as when a form is sent twice.
    """
    try:
        with transaction.atomic(using=router.db_for_write(OwnPage)):
            saved: OwnPage = form.save()
    except IntegrityError:
        try:
            form.clean_slug()
        except ValidationError as error:
            form.add_error("slug", error)
            return None
        raise
    return saved
