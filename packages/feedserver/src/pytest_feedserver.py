"""The pytest plugin of feedserver: the fixtures `feedserver` and `feedserver_factory`.

It stands beside the package and imports nothing that pytest has not imported before it. What it is made of is in
`feedserver.pytest`, and is loaded with the first server, so that a suite without one pays for reading this file alone.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from feedserver import FeedServer
    from feedserver.pytest import FeedServerFactory


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option of the configuration file."""
    parser.addini(
        "feedserver_root",
        "folder that the fixture feedserver serves; a relative one starts at the configuration file",
        default="",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        "feedserver(root, **options): the options of feedserver.FeedServer for the test's fixture feedserver; "
        "a relative root starts at the configuration file",
    )


_running: list[pytest.Item] = []
"""The test under way; one that runs pytest itself has others on top of it."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Remember the test under way."""
    _running.append(item)
    try:
        return (yield)
    finally:
        _running.pop()


@pytest.fixture
def feedserver() -> Iterator[FeedServer]:
    """A started feedserver.FeedServer of this test's own; @pytest.mark.feedserver(root, port=…) sets it up."""
    from feedserver.pytest import factory_of, marked_options

    # Asking for `request`, or for another fixture, would cost each test more than its server's start and stop.
    item = _running[-1]
    with factory_of(item.config)(**marked_options(item)) as server:
        yield server


@pytest.fixture(scope="session")
def feedserver_factory(pytestconfig: pytest.Config) -> FeedServerFactory:
    """Starts servers of a wider scope: with feedserver_factory(root, **options) as server: yield server."""
    from feedserver.pytest import factory_of

    return factory_of(pytestconfig)
