"""What a test asks of a server: which requests came, which are expected, and what went wrong."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING

from feedserver.handler.exchange import Exchange
from feedserver.handler.handler import Site
from feedserver.handler.journal import Journal
from feedserver.handler.problems import problem_of
from feedserver.handler.request_filter import RequestFilter, filter_of_request
from feedserver.messages.request import Request
from feedserver.messages.terminal_text import visible
from feedserver.net import shared_loop

if TYPE_CHECKING:
    from typing import Unpack

    from feedserver.handler.conditions import Criteria
    from feedserver.handler.expectations import Expectation
    from feedserver.handler.path_pattern import Pattern


class VerificationError(AssertionError):
    """Something went wrong at the server that a test must know of."""


VerificationError.__module__ = "feedserver"  # where tests import it from, and what tracebacks call it


class ServerJournal:
    """The part of a `FeedServer` that answers the questions of a test."""

    site: Site
    journal: Journal

    @property
    def requests(self) -> list[Request]:
        """The requests so far, in the order of arrival; with a *journal_limit*, those that are still kept."""
        return self.journal.requests

    def wait_for(
        self, path: str | Pattern | None = None, *, count: int = 1, timeout: float = 5.0, **criteria: Unpack[Criteria]
    ) -> list[Exchange]:
        """Wait until *count* matching requests have arrived, and return them; see `Journal.wait_for`.

        *path* and the criteria, such as *method* and *query*, are those of `Journal.wait_for`. Raises NotSeen after
        *timeout* seconds, and RuntimeError inside a running event loop, which it would block.
        """
        shared_loop.refuse_on_loop("wait_for()")
        _refuse_in_loop("wait_for")
        return self.journal.wait_for(path, count=count, timeout=timeout, **criteria)

    def assert_requested(
        self, path: str | Pattern | None = None, *, count: int | None = None, **criteria: Unpack[Criteria]
    ) -> list[Exchange]:
        """Assert that a matching request has arrived, *count* times if given; see `Journal.assert_requested`."""
        return self.journal.assert_requested(path, count=count, **criteria)

    def assert_not_requested(self, path: str | Pattern | None = None, **criteria: Unpack[Criteria]) -> None:
        """Assert that no matching request has arrived; see `Journal.assert_not_requested`."""
        self.journal.assert_not_requested(path, **criteria)

    def expect(
        self,
        path: str | Pattern | None = None,
        *,
        times: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        **criteria: Unpack[Criteria],
    ) -> Expectation:
        """Expect that matching requests come from now on; `verify` checks how many have come. This adds no answer.

        *path* and the criteria are those of `Journal.wait_for`. The requests are expected exactly *times* times, or at
        least *at_least* and at most *at_most* times; without any of these, once. So `expect("/feed", times=0)` expects
        that none comes. The expectation can also be checked by itself, by its method `verify` or by a `with` block.
        """
        from feedserver.handler.expectations import ExpectedCount, Times  # not every test expects something

        wanted = filter_of_request(path, criteria)
        count = Times.of(times, at_least, at_most)
        return self._expecting(ExpectedCount(self.journal, _caller(), wanted, count))

    def expect_in_order(self, *steps: str | Pattern | RequestFilter) -> Expectation:
        """Expect that requests come in this order from now on; `verify` checks it. This adds no answer.

        A step is a path, a `Pattern`, or a `RequestFilter` with more criteria. The requests that match any of the steps
        must come once for each step, in this order; other requests may come in between.
        """
        from feedserver.handler.expectations import ExpectedOrder

        wanted = [step if isinstance(step, RequestFilter) else RequestFilter(step) for step in steps]
        return self._expecting(ExpectedOrder(self.journal, _caller(), wanted))

    def _expecting(self, expectation: Expectation) -> Expectation:
        self.site.expectations.append(expectation)
        return expectation

    def verify(self) -> None:
        """Raise VerificationError for what went wrong at the server; docs/feedserver/pytest.md has a table of problems.

        That is a mistake in a fixture, a callable that failed, a fault that was not injected, any exception while a
        request was answered, and, if the server is *strict*, a request that nothing answers, bytes that are no request,
        and TLS that fails. What was expected by `expect` is checked, too. Each problem is raised once, and each
        expectation is checked once. A doubtful detail of a fixture is issued as a FixtureWarning, here rather than on
        the thread that read the fixture.
        """
        self.site.catch_up()
        while (warning := self.site.take_warning()) is not None:  # where warnings are errors, the others stay for later
            warnings.warn(warning, stacklevel=2)
        expectations, self.site.expectations = self.site.expectations, []
        for expectation in expectations:
            if not expectation.is_checked and (problem := problem_of(expectation)):
                self.site.problems.add(problem.message, None, problem.aside)
        problems = self.site.problems.take()
        if problems:
            raise VerificationError(visible("\n\n".join(dict.fromkeys(problems)), lines=True))

    def allow(self, *patterns: str) -> None:
        """Ignore, from now on, each problem in whose message one of these regular expressions is found.

        What a message says of other requests and paths is not searched: the requests of the journal, and the paths near
        a missing one.

        This is for tests that cause a problem on purpose, such as clients of bare sockets. To assert that a problem
        came, catch what `verify` raises:
        `with pytest.raises(VerificationError, match="no HTTP version"): server.verify()`.
        """
        self.site.problems.allow(*patterns)

    def failed(self, message: str) -> None:
        """Report *message* as a problem: an error of the event loop, which is reported to each server that runs."""
        self.site.problems.add(message)


def _caller() -> str:
    """Return the line of the test that called a method of a server, for a message."""
    frame = sys._getframe(2)
    return f" at {frame.f_code.co_filename}:{frame.f_lineno}"


def _refuse_in_loop(what: str) -> None:
    if "asyncio" not in sys.modules:
        return
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError(
        f"{what} would block the event loop that runs here; use 'await asyncio.to_thread(server.{what}, …)'"
    )
