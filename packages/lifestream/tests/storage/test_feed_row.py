"""What a fetch leaves in its feed's own row and in the log."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from factories import NOW, draft, make_feed, make_lifestream, make_subscription, prepared, result
from lifestream.entry import ParsedFeed
from lifestream.fetcher.cache_lifetime import Freshness
from lifestream.fetcher.outcomes import Failed, Fetched, Gone, Moved, NotModified, Outcome
from lifestream.fetcher.url_hosts import domain_of
from lifestream.models import Feed, Fetch, Host, Item, Post, Subscription
from lifestream.plugins.item_pipeline import PluginProblem, Prepared
from lifestream.scheduler.jobs import Stored
from lifestream.scheduler.schedule import Next, Terms
from lifestream.storage import fanout, fetch_log
from lifestream.storage.credentials import seal
from lifestream.storage.writer import store

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
URL = "https://example.com/feed"


def keep(feed: Feed, outcome: Outcome, **fields: Any) -> Stored:
    """Stores one result of *feed*, and reads the feed again."""
    [stored] = store([result(feed, outcome, **fields)], NOW)
    feed.refresh_from_db()
    return stored


class TestValidators:
    def test_those_of_a_200_replace_all_that_were_there(self) -> None:
        feed = make_feed(URL, etag='"old"', last_modified="yesterday", body_hash="old")
        keep(feed, Fetched(URL, b"", headers={"etag": 'W/"new"'}), body_hash="new", prepared=prepared())
        assert (feed.etag, feed.last_modified, feed.body_hash) == ('W/"new"', "", "new")

    def test_a_304_changes_only_those_that_it_names(self) -> None:
        feed = make_feed(URL, etag='"old"', last_modified="yesterday", body_hash="hash")
        keep(feed, NotModified(URL, headers={"etag": '"new"'}))
        assert (feed.etag, feed.last_modified, feed.body_hash) == ('"new"', "yesterday", "hash")

    @pytest.mark.parametrize("outcome", [Failed("parse", "no feed", status=200), Gone(URL)])
    def test_other_answers_change_none(self, outcome: Outcome) -> None:
        feed = make_feed(URL, etag='"old"', last_modified="yesterday", body_hash="hash")
        keep(feed, outcome)
        assert (feed.etag, feed.last_modified, feed.body_hash) == ('"old"', "yesterday", "hash")

    def test_one_that_could_not_be_sent_back_as_it_was_is_not_kept(self) -> None:
        feed = make_feed(URL)
        keep(feed, Fetched(URL, b"", headers={"etag": '"\udc80"', "last-modified": "today"}), prepared=prepared())
        assert (feed.etag, feed.last_modified) == ("", "today")

    def test_a_body_that_we_had_writes_no_item(self) -> None:
        feed = make_feed(URL, title="Title")
        stored = keep(feed, Fetched(URL, b"", headers={"etag": '"2"'}), body_hash="hash")
        assert (stored.outcome, stored.new, feed.etag, feed.title) == ("unchanged", 0, '"2"', "Title")


class TestSchedule:
    def test_the_next_fetch_and_why_are_kept(self) -> None:
        feed = make_feed(URL)
        terms = Terms(Freshness(7200.0, "max-age"))
        due = Next(NOW + 2 * HOUR, "max-age of the last answer", NOW + HOUR, failures=0, terms=terms)
        keep(feed, NotModified(URL), next=due)
        assert (feed.next_fetch, feed.next_reason) == (NOW + 2 * HOUR, "max-age of the last answer")
        assert (feed.not_before, Terms.from_json(feed.terms)) == (NOW + HOUR, terms)
        assert (feed.last_fetch, feed.last_success, feed.last_status) == (NOW, NOW, "not modified")
        assert (feed.claim_token, feed.claimed_until, feed.health) == ("", None, "ok")

    def test_a_failure_is_counted_and_told_and_a_success_ends_it(self) -> None:
        feed = make_feed(URL, last_success=NOW - HOUR)
        keep(feed, Failed("dns", "no such host"), next=Next(NOW + HOUR, "1st error in a row", failures=1))
        assert (feed.failures, feed.last_error, feed.last_success) == (1, "no such host", NOW - HOUR)
        assert (feed.health, feed.status) == ("failing", "active")
        keep(feed, NotModified(URL))
        assert (feed.failures, feed.last_error, feed.health) == (0, "", "ok")

    def test_a_410_ends_the_polling(self) -> None:
        feed = make_feed(URL)
        stored = keep(feed, Gone(URL), next=Next(None, "410 Gone: it is not asked again"))
        assert (stored.outcome, feed.status, feed.health) == ("gone", "gone", "gone")
        assert (Fetch.objects.get().next_fetch, feed.next_reason) == (None, "410 Gone: it is not asked again")
        assert not Feed.objects.due(NOW + 1000 * HOUR).exists()

    def test_a_pause_of_the_host_is_kept_for_all_its_feeds_and_never_shortened(self) -> None:
        feed = make_feed(URL)
        sibling = make_feed("https://example.com/other")
        for pause in (2 * HOUR, HOUR):
            keep(
                feed, Failed("status", "429", status=429), next=Next(NOW + pause, "Retry-After", host_pause=NOW + pause)
            )
        assert Host.objects.get(name="example.com").not_before == NOW + 2 * HOUR
        assert not Feed.objects.due(NOW + HOUR).exists()
        assert sibling in Feed.objects.due(NOW + 2 * HOUR)

    def test_a_feed_paused_meanwhile_stays_paused(self) -> None:
        feed = make_feed(URL)
        late = result(feed, NotModified(URL))
        Feed.objects.update(status="paused")
        store([late], NOW)
        feed.refresh_from_db()
        assert feed.status == "paused"


class TestDescription:
    def test_what_a_document_says_of_itself_is_kept(self) -> None:
        feed = make_feed("https://feeds.example.net/x")
        said = prepared(
            draft("1", link="https://example.com/1"),
            title="Title",
            link="https://www.Example.com/",
            subtitle="About",
            language="en",
            hub_url="https://hub.example/",
        )
        keep(feed, Fetched(feed.url, b""), prepared=said)
        assert (feed.title, feed.site_url, feed.domain) == ("Title", "https://www.Example.com/", "example.com")
        assert (feed.description, feed.language, feed.hub_url) == ("About", "en", "https://hub.example/")

    def test_what_it_leaves_out_stays_but_the_hub(self) -> None:
        feed = make_feed(URL, title="Title", site_url="https://site.example.com/", hub_url="https://hub.example/")
        keep(feed, Fetched(URL, b""), prepared=prepared(title="\ud800"))
        keep(feed, Fetched(URL, b""), prepared=prepared())
        assert (feed.title, feed.site_url, feed.hub_url) == ("\ufffd", "https://site.example.com/", "")

    def test_a_domain_that_only_the_feed_speaks_for_is_corrected_by_the_next_document(self) -> None:
        feed = make_feed(URL, domain="github.com", site_url="https://github.com/")
        said = prepared(draft("1", link="https://evil.example/1"), link="https://github.com/")
        keep(feed, Fetched(URL, b""), prepared=said)
        assert feed.domain == domain_of(URL)
        said = prepared(draft("1", link="https://gist.github.com/1"), link="https://github.com/")
        keep(feed, Fetched(URL, b""), prepared=said)
        assert feed.domain == "github.com"

    def test_the_url_that_answered_speaks_for_the_domain(self) -> None:
        feed = make_feed("https://feedburner.example/x")
        answered = Fetched("https://www.blog.example/feed", b"")
        keep(feed, answered, prepared=prepared(link="https://blog.example/"))
        assert feed.domain == "blog.example"


class TestLog:
    @pytest.mark.parametrize(
        ("outcome", "named", "status", "message"),
        [
            (NotModified(URL, duration=0.5), "not modified", 304, ""),
            (Gone(URL, duration=0.5), "gone", 410, ""),
            (Failed("timeout", "too slow", duration=0.5), "failed", None, "too slow"),
            (Failed("status", "500", status=500, duration=0.5), "failed", 500, "500"),
            (Fetched(URL, b"", duration=0.5, size=7), "unchanged", 200, ""),
        ],
    )
    def test_every_fetch_leaves_a_line(self, outcome: Outcome, named: str, status: int | None, message: str) -> None:
        stored = keep(make_feed(URL), outcome, started=NOW - HOUR)
        line = Fetch.objects.get()
        assert (line.started, line.duration) == (NOW - HOUR, 0.5)
        assert (line.outcome, line.status, line.message) == (named, status, message)
        assert line.size == (7 if isinstance(outcome, Fetched) else 0)
        assert (stored.outcome, stored.message) == (named, message)

    def test_it_counts_and_names_what_came(self) -> None:
        feed = make_feed(URL)
        keep(feed, Fetched(URL, b""), prepared=prepared(draft("1", "A"), draft("2", "B")))
        keep(feed, Fetched(URL, b""), prepared=prepared(draft("1", "A!"), draft("2", "B")))
        lines = Fetch.objects.order_by("pk").values_list("outcome", "new", "changed")
        assert list(lines) == [("new", 2, 0), ("changed", 0, 1)]

    def test_it_tells_what_was_wrong_with_the_document_at_bounded_length(self) -> None:
        problem = PluginProblem("github", "process", "A", "KeyError: 'x'")
        keep(
            make_feed(URL),
            Fetched(URL, b""),
            prepared=Prepared(ParsedFeed(complaint="not well-formed \x00"), problems=(problem,) * 1000),
        )
        message = Fetch.objects.get().message
        assert message.startswith("not well-formed ; plugin github: process failed on 'A', which is left out: KeyError")
        assert len(message) == 2000

    def test_no_more_than_the_latest_fifty_lines_of_each_feed_are_kept(self) -> None:
        feeds = [make_feed(), make_feed()]
        lengths = set()
        for hour in range(fetch_log.LENGTH + 3):
            started = NOW + hour * HOUR
            failed = Failed("status", f"trouble {hour}")
            store([result(feed, failed, started=started) for feed in feeds], NOW)
            lengths |= {feed.fetches.count() for feed in feeds}
        assert lengths == set(range(1, 51))
        latest = [NOW + hour * HOUR for hour in reversed(range(3, fetch_log.LENGTH + 3))]
        assert all([line.started for line in feed.fetches.all()] == latest for feed in feeds)

    def test_a_log_that_is_too_long_already_is_cut_by_its_next_line(self) -> None:
        feed, sibling = make_feed(URL), make_feed()
        lines = [
            Fetch(feed=each, started=NOW - hour * HOUR, outcome="new") for hour in range(60) for each in (feed, sibling)
        ]
        Fetch.objects.bulk_create(lines)
        keep(feed, NotModified(URL))
        assert (feed.fetches.count(), sibling.fetches.count()) == (50, 60)
        assert feed.fetches.latest("pk").outcome == "not modified"

    def test_what_comes_to_the_same_extends_the_last_line(self) -> None:
        feed, sibling = make_feed(URL), make_feed()
        times = [NOW + hour * HOUR for hour in range(3)]
        for time in times:
            keep(feed, NotModified(URL, duration=0.25), started=time, next=Next(time + HOUR, f"at {time:%H}"))
            keep(sibling, NotModified(sibling.url), started=time)
        line = feed.fetches.get()
        assert (line.started, line.latest, line.count) == (times[0], times[2], 3)
        assert (line.duration, line.next_fetch, line.reason) == (0.25, times[2] + HOUR, "at 14")
        assert sibling.fetches.get().count == 3

    def test_what_comes_to_something_else_is_a_line_of_its_own(self) -> None:
        feed = make_feed(URL)
        outcomes: list[Outcome] = [
            Fetched(URL, b""),
            NotModified(URL),
            Failed("status", "500", status=500),
            Failed("status", "503", status=503),
            Failed("timeout", "too slow"),
            Failed("timeout", "too slow"),
            NotModified(URL),
        ]
        for outcome in outcomes:
            keep(feed, outcome)
        assert list(feed.fetches.order_by("pk").values_list("status", "count")) == [
            (200, 1), (304, 1), (500, 1), (503, 1), (None, 2), (304, 1)
        ]  # fmt: skip

    def test_what_brought_something_is_never_one_with_another(self) -> None:
        feed = make_feed(URL)
        for title in ("A", "B"):
            keep(feed, Fetched(URL, b""), prepared=prepared(draft(title, title)))
        assert list(feed.fetches.values_list("new", "count")) == [(1, 1), (1, 1)]


NEW_URL = "https://new.example.org/feed"


def moved(url: str = NEW_URL) -> Fetched:
    return Fetched(url, b"", headers={"etag": '"1"'}, moved=Moved(url))


class TestMoves:
    def test_a_url_changes_after_it_was_redirected_for_good_often_enough(self) -> None:
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

    def test_a_304_of_the_new_url_counts_too(self) -> None:
        feed = make_feed(URL, moved_to=NEW_URL, moved_count=2)
        assert keep(feed, NotModified(NEW_URL, moved=Moved(NEW_URL))).moved_to == NEW_URL

    def test_redirects_that_end_or_lead_elsewhere_begin_anew(self) -> None:
        feed = make_feed(URL)
        for outcome in (moved(), moved(), Fetched(URL, b""), moved(), moved(), moved("https://other.example/")):
            keep(feed, outcome)
        assert (feed.url, feed.moved_to, feed.moved_count) == (URL, "https://other.example/", 1)

    def test_failures_between_them_are_no_answer(self) -> None:
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
    def test_credentials_are_never_taken_elsewhere(self, url: str, follows: bool) -> None:
        feed = make_feed(URL, credentials=seal("user:password"))
        for _ in range(4):
            keep(feed, moved(url))
        assert feed.url == (url if follows else URL)

    def test_if_a_feed_is_there_already_subscriptions_go_to_it_and_items_never(self) -> None:
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

    def test_a_feed_with_credentials_is_not_merged_into_one_without(self) -> None:
        make_feed("https://example.com/new")
        mine = make_feed(URL, credentials=seal("user:password"))
        for _ in range(3):
            keep(mine, moved("https://example.com/new"))
        assert (mine.url, mine.status) == ("https://example.com/new", "active")

    def test_a_feed_that_was_gone_is_asked_again_if_one_moves_to_it(self) -> None:
        there = make_feed(NEW_URL, status="gone")
        old = make_feed(URL, moved_to=NEW_URL, moved_count=2)
        keep(old, moved())
        there.refresh_from_db()
        assert there.status == "active"


def titles(subscription: Subscription) -> list[str]:
    posts = Post.objects.filter(lifestream=subscription.lifestream)
    assert {post.subscription_id for post in posts} <= {subscription.pk}
    return sorted(posts.values_list("item__title", flat=True))


class TestSubscribing:
    def test_the_items_that_are_there_are_posted(self) -> None:
        feed, stream = make_feed(URL), make_lifestream()
        keep(feed, Fetched(URL, b""), prepared=prepared(draft("1", "A", published=NOW - HOUR), draft("2", "B")))
        subscription = fanout.subscribe(stream, feed, name="Name", folder="Folder")
        assert (subscription.display_name, subscription.folder) == ("Name", "Folder")
        assert titles(subscription) == ["A", "B"]
        assert Post.objects.get(item__title="A").date == NOW - HOUR

    def test_as_far_as_the_rules_allow(self) -> None:
        feed = make_feed(URL)
        drafts = [draft("1", "A", tags=("x",)), draft("2", "B", text="x"), draft("3", "C", author="x"), draft("4", "D")]
        keep(feed, Fetched(URL, b""), prepared=prepared(*drafts))
        assert titles(fanout.subscribe(make_lifestream(), feed, keep_rules="x")) == ["A", "B", "C"]
        assert titles(fanout.subscribe(make_lifestream(), feed, block_rules="tag: x\nauthor: x")) == ["B", "D"]

    def test_a_second_time_it_is_the_same_subscription(self) -> None:
        feed, stream = make_feed(URL), make_lifestream()
        first = fanout.subscribe(stream, feed, name="First")
        assert fanout.subscribe(stream, feed, name="Second") == first
        assert Subscription.objects.get().name == "First"

    def test_more_items_than_a_chunk(self) -> None:
        feed = make_feed(URL)
        keep(feed, Fetched(URL, b""), prepared=prepared(*(draft(f"{n}", f"{n}") for n in range(fanout.CHUNK * 2 + 1))))
        fanout.subscribe(make_lifestream(), feed)
        assert Post.objects.count() == fanout.CHUNK * 2 + 1

    def test_a_pause_is_made_up_for_when_it_ends(self) -> None:
        feed = make_feed(URL)
        subscription = make_subscription(feed, paused=True)
        keep(feed, Fetched(URL, b""), prepared=prepared(draft("1", "A")))
        assert fanout.fill(subscription) == 0
        Subscription.objects.update(paused=False)
        assert (fanout.fill(subscription), fanout.fill(subscription)) == (1, 0)
        assert titles(subscription) == ["A"]

    def test_what_was_hidden_or_removed_stays_so(self) -> None:
        feed = make_feed(URL)
        subscription = make_subscription(feed)
        keep(feed, Fetched(URL, b""), prepared=prepared(draft("1", "A"), draft("2", "B")))
        Post.objects.filter(item__title="A").update(removed=True)
        fanout.fill(subscription)
        assert [post.item.title for post in Post.objects.visible()] == ["B"]

    def test_posts_go_with_their_subscription_and_items_stay(self) -> None:
        feed = make_feed(URL)
        subscription = make_subscription(feed)
        make_subscription(feed)
        keep(feed, Fetched(URL, b""), prepared=prepared(draft("1", "A")))
        subscription.delete()
        assert (Post.objects.count(), Item.objects.count()) == (1, 1)
