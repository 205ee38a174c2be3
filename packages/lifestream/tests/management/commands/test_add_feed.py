"""`add_feed`: what it adds, prints and refuses."""

from __future__ import annotations

import pytest

from command_cases import CommandTestCase
from factories import make_feed, make_lifestream, make_subscription
from feedserver import Response
from lifestream.models import Feed, Item, Lifestream, Subscription
from served import feed, page, rss


class AddFeed(CommandTestCase):
    @pytest.mark.slow
    def test_on_an_empty_database_add_feed_makes_the_lifestream_main(self) -> None:
        self.feedserver.add("/feed", feed())
        printed = self.run_command("add_feed", self.get_url("/feed"))
        assert Lifestream.objects.get().slug == "main"
        assert Item.objects.count() == 2
        assert len(self.feedserver.requests) == 1
        lines = printed.splitlines()
        assert lines[0] == f"A feed: {self.get_url('/feed')}"
        assert "  format: rss20" in lines
        assert "  site: http://example.org/" in lines
        assert "  It is in the lifestream 'main', with 2 items." in lines
        assert lines[-1].startswith("  next fetch: ")
        assert lines[-1].endswith(": our own interval of 1 hour")

    def test_the_page_that_led_to_the_feed_is_reported(self) -> None:
        self.feedserver.add("/", page('<link rel="alternate" type="application/rss+xml" href="/feed">'))
        self.feedserver.add("/feed", feed())
        printed = self.run_command("add_feed", self.get_url("/"))
        assert printed.startswith(f"A feed: {self.get_url('/feed')}, which {self.get_url('/')} leads to\n")

    def test_a_feed_without_a_title_needs_a_name(self) -> None:
        self.feedserver.add("/feed", Response(rss("one", title="")))
        assert self.failure("add_feed", self.get_url("/feed")) == (
            f"the feed at {self.get_url('/feed')} has no title; give it a name: use --name"
        )
        assert "Mine: " in self.run_command("add_feed", self.get_url("/feed"), "--name", "Mine")

    def test_a_stored_feed_that_is_not_fetched_has_no_next_fetch(self) -> None:
        lifestream = make_lifestream("main")
        self.feedserver.add("/feed", feed())
        url = self.get_url("/feed")
        make_subscription(make_feed(url, title="Feed", status=Feed.Status.PAUSED), lifestream)
        assert self.run_command("add_feed", url).splitlines()[-1] == (
            "  next fetch: none, since it is paused; resume it in the admin"
        )

    def test_an_address_without_a_feed_is_refused(self) -> None:
        self.feedserver.add("/feed", Response(status=404))
        assert self.failure("add_feed", self.get_url("/feed")).endswith("the server answered 404 Not Found")
        assert not Feed.objects.exists()

    def test_one_of_several_lifestreams_must_be_chosen(self) -> None:
        make_lifestream("one")
        make_lifestream("two")
        self.feedserver.add("/feed", feed())
        assert self.failure("add_feed", self.get_url("/feed")) == (
            "there are several lifestreams; choose one with --lifestream: one, two"
        )
        assert self.failure("add_feed", self.get_url("/feed"), "--lifestream", "three") == (
            "there is no lifestream 'three'; choose one of these: one, two"
        )
        self.run_command("add_feed", self.get_url("/feed"), "--lifestream", "two", "--folder", "News")
        assert Subscription.objects.get().lifestream.slug == "two"
        assert Subscription.objects.get().folder == "News"

    def test_several_feeds_are_added_and_failures_are_counted(self) -> None:
        self.feedserver.add("/one", feed())
        self.feedserver.add("/gone", Response(status=410))
        self.feedserver.add("/two", feed())
        urls = [self.get_url(path) for path in ("/one", "/gone", "/two")]
        assert self.failure("add_feed", *urls) == "1 of 3 feeds failed; see above"
        assert {each.url for each in Feed.objects.all()} == {urls[0], urls[2]}
        assert [request.path for request in self.feedserver.requests] == ["/one", "/gone", "/two"]

    def test_a_name_is_for_one_feed(self) -> None:
        assert self.failure("add_feed", "https://a.example/", "https://b.example/", "--name", "Mine") == (
            "--name is for one feed; leave it out for several"
        )
        assert not Feed.objects.exists()
