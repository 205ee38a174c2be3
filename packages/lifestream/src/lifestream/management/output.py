"""The output of commands: the table of a refresh, a progress bar on a terminal, and what the machine lacked.

rich is imported by the functions that draw: a command that finds nothing due, as most commands in a crontab do, draws
nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, TextIO

from django.core.management.base import BaseCommand
from django.utils.translation import gettext

from lifestream.models.fetches import outcome_in_words
from lifestream.terminal import Visible, visible
from lifestream.wording import clock, when, worded

if TYPE_CHECKING:
    from rich.console import RenderableType

    from lifestream.refresh.refresh_report import FeedReport, Report

WIDE = 200  # columns of a table that goes to a file or another program, where nothing should be cut
NARROW = 120  # on a terminal of fewer columns, a table leaves out what other commands show
COLOURS = {"failed": "red", "gone": "red", "new": "green", "changed": "yellow"}


@contextmanager
def progress_bar(total: int, stream: TextIO | None = None) -> Iterator[Callable[[FeedReport], None]]:
    """Show a bar for *total* feeds on *stream*, by default standard error, if that is a terminal. Yields the function
    to call with each row.
    """
    with counting_bar(total, stream) as advance:
        yield lambda row: advance(1, row.title)


@contextmanager
def counting_bar(total: int, stream: TextIO | None = None) -> Iterator[Callable[..., None]]:
    """Show a bar for *total* things on *stream*, by default standard error, if that is a terminal. Yields the function
    to call with the number of things done since the last call and, optionally, the name of the last one.
    """
    stream = stream or sys.stderr
    if not stream.isatty() or not total:
        yield lambda count, name="": None  # noqa: ARG005 - nothing is shown
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=Console(file=stream), transient=True) as progress:
        task = progress.add_task("", total=total)

        def advance(count: int, name: str = "") -> None:
            progress.update(task, advance=count, description=visible(name[:60], lines=False))

        yield advance


def table_of(report: Report, stream: TextIO, now: datetime) -> Visible:
    """Return the rows of *report* for people, as `drawn` draws them for *stream*. On a narrow terminal, most feeds take
    one line: it has the time when the feed is next due, but not the reason, which the command `why` shows.
    """
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in (gettext("Feed"), gettext("Status")):
        table.add_column(heading, overflow="fold")
    for heading in (gettext("New"), gettext("Changed")):
        table.add_column(heading, justify="right", no_wrap=True)
    narrow = is_narrow(stream)
    table.add_column(gettext("Next due"), overflow="fold", no_wrap=narrow)
    if not narrow:
        table.add_column(gettext("Why"), overflow="fold")
    for row in report.rows:
        status = Text(outcome_in_words(row.outcome), COLOURS.get(row.outcome, ""))
        if row.message:
            status.append(visible(f": {worded(row.message)}"), "default")
        cells: list[RenderableType] = [Text(visible(row.title, lines=False)), status, str(row.new), str(row.changed)]
        if narrow:
            cells.append(clock(row.next_at, now) if row.next_at else gettext("never"))
        else:
            cells += [Text(when(row.next_at, now)), Text(visible(worded(row.reason), lines=False))]
        table.add_row(*cells)
    return drawn(table, stream)


def is_narrow(stream: TextIO) -> bool:
    """Return whether *stream* is a terminal of fewer than NARROW columns."""
    return stream.isatty() and width_of(stream) < NARROW


def width_of(stream: TextIO) -> int:
    """Return how many columns *stream* has if it is a terminal, else WIDE."""
    from rich.console import Console

    return Console(file=stream).width if stream.isatty() else WIDE


def drawn(table: RenderableType, stream: TextIO) -> Visible:
    """Return *table* as text: if *stream* is a terminal, in its width, and in colour unless NO_COLOR is set; otherwise
    WIDE columns wide, without colour.

    The texts of the cells must have been escaped with `visible`: only the escape sequences of the colours remain.
    """
    from rich.console import Console

    terminal = stream.isatty()
    # Without `force_terminal`, FORCE_COLOR, which many CI systems set, puts escape sequences into a file.
    console = Console(file=stream, width=None if terminal else WIDE, force_terminal=terminal)
    with console.capture() as captured:
        console.print(table)
    return Visible("\n".join(line.rstrip() for line in captured.get().splitlines()))


def tell_shortages(report: Report, command: BaseCommand) -> None:
    """Print on standard error what this machine ran out of, and the remedy, once for each."""
    for shortage in report.shortages:
        command.stderr.write(gettext("Not all feeds could be updated: {shortage}.").format(shortage=worded(shortage)))
