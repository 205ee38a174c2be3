"""What the tests of the server share: a folder to put fixtures in, and a server that serves it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from feedserver import FeedServer, loop_thread


def running_servers() -> set[FeedServer]:
    """The servers of this process that listen."""
    thread = loop_thread._current
    return (
        {user for user in thread.users.copy() if isinstance(user, FeedServer) and user.is_running} if thread else set()
    )


@pytest.fixture(autouse=True)
def no_server_is_left() -> Iterator[None]:
    """A test that leaves a server running fails, and not the one after it."""
    before = running_servers()
    yield
    assert running_servers() <= before


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "feeds"
    folder.mkdir()
    return folder


@pytest.fixture
def server(root: Path) -> Iterator[FeedServer]:
    """A running server that does not mind unanswered requests."""
    with FeedServer(root, strict=False) as running:
        yield running
