"""`feedserver check`: its options, and how it runs.

Exit status: 0 where no scenario of the level of `--fail-under` failed, 1 where one did, 2 for bad usage and for a
reader that could not be set up, 3 for an error of feedserver.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

from feedserver.check.badge import as_badge
from feedserver.check.by_hand import HandAdapter, SessionError, SessionFile
from feedserver.check.commands import PATIENCE, CommandAdapter, Commands, SetupError
from feedserver.check.html_report import as_html
from feedserver.check.isolation import MEMORY_CAP
from feedserver.check.junit import as_junit
from feedserver.check.readers import READERS
from feedserver.check.report import Report
from feedserver.check.runner import choose, run
from feedserver.check.scenarios import SCENARIOS
from feedserver.check.table import as_table
from feedserver.check.verdicts import Kind, Level, Verdict
from feedserver.messages.pacing import parse_duration
from feedserver.messages.terminal_text import visible

FORMATS = ("table", "json", "junit", "html", "badge")
_WHO = "feedserver check"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `feedserver check` to its parser; `run_command` carries it out."""
    reader = parser.add_argument_group(
        "the reader",
        "Commands are run by the shell. {url}, {urls}, {opml}, {n}, {home} and {networks} are replaced in them.",
    )
    reader.add_argument("--reader", choices=sorted(READERS), help="a known reader, whose commands are shipped")
    reader.add_argument(
        "--add", default="", metavar="CMD", help="subscribe to {url}, or to all {urls} or {opml} at once"
    )
    reader.add_argument("--add-all", default="", metavar="CMD", help="the same as --add, with {urls} or {opml}")
    reader.add_argument("--poll", default="", metavar="CMD", help="ask every feed; with {url}, run once for each feed")
    reader.add_argument(
        "--list",
        default="",
        metavar="CMD",
        help="print the items: JSON in lines (title, link, author, content, date), or titles",
    )
    reader.add_argument(
        "--state",
        default="",
        metavar="DIR",
        help="where the reader keeps its items (default: its HOME); used without --list",
    )
    reader.add_argument(
        "--setup", default="", metavar="CMD", help="run once, in the HOME that the others are copied from"
    )
    reader.add_argument(
        "--version", default="", metavar="CMD", dest="reader_version", help="print the reader's version"
    )
    reader.add_argument(
        "--env", action="append", default=[], metavar="NAME=VALUE", type=_variable, help="a variable; may be repeated"
    )
    reader.add_argument(
        "--kind",
        choices=[str(kind) for kind in Kind],
        help="what the reader does (default: store)",
    )
    reader.add_argument("--name", default="", help="the reader's name in the report")
    served = parser.add_argument_group("a graphical or a hosted reader", "A person drives it, led by a page.")
    served.add_argument(
        "--serve", action="store_true", help="serve feeds to import, and a page that says what it waits for"
    )
    served.add_argument(
        "--session", type=Path, metavar="FILE", help="keep the run in FILE, and go on with it where it was stopped"
    )
    served.add_argument("--port", type=_port, default=0, help="the port of the page (default: a free one)")
    served.add_argument(
        "--url", default="", help="the base URL by which a hosted reader reaches --feed-host and --feed-port"
    )
    served.add_argument("--feed-host", default="127.0.0.1", metavar="HOST", help="with --url (default: %(default)s)")
    served.add_argument("--feed-port", type=_port, default=0, metavar="PORT", help="with --url (default: a free one)")
    parser.add_argument(
        "--only",
        action="extend",
        default=[],
        type=_ids,
        metavar="IDS",
        help="run these scenarios and what they depend on, such as V,T4; may be repeated",
    )
    parser.add_argument(
        "--alone",
        action="extend",
        default=[],
        type=_ids,
        metavar="IDS",
        help="give each of these a reader of its own, since they stop this reader; may be repeated",
    )
    parser.add_argument(
        "--patience",
        default=PATIENCE,
        type=_duration,
        metavar="TIME",
        help=f"the limit for each command (default: {PATIENCE:g}s)",
    )
    parser.add_argument(
        "--memory",
        default=0,
        type=_size,
        metavar="SIZE",
        help=f"the limit for the data of each process of the reader (default: {MEMORY_CAP >> 30}G)",
    )
    parser.add_argument(
        "--workers",
        default=min(os.cpu_count() or 1, 4),
        type=_count,
        metavar="N",
        help="how many readers run at the same time (default: %(default)s)",
    )
    parser.add_argument(
        "--fail-under",
        default="must",
        choices=[*(str(level) for level in Level), "never"],
        help="exit with status 1 where a scenario of this level or a higher one failed (default: %(default)s)",
    )
    parser.add_argument(
        "--format", default="table", choices=FORMATS, help="the form of the report (default: %(default)s)"
    )
    parser.add_argument(
        "--published",
        action="store_true",
        help="leave out of the report the rules whose breach its author must be told of first",
    )
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the report into a file")
    parser.add_argument("--quiet", action="store_true", help="print no progress")


def run_command(options: argparse.Namespace) -> int:
    """Carry out `feedserver check` and return its exit status."""
    only = options.only
    known = READERS[options.reader] if options.reader else None
    alone = options.alone or (known.alone if known is not None else ())
    try:
        choose(SCENARIOS, only)
        choose(SCENARIOS, alone)
        adapter = _adapter_by_hand(options) if options.serve else _adapter(options)
    except (ValueError, SessionError) as error:
        return _complain(str(error))
    except OSError as error:
        return _complain(f"the feeds cannot be served: {error}")
    progress = _Progress(is_quiet=options.quiet)
    try:
        if isinstance(adapter, CommandAdapter):
            adapter.set_up()
        else:
            _tell_page(adapter, options)
        kind = _kind(options)
        report = run(adapter, only=only, kind=kind, progress=progress.tell, workers=options.workers, alone=alone)
    except SetupError as error:
        return _complain(f"the reader could not be set up, so there is no score: {error}")
    finally:
        progress.end()
        adapter.close()
    if options.serve and report.is_partial and options.session is not None:
        sys.stderr.write(f"{_WHO}: the same command goes on with {options.session} where it was stopped\n")
    if (reason := _why_nothing_was_judged(report)) and not report.is_partial:
        return _complain(f"no rule could be judged, so there is no score: {reason}")
    return _deliver(report, options)


def _why_nothing_was_judged(report: Report) -> str:
    """Return the commonest reason for which no scenario was judged, "" where one was, or feedserver failed."""
    if report.count().judged or report.misfires:
        return ""
    reasons = Counter(result.judgement.reason for result in report.of(Verdict.NOT_SEEN) if not result.scenario.needs)
    return next((reason for reason, _ in reasons.most_common(1)), "")


def _adapter(options: argparse.Namespace) -> CommandAdapter:
    """Return what drives the reader. Options stand before those of a known reader. Raises ValueError for bad usage."""
    known = READERS[options.reader] if options.reader else None
    if options.add and options.add_all:
        raise ValueError("give --add or --add-all, not both")
    if known is None and not options.poll:
        raise ValueError("give --poll, the command by which the reader asks its feeds, such as --poll 'r2e run'")
    if known is not None and (missing := known.missing()):
        raise ValueError(f"{known.title} cannot be run: {missing} is not installed")
    given = {
        "poll": options.poll,
        "add": options.add or options.add_all,
        "setup": options.setup,
        "list": options.list,
        "state": options.state,
        "version": options.reader_version,
    }
    commands = replace(
        known.commands if known is not None else Commands(poll=""),
        **{name: value for name, value in given.items() if value},
        patience=options.patience,
    )
    commands = replace(
        commands,
        environment={**commands.environment, **dict(options.env)},
        memory=options.memory or commands.memory,
    )
    name = options.name or (known.title if known is not None else "")
    reproduce = f"--reader {options.reader}" if known is not None and not any(given.values()) else ""
    return CommandAdapter(commands, name=name, kind=_kind(options), reproduce=reproduce)


def _kind(options: argparse.Namespace) -> Kind:
    known = READERS[options.reader] if options.reader else None
    return Kind(options.kind) if options.kind else known.kind if known is not None else Kind.STORE


def _adapter_by_hand(options: argparse.Namespace) -> HandAdapter:
    """Return what lets a person drive the reader.

    Raises ValueError for bad usage, SessionError for a session file of something else, OSError for a port in use.
    """
    if options.reader or options.add or options.add_all or options.poll:
        raise ValueError("--serve lets a person drive the reader, so leave --reader, --add and --poll out")
    if options.url and not re.match(r"https?://[A-Za-z0-9.:\[\]-]+(/|$)", options.url):
        raise ValueError(f"--url {options.url!r} is no base URL; give one such as https://feeds.example.org")
    choice = f"--only {','.join(options.only) or 'all'} --kind {_kind(options)} --url {options.url or 'none'}"
    return HandAdapter(
        SessionFile.open(options.session, choice),
        name=options.name,
        port=options.port,
        url=options.url,
        host=options.feed_host,
        feed_port=options.feed_port,
    )


def _tell_page(adapter: HandAdapter, options: argparse.Namespace) -> None:
    lines = [f"Open this page, which says what to do: {adapter.page.url}"]
    if options.url:
        lines.append(f"{options.url} must lead to {options.feed_host}, port {adapter.feed_port}.")
    lines.append("Ctrl-C gives the report so far.")
    sys.stderr.write("\n".join(lines) + "\n")
    sys.stderr.flush()


def _deliver(report: Report, options: argparse.Namespace) -> int:
    shown = report.published() if options.published else report
    text = text_of(shown, options.format, options.output)
    if options.output is None:
        sys.stdout.write(text)
        sys.stdout.flush()
    else:
        try:
            options.output.write_text(text, "utf-8")
        except OSError as error:
            return _complain(f"the report cannot be written: {error}")
        sys.stdout.write("\n".join(as_table(shown).splitlines()[-4:]) + "\n")
    if report.misfires:
        return 3
    level = None if options.fail_under == "never" else Level(options.fail_under)
    return 1 if report.fails_under(level) else 0


def text_of(report: Report, form: str, output: Path | None) -> str:
    if form == "json":
        return report.to_json()
    if form == "table":
        return as_table(report, colours=output is None and sys.stdout.isatty() and not os.environ.get("NO_COLOR"))
    text = {"junit": as_junit, "html": as_html, "badge": as_badge}[form](report)
    # The evidence is what a reader sent and printed: bytes that are no UTF-8, escape sequences, text that turns around.
    return visible(text, lines=True)


class _Progress:
    """Shows one line about the run on standard error, rewritten in place; nothing where that is no terminal."""

    def __init__(self, *, is_quiet: bool) -> None:
        self._is_shown = not is_quiet and sys.stderr.isatty()

    def tell(self, line: str) -> None:
        """Show *line* in place of the last one."""
        if self._is_shown:
            sys.stderr.write(f"\r\033[K{visible(line)}")
            sys.stderr.flush()

    def end(self) -> None:
        """Remove the line."""
        if self._is_shown:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()


def _complain(what: str) -> int:
    sys.stderr.write(f"{_WHO}: {visible(what, lines=True)}\n")
    return 2


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise argparse.ArgumentTypeError(f"{text!r} is no variable; give NAME=VALUE")
    return name, value


def _ids(text: str) -> list[str]:
    return text.split(",")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no count; give a number from 1 up")
    return int(text)


def _size(text: str) -> int:
    found = re.fullmatch(r"([0-9]{1,9})([MG])", text)
    if found is None or not int(found[1]):
        raise argparse.ArgumentTypeError(f"{text!r} is no size; give one such as 512M or 8G")
    return int(found[1]) << (20 if found[2] == "M" else 30)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; give a number from 1 to 65535, or 0 for a free one")
    return int(text)


def _duration(text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; give one such as 75s") from error
