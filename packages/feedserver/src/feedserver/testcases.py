"""The integration for unittest: a server for each test, whose problems are the test's failure.

unittest reports an error in a tear-down apart from the test: a test that fails by itself would be reported twice, and
an expected failure would not cover the error. So the test method itself is watched, and each of its subtests: the
problems that the server has found are raised when the method or subtest ends. If the test fails by itself, its failure
stays, and the problems and the journal are added to it as notes. The set-up methods are watched too, only to add these
notes.
"""

from __future__ import annotations

import inspect
import logging
import os
import sys
import unittest
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from feedserver import held_server
from feedserver.handler.exchange import Exchange
from feedserver.handler.problems import NOTE, Expected
from feedserver.server import FeedServer, VerificationError

if TYPE_CHECKING:
    _TestCase = unittest.TestCase
else:
    _TestCase = object

__unittest = True  # unittest's tracebacks leave out modules that set this; pytest needs a mark in each function

logger = logging.getLogger("feedserver")


class FeedServerMixin(_TestCase):
    """A mixin that gives each test of a `unittest.TestCase` a server, as `self.feedserver`; put it first among the
    bases.

    *feed_root* is the folder that is served, or None if the server has added routes only; a relative path is relative
    to the file of the class that sets it, or, if nothing is there, to the current folder. If *silence_logging* is
    False, each exchange is logged when it has ended, to the logger "feedserver": as WARNING if it had a problem, else
    as INFO.

    Every option of `FeedServer` may be an attribute of the class, with `feedserver_` before its name, such as
    `feedserver_port = 8097`. *host* and *port* without this prefix mean the same, except with Django's
    `LiveServerTestCase`, which has a `host` and a `port` of its own. In other tests `self.port` is the port that the
    server has taken; `self.feedserver.port` is that port in every test.

    A `setUp` of your own must call `super().setUp()` before it uses the server.
    """

    feed_root: str | os.PathLike[str] | None = None
    host: str
    port: int
    silence_logging: bool = True

    _feedserver: FeedServer | None = None

    def make_feedserver(self) -> FeedServer:
        """Return the server for a test, not yet started, with the options that are attributes of the class. Override
        this for options that only the test knows.
        """
        _check_attributes(self)
        return FeedServer(**_options(type(self)))

    @property
    def feedserver(self) -> FeedServer:
        """The test's server. Raises RuntimeError if `setUp` has not started it."""
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
        self.addCleanup(_stop, server)  # no method: it would refer to this test, which would then be pickled, too
        self._feedserver = server
        if not _has_live_server(type(self)):
            self.host, self.port = server.host, server.port
        if not self.silence_logging:
            server.journal.listener = _log
        super().setUp()

    # unittest and its users call these methods; while a test runs, its methods are watched.

    def run(self, result: unittest.TestResult | None = None) -> unittest.TestResult | None:
        """Run the test, see `unittest.TestCase.run`."""
        with self._watched():
            return super().run(result)

    def debug(self) -> None:
        """Run the test without a result, see `unittest.TestCase.debug`; the server stops even if the test fails."""
        with self._watched():
            try:
                super().debug()
            finally:
                if self._feedserver is not None:
                    self._feedserver.stop()

    @contextmanager
    def subTest(self, *args: Any, **params: Any) -> Iterator[None]:  # noqa: N802 - unittest calls it so
        """Begin a subtest, see `unittest.TestCase.subTest`; a problem of the server in it fails this subtest."""
        __tracebackhide__ = True
        with super().subTest(*args, **params), _VerifiedBlock(self, is_subtest=True):
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
    """A block at whose end the server's problems are raised, or added as notes to the block's own failure.

    If the block is a subtest, what was expected before it is checked when the test ends, since it is about all of the
    test.
    """

    def __init__(self, case: FeedServerMixin, verifies: bool = True, is_subtest: bool = False) -> None:
        self._case = case
        self._verifies = verifies
        self._is_subtest = is_subtest
        self._expected_before: list[Expected] = []

    def __enter__(self) -> None:
        server = self._case._feedserver
        if self._is_subtest and server is not None:
            self._expected_before = server.site.expectations[:]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        __tracebackhide__ = True
        server = self._case._feedserver
        if server is None or (error is None and not self._verifies):
            return
        if self._is_subtest and isinstance(error, unittest.SkipTest):
            return  # the test itself goes on, and raises what was found
        site = server.site
        later = [each for each in site.expectations if each in self._expected_before]
        site.expectations = [each for each in site.expectations if each not in later]
        problems = _take_problems(server)
        site.expectations = later
        if error is None:
            _raise(problems, server)
        # A skipped test is not verified.
        if isinstance(error, Exception) and not isinstance(error, unittest.SkipTest):
            if problems:
                error.add_note(f"{NOTE}{problems}")
            error.add_note(_journal(server))
            held_server.hold([server], self._case.id(), failure=f"{type(error).__name__}: {error}")


def _stop(server: FeedServer) -> None:
    """Stop a test's server, and raise the problems of the test's tear-down."""
    server.stop()
    _raise(_take_problems(server), server)


def _raise(problems: str, server: FeedServer) -> None:
    __tracebackhide__ = True
    if problems:
        failure = VerificationError(problems)
        if _journal(server) not in problems:  # the problem of an expectation has it already
            failure.add_note(_journal(server))
        raise failure


def _options(case: type[FeedServerMixin]) -> dict[str, Any]:
    """Return the options of the server that are attributes of *case*. Raises TypeError for an attribute that is
    probably a misspelled option.
    """
    known = list(inspect.signature(FeedServer).parameters)
    _check_names(case, known)
    options = {name: getattr(case, f"feedserver_{name}") for name in known if hasattr(case, f"feedserver_{name}")}
    if not _has_live_server(case):
        options = {name: getattr(case, name) for name in ("host", "port") if hasattr(case, name)} | options
    attribute = "feedserver_root" if "root" in options else "feed_root"
    root = getattr(case, attribute)
    # Not `Path(root)`, which makes "." of "": `FeedServer` reports "" as a mistake.
    if isinstance(root, str | os.PathLike) and os.fspath(root):
        root = _absolute(case, attribute, Path(root))
    return options | {"root": root}


def _check_names(case: type, known: list[str]) -> None:
    import difflib

    for name in dir(case):
        option = name.removeprefix("feedserver_")  # with the prefix, every name would be similar to an option
        if option == name or option in known or callable(getattr(case, name)):
            continue
        if near := difflib.get_close_matches(option, known):
            raise TypeError(
                f"{case.__qualname__}.{name} is no option of FeedServer; did you mean feedserver_{near[0]}?"
            )


def _check_attributes(test: FeedServerMixin) -> None:
    """Raise TypeError for an option that is an attribute of the *test* itself, where it has no effect."""
    known = {"feed_root", *(f"feedserver_{name}" for name in inspect.signature(FeedServer).parameters)}
    if own := known & vars(test).keys():
        name = min(own)
        raise TypeError(
            f"{test.id()} sets self.{name}, which has no effect; make it an attribute of the class, or override "
            "make_feedserver()"
        )


def _absolute(case: type, attribute: str, root: Path) -> Path:
    """Return *root* as an absolute path. A relative one is taken from the folder of the file with the class that sets
    *attribute*, or, if only the current folder has such a file or folder, from the current folder.
    """
    owner = next(base for base in case.__mro__ if attribute in vars(base))
    file = getattr(sys.modules.get(owner.__module__), "__file__", None)
    beside = (Path(file).parent / root).absolute() if file else root.absolute()
    return beside if beside.exists() or not root.exists() else root.absolute()


def _has_live_server(case: type) -> bool:
    """Return whether *case* is a `LiveServerTestCase` of Django, which has a `host` and a `port` of its own."""
    return any("live_server_url" in vars(base) for base in case.__mro__)


_NO_QUIT: Final = (
    "{method} {target}: this server obeys no QUIT.\n"
    "Each test has a server of its own, which stops when the test has ended: remove what stops it. "
    "To test QUIT itself, set feedserver_quit = True on the class."
)


def _take_problems(server: FeedServer) -> str:
    found = []
    while True:
        try:
            server.verify()
        except (VerificationError, Warning) as problem:  # a Warning, if warnings are errors
            found.append(str(problem))
        else:
            return _worded(server, "\n\n".join(found))


def _worded(server: FeedServer, problems: str) -> str:
    """Return *problems*. One about a QUIT that was not obeyed gets a remedy of its own: adding a route, the usual
    remedy, would not help.
    """
    for exchange in server.journal.exchanges:
        request = exchange.request
        if request is not None and request.method == "QUIT" and exchange.problem:
            problems = problems.replace(exchange.problem, _NO_QUIT.format(method=request.method, target=request.target))
    return problems


def _journal(server: FeedServer) -> str:
    server.journal.settle()
    return server.journal.describe()


def _log(exchange: Exchange) -> None:
    logger.log(logging.WARNING if exchange.problem else logging.INFO, "%s", exchange.describe())
