"""The integration for unittest: a server for each test, whose problems are the test's failure.

unittest tells what goes wrong in a tear-down apart from the test: a test that fails by itself would be told twice, one
that is expected to fail not forgiven. So the test method itself is watched, and each of its subtests: what the server
has found wrong when it ends is raised there. A failure of the test's own stays, and gets what the server knows of it as
a note. A set-up is watched too, for the note alone.
"""

from __future__ import annotations

import inspect
import logging
import os
import unittest
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from types import TracebackType
from typing import TYPE_CHECKING, Any

from feedserver.handler.exchange import Exchange
from feedserver.server import FeedServer, VerificationError

if TYPE_CHECKING:
    _TestCase = unittest.TestCase
else:
    _TestCase = object

__unittest = True  # its tracebacks leave out the frames of modules that say so; pytest wants it said in each function

logger = logging.getLogger("feedserver")


class FeedServerMixin(_TestCase):
    """Gives each test of a `unittest.TestCase` a server, as `self.feedserver`; stands before it among the bases.

    *feed_root* is the folder that is served, None for a server that has added routes only. *host* and *port* are
    where it listens; port 0 takes a free one, and in a test `self.port` is the one taken. *silence_logging* set to
    False logs each exchange when it has ended to the logger "feedserver": as INFO, or as WARNING where something was
    wrong.

    A `setUp` of your own must call `super().setUp()` before it uses the server.
    """

    feed_root: str | os.PathLike[str] | None = None
    host: str = "127.0.0.1"
    port: int = 0
    silence_logging: bool = True

    _feedserver: FeedServer | None = None

    def make_feedserver(self) -> FeedServer:
        """Return the server for a test, not yet started; override it for options that have no attribute here."""
        return FeedServer(self.feed_root, host=self.host, port=type(self).port)

    @property
    def feedserver(self) -> FeedServer:
        """The test's server. Raises RuntimeError where `setUp` has not started it."""
        if self._feedserver is None:
            raise RuntimeError(f"{self.id()} has no server yet; its setUp must call super().setUp() first")
        return self._feedserver

    @property
    def base_url(self) -> str:
        """The address of the test's server, without a slash at the end."""
        return self.feedserver.base_url

    def get_url(self, path: str = "/") -> str:
        """Return the URL of *path* on the test's server."""
        return self.feedserver.url(path)

    def setUp(self) -> None:
        """Start the server."""
        server = self.make_feedserver().start()
        self.addCleanup(_stop, server)  # no method, which leads back here and would be pickled, too
        self._feedserver = server
        self.port = server.port
        if not self.silence_logging:
            server.journal.listener = _log
        super().setUp()

    # Where unittest and its users call, a watch is put around the methods for as long as a test runs.

    def run(self, result: unittest.TestResult | None = None) -> unittest.TestResult | None:
        """Run the test, see `unittest.TestCase.run`."""
        with self._watched():
            return super().run(result)

    def debug(self) -> None:
        """Run the test without a result, see `unittest.TestCase.debug`; the server stops even where the test fails."""
        with self._watched():
            try:
                super().debug()
            finally:
                if self._feedserver is not None:
                    self._feedserver.stop()

    @contextmanager
    def subTest(self, *args: Any, **params: Any) -> Iterator[None]:  # noqa: N802 - unittest calls it so
        """Return a subtest, see `unittest.TestCase.subTest`; a problem in it is its own failure."""
        __tracebackhide__ = True
        with super().subTest(*args, **params), _VerifiedBlock(self):
            yield

    @contextmanager
    def _watched(self) -> Iterator[None]:
        verifies = {"setUp": False, "asyncSetUp": False, self._testMethodName: True}
        names = [name for name in verifies if hasattr(self, name)]
        replaced = {name: vars(self)[name] for name in names if name in vars(self)}
        for name in names:
            setattr(self, name, self._watching(getattr(self, name), verifies[name]))
        try:
            yield
        finally:
            for name in names:
                delattr(self, name)
            vars(self).update(replaced)
            self._feedserver = None  # Django's parallel runner pickles the case of a failed subtest

    def _watching(self, method: Callable[..., Any], verifies: bool) -> Callable[..., Any]:
        @wraps(method)
        def watched(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            with _VerifiedBlock(self, verifies):
                return method(*args, **kwargs)

        @wraps(method)
        async def watched_async(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            with _VerifiedBlock(self, verifies):
                return await method(*args, **kwargs)

        return watched_async if inspect.iscoroutinefunction(method) else watched


class FeedServerTestCase(FeedServerMixin, unittest.TestCase):
    """A `unittest.TestCase` with a server of its own for each test."""


class _VerifiedBlock:
    """Raise the problems that the server found in a block, or add them to the block's own failure."""

    def __init__(self, case: FeedServerMixin, verifies: bool = True) -> None:
        self._case = case
        self._verifies = verifies

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        __tracebackhide__ = True
        server = self._case._feedserver
        if server is None or (error is None and not self._verifies):
            return
        problems = _take_problems(server)
        if error is None:
            _raise(problems, server)
        # Who skips himself is not judged.
        if isinstance(error, Exception) and not isinstance(error, unittest.SkipTest):
            if problems:
                error.add_note(f"The server found these problems:\n{problems}")
            error.add_note(_journal(server))


def _stop(server: FeedServer) -> None:
    """Stop a test's server, and raise the problems of the test's tear-down."""
    server.stop()
    _raise(_take_problems(server), server)


def _raise(problems: str, server: FeedServer) -> None:
    __tracebackhide__ = True
    if problems:
        failure = VerificationError(problems)
        failure.add_note(_journal(server))
        raise failure


def _take_problems(server: FeedServer) -> str:
    found = []
    while True:
        try:
            server.verify()
        except (VerificationError, Warning) as problem:  # a Warning, where warnings are errors
            found.append(str(problem))
        else:
            return "\n\n".join(found)


def _journal(server: FeedServer) -> str:
    server.journal.settle()
    return server.journal.describe()


def _log(exchange: Exchange) -> None:
    logger.log(logging.WARNING if exchange.problem else logging.INFO, "%s", exchange.describe())
