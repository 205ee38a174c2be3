"""The log: the fetches of the feeds."""

from __future__ import annotations

import re
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy, ngettext

from lifestream.admin.columns import moment
from lifestream.admin.owned import ReadOnlyAdmin
from lifestream.models import Fetch
from lifestream.wording import relative, worded


class StatusFilter(admin.SimpleListFilter):
    """A filter of fetches by the HTTP status. Django's own filter would read the whole log to find its choices."""

    title = gettext_lazy("HTTP status")
    parameter_name = "answer"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the choices."""
        return [("none", gettext("no answer")), *((f"{hundred}xx", f"{hundred}xx") for hundred in (2, 3, 4, 5))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Fetch]) -> QuerySet[Fetch]:
        """Return the fetches with the chosen statuses."""
        chosen = self.value() or ""
        if chosen == "none":
            return queryset.filter(status=None)
        if re.fullmatch("[2-5]xx", chosen):
            return queryset.filter(status__gte=int(chosen[0]) * 100, status__lt=int(chosen[0]) * 100 + 100)
        return queryset


@admin.register(Fetch)
class FetchAdmin(ReadOnlyAdmin):
    """The log: the latest fetches of each feed, their results, and when and why the next one is due."""

    owner_path = "feed__subscriptions__lifestream__owner"
    list_display = ("when", "feed", "result", "items", "took", "next")
    list_display_links = ("when",)
    list_filter = ("outcome", "started", StatusFilter)
    list_select_related = ("feed",)
    search_fields = ("feed__title", "feed__url", "message")
    ordering = ("-pk",)
    list_per_page = 50
    fields = (
        "feed", "started", "count", "latest", "took", "outcome", "status", "new", "changed", "error", "next_fetch",
        "why",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the log without the icons of the feeds."""
        return super().get_queryset(request).defer("feed__icon")

    @admin.display(description=gettext_lazy("started"), ordering="pk")
    def when(self, fetch: Fetch) -> Any:
        """Return when the fetch began. For a row that counts several fetches with the same result, return when the last
        one began, how many they are, and when the first one began.
        """
        if fetch.latest is None:
            return moment(fetch.started)
        times = ngettext("{count} time, first {start}", "{count} times, first {start}", fetch.count)
        times = times.format(count=fetch.count, start=relative(fetch.started))
        return format_html('{}<span class="lifestream-why">{}</span>', moment(fetch.latest), times)

    @admin.display(description=gettext_lazy("outcome"), ordering="outcome")
    def result(self, fetch: Fetch) -> SafeString:
        """Return the result in colour, the HTTP status, and the error if there is one."""
        kinds = {"failed": "failing", "gone": "gone", "new": "ok", "changed": "ok"}  # classes in the style sheet
        kind = kinds.get(fetch.outcome, "new")
        details = " ".join(filter(None, (str(fetch.status or ""), worded(fetch.message)[:300])))
        return format_html(
            '<span class="lifestream-health is-{}">{}</span><span class="lifestream-why">{}</span>',
            kind,
            fetch.get_outcome_display(),
            details,
        )

    @admin.display(description=gettext_lazy("items"), ordering="new")
    def items(self, fetch: Fetch) -> str:
        """Return how many items were new, and how many were changed."""
        new = ngettext("{} new", "{} new", fetch.new).format(fetch.new) if fetch.new else ""
        changed = ngettext("{} changed", "{} changed", fetch.changed).format(fetch.changed) if fetch.changed else ""
        return ", ".join(filter(None, (new, changed))) or "–"

    @admin.display(description=gettext_lazy("took"), ordering="duration")
    def took(self, fetch: Fetch) -> SafeString:
        """Return how long the fetch took, and how many bytes were received."""
        size = filesizeformat(fetch.size) if fetch.size else ""
        taken = gettext("{} ms").format(number_format(round(fetch.duration * 1000), force_grouping=True))
        return format_html('{}<span class="lifestream-why">{}</span>', taken, size)

    @admin.display(description=gettext_lazy("next due, and why"))
    def next(self, fetch: Fetch) -> SafeString:
        """Return when the next fetch was due after this one, and why."""
        return format_html('{}<span class="lifestream-why">{}</span>', moment(fetch.next_fetch), worded(fetch.reason))

    @admin.display(description=gettext_lazy("message"))
    def error(self, fetch: Fetch) -> str:
        """Return what went wrong, if anything did."""
        return worded(fetch.message) or "–"

    @admin.display(description=gettext_lazy("reason"))
    def why(self, fetch: Fetch) -> str:
        """Return why the next fetch was due at that time."""
        return worded(fetch.reason) or "–"
