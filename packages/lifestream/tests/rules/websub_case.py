"""The base class of the tests of hubs: a feed with a hub, and a site that the hub can reach.

The hub runs on feedserver, the callback on Django's live server. Only the clock is not real: the tests move it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest import mock

from django.test import LiveServerTestCase, override_settings

from factories import make_feed
from feedserver import Request, Response
from feedserver.testcases import FeedServerMixin
from hub import Hub
from lifestream.models import Feed, HubSubscription
from lifestream.refresh import refresh
from lifestream.refresh.refresh_report import Report
from served import START, Clock, rss

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
PATIENCE = 120.0  # seconds; only a test that fails waits so long


@override_settings(LIFESTREAM_PUSH_OVER_HTTP=True)
class WebSubTestCase(FeedServerMixin, LiveServerTestCase):
    """A feed at /feed whose hub is at /hub, and a site that the hub can reach."""

    def setUp(self) -> None:
        super().setUp()
        self.clock = Clock()
        self.enterContext(mock.patch("django.utils.timezone.now", self.clock))
        self.enterContext(self.settings(LIFESTREAM_PUBLIC_URL=self.live_server_url))
        self.hub = Hub(self.feedserver)
        self.titles = ["one"]
        self.fetched_with: dict[str, str] = {}
        self.feedserver.add("/feed", self.answer)
        self.feed = make_feed(self.get_url("/feed"), next_fetch=START)

    def answer(self, _request: Request) -> Response:
        links = f'<{self.hub.url}>; rel="hub", </feed>; rel="self"'
        return Response(rss(*self.titles), headers={"Link": links, **self.fetched_with})

    def refresh(self, **options: Any) -> Report:
        return refresh(clock=self.clock, **options)

    def subscribed(self, **fields: str) -> HubSubscription:
        """Fetch the feed, so that its hub is asked, and let the hub confirm."""
        self.refresh()
        assert self.hub.verify(**fields).status_code == 200
        return HubSubscription.objects.get()

    def state(self) -> Feed:
        self.feed.refresh_from_db()
        return self.feed

    def times_fetched(self) -> int:
        return len(self.feedserver.journal.filter("/feed"))
