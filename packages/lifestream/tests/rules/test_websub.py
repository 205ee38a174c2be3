"""Rule 40: which hub is asked, a hub's challenge is echoed for its own topic only, and a bad signature is ignored."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any
from unittest import mock

import httpx
import pytest
from django.contrib.auth.models import User
from django.core.handlers.wsgi import WSGIRequest
from django.db.models import QuerySet
from django.http import HttpResponse
from django.http.request import UnreadablePostError
from django.test import RequestFactory

from factories import make_feed
from feedserver import Request, Response
from hub import CHALLENGE, PLAIN
from lifestream.models import Feed, HubSubscription, Item
from lifestream.refresh.updater import Updater
from lifestream.storage import credentials, hub_subscriptions
from lifestream.storage.feed_options import FeedOptions
from lifestream.web.views import push
from relay import relay
from rules.websub_case import DAY, HOUR, PATIENCE, WebSubTestCase
from served import START, rss

pytestmark = [pytest.mark.rule(40), pytest.mark.usefixtures("shared_parsers")]
UNKNOWN = "k" * 43


class Subscribing(WebSubTestCase):
    def test_the_hub_is_asked_for_the_url_that_the_feed_gives_itself(self) -> None:
        links = f'<{self.hub.url}>; rel="hub", </its-own-name>; rel="self"'
        self.feedserver.add("/feed", Response(rss("one"), headers={"Link": links}))
        self.refresh()
        [asked] = self.hub.asked
        callback, secret = asked.pop("hub.callback"), asked.pop("hub.secret")
        assert asked == {
            "hub.mode": "subscribe",
            "hub.topic": self.get_url("/its-own-name"),
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

    @pytest.mark.slow
    def test_no_hub_is_asked_for_a_feed_with_a_login(self) -> None:
        self.feed.credentials = credentials.seal("ada:secret")
        self.feed.save()
        self.refresh()
        assert self.hub.asked == []

    def test_a_hub_is_asked_through_the_proxy_of_the_feed(self) -> None:
        with relay((self.feedserver.host, self.feedserver.port)) as proxy:
            Feed.objects.update(options=FeedOptions(proxy=f"http://{proxy.address}").as_json())
            self.refresh()
            assert len(self.hub.asked) == 1
            assert len(proxy.asked) == 2  # the feed, and its hub

    @pytest.mark.slow
    def test_a_hub_is_not_asked_while_the_options_of_its_feed_are_damaged(self) -> None:
        self.refresh()
        assert len(self.hub.asked) == 1
        self.clock.move(hours=1)
        Feed.objects.update(options={"proxy": 5})
        report = self.refresh()
        assert [row.message for row in report.rows] == [
            "what is set for this feed can't be read from the database (proxy): set it again in the admin, or with "
            "edit_feed"
        ]
        assert len(self.hub.asked) == 1

    def test_the_hub_of_a_feed_that_goes_without_a_proxy_is_asked_without_one(self) -> None:
        with relay((self.feedserver.host, self.feedserver.port)) as proxy:
            Feed.objects.update(options=FeedOptions(proxy="direct").as_json())
            with self.settings(LIFESTREAM_PROXY=f"http://{proxy.address}"):
                self.refresh()
            assert len(self.hub.asked) == 1
            assert proxy.asked == []

    @pytest.mark.slow
    def test_a_hub_is_asked_once_and_not_with_each_fetch(self) -> None:
        self.subscribed()
        for _ in range(8):
            self.clock.move(hours=6)
            self.refresh()
        assert len(self.hub.asked) == 1

    def test_only_one_of_two_workers_asks_the_hub(self) -> None:
        with self.settings(LIFESTREAM_PUBLIC_URL=""):
            self.refresh()
        hub_subscriptions.want([self.feed.pk], START)
        requests = []
        seen = list(HubSubscription.objects.all())
        for _ in range(2):
            with mock.patch.object(QuerySet, "__getitem__", return_value=seen):
                requests += hub_subscriptions.take(START, 10)
        assert len(requests) == 1

    def test_a_feed_that_is_deleted_meanwhile_keeps_no_other_feed_from_its_hub(self) -> None:
        with self.settings(LIFESTREAM_PUBLIC_URL=""):
            self.refresh()
        gone = make_feed("https://other.example/feed", hub_url=self.hub.url, hub_topic="https://other.example/feed")
        links_of = hub_subscriptions._wanted

        def deleting(feed: Feed) -> Any:
            links = links_of(feed)
            Feed.objects.filter(pk=gone.pk).delete()
            return links

        with mock.patch("lifestream.storage.hub_subscriptions._wanted", deleting):
            hub_subscriptions.want([self.feed.pk, gone.pk], START)
        assert HubSubscription.objects.get().feed_id == self.feed.pk


class Verifying(WebSubTestCase):
    def test_a_challenge_for_the_subscribed_topic_is_echoed_as_plain_text(self) -> None:
        self.refresh()
        answer = self.hub.verify()
        assert (answer.status_code, answer.text) == (200, CHALLENGE)
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        subscription = HubSubscription.objects.get()
        assert (subscription.state, subscription.lease_until) == ("active", START + 10 * DAY)
        assert self.state().push_until == START + 10 * DAY

    @pytest.mark.slow
    def test_no_other_challenge_is_echoed(self) -> None:
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
        for query in refused:
            with self.subTest(query):
                answer = self.hub.verify(**query)
                assert (answer.status_code, answer.text) == (404, "")
        assert HubSubscription.objects.get().state == "asked"
        assert self.state().push_until is None

    def test_no_challenge_to_an_unknown_path_is_echoed(self) -> None:
        self.refresh()
        for path in (f"/push/{UNKNOWN}", "/push/", "/push/short"):
            query = {"hub.mode": "subscribe", "hub.topic": self.get_url("/feed"), "hub.challenge": "c"}
            answer = httpx.get(f"{self.live_server_url}{path}", params=query, **PLAIN)
            assert answer.status_code == 404
            assert answer.text != "c"
        assert HubSubscription.objects.get().state == "asked"

    def test_nothing_is_confirmed_after_the_public_url_was_removed(self) -> None:
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

    @pytest.mark.slow
    def test_the_hub_decides_the_lease_within_limits(self) -> None:
        self.refresh()
        leases = {"3600": HOUR, "0": 0 * HOUR, "99999999999": 30 * DAY, "": 10 * DAY, "-5": 10 * DAY, "soon": 10 * DAY}
        for seconds, lease in leases.items():
            with self.subTest(seconds):
                assert self.hub.verify(lease_seconds=seconds).status_code == 200
                assert HubSubscription.objects.get().lease_until == self.clock.now + lease

    def test_a_denial_is_noted_and_the_hub_left_alone_for_a_week(self) -> None:
        self.subscribed()
        assert self.hub.call(mode="denied", topic="https://example.org/other").status_code == 404
        mark = "\u0301"  # more of them in a row would cover the lines around the message
        denied = self.hub.call(mode="denied", topic=self.get_url("/feed"), reason=f"too <b>many</b>\0{mark * 50}")
        assert denied.status_code == 200
        subscription = HubSubscription.objects.get()
        assert (subscription.state, subscription.message) == ("denied", f"denied: too <b>many</b>{mark * 8}")
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

    def deny_while(self, change: Callable[[HubSubscription], object]) -> bool:
        """Let the hub deny a subscription, and pass it to *change* after its row was read and before it is written."""
        subscription = self.subscribed()

        def changed(reason: str) -> str:
            change(subscription)
            return reason

        with mock.patch("lifestream.storage.hub_subscriptions.one_line", changed):
            return hub_subscriptions.deny(subscription.key, subscription.topic, "no", self.clock.now)

    def test_a_hub_may_deny_a_subscription_whose_feed_is_deleted_at_the_same_time(self) -> None:
        assert self.deny_while(lambda _: Feed.objects.all().delete())
        assert not HubSubscription.objects.exists()

    @pytest.mark.slow
    def test_a_hub_may_deny_a_subscription_that_is_replaced_at_the_same_time(self) -> None:
        def replace(subscription: HubSubscription) -> None:
            Feed.objects.update(hub_url="https://other.example/hub", push_until=self.clock.now + DAY)
            hub_subscriptions.want([subscription.feed_id], self.clock.now)
            Feed.objects.update(push_until=self.clock.now + DAY)

        assert self.deny_while(replace)
        [other] = HubSubscription.objects.all()
        assert (other.hub, other.state) == ("https://other.example/hub", "asked")
        assert self.state().push_until == self.clock.now + DAY

    def test_a_subscription_that_is_deleted_meanwhile_keeps_no_other_from_ending(self) -> None:
        gone = self.subscribed()
        feed = make_feed("https://other.example/feed", next_fetch=self.clock.now + DAY)
        lease = self.clock.now + DAY
        other = HubSubscription.objects.create(feed=feed, hub=self.hub.url, topic=feed.url, lease_until=lease)
        HubSubscription.objects.filter(pk=gone.pk).delete()
        hub_subscriptions.leave([gone, other], self.clock.now)
        assert HubSubscription.objects.get().state == "leaving"


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

    @pytest.mark.slow
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
            "of an unknown kind": self.hub.sign(body, "md5"),
            "no hexadecimal": "sha256=\N{SNOWMAN}".encode().decode("latin-1"),
            "without its method": good.partition("=")[2],
            "two in one header": f"{good},{good}",
        }
        before = self.state().next_fetch
        for name, signature in bad.items():
            with self.subTest(name), self.assertLogs("lifestream.web.views.push", "WARNING"):
                headers: Any = {b"X-Hub-Signature": signature.encode("latin-1")}
                assert httpx.post(self.hub.callback, content=body, headers=headers, **PLAIN).status_code == 202
        assert (self.state().next_fetch, self.state().pushed) == (before, None)
        assert HubSubscription.objects.get().last_push is None

    def test_a_signature_in_capitals_is_as_good(self) -> None:
        body = b"anything"
        self.hub.push(body, X_Hub_Signature=self.hub.sign(body).upper())
        assert self.state().pushed == self.clock.now

    def test_a_push_to_an_unknown_path_is_answered_with_410(self) -> None:
        answer = httpx.post(f"{self.live_server_url}/push/{UNKNOWN}", content=b"x", **PLAIN)
        assert answer.status_code == 410

    def test_a_push_after_the_public_url_was_removed_is_refused(self) -> None:
        with self.settings(LIFESTREAM_PUBLIC_URL=""):
            assert self.hub.push(b"anything").status_code == 410
        assert self.state().pushed is None

    @pytest.mark.slow
    def test_a_push_larger_than_the_limit_of_a_feed_is_refused(self) -> None:
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

    def test_a_push_in_chunks_is_read_without_a_content_length(self) -> None:
        assert self.push_in_chunks(b"x" * 100_001).status_code == 202
        assert self.state().pushed == self.clock.now
        Feed.objects.update(pushed=None)
        with self.settings(LIFESTREAM_MAX_BODY=100_000):
            assert self.push_in_chunks(b"x" * 100_001).status_code == 413
        # gunicorn has an exception of its own for a chunk without a size.
        assert self.push_in_chunks(b"x", read=mock.Mock(side_effect=Exception("no size"))).status_code == 400
        assert self.state().pushed is None

    def push_in_chunks(self, body: bytes, **replaced: Any) -> HttpResponse:
        """Push *body* as gunicorn passes on a body in chunks. *replaced* are attributes of the file of the body."""
        stream = BytesIO(body)
        given = RequestFactory().post("/push", b"", "text/xml", headers={"X-Hub-Signature": self.hub.sign(body)})
        assert "CONTENT_LENGTH" not in given.environ
        environ = {**given.environ, "wsgi.input": mock.Mock(wraps=stream, **replaced), "wsgi.input_terminated": True}
        return push(WSGIRequest(environ), self.hub.callback.rpartition("/")[2])

    def test_a_hub_that_leaves_in_the_middle_is_no_error_of_the_server(self) -> None:
        body = b"x" * 100
        request = RequestFactory().post("/push", body, "text/xml", headers={"X-Hub-Signature": self.hub.sign(body)})
        with mock.patch.object(WSGIRequest, "read", side_effect=UnreadablePostError("the connection broke")):
            assert push(request, self.hub.callback.rpartition("/")[2]).status_code == 400
        assert self.state().pushed is None

    def test_other_methods_are_refused(self) -> None:
        for method in ("PUT", "DELETE", "HEAD", "OPTIONS"):
            assert httpx.request(method, self.hub.callback, **PLAIN).status_code == 405


class Updating(WebSubTestCase):
    """Which processes ask hubs, and what the admin shows of them."""

    @pytest.mark.slow
    def test_the_updater_of_a_server_asks_hubs(self) -> None:
        with mock.patch("lifestream.refresh.updater.find_icons", return_value=0):
            updater = Updater(interval=3600.0)
            updater.start()
            try:
                self.feedserver.wait_for("/hub", timeout=PATIENCE)
            finally:
                assert updater.stop(PATIENCE)
        assert self.hub.verify().status_code == 200

    @pytest.mark.slow
    def test_the_admin_shows_the_state_and_the_lease(self) -> None:
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

    def test_a_refresh_of_one_feed_asks_the_hub_about_that_feed_only(self) -> None:
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

    def test_a_hub_is_found_in_an_atom_link_of_rss(self) -> None:
        head = (
            f"<atom:link xmlns:atom='http://www.w3.org/2005/Atom' rel='hub' href='{self.hub.url}'/>"
            "<atom:link xmlns:atom='http://www.w3.org/2005/Atom' rel='self' href='https://example.org/self'/>"
        )
        assert self.hub_of(rss("one", head=head)) == (self.hub.url, "https://example.org/self")
        assert self.hub.asked[-1]["hub.topic"] == "https://example.org/self"

    def test_a_hub_is_found_in_a_plain_link_of_rss(self) -> None:
        head = f"<link rel='hub' href='{self.hub.url}'/>"
        assert self.hub_of(rss("one", head=head)) == (self.hub.url, self.get_url("/feed"))

    def test_a_hub_is_found_in_a_link_of_atom(self) -> None:
        body = (
            "<feed xmlns='http://www.w3.org/2005/Atom'><title>A feed</title><id>a</id>"
            f"<link rel='hub' href='{self.hub.url}'/><link rel='self' href='/feed'/>"
            "<entry><id>1</id><title>one</title></entry></feed>"
        )
        assert self.hub_of(body) == (self.hub.url, self.get_url("/feed"))

    def test_a_hub_is_found_in_the_hubs_of_json_feed(self) -> None:
        body = (
            '{"version": "https://jsonfeed.org/version/1.1", "title": "A feed", "feed_url": "https://example.org/self",'
            f' "hubs": [{{"type": "WebSub", "url": "{self.hub.url}"}}], "items": []}}'
        )
        assert self.hub_of(body, Content_Type="application/feed+json") == (self.hub.url, "https://example.org/self")

    def test_header_fields_take_precedence_over_the_document(self) -> None:
        head = "<atom:link xmlns:atom='http://www.w3.org/2005/Atom' rel='hub' href='https://hub.invalid/'/>"
        assert self.hub_of(rss("one", head=head), Link=f"<{self.hub.url}>; rel=hub, </s>; rel=self") == (
            self.hub.url,
            self.get_url("/s"),
        )

    @pytest.mark.slow
    def test_a_feed_that_names_no_hub_has_none(self) -> None:
        assert self.hub_of(rss("one")) == ("", "")
        assert not HubSubscription.objects.exists()
