"""The pytest plugin of feedserver: the fixtures `feedserver` and `feedserver_factory`.

This module is beside the package and imports nothing that pytest has not imported before. Everything else is in
`feedserver.pytest`, which is loaded with the first server: a test suite without a server pays only for this file.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from feedserver import FeedServer
    from feedserver.pytest import FeedServerFactory, ServerWatch

IN_CALL = pytest.StashKey[bool]()
"""The key that is in the stash of a test while the test is called. A report made during that time is a subtest's."""

HAS_READER = pytest.StashKey[bool]()
"""The key that is in the stash of a test if one of its fixtures may have read the test's marker `feedserver`."""

PLUGINS = ("_pytest.", "pytest_django.", "pytest_asyncio.")
"""The beginnings of the names of modules whose fixtures read no marker `feedserver`. pytest-django gives fixtures that
take `request` to each test, and pytest-asyncio to each asynchronous one.
"""

WATCH = "feedserver watch"
"""The name of the plugin that watches the servers of a run; it is registered when a fixture first needs a server."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option `feedserver_root` of the configuration file."""
    parser.addini(
        "feedserver_root",
        "folder that the fixture feedserver serves; a relative one starts at the configuration file",
        default="",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers `feedserver` and `feedserver_check`."""
    config.addinivalue_line(
        "markers",
        "feedserver(root, **options): the options of feedserver.FeedServer for the test's fixture feedserver; "
        "a relative root starts at the configuration file",
    )
    config.addinivalue_line(
        "markers",
        "feedserver_check(*only, known_failures=None): run the test once for each of these scenarios of `feedserver "
        "check`, which is its argument feedserver_scenario; a relative known_failures starts at the configuration file",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test of each scenario that the marker `feedserver_check` names, or of all where it names none."""
    if "feedserver_scenario" in metafunc.fixturenames:
        from feedserver.pytest import scenario_parameters

        metafunc.parametrize("feedserver_scenario", scenario_parameters(metafunc))
    elif any(mark.name == "feedserver_check" for mark in metafunc.definition.own_markers):
        raise pytest.UsageError(
            f"@pytest.mark.feedserver_check has no effect on {metafunc.definition.nodeid}, which does not take the "
            "argument feedserver_scenario; let it take that, and call feedserver_scenario.check(…)"
        )


CURRENT: dict[pytest.Config, pytest.Item] = {}
"""The current test of each run. Where a test runs pytest itself, the inner run comes after the outer one."""


def pytest_unconfigure(config: pytest.Config) -> None:
    """Forget the test of a run that has ended."""
    CURRENT.pop(config, None)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Note *item* as the current test of its run."""
    CURRENT[item.config] = item


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail the test if servers found problems while it ran, or if its own marker `feedserver` had no effect.

    The watch is looked up after the test, which may itself have started the first server of the run.
    """
    __tracebackhide__ = True
    item.stash[IN_CALL] = True
    try:
        result = yield
    finally:
        del item.stash[IN_CALL]
    watch: ServerWatch | None = item.config.pluginmanager.get_plugin(WATCH)
    if watch is not None:
        watch.verify()
    # A marker without options, by which a suite may select tests, has none that could be ignored.
    if any(mark.name == "feedserver" and (mark.args or mark.kwargs) for mark in item.own_markers):
        _check_that_a_server_was_marked(item)
    return result


def _check_that_a_server_was_marked(item: pytest.Item) -> None:
    """Fail a test whose marker `feedserver` had no effect, since nothing can have read it: the test does not take the
    plugin's fixture, and only what takes `request` reads markers or asks for fixtures later.
    """
    __tracebackhide__ = True
    if not isinstance(item, pytest.Function) or HAS_READER in item.stash:
        return
    if "request" not in inspect.signature(item.function).parameters:
        pytest.fail(
            "@pytest.mark.feedserver had no effect: it is for the plugin's fixture feedserver, which this test does "
            "not take; take it, or give the options to feedserver_factory(…)",
            pytrace=False,
        )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that has raised what it was expected to raise, if a note tells of problems of a server."""
    report = yield
    error = call.excinfo.value if call.excinfo is not None else None
    if error is not None and hasattr(report, "wasxfail") and "feedserver.server" in sys.modules:
        from feedserver.pytest import fail_if_problems_are_noted

        fail_if_problems_are_noted(item, report, error)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Note whether a fixture of a single test may have read the test's markers. After the set-up of a fixture of a
    wider scope, note that the problems found so far do not concern the current test alone.
    """
    result = yield
    if fixturedef.scope == "function":
        module = fixturedef.func.__module__ or ""  # a function that was made by exec() may have none
        if "request" in fixturedef.argnames and not module.startswith(PLUGINS):
            request.node.stash[HAS_READER] = True
    else:
        watch: ServerWatch | None = request.config.pluginmanager.get_plugin(WATCH)
        if watch is not None:
            watch.share()
    return result


@pytest.fixture
def feedserver() -> Iterator[FeedServer]:
    """A started feedserver.FeedServer of this test's own; @pytest.mark.feedserver(root, port=…) sets it up."""
    from feedserver.pytest import factory_of, marked_options

    # The test is taken from CURRENT: to depend on `request`, or on another fixture, would cost each test more than its
    # server's start and stop.
    item = next(reversed(CURRENT.values()))
    item.stash[HAS_READER] = True
    factory = factory_of(item.config)
    watched = factory.begin(**marked_options(item))
    try:
        yield watched.server
    finally:
        factory.end(watched)


@pytest.fixture(scope="session")
def feedserver_factory(pytestconfig: pytest.Config) -> FeedServerFactory:
    """Starts servers of a wider scope: with feedserver_factory(root, **options) as server: yield server."""
    from feedserver.pytest import factory_of

    return factory_of(pytestconfig)
