"""The button that fetches at once."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext

from lifestream.content.text_direction import isolated
from lifestream.refresh.pipeline import refresh

TOLD_ONE_BY_ONE = 10
"""How many failures are told in full; more of them are in the log."""


def update_now(model_admin: admin.ModelAdmin[Any], request: HttpRequest, feeds: list[int]) -> None:
    """Fetches *feeds* (keys) now, and tells the visitor what came. Only our own interval is skipped: what a server
    has asked for, a pause or a 410 stands.
    """
    report = refresh(feeds, early=True)
    model_admin.message_user(request, str(report), messages.WARNING if report.failed else messages.SUCCESS)
    for shortage in report.shortages:
        model_admin.message_user(request, shortage, messages.ERROR)
    for row in [row for row in report.rows if row.failed][:TOLD_ONE_BY_ONE]:
        model_admin.message_user(request, f"{isolated(row.title[:100])}: {row.message}", messages.ERROR)
    if waiting := len(set(feeds)) - len(report.rows) - report.short:
        text = gettext(
            "{} were left alone: they are paused, gone or without subscribers, or their servers asked for time."
        )
        model_admin.message_user(request, text.format(waiting), messages.WARNING)
