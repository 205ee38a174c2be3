"""What `feedserver serve` prints: a line for each exchange, and below it the problems of the exchange. Problems about
no particular exchange come before the line of the next exchange, or after half a second if none has ended by then.
`feedserver record` prints its lines in the same way.

Requests are untrusted input: characters that could control a terminal are written as escapes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TextIO

from feedserver.handler.exchange import Exchange, NotSeen
from feedserver.messages.request import Request
from feedserver.messages.terminal_text import visible
from feedserver.server import FeedServer
from feedserver.standard_output import show


class Screen:
    """Standard output. If its reader has gone, or its disk is full, what is printed is lost, but the server goes on."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shown_of_none: set[str] = set()
        self._has_colours = stream.isatty() and _wants_colours(os.environ)

    def show(self, text: str, colour: str = "") -> None:
        """Print a line, and flush it. Characters that could control a terminal are escaped, since requests are
        untrusted input.
        """
        line = visible(text)
        if colour and self._has_colours:
            line = f"\033[{colour}m{line}\033[0m"
        with suppress(OSError):
            show(f"{line}\n", self._stream)

    def report(self, server: FeedServer, exchange: Exchange) -> None:
        """Print a line about an exchange, and below it its problems, and warnings about fixtures. Remove its request's
        body from memory.
        """
        self.report_problems_of_none(server)
        self._shown_of_none.clear()
        _ = exchange.ended  # waits until the listener that put it into the queue has returned, and the end is published
        exchange.request = _without_body(exchange.request)
        clock = time.strftime("%H:%M:%S", time.localtime(exchange.time))
        self.show(f"{clock} {exchange.describe()}", _COLOURS.get(_status(exchange) // 100, _RED))
        problems = server.site.problems.take_of(exchange)
        if exchange.request is None:
            problems = [exchange.problem]  # its other problems are meant for tests
        while (warning := server.site.take_warning()) is not None:
            problems.append(f"warning: {warning}")
        self._show_problems(problems)

    def report_problems_of_none(self, server: FeedServer) -> None:
        """Print the problems about no particular exchange, each once until the next exchange ends: a system that
        has no descriptors left refuses a connection twenty times a second.
        """
        problems = [text for text in server.site.problems.take_of(None) if text not in self._shown_of_none]
        self._shown_of_none.update(problems)
        self._show_problems(dict.fromkeys(problems))

    def _show_problems(self, problems: Iterable[str]) -> None:
        for problem in problems:
            # Not `str.splitlines`: it splits at nine more characters, which paths may have.
            for line in problem.split("\n"):
                self.show(f"    {line}", _RED)


def _without_body(request: Request | None) -> Request | None:
    """Return *request* without its body, which nothing reads here: a thousand bodies could take 16 GiB."""
    return replace(request, body=b"") if request is not None and request.body else request


def _wants_colours(environment: Mapping[str, str]) -> bool:
    """Return whether to print colours: see https://no-color.org. Windows' old console would show the codes, not the
    colours.
    """
    is_able = "WT_SESSION" in environment if os.name == "nt" else environment.get("TERM", "dumb") != "dumb"
    return is_able and not environment.get("NO_COLOR")


_RED = "31"
_COLOURS = {1: "36", 2: "32", 3: "36", 4: "33", 5: _RED}


def _status(exchange: Exchange) -> int:
    try:
        return exchange.status
    except NotSeen:  # the exchange ended without an answer
        return 0
