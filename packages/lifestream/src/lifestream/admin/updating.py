"""The button that fetches at once."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import ngettext

from lifestream.content.text_direction import isolated
from lifestream.refresh.refresh_report import Report
from lifestream.wording import worded

TOLD_ONE_BY_ONE = 10
"""How many failures are shown. The log has the others."""


def update_now(model_admin: admin.ModelAdmin[Any], request: HttpRequest, feeds: list[int]) -> None:
    """Fetch *feeds* (primary keys) now, and tell the user what came. This skips only lifestream's own interval, not
    what a server has asked for, a pause, or a 410.
    """
    report = _refresh(feeds)
    model_admin.message_user(request, str(report), messages.WARNING if report.failed else messages.SUCCESS)
    for shortage in report.shortages:
        model_admin.message_user(request, worded(shortage), messages.ERROR)
    for row in [row for row in report.rows if row.failed][:TOLD_ONE_BY_ONE]:
        model_admin.message_user(request, f"{isolated(row.title[:100])}: {worded(row.message)}", messages.ERROR)
    if waiting := len(set(feeds)) - len(report.rows) - report.short:
        text = ngettext(
            "{} was left alone: it is paused, gone or without subscribers, or its server asked for time.",
            "{} were left alone: they are paused, gone or without subscribers, or their servers asked for time.",
            waiting,
        )
        model_admin.message_user(request, text.format(waiting), messages.WARNING)


def _refresh(feeds: list[int]) -> Report:
    # Django imports the admin for every command; what fetches is imported when somebody presses the button.
    from lifestream.refresh.pipeline import refresh

    return refresh(feeds, early=True)
