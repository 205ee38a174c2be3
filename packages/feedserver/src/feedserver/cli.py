"""The command: `feedserver serve`, `feedserver stop`, `feedserver record` and `feedserver check`.

The event loop puts each exchange that has ended into a queue; the main thread, which has nothing else to do, prints it.
So a slow terminal delays no answer. While `serve` runs, a signal raises `_Stopped` in the main thread, whatever that
thread waits for: a port, an exchange, a terminal.

Exit status: 0 if the command succeeded; an end of `serve` by Ctrl-C, SIGTERM, SIGHUP or QUIT is a success. 1 if there
was no server to stop, or it did not stop, or if no answer came that could be recorded. 2 for bad usage, such as a
folder that does not exist or a port that is taken, or if a file cannot be written. `feedserver check` has exit statuses
of its own, see `check.command`.
"""

from __future__ import annotations

import argparse
import math
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Any, NoReturn, cast

from feedserver import record
from feedserver.handler.exchange import Exchange
from feedserver.messages.argument_types import is_whole
from feedserver.messages.terminal_text import visible
from feedserver.net.binding import PortTaken
from feedserver.quit_client import stop_server
from feedserver.record.command import unrecognized
from feedserver.record.secret_search import without_secrets
from feedserver.screen import Screen
from feedserver.server import FeedServer
from feedserver.standard_output import replace_closed_streams, show

JOURNAL_LIMIT = 1000
"""The number of exchanges that `serve` keeps by default."""

STOP_TIMEOUT = 10.0
"""Seconds within which a server must end after `stop` has asked it to."""

_SIGNALS = {"SIGINT": "Ctrl-C", "SIGTERM": "SIGTERM", "SIGHUP": "SIGHUP", "SIGBREAK": "Ctrl-Break"}

_TICK = 0.5
"""Seconds after which the wait for an exchange begins again: Python may miss a signal that comes just as a wait begins,
and notices it once that wait ends. On Windows, Ctrl-C does not interrupt a wait.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with *arguments*, by default those of the process, and return its exit status."""
    replace_closed_streams()
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = _parser(with_check=arguments[:1] == ["check"])
    options, rest = parser.parse_known_args(arguments)
    if rest and options.command == "record":
        parser.exit(_complain("feedserver record", unrecognized(rest), 2))
    if rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    return {"serve": _serve, "stop": _stop, "record": _record, "check": _check}[options.command](options)


def _serve(options: argparse.Namespace) -> int:
    if options.name and options.tls is None:
        return _complain("feedserver serve", "--name is for the certificate of --tls; give --tls FILE, too", 2)
    ended: SimpleQueue[Exchange] = SimpleQueue()
    screen = Screen(sys.stdout)
    with _signals_raise() as signals:
        try:
            server = FeedServer(
                options.folder,
                host=options.host,
                port=options.port,
                bind_timeout=options.bind_timeout,
                follow_links=options.follow_links,
                quit=True,
                journal_limit=options.journal_limit,
                tls=options.tls is not None,
                names=options.name,
            )
            if options.tls is not None:
                options.tls.write_bytes(Path(server.ca_bundle).read_bytes())
            server.journal.listener = ended.put
            server.start()
            signals.is_needless = server.quit_requested.is_set
        except PortTaken:
            waited = f", and stayed so for {options.bind_timeout:g} s" if options.bind_timeout else ""
            remedy = "stop what listens there, wait for it with --bind-timeout, or leave --port out for a free one"
            return _complain("feedserver serve", f"port {options.port} is taken{waited}; {remedy}", 2)
        except OSError as error:
            reason = (
                f"{visible(str(error.filename))}: {error.strerror}" if error.filename else error.strerror or str(error)
            )
            return _complain("feedserver serve", reason, 2)
        except (ValueError, RuntimeError) as error:  # a name that no certificate can have, a package that is missing
            return _complain("feedserver serve", str(error), 2)
        except _Stopped as stopped:
            # A script that reads the URL from standard output reads nothing there.
            return _complain("feedserver serve", f"stopped by {stopped} before it could listen", 0)
        reason = _report(server, ended, screen, signals)
        server.stop()
        while not ended.empty():
            screen.report(server, ended.get())
        screen.report_problems_of_none(server)
        screen.show(f"Stopped by {reason}.")
    return 0


def _report(server: FeedServer, ended: SimpleQueue[Exchange], screen: Screen, signals: _Signals) -> str:
    """Print the server's URL, and each exchange, until something ends the server. Return the name of what ended it."""
    try:
        screen.show(server.base_url)
        while not (server.quit_requested.is_set() or signals.came):
            try:
                screen.report(server, ended.get(timeout=_TICK))
            except Empty:
                screen.report_problems_of_none(server)
    except _Stopped as stopped:
        return str(stopped)
    return signals.came or "QUIT"


def _stop(options: argparse.Namespace) -> int:
    try:
        stop_server(options.port, options.host, STOP_TIMEOUT)
    except ConnectionError as error:
        return _complain("feedserver stop", str(error), 1)
    except ValueError as error:  # port 0, or an empty host
        return _complain("feedserver stop", str(error), 2)
    return 0


def _record(options: argparse.Namespace) -> int:
    status, text = record.run(options)
    if status:
        return _complain("feedserver record", text, status)
    screen = Screen(sys.stdout)
    for line in text.split("\n"):
        screen.show(line)
    return 0


def _check(options: argparse.Namespace) -> int:
    from feedserver.check.command import run_command

    return run_command(options)


# Signals


class _Stopped(BaseException):
    """Raised when a signal asks the command to end; its text names the signal."""


@dataclass
class _Signals:
    """The signals that ask the command to end: the name of the one that *came* first, or "". A signal that comes when
    *is_needless* returns True has no effect, since the command is ending already.
    """

    came: str = ""
    is_needless: Callable[[], bool] = lambda: False


@contextmanager
def _signals_raise() -> Iterator[_Signals]:
    """Raise `_Stopped` at the first signal that asks for an end, unless it is needless, and ignore those after it,
    which ask for the same. If Python drops the exception, as it does in a finalizer, `came` still names the signal.
    """
    names = {getattr(signal, name): text for name, text in _SIGNALS.items() if hasattr(signal, name)}
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # by `nohup`
        del names[signal.SIGHUP]
    signals = _Signals()

    def stop(number: int, _: FrameType | None) -> None:
        for each in names:
            signal.signal(each, signal.SIG_IGN)
        if not signals.is_needless():
            signals.came = names[number]
            raise _Stopped(signals.came)

    before = {number: signal.signal(number, stop) for number in names}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _complain(who: str, what: str, status: int) -> int:
    print(visible(f"{who}: {what}", lines=True), file=sys.stderr)
    return status


# Arguments


class _Parser(argparse.ArgumentParser):
    """A parser that reports an error in one line."""

    def print_help(self, file: Any = None) -> None:
        """Print the help, to standard output by default."""
        self.print(self.format_help(), file or sys.stdout)

    def print(self, text: str, file: Any) -> None:
        """Print *text* to *file*, or end the command with status 2 where that cannot be written."""
        try:
            show(text, file)
        except OSError as error:
            self.error(f"this cannot be printed: {error}")

    def error(self, message: str) -> NoReturn:
        """Print *message* in one line, without passwords and the like, and end the command with status 2."""
        # An argument may be the name of a file that somebody else has chosen, as in `feedserver serve *`.
        self.exit(_complain(self.prog, visible(without_secrets(message, shapes=False)[0]), 2))


class _Version(argparse.Action):
    """An action that prints the version. No other action looks the version up, since that takes noticeable time."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        from importlib.metadata import version

        cast("_Parser", parser).print(f"feedserver {version('feedserver')}\n", sys.stdout)
        parser.exit()


def _parser(*, with_check: bool = False) -> argparse.ArgumentParser:
    """Return the command's parser. The options of `check` are added only if *with_check*: loading them takes time."""
    parser = _Parser(prog="feedserver", description="A real HTTP server for testing whatever reads feeds.")
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version, and exit")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    serve = commands.add_parser(
        "serve",
        help="serve a folder",
        description="Serves a folder of feed files until Ctrl-C, SIGTERM or an HTTP request QUIT. The first line "
        "of the output is the URL; then comes one line for each request, and its problems below it.",
    )
    serve.add_argument("folder", metavar="DIR", type=_folder, help="the folder to serve")
    serve.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    serve.add_argument("--port", default=0, type=_port, help="the port to listen on (default: one that is free)")
    serve.add_argument(
        "--bind-timeout",
        default=0.0,
        type=_seconds,
        metavar="SECONDS",
        help="how long to wait for a port that is in use",
    )
    serve.add_argument(
        "--tls",
        metavar="FILE",
        type=Path,
        help="speak HTTPS beside HTTP, and write the certificate of the authority that clients must trust to FILE",
    )
    serve.add_argument(
        "--name",
        metavar="HOST",
        action="append",
        default=[],
        help="another host name for the certificate of --tls; may be given several times",
    )
    serve.add_argument(
        "--follow-links", action="store_true", help="also serve files outside the folder, if links lead to them"
    )
    serve.add_argument(
        "--journal-limit",
        default=JOURNAL_LIMIT,
        type=_count,
        metavar="N",
        help="how many exchanges are kept in memory (default: %(default)s)",
    )

    stop = commands.add_parser(
        "stop",
        help="stop a server",
        description="Stops the server on a port of this machine: sends it QUIT, and waits until it has ended. The exit "
        "status is 1 if there is no server, or if it does not stop. A server obeys QUIT only at a loopback address.",
    )
    stop.add_argument("port", metavar="PORT", type=_port, help="the port that it listens on")
    stop.add_argument(
        "--host", default="127.0.0.1", help="the loopback address at which it is reached (default: %(default)s)"
    )

    record.add_parser(commands)

    check = commands.add_parser(
        "check",
        help="score a feed reader",
        description="Runs a feed reader against servers that behave in many ways, and says rule by rule how the reader "
        "treats servers and users. Exit status: 0 if no rule of at least the level of --fail-under is broken, 1 if one "
        "is, 2 for wrong usage or if there is no score, 3 for an error of feedserver.",
    )
    if with_check:
        from feedserver.check.options import add_options

        add_options(check)
    return parser


def _folder(text: str) -> Path:
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is no folder; name a folder of feed files")
    return Path(text)


def _port(text: str) -> int:
    if not is_whole(text, 0, 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is no port; give a number up to 65535, such as 8097")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds; give one such as 2.5")
    return seconds


def _count(text: str) -> int:
    if not is_whole(text, 1):
        raise argparse.ArgumentTypeError(f"{text!r} is no count; give a number from 1 up")
    return int(text)
