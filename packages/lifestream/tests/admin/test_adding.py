"""The form that adds a feed notes its address; the page after it shows what was found there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from factories import make_lifestream
from feedserver import Response
from feedserver.django import FeedServerTransactionTestCase
from lifestream.models import Addition, Feed, Item, Subscription
from lifestream.refresh.additions import MOST_OPEN, add_wanted

ADD = "/admin/lifestream/subscription/add/"
ADDITIONS = "/admin/lifestream/subscription/additions/"
FEED = """<rss version="2.0"><channel><title>Small Hours</title><link>https://small-hours.example/</link>
<item><title>Fences</title><link>https://small-hours.example/1</link><guid>1</guid></item>
<item><title>Cakes</title><link>https://small-hours.example/2</link><guid>2</guid></item></channel></rss>"""
RSS = Response(body=FEED, headers={"Content-Type": "application/rss+xml"})
UNTITLED = Response(
    body=FEED.replace("<title>Small Hours</title>", ""), headers={"Content-Type": "application/rss+xml"}
)
PAGE = Response(
    body='<html><head><link rel="alternate" type="application/rss+xml" href="/feed"></head></html>',
    headers={"Content-Type": "text/html"},
)


@pytest.mark.usefixtures("shared_parsers")
class AddingAFeed(FeedServerTransactionTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.user = User.objects.create_superuser("root")
        self.client.force_login(self.user)
        self.main = make_lifestream("main", title="Harbour Planet")

    def enter(self, url: str, **fields: str) -> str:
        """Return the page that follows the form."""
        data = {"url": url, "lifestream": str(self.main.pk), "name": "", "folder": "", **fields}
        return self.client.post(ADD, data, follow=True).content.decode()

    def add(self, url: str, **fields: str) -> str:
        """Return the page after the updater has looked at the address."""
        page = self.enter(url, **fields)
        assert "1 of these addresses is still to be looked at" in page, page
        assert add_wanted() == 1
        return self.client.get(ADDITIONS).content.decode()

    @pytest.mark.slow
    def test_the_request_asks_no_server_and_the_page_shows_what_was_found(self) -> None:
        self.feedserver.add("/feed", RSS)
        page = self.enter(self.get_url("/feed"), folder="Code")
        assert "on its way" in page and not Feed.objects.exists()
        assert list(self.feedserver.requests) == []
        assert self.client.get(ADDITIONS)["Refresh"] == "2"

        assert add_wanted() == 1
        answer = self.client.get(ADDITIONS)
        assert "Refresh" not in answer
        page = answer.content.decode()
        assert "Found “Small Hours”" in page and "2 items, site small-hours.example." in page
        assert len(self.feedserver.requests) == 1
        subscription = Subscription.objects.get()
        assert f"/admin/lifestream/subscription/{subscription.pk}/change/" in page
        assert (subscription.display_name, subscription.folder) == ("Small Hours", "Code")
        assert Item.objects.count() == 2
        self.assertContains(self.client.get("/main/"), "Fences")

    def test_the_feed_of_a_page_is_found(self) -> None:
        self.feedserver.add("/", PAGE)
        self.feedserver.add("/feed", RSS)
        assert f"Found “Small Hours” at {self.get_url('/feed')}" in self.add(self.get_url("/"))

    def test_an_address_without_a_feed_is_reported_with_the_reason_and_a_way_to_try_again(self) -> None:
        self.feedserver.add("/", PAGE)
        self.feedserver.add("/feed", Response(body="just words", headers={"Content-Type": "text/plain"}))
        page = self.add(self.get_url("/"), name="Our news", folder="Code")
        assert "not added" in page and "is no feed" in page
        assert not Feed.objects.exists()
        again = page.partition(f'href="{ADD}?')[2].partition('"')[0].replace("&amp;", "&")
        form = self.client.get(f"{ADD}?{again}")
        for written in (self.get_url("/"), "Our news", "Code"):
            self.assertContains(form, f'value="{written}"')

    def test_a_server_that_fails_is_reported(self) -> None:
        self.feedserver.add("/feed", Response(status=500))
        page = self.add(self.get_url("/feed"))
        assert "not added" in page and "500" in page

    def test_a_feed_without_a_title_has_the_entered_name_or_that_of_its_host(self) -> None:
        self.feedserver.add("/feed", UNTITLED)
        self.feedserver.add("/other", UNTITLED)
        self.add(self.get_url("/feed"), name="My feed")
        self.add(self.get_url("/other"))
        names = [each.display_name for each in Subscription.objects.order_by("pk")]
        assert names == ["My feed", "127.0.0.1"]

    @pytest.mark.slow
    def test_a_feed_that_exists_already_is_reported_and_not_fetched(self) -> None:
        self.feedserver.add("/feed", RSS)
        self.feedserver.add("/", PAGE)
        self.add(self.get_url("/feed"))
        page = self.enter(self.get_url("/feed"))
        assert "errorlist" in page and "This lifestream has “Small Hours” already." in page
        assert (len(self.feedserver.requests), Subscription.objects.count()) == (1, 1)
        assert "This lifestream has “Small Hours” already." in self.add(self.get_url("/")), "by way of its page"
        assert Subscription.objects.count() == 1

    def test_the_login_in_a_feeds_address_is_never_shown(self) -> None:
        self.feedserver.add("/feed", RSS)
        url = self.get_url("/feed").replace("://", "://name:opensesame@")
        assert "opensesame" not in self.enter(url)
        assert "opensesame" not in str(Addition.objects.values().get())
        assert add_wanted() == 1
        page = self.client.get(ADDITIONS).content.decode()
        assert "Found “Small Hours”" in page and "opensesame" not in page
        self.assertNotContains(self.client.get("/admin/"), "opensesame")
        assert Feed.objects.get().is_private

    def test_an_invalid_address_is_refused_at_its_field(self) -> None:
        for url in ("javascript:alert(1)", "file:///etc/passwd", "ftp://a.example/feed", "http://"):
            assert "errorlist" in self.enter(url)
        assert not Addition.objects.exists()

    @pytest.mark.slow
    def test_the_queue_of_addresses_is_limited(self) -> None:
        waiting = [Addition(lifestream=self.main, url=f"https://a.example/{number}") for number in range(MOST_OPEN)]
        Addition.objects.bulk_create(waiting)
        assert "Too many addresses are waiting to be looked at" in self.enter(self.get_url("/feed"))
        assert Addition.objects.count() == MOST_OPEN

    def test_another_address_can_be_entered_at_once(self) -> None:
        answer = self.client.post(
            ADD, {"url": self.get_url("/feed"), "lifestream": self.main.pk, "_addanother": "1"}, follow=True
        )
        assert answer.redirect_chain == [(ADD, 302)]
        self.assertContains(answer, "The address is looked at.")
        assert Addition.objects.count() == 1

    @pytest.mark.slow
    def test_the_page_takes_as_many_queries_for_many_addresses_as_for_one(self) -> None:
        taken, page = [], ""
        for number in (1, 4):
            for each in range(number):
                path = f"/{number}/{each}"
                self.feedserver.add(path, RSS)
                self.enter(self.get_url(path))
            assert add_wanted() == number
            with CaptureQueriesContext(connection) as queries:
                page = self.client.get(ADDITIONS).content.decode()
            taken.append(len(queries))
        assert page.count("2 items, site small-hours.example.") == 5
        assert taken[0] == taken[1]

    def test_addresses_that_others_have_entered_are_not_shown(self) -> None:
        self.enter(self.get_url("/feed"))
        other = User.objects.create_user("other", is_staff=True)
        other.user_permissions.set(Permission.objects.filter(content_type__app_label="lifestream"))
        self.client.force_login(other)
        self.assertContains(self.client.get(ADDITIONS), "No address was entered")

    def test_a_page_stops_waiting_ten_minutes_after_the_latest_address_and_has_a_note_about_it(self) -> None:
        self.enter(self.get_url("/earlier"))
        Addition.objects.update(created=timezone.now() - timedelta(minutes=11))
        self.enter(self.get_url("/feed"))
        Addition.objects.filter(url__endswith="/feed").update(created=timezone.now() - timedelta(minutes=9))
        assert "Refresh" in self.client.get(ADDITIONS)
        Addition.objects.update(created=timezone.now() - timedelta(minutes=11))
        answer = self.client.get(ADDITIONS)
        assert "Refresh" not in answer
        self.assertContains(answer, "Some addresses are still waiting after ten minutes.")
