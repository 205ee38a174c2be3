"""The pytest plugin of feedserver: the fixtures `feedserver` and `feedserver_factory`.

It stands beside the package and imports nothing that pytest has not imported before it. What it is made of is in
`feedserver.pytest`, and is loaded with the first server, so that a suite without one pays for reading this file alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from feedserver import FeedServer
    from feedserver.pytest import FeedServerFactory


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the option of the configuration file."""
    parser.addini(
        "feedserver_root",
        "folder that the fixture feedserver serves; a relative one starts at the configuration file",
        default="",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marker."""
    config.addinivalue_line(
        "markers",
        "feedserver(root, **options): the options of feedserver.FeedServer for the test's fixture feedserver; "
        "a relative root starts at the configuration file",
    )


@pytest.fixture
def feedserver(request: pytest.FixtureRequest) -> Iterator[FeedServer]:
    """A started feedserver.FeedServer of this test's own; @pytest.mark.feedserver(root, port=…) sets it up."""
    from feedserver.pytest import factory_of, marked_options

    # A fixture of pytest's that this one asked for would cost each test more than its server's start.
    with factory_of(request.config)(**marked_options(request.node)) as server:
        yield server


@pytest.fixture(scope="session")
def feedserver_factory(pytestconfig: pytest.Config) -> FeedServerFactory:
    """Starts servers of a wider scope: with feedserver_factory(root, **options) as server: yield server."""
    from feedserver.pytest import factory_of

    return factory_of(pytestconfig)
