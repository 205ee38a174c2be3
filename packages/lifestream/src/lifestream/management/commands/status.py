"""`status`: show the state of the site, for people and for cron; with `--limits`, its limits."""

from __future__ import annotations

import json
import textwrap
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any, TextIO, cast

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext, gettext_lazy, ngettext

from lifestream.management.base import BaseCommand
from lifestream.management.output import drawn, is_narrow, width_of
from lifestream.models import Feed
from lifestream.operations.health import Health, health
from lifestream.operations.limit_values import Limit
from lifestream.operations.limits import limits as all_limits
from lifestream.terminal import visible_json
from lifestream.wording import ago, in_words, worded

_INDENT = "    "


class Command(BaseCommand):
    help = gettext_lazy(
        "Shows the state of the site: its feeds, what is due, what fails, and when feeds were fetched last. The exit "
        "status is 1 if the operator has to look at something."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help=gettext("as JSON"))
        parser.add_argument(
            "--limits",
            action="store_true",
            help=gettext("the limits instead: what each bounds, its value now, its default and why"),
        )

    def handle(self, *, json: bool, limits: bool, **_options: Any) -> None:
        if limits:
            bounds, stream = list(all_limits()), cast("TextIO", self.stdout)
            for_people = _list if is_narrow(stream) else _table
            self.stdout.write(_limits_as_json(bounds) if json else for_people(bounds, stream))
            return
        self._tell(json=json)

    def _tell(self, *, json: bool) -> None:
        found = health(timezone.now())
        alarms = list(found.alarms)
        self.stdout.write(_as_json(found, alarms) if json else "\n".join(_lines(found)))
        if alarms:
            for sentence in alarms if not json else ():
                self.stderr.write(sentence)
            raise SystemExit(1)


def _lines(found: Health) -> list[str]:
    labels = dict(Feed.Status.choices)
    counts = [f"{count} {labels.get(status, status)}" for status, count in sorted(found.feeds.items())]
    due = gettext("nothing")
    if found.oldest_due is not None:
        text = ngettext("{count} host, the oldest for {time}", "{count} hosts, the oldest for {time}", found.due_hosts)
        due = text.format(count=found.due_hosts, time=in_words(found.late_by.total_seconds()))
    rows = [
        (gettext("feeds"), ", ".join(counts) or gettext("none")),
        (gettext("failing"), str(found.failing)),
        (gettext("due"), due),
        (gettext("last run"), ago(found.last_run, found.now) if found.last_run else gettext("none yet")),
        (gettext("items"), number_format(found.items, force_grouping=True)),
        (gettext("posts"), number_format(found.posts, force_grouping=True)),
        (gettext("database"), f"{found.size / 1e6:,.1f} MB"),
    ]
    width = max(len(label) for label, _ in rows) + 2
    lines = [f"{label:<{width}}{value}" for label, value in rows]
    if found.troubles:
        lines += ["", gettext("Feeds that fail most often in a row:")]
        lines += [f"  {each.failures:>4}  {each.url}  {worded(each.reason)}" for each in found.troubles]
    return lines


def _table(found: list[Limit], stream: TextIO) -> str:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column(gettext("Setting"), no_wrap=True)
    for heading in (gettext("Now"), gettext("Default"), gettext("What it bounds"), gettext("Why this default")):
        table.add_column(heading, overflow="fold")
    for each in found:
        table.add_row(
            each.setting or Text(gettext("(fixed)"), "dim"),
            Text(each.shown, "bold" if each.differs else ""),
            each.default_shown if each.differs else "",
            each.bounds,
            each.why,
        )
    return drawn(table, stream)


def _list(found: list[Limit], stream: TextIO) -> str:
    """Return *found* for a terminal that is too narrow for a table: below each limit, what it bounds and why."""
    inner = width_of(stream) - len(_INDENT)
    lines: list[str] = []
    for each in found:
        default = gettext("(default: {default})").format(default=each.default_shown) if each.differs else ""
        lines.append(" ".join(filter(None, (each.setting or gettext("(fixed)"), each.shown, default))))
        for text in (each.bounds, each.why):
            lines += [_INDENT + line for line in textwrap.wrap(text, inner, break_on_hyphens=False)]
    return "\n".join(lines)


def _limits_as_json(found: list[Limit]) -> str:
    rows = [asdict(each) | {"unit": each.unit.name.lower(), "differs": each.differs} for each in found]
    return visible_json(json.dumps(rows, indent=2))


def _as_json(found: Health, alarms: list[str]) -> str:
    values = asdict(found) | {"late_by": found.late_by.total_seconds(), "alarms": alarms}
    values["troubles"] = [asdict(each) | {"reason": worded(each.reason)} for each in found.troubles]
    text = json.dumps(values, default=lambda value: value.isoformat(), indent=2)
    return visible_json(text)
