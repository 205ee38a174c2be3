"""Rules of a subscription and of a lifestream hide existing posts, and removing the rules shows them again."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from factories import make_feed, make_item, make_lifestream, make_subscription
from lifestream.models import Lifestream, Post, Subscription
from lifestream.storage import backfill
from lifestream.storage.fanout import subscribers_of

pytestmark = pytest.mark.django_db


def titles(lifestream: Lifestream) -> list[str]:
    """Return the titles of the visible posts."""
    return sorted(Post.objects.visible().filter(lifestream=lifestream).values_list("item__title", flat=True))


@pytest.fixture
def lifestream() -> Lifestream:
    """Return a lifestream of two sites."""
    lifestream = make_lifestream("main")
    for names in (("a cat", "a dog"), ("a cat and a dog", "a bird")):
        feed = make_feed()
        for name in names:
            make_item(feed, name)
        make_subscription(feed, lifestream)
    return lifestream


def test_a_rule_of_a_subscription_hides_existing_posts_until_it_is_removed(lifestream: Lifestream) -> None:
    site = lifestream.subscriptions.earliest("pk")
    site.block_rules = "cat"
    site.save()
    assert titles(lifestream) == ["a bird", "a cat and a dog", "a dog"]
    site.block_rules = ""
    site.save()
    assert titles(lifestream) == ["a bird", "a cat", "a cat and a dog", "a dog"]


@pytest.mark.parametrize("way", ["save", "save of the field", "save of a row without its rules", "update"])
def test_a_rule_of_a_lifestream_applies_to_all_its_sites_however_it_is_saved(lifestream: Lifestream, way: str) -> None:
    def write(**rules: str) -> None:
        if way == "update":
            Lifestream.objects.filter(pk=lifestream.pk).update(**rules)
            return
        rows = Lifestream.objects.only("slug") if way == "save of a row without its rules" else Lifestream.objects.all()
        row = rows.get(pk=lifestream.pk)
        for name, text in rules.items():
            setattr(row, name, text)
        row.save(update_fields=list(rules) if way == "save of the field" else None)

    write(block_rules="dog")
    assert titles(lifestream) == ["a bird", "a cat"]
    write(block_rules="", keep_rules="cat")
    assert titles(lifestream) == ["a cat", "a cat and a dog"]
    write(keep_rules="")
    assert titles(lifestream) == ["a bird", "a cat", "a cat and a dog", "a dog"]


def test_hiding_by_hand_and_hiding_by_a_rule_are_independent(lifestream: Lifestream) -> None:
    Post.objects.filter(item__title="a cat").update(hidden=True)
    lifestream.block_rules = "cat"
    lifestream.save()
    lifestream.block_rules = ""
    lifestream.save()
    assert titles(lifestream) == ["a bird", "a cat and a dog", "a dog"]
    lifestream.block_rules = "cat"
    lifestream.save()
    Post.objects.filter(item__title="a cat").update(hidden=False)
    assert titles(lifestream) == ["a bird", "a dog"]


def test_new_items_must_pass_the_rules_of_the_subscription_and_of_the_lifestream(lifestream: Lifestream) -> None:
    lifestream.block_rules = "dog"
    lifestream.save()
    site = lifestream.subscriptions.earliest("pk")
    site.keep_rules = "title:new"
    site.save()
    [subscriber] = subscribers_of([site.feed_id], "default")[site.feed_id]
    allowed = {
        name: subscriber.rules.allow(backfill.shown(make_item(site.feed, name), ()))
        for name in ("a new dog", "a new cat", "an old cat")
    }
    assert allowed == {"a new dog": False, "a new cat": True, "an old cat": False}


def test_items_that_a_rule_kept_out_are_posted_by_the_next_refresh_after_its_removal(lifestream: Lifestream) -> None:
    lifestream.block_rules = "fish"
    lifestream.save()
    feed = make_feed()
    make_item(feed, "a fish")
    make_subscription(feed, lifestream)
    assert "a fish" not in titles(lifestream)
    lifestream.block_rules = ""
    lifestream.save()
    assert "a fish" not in titles(lifestream)
    backfill.fill_rest()
    assert "a fish" in titles(lifestream)


def test_a_rule_applies_to_the_latest_posts_at_once_and_to_all_after_the_next_refresh(
    lifestream: Lifestream, monkeypatch: Any
) -> None:
    monkeypatch.setattr(backfill, "AT_ONCE", 1)
    lifestream.block_rules = "a"
    lifestream.save()
    assert titles(lifestream) == ["a cat", "a cat and a dog", "a dog"]
    monkeypatch.setattr(backfill, "CHUNK", 1)
    backfill.fill_rest()
    assert titles(lifestream) == []
    assert not Subscription.objects.filter(backlog__isnull=False).exists()


def test_new_rules_apply_to_a_paused_site_and_it_gets_no_new_posts(lifestream: Lifestream) -> None:
    site = lifestream.subscriptions.earliest("pk")
    site.paused = True
    site.save()
    make_item(site.feed, "a new bird")
    site.block_rules = "cat"
    site.save()
    assert titles(lifestream) == ["a bird", "a cat and a dog", "a dog"]


def test_other_lifestreams_are_left_alone(lifestream: Lifestream) -> None:
    other = make_lifestream("other")
    for feed in lifestream.feeds.all():
        make_subscription(feed, other)
    lifestream.block_rules = "a"
    lifestream.save()
    assert titles(lifestream) == [] and len(titles(other)) == 4


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
def test_an_update_writes_no_rules_to_a_lifestream_that_begins_to_match_meanwhile(lifestream: Lifestream) -> None:
    make_lifestream("later", tagline="not yet")

    def while_feeds_are_locked(execute: Any, sql: str, *rest: Any) -> Any:
        if " UPDATE" in sql and sql.startswith("SELECT"):
            with connection.cursor() as cursor:  # as another process does it
                cursor.cursor.execute("UPDATE lifestream_lifestream SET tagline = ''")
        return execute(sql, *rest)

    with connection.execute_wrapper(while_feeds_are_locked):
        assert Lifestream.objects.filter(tagline="").update(block_rules="dog") == 1
    assert dict(Lifestream.objects.values_list("slug", "block_rules")) == {"main": "dog", "later": ""}
