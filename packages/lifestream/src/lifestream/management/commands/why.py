"""`why`: show the state of a feed, the results of its last fetches, and the reasons for the time of the next one."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext, gettext_lazy, ngettext
from rich.table import Table
from rich.text import Text

from lifestream.management.base import BaseCommand
from lifestream.management.lookup import feeds_at
from lifestream.management.output import COLOURS, drawn, is_narrow
from lifestream.models import Feed, Fetch
from lifestream.models.fetches import outcome_in_words
from lifestream.operations.feed_state import next_of, reasoning_of, state_of
from lifestream.terminal import Visible, visible
from lifestream.wording import ago, clock, in_words, worded

_LABEL = 16  # columns


class Command(BaseCommand):
    help = gettext_lazy(
        "Shows the state of a feed, when it is asked next, and why: the times for which its server, the feed itself "
        "and lifestream ask, and which of these times is used. Its last fetches follow."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("url", metavar="URL", help=gettext("of the feed"))
        parser.add_argument(
            "--fetches", metavar="N", type=int, default=10, help=gettext("how many of the last ones (%(default)s)")
        )

    def handle(self, *, url: str, fetches: int, **options: Any) -> None:
        now = timezone.now()
        for feed in Feed.objects.filter(pk__in=feeds_at(url)).select_related("host").order_by("pk"):
            self.stdout.write(visible(f"{feed.display_title}: {feed.url}", lines=False))
            for label, value in state_of(feed, now):
                self.stdout.write(visible(f"  {label:<{_LABEL}}{value}", lines=False))
            self.stdout.write("\n" + gettext("Next fetch: {}").format(next_of(feed, now)))
            for line in reasoning_of(feed, now):
                self.stdout.write(f"  {line}")
            log = list(feed.fetches.order_by("-pk")[: max(0, fetches)])
            if log and options["verbosity"]:
                self.stdout.write("\n" + gettext("Last fetches:"))
                self.stdout.write(_table_of(log, now))


def _table_of(log: list[Fetch], now: datetime) -> Visible:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in (gettext("When"), gettext("What came")):
        table.add_column(heading, overflow="fold")
    for heading in (gettext("New"), gettext("Changed"), gettext("Took")):
        table.add_column(heading, overflow="fold", justify="right")
    table.add_column(gettext("Next due then, and why"), overflow="fold")
    time_of = clock if is_narrow(sys.stdout) else ago
    for fetch in log:
        result = Text(outcome_in_words(fetch.outcome), COLOURS.get(fetch.outcome, ""))
        details = " ".join(filter(None, (str(fetch.status or ""), worded(fetch.message))))
        result.append(visible(f" {details}") if details else "", "default")
        due = gettext("never") if fetch.next_fetch is None else f"{timezone.localtime(fetch.next_fetch):%Y-%m-%d %H:%M}"
        table.add_row(
            Text(_times(fetch, now, time_of)),
            result,
            str(fetch.new),
            str(fetch.changed),
            gettext("{} ms").format(number_format(round(fetch.duration * 1000), force_grouping=True)),
            Text(visible(f"{due}: {worded(fetch.reason)}")),
        )
    return drawn(table, sys.stdout)


def _times(fetch: Fetch, now: datetime, time_of: Callable[[datetime, datetime], str]) -> str:
    if fetch.latest is None:
        return time_of(fetch.started, now)
    lasted = in_words((fetch.latest - fetch.started).total_seconds())
    text = ngettext(
        "{time}, the last of {count} in {duration}", "{time}, the last of {count} in {duration}", fetch.count
    )
    return text.format(time=time_of(fetch.latest, now), count=fetch.count, duration=lasted)
