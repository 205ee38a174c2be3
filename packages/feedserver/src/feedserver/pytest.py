"""The parts of the pytest plugin: a factory of servers for fixtures, and the watch over these servers.

The plugin itself, with its fixtures and its option in the ini-file, is `pytest_feedserver`, a module beside this
package.

A problem that a server finds is raised inside the call of the test that caused it, as the test's own failure: an error
in a fixture's tear-down would be shown as a test that PASSED and an ERROR. A test that fails by itself keeps its
failure, and its report lists the problems as well. To this end, all running servers, of whatever scope, are asked for
their problems when a test's call and its tear-down end, and when any phase of a test fails.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from feedserver import held_server
from feedserver.fixtures.errors import FixtureWarning
from feedserver.handler.exchange import Exchange
from feedserver.handler.problems import NOTE, Expected, Problem, in_words, problem_of
from feedserver.server import FeedServer, VerificationError
from pytest_feedserver import CURRENT, IN_CALL, WATCH

_CONFIGURED: Final[Any] = object()


class FeedServerFactory:
    """The value of the fixture `feedserver_factory`: a call starts a server for a `with` statement.

        @pytest.fixture(scope="module")
        def server(feedserver_factory):
            with feedserver_factory("tests/feeds") as server:
                yield server

    Whatever the scope of the server, a problem that it finds fails the test that caused it.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._has_root = bool(config.getini("feedserver_root"))
        self._watch = ServerWatch(CURRENT.get(config))
        config.pluginmanager.register(self._watch, WATCH)

    @contextmanager
    def __call__(
        self, root: str | os.PathLike[str] | None = _CONFIGURED, **options: Any
    ) -> Generator[FeedServer, None, None]:
        """Start a `FeedServer` with these *options* of `FeedServer`, and stop it at the end of the `with` block.

        *root* is by default the folder of the configuration option `feedserver_root`. A relative path is relative to
        the configuration file, or without one to pytest's root folder. Raises what `FeedServer` and its `start` raise.
        """
        watched = self.begin(root, **options)
        try:
            yield watched.server
        finally:
            self.end(watched)

    def begin(self, root: str | os.PathLike[str] | None = _CONFIGURED, **options: Any) -> WatchedServer:
        """Start a server and watch it until `end`.

        The fixture `feedserver` uses this instead of a `with` block, which would take longer than adding a route.
        """
        if root is _CONFIGURED:
            root = _configured_root(self._config) if self._has_root else None
        elif isinstance(root, str | os.PathLike):
            root = _start_of_paths(self._config) / root
        return self._watch.begin(FeedServer(root, **options).start())

    def end(self, watched: WatchedServer) -> None:
        """Stop a server that `begin` has started, and cease to watch it."""
        try:
            watched.server.stop()  # a callable that still runs may fail meanwhile
        finally:
            self._watch.end(watched)


_FACTORY: Final = pytest.StashKey[FeedServerFactory]()


def factory_of(config: pytest.Config) -> FeedServerFactory:
    """Return the one factory of a test run; the first call makes it."""
    factory = config.stash.get(_FACTORY, None)
    if factory is None:
        factory = config.stash[_FACTORY] = FeedServerFactory(config)
    return factory


# Options


def _start_of_paths(config: pytest.Config) -> Path:
    return config.inipath.parent if config.inipath is not None else config.rootpath


def _configured_root(config: pytest.Config) -> Path | None:
    value: str = config.getini("feedserver_root")
    if not value:
        return None
    root = _start_of_paths(config) / value
    if not root.is_dir():
        _refuse(f"the option feedserver_root is {value!r}, but {root} is no folder; name one, or remove it")
    return root


def marked_options(item: pytest.Item) -> dict[str, Any]:
    """Return the options of all `feedserver` markers of the test; an option of a nearer marker wins.

    A mistake in a marker fails the test.
    """
    options: dict[str, Any] = {}
    for mark in reversed(list(item.iter_markers("feedserver"))):
        if len(mark.args) > 1:
            _refuse(f"@pytest.mark.feedserver takes one argument without a name, the root, not {len(mark.args)}")
        _check_names(mark)
        options |= dict(zip(("root",), mark.args, strict=False))
        options |= mark.kwargs
    return options


def scenario_parameters(metafunc: pytest.Metafunc) -> list[Any]:
    """Return a parameter for each scenario that the test's marker `feedserver_check` names; all without a marker.

    A mistake in the marker, and in the file of known failures, fails the collection.
    """
    from feedserver.check.suite import parameters

    mark = metafunc.definition.get_closest_marker("feedserver_check")
    if mark is None:
        return parameters()
    if unknown := mark.kwargs.keys() - {"known_failures"}:
        raise pytest.UsageError(
            f"@pytest.mark.feedserver_check has no option {', '.join(sorted(unknown))}; it has known_failures"
        )
    path = mark.kwargs.get("known_failures")
    known_failures = _start_of_paths(metafunc.config) / path if path is not None else None
    try:
        return parameters(mark.args, known_failures)
    except (OSError, ValueError) as error:
        raise pytest.UsageError(f"@pytest.mark.feedserver_check: {error}") from error


def _check_names(mark: pytest.Mark) -> None:
    import difflib

    known = list(inspect.signature(FeedServer).parameters)
    for name in mark.kwargs:
        if name not in known:
            near = difflib.get_close_matches(name, known)
            remedy = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(known)}"
            _refuse(f"@pytest.mark.feedserver has no option {name!r}; {remedy}")


def _refuse(message: str) -> None:
    pytest.fail(message, pytrace=False)


# The watch over all running servers


@dataclass(slots=True)
class WatchedServer:
    """A server, and its last exchange *before* the current test. *recorded* is how many exchanges there were by then,
    even if the test clears the journal.

    *problems*, *expectations* and *warnings* are those that there were once all fixtures that the test shares with
    others had been set up. If the test is skipped, they concern the next one; if it is run again, they concern it
    again. *is_aside* is whether they are kept for the next test now.
    """

    server: FeedServer
    before: Exchange | None = None
    recorded: int = 0
    problems: list[Problem] = field(default_factory=list)
    expectations: list[Expected] = field(default_factory=list)
    warnings: list[FixtureWarning] = field(default_factory=list)
    is_aside: bool = False

    def begin(self, *, is_rerun: bool) -> None:
        """Begin a test; *is_rerun* says that the last test is run again, without a set-up of shared fixtures."""
        self.before = self.last_exchange()
        self.recorded = self.server.journal.recorded
        if self.is_aside:
            self._put_back(self.expectations)
        elif is_rerun:
            # An expectation that was met is not put back: it would count the requests of both runs.
            self._put_back([each for each in self.expectations if not each.is_checked and problem_of(each)])
        else:
            self.problems, self.expectations, self.warnings = [], [], []
        self.is_aside = False

    def share(self) -> None:
        """Note that what was found and expected so far does not concern the current test alone."""
        site = self.server.site
        self.problems = site.problems.kept
        self.expectations = site.expectations[:]
        self.warnings = site.routes.warnings[:]

    def set_aside(self) -> None:
        """Forget what was found and expected for the current test alone, which is skipped, and keep the rest for the
        next one.
        """
        site = self.server.site
        earlier = filter(self._is_earlier, site.problems.kept)
        self.problems = site.problems.take_all([*self.problems, *earlier])
        self.expectations = [each for each in site.expectations if each in self.expectations]
        self.warnings = [each for each in site.routes.warnings if each in self.warnings]
        site.expectations.clear()
        site.routes.warnings.clear()
        self.is_aside = True

    def put_back_earlier(self) -> None:
        """Have the tear-down of a skipped test raise what earlier tests have caused: the server ends, so no later test
        will raise that.
        """
        if self.is_aside:
            self.server.site.problems.put_back(list(filter(self._is_earlier, self.problems)))

    def _is_earlier(self, problem: Problem) -> bool:
        """Return whether an earlier test has caused *problem*, such as by a callable that ran on and failed later."""
        about = problem.exchange
        return isinstance(about, Exchange) and about.serial <= self.recorded

    def _put_back(self, expectations: list[Expected]) -> None:
        """Have the current test raise what shared fixtures have caused."""
        site = self.server.site
        site.problems.put_back(self.problems)
        site.routes.warnings[:0] = self.warnings
        site.expectations += expectations

    def last_exchange(self) -> Exchange | None:
        """Return the server's last exchange so far."""
        return next(reversed(self.server.journal.exchanges), None)

    def journal(self) -> str:
        """Return the exchanges since the test began, in words, when those under way have ended."""
        journal = self.server.journal
        journal.settle()
        return journal.describe(after=self.before)


class ServerWatch:
    """A plugin that watches the running servers and those that ended in the current test, and collects their problems.

    It is registered when a fixture first asks for a server. pytest may be in the middle of a hook then, and would not
    call this plugin's wrapper of that hook. So `pytest_feedserver` wraps calls of tests and set-ups of fixtures, and
    calls `verify` and `share`. *item* is the test that is already being set up; None outside of tests.
    """

    def __init__(self, item: pytest.Item | None) -> None:
        self._running: list[WatchedServer] = []
        self._ended: list[WatchedServer] = []
        self._found: list[str] = []
        self._raised: VerificationError | None = None
        self._item = item

    def begin(self, server: FeedServer) -> WatchedServer:
        """Watch *server* from now on."""
        watched = WatchedServer(server)
        self._running.append(watched)
        return watched

    def end(self, watched: WatchedServer) -> None:
        """Stop watching the server, after asking for its problems once more."""
        watched.put_back_earlier()
        self._ask(watched)
        self._running.remove(watched)
        self._ended.append(watched)

    # Hooks of pytest

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Ignore what happened before the test. Problems during its set-up are raised in its call."""
        is_rerun, self._item = item is self._item, item
        self._begin_report()
        self._ended.clear()
        for watched in self._running:
            watched.begin(is_rerun=is_rerun)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self) -> Generator[None, None, None]:
        """Raise the problems of a tear-down in it, so that they do not fail the next test."""
        __tracebackhide__ = True
        self._begin_report()
        yield
        self.verify()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Add the journal to the report of a failed test, and the problems that its own failure does not name."""
        report = yield
        error = call.excinfo.value if call.excinfo is not None else None
        if error is not None and hasattr(report, "wasxfail") and _is_expected_alone(item, error):
            self._fail_if_problems_were_found(report, error)
        if report.failed:
            self._ask_all()
            self._add_to_report(item, report, error)
            if call.when == "call" and held_server.is_wanted():
                self._hold(item, f"{call.excinfo.typename}: {call.excinfo.value}" if call.excinfo else "")
        elif report.skipped and IN_CALL not in item.stash:
            for watched in self._running:  # problems of a skipped test fail neither that test nor the next
                watched.set_aside()
        return report

    # Functions of the hooks

    def share(self) -> None:
        """Note that what the servers found and expected so far does not concern the current test alone."""
        for watched in self._running:
            watched.share()

    def verify(self) -> None:
        """Raise the problems that were found since the test's set-up began, or since its tear-down did."""
        __tracebackhide__ = True
        self._ask_all()
        if self._found:
            self._raised = VerificationError("\n\n".join(self._found))
            raise self._raised

    def _begin_report(self) -> None:
        """Begin a report that does not repeat what earlier reports said."""
        self._found.clear()
        self._raised = None

    def _ask_all(self) -> None:
        for watched in self._running:
            self._ask(watched)

    def _ask(self, watched: WatchedServer) -> None:
        """Collect the problems that a server found. If warnings are errors, its warnings about fixtures count, too."""
        while True:
            try:
                watched.server.verify()
            except (VerificationError, Warning) as problem:
                where = f"\nThe server was {watched.server.base_url}." if self._are_many else ""
                self._found.append(f"{problem}{where}")
            else:
                return

    def _fail_if_problems_were_found(self, report: pytest.TestReport, error: BaseException) -> None:
        """Let a test fail that has raised what it was expected to raise, if the servers found problems besides."""
        self._ask_all()
        if self._found:
            _fail(report, error)

    def _add_to_report(self, item: pytest.Item, report: pytest.TestReport, failure: BaseException | None) -> None:
        # For a unittest.TestCase, pytest replaces our failure by the one that unittest recorded.
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

    def _hold(self, item: pytest.Item, failure: str) -> None:
        """Hold the servers of a failed test; a worker of pytest-xdist has no terminal."""
        capture: Any = item.config.pluginmanager.getplugin("capturemanager")
        if hasattr(item.config, "workerinput") or capture is None:
            return
        capture.suspend(in_=True)
        try:
            held_server.hold([watched.server for watched in self._running], item.nodeid, failure=failure)
        finally:
            capture.resume()

    @property
    def _are_many(self) -> bool:
        return len(self._running) + len(self._ended) > 1


def fail_if_problems_are_noted(item: pytest.Item, report: pytest.TestReport, error: BaseException) -> None:
    """Let a test fail that has raised the expected *error*, if there is a note of problems on *error*, on an exception
    that led to it, or on one that it groups.

    Servers that the watch does not know add such notes: those of test cases and of `with FeedServer()`.
    """
    notes = [note for each in _causes(error) for note in _notes(each)]
    if any(note.startswith(NOTE) for note in notes) and _is_expected_alone(item, error):
        _fail(report, error)
        report.sections.append(("feedserver problems", "\n".join(notes)))


def _causes(error: BaseException) -> Iterable[BaseException]:
    """Return *error*, and all exceptions that led to it."""
    found: dict[int, BaseException] = {}
    to_ask: list[BaseException | None] = [error]
    while to_ask:
        each = to_ask.pop()
        if each is not None and id(each) not in found:
            found[id(each)] = each
            to_ask += (each.__cause__, each.__context__)
            to_ask += each.exceptions if isinstance(each, BaseExceptionGroup) else ()
    return found.values()


def _notes(error: BaseException) -> list[str]:
    """Return the notes of *error* that are text; code may set anything as its notes."""
    notes = getattr(error, "__notes__", None)
    return [note for note in notes if isinstance(note, str)] if isinstance(notes, list) else []


def _fail(report: pytest.TestReport, error: BaseException) -> None:
    """Let a test fail that was expected to raise *error*."""
    del report.wasxfail
    report.outcome = "failed"
    report.longrepr = f"{in_words(error)} was expected to be raised; the servers' problems were not."


def _is_expected_alone(item: pytest.Item, error: BaseException) -> bool:
    """Return whether an `xfail(raises=…)` of the test expects *error*, and expects no VerificationError."""
    applies = next(filter(_applies, item.iter_markers("xfail")), None)  # the nearest one, as pytest has it
    expected = applies.kwargs.get("raises") if applies is not None else None
    return _is_raised(expected, error) and not _is_raised(expected, VerificationError())


def _applies(mark: pytest.Mark) -> bool:
    """Return whether an `xfail` has no condition or one that holds; conditions in words are taken to hold."""
    conditions = (mark.kwargs["condition"],) if "condition" in mark.kwargs else mark.args
    return not conditions or any(conditions)


def _is_raised(expected: Any, error: BaseException) -> bool:
    """Return whether *error* is what the argument *raises* of an `xfail` expects: nothing, where that is None."""
    if isinstance(expected, type | tuple):
        return isinstance(error, expected)
    return expected is not None and bool(expected.matches(error))  # such as pytest.RaisesExc
