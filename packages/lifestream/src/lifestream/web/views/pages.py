"""The pages that people read."""

from __future__ import annotations

import re
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from lifestream.conf import settings
from lifestream.models import Lifestream, Post, Subscription, sort_names
from lifestream.models.look import SiteOrder
from lifestream.web.presenters import hits_in_words, of_the_web
from lifestream.web.site_search import has_many_sites, sites_named, with_last_post
from lifestream.web.timeline import Timeline, by_day
from lifestream.web.views.reading import (
    cacheable,
    check_tag,
    cursor_of,
    find_tag,
    query_of,
    read,
    read_day,
    read_search,
    read_site,
)

SITES_BESIDE = 16
"""How many sites are listed beside a timeline. The page of all sites lists the others."""
SITES_A_PAGE = 200
"""How many sites the page of all sites shows at once."""
SITES_FOUND = 6
"""How many of the sites that a search finds are listed above the posts."""


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Show the lifestreams that the visitor may read, the first 200; if there is only one, redirect to it."""
    user = getattr(request, "user", None)
    lifestreams = Lifestream.objects.public() if user is None else Lifestream.objects.readable_by(user)
    found = list(lifestreams[:200])
    if len(found) == 1:
        response: HttpResponse = redirect("lifestream:timeline", slug=found[0].slug)
    else:
        response = render(request, "lifestream/index.html", {"lifestreams": found})
    response["Vary"] = "Cookie"
    response["Cache-Control"] = "no-cache"
    return response


@require_safe
def timeline(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the posts of a lifestream, the latest first, below those that its owner has pinned."""
    return _listing(request, read(request, slug).narrowed(pins=True), "lifestream/timeline.html")


@require_safe
def day(request: HttpRequest, slug: str, year: int, month: int, day: int) -> HttpResponse:
    """Show the posts of one day, with links to the nearest days before and after it that have posts."""
    timeline = read_day(request, slug, year, month, day)
    earlier, later = timeline.days_beside()
    beside = {
        "earlier": timeline.narrowed(day=earlier).url() if earlier else "",
        "later": timeline.narrowed(day=later).url() if later else "",
    }
    return _listing(request, timeline, "lifestream/day.html", beside)


@require_safe
def site(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Show the posts of one site."""
    return _listing(request, read_site(request, slug, pk), "lifestream/site.html")


@require_safe
def tag(request: HttpRequest, slug: str, tag: str) -> HttpResponse:
    """Show the posts with one tag."""
    return _listing(request, find_tag(request, slug, tag), "lifestream/tag.html")


@require_safe
def search(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the results of a search, the latest first; without a query, only the form."""
    timeline = read_search(request, slug)
    if not timeline.query:
        return cacheable(render(request, "lifestream/search.html", frame(timeline)), timeline)
    named: list[Subscription] = []
    are_many = False
    if cursor_of(request) is None:  # the sites are listed above the first page only
        are_many = has_many_sites(timeline)
        if not are_many:  # if there are very many, only the page of all sites searches their names
            named = list(sites_named(timeline, timeline.query).order_by("sort_name", "pk")[: SITES_FOUND + 1])
    more = {"named": named, "sites_found": SITES_FOUND, "are_many": are_many}
    return _listing(request, timeline, "lifestream/search.html", more)


@require_safe
def item(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Show one item, with its neighbours in the lifestream."""
    timeline = read(request, slug)
    try:
        post = timeline.post(pk)
    except Post.DoesNotExist:
        raise Http404(gettext("There is no such item.")) from None
    newer, older = timeline.neighbours(post)
    context = {
        **frame(timeline),
        "post": post,
        "item": post.item,
        "canonical": of_the_web(post.item.link),
        "newer": newer,
        "older": older,
    }
    return cacheable(render(request, "lifestream/item.html", context), timeline)


@require_safe
def sites(request: HttpRequest, slug: str) -> HttpResponse:
    """Show SITES_A_PAGE sites of a lifestream by folder: the first, or those after the one with the key `?after=`. With
    `?q=`, only those whose names have its words.
    """
    timeline = read(request, slug)
    query = query_of(request)
    chosen = sites_named(timeline, query) if query else timeline.subscriptions()
    found = list(_sites_after(timeline, with_last_post(chosen), request.GET.get("after", ""))[: SITES_A_PAGE + 1])
    more = found[SITES_A_PAGE - 1].pk if len(found) > SITES_A_PAGE else ""
    context = {**frame(timeline), "subscriptions": found[:SITES_A_PAGE], "more": more, "query_of_sites": query}
    return cacheable(render(request, "lifestream/sites.html", context), timeline)


@require_safe
def tags(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the most frequent tags of the latest posts."""
    timeline = read(request, slug)
    frequent, more = timeline.frequent_tags()
    context = {**frame(timeline), "tags": frequent, "more": more}
    return cacheable(render(request, "lifestream/tags.html", context), timeline)


def _listing(
    request: HttpRequest, timeline: Timeline, template: str, more: dict[str, Any] | None = None
) -> HttpResponse:
    before = cursor_of(request)
    page = timeline.page(before, settings.default_pagination, counted=before is None)
    if timeline.tag is not None and not page.posts:
        check_tag(timeline)
    context = {
        **frame(timeline),
        "posts": page.posts,
        **({"pinned": page.pinned} if timeline.pins else {}),
        "days": list(by_day(page.posts)),
        "older": str(page.older) if page.older else "",
        "is_first_page": before is None,
        **({"hits": hits_in_words(page.hits) if page.hits else "", "is_cut": page.is_cut} if timeline.query else {}),
        **(more or {}),
    }
    return cacheable(render(request, template, context), timeline)


def frame(timeline: Timeline) -> dict[str, Any]:
    """Return the context of the frame around every page. The sites are queried only if a template shows them."""
    return {
        "lifestream": timeline.lifestream,
        "timeline": timeline,
        "owned": timeline.owned,
        "subscription": timeline.subscription,
        "tag": timeline.tag,
        "query": timeline.query,
        "day": timeline.day,
        "feeds": [
            ("Atom", "application/atom+xml", timeline.url("atom")),
            ("RSS", "application/rss+xml", timeline.url("rss")),
            ("JSON Feed", "application/feed+json", timeline.url("json")),
        ],
        "beside": lambda: _sites_beside(timeline),
        "sites_beside": SITES_BESIDE,
    }


def _sites_beside(timeline: Timeline) -> list[Subscription]:
    """Return the sites that are listed beside the timeline, in the order that its owner has chosen, and one more if
    there are more. If there are many, those with the latest posts are chosen.
    """
    chosen = timeline.latest_sites(SITES_BESIDE + 1)
    if timeline.lifestream.site_order == SiteOrder.LATEST:
        return chosen
    chosen, more = chosen[:SITES_BESIDE], chosen[SITES_BESIDE:]
    return [*sorted(chosen, key=lambda site: (site.sort_name, site.pk)), *more]


def _sites_after(timeline: Timeline, sites: QuerySet[Subscription], key: str) -> QuerySet[Subscription]:
    """Return *sites* by folder and name, all or those after the one with *key*. Raises Http404 if that is missing."""
    sites = sites.order_by("sort_folder", "sort_name", "pk")
    if not key:
        return sites
    if not re.fullmatch(r"[0-9]{1,18}", key, re.ASCII):
        raise Http404(gettext("There is no such page."))
    last = get_object_or_404(timeline.subscriptions(), pk=int(key))
    return sites.filter(sort_names.after(last.sort_folder, last.sort_name, last.pk))
