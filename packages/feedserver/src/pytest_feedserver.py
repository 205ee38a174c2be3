"""The pytest plugin of feedserver: the fixtures `feedserver` and `feedserver_factory`.

It stands beside the package, and imports nothing that pytest has not imported before it, so that a suite
without a server pays for reading this file alone.

What a server finds amiss is raised inside the call of the test that caused it, as the test's own failure: an
error in a fixture's tear-down would be told as a test that PASSED and an ERROR. A test that has failed by
itself keeps its failure, and is told of the rest in its report. Hence the hooks: each phase of a test asks
every server that runs, of whatever scope.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from feedserver import Exchange, FeedServer

ROOT_OPTION = "feedserver_root"
MARKER = "feedserver"

_CONFIGURED: Final[Any] = object()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the option of the configuration file."""
    parser.addini(
        ROOT_OPTION,
        "folder that the fixture feedserver serves; a relative one starts at the configuration file",
        default="",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marker."""
    config.stash[_WATCH] = _Watch()
    config.addinivalue_line(
        "markers",
        f"{MARKER}(root, **options): the options of feedserver.FeedServer for the test's fixture feedserver; "
        "a relative root starts at the configuration file",
    )


@pytest.fixture
def feedserver(request: pytest.FixtureRequest, feedserver_factory: FeedServerFactory) -> Iterator[FeedServer]:
    """A started feedserver.FeedServer of this test's own; @pytest.mark.feedserver(root, port=…) sets it up."""
    with feedserver_factory(**_marked_options(request.node)) as server:
        yield server


@pytest.fixture(scope="session")
def feedserver_factory(pytestconfig: pytest.Config) -> FeedServerFactory:
    """Starts servers of a wider scope: with feedserver_factory(root, **options) as server: yield server."""
    return FeedServerFactory(pytestconfig, pytestconfig.stash[_WATCH])


class FeedServerFactory:
    """What the fixture `feedserver_factory` gives: called, it starts a server for a `with` statement.

        @pytest.fixture(scope="module")
        def server(feedserver_factory):
            with feedserver_factory("tests/feeds") as server:
                yield server

    Whatever its scope, what the server finds amiss fails the test that caused it.
    """

    def __init__(self, config: pytest.Config, watch: _Watch) -> None:
        self._config = config
        self._watch = watch

    @contextmanager
    def __call__(
        self, root: str | os.PathLike[str] | None = _CONFIGURED, **options: Any
    ) -> Generator[FeedServer, None, None]:
        """A started `FeedServer`, stopped at the end; *options* are those of `FeedServer`.

        *root* is the folder of the option `feedserver_root` unless given; a relative one starts at the
        configuration file. Raises what `FeedServer` and its `start` raise.
        """
        from feedserver import FeedServer

        if root is _CONFIGURED:
            root = _configured_root(self._config)
        elif root is not None:
            root = _start_of_paths(self._config) / root
        with FeedServer(root, **options) as server, self._watch.over(server):
            yield server


# Options.


def _start_of_paths(config: pytest.Config) -> Path:
    return config.inipath.parent if config.inipath is not None else config.rootpath


def _configured_root(config: pytest.Config) -> Path | None:
    value: str = config.getini(ROOT_OPTION)
    if not value:
        return None
    root = _start_of_paths(config) / value
    if not root.is_dir():
        pytest.fail(
            f"the option {ROOT_OPTION} is {value!r}, but {root} is no folder; name one, or remove it",
            pytrace=False,
        )
    return root


def _marked_options(item: pytest.Item) -> dict[str, Any]:
    """The options of all the test's markers; what stands nearer to the test wins."""
    from feedserver import FeedServer

    known = list(inspect.signature(FeedServer).parameters)
    options: dict[str, Any] = {}
    for mark in reversed(list(item.iter_markers(MARKER))):
        if len(mark.args) > 1:
            pytest.fail(
                f"@pytest.mark.{MARKER} takes one argument without a name, the root, not {len(mark.args)}",
                pytrace=False,
            )
        for name in mark.kwargs:
            if name not in known:
                _refuse_option(name, known)
        options |= dict(zip(("root",), mark.args, strict=False))
        options |= mark.kwargs
    return options


def _refuse_option(name: str, known: list[str]) -> None:
    import difflib

    near = difflib.get_close_matches(name, known)
    remedy = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(known)}"
    pytest.fail(f"@pytest.mark.{MARKER} has no option {name!r}; {remedy}", pytrace=False)


# The watch over all servers that run.


@dataclass(slots=True)
class _Watched:
    """A server, and the last exchange *before* the test under way."""

    server: FeedServer
    before: Exchange | None = None

    def last_exchange(self) -> Exchange | None:
        return next(reversed(self.server.journal.exchanges), None)

    def journal(self) -> str:
        journal = self.server.journal
        journal.settle()
        return journal.describe(after=self.before)


class _Watch:
    """Which servers run, which have ended in the test under way, and what they have found amiss."""

    def __init__(self) -> None:
        self._running: list[_Watched] = []
        self._ended: list[_Watched] = []
        self._found: list[str] = []
        self._raised: AssertionError | None = None

    def begin_test(self) -> None:
        """A test begins: what was before is not its business."""
        self.begin_report()
        self._ended.clear()
        for watched in self._running:
            watched.before = watched.last_exchange()

    def begin_report(self) -> None:
        """What earlier reports have told is not told again."""
        self._found.clear()
        self._raised = None

    @contextmanager
    def over(self, server: FeedServer) -> Iterator[None]:
        """Watches *server* as long as it runs."""
        watched = _Watched(server)
        self._running.append(watched)
        try:
            yield
        finally:
            self._take(watched)
            self._running.remove(watched)
            self._ended.append(watched)

    def look(self) -> None:
        """Asks all servers what they have found amiss, and keeps it for a report."""
        for watched in self._running:
            self._take(watched)

    def verify(self) -> None:
        """Raises VerificationError for all that was found amiss."""
        __tracebackhide__ = True
        self.look()
        if self._found:
            from feedserver import VerificationError

            self._raised = VerificationError("\n\n".join(self._found))
            raise self._raised

    def tell(self, item: pytest.Item, report: pytest.TestReport, failure: BaseException | None) -> None:
        """Adds the journals to a failed test's report, and what was found amiss if its *failure* is another."""
        if self._found and (failure is None or failure is not self._raised):
            report.sections.append(("feedserver problems", "\n\n".join(self._found)))
        used = getattr(item, "funcargs", {}).values()
        journals = [
            f"{watched.server.base_url}\n{watched.journal()}" if self._are_many else watched.journal()
            for watched in (*self._running, *self._ended)
            if watched.last_exchange() is not watched.before or any(value is watched.server for value in used)
        ]
        if journals:
            report.sections.append(("feedserver journal", "\n\n".join(journals)))

    def _take(self, watched: _Watched) -> None:
        try:
            watched.server.verify()
        except AssertionError as problem:
            where = f"\nThe server was {watched.server.base_url}." if self._are_many else ""
            self._found.append(f"{problem}{where}")

    @property
    def _are_many(self) -> bool:
        return len(self._running) + len(self._ended) > 1


_WATCH: Final = pytest.StashKey[_Watch]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """What goes amiss in a set-up that succeeds is raised in the call."""
    watch = item.config.stash[_WATCH]
    watch.begin_test()
    try:
        yield
    except BaseException:
        watch.look()
        raise


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """What goes amiss in a test fails it."""
    __tracebackhide__ = True
    yield from _verified(item.config.stash[_WATCH])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """What goes amiss in a tear-down is not left to the next test."""
    __tracebackhide__ = True
    watch = item.config.stash[_WATCH]
    watch.begin_report()
    yield from _verified(watch)


def _verified(watch: _Watch) -> Generator[None, None, None]:
    """Lets a phase run, and raises what was found amiss unless the phase has failed by itself."""
    __tracebackhide__ = True
    try:
        yield
    except BaseException:
        watch.look()
        raise
    watch.verify()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """The report of a failed test has the journal, and what its own failure does not say."""
    report = yield
    if report.failed:
        item.config.stash[_WATCH].tell(item, report, call.excinfo.value if call.excinfo is not None else None)
    return report
