"""The action "Update now": the feeds become due at once, and a page shows what each of them brought.

No request waits for a feed's server. The updater of this site fetches the feeds: `serve`, a worker, or cron.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext

from lifestream.content.text_direction import isolated
from lifestream.models import Feed, Fetch
from lifestream.models.fetches import outcome_in_words
from lifestream.refresh.update_requests import update_soon
from lifestream.wording import worded

SHOWN: Final = 100
"""How many feeds the page shows. The log has the others."""
_KEY: Final = "lifestream_updates"
RELOAD_AFTER: Final = 2
"""After how many seconds the page reloads itself, as long as feeds are still to be fetched."""
_LATE_AFTER: Final = 600.0
"""After how many seconds the page stops reloading itself: if a feed was not fetched by then, no updater is running."""


def update_now(model_admin: admin.ModelAdmin[Any], request: HttpRequest, feeds: list[int]) -> HttpResponse:
    """Make *feeds* (primary keys) due now, and return a redirect to the page that shows what they bring, or to the list
    if none is due. This skips only lifestream's own interval, not what a server has asked for, a pause, a 410, or the
    minute after a fetch.
    """
    now = timezone.now()
    requested = update_soon(feeds, now)
    if text := requested.left_in_words:
        model_admin.message_user(request, text, messages.WARNING)
    if not requested.due:
        return HttpResponseRedirect(request.get_full_path())
    shown = list(requested.due[:SHOWN])
    request.session[_KEY] = {"feeds": shown, "since": now.isoformat(), "all": len(requested.due)}
    return HttpResponseRedirect(reverse(f"{model_admin.admin_site.name}:{updates_name(model_admin)}"))


def is_late(since: datetime, now: datetime) -> bool:
    """Return whether feeds that were requested at *since* should have been fetched by *now*: pages then stop reloading
    themselves.
    """
    return (now - since).total_seconds() > _LATE_AFTER


def updates_name(model_admin: admin.ModelAdmin[Any]) -> str:
    """Return the URL name of *model_admin*'s page of updates."""
    return f"lifestream_{model_admin.opts.model_name}_updates"


def updates(model_admin: admin.ModelAdmin[Any], request: HttpRequest) -> HttpResponse:
    """Return the page that shows the results of this user's last update. It reloads itself while feeds are being
    fetched.
    """
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    last_update = request.session.get(_KEY, {})
    since = parse_datetime(str(last_update.get("since", ""))) or timezone.now()
    rows = _rows(last_update.get("feeds", []), since)
    pending = sum(row["pending"] for row in rows)
    late = is_late(since, timezone.now())
    context = {
        **model_admin.admin_site.each_context(request),
        "title": gettext("What came"),
        "opts": model_admin.opts,
        "changelist": reverse(f"{model_admin.admin_site.name}:lifestream_{model_admin.opts.model_name}_changelist"),
        "rows": rows,
        "more": max(0, int(last_update.get("all", 0)) - len(rows)),
        "pending": pending,
        "is_late": late,
        "new": sum(row["new"] for row in rows),
    }
    response = TemplateResponse(request, "admin/lifestream/feed/updates.html", context)
    if pending and not late:
        response["Refresh"] = str(RELOAD_AFTER)
    return response


def _rows(keys: list[int], since: datetime) -> list[dict[str, Any]]:
    latest = Fetch.objects.filter(feed=OuterRef("pk")).order_by("-pk")
    feeds = Feed.objects.filter(pk__in=keys).annotate(latest=Subquery(latest.values("pk")[:1])).defer("icon")
    found: list[Any] = list(feeds.order_by("pk"))
    fetches = Fetch.objects.in_bulk([feed.latest for feed in found if feed.latest])
    return [_row(feed, fetches.get(feed.latest), since) for feed in found]


def _row(feed: Feed, fetch: Fetch | None, since: datetime) -> dict[str, Any]:
    pending = feed.status == Feed.Status.ACTIVE and (feed.last_fetch is None or feed.last_fetch < since)
    result = None if pending else fetch
    return {
        "title": isolated(feed.display_title[:120]),
        "url": feed.url[:200],
        "pending": pending,
        "health": feed.health,
        "outcome": outcome_in_words(feed.last_status),
        "new": result.new if result is not None and result.outcome == Fetch.Outcome.NEW else 0,
        "message": "" if result is None else worded(result.message)[:300],
    }
