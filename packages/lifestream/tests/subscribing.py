"""Adding feeds that feedserver serves, as the tests of `subscribe` do."""

from __future__ import annotations

import pytest

from factories import make_lifestream
from feedserver.django import FeedServerTestCase
from lifestream.models import Feed, Lifestream
from lifestream.refresh.subscribe import Added, Found, NotAdded, add_feed, find_feed
from served import Clock

LINK = '<link rel="alternate" type="application/rss+xml" href="{}">'
REFRESH = '<meta http-equiv="refresh" content="0; url={}">'


class SubscribeTestCase(FeedServerTestCase):
    """Finds and adds feeds for one lifestream, at the time of `self.clock`."""

    lifestream: Lifestream

    def setUp(self) -> None:
        super().setUp()
        self.clock = Clock()
        self.lifestream = make_lifestream("main")

    def find(self, url: str) -> Found:
        return find_feed(url, clock=self.clock)

    def add(self, url: str, **fields: str) -> Added:
        return add_feed(self.find(url), self.lifestream, clock=self.clock, **fields)

    def refusal(self, url: str, **fields: str) -> NotAdded:
        with pytest.raises(NotAdded) as refused:
            self.add(url, **fields)
        assert not Feed.objects.filter(url=url).exists()
        return refused.value
