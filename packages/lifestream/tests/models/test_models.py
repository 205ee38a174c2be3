"""What the tables promise by themselves."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from factories import NOW, make_feed, make_item, make_lifestream, make_post, make_subscription
from lifestream.fetcher.url_hosts import domain_of, host_of
from lifestream.models import Feed, Host, Item, Lifestream, Post
from lifestream.models.items import tag_slug
from lifestream.storage.credentials import seal


@pytest.mark.parametrize(
    ("url", "host", "domain"),
    [
        ("https://www.Example.com/feed", "www.example.com", "example.com"),
        ("https://example.com:443/feed", "example.com", "example.com"),
        ("http://example.com:443/feed", "example.com:443", "example.com"),
        ("http://example.com:8080/", "example.com:8080", "example.com"),
        ("http://[2001:DB8::1]/", "[2001:db8::1]", "2001:db8::1"),
        ("http://[2001:db8::1]:81/", "[2001:db8::1]:81", "2001:db8::1"),
        ("http://[broken", "", ""),
        ("http://example.com:99999/", "", "example.com"),
        ("nonsense", "", ""),
    ],
)
def test_a_url_has_a_host_to_be_polite_to_and_a_domain_to_go_by(url: str, host: str, domain: str) -> None:
    assert (host_of(url), domain_of(url)) == (host, domain)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Django", "django"),
        ("#Django", "django"),
        ("  Free \n Software ", "free-software"),
        ("C", "c"),
        ("C++", "cplusplus"),
        ("C#", "csharp"),
        ("Straße", "strasse"),
        ("日本語", "日本語"),
        (".NET", "net"),
    ],
)
def test_a_tag_has_one_slug_however_it_is_written(name: str, slug: str) -> None:
    assert tag_slug(name) == slug


@pytest.mark.django_db
class TestFeeds:
    def test_there_is_one_shared_feed_a_url(self) -> None:
        make_feed("https://example.com/feed")
        with pytest.raises(IntegrityError), transaction.atomic():
            make_feed("https://example.com/feed")

    def test_feeds_with_credentials_share_with_nobody(self) -> None:
        url = "https://example.com/feed"
        shared = make_feed(url)
        mine, yours = (make_feed(url, credentials=seal("user:password")) for _ in range(2))
        assert set(Feed.objects.with_url(url)) == {shared, mine, yours}
        assert list(Feed.objects.shared()) == [shared]
        assert (shared.is_private, mine.is_private) == (False, True)

    def test_a_url_may_be_longer_than_any_index_allows(self) -> None:
        url = "https://example.com/" + "x" * 10_000
        make_feed(url)
        assert Feed.objects.with_url(url).get().url == url

    def test_what_follows_from_a_url_is_saved_with_it(self) -> None:
        feed = make_feed("https://www.example.com/feed")
        assert (feed.host.name, feed.domain) == ("www.example.com", "example.com")
        feed.url = "https://other.example.org/feed"
        feed.save(update_fields=["url"])
        feed.refresh_from_db()
        assert feed.host.name == "other.example.org"
        assert list(Feed.objects.with_url("https://other.example.org/feed")) == [feed]
        assert Host.objects.count() == 2

    @pytest.mark.parametrize(
        ("fields", "health"),
        [
            ({}, "new"),
            ({"last_fetch": NOW}, "ok"),
            ({"last_fetch": NOW, "failures": 1}, "failing"),
            ({"last_fetch": NOW, "status": "paused"}, "paused"),
            ({"status": "gone"}, "gone"),
        ],
    )
    def test_a_feed_fares(self, fields: dict[str, object], health: str) -> None:
        assert Feed(**fields).health == health

    def test_it_is_called_by_the_best_name_there_is(self) -> None:
        assert Feed(url="u", domain="d", title="t").display_title == "t"
        assert Feed(url="u", domain="d").display_title == "d"
        assert str(Feed(url="u")) == "u"


@pytest.mark.django_db
class TestItems:
    def test_an_item_is_unique_by_feed_and_key(self) -> None:
        item = make_item()
        make_item(key_hash=item.key_hash)
        with pytest.raises(IntegrityError), transaction.atomic():
            make_item(item.feed, key_hash=item.key_hash)

    def test_text_that_no_index_could_hold_fits(self) -> None:
        item = make_item(title="t" * 10_000, guid="g" * 5000, link="l" * 5000, author="a" * 5000)
        item.refresh_from_db()
        assert (len(item.title), len(item.guid), len(item.link), len(item.author)) == (10_000, 5000, 5000, 5000)

    @pytest.mark.parametrize("column", ["key_hash", "link_hash", "content_hash"])
    def test_none_of_its_keys_is_looked_for_by_reading_all_items_of_its_feed(self, column: str) -> None:
        with connection.cursor() as cursor:
            found = connection.introspection.get_constraints(cursor, Item._meta.db_table)
        beginnings = [each["columns"][:2] for each in found.values() if each["index"] or each["unique"]]
        assert ["feed_id", column] in beginnings


@pytest.mark.django_db
class TestLifestreams:
    @pytest.fixture
    def users(self) -> dict[str, User | AnonymousUser]:
        return {
            "owner": User.objects.create_user("owner"),
            "other": User.objects.create_user("other"),
            "superuser": User.objects.create_superuser("superuser"),
            "anonymous": AnonymousUser(),
        }

    @pytest.mark.parametrize(
        ("who", "reads", "owns"),
        [
            ("owner", {"public", "private", "nobody's"}, {"public", "private"}),
            ("other", {"public", "nobody's"}, set()),
            ("anonymous", {"public", "nobody's"}, set()),
            ("superuser", {"public", "private", "nobody's"}, {"public", "private", "nobody's"}),
        ],
    )
    def test_who_reads_and_who_owns(
        self, users: dict[str, User | AnonymousUser], who: str, reads: set[str], owns: set[str]
    ) -> None:
        make_lifestream(title="public", owner=users["owner"])
        make_lifestream(title="private", owner=users["owner"], is_public=False)
        make_lifestream(title="nobody's")
        streams = Lifestream.objects
        assert {stream.title for stream in streams.readable_by(users[who])} == reads
        assert {stream.title for stream in streams.owned_by(users[who])} == owns

    def test_a_subscription_is_unique_and_named_by_its_owner_or_its_feed(self) -> None:
        feed = make_feed(title="Feed")
        subscription = make_subscription(feed, name="Mine")
        assert (str(subscription), str(make_subscription(feed))) == ("Mine", "Feed")
        with pytest.raises(IntegrityError), transaction.atomic():
            make_subscription(feed, subscription.lifestream)

    def test_a_rule_that_is_none_is_told_where_it_is_entered(self) -> None:
        subscription = make_subscription(make_feed())
        subscription.block_rules = "title:"
        with pytest.raises(ValidationError, match="Line 1, 'title:', has nothing to look for"):
            subscription.full_clean()

    def test_posts_are_latest_first_and_those_of_one_moment_in_the_order_they_came(self) -> None:
        feed = make_feed()
        subscription = make_subscription(feed)
        dates = [NOW, NOW, NOW + timedelta(hours=1), NOW - timedelta(hours=1)]
        posts = [make_post(make_item(feed, date=date), subscription) for date in dates]
        assert list(Post.objects.all()) == [posts[2], posts[1], posts[0], posts[3]]

    def test_hidden_and_removed_posts_are_not_visible(self) -> None:
        feed = make_feed()
        subscription = make_subscription(feed)
        shown, *_ = (
            make_post(make_item(feed), subscription, **how) for how in ({}, {"hidden": True}, {"removed": True})
        )
        assert list(Post.objects.visible()) == [shown]

    def test_all_goes_with_its_feed(self) -> None:
        post = make_post(make_item(tags=["x"]))
        post.item.feed.delete()
        assert not Item.objects.exists()
        assert not Post.objects.exists()
        assert Lifestream.objects.count() == 1


@pytest.mark.django_db
def test_the_migrations_are_those_of_the_models() -> None:
    call_command("makemigrations", "lifestream", "--check", "--dry-run", verbosity=0)
