"""The Python API, as a site calls it."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser, User

from factories import NOW, make_feed, make_item, make_lifestream, make_post, make_subscription
from feedserver import FeedServer, Response
from lifestream import api
from lifestream.models import Feed, Item, Lifestream, Post, Subscription
from served import Clock, feed, page

pytestmark = pytest.mark.django_db


def titles(timeline: api.Timeline) -> list[str]:
    return [post.item.title for post in timeline.posts()]


@pytest.mark.usefixtures("parsed_in_process")
class TestSubscribing:
    def test_to_a_page_finds_its_feed_and_imports_it(self, feedserver: FeedServer) -> None:
        feedserver.add("/feed", feed())
        feedserver.add("/", page("<link rel='alternate' type='application/rss+xml' href='/feed'>"))
        lifestream = make_lifestream()
        subscription = api.subscribe(lifestream, feedserver.url("/"), name="Mine", folder="Blogs", block_rules="two")
        assert (subscription.display_name, subscription.folder) == ("Mine", "Blogs")
        assert titles(api.timeline(lifestream)) == ["one"]
        assert Item.objects.count() == 2

    def test_twice_changes_nothing(self, feedserver: FeedServer) -> None:
        feedserver.add("/feed", feed())
        lifestream = make_lifestream()
        first = api.subscribe(lifestream, feedserver.url("/feed"), name="First")
        assert api.subscribe(lifestream, feedserver.url("/feed"), name="Second") == first
        assert (Subscription.objects.get().name, len(feedserver.requests)) == ("First", 1)

    def test_to_a_feed_that_was_found_makes_no_second_request(self, feedserver: FeedServer) -> None:
        feedserver.add("/feed", feed())
        found = api.find_feed(feedserver.url("/feed"))
        assert (found.title, Feed.objects.count()) == ("A feed", 0)
        api.subscribe(make_lifestream(), found)
        assert (Post.objects.count(), len(feedserver.requests)) == (2, 1)

    def test_to_an_address_without_a_feed_raises_an_error_with_the_reason(self, feedserver: FeedServer) -> None:
        feedserver.add("/", Response(status=403))
        with pytest.raises(api.NotAdded, match="403"):
            api.subscribe(make_lifestream(), feedserver.url("/"))

    def test_to_a_stored_feed_needs_no_network(self) -> None:
        item = make_item(title="Kites")
        lifestream = make_lifestream()
        api.subscribe(lifestream, item.feed, keep_rules="kites")
        assert titles(api.timeline(lifestream)) == ["Kites"]

    def test_with_an_invalid_rule_is_refused_before_any_request(self) -> None:
        with pytest.raises(api.RuleError, match=r"^Line 1, 'title:', has nothing to look for"):
            api.subscribe(make_lifestream(), "https://nobody.invalid/", keep_rules="title:")

    def test_refresh_fetches_the_given_feeds_and_reports_what_is_new(self, feedserver: FeedServer) -> None:
        clock = Clock()
        feedserver.add("/feed", feed())
        row, _ = (make_feed(feedserver.url(path), next_fetch=clock.now) for path in ("/feed", "/other"))
        assert (api.refresh([row.pk], clock=clock).new, len(feedserver.requests)) == (2, 1)


class TestUnsubscribing:
    @pytest.mark.parametrize("by", ["url", "feed", "subscription"])
    def test_removes_the_posts_and_keeps_the_items(self, by: str) -> None:
        post = make_post()
        other = make_subscription(post.item.feed)
        feed, subscription = post.item.feed, post.subscription
        named: dict[str, str | Feed | Subscription] = {"url": feed.url, "feed": feed, "subscription": subscription}
        assert api.unsubscribe(post.lifestream, named[by])
        assert list(Subscription.objects.all()) == [other]
        assert titles(api.timeline(post.lifestream)) == [] and Item.objects.count() == 1
        assert not api.unsubscribe(post.lifestream, named["url"])

    def test_keeps_the_subscription_of_another_lifestream(self) -> None:
        post = make_post()
        assert not api.unsubscribe(make_lifestream(), post.subscription)
        assert Subscription.objects.exists()


class TestTimelines:
    @pytest.fixture
    def stream(self) -> Lifestream:
        stream = make_lifestream(owner=User.objects.create_user("ada"))
        open_, secret = make_feed(), make_feed(credentials="sealed")
        make_item(open_, "Kites", tags=["Sky"], date=NOW)
        make_item(open_, "Boats", tags=["Sea"], date=NOW - timedelta(days=1))
        make_item(secret, "Secrets", date=NOW - timedelta(days=2))
        make_subscription(open_, stream)
        make_subscription(secret, stream)
        return stream

    def test_show_the_latest_first_and_feeds_with_a_password_only_to_the_owner(self, stream: Lifestream) -> None:
        assert titles(api.timeline(stream)) == titles(api.timeline(stream, AnonymousUser())) == ["Kites", "Boats"]
        assert titles(api.timeline(stream, stream.owner)) == ["Kites", "Boats", "Secrets"]
        assert titles(api.timeline(stream, User.objects.create_user("bob"))) == ["Kites", "Boats"]

    def test_are_narrowed_by_site_tag_search_and_day(self, stream: Lifestream) -> None:
        site = stream.subscriptions.get(feed__credentials="")
        assert titles(api.timeline(stream, stream.owner, site=site)) == ["Kites", "Boats"]
        assert titles(api.timeline(stream, tag="#sky")) == ["Kites"]
        assert titles(api.timeline(stream, tag="nonesuch")) == []
        assert titles(api.timeline(stream, search="boats")) == ["Boats"]
        assert titles(api.timeline(stream, day=date(2024, 4, 30))) == ["Boats"]
        assert titles(api.timeline(stream, site=site, tag="sky", search="kites", day=date(2024, 5, 1))) == ["Kites"]
        assert titles(api.timeline(stream, tag="sky", search="boats")) == []


class TestRules:
    def test_that_are_set_decide_which_posts_are_shown(self) -> None:
        feed = make_feed()
        for title in ("Kites", "Boats"):
            make_item(feed, title)
        subscription = make_subscription(feed, keep_rules="kites", block_rules="wind")
        api.set_rules(subscription, keep="")
        subscription.refresh_from_db()
        assert (subscription.keep_rules, subscription.block_rules) == ("", "wind")
        assert sorted(titles(api.timeline(subscription.lifestream))) == ["Boats", "Kites"]
        with pytest.raises(api.RuleError):
            api.set_rules(subscription, block="title:")

    def test_that_are_not_given_stay_as_somebody_else_has_set_them_meanwhile(self) -> None:
        subscription = make_subscription(make_feed(), keep_rules="kites", block_rules="wind")
        api.set_rules(Subscription.objects.get(pk=subscription.pk), block="rain")
        api.set_rules(subscription, keep="boats")
        subscription.refresh_from_db()
        assert (subscription.keep_rules, subscription.block_rules) == ("boats", "rain")

    def test_stay_as_they_are_in_the_instance_too_if_one_of_them_is_invalid(self) -> None:
        subscription = make_subscription(make_feed(), keep_rules="kites")
        with pytest.raises(api.RuleError):
            api.set_rules(subscription, keep="boats", block="title:")
        assert subscription.keep_rules == "kites"

    def test_allow_an_item_that_they_keep_and_do_not_block(self) -> None:
        item = make_item(title="Kites", tags=["sky"])
        assert api.allows(make_subscription(item.feed, keep_rules="tag: sky"), item)
        assert not api.allows(make_subscription(item.feed, block_rules="kites"), item)


@pytest.mark.slow
def test_a_site_with_the_admin_and_the_api_starts_without_the_modules_that_fetch_and_read() -> None:
    """Each command of such a site imports the admin."""
    code = (
        "import django; from django.conf import settings; "
        "apps = ['admin', 'auth', 'contenttypes', 'messages', 'sessions']; "
        "settings.configure(INSTALLED_APPS=[*(f'django.contrib.{app}' for app in apps), 'lifestream']); "
        "django.setup(); import sys; import lifestream.admin, lifestream.api; "
        "print(*({'aiohttp', 'nh3', 'lifestream.parser', 'lifestream.fetcher.fetch'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split() == []


def test_every_name_can_be_imported() -> None:
    assert all(hasattr(api, name) for name in api.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nonesuch'"):
        api.nonesuch  # noqa: B018
