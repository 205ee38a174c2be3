"""Rule 40: a lease is renewed in time, polling goes on beside it, and a subscription that is no longer used ends."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime

import pytest

from feedserver import Response
from hub import CHALLENGE, Hub
from lifestream.models import Feed, HubSubscription
from rules.websub_case import DAY, HOUR, WebSubTestCase
from served import START, rss

pytestmark = [pytest.mark.slow, pytest.mark.rule(40), pytest.mark.usefixtures("shared_parsers")]


class Leases(WebSubTestCase):
    def test_a_lease_is_renewed_before_it_ends_at_the_same_callback(self) -> None:
        self.subscribed(lease_seconds="864000")
        callback, ends = self.hub.callback, self.clock.now + 10 * DAY
        self.clock.now = ends - 25 * HOUR
        self.refresh()
        assert len(self.hub.asked) == 1
        self.clock.now = ends - 24 * HOUR
        self.refresh()
        assert len(self.hub.asked) == 2
        assert (self.hub.asked[-1]["hub.mode"], self.hub.callback) == ("subscribe", callback)
        assert HubSubscription.objects.get().state == "active"
        assert self.hub.verify().status_code == 200
        assert HubSubscription.objects.get().lease_until == self.clock.now + 10 * DAY

    def test_a_renewal_that_is_not_confirmed_is_tried_again_while_the_lease_lasts(self) -> None:
        self.subscribed()
        self.clock.now += 9 * DAY
        asked_at = []
        for _ in range(24):
            count = len(self.hub.asked)
            self.refresh()
            if len(self.hub.asked) > count:
                asked_at.append(self.clock.now - START)
            self.clock.move(hours=1)
        assert asked_at == [9 * DAY + hours * HOUR for hours in (0, 1, 3, 7, 15)]

    @pytest.mark.slow
    def test_a_short_lease_makes_no_storm_of_renewals(self) -> None:
        self.subscribed(lease_seconds="1")
        for _ in range(59):
            self.clock.move(minutes=1)
            self.refresh()
        assert len(self.hub.asked) == 1
        self.clock.move(minutes=1)
        self.refresh()
        assert len(self.hub.asked) == 2

    @pytest.mark.slow
    def test_polling_is_slow_while_a_lease_lasts_and_never_ends(self) -> None:
        self.subscribed(lease_seconds=str(3 * 86400))
        times = list(itertools.islice(self.polls(), 12))
        gaps = [later - earlier for earlier, later in itertools.pairwise([START, *times])]
        # The first poll was scheduled before the hub confirmed.
        assert gaps[0] == HOUR
        assert set(gaps[1:]) == {6 * HOUR}

    def test_polling_is_as_usual_again_when_the_lease_has_ended(self) -> None:
        self.subscribed(lease_seconds="36000")
        self.feedserver.add("/hub", Response(status=500), method="POST")
        gaps = [later - earlier for earlier, later in itertools.pairwise([START, *itertools.islice(self.polls(), 5)])]
        assert gaps == [HOUR, 6 * HOUR, 6 * HOUR, HOUR, HOUR]

    def test_a_hub_that_did_not_push_new_items_is_not_relied_on_until_it_pushes(self) -> None:
        self.subscribed()
        polls = self.polls()
        times = [next(polls), next(polls)]
        self.titles = ["one", "two"]
        times += [next(polls), next(polls), next(polls)]
        # The new item is found after the next poll was scheduled.
        assert [later - earlier for earlier, later in itertools.pairwise(times)] == [6 * HOUR, 6 * HOUR, 6 * HOUR, HOUR]
        self.clock.move(minutes=10)
        self.hub.push("there is more")
        self.refresh()
        assert self.state().next_fetch == self.clock.now + 6 * HOUR

    def test_the_max_age_of_the_server_is_respected_beside_a_hub(self) -> None:
        self.fetched_with = {"Cache-Control": "max-age=36000"}
        self.subscribed()
        times = list(itertools.islice(self.polls(), 3))
        assert times == [START + 10 * HOUR, START + 20 * HOUR, START + 30 * HOUR]

    def polls(self) -> Iterator[datetime]:
        """Yield the times at which the feed is fetched, if each refresh comes when it is due."""
        while True:
            self.clock.now = self.state().next_fetch
            count = self.times_fetched()
            self.refresh()
            assert self.times_fetched() == count + 1
            yield self.clock.now


class Leaving(WebSubTestCase):
    def test_the_subscription_moves_to_another_hub_that_a_feed_names(self) -> None:
        self.subscribed()
        old, self.hub = self.hub, Hub(self.feedserver, "/other-hub")
        self.clock.move(hours=1)
        self.refresh()
        assert [asked["hub.mode"] for asked in old.asked] == ["subscribe", "unsubscribe"]
        assert "hub.secret" not in old.asked[-1]
        assert old.asked[0]["hub.callback"] == old.asked[1]["hub.callback"] != self.hub.callback
        assert old.verify(mode="subscribe").status_code == 404
        assert old.push("late").status_code == 410
        assert self.hub.verify().status_code == 200
        assert old.verify(topic="https://example.org/other").status_code == 404
        assert old.verify().text == CHALLENGE
        assert HubSubscription.objects.get().hub == self.hub.url

    def test_the_subscription_ends_at_a_hub_that_a_feed_no_longer_names(self) -> None:
        self.subscribed()
        self.feedserver.add("/feed", Response(rss("one", "two")))
        self.clock.move(hours=1)
        self.refresh()
        assert self.hub.asked[-1]["hub.mode"] == "unsubscribe"
        assert self.state().hub_url == ""

    def test_the_subscription_of_a_paused_feed_ends_and_begins_again_when_it_is_resumed(self) -> None:
        self.subscribed()
        Feed.objects.update(status=Feed.Status.PAUSED)
        self.refresh()
        assert self.hub.asked[-1]["hub.mode"] == "unsubscribe"
        assert self.hub.verify().status_code == 200
        Feed.objects.update(status=Feed.Status.ACTIVE, next_fetch=self.clock.now)
        self.refresh()
        assert self.hub.asked[-1]["hub.mode"] == "subscribe"

    def test_an_unconfirmed_end_of_a_subscription_is_requested_three_times(self) -> None:
        self.subscribed()
        Feed.objects.update(status=Feed.Status.PAUSED)
        for _ in range(20):
            self.refresh()
            self.clock.move(hours=1)
        assert [asked["hub.mode"] for asked in self.hub.asked] == ["subscribe", *["unsubscribe"] * 3]
        assert not HubSubscription.objects.exists()

    def test_a_deleted_feed_takes_its_subscription_with_it(self) -> None:
        self.subscribed()
        self.feed.delete()
        assert not HubSubscription.objects.exists()
        assert self.hub.push("late").status_code == 410
