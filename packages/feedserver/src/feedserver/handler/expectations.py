"""What a test expects of its client, declared before the client starts; `FeedServer.verify` checks it at the end."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from types import TracebackType
from typing import Self
from unittest import SkipTest

from feedserver.handler.exchange import Exchange, NotSeen
from feedserver.handler.journal import Journal, in_times
from feedserver.handler.problems import Problem, problem_of
from feedserver.handler.request_filter import RequestFilter
from feedserver.messages.argument_types import check_whole
from feedserver.messages.terminal_text import visible


@dataclass(frozen=True, slots=True)
class Times:
    """How often a request is expected: *least* to *most* times; *most* is None where there is no limit."""

    least: int
    most: int | None

    @classmethod
    def of(cls, times: int | None, at_least: int | None, at_most: int | None) -> Times:
        """Return what these arguments of `FeedServer.expect` say; if all are None, the request is expected once.

        Raises TypeError or ValueError for numbers that contradict each other, or are no numbers.
        """
        for name, value in (("times", times), ("at_least", at_least), ("at_most", at_most)):
            if value is not None:
                check_whole(name, value, 0, 2)
        if times is not None and (at_least is not None or at_most is not None):
            raise ValueError(f"times is {times}, beside at_least or at_most; give either times or those")
        if at_least is not None and at_most is not None and at_least > at_most:
            raise ValueError(f"at_least is {at_least}, and at_most is only {at_most}; give a higher at_most")
        if at_least is None and at_most is None:
            times = 1 if times is None else times
            return cls(times, times)
        return cls(at_least or 0, at_most)

    def allow(self, count: int) -> bool:
        """Return whether *count* requests are as many as expected."""
        return count >= self.least and (self.most is None or count <= self.most)

    def __str__(self) -> str:
        if self.most == self.least:
            return in_times(self.least)
        if self.most is None:
            return f"at least {in_times(self.least)}"
        return f"at most {in_times(self.most)}" if not self.least else f"{self.least} to {self.most} times"


_UNDECIDED = (
    ("pytest", "skip.Exception"),
    ("pytest", "xfail.Exception"),
    ("hypothesis.errors", "UnsatisfiedAssumption"),
    ("hypothesis.errors", "StopTest"),
)
"""Modules that tests may have imported, and their exceptions that end a test without a result."""


def _leaves_undecided(error: BaseException) -> bool:
    """Return whether *error* ends the test, or its current example, without a result: it is skipped, for instance."""
    kinds: list[type[BaseException]] = [SkipTest]
    for module, name in _UNDECIDED:
        if (imported := sys.modules.get(module)) is not None:
            kinds.append(attrgetter(name)(imported))
    return isinstance(error, tuple(kinds))


class Expectation(ABC):
    """What a test expects of the requests that come later: `FeedServer.expect` and `expect_in_order` make it.

    Each call of `verify` checks it. A `with` block checks it at its end. If the block raises, this raises nothing more:
    `FeedServer.verify` raises what was not as expected at the end of the block. (Nothing is checked if the test ends
    without a result, as by `pytest.skip` or Hypothesis' `assume`.) Otherwise, `FeedServer.verify` checks it unless
    `verify` was called or a `with` block has ended. *where* ends the message with the line of the test, such as
    " at test_feed.py:12".
    """

    def __init__(self, journal: Journal, where: str) -> None:
        self._journal = journal
        self._where = where
        self._begin = journal.recorded
        self.is_checked = False
        """Whether `FeedServer.verify` has nothing to check any more."""
        self.unmet_at_end: Problem | None = None
        """What was not as expected when a `with` block raised."""

    @property
    def exchanges(self) -> list[Exchange]:
        """The exchanges so far that this expectation is about."""
        return [exchange for exchange in self._since() if self._concerns(exchange)]

    @property
    def is_met(self) -> bool:
        """Whether the requests so far are as expected."""
        return not self.problem()

    def verify(self) -> None:
        """Raise NotSeen where the requests so far are not as expected. Either way, `FeedServer.verify` does not check
        this expectation again.
        """
        __tracebackhide__ = True
        self.is_checked = True
        problem = self.problem()
        if problem:
            raise NotSeen(problem)

    def problem(self) -> str:
        """Return in which way the requests so far are not as expected, with the journal; "" where they are."""
        return "".join(self.difference())

    def difference(self) -> tuple[str, str]:
        """Return in which way the requests so far are not as expected, and the journal; two "" where they are."""
        if lost := self._journal.catch_up() or self._why_some_are_lost():
            return f"it is unknown whether {self} came as expected{self._where}: {lost}", ""
        # Before the requests are counted: what waits now may be recorded meanwhile.
        held = self._journal.why_incomplete() if self._has_limit else ""
        difference = self._difference(self.exchanges)
        if not difference:
            return (f"it is unknown whether {self} came as expected{self._where}: {visible(held)}" if held else ""), ""
        return f"{difference} It was expected{self._where}.", f"\n{self._journal.describe()}"

    def __enter__(self) -> Self:
        self.unmet_at_end = None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        __tracebackhide__ = True
        if error is None:
            self.verify()
            return
        if not _leaves_undecided(error):
            self.unmet_at_end = problem_of(self)
        self.is_checked = self.unmet_at_end is None

    def _since(self) -> list[Exchange]:
        return [exchange for exchange in self._journal.exchanges if exchange.serial > self._begin]

    def _why_some_are_lost(self) -> str:
        """Return why the journal lacks exchanges that came after this expectation was made, with the remedy; "" where
        it lacks none.
        """
        if self._journal.dropped_up_to > self._begin:
            return "the journal has dropped some requests; raise journal_limit"
        if self._journal.cleared_up_to > self._begin:
            return "the journal was cleared; call expect() after journal.clear(), or verify() before it"
        return ""

    @property
    def _has_limit(self) -> bool:
        """Whether more requests than came so far could be too many."""
        return True

    @abstractmethod
    def _concerns(self, exchange: Exchange) -> bool:
        """Return whether the expectation is about this exchange."""

    @abstractmethod
    def _difference(self, exchanges: list[Exchange]) -> str:
        """Return a sentence that says how *exchanges* differ from what is expected; "" if they do not."""


class ExpectedCount(Expectation):
    """Expects as many requests that match *wanted* as *times* allows."""

    def __init__(self, journal: Journal, where: str, wanted: RequestFilter, times: Times) -> None:
        super().__init__(journal, where)
        self._wanted = wanted
        self._times = times

    @property
    def _has_limit(self) -> bool:
        return self._times.most is not None

    def _concerns(self, exchange: Exchange) -> bool:
        return self._wanted.matches(exchange)

    def _difference(self, exchanges: list[Exchange]) -> str:
        count = len(exchanges)
        if self._times.allow(count):
            return ""
        near_miss = self._journal.near_miss(self._wanted) if count < self._times.least else ""
        return f"{self._wanted} was requested {in_times(count)}, not {self._times}.{near_miss}"

    def __str__(self) -> str:
        return f"{self._wanted}, {self._times}"


class ExpectedOrder(Expectation):
    """Expects one request for each of the *steps*, in this order, and no other request that matches any of them."""

    def __init__(self, journal: Journal, where: str, steps: Sequence[RequestFilter]) -> None:
        super().__init__(journal, where)
        if not steps:
            raise ValueError("expect_in_order() was given nothing; give the paths in the order of their requests")
        self._steps = steps

    def _concerns(self, exchange: Exchange) -> bool:
        return any(step.matches(exchange) for step in self._steps)

    def _difference(self, exchanges: list[Exchange]) -> str:
        for number, (step, exchange) in enumerate(zip(self._steps, exchanges, strict=False), 1):
            if not step.matches(exchange):
                return f"Request {number} in the order was {exchange}, not {step}."
        if len(exchanges) < len(self._steps):
            return f"{self._steps[len(exchanges)]} did not come as request {len(exchanges) + 1} in the order."
        if len(exchanges) > len(self._steps):
            return f"{exchanges[len(self._steps)]} came once more after the {len(self._steps)} requests in order."
        return ""

    def __str__(self) -> str:
        return ", then ".join(map(str, self._steps))
