"""`remove_feed`: end a subscription, or delete the feed with its items."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db.models.signals import pre_delete

from factories import make_feed, make_item, make_lifestream, make_subscription
from lifestream.models import Feed, Item, Post, Subscription, Tombstone

pytestmark = pytest.mark.django_db
URL = "https://a.example/feed"


@pytest.fixture
def feed() -> Feed:
    """Return a feed with an item, in two lifestreams."""
    feed = make_feed(URL)
    make_item(feed)
    for slug in ("main", "other"):
        make_subscription(feed, make_lifestream(slug))
    return feed


def removed(*arguments: str) -> str:
    out = StringIO()
    call_command("remove_feed", *arguments, stdout=out)
    return out.getvalue()


def test_a_feed_is_removed_from_one_lifestream_and_stays_in_the_others(feed: Feed) -> None:
    assert removed(URL, "--lifestream", "other") == f"{URL} is no longer in the lifestream 'other'.\n"
    assert [each.lifestream.slug for each in Subscription.objects.all()] == ["main"]
    assert Post.objects.count() == 1
    with pytest.raises(CommandError, match=r"is not in the lifestream 'other'; choose another"):
        removed(URL, "--lifestream", "other")


def test_without_subscribers_a_feed_is_idle(feed: Feed) -> None:
    removed(URL, "--lifestream", "main")
    removed(URL, "--lifestream", "other")
    assert Feed.objects.get().status == Feed.Status.IDLE
    assert Item.objects.count() == 1


def test_the_option_everywhere_removes_the_feed_its_items_and_its_subscriptions(feed: Feed) -> None:
    removed(URL, "--everywhere")
    assert not Feed.objects.exists()
    assert not Item.objects.exists()
    assert not Subscription.objects.exists()


def test_the_items_stay_if_the_feed_cannot_be_deleted(feed: Feed) -> None:
    def fail(**_: object) -> None:
        raise OSError("the machine ends here")

    pre_delete.connect(fail, sender=Feed)
    try:
        with pytest.raises(OSError, match="the machine ends here"):
            removed(URL, "--everywhere")
    finally:
        pre_delete.disconnect(fail, sender=Feed)
    assert Item.objects.get().feed == feed
    assert not Tombstone.objects.exists()


def test_an_unknown_feed_is_an_error() -> None:
    with pytest.raises(CommandError, match="there is no feed"):
        removed(URL)
