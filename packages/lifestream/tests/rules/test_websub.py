"""Rule 40: a hub's challenge is echoed for its own topic only, a bad signature is ignored, the lease is renewed, and
slow polling goes on.

The hub is a real one on feedserver, the callback is Django's live server, and only the clock is moved by the tests.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import pytest
from django.contrib.auth.models import User
from django.core.handlers.wsgi import WSGIRequest
from django.db.models import QuerySet
from django.http.request import UnreadablePostError
from django.test import LiveServerTestCase, RequestFactory, override_settings

from factories import make_feed
from feedserver import FeedServer, Request, Response
from feedserver.testcases import FeedServerMixin
from guards import allowing
from hub import CHALLENGE, Hub
from lifestream.models import Feed, HubSubscription, Item
from lifestream.refresh import refresh
from lifestream.refresh.hub_renewal import keep_hubs
from lifestream.refresh.refresh_report import Report
from lifestream.refresh.updater import Updater
from lifestream.storage import credentials, hub_subscriptions
from lifestream.web.views import push
from programs import Program, environment, lifestream, run
from served import START, Clock, rss

pytestmark = [pytest.mark.rule(40), pytest.mark.usefixtures("shared_parsers")]

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
UNKNOWN = "k" * 43
PATIENCE = 30.0  # seconds that only a test that fails waits


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

    def subscribed(self, **said: str) -> HubSubscription:
        """Fetches the feed, whose hub then is asked, and has the hub confirm."""
        self.refresh()
        assert self.hub.verify(**said).status_code == 200
        return HubSubscription.objects.get()

    def state(self) -> Feed:
        self.feed.refresh_from_db()
        return self.feed

    def times_fetched(self) -> int:
        return len(self.feedserver.journal.filter("/feed"))


class Subscribing(WebSubTestCase):
    def test_the_hub_is_asked_for_what_the_feed_calls_itself(self) -> None:
        self.refresh()
        [asked] = self.hub.asked
        callback, secret = asked.pop("hub.callback"), asked.pop("hub.secret")
        assert asked == {
            "hub.mode": "subscribe",
            "hub.topic": self.get_url("/feed"),
            "hub.lease_seconds": "864000",
        }
        assert callback.startswith(f"{self.live_server_url}/push/")
        assert len(callback.rpartition("/")[2]) == 43
        assert 32 <= len(secret) < 200
        [request] = self.hub.requests
        assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
        assert request.headers["User-Agent"].startswith("lifestream/")
        assert not {"Cookie", "Referer", "Authorization"} & set(request.headers)

    def test_each_subscription_has_a_callback_and_a_secret_of_its_own(self) -> None:
        self.feedserver.add("/other", self.answer)
        make_feed(self.get_url("/other"), next_fetch=START)
        self.refresh()
        for name in ("hub.callback", "hub.secret"):
            assert len({asked[name] for asked in self.hub.asked}) == 2

    def test_nothing_is_asked_without_a_public_url(self) -> None:
        with self.settings(LIFESTREAM_PUBLIC_URL=""):
            self.refresh()
        assert self.hub.asked == []
        assert self.state().hub_url == self.hub.url
        assert not HubSubscription.objects.exists()

    def test_no_hub_is_told_of_a_feed_with_a_login(self) -> None:
        self.feed.credentials = credentials.seal("ada:secret")
        self.feed.save()
        self.refresh()
        assert self.hub.asked == []

    def test_a_hub_is_asked_once_and_not_with_each_fetch(self) -> None:
        self.subscribed()
        for _ in range(8):
            self.clock.move(hours=6)
            self.refresh()
        assert len(self.hub.asked) == 1

    def test_of_two_workers_that_see_the_same_errand_one_asks(self) -> None:
        with self.settings(LIFESTREAM_PUBLIC_URL=""):
            self.refresh()
        hub_subscriptions.want([self.feed.pk], START)
        errands = []
        seen = list(HubSubscription.objects.all())
        for _ in range(2):
            with mock.patch.object(QuerySet, "__getitem__", return_value=seen):
                errands += hub_subscriptions.take(START, 10)
        assert len(errands) == 1


class Verifying(WebSubTestCase):
    def test_the_challenge_of_its_own_topic_is_echoed_as_plain_text(self) -> None:
        self.refresh()
        answer = self.hub.verify()
        assert (answer.status_code, answer.text) == (200, CHALLENGE)
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        subscription = HubSubscription.objects.get()
        assert (subscription.state, subscription.lease_until) == ("active", START + 10 * DAY)
        assert self.state().push_until == START + 10 * DAY

    def test_no_other_challenge_is(self) -> None:
        self.refresh()
        topic = self.get_url("/feed")
        refused: list[dict[str, str]] = [
            {"topic": self.get_url("/other")},
            {"topic": f"{topic}/"},
            {"topic": topic.upper()},
            {"topic": ""},
            {"topic": f"{topic}\0"},
            {"mode": "unsubscribe"},
            {"mode": "publish"},
            {"mode": ""},
            {"mode": "SUBSCRIBE"},
            {"challenge": ""},
            {"challenge": "c" * 5000},
        ]
        for said in refused:
            with self.subTest(said):
                answer = self.hub.verify(**said)
                assert (answer.status_code, answer.text) == (404, "")
        assert HubSubscription.objects.get().state == "asked"
        assert self.state().push_until is None

    def test_nobody_is_answered_who_does_not_know_the_path(self) -> None:
        self.refresh()
        for path in (f"/push/{UNKNOWN}", "/push/", "/push/short"):
            query = {"hub.mode": "subscribe", "hub.topic": self.get_url("/feed"), "hub.challenge": "c"}
            answer = httpx.get(f"{self.live_server_url}{path}", params=query, trust_env=False)
            assert answer.status_code == 404
            assert answer.text != "c"
        assert HubSubscription.objects.get().state == "asked"

    def test_nothing_is_confirmed_after_the_public_url_was_taken_away(self) -> None:
        self.refresh()
        with self.settings(LIFESTREAM_PUBLIC_URL=""):
            assert self.hub.verify().status_code == 404

    def test_a_hub_that_asks_before_it_answers_is_confirmed_too(self) -> None:
        def ask_back(request: Request) -> Response:
            self.hub._take(request)
            return Response(status=204 if self.hub.verify().status_code == 200 else 409)

        self.feedserver.add("/hub", ask_back, method="POST")
        self.refresh()
        subscription = HubSubscription.objects.get()
        assert (subscription.state, subscription.attempts, subscription.message) == ("active", 0, "")

    def test_the_lease_is_the_hubs_within_reason(self) -> None:
        self.refresh()
        leases = {"3600": HOUR, "0": 0 * HOUR, "99999999999": 30 * DAY, "": 10 * DAY, "-5": 10 * DAY, "soon": 10 * DAY}
        for said, lease in leases.items():
            with self.subTest(said):
                assert self.hub.verify(lease_seconds=said).status_code == 200
                assert HubSubscription.objects.get().lease_until == self.clock.now + lease

    def test_a_denial_is_noted_and_the_hub_left_alone_for_a_week(self) -> None:
        self.subscribed()
        assert self.hub.call(mode="denied", topic="https://example.org/other").status_code == 404
        denied = self.hub.call(mode="denied", topic=self.get_url("/feed"), reason="too <b>many</b>\0")
        assert denied.status_code == 200
        subscription = HubSubscription.objects.get()
        assert (subscription.state, subscription.message) == ("denied", "denied: too <b>many</b>")
        assert self.state().push_until is None
        assert self.hub.verify().status_code == 404
        assert self.hub.push(rss("new")).status_code == 410
        self.clock.move(days=6)
        self.refresh()
        assert len(self.hub.asked) == 1
        self.clock.move(days=1)
        self.refresh()
        assert len(self.hub.asked) == 2
        assert self.hub.verify().status_code == 200


class Pushing(WebSubTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.subscribed()
        self.clock.move(minutes=10)

    def test_a_push_makes_the_feed_due_and_imports_nothing_itself(self) -> None:
        self.titles = ["one", "two"]
        assert self.hub.push(rss("forged")).status_code == 202
        assert (self.state().next_fetch, self.state().next_reason) == (
            self.clock.now,
            "its hub says that there is something new",
        )
        assert list(Item.objects.values_list("title", flat=True)) == ["one"]
        self.refresh()
        assert sorted(Item.objects.values_list("title", flat=True)) == ["one", "two"]

    def test_every_method_of_signing_is_taken(self) -> None:
        for method in ("sha1", "sha256", "sha384", "sha512"):
            with self.subTest(method):
                Feed.objects.update(pushed=None)
                assert self.hub.push(b"anything", method).status_code == 202
                assert self.state().pushed == self.clock.now

    def test_a_push_without_a_good_signature_is_answered_the_same_and_ignored(self) -> None:
        body = rss("forged").encode()
        good = self.hub.sign(body)
        bad = {
            "missing": "",
            "cut short": good[:-1],
            "of another body": self.hub.sign(b"another"),
            "with another secret": self.hub.sign(body, secret="another"),
            "with no secret": self.hub.sign(body, secret=""),
            "under another name": good.replace("sha256", "sha512"),
            "of an unknown kind": good.replace("sha256", "md5"),
            "no hexadecimal": "sha256=\N{SNOWMAN}".encode().decode("latin-1"),
            "without its method": good.partition("=")[2],
            "of all at once": f"{good},{good}",
        }
        before = self.state().next_fetch
        for name, signature in bad.items():
            with self.subTest(name), self.assertLogs("lifestream.web.views.push", "WARNING"):
                headers: Any = {b"X-Hub-Signature": signature.encode("latin-1")}
                assert httpx.post(self.hub.callback, content=body, headers=headers, trust_env=False).status_code == 202
        assert (self.state().next_fetch, self.state().pushed) == (before, None)
        assert HubSubscription.objects.get().last_push is None

    def test_a_signature_in_capitals_is_as_good(self) -> None:
        body = b"anything"
        self.hub.push(body, X_Hub_Signature=self.hub.sign(body).upper())
        assert self.state().pushed == self.clock.now

    def test_a_push_to_a_path_that_no_hub_was_told_ends_it(self) -> None:
        answer = httpx.post(f"{self.live_server_url}/push/{UNKNOWN}", content=b"x", trust_env=False)
        assert answer.status_code == 410

    def test_nothing_is_pushed_after_the_public_url_was_taken_away(self) -> None:
        with self.settings(LIFESTREAM_PUBLIC_URL=""):
            assert self.hub.push(b"anything").status_code == 410
        assert self.state().pushed is None

    def test_a_body_is_not_read_beyond_what_a_feed_may_have(self) -> None:
        with self.settings(LIFESTREAM_MAX_BODY=100_000):
            assert self.hub.push(b"x" * 100_000).status_code == 202
            Feed.objects.update(pushed=None)
            assert self.hub.push(b"x" * 100_001).status_code == 413
        assert self.state().pushed is None

    def test_a_secret_outlives_a_change_of_keys(self) -> None:
        from django.conf import settings

        with self.settings(SECRET_KEY="another key " * 5, SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
            self.hub.push(b"anything")
        assert self.state().pushed == self.clock.now

    def test_a_hub_that_goes_away_in_the_middle_is_no_error_of_ours(self) -> None:
        body = b"x" * 100
        request = RequestFactory().post("/push", body, "text/xml", headers={"X-Hub-Signature": self.hub.sign(body)})
        with mock.patch.object(WSGIRequest, "read", side_effect=UnreadablePostError("the connection broke")):
            assert push(request, self.hub.callback.rpartition("/")[2]).status_code == 400
        assert self.state().pushed is None

    def test_other_methods_are_refused(self) -> None:
        for method in ("PUT", "DELETE", "HEAD", "OPTIONS"):
            assert httpx.request(method, self.hub.callback, trust_env=False).status_code == 405


class Storms(WebSubTestCase):
    """Whatever a hub does, a feed is not asked more often than its server, its host and our own bound allow."""

    def setUp(self) -> None:
        super().setUp()
        self.fetched_with = {"Cache-Control": "max-age=0"}

    def storm(self, minutes: int, every: int = 1) -> None:
        """For so many minutes, a push and a look for due feeds *every* so many of them."""
        for number in range(0, minutes, every):
            self.hub.push(f"push {number}")
            self.refresh()
            self.clock.move(minutes=every)

    def test_a_push_a_minute_is_a_fetch_in_five(self) -> None:
        self.subscribed()
        self.clock.move(minutes=5)
        before = self.times_fetched()
        self.storm(11)
        assert self.times_fetched() - before == 3

    def test_pushes_do_not_shorten_what_the_server_asks_for(self) -> None:
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

    def test_pushes_at_once_are_one_fetch(self) -> None:
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

    def test_a_short_lease_makes_no_storm_of_renewals(self) -> None:
        self.subscribed(lease_seconds="1")
        for _ in range(59):
            self.clock.move(minutes=1)
            self.refresh()
        assert len(self.hub.asked) == 1
        self.clock.move(minutes=1)
        self.refresh()
        assert len(self.hub.asked) == 2

    def test_polling_is_slow_while_a_lease_holds_and_never_ends(self) -> None:
        self.subscribed(lease_seconds=str(3 * 86400))
        times = list(itertools.islice(self.polls(), 12))
        gaps = [later - earlier for earlier, later in itertools.pairwise([START, *times])]
        # The first poll was agreed on before the hub confirmed.
        assert gaps[0] == HOUR
        assert set(gaps[1:]) == {6 * HOUR}

    def test_polling_is_as_usual_again_when_the_lease_has_ended(self) -> None:
        self.subscribed(lease_seconds="36000")
        self.feedserver.add("/hub", Response(status=500), method="POST")
        gaps = [later - earlier for earlier, later in itertools.pairwise([START, *itertools.islice(self.polls(), 5)])]
        assert gaps == [HOUR, 6 * HOUR, 6 * HOUR, HOUR, HOUR]

    def test_a_hub_that_does_not_tell_of_news_is_not_relied_on_until_it_pushes(self) -> None:
        self.subscribed()
        polls = self.polls()
        times = [next(polls), next(polls)]
        self.titles = ["one", "two"]
        times += [next(polls), next(polls), next(polls)]
        # That there is news is found after the next poll was agreed on.
        assert [later - earlier for earlier, later in itertools.pairwise(times)] == [6 * HOUR, 6 * HOUR, 6 * HOUR, HOUR]
        self.clock.move(minutes=10)
        self.hub.push("there is more")
        self.refresh()
        assert self.state().next_fetch == self.clock.now + 6 * HOUR

    def test_what_the_server_asks_for_holds_beside_a_hub(self) -> None:
        self.fetched_with = {"Cache-Control": "max-age=36000"}
        self.subscribed()
        times = list(itertools.islice(self.polls(), 3))
        assert times == [START + 10 * HOUR, START + 20 * HOUR, START + 30 * HOUR]

    def polls(self) -> Iterator[datetime]:
        """When the feed is fetched, by looks that come when it is due."""
        while True:
            self.clock.now = self.state().next_fetch
            count = self.times_fetched()
            self.refresh()
            assert self.times_fetched() == count + 1
            yield self.clock.now


class Leaving(WebSubTestCase):
    def test_another_hub_is_asked_and_the_old_one_left(self) -> None:
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

    def test_a_hub_that_a_feed_no_longer_names_is_left(self) -> None:
        self.subscribed()
        self.feedserver.add("/feed", Response(rss("one", "two")))
        self.clock.move(hours=1)
        self.refresh()
        assert self.hub.asked[-1]["hub.mode"] == "unsubscribe"
        assert self.state().hub_url == ""

    def test_the_hub_of_a_paused_feed_is_left_and_asked_again_when_it_is_resumed(self) -> None:
        self.subscribed()
        Feed.objects.update(status=Feed.Status.PAUSED)
        self.refresh()
        assert self.hub.asked[-1]["hub.mode"] == "unsubscribe"
        assert self.hub.verify().status_code == 200
        Feed.objects.update(status=Feed.Status.ACTIVE, next_fetch=self.clock.now)
        self.refresh()
        assert self.hub.asked[-1]["hub.mode"] == "subscribe"

    def test_a_hub_that_does_not_answer_to_that_is_asked_three_times(self) -> None:
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
        assert self.hub.push("late").status_code == 410


class HostileHubs(WebSubTestCase):
    """A hub's address comes from a feed: it is asked as carefully as one."""

    def message(self) -> str:
        return str(HubSubscription.objects.get().message)

    def test_a_hub_at_a_private_address_is_not_asked(self) -> None:
        links = '<http://127.0.0.2:9/hub>; rel="hub"'
        self.feedserver.add("/feed", Response(rss("one"), headers={"Link": links}))
        self.refresh(guard=allowing("127.0.0.1"))
        assert "127.0.0.2 is a loopback address, and none of those is dialled" in self.message()

    def test_a_redirect_to_a_private_address_is_not_followed(self) -> None:
        redirect = Response(status=307, headers={"Location": "http://127.0.0.2:9/hub"})
        self.feedserver.add("/hub", redirect, method="POST")
        self.refresh(guard=allowing("127.0.0.1"))
        assert "127.0.0.2 is a loopback address" in self.message()

    def test_a_redirect_that_repeats_the_post_is_followed_and_no_other(self) -> None:
        for status in (301, 302, 303, 307, 308):
            with self.subTest(status):
                path = f"/moved-from-{status}"
                new = Hub(self.feedserver, f"/to-{status}")
                self.feedserver.add(path, Response(status=status, headers={"Location": new.url}), method="POST")
                self.hub.url = self.get_url(path)
                Feed.objects.update(next_fetch=self.clock.now, body_hash="", not_before=None)
                self.refresh()
                assert len(new.asked) == (status in (307, 308))

    def test_a_redirect_to_another_scheme_is_not_followed(self) -> None:
        for scheme in ("https", "file", "javascript"):
            with self.subTest(scheme):
                HubSubscription.objects.update(next_request=self.clock.now)
                elsewhere = Response(status=308, headers={"Location": f"{scheme}://127.0.0.1:9/hub"})
                self.feedserver.add("/hub", elsewhere, method="POST")
                self.refresh()
                assert f"{scheme}://127.0.0.1:9/hub" in self.message()
                assert "redirects to" in self.message()

    def test_a_hub_is_told_nothing_but_by_tls_that_holds(self) -> None:
        with FeedServer(tls=True, strict=False) as server:
            self.hub = Hub(server)
            with_tls, self.hub.url = self.hub.url, self.hub.url.replace("https:", "http:")
            with self.settings(LIFESTREAM_PUSH_OVER_HTTP=False, LIFESTREAM_PUBLIC_URL="https://planet.example.org"):
                self.refresh()
            assert self.state().hub_url == self.hub.url
            assert HubSubscription.objects.get().hub == with_tls
            # It has a certificate of an authority that nobody knows.
            assert "the certificate of 127.0.0.1 does not hold" in self.message()
            assert self.hub.asked == []

    def test_redirects_in_a_ring_end(self) -> None:
        self.feedserver.add("/hub", Response(status=307, headers={"Location": "/hub"}), method="POST")
        self.refresh()
        assert "a loop" in self.message()

    def test_what_a_hub_says_is_read_to_a_bound(self) -> None:
        self.feedserver.add("/hub", Response("\0<script>" + "no " * 100_000, status=400), method="POST")
        self.refresh()
        assert self.message().startswith("the hub answered 400 <script>no no")
        assert len(self.message()) <= 300

    def test_a_hub_that_never_answers_costs_the_deadline_and_no_more(self) -> None:
        self.feedserver.add("/hub", Response(status=202, delay=600), method="POST")
        self.refresh_with_deadline(0.3)
        assert "time was up" in self.message()
        assert HubSubscription.objects.get().next_request == self.clock.now + HOUR

    def refresh_with_deadline(self, seconds: float) -> None:
        def keep(*args: Any, **options: Any) -> int:
            return keep_hubs(*args, **options, deadline=seconds)

        with mock.patch("lifestream.refresh.hub_renewal.keep_hubs", keep):
            self.refresh()

    def test_a_hub_that_refuses_is_asked_at_growing_distances(self) -> None:
        self.feedserver.add("/hub", Response("no", status=500), method="POST")
        waits = []
        for _ in range(4):
            self.refresh()
            due = HubSubscription.objects.get().next_request
            waits.append(due - self.clock.now)
            self.clock.now = due
        assert waits == [HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR]
        assert self.message() == "the hub answered 500 no"

    def test_a_hub_that_is_busy_is_asked_for_nothing_else_and_not_before_it_says(self) -> None:
        self.feedserver.add("/hub", Response(status=503, headers={"Retry-After": "86400"}), method="POST")
        for number in range(5):
            self.feedserver.add(f"/sibling-{number}", self.answer)
            make_feed(self.get_url(f"/sibling-{number}"), next_fetch=START)
        self.refresh()
        assert len(self.feedserver.journal.filter("/hub")) == 1
        assert {each.next_request for each in HubSubscription.objects.all()} == {self.clock.now + DAY}

    def test_a_hub_out_of_reach_costs_no_item(self) -> None:
        links = '<http://127.0.0.1:1/hub>; rel="hub"'
        self.feedserver.add("/feed", Response(rss("one"), headers={"Link": links}))
        [row] = self.refresh().rows
        assert row.outcome == "new"
        assert "no connection to 127.0.0.1:1" in self.message()

    def test_what_goes_wrong_with_hubs_is_logged_and_costs_no_item(self) -> None:
        with (
            mock.patch("lifestream.refresh.hub_renewal.keep_hubs", side_effect=RuntimeError("a bug")),
            self.assertLogs("lifestream.refresh.hub_renewal", "ERROR") as logged,
        ):
            [row] = self.refresh().rows
        assert row.outcome == "new"
        assert "hubs could not be asked" in logged.output[0]


def test_a_hub_whose_authority_the_machine_trusts_is_asked_confirmed_and_heard_over_tls(site_home: Path) -> None:
    """The same with nothing opened for tests: https to the feed and to its hub, and a site behind a proxy that ends it.

    The authority is one of our own, named as for all that goes by OpenSSL.
    """
    variables = {
        "LIFESTREAM_ALLOWED_NETWORKS": "127.0.0.0/8",
        "LIFESTREAM_PUBLIC_URL": "https://planet.example.org",
    }
    with FeedServer(tls=True, strict=False) as server:
        variables["SSL_CERT_FILE"] = str(server.ca_bundle)
        hub = Hub(server)
        server.add("/feed", Response(rss("one"), headers={"Link": f'<{hub.url}>; rel="hub"'}))
        for command in (("add_feed", server.url("/feed")), ("update_feeds", "--all")):
            ran = run(site_home, *command, **variables)
            assert ran.returncode == 0, ran.stderr
        [asked] = hub.asked
        assert asked["hub.topic"] == server.url("/feed")
        assert asked["hub.callback"].startswith("https://planet.example.org/push/")
        serve = lifestream("serve", "127.0.0.1:0", "--no-update")
        with (
            Program(serve, environment(site_home, **variables)) as site,
            httpx.Client(trust_env=False, timeout=PATIENCE) as proxy,
        ):
            address = site.wait_for_line("is at http://").partition("is at ")[2].partition("/ ")[0]
            proxy.headers["Host"] = "planet.example.org"
            callback = address + asked["hub.callback"].removeprefix("https://planet.example.org")
            told = {f"hub.{name}": asked[f"hub.{name}"] for name in ("mode", "topic", "lease_seconds")}
            confirmed = proxy.get(callback, params=told | {"hub.challenge": CHALLENGE})
            assert (confirmed.status_code, confirmed.text) == (200, CHALLENGE)
            pushed = proxy.post(callback, content=b"new", headers={"X-Hub-Signature": hub.sign(b"new")})
            assert pushed.status_code == 202
        why = run(site_home, "why", server.url("/feed"), **variables)
    assert "its hub says that there is something new" in why.stdout


class Updating(WebSubTestCase):
    """Who sees to it that hubs are asked."""

    def test_the_thread_beside_a_server_does(self) -> None:
        with mock.patch("lifestream.refresh.updater.find_icons", return_value=0):
            updater = Updater(interval=3600.0)
            updater.start()
            try:
                self.feedserver.wait_for("/hub", timeout=PATIENCE)
            finally:
                assert updater.stop(PATIENCE)
        assert self.hub.verify().status_code == 200

    def test_the_admin_tells_what_was_agreed(self) -> None:
        self.subscribed()
        self.clock.move(hours=1)
        self.hub.push("there is more")
        HubSubscription.objects.update(message="<script>alert(1)</script>")
        root = User.objects.create_superuser("root")
        self.client.force_login(root)
        page = self.client.get(f"/admin/lifestream/feed/{self.feed.pk}/change/").content.decode()
        assert (
            "active, &lt;script&gt;alert(1)&lt;/script&gt;, until March 11, 2026, noon, last push March 1, 2026" in page
        )

    def test_a_look_at_one_feed_asks_no_other_hub(self) -> None:
        self.feedserver.add("/other", self.answer)
        make_feed(self.get_url("/other"), next_fetch=START)
        self.refresh()
        HubSubscription.objects.update(next_request=self.clock.now)
        count = len(self.hub.asked)
        self.refresh(feeds=[self.feed.pk])
        assert len(self.hub.asked) == count + 1
        assert self.hub.callback.endswith(HubSubscription.objects.get(feed=self.feed).key)


class Discovery(WebSubTestCase):
    """Where a feed names its hub."""

    def hub_of(self, body: str, **headers: str) -> tuple[str, str]:
        self.feedserver.add("/feed", Response(body, headers=headers))
        self.refresh()
        feed = self.state()
        return feed.hub_url, feed.hub_topic

    def test_in_an_atom_link_of_rss(self) -> None:
        head = (
            f"<atom:link xmlns:atom='http://www.w3.org/2005/Atom' rel='hub' href='{self.hub.url}'/>"
            "<atom:link xmlns:atom='http://www.w3.org/2005/Atom' rel='self' href='https://example.org/self'/>"
        )
        assert self.hub_of(rss("one", head=head)) == (self.hub.url, "https://example.org/self")
        assert self.hub.asked[-1]["hub.topic"] == "https://example.org/self"

    def test_in_a_plain_link_of_rss(self) -> None:
        head = f"<link rel='hub' href='{self.hub.url}'/>"
        assert self.hub_of(rss("one", head=head)) == (self.hub.url, self.get_url("/feed"))

    def test_in_a_link_of_atom(self) -> None:
        body = (
            "<feed xmlns='http://www.w3.org/2005/Atom'><title>A feed</title><id>a</id>"
            f"<link rel='hub' href='{self.hub.url}'/><link rel='self' href='/feed'/>"
            "<entry><id>1</id><title>one</title></entry></feed>"
        )
        assert self.hub_of(body) == (self.hub.url, self.get_url("/feed"))

    def test_in_the_hubs_of_json_feed(self) -> None:
        body = (
            '{"version": "https://jsonfeed.org/version/1.1", "title": "A feed", "feed_url": "https://example.org/self",'
            f' "hubs": [{{"type": "WebSub", "url": "{self.hub.url}"}}], "items": []}}'
        )
        assert self.hub_of(body, Content_Type="application/feed+json") == (self.hub.url, "https://example.org/self")

    def test_header_fields_count_before_the_document(self) -> None:
        head = "<atom:link xmlns:atom='http://www.w3.org/2005/Atom' rel='hub' href='https://hub.invalid/'/>"
        assert self.hub_of(rss("one", head=head), Link=f"<{self.hub.url}>; rel=hub, </s>; rel=self") == (
            self.hub.url,
            self.get_url("/s"),
        )

    def test_nowhere(self) -> None:
        assert self.hub_of(rss("one")) == ("", "")
        assert not HubSubscription.objects.exists()
