"""How an operator changes a feed, and which of its stored values a change keeps."""

from __future__ import annotations

from typing import Any

import pytest

from factories import NOW, make_feed, make_item, make_lifestream, make_subscription
from lifestream.fetcher.feed_urls import UrlRefused
from lifestream.fetcher.request_options import OptionRefused
from lifestream.models import Feed, Item, Subscription, due_hosts
from lifestream.models.changed_fields import RowGone
from lifestream.storage.feed_editing import FeedChange, change_feed
from lifestream.storage.feed_options import FeedOptions, Secrets, secrets_of

pytestmark = pytest.mark.django_db
URL = "https://a.example/feed"


def make(**fields: Any) -> Feed:
    return make_feed(
        URL, etag='"v1"', last_modified="yesterday", body_hash="x", failures=3, claim_token="held", **fields
    )


def change(feed: Feed, **fields: Any) -> Feed:
    return Feed.objects.get(pk=change_feed(feed.pk, FeedChange(**fields), NOW))


def test_another_url_drops_the_validators_and_a_running_claim_and_keeps_the_items() -> None:
    feed = make(status=Feed.Status.GONE, moved_to="https://b.example/", moved_count=2)
    make_item(feed, "one")
    feed = change(feed, url="HTTPS://B.example:443/x/../feed#top")
    assert (feed.url, feed.host.name) == ("https://b.example/feed", "b.example")
    assert (feed.etag, feed.last_modified, feed.moved_to, feed.moved_count) == ("", "", "", 0)
    assert (feed.status, feed.next_fetch, feed.failures, feed.claim_token) == ("active", NOW, 0, "")
    assert str(feed.next_reason) == "it was changed, and is fetched again"
    assert Item.objects.filter(feed=feed).count() == 1
    assert due_hosts.wrong("default") == []


def test_another_spelling_of_the_url_keeps_the_validators() -> None:
    feed = change(make(), url="https://A.example:443/feed")
    assert (feed.url, feed.etag) == (URL, '"v1"')


def test_if_another_feed_has_the_new_url_the_subscriptions_go_there() -> None:
    feed, there = make(), make_feed("https://b.example/feed")
    lifestream = make_lifestream()
    subscription = make_subscription(feed, lifestream)
    assert change(feed, url="https://b.example/feed") == there
    subscription.refresh_from_db()
    assert subscription.feed == there
    feed.refresh_from_db()
    assert (feed.url, feed.status) == (URL, Feed.Status.GONE)
    assert "https://b.example/feed" in str(feed.next_reason)


def test_a_url_that_can_not_be_fetched_changes_nothing() -> None:
    feed = make()
    for url in ("ftp://b.example/", "nonsense"):
        with pytest.raises(UrlRefused):
            change(feed, url=url, user_agent="x")
    feed.refresh_from_db()
    assert (feed.url, feed.options, feed.etag) == (URL, {}, '"v1"')


def test_a_login_and_headers_are_sealed_and_make_the_feed_private() -> None:
    feed = change(make(), login="ada:pw", headers="X-Key: s3cret")
    assert secrets_of(feed.credentials) == Secrets("ada:pw", (("X-Key", "s3cret"),))
    assert feed.is_private
    assert feed.etag == "", "a 304 would answer for the entries that requests without the login see"
    feed = change(feed, login="")
    assert secrets_of(feed.credentials) == Secrets("", (("X-Key", "s3cret"),))
    assert not change(feed, headers="").is_private


def test_a_login_in_the_url_is_taken_out_of_it() -> None:
    feed = change(make(), url="https://ada:p%20w@b.example/feed")
    assert (feed.url, secrets_of(feed.credentials).login) == ("https://b.example/feed", "ada:p w")


def test_a_feed_that_several_lifestreams_read_is_refused_a_secret() -> None:
    feed = make()
    for _ in range(2):
        make_subscription(feed, make_lifestream())
    with pytest.raises(OptionRefused, match=r"^2 lifestreams read https://a\.example/feed, and would all see"):
        change(feed, login="ada:pw")
    feed.refresh_from_db()
    assert not feed.is_private


def test_a_feed_whose_secrets_are_removed_is_merged_into_the_public_one_of_the_same_url() -> None:
    there = make_feed(URL)
    private = make_feed(URL, credentials=Secrets("ada:pw").sealed())
    make_subscription(private, make_lifestream())
    assert change(private, login="") == there
    assert Subscription.objects.get().feed == there


def test_options_are_stored_and_can_be_removed_one_by_one() -> None:
    feed = change(make(), interval=7200, user_agent=" Mine/1 ", verifies=False, proxy="socks5://127.0.0.1:9050")
    assert FeedOptions.from_json(feed.options) == FeedOptions(
        7200.0, "Mine/1", verifies=False, proxy="socks5://127.0.0.1:9050"
    )
    assert (feed.etag, feed.next_fetch) == ('"v1"', NOW)
    feed = change(feed, interval=0, verifies=True, full_content=True)
    assert FeedOptions.from_json(feed.options) == FeedOptions(
        user_agent="Mine/1", proxy="socks5://127.0.0.1:9050", full_content=True
    )
    feed = change(feed, user_agent="", proxy="", full_content=False)
    assert feed.options == {}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"interval": 60}, "the interval is to be from 1 hour to 7 days"),
        ({"interval": 8 * 86400}, "the interval is to be from 1 hour to 7 days"),
        ({"user_agent": "a\nb"}, "a User-Agent is one line of at most 500 ASCII characters"),
        ({"user_agent": "x" * 501}, "a User-Agent is one line of at most 500 ASCII characters"),
        ({"user_agent": "Größe/1"}, "a User-Agent is one line of at most 500 ASCII characters"),
        ({"headers": "Host: x"}, "the header Host is set by lifestream itself"),
        ({"certificates": "x"}, "it holds no certificate in PEM, which begins with -----BEGIN CERTIFICATE-----"),
    ],
)
def test_an_unusable_option_is_refused(fields: dict[str, Any], message: str) -> None:
    feed = make()
    with pytest.raises(OptionRefused) as refused:
        change(feed, **fields)
    assert str(refused.value) == message
    assert Feed.objects.get(pk=feed.pk).options == {}


def test_secrets_that_are_lost_can_be_entered_again() -> None:
    feed = make(credentials="lost", options={"proxy": "lost", "interval": 7200})
    feed = change(feed, login="ada:new", proxy="direct")
    assert secrets_of(feed.credentials).login == "ada:new"
    assert FeedOptions.from_json(feed.options) == FeedOptions(7200.0, proxy="direct")


@pytest.mark.parametrize("proxy", ["lost", 5])
def test_a_proxy_that_can_not_be_read_stays_until_it_is_set(proxy: Any) -> None:
    """Without it, the feed would be requested directly."""
    feed = change(make(options={"proxy": proxy, "interval": 7200}), user_agent="Mine/1")
    assert feed.options == {"proxy": proxy, "interval": 7200.0, "user_agent": "Mine/1"}
    feed = change(feed, url="https://b.example/feed")
    assert feed.options["proxy"] == proxy
    feed = change(feed, proxy="")
    assert feed.options == {"interval": 7200.0, "user_agent": "Mine/1"}


def test_a_damaged_option_is_reset() -> None:
    assert change(make(options={"interval": "soon", "user_agent": "x"}), interval=0).options == {"user_agent": "x"}


def test_damaged_options_are_replaced() -> None:
    assert change(make(options=["x"]), user_agent="Mine/1").options == {"user_agent": "Mine/1"}


def test_a_login_that_is_lost_can_be_removed() -> None:
    feed = make(credentials="lost")
    assert change(feed, headers="").credentials == "lost"
    assert change(feed, login="").credentials == ""


def test_an_empty_change_leaves_the_row_as_it_is() -> None:
    feed = make()
    before = Feed.objects.filter(pk=feed.pk).values().get()
    change_feed(feed.pk, FeedChange(), NOW)
    assert Feed.objects.filter(pk=feed.pk).values().get() == before


def test_a_feed_that_was_deleted_is_named_as_the_reason() -> None:
    feed = make()
    Feed.objects.filter(pk=feed.pk).delete()
    with pytest.raises(RowGone, match="feed was deleted"):
        change_feed(feed.pk, FeedChange(interval=3600.0), NOW)
