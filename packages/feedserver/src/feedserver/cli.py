"""The command: `feedserver serve`, `feedserver stop` and `feedserver record`.

The event loop puts each exchange that has ended into a queue; the main thread, which has nothing else to do, prints
it. So a slow terminal holds up nobody's answer. A signal raises `_Stopped` in the main thread, whatever that waits for:
a port, an exchange, a terminal.

Exit status: 0 where the command did what it was for, an end by Ctrl-C, SIGTERM or QUIT included; 1 where there was no
server to stop, or it did not stop, or where no answer came that could be recorded; 2 for bad usage, a folder that is
missing and a port that is taken among it.
"""

from __future__ import annotations

import argparse
import io
import math
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Any, NoReturn, TextIO

from feedserver import record
from feedserver.handler.exchange import Exchange, NotSeen
from feedserver.messages.request import Request
from feedserver.messages.terminal_text import visible
from feedserver.net.binding import PortTaken
from feedserver.quit_client import stop_server
from feedserver.server import FeedServer

JOURNAL_LIMIT = 1000
"""Exchanges that `serve` keeps unless told otherwise."""

STOP_TIMEOUT = 10.0
"""Seconds within which a server that is told to stop must be gone."""

_SIGNALS = {"SIGINT": "Ctrl-C", "SIGTERM": "SIGTERM", "SIGBREAK": "Ctrl-Break"}

# On Windows a wait without an end is not interrupted by Ctrl-C.
_TICK = 0.5 if os.name == "nt" else None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with *arguments*, by default those of the process, and return its exit status."""
    options = _parser().parse_args(arguments)
    return {"serve": _serve, "stop": _stop, "record": _record}[options.command](options)


def _serve(options: argparse.Namespace) -> int:
    ended: SimpleQueue[Exchange] = SimpleQueue()
    screen = _Screen(sys.stdout)
    with _signals_raise():
        try:
            server = FeedServer(
                options.folder,
                host=options.host,
                port=options.port,
                bind_timeout=options.bind_timeout,
                follow_links=options.follow_links,
                quit=True,
                journal_limit=options.journal_limit,
            )
            server.journal.listener = ended.put
            server.start()
        except PortTaken:
            waited = f", and stayed so for {options.bind_timeout:g} s" if options.bind_timeout else ""
            remedy = "stop what listens there, wait for it with --bind-timeout, or leave --port out for a free one"
            return _complain("feedserver serve", f"port {options.port} is taken{waited}; {remedy}", 2)
        except OSError as error:
            return _complain("feedserver serve", error.strerror or str(error), 2)
        except _Stopped as stopped:  # standard output begins with a URL, or stays empty
            return _complain("feedserver serve", f"stopped by {stopped} before it could listen", 0)
        reason = _report(server, ended, screen)
        server.stop()
        while not ended.empty():
            screen.report(server, ended.get())
        screen.show(f"Stopped by {reason}.")
    return 0


def _report(server: FeedServer, ended: SimpleQueue[Exchange], screen: _Screen) -> str:
    """Print where the server is, and each exchange, until something ends the server. Returns what ended it."""
    try:
        screen.show(server.base_url)
        while not server.quit_requested.is_set():
            try:
                screen.report(server, ended.get(timeout=_TICK))
            except Empty:
                continue
    except _Stopped as stopped:
        return str(stopped)
    return "QUIT"


def _stop(options: argparse.Namespace) -> int:
    try:
        stop_server(options.port, options.host, STOP_TIMEOUT)
    except ConnectionError as error:
        return _complain("feedserver stop", str(error), 1)
    return 0


def _record(options: argparse.Namespace) -> int:
    status, text = record.run(options)
    if status:
        return _complain("feedserver record", text, status)
    screen = _Screen(sys.stdout)
    for line in text.split("\n"):
        screen.show(line)
    return 0


# Signals.


class _Stopped(BaseException):
    """A signal asks the command to end; the text says which."""


@contextmanager
def _signals_raise() -> Iterator[None]:
    """Raise `_Stopped` at the first signal that asks for an end; those after it come too late to ask for more."""
    names = {getattr(signal, name): text for name, text in _SIGNALS.items() if hasattr(signal, name)}

    def stop(number: int, _: FrameType | None) -> NoReturn:
        for each in names:
            signal.signal(each, signal.SIG_IGN)
        raise _Stopped(names[number])

    before = {number: signal.signal(number, stop) for number in names}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# What is printed.


class _Screen:
    """Standard output. When nobody reads it any more, what is shown is lost, and serving goes on."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._has_colours = stream.isatty() and _wants_colours(os.environ)
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")

    def show(self, text: str, colour: str = "") -> None:
        """Print a line, at once. What could change the state of a terminal is escaped: requests come from anybody."""
        line = visible(text)
        if colour and self._has_colours:
            line = f"\033[{colour}m{line}\033[0m"
        try:
            print(line, file=self._stream, flush=True)
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)

    def report(self, server: FeedServer, exchange: Exchange) -> None:
        """Print a line about an exchange, and below it what was wrong with it. Its body is no longer needed."""
        _ = exchange.ended  # waits until the listener that handed it over has returned, and the end is published
        exchange.request = _without_body(exchange.request)
        clock = time.strftime("%H:%M:%S", time.localtime(exchange.time))
        self.show(f"{clock} {exchange.describe()}", _COLOURS.get(_status(exchange) // 100, _RED))
        problems = server.site.problems.take_of(exchange)
        if exchange.request is None:
            problems = [exchange.problem]  # what else is said of it is for tests
        for warning in server.site.take_warnings():
            problems.append(f"warning: {warning}")
        for problem in problems:
            for line in problem.split("\n"):  # at nothing else: `str.splitlines` knows ten more, and paths have them
                self.show(f"    {line}", _RED)


def _without_body(request: Request | None) -> Request | None:
    """Return *request* without its body, which nobody can ask for here: a thousand would be 16 GiB."""
    return replace(request, body=b"") if request is not None and request.body else request


def _wants_colours(environment: Mapping[str, str]) -> bool:
    """Honour https://no-color.org. Windows' old console would show the codes, not the colours."""
    is_able = "WT_SESSION" in environment if os.name == "nt" else environment.get("TERM", "dumb") != "dumb"
    return is_able and not environment.get("NO_COLOR")


_RED = "31"
_COLOURS = {1: "36", 2: "32", 3: "36", 4: "33", 5: _RED}


def _status(exchange: Exchange) -> int:
    try:
        return exchange.status
    except NotSeen:  # it ended without an answer
        return 0


def _complain(who: str, what: str, status: int) -> int:
    print(visible(f"{who}: {what}", lines=True), file=sys.stderr)
    return status


# Arguments.


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """End the command with status 2."""
        self.exit(_complain(self.prog, message, 2))


class _Version(argparse.Action):
    """Looks the version up when it is asked for, since that takes longer than a start."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        from importlib.metadata import version

        print(f"feedserver {version('feedserver')}")
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="feedserver", description="A real HTTP server for testing whatever reads feeds.")
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version, and exit")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    serve = commands.add_parser(
        "serve",
        help="serve a folder",
        description="Serves a folder of feed files until Ctrl-C, SIGTERM or an HTTP request QUIT. The first line "
        "that is printed is the URL, the others are a line a request.",
    )
    serve.add_argument("folder", metavar="DIR", type=_folder, help="the folder to serve")
    serve.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    serve.add_argument("--port", default=0, type=_port, help="the port to listen on (default: one that is free)")
    serve.add_argument(
        "--bind-timeout", default=0.0, type=_seconds, metavar="SECONDS", help="how long to wait for a taken port"
    )
    serve.add_argument("--follow-links", action="store_true", help="serve what links lead to outside the folder, too")
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
        description="Stops the server on a port of this machine: sends it QUIT, and waits until it has gone. Exit "
        "status 1 says that there is none, or that it does not stop.",
    )
    stop.add_argument("port", metavar="PORT", type=_port, help="the port that it listens on")
    stop.add_argument("--host", default="127.0.0.1", help="the address that it listens on (default: %(default)s)")

    record.add_parser(commands)
    return parser


def _folder(text: str) -> Path:
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is no folder; name a folder of feed files")
    return Path(text)


def _port(text: str) -> int:
    if not text.isdecimal() or not text.isascii() or int(text) > 65535:
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
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no count; give a number from 1 up")
    return int(text)
