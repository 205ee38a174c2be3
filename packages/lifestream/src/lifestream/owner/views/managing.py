"""The subscriptions of a lifestream, which the pages call sites: their list, with actions on many of them, and the page
of one site with the state of its feed.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods

from lifestream.content.plaintext import one_line
from lifestream.models import Feed, Lifestream, Post, Subscription
from lifestream.models.fetches import outcome_in_words
from lifestream.operations.feed_state import next_of, reasoning_of, state_of
from lifestream.owner.access import for_owner
from lifestream.owner.arrivals import arrivals_of
from lifestream.owner.forms import SiteForm
from lifestream.owner.rule_preview import preview_of
from lifestream.owner.views.frame import back, folders_of, page
from lifestream.refresh.update_requests import update_soon
from lifestream.storage.deadlocks import tried_again
from lifestream.web.timeline import Timeline
from lifestream.wording import worded

PER_PAGE: Final = 100
_LONGEST: Final = 200
_FETCHES: Final = 10

FAILING: Final = Q(feed__status=Feed.Status.ACTIVE, feed__failures__gt=0) | Q(feed__status=Feed.Status.GONE)
"""The condition of a site whose feed fails or is gone, so that its owner should look at it."""


@require_http_methods(["GET", "HEAD", "POST"])
@for_owner
def manage(request: HttpRequest, timeline: Timeline) -> HttpResponse:
    """List the sites, and carry out an action on those that were chosen."""
    query = {name: _parameter(request, name) for name in ("q", "folder", "state")}
    listed = _narrowed(timeline, query)
    if request.method == "POST":
        return _act(request, timeline, listed)
    shown = Paginator(listed, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "sites": shown,
        "query_of_sites": query,
        "folders": folders_of(timeline),
        "arrivals": arrivals_of(timeline.lifestream),
        "owner_here": "manage",
        "has_sites": bool(shown) or timeline.lifestream.subscriptions.exists(),
    }
    return page(request, timeline, "manage.html", context)


def _parameter(request: HttpRequest, name: str) -> str:
    return request.GET.get(name, "").replace("\0", "")[:_LONGEST]


def _narrowed(timeline: Timeline, query: dict[str, str]) -> QuerySet[Subscription]:
    sites = timeline.subscriptions()
    if query["q"]:
        text = query["q"]
        sites = sites.filter(Q(name__icontains=text) | Q(feed__title__icontains=text) | Q(feed__url__icontains=text))
    if query["folder"]:
        sites = sites.filter(folder=query["folder"])
    if query["state"] == "failing":
        sites = sites.filter(FAILING)
    elif query["state"] == "paused":
        sites = sites.filter(paused=True)
    return sites.order_by("sort_folder", "sort_name", "pk")


def _act(request: HttpRequest, timeline: Timeline, listed: QuerySet[Subscription]) -> HttpResponse:
    here = reverse("lifestream_owner:manage", kwargs={"slug": timeline.lifestream.slug})
    chosen = Subscription.objects.filter(lifestream=timeline.lifestream)
    if request.POST.get("all"):
        keys = list(listed.values_list("pk", flat=True))
    else:
        # The page that asks for confirmation sends all keys in one field: Django refuses more than a thousand fields.
        sent = [*request.POST.getlist("site"), *request.POST.get("sites", "").split(",")]
        asked = list({int(key): None for key in sent if key.isascii() and key.isdigit() and len(key) < 19})
        keys = [pk for at in range(0, len(asked), 400) for pk in _existing(chosen, asked[at : at + 400])]
    if not keys:
        messages.warning(request, gettext("Nothing was chosen."))
        return back(request, here)
    action = request.POST.get("action", "")
    if action == "remove" and not request.POST.get("sure"):
        named = chosen.filter(pk__in=keys[:20]).select_related("feed")
        context = {"keys": keys, "named": named, "more": max(0, len(keys) - 20), "owner_here": "manage"}
        return page(request, timeline, "remove.html", context)
    _carry_out(request, chosen, keys, action)
    return back(request, here)


def _existing(sites: QuerySet[Subscription], keys: list[int]) -> list[int]:
    """Return those of *keys* that are primary keys of *sites*."""
    return list(sites.filter(pk__in=keys).order_by("pk").values_list("pk", flat=True))


def _carry_out(request: HttpRequest, chosen: QuerySet[Subscription], keys: list[int], action: str) -> None:
    """Carry out *action* on the sites with the primary *keys*, and tell the owner the result."""
    count = 0
    parts = [chosen.filter(pk__in=keys[start : start + 400]) for start in range(0, len(keys), 400)]
    if action == "update":
        feeds = [feed for part in parts for feed in part.values_list("feed_id", flat=True)]
        _update(request, feeds)
        return
    for part in parts:
        # Each part by itself: those before it are committed, and counted.
        count += tried_again(partial(_change, part, action, one_line(request.POST.get("folder", ""))[:_LONGEST]))
    text = {
        "pause": ngettext("{} site was paused.", "{} sites were paused.", count),
        "resume": ngettext("{} site was resumed.", "{} sites were resumed.", count),
        "move": ngettext("{} site was moved.", "{} sites were moved.", count),
        "remove": ngettext("{} site was removed.", "{} sites were removed.", count),
    }.get(action)
    if text is None:
        messages.warning(request, gettext("Choose what to do."))
    else:
        messages.success(request, text.format(count))


def _change(part: QuerySet[Subscription], action: str, folder: str) -> int:
    """Carry out *action* on *part* of the sites. Return how many were changed."""
    if action == "pause":
        return part.filter(paused=False).update(paused=True)
    if action == "resume":
        return part.filter(paused=True).update(paused=False)
    if action == "move":
        return part.update(folder=folder)
    if action == "remove":
        return part.all().delete()[1].get(Subscription._meta.label, 0)
    return 0


def _update(request: HttpRequest, feeds: list[int]) -> None:
    requested = update_soon(feeds, timezone.now())
    if count := len(requested.due):
        messages.success(request, ngettext("{} feed is fetched now.", "{} feeds are fetched now.", count).format(count))
    if text := requested.left_in_words:
        messages.warning(request, text)


@require_http_methods(["GET", "HEAD", "POST"])
@for_owner
def site(request: HttpRequest, timeline: Timeline, pk: int) -> HttpResponse:
    """Show one site: its fields, what its rules would hide, and when and why its feed is fetched next. Save the fields,
    or have the feed fetched now, if the form says so.
    """
    sites = Subscription.objects.filter(lifestream=timeline.lifestream).select_related("feed__host", "lifestream")
    subscription = get_object_or_404(sites.defer("feed__icon"), pk=pk)
    here = reverse("lifestream_owner:site", kwargs={"slug": timeline.lifestream.slug, "pk": pk})
    do = request.POST.get("do", "")
    if do == "update":
        _update(request, [subscription.feed_id])
        return redirect(f"{here}#why")
    form = SiteForm(request.POST if request.method == "POST" else None, instance=subscription)
    preview = None
    if form.is_bound and form.is_valid():
        if do == "preview":
            values = form.cleaned_data
            preview = preview_of(subscription, values["keep_rules"], values["block_rules"])
        else:
            form.save()
            messages.success(request, gettext("Saved."))
            return redirect(here)
    unchanged = get_object_or_404(Subscription.objects.select_related("feed__host").defer("feed__icon"), pk=pk)
    context: dict[str, Any] = {
        "form": form,
        "site": unchanged,
        "preview": preview,
        "folders": folders_of(timeline),
        "owner_here": "manage",
        "posts": Post.objects.visible().filter(subscription=subscription).count(),
        **_why(unchanged.feed, Lifestream.objects.owned_by(request.user)),
    }
    return page(request, timeline, "site.html", context)


def _why(feed: Feed, mine: QuerySet[Lifestream]) -> dict[str, Any]:
    now = timezone.now()
    fetches = [
        {"at": fetch.latest or fetch.started, "outcome": outcome_in_words(fetch.outcome), "fetch": fetch,
         "message": worded(fetch.message)}
        for fetch in feed.fetches.order_by("-pk")[:_FETCHES]
    ]  # fmt: skip
    return {
        "state": list(state_of(feed, now, mine)),
        "next": next_of(feed, now),
        "reasons": [
            {"text": line.removeprefix(">").strip(), "holds": line.startswith(">")} for line in reasoning_of(feed, now)
        ],
        "fetches": fetches,
    }
