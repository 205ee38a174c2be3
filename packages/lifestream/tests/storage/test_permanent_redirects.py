"""After enough permanent redirects, a feed gets the new URL; a feed that already has it gets the subscriptions."""

from __future__ import annotations

from typing import Any

import pytest

from factories import NOW, draft, make_feed, make_item, make_lifestream, make_subscription, prepared, result
from lifestream.fetcher.outcomes import Failed, Fetched, Gone, Moved, NotModified, Outcome
from lifestream.models import Feed, Item, Post, Subscription
from lifestream.scheduler.jobs import Stored
from lifestream.storage import backfill
from lifestream.storage.credentials import seal
from lifestream.storage.writer import store

pytestmark = pytest.mark.django_db
URL = "https://example.com/feed"


def keep(feed: Feed, outcome: Outcome, **fields: Any) -> Stored:
    """Store a result of *feed*, and reload *feed* from the database."""
    [stored] = store([result(feed, outcome, **fields)], NOW)
    feed.refresh_from_db()
    return stored


NEW_URL = "https://new.example.org/feed"


def moved(url: str = NEW_URL) -> Fetched:
    return Fetched(url, b"", headers={"etag": '"1"'}, moved=Moved(url))


class TestMoves:
    def test_a_url_changes_after_three_permanent_redirects(self) -> None:
        feed = make_feed(URL)
        outcomes = [keep(feed, moved(), prepared=prepared(draft("1", "A"))) for _ in range(3)]
        assert [(each.outcome, each.moved_to) for each in outcomes] == [
            ("new", ""),
            ("unchanged", ""),
            ("moved", NEW_URL),
        ]
        assert (feed.url, feed.host.name, feed.domain) == (NEW_URL, "new.example.org", "new.example.org")
        assert (feed.etag, feed.moved_to, feed.moved_count) == ("", "", 0), "validators belong to a URL"
        assert list(Feed.objects.with_url(NEW_URL)) == [feed]
        assert Item.objects.count() == 1

    def test_a_304_of_the_new_url_is_counted_too(self) -> None:
        feed = make_feed(URL, moved_to=NEW_URL, moved_count=2)
        assert keep(feed, NotModified(NEW_URL, moved=Moved(NEW_URL))).moved_to == NEW_URL

    def test_the_count_of_redirects_restarts_when_they_end_or_lead_elsewhere(self) -> None:
        feed = make_feed(URL)
        for outcome in (moved(), moved(), Fetched(URL, b""), moved(), moved(), moved("https://other.example/")):
            keep(feed, outcome)
        assert (feed.url, feed.moved_to, feed.moved_count) == (URL, "https://other.example/", 1)

    def test_failures_between_redirects_do_not_restart_the_count(self) -> None:
        feed = make_feed(URL)
        for outcome in (moved(), Failed("timeout", "too slow"), moved(), Failed("parse", "a login page"), moved()):
            keep(feed, outcome)
        assert feed.url == NEW_URL

    @pytest.mark.parametrize(
        ("url", "follows"),
        [
            ("https://example.com/new", True),
            ("https://elsewhere.example/feed", False),
            ("http://example.com/feed", False),
            ("https://example.com:8443/feed", False),
        ],
    )
    def test_a_feed_with_credentials_is_never_moved_to_another_origin(self, url: str, follows: bool) -> None:
        feed = make_feed(URL, credentials=seal("user:password"))
        for _ in range(4):
            keep(feed, moved(url))
        assert feed.url == (url if follows else URL)

    def test_subscriptions_move_to_a_feed_that_exists_already_and_items_never_do(self) -> None:
        old, there = make_feed(URL, moved_to=NEW_URL, moved_count=2), make_feed(NEW_URL)
        other = make_subscription(there, make_lifestream("other"))
        both = make_lifestream("both")
        twin, old_twin = make_subscription(there, both), make_subscription(old, both, name="Old")
        mine = make_subscription(old, make_lifestream("mine"), name="Mine", block_rules="blocked")
        keep(old, Fetched(URL, b""), prepared=prepared(draft("1", "shared"), draft("2", "old only")))
        old.moved_to, old.moved_count = NEW_URL, 2
        old.save()
        keep(
            there,
            Fetched(NEW_URL, b""),
            prepared=prepared(draft("1", "shared"), draft("3", "new only"), draft("4", "blocked")),
        )

        stored = keep(old, moved(), prepared=prepared(draft("1", "shared"), draft("5", "at the end")))

        assert (stored.outcome, stored.moved_to) == ("moved", NEW_URL)
        assert (old.url, old.status, old.moved_to) == (URL, "gone", NEW_URL)
        assert Feed.objects.with_url(URL).get() == old
        assert "is a feed already: its subscriptions went there" in old.next_reason
        subscriptions = {sub.pk: sub.feed for sub in Subscription.objects.all()}
        assert subscriptions == {other.pk: there, twin.pk: there, mine.pk: there}
        assert old_twin.pk not in subscriptions
        assert {item.title: item.feed for item in Item.objects.filter(feed=old)} == {
            "shared": old, "old only": old, "at the end": old
        }  # fmt: skip
        assert titles(mine) == ["at the end", "new only", "old only", "shared"]
        assert titles(twin) == ["at the end", "blocked", "new only", "old only", "shared", "shared"]
        assert titles(other) == ["blocked", "new only", "shared"]

    @pytest.mark.slow
    def test_subscriptions_that_move_together_share_what_rules_may_read_at_once(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        old, there = make_feed(URL, moved_to=NEW_URL, moved_count=2), make_feed(NEW_URL)
        for number in range(3):
            make_item(there, f"{number}", text="a cat ")
        ruled = [make_subscription(old, block_rules="dog") for _ in range(3)]
        unruled = make_subscription(old)
        monkeypatch.setattr(backfill, "WORK_AT_ONCE", 725)
        keep(old, moved())
        assert [len(titles(each)) for each in (*ruled, unruled)] == [2, 0, 0, 3], "the second item passes the limit"
        assert set(Subscription.objects.filter(backlog__isnull=False)) == set(ruled)
        backfill.fill_rest()
        assert [len(titles(each)) for each in (*ruled, unruled)] == [3, 3, 3, 3]

    @pytest.mark.parametrize("secret", ["that moves", "that is there"])
    def test_a_feed_with_credentials_and_one_without_are_not_merged(self, secret: str) -> None:
        sealed = {"credentials": seal("user:password")}
        make_feed("https://example.com/new", **sealed if secret == "that is there" else {})
        mine = make_feed(URL, **sealed if secret == "that moves" else {})
        for _ in range(3):
            keep(mine, moved("https://example.com/new"))
        assert (mine.url, mine.status) == ("https://example.com/new", "active")

    def test_a_feed_that_was_gone_is_fetched_again_if_another_moves_to_its_url(self) -> None:
        there = make_feed(NEW_URL, status="gone")
        old = make_feed(URL, moved_to=NEW_URL, moved_count=2)
        keep(old, moved())
        there.refresh_from_db()
        assert there.status == "active"

    @pytest.mark.parametrize("order", [1, -1])
    def test_of_two_feeds_that_lead_to_each_other_the_one_with_the_readers_is_still_requested(self, order: int) -> None:
        """Their server redirects the URL that is asked for, and answers at the other one."""
        one = make_feed(URL, moved_to=NEW_URL, moved_count=2)
        other = make_feed(NEW_URL, moved_to=URL, moved_count=2)
        mine = make_subscription(one, make_lifestream())
        store([result(one, moved()), result(other, moved(URL))][::order], NOW)
        mine.refresh_from_db()
        assert mine.feed.status == "active"

    @pytest.mark.parametrize("order", [1, -1])
    @pytest.mark.parametrize("answer", [Gone(NEW_URL), moved("https://third.example/")])
    def test_a_feed_that_readers_have_just_moved_to_is_still_requested(self, answer: Outcome, order: int) -> None:
        old = make_feed(URL, moved_to=NEW_URL, moved_count=2)
        there = make_feed(NEW_URL, moved_to="https://third.example/", moved_count=2)
        make_feed("https://third.example/")
        mine = make_subscription(old, make_lifestream())
        store([result(old, moved()), result(there, answer)][::order], NOW)
        mine.refresh_from_db()
        assert mine.feed.status == "active"

    @pytest.mark.parametrize(
        ("url", "kept"), [(NEW_URL, ["proxy"]), ("https://example.com/new", ["certificates", "proxy", "unverified"])]
    )
    def test_options_about_certificates_are_kept_only_if_the_new_url_has_the_same_origin(
        self, url: str, kept: list[str]
    ) -> None:
        feed = make_feed(URL, options={"certificates": "PEM", "proxy": "direct", "unverified": True})
        for _ in range(3):
            keep(feed, moved(url))
        assert feed.url == url
        assert sorted(feed.options) == kept


def titles(subscription: Subscription) -> list[str]:
    posts = Post.objects.filter(lifestream=subscription.lifestream)
    assert {post.subscription_id for post in posts} <= {subscription.pk}
    return sorted(posts.values_list("item__title", flat=True))
