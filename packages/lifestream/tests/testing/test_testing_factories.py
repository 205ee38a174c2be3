"""The factories make the rows that an import would write."""

from __future__ import annotations

import pytest

from lifestream.models import Item, Post, fulltext
from lifestream.testing import make_feed, make_item, make_lifestream, make_post, make_subscription

pytestmark = pytest.mark.django_db


def test_a_post_is_made_with_all_that_it_needs() -> None:
    post = make_post()
    assert (post.subscription.feed, post.lifestream) == (post.item.feed, post.subscription.lifestream)


def test_an_item_is_found_by_a_search_and_has_a_card() -> None:
    item = make_item(title="Kites", tags=["Sky", "sky"])
    assert list(fulltext.matching(Item.objects.all(), "kites sky")) == [item]
    assert item.card is not None and item.tags.count() == 1


def test_rows_of_a_kind_differ() -> None:
    assert make_feed().url != make_feed().url
    assert make_lifestream().slug != make_lifestream().slug


def test_a_subscription_that_is_made_later_shows_the_item_once() -> None:
    item = make_item()
    subscription = make_subscription(item.feed)
    assert Post.objects.get().item == item
    make_post(item, subscription, hidden=True)
    assert Post.objects.get().hidden
