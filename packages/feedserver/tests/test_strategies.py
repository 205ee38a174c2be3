"""Strategies refuse unknown formats. What they draw is checked in `feeds/test_feeds_read_back.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from feedserver.strategies import documents, entries, feeds


@pytest.mark.parametrize("draw", [documents, feeds, entries])
def test_an_unknown_format_is_refused(draw: Callable[[Any], object]) -> None:
    with pytest.raises(ValueError, match="'opml' is no format of a feed; there are rss, atom, rdf"):
        draw("opml")
