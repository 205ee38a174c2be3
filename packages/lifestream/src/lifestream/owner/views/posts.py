"""What owners do with a post: hide it, or pin it to the top."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from lifestream.models import Post, Tag
from lifestream.owner.access import for_owner
from lifestream.owner.views.frame import back, page
from lifestream.page_limits import MOST_PINNED
from lifestream.web.shown_posts import shown
from lifestream.web.timeline import Timeline

PER_PAGE: Final = 50


@require_http_methods(["GET", "HEAD", "POST"])
@for_owner
def post(request: HttpRequest, timeline: Timeline, pk: int) -> HttpResponse:
    """Hide, show, pin or unpin the post of the item *pk*. A GET changes nothing (the browser sends one after a login):
    it is redirected to the page of the post, or to the list of the hidden posts.
    """
    posts = Post.objects.filter(lifestream=timeline.lifestream, removed=False)
    found = get_object_or_404(posts, item=pk)
    slug = timeline.lifestream.slug
    if request.method != "POST":
        if found.hidden or found.ruled:
            return redirect("lifestream_owner:hidden", slug=slug)
        return redirect("lifestream:item", slug=slug, pk=pk)
    action = request.POST.get("action", "")
    mine = posts.filter(pk=found.pk)
    if action == "hide":
        mine.update(hidden=True)
        messages.success(request, gettext("The post is hidden. It is listed under “Hidden posts”."))
    elif action == "show":
        mine.update(hidden=False)
        if found.ruled:
            messages.warning(request, gettext("You no longer hide the post, but a rule hides it."))
        else:
            messages.success(request, gettext("The post is shown again."))
    elif action == "pin":
        pinned = posts.filter(pinned__isnull=False).exclude(pk=found.pk).count()
        if pinned >= MOST_PINNED:
            text = ngettext(
                "At most {} post can be pinned, hidden ones included; unpin another one first.",
                "At most {} posts can be pinned, hidden ones included; unpin another one first.",
                MOST_PINNED,
            )
            messages.warning(request, text.format(MOST_PINNED))
        else:
            mine.update(pinned=timezone.now())
            if found.hidden or found.ruled:
                text = gettext("The post is pinned. It is at the top of the timeline once nothing hides it.")
            else:
                text = gettext("The post is pinned to the top of the timeline.")
            messages.success(request, text)
    elif action == "unpin":
        mine.update(pinned=None)
        messages.success(request, gettext("The post is no longer pinned."))
    if action == "hide" and _is_left_empty(timeline, pk, request.POST.get("next", "").partition("?")[0]):
        return redirect("lifestream:timeline", slug=slug)
    return back(request, reverse("lifestream:timeline", kwargs={"slug": slug}))


def _is_left_empty(timeline: Timeline, pk: int, path: str) -> bool:
    """Return whether the page at *path* is "not found" once the post of the item *pk* is hidden: the page of the post
    itself, or that of a tag that no other post has.
    """
    if path == reverse("lifestream:item", kwargs={"slug": timeline.lifestream.slug, "pk": pk}):
        return True
    address = unquote(path)  # once, since it may be long, and the post may have many tags
    tagged = (timeline.narrowed(tag=tag) for tag in Tag.objects.filter(items=pk))
    return any(unquote(each.url()) == address and not each.rows(None, 1) for each in tagged)


@require_safe
@for_owner
def hidden(request: HttpRequest, timeline: Timeline) -> HttpResponse:
    """List the posts that were hidden by hand, the latest first."""
    posts = Post.objects.filter(lifestream=timeline.lifestream, hidden=True, removed=False)
    found = Paginator(posts.order_by("-date", "-item_id"), PER_PAGE).get_page(request.GET.get("page"))
    keys = [each.pk for each in found]
    loaded = shown(Post.objects.filter(pk__in=keys).order_by("-date", "-item_id"), lifestream=timeline.lifestream)
    ruled = Post.objects.filter(lifestream=timeline.lifestream, ruled=True, hidden=False, removed=False).count()
    context = {"page": found, "posts": loaded, "ruled": ruled, "owner_here": "hidden"}
    return page(request, timeline, "hidden.html", context)
