"""What the tests of the server share: a folder to put fixtures in, and a server that serves it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from feedserver import FeedServer


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
