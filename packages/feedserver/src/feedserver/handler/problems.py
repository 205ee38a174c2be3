"""What went wrong at a server: kept until `FeedServer.verify` raises it, so that no test passes in spite of it.

There are two kinds. A problem on the server's side (a fixture, a callable, a fault, an exception of any kind) always
counts. A mistake of the client (a path that nothing answers, bytes that are no request) counts unless the server is
told to accept it, with `strict=False`. A client that hangs up while it is answered is no problem: a client
does so when a test checks its time limit.
"""

from __future__ import annotations

import re
import traceback
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from feedserver.messages.argument_types import check_name
from feedserver.messages.terminal_text import visible

SHOWN = 60
"""Bytes of an invalid request that a message quotes at most."""

NOTE = "The server found these problems:\n"
"""The start of a note that is added to an exception of a test; a server's problems follow in the note."""

LONGEST = 2000
"""Characters of an exception that a message quotes at most: it may quote a body, which may have a million."""


class Expected(Protocol):
    """What a test expects of its client, and `FeedServer.verify` checks."""

    is_checked: bool
    """Whether `FeedServer.verify` has nothing to check any more."""
    unmet_at_end: Problem | None
    """What was not as expected when the `with` block of the expectation raised, if it raised."""

    def difference(self) -> tuple[str, str]:
        """Return two parts of a message: in which way the expectation is not met, "" where it is met, and the
        journal.
        """


@dataclass(frozen=True, slots=True)
class Problem:
    """A *message* for a test, and the *exchange* that it is about; None where it is about no particular one.

    *aside* is the part of the message about other requests and paths, in which `allow` does not search.
    """

    message: str
    exchange: object | None
    aside: str = ""

    @property
    def own_words(self) -> str:
        """The message without the *aside*."""
        return self.message.replace(self.aside, "", 1) if self.aside else self.message


class Problems:
    """The problems of one server, each with the exchange that it is about, if any. Any thread may add some.

    An exchange is any object that can be compared with others. *strict* keeps the mistakes of clients, too. *elsewhere*
    is a queue in which lower layers leave messages of their own.
    """

    def __init__(self, elsewhere: deque[str], *, strict: bool) -> None:
        self.strict = strict
        self._elsewhere = elsewhere
        self._kept: list[Problem] = []
        self._allowed: list[re.Pattern[str]] = []

    def add(self, message: str, exchange: object | None = None, aside: str = "") -> None:
        """Add a problem, for `verify` to raise; `allow` does not search in *aside*, a part of the *message*."""
        self._kept.append(Problem(message, exchange, aside))

    def add_of_client(self, message: str, exchange: object | None) -> None:
        """Add a mistake of the client, unless the server is not strict."""
        if self.strict:
            self.add(
                f"{message}\nIf the test intends this, call server.allow('…') or FeedServer(…, strict=False).", exchange
            )

    def allow(self, *patterns: str) -> None:
        """Ignore, from now on, each problem in whose own words one of these regular expressions is found."""
        for pattern in patterns:
            check_name("a pattern of allow()", pattern, "nothing answers")
            try:
                self._allowed.append(re.compile(pattern))
            except re.error as error:
                raise ValueError(
                    f"a pattern of allow() is {pattern!r}, no regular expression ({error}); give re.escape(…) for "
                    "plain text"
                ) from error

    def take(self) -> list[str]:
        """Return the problems since the last call, except those that `allow` names, and forget all of them."""
        if not self._kept and not self._elsewhere:
            return []
        taken = self.kept
        del self._kept[: len(taken)]
        return [problem.message for problem in taken if not self._is_allowed(problem)]

    def about(self, is_wanted: Callable[[object], bool]) -> list[str]:
        """Return the problems that `take` would return and that are about an exchange for which *is_wanted* returns
        True, or about no particular one. They are kept.
        """
        return [
            problem.message
            for problem in self.kept
            if (problem.exchange is None or is_wanted(problem.exchange)) and not self._is_allowed(problem)
        ]

    def _is_allowed(self, problem: Problem) -> bool:
        return any(pattern.search(problem.own_words) for pattern in self._allowed)

    @property
    def kept(self) -> list[Problem]:
        """The problems that were not taken yet; the messages of *elsewhere* are among them."""
        with suppress(IndexError):  # another thread may have taken the last one
            while True:
                self.add(self._elsewhere.popleft())
        return self._kept[:]

    def take_all(self, wanted: list[Problem]) -> list[Problem]:
        """Forget every problem. Return those that are in *wanted*, a list of problems that `kept` has returned, so that
        `put_back` can add them again.
        """
        taken = self.kept
        del self._kept[: len(taken)]
        ids = set(map(id, wanted))
        return [problem for problem in taken if id(problem) in ids]

    def put_back(self, problems: list[Problem]) -> None:
        """Add problems that were taken before, as the oldest ones."""
        self._kept[:0] = problems

    def take_of(self, exchange: object) -> list[str]:
        """Return the problems about *exchange* and those about no particular exchange, and forget them."""
        kept = self.kept
        self._kept[: len(kept)] = [problem for problem in kept if problem.exchange not in (exchange, None)]
        return [problem.message for problem in kept if problem.exchange in (exchange, None)]


def problem_of(expected: Expected) -> Problem | None:
    """Return in which way *expected* is not met, or which exception a function of the test raised during the check;
    None where it is met.
    """
    if expected.unmet_at_end is not None:
        return expected.unmet_at_end
    try:
        difference, journal = expected.difference()
        return Problem(f"{difference}{journal}", None, journal) if difference else None
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - pytest.fail() too must not keep others from being checked
        return Problem(f"{expected}, which is expected, could not be checked: {in_words(error)}", None)


def in_words(error: BaseException) -> str:
    """Return an exception and the line that raised it, as text for a message."""
    try:
        text = repr(error)
    except KeyboardInterrupt:
        raise
    except BaseException as second:  # noqa: BLE001 - an exception without a repr must be reported, too
        text = f"{type(error).__qualname__} (whose repr raised {type(second).__qualname__})"
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 2]} […] {text[-LONGEST // 2 :]}"
    text = visible(text, lines=True)
    frames = traceback.extract_tb(error.__traceback__)
    return f"{text} at {frames[-1].filename}:{frames[-1].lineno}" if frames else text
