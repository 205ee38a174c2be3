"""Rules 19 to 23: a redirect is believed slowly, and never further than its status says."""

from __future__ import annotations

import pytest

from feedserver import Request, Response, gone, moved
from lifestream.models import Feed, Fetch, Item, Post, Subscription
from rules.ruled import RuleTestCase
from served import feed, page, rss


class Moves(RuleTestCase):
    @pytest.mark.slow
    @pytest.mark.rule(19)
    def test_after_three_equal_permanent_redirects_only_the_new_url_is_asked(self) -> None:
        for status in (301, 308):
            with self.subTest(status=status):
                made = self.subscribe(f"/old{status}", moved(f"/new{status}", status))
                self.feedserver.add(f"/new{status}", feed())
                for _ in range(5):
                    self.refresh_next(made)
                made.refresh_from_db()
                assert made.url == self.get_url(f"/new{status}")
                assert len(self.asked(f"/old{status}")) == 3
                assert len(self.asked(f"/new{status}")) == 5
                assert Item.objects.filter(feed=made).count() == 2

    @pytest.mark.slow
    @pytest.mark.rule(19)
    def test_a_permanent_redirect_that_does_not_last_changes_nothing(self) -> None:
        self.feedserver.add("/a", feed())
        self.feedserver.add("/b", feed())
        made = self.subscribe("/feed", moved("/a"), moved("/a"), moved("/b"), moved("/b"), feed(), moved("/b"))
        for _ in range(7):
            self.refresh_next(made)
        made.refresh_from_db()
        assert made.url == self.get_url("/feed")
        assert len(self.asked("/feed")) == 7

    @pytest.mark.slow
    @pytest.mark.rule(19)
    def test_subscriptions_move_to_the_feed_that_has_the_new_url_already_and_items_stay(self) -> None:
        old = self.subscribe("/old", Response(rss("of old")), moved("/there"))
        there = self.subscribe("/there", Response(rss("of there")))
        theirs, mine = Subscription.objects.get(feed=there), Subscription.objects.get(feed=old)
        for _ in range(4):
            self.refresh_next(old)
        self.refresh_next(there)
        mine.refresh_from_db()
        old.refresh_from_db()
        assert (mine.feed, old.status) == (there, Feed.Status.GONE)
        assert old.next_reason.endswith("is a feed already: its subscriptions went there")
        assert set(Item.objects.filter(feed=there).values_list("title", flat=True)) == {"of there"}
        assert Item.objects.get(title="of old").feed == old
        seen = Post.objects.filter(lifestream=theirs.lifestream).values_list("item__title", flat=True)
        assert set(seen) == {"of there"}
        asked = len(self.asked("/old"))
        self.clock.move(days=400)
        self.refresh()
        assert len(self.asked("/old")) == asked

    @pytest.mark.slow
    @pytest.mark.rule(20)
    def test_after_a_temporary_redirect_the_original_is_asked(self) -> None:
        self.feedserver.add("/elsewhere", feed())
        for status in (302, 303, 307):
            with self.subTest(status=status):
                made = self.subscribe(f"/{status}", moved("/elsewhere", status))
                for _ in range(5):
                    assert not self.refresh_next(made).failed
                made.refresh_from_db()
                assert (made.url, made.moved_count) == (self.get_url(f"/{status}"), 0)
                assert len(self.asked(f"/{status}")) == 5

    @pytest.mark.slow
    @pytest.mark.rule(21)
    def test_of_a_permanent_redirect_and_a_temporary_one_behind_it_the_first_is_saved(self) -> None:
        made = self.subscribe("/feed", moved("/home"))
        self.feedserver.add("/home", moved("/today", 302))
        self.feedserver.add("/today", moved("/mirror"))
        self.feedserver.add("/mirror", feed())
        for _ in range(4):
            self.refresh_next(made)
        made.refresh_from_db()
        assert made.url == self.get_url("/home")
        assert len(self.asked("/feed")) == 3

    @pytest.mark.rule(21)
    def test_of_a_temporary_redirect_and_a_permanent_one_behind_it_nothing_is_saved(self) -> None:
        made = self.subscribe("/feed", moved("/today", 302))
        self.feedserver.add("/today", moved("/mirror"))
        self.feedserver.add("/mirror", feed())
        for _ in range(4):
            self.refresh_next(made)
        made.refresh_from_db()
        assert made.url == self.get_url("/feed")


class DeadEnds(RuleTestCase):
    @pytest.mark.rule(22)
    def test_a_loop_ends_after_a_bounded_number_of_hops(self) -> None:
        def further(request: Request) -> Response:
            return moved(f"/{int(request.path[1:]) + 1}")

        self.subscribe("/loop", moved("/pool"))
        self.feedserver.add("/pool", moved("/loop"))
        for number in range(100):
            self.feedserver.add(f"/{number}", further)
        self.subscribe("/0")
        rows = self.refresh().rows
        assert [row.failed for row in rows] == [True, True]
        assert len(self.asked("/loop")) + len(self.asked("/pool")) == 2
        assert len(self.asked()) <= 2 + 11
        assert set(Feed.objects.values_list("url", flat=True)) == {self.get_url("/loop"), self.get_url("/0")}

    @pytest.mark.slow
    @pytest.mark.rule(22)
    def test_a_permanent_redirect_to_a_page_to_log_in_at_keeps_url_and_items(self) -> None:
        made = self.subscribe("/feed", feed(), *[moved("/login")] * 5, feed(("one", "two", "three")))
        self.feedserver.add("/login", page("<title>Log in</title><form><input name=password></form>"))
        self.refresh()
        before = self.rows()
        for _ in range(5):
            assert self.refresh_next(made).message == "it is a web page (HTML), not a feed"
        made.refresh_from_db()
        assert (made.url, made.moved_to) == (self.get_url("/feed"), "")
        assert self.rows() == before
        assert self.refresh_next(made).new == 1

    @pytest.mark.rule(23)
    def test_a_410_ends_the_polling_and_is_reported(self) -> None:
        made = self.subscribe("/feed", feed(), gone())
        self.refresh()
        row = self.refresh_next(made)
        assert (row.outcome, row.next_at, row.reason) == ("gone", None, "410 Gone: it is not fetched again")
        self.clock.move(days=400)
        self.refresh()
        self.refresh(early=True)
        made.refresh_from_db()
        assert (made.status, made.health, len(self.asked())) == ("gone", "gone", 2)
        assert Fetch.objects.latest("pk").outcome == "gone"
        assert self.titles() == ["one", "two"]

    @pytest.mark.slow
    @pytest.mark.rule(23)
    def test_after_404_the_intervals_grow_and_polling_goes_on(self) -> None:
        made = self.subscribe("/feed", *[Response(status=404)] * 3, feed())
        waits = []
        for _ in range(3):
            row = self.refresh_next(made)
            assert row.next_at is not None
            waits.append((row.next_at - self.clock.now).total_seconds() / 3600)
        assert waits == [1, 2, 4]
        assert self.refresh_next(made).new == 2

    @pytest.mark.rule(23)
    def test_a_410_behind_a_temporary_redirect_ends_nothing(self) -> None:
        made = self.subscribe("/feed", moved("/today", 302), feed())
        self.feedserver.add("/today", gone())
        assert self.refresh_one().failed
        assert self.refresh_next(made).new == 2
