"""Rule 40: whatever a hub does, a feed is not asked more often than its server, its host and our own limit allow."""

from __future__ import annotations

from datetime import timedelta

import pytest

from factories import make_feed
from feedserver import Request, Response
from lifestream.models import Feed, Item
from rules.websub_case import WebSubTestCase

pytestmark = [pytest.mark.slow, pytest.mark.rule(40), pytest.mark.usefixtures("shared_parsers")]


class Storms(WebSubTestCase):
    """Whatever a hub does, a feed is not asked more often than its server, its host and our own limit allow."""

    def setUp(self) -> None:
        super().setUp()
        self.fetched_with = {"Cache-Control": "max-age=0"}

    def storm(self, minutes: int, every: int = 1) -> None:
        """For *minutes* minutes, at intervals of *every* minutes, push the feed and refresh what is due."""
        for number in range(0, minutes, every):
            self.hub.push(f"push {number}")
            self.refresh()
            self.clock.move(minutes=every)

    def test_pushes_each_minute_cause_one_fetch_in_five_minutes(self) -> None:
        self.subscribed()
        self.clock.move(minutes=5)
        before = self.times_fetched()
        self.storm(11)
        assert self.times_fetched() - before == 3

    def test_pushes_do_not_shorten_the_interval_that_the_server_asks_for(self) -> None:
        self.fetched_with = {"Cache-Control": "max-age=900"}
        self.subscribed()
        before = self.times_fetched()
        self.storm(18, every=3)
        assert self.times_fetched() - before == 1

    def test_pushes_do_not_shorten_a_pause_of_the_host(self) -> None:
        self.subscribed()
        self.clock.move(minutes=5)
        self.feedserver.add("/sibling", Response(status=429, headers={"Retry-After": "7200"}))
        make_feed(self.get_url("/sibling"), next_fetch=self.clock.now)
        self.refresh()
        before = self.times_fetched()
        self.storm(12, every=2)
        assert self.times_fetched() == before

    def test_pushes_do_not_shorten_the_gaps_after_errors(self) -> None:
        self.subscribed()
        self.feedserver.add("/feed", Response(status=500))
        self.clock.move(hours=6)
        self.refresh()
        assert self.state().failures == 1
        before = self.times_fetched()
        self.storm(12, every=2)
        assert self.times_fetched() == before

    def test_a_push_before_an_error_does_not_shorten_the_gap_either(self) -> None:
        self.subscribed()
        self.feedserver.add("/feed", Response(status=500))
        self.clock.move(hours=6)
        before = self.times_fetched()
        self.storm(12, every=2)
        assert self.times_fetched() == before + 1

    def test_many_pushes_cause_one_fetch(self) -> None:
        self.subscribed()
        self.clock.move(minutes=5)
        before = self.times_fetched()
        for number in range(10):
            assert self.hub.push(f"push {number}").status_code == 202
        self.refresh()
        self.refresh()
        assert self.times_fetched() - before == 1

    def test_a_push_that_comes_during_a_fetch_is_not_lost(self) -> None:
        self.subscribed()
        self.clock.move(hours=6)

        def pushed_meanwhile(request: Request) -> Response:
            answer = self.answer(request)
            self.clock.move(seconds=1)
            self.titles = ["one", "two"]
            assert self.hub.push("there is more").status_code == 202
            return answer

        self.feedserver.add("/feed", pushed_meanwhile)
        self.refresh()
        self.feedserver.add("/feed", self.answer)
        assert Item.objects.count() == 1
        assert self.state().next_fetch == self.clock.now + timedelta(minutes=5)
        self.clock.move(minutes=5)
        self.refresh()
        assert Item.objects.count() == 2
        assert self.state().pushed is None

    def test_a_paused_feed_is_not_fetched_for_a_push(self) -> None:
        self.subscribed()
        self.clock.move(hours=1)
        Feed.objects.update(status=Feed.Status.PAUSED)
        self.hub.push("there is more")
        before = self.times_fetched()
        self.refresh()
        assert self.times_fetched() == before
