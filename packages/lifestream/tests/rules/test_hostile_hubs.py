"""Rule 40: a hub's address comes from a feed, and a hub is asked as carefully as a feed."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import pytest
from django.db import connection

from factories import make_feed
from feedserver import FeedServer, Request, Response, broken
from feedserver.faults import EndlessBody
from guards import allowing
from hub import CHALLENGE, Hub
from lifestream.fetcher.hub_client import HubAnswer, HubVerdict
from lifestream.fetcher.shortage import Shortage, ShortOf
from lifestream.models import Feed, HubSubscription
from lifestream.refresh.hub_renewal import AT_ONCE, keep_hubs
from lifestream.storage.db_errors import FailureKind
from lifestream.storage.feed_options import FeedOptions
from lifestream.storage.outages import OUTAGES
from programs import Program, environment, lifestream, run
from rules.websub_case import DAY, HOUR, PATIENCE, WebSubTestCase
from served import START, rss

pytestmark = [pytest.mark.slow, pytest.mark.rule(40), pytest.mark.usefixtures("shared_parsers")]


class HostileHubs(WebSubTestCase):
    """A hub's address comes from a feed: a hub is asked as carefully as a feed."""

    def message(self) -> str:
        return str(HubSubscription.objects.get().message)

    def test_a_hub_at_a_private_address_is_not_asked(self) -> None:
        links = '<http://127.0.0.2:9/hub>; rel="hub"'
        self.feedserver.add("/feed", Response(rss("one"), headers={"Link": links}))
        self.refresh(guard=allowing("127.0.0.1"))
        assert "127.0.0.2 is a loopback address, and lifestream connects to none of those" in self.message()

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
                self.feedserver.add(f"/to-{status}", Response("a page"))
                self.feedserver.add(path, Response(status=status, headers={"Location": new.url}), method="POST")
                self.hub.url = self.get_url(path)
                Feed.objects.update(next_fetch=self.clock.now, body_hash="", not_before=None)
                self.refresh()
                assert len(self.feedserver.journal.filter(path)) == 1
                assert len(self.feedserver.journal.filter(f"/to-{status}")) == (status in (307, 308))
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

    def test_a_hub_is_sent_nothing_without_valid_tls(self) -> None:
        with FeedServer(tls=True, strict=False) as server:
            self.hub = Hub(server)
            with_tls, self.hub.url = self.hub.url, self.hub.url.replace("https:", "http:")
            with self.settings(LIFESTREAM_PUSH_OVER_HTTP=False, LIFESTREAM_PUBLIC_URL="https://planet.example.org"):
                self.refresh()
            assert self.state().hub_url == self.hub.url
            assert HubSubscription.objects.get().hub == with_tls
            # The certificate of the hub is of an unknown authority.
            assert "the certificate of 127.0.0.1 is not valid" in self.message()
            assert self.hub.asked == []

    def test_a_proxy_that_speaks_socks_without_the_extra_holds_up_no_other_hub(self) -> None:
        self.refresh()
        feed = make_feed("https://other.example/feed", next_fetch=self.clock.now + DAY, hub_url="https://hub.example/")
        with_socks = FeedOptions(proxy="socks5://127.0.0.1:9").as_json()
        Feed.objects.filter(pk=feed.pk).update(options=with_socks)
        other = HubSubscription.objects.create(
            feed=feed, hub=feed.hub_url, topic=feed.url, next_request=self.clock.now, created=self.clock.now
        )
        HubSubscription.objects.exclude(pk=other.pk).update(next_request=self.clock.now)
        asked = len(self.hub.asked)
        with mock.patch.dict(sys.modules, {"aiohttp_socks": None}):
            self.refresh()
        assert len(self.hub.asked) == asked + 1
        other.refresh_from_db()
        assert str(other.message) == "its proxy speaks SOCKS: install django-lifestream with the extra socks"

    def test_redirects_in_a_loop_end(self) -> None:
        self.feedserver.add("/hub", Response(status=307, headers={"Location": "/hub"}), method="POST")
        self.refresh()
        assert "a loop" in self.message()

    def test_the_answer_of_a_hub_is_read_up_to_a_limit(self) -> None:
        endless = broken(Response("\0<script>" + "no " * 1000, status=400), EndlessBody())
        self.feedserver.add("/hub", endless, method="POST")
        self.refresh()
        assert self.message().startswith("the hub answered 400 <script>no no")
        assert len(self.message()) <= 300

    def test_a_hub_that_never_answers_costs_the_deadline_and_no_more(self) -> None:
        self.feedserver.add("/hub", Response(status=202, delay=600), method="POST")
        self.refresh_with_deadline(0.3)
        assert "time was up" in self.message()
        assert HubSubscription.objects.get().next_request == self.clock.now + HOUR

    def test_a_hub_that_gets_no_turn_because_of_slow_hubs_is_asked_in_the_next_run(self) -> None:
        self.refresh()
        asked = len(self.hub.asked)
        self.feedserver.add("/slow", Response(status=202, delay=600), method="POST")
        for number in range(AT_ONCE):
            hub = f"{self.get_url('/slow')}?{number}"
            feed = make_feed(f"https://slow-{number}.example/feed", next_fetch=self.clock.now + DAY, hub_url=hub)
            due = self.clock.now - HOUR
            HubSubscription.objects.create(feed=feed, hub=hub, topic=feed.url, next_request=due)
        HubSubscription.objects.filter(feed=self.feed).update(next_request=self.clock.now, attempts=0)
        with self.assertLogs("lifestream.refresh.hub_renewal", "INFO") as logged:
            self.refresh_with_deadline(0.3)
        assert "1 of the requests to hubs could not be sent in this run" in logged.output[0]
        subscription = HubSubscription.objects.get(feed=self.feed)
        assert (subscription.attempts, subscription.next_request) == (0, self.clock.now)
        slow = HubSubscription.objects.exclude(feed=self.feed)
        assert {each.next_request for each in slow} == {self.clock.now + HOUR}
        self.refresh()
        assert len(self.hub.asked) == asked + 1

    def test_requests_left_over_at_the_deadline_are_sent_in_the_next_run_if_their_hub_answers(self) -> None:
        self.refresh()
        for number in range(3):
            feed = make_feed(f"https://feed-{number}.example/feed", next_fetch=self.clock.now + DAY)
            HubSubscription.objects.create(feed=feed, hub=self.hub.url, topic=feed.url, next_request=self.clock.now)
        HubSubscription.objects.update(next_request=self.clock.now, attempts=0)
        accepted = Response(status=202)
        self.feedserver.add("/hub", accepted, Response(status=202, delay=600), accepted, method="POST")
        self.refresh_with_deadline(1)
        asked, under_way, *unasked = HubSubscription.objects.order_by("pk")
        assert (asked.next_request, asked.message) == (self.clock.now + HOUR, "")
        assert under_way.next_request == self.clock.now + HOUR
        assert [(each.attempts, each.next_request, each.message) for each in unasked] == [(0, self.clock.now, "")] * 2
        self.refresh()
        assert {each.attempts for each in HubSubscription.objects.all()} == {1}

    def test_requests_left_over_at_the_deadline_wait_for_the_pause_that_their_hub_asks_for(self) -> None:
        self.refresh()
        for number in range(3):
            feed = make_feed(f"https://feed-{number}.example/feed", next_fetch=self.clock.now + DAY)
            HubSubscription.objects.create(feed=feed, hub=self.hub.url, topic=feed.url, next_request=self.clock.now)
        HubSubscription.objects.update(next_request=self.clock.now, attempts=0)
        refused = Response(status=500, headers={"Retry-After": "86400"})
        self.feedserver.add("/hub", refused, Response(status=202, delay=600), method="POST")
        self.refresh_with_deadline(1)
        assert {each.next_request for each in HubSubscription.objects.all()} == {self.clock.now + DAY}

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to a process of its own")
    def test_requests_left_over_by_an_interrupted_refresh_are_sent_in_the_next_run(self) -> None:
        self.refresh()
        for number in range(2):
            feed = make_feed(f"https://feed-{number}.example/feed", next_fetch=self.clock.now + DAY)
            HubSubscription.objects.create(feed=feed, hub=self.hub.url, topic=feed.url, next_request=self.clock.now)
        HubSubscription.objects.update(next_request=self.clock.now, attempts=0)

        def interrupt(_request: Request) -> Response:
            os.kill(os.getpid(), signal.SIGINT)
            return Response(status=202, delay=600)

        accepted = Response(status=202)
        self.feedserver.add("/hub", accepted, interrupt, accepted, method="POST")
        with pytest.raises(KeyboardInterrupt):
            self.refresh()
        *sent, unsent = HubSubscription.objects.order_by("pk")
        assert {each.next_request for each in sent} == {self.clock.now + HOUR}
        assert (unsent.attempts, unsent.next_request) == (0, self.clock.now)
        self.refresh()
        unsent.refresh_from_db()
        assert (unsent.attempts, unsent.next_request) == (1, self.clock.now + HOUR)

    def test_a_shortage_of_this_machine_delays_no_request_to_the_same_hub(self) -> None:
        self.refresh()
        for number in range(2):
            feed = make_feed(f"https://feed-{number}.example/feed", next_fetch=self.clock.now + DAY)
            HubSubscription.objects.create(feed=feed, hub=self.hub.url, topic=feed.url, next_request=self.clock.now)
        HubSubscription.objects.update(next_request=self.clock.now, attempts=0)
        short = HubAnswer(HubVerdict.SHORTAGE, "too few files")
        with mock.patch("lifestream.fetcher.hub_client.HubClient.post", return_value=short):
            keep_hubs(clock=self.clock, guard=allowing("127.0.0.1"))
        subscriptions = HubSubscription.objects.all()
        assert [(each.attempts, each.next_request) for each in subscriptions] == [(0, self.clock.now)] * 3

    def refresh_with_deadline(self, seconds: float) -> None:
        def keep(*args: Any, **options: Any) -> int:
            return keep_hubs(*args, **options, deadline=seconds)

        with mock.patch("lifestream.refresh.hub_renewal.keep_hubs", keep):
            self.refresh()

    def test_a_hub_that_refuses_is_asked_at_growing_intervals(self) -> None:
        self.feedserver.add("/hub", Response("no", status=500), method="POST")
        waits = []
        for _ in range(4):
            self.refresh()
            due = HubSubscription.objects.get().next_request
            waits.append(due - self.clock.now)
            self.clock.now = due
        assert waits == [HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR]
        assert self.message() == "the hub answered 500 no"

    def test_a_busy_hub_gets_no_other_request_before_the_time_that_it_gives(self) -> None:
        self.feedserver.add("/hub", Response(status=503, headers={"Retry-After": "86400"}), method="POST")
        for number in range(5):
            self.feedserver.add(f"/sibling-{number}", self.answer)
            make_feed(self.get_url(f"/sibling-{number}"), next_fetch=START)
        self.refresh()
        assert len(self.feedserver.journal.filter("/hub")) == 1
        assert {each.next_request for each in HubSubscription.objects.all()} == {self.clock.now + DAY}

    def test_a_pause_that_a_hub_asks_for_through_the_own_proxy_of_a_feed_delays_no_other_feed(self) -> None:
        self.feedserver.add("/hub", Response(status=503, headers={"Retry-After": "86400"}), method="POST")
        Feed.objects.update(options=FeedOptions(proxy=self.feedserver.base_url).as_json())
        other = make_feed(self.get_url("/other"), next_fetch=START + DAY)
        due = self.clock.now + HOUR
        HubSubscription.objects.create(feed=other, hub=self.hub.url, topic=other.url, next_request=due)
        self.refresh()
        assert self.feedserver.journal.filter("/hub")
        assert HubSubscription.objects.exclude(feed=other).get().next_request == self.clock.now + DAY
        assert HubSubscription.objects.get(feed=other).next_request == due

    def test_a_hub_that_cannot_be_reached_costs_no_item(self) -> None:
        links = '<http://127.0.0.1:1/hub>; rel="hub"'
        self.feedserver.add("/feed", Response(rss("one"), headers={"Link": links}))
        [row] = self.refresh().rows
        assert row.outcome == "new"
        assert "no connection to 127.0.0.1:1" in self.message()

    def test_an_error_with_hubs_is_logged_and_costs_no_item(self) -> None:
        with (
            mock.patch("lifestream.refresh.hub_renewal.keep_hubs", side_effect=RuntimeError("a bug")),
            self.assertLogs("lifestream.refresh.hub_renewal", "ERROR") as logged,
        ):
            [row] = self.refresh().rows
        assert row.outcome == "new"
        assert "hubs could not be asked" in logged.output[0]

    def test_a_database_that_fails_while_hubs_are_asked_is_logged_with_the_remedy_and_no_traceback(self) -> None:
        self.refresh()
        OUTAGES.forget()
        self.addCleanup(OUTAGES.forget)
        self.rename("lifestream_hubsubscription", "elsewhere")
        try:
            with self.assertLogs("lifestream.refresh.hub_renewal", "ERROR") as logged:
                self.refresh()
        finally:
            self.rename("elsewhere", "lifestream_hubsubscription")
        [record] = logged.records
        assert not record.exc_info
        assert record.getMessage().startswith("hubs could not be asked; they are asked again after the next refresh: ")
        assert str(FailureKind.OTHER_TABLES.value) in record.getMessage()

    def rename(self, table: str, name: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {table} RENAME TO {name}")

    def test_a_shortage_that_prevents_all_requests_leaves_them_due_and_is_logged_without_a_traceback(self) -> None:
        self.refresh()
        HubSubscription.objects.update(next_request=self.clock.now, attempts=0)
        for method in ("require_files", "make_hub_client"):
            with (
                mock.patch(f"lifestream.refresh.hub_renewal.{method}", side_effect=ShortOf(Shortage.FILES)),
                self.assertLogs("lifestream.refresh.hub_renewal", "WARNING") as logged,
            ):
                self.refresh()
            assert logged.output[0].endswith(f"after the next refresh: {Shortage.FILES.value}")
            assert logged.records[0].exc_info is None
            subscription = HubSubscription.objects.get()
            assert (subscription.attempts, subscription.next_request) == (0, self.clock.now)


def test_a_hub_whose_authority_the_machine_trusts_is_asked_confirmed_and_heard_over_tls(site_home: Path) -> None:
    """Fetch the feed and ask its hub over HTTPS only, with a site behind a proxy that ends TLS.

    SSL_CERT_FILE names the authority of the test server, as for every program that uses OpenSSL.
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
            query = {f"hub.{name}": asked[f"hub.{name}"] for name in ("mode", "topic", "lease_seconds")}
            confirmed = proxy.get(callback, params=query | {"hub.challenge": CHALLENGE})
            assert (confirmed.status_code, confirmed.text) == (200, CHALLENGE)
            pushed = proxy.post(callback, content=b"new", headers={"X-Hub-Signature": hub.sign(b"new")})
            assert pushed.status_code == 202
        why = run(site_home, "why", server.url("/feed"), **variables)
    assert "its hub says that there is something new" in why.stdout
