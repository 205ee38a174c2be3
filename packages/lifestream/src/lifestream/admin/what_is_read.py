"""The view "What is read" of a feed: it is fetched now, through the queue, and what was made of it is shown.

The fetch is like any other: it is claimed, respects what the server asks for, stores new items and leaves a line in the
log. Only it asks for the whole document. Nothing of the document is stored besides; the view is made from memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext

from lifestream.content.text_direction import isolated
from lifestream.fetcher.outcomes import Failed
from lifestream.models import Feed
from lifestream.wording import worded

if TYPE_CHECKING:
    from lifestream.scheduler.jobs import Answer

MOST_ITEMS = 200
"""How many items the page shows."""


def what_is_read(model_admin: admin.ModelAdmin[Any], request: HttpRequest, feed: Feed) -> HttpResponse:
    """Return the page for *feed*: with a button for a GET, and with what was read for a POST."""
    context = {
        **model_admin.admin_site.each_context(request),
        "title": gettext("What is read of {feed}").format(feed=isolated(feed.display_title[:120])),
        "feed": feed,
        "opts": model_admin.opts,
        "found": _found(feed) if request.method == "POST" else None,
    }
    return TemplateResponse(request, "admin/lifestream/feed/what_is_read.html", context)


def _found(feed: Feed) -> dict[str, Any]:
    """Fetch *feed*, and return what to show: an *error*, or the *facts* and the *items*."""
    # Django imports the admin for every command; what fetches is imported when somebody presses the button.
    from lifestream.refresh.pipeline import refresh
    from lifestream.refresh.reading_facts import of_document, of_item

    answers: list[Answer] = []
    report = refresh([feed.pk], early=True, watch=answers.append)
    if not answers:
        reasons = "; ".join(map(worded, report.shortages))
        left_alone = gettext(
            "It was left alone: it is paused, gone or without subscribers, or its server asked for time."
        )
        return {"error": reasons or left_alone}
    [answer] = answers
    outcome, prepared = answer.outcome, answer.prepared
    if prepared is None:
        told = gettext("the server answered {status}").format(status=outcome.status)
        return {"error": worded(outcome.message) if isinstance(outcome, Failed) else told}
    address = outcome.url if outcome.url != feed.url else ""
    items = [
        {"title": item.title, "facts": of_item(prepared, index)}
        for index, item in enumerate(prepared.items[:MOST_ITEMS])
    ]
    return {"facts": of_document(address, prepared), "items": items, "more": len(prepared.items) - len(items)}
