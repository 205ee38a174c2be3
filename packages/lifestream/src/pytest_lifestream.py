"""The pytest plugin of lifestream: the fixtures `feed_importer` and `parsed_in_process`.

This module stands beside the package and imports nothing of it before a test asks for a fixture: models can be imported
only after Django is set up, and a test suite without these fixtures pays only for this file. The fixtures need
pytest-django.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from lifestream.testing import FeedImporter


@pytest.fixture
def parsed_in_process() -> Iterator[None]:
    """Documents that this test fetches are read in its own process, which takes milliseconds and not a second."""
    from lifestream.testing import parsed_in_process

    with parsed_in_process():
        yield


@pytest.fixture
def feed_importer(db: None, parsed_in_process: None) -> FeedImporter:  # noqa: ARG001  both for what they do
    """Imports feeds from code: `feed_importer(feed, lifestream=…)`; `feed_importer.clock` is moved by the test."""
    from lifestream.testing import FeedImporter

    return FeedImporter()
