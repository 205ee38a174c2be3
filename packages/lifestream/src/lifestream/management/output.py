"""What the commands print: the table of a refresh, a progress bar on a terminal, and how they find the feed that is
meant.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from difflib import get_close_matches
from typing import TextIO

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from lifestream.fetcher.redirects import UrlRefused, request_url
from lifestream.fetcher.url_hosts import domain_of
from lifestream.models import Feed, Lifestream
from lifestream.models.feeds import url_hash
from lifestream.refresh.refresh_report import Report, Row
from lifestream.scheduler.schedule import in_words
from lifestream.storage.credentials import split_url
from lifestream.terminal import Visible, visible

WIDE = 200  # Columns of a table that is written to a file or another program, where nothing should be cut.
_MOST_COMPARED = 20_000  # URLs; comparing them takes a second.
COLOURS = {"failed": "red", "gone": "red", "new": "green", "changed": "yellow"}


@contextmanager
def progress_bar(total: int, stream: TextIO | None = None) -> Iterator[Callable[[Row], None]]:
    """Show a bar for *total* feeds on *stream* (standard error), if that is a terminal. Yields the function to call
    with each row.
    """
    stream = stream or sys.stderr
    if not stream.isatty() or not total:
        yield lambda row: None  # noqa: ARG005 - nobody watches
        return
    columns = (
        SpinnerColumn(),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=Console(file=stream), transient=True) as progress:
        task = progress.add_task("", total=total)

        def advance(row: Row) -> None:
            progress.update(task, advance=1, description=visible(row.title[:60], lines=False))

        yield advance


def table_of(report: Report, stream: TextIO, now: datetime) -> Visible:
    """Return the rows of *report* as a table. On a terminal it is coloured and as wide as the terminal; elsewhere it is
    plain and wide.
    """
    terminal = stream.isatty()
    console = Console(file=stream, width=None if terminal else WIDE, no_color=not terminal)
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("Feed", "Status"):
        table.add_column(heading, overflow="fold")
    for heading in ("New", "Changed"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("Next due", overflow="fold")
    table.add_column("Why", overflow="fold")
    for row in report.rows:
        status = Text(row.outcome, COLOURS.get(row.outcome, ""))
        if row.message:
            status.append(visible(f": {row.message}"), "default")
        table.add_row(
            Text(visible(row.title, lines=False)),
            status,
            str(row.new),
            str(row.changed),
            Text(when(row.next_at, now)),
            Text(visible(row.reason, lines=False)),
        )
    with console.capture() as captured:
        console.print(table)
    # Its cells are escaped already, and its colours are ours.
    return Visible("\n".join(line.rstrip() for line in captured.get().splitlines()))


def tell_shortages(report: Report, command: BaseCommand) -> None:
    """Print on standard error what this machine ran out of, and the remedy, once for each."""
    for shortage in report.shortages:
        command.stderr.write(f"Not all feeds could be updated: {shortage}.")


def when(at: datetime | None, now: datetime) -> str:
    """Return a future time for people: "14:05 (in 1 hour)", with its date if it is another day; "never" for None."""
    if at is None:
        return "never"
    local, today = timezone.localtime(at), timezone.localtime(now).date()
    clock = f"{local:%H:%M}" if local.date() == today else f"{local:%Y-%m-%d %H:%M}"
    seconds = (at - now).total_seconds()
    return f"{clock} (in {in_words(seconds)})" if seconds > 0 else f"{clock} (now)"


def ago(at: datetime, now: datetime) -> str:
    """Return a past time for people: "14:05 (1 hour ago)", with its date if it is another day."""
    local, today = timezone.localtime(at), timezone.localtime(now).date()
    clock = f"{local:%H:%M}" if local.date() == today else f"{local:%Y-%m-%d %H:%M}"
    return f"{clock} ({in_words((now - at).total_seconds())} ago)"


def feeds_at(url: str) -> list[int]:
    """Return the primary keys of the feeds at *url*. There are several only if some have a user name and password.

    Raises CommandError for a URL of no feed, naming similar ones.
    """
    try:
        bare, _ = split_url(url)
    except ValueError as error:  # The message has no URL, since a password may stand in it.
        raise CommandError(f"there is no such feed: {error}") from error
    try:
        asked = request_url(bare)
    except UrlRefused:
        asked = bare
    hashes = {url_hash(asked), url_hash(bare)}
    found = list(Feed.objects.filter(url_hash__in=hashes).order_by("pk").values_list("pk", flat=True))
    if not found:
        nearest = _nearest(asked)
        meant = f"; did you mean {' or '.join(nearest)}?" if nearest else ""
        raise CommandError(f"there is no feed {bare}; add it with add_feed{meant}")
    return found


def _nearest(url: str) -> list[str]:
    """Return up to three URLs of feeds that *url* may have been meant for: of the same site, or spelt almost
    like it.
    """
    host = Q(domain=domain_of(url)) if domain_of(url) else Q(site_url=url)
    of_site = list(Feed.objects.filter(host).order_by("url").values_list("url", flat=True)[:100])
    everyone = of_site or Feed.objects.order_by("url").values_list("url", flat=True)[:_MOST_COMPARED]
    return get_close_matches(url, list(dict.fromkeys(everyone)), 3, 0.0 if of_site else 0.85)


def chosen_lifestream(slug: str | None) -> Lifestream:
    """Return the lifestream called *slug*; without a slug, the only one, or `main`, which is created if there is none
    at all.

    Raises CommandError, naming the existing ones.
    """
    if not Lifestream.objects.exists() and slug in (None, "main"):
        return Lifestream.objects.create(slug="main", title="Lifestream")
    if slug is None:
        everyone = list(Lifestream.objects.all()[:2])
        found = everyone[0] if len(everyone) == 1 else Lifestream.objects.filter(slug="main").first()
        problem = "there are several lifestreams; choose one with --lifestream"
    else:
        found = Lifestream.objects.filter(slug=slug).first()
        problem = f"there is no lifestream {slug!r}; choose one of these"
    if found is None:
        there = ", ".join(Lifestream.objects.order_by("slug").values_list("slug", flat=True))
        raise CommandError(f"{problem}: {there}" if there else "there is no lifestream; make one in the admin")
    return found
