"""Runs `feedserver check` with the options that `check.options` has read.

Exit status:

- 0 if no scenario of at least the level of `--fail-under` failed, 1 if one did
- 2 for bad usage, if there is no score (such as for a reader that could not be set up), or if the report cannot be
  written
- 3 for an error of feedserver

SIGTERM and SIGHUP end a run as Ctrl-C does, but with the status that a shell gives to a command that they
end: 128 plus the signal's number.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType

from feedserver.check.by_hand import HandAdapter, SessionError, SessionFile
from feedserver.check.commands import PATIENCE, CommandAdapter, Commands, SetupError
from feedserver.check.delivery import Target, deliver, targets
from feedserver.check.evidence import NOT_EVEN_THE_GOOD
from feedserver.check.options import OF_FEEDS_OF_A_HOSTED_READER, OF_SERVE, WORKERS
from feedserver.check.readers import READERS
from feedserver.check.report import JUDGED, RULES_VERSION, Report
from feedserver.check.runner import choose, run
from feedserver.check.scenarios import SCENARIOS
from feedserver.check.verdicts import Kind, Level, Need, Verdict
from feedserver.messages.terminal_text import visible
from feedserver.standard_output import show

_WHO = "feedserver check"


def run_command(options: argparse.Namespace) -> int:
    """Carry out `feedserver check` and return its exit status."""
    with _signals_interrupt() as came:
        try:
            status = _run(options)
        except KeyboardInterrupt:
            status = _complain("the run was stopped before there was a report", 128 + signal.SIGINT)
    return 128 + came[0] if came else status


def _ignore(_: int, __: FrameType | None) -> None:
    """Ignore a signal. If SIG_IGN were set instead, Python would show an error for a signal that came just before."""


@contextmanager
def _signals_interrupt() -> Iterator[list[int]]:
    """Raise KeyboardInterrupt at the first SIGTERM or SIGHUP, and yield a list to which its number is added then.

    Readers and temporary folders would be left behind otherwise. After this signal, or after Ctrl-C, SIGTERM and SIGHUP
    are ignored, and Ctrl-C is not. A SIGHUP that `nohup` has the command ignore is always ignored.
    """
    came: list[int] = []

    def interrupt(number: int, _: FrameType | None) -> None:
        for each in before:
            if each != signal.SIGINT:
                signal.signal(each, _ignore)
        if number != signal.SIGINT:
            came.append(number)
        raise KeyboardInterrupt

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    if threading.current_thread() is not threading.main_thread():  # Python has no signal handlers elsewhere
        numbers = []
    before = {each: signal.getsignal(each) for each in numbers if signal.getsignal(each) is not signal.SIG_IGN}
    if before and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        before[signal.SIGINT] = signal.default_int_handler
    for each in before:
        signal.signal(each, interrupt)
    try:
        yield came
    finally:
        for each, handler in before.items():
            if not came or each == signal.SIGINT:
                signal.signal(each, handler)


def _run(options: argparse.Namespace) -> int:
    only = options.only
    known = READERS[options.reader] if options.reader else None
    alone = options.alone or (known.alone if known is not None else ())
    try:
        chosen = targets(options.format, options.output)
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
            _print_page_url(adapter, options)
        kind = _kind(options)
        workers = options.workers or WORKERS
        report = run(adapter, only=only, kind=kind, progress=progress.show_line, workers=workers, alone=alone)
    except SetupError as error:
        return _complain(f"the reader could not be set up, so there is no score: {error}{_relative_path(adapter)}")
    except SessionError as error:
        return _complain(f"the run had to end, and there is no score: {error}")
    except Exception:  # noqa: BLE001 - Python would end with status 1, as if a rule were broken
        return _complain(f"an error of feedserver, and no score:\n{traceback.format_exc().rstrip()}", 3)
    finally:
        progress.end()
        adapter.close()
    if options.serve and report.is_partial and options.session is not None:
        _tell(f"{_WHO}: the same command continues this run from {visible(str(options.session))}\n")
    note = _why_no_item_was_seen(report, adapter) if isinstance(adapter, CommandAdapter) else ""
    if (reason := _why_nothing_was_judged(report, note)) and not report.is_partial:
        return _complain(f"no rule could be judged, so there is no score: {reason}{_relative_path(adapter)}")
    if note:
        _tell(f"{_WHO}: {visible(note, lines=True)}\n")
    return _deliver(report, options, chosen)


def _why_nothing_was_judged(report: Report, note: str) -> str:
    """Return the commonest reason for which scenarios were not seen, or why none is for this kind of reader; "" if a
    scenario was judged, or if feedserver failed.

    A reason of scenarios that need nothing beside the requests comes first, then *note*, which says why no item was
    seen.
    """
    if report.count().judged or report.misfires:
        return ""
    unseen = report.of(Verdict.NOT_SEEN)
    if not unseen and (other := report.of(Verdict.NOT_FOR_THIS_KIND)):
        ids = ", ".join(result.scenario.id for result in other)
        return f"{other[0].judgement.reason}, which holds for all of {ids}; give another --kind, or others by --only"
    plain = Counter(result.judgement.reason for result in unseen if not result.scenario.needs)
    found = (plain or Counter(result.judgement.reason for result in unseen)).most_common(1)
    return note if note and not plain else next((reason for reason, _ in found), "")


def _relative_path(adapter: CommandAdapter | HandAdapter) -> str:
    """Return a remark if a command names a file by a path that is relative to the current folder, in which commands do
    not run; "" if no command does.
    """
    words = re.findall(r"[^\s'\";&|<>()]+", " ".join(adapter.commands.values()))
    # A word may be too long for the name of a file, for which Path.is_file raises OSError.
    found = next((word for word in words if not os.path.isabs(word) and os.path.isfile(word)), None)  # noqa: PTH113, PTH117
    if found is None:
        return ""
    return f". Commands run in the reader's HOME, not here: give the full path of {found}, {Path(found).resolve()}"


def _why_no_item_was_seen(report: Report, adapter: CommandAdapter) -> str:
    """Return what to do if no item of the good feeds was seen; "" if one was seen, no scenario looked for one, or the
    run was stopped.
    """
    looked_for = [result for result in report if Need.ITEMS in result.scenario.needs]
    if report.is_partial or any(result.verdict in JUDGED for result in looked_for):
        return ""
    reasons = [result.judgement.reason for result in looked_for]
    if failed := next((reason for reason in reasons if reason.startswith("--list ")), ""):
        return f"no item was seen, since {failed}{_relative_path(adapter)}"
    if not any(reason.startswith(NOT_EVEN_THE_GOOD) for reason in reasons):
        return ""
    if adapter.can_list:
        return (
            f"{'--poll' if adapter.prints_items else '--list'} printed no item: print a title or a JSON object per line"
        )
    return (
        "no item was found in the reader's files: name their folder by --state, print the items by --list, or give "
        "--kind fetcher if the reader keeps none"
    )


def _adapter(options: argparse.Namespace) -> CommandAdapter:
    """Return the adapter that drives the reader. Raises ValueError for bad usage.

    Given options take precedence over those of a known reader.
    """
    known = READERS[options.reader] if options.reader else None
    if for_a_person := _given(options, OF_SERVE):
        raise ValueError(f"{_need(for_a_person)} --serve, with which a person drives the reader")
    if options.add and options.add_all:
        raise ValueError("give --add or --add-all, not both")
    if known is None and not options.poll:
        raise ValueError("give --poll, the command by which the reader requests its feeds, such as --poll 'r2e run'")
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
        patience=PATIENCE if options.patience is None else options.patience,
    )
    commands = replace(
        commands,
        environment={**commands.environment, **dict(options.env)},
        memory=options.memory or commands.memory,
    )
    name = options.name or (known.title if known is not None else "")
    is_as_shipped = not any([*given.values(), options.kind, options.env, options.memory]) and (
        commands.patience == PATIENCE
    )
    reproduce = f"--reader {options.reader}" if known is not None and is_as_shipped else ""
    return CommandAdapter(commands, name=name, kind=_kind(options), reproduce=reproduce)


def _kind(options: argparse.Namespace) -> Kind:
    known = READERS[options.reader] if options.reader else None
    return Kind(options.kind) if options.kind else known.kind if known is not None else Kind.STORE


def _given(options: argparse.Namespace, defaults: Mapping[str, object]) -> list[str]:
    """Return the options whose values differ from those in *defaults*."""
    values = vars(options)
    return [name for name, default in defaults.items() if values[name[2:].replace("-", "_")] != default]


def _need(options: list[str]) -> str:
    return f"{', '.join(options)} {'needs' if len(options) == 1 else 'need'}"


_BASE_URL = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(/[\x21-\x7e]*)?")
"""A base URL, in the characters that a URL may have (RFC 3986 §2) and a few more."""


def _adapter_by_hand(options: argparse.Namespace) -> HandAdapter:
    """Return the adapter that lets a person drive the reader.

    Raises ValueError for bad usage, SessionError for a session file that cannot be used, OSError for a port in use.
    """
    unused = {
        "reader": options.reader,
        "add": options.add,
        "add-all": options.add_all,
        "poll": options.poll,
        "list": options.list,
        "state": options.state,
        "setup": options.setup,
        "version": options.reader_version,
        "env": options.env,
        "alone": options.alone,
        "patience": options.patience is not None,
        "memory": options.memory,
        "workers": options.workers,
    }
    if given := [f"--{name}" for name, value in unused.items() if value]:
        hint = "; the version can be part of --name" if options.reader_version else ""
        raise ValueError(
            f"--serve lets a person drive the reader, and runs no commands: leave {', '.join(given)} out{hint}"
        )
    if (given := _given(options, OF_FEEDS_OF_A_HOSTED_READER)) and not options.url:
        raise ValueError(f"{_need(given)} --url, by which a hosted reader reaches the feeds")
    if options.url and not _BASE_URL.fullmatch(options.url):
        raise ValueError(f"--url {options.url!r} is no base URL; give one such as https://feeds.example.org")
    choice = (
        f"--only {','.join(options.only) or 'all'} --kind {_kind(options)} --url {options.url or 'none'}, "
        f"rules v{RULES_VERSION}"
    )
    return HandAdapter(
        SessionFile.open(options.session, choice),
        name=options.name,
        kind=_kind(options),
        port=options.port,
        url=options.url,
        host=options.feed_host,
        feed_port=options.feed_port,
    )


def _print_page_url(adapter: HandAdapter, options: argparse.Namespace) -> None:
    """Print the URL of the page that says what to do, and tell how to end the run."""
    lines = [f"Open this page, which says what to do: {adapter.page.url}"]
    if options.url:
        lines.append(f"{options.url} must lead to {options.feed_host}, port {adapter.feed_port}.")
    lines.append("Ctrl-C gives the report so far.")
    _tell("\n".join(lines) + "\n")


def _deliver(report: Report, options: argparse.Namespace, chosen: Sequence[Target]) -> int:
    level = None if options.fail_under == "never" else Level(options.fail_under)
    try:
        deliver(report.published() if options.published else report, chosen, level)
    except OSError as error:
        return _complain(f"the report cannot be written: {error}")
    if report.misfires:
        return 3
    return 1 if report.fails_under(level) else 0


class _Progress:
    """Shows one line about the run on standard error, rewritten in place.

    Shows nothing if standard error is no terminal, or with --quiet.
    """

    def __init__(self, *, is_quiet: bool) -> None:
        self._is_shown = not is_quiet and sys.stderr.isatty()

    def show_line(self, line: str) -> None:
        """Show *line* in place of the last one."""
        if self._is_shown:
            _tell(f"\r\033[K{visible(line)}")

    def end(self) -> None:
        """Remove the line."""
        if self._is_shown:
            _tell("\r\033[K")


def _complain(what: str, status: int = 2) -> int:
    _tell(f"{_WHO}: {visible(what, lines=True)}\n")
    return status


def _tell(text: str) -> None:
    """Write *text* to standard error. If the terminal is closed, or the process that reads this output has ended, the
    text is lost, and no error is raised: the run still has to remove its folders and to write its report.
    """
    with suppress(OSError):
        show(text, sys.stderr)
