"""What the tests of the pipeline have in common: feeds on a real server that are due, and a clock."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from factories import make_feed
from feedserver import FeedServer
from feedserver.django import FeedServerTestCase
from lifestream.models import Feed
from lifestream.refresh import refresh
from lifestream.refresh.refresh_report import Report
from programs import PATIENCE
from served import START, Clock

HOUR = timedelta(hours=1)


class RefreshTestCase(FeedServerTestCase):
    def make_feedserver(self) -> FeedServer:
        return FeedServer(callable_timeout=PATIENCE)

    def setUp(self) -> None:
        super().setUp()
        self.clock = Clock()

    def make_feed(self, path: str, *answers: Any, **fields: Any) -> Feed:
        """Return a feed that is due, at *path*. The server answers requests for *path* with *answers*."""
        if answers:
            self.feedserver.add(path, *answers)
        return make_feed(self.get_url(path), **{"next_fetch": START, **fields})

    def refresh(self, feeds: Collection[int] | None = None, **options: Any) -> Report:
        return refresh(feeds, clock=self.clock, **options)
