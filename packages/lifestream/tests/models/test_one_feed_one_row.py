"""Feeds that existed twice, under two spellings of one URL, are merged by a migration."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command

from factories import NOW
from lifestream.models import Feed, Fetch, Host, Item, Post, Subscription, Tombstone, due_hosts
from lifestream.models.feeds import url_hash
from lifestream.storage import backfill
from old_databases import database_of


@pytest.fixture
def before(transactional_db: None) -> Iterator[Any]:
    with database_of("0030_operations") as apps:
        yield apps


class OldRows:
    """Makes rows as versions before the merge did."""

    def __init__(self, apps: Any) -> None:
        self._apps = apps

    def of(self, name: str) -> Any:
        return self._apps.get_model("lifestream", name).objects

    def feed(self, url: str, **fields: Any) -> Any:
        host, _ = self.of("Host").get_or_create(name=url.split("/")[2])
        hashed = hashlib.sha256(url.encode()).hexdigest()
        return self.of("Feed").create(url=url, url_hash=hashed, host=host, next_fetch=NOW, **fields)

    def item(self, feed: Any, key: str) -> Any:
        return self.of("Item").create(feed=feed, key_hash=key, title=f"{key} of {feed.pk}", date=NOW)

    def post(self, subscription: Any, item: Any, **fields: Any) -> Any:
        return self.of("Post").create(
            lifestream_id=subscription.lifestream_id, subscription=subscription, item=item, date=NOW, **fields
        )


@pytest.mark.slow
def test_two_spellings_become_one_feed_without_loss_and_other_urls_get_their_current_form(before: Any) -> None:
    old = OldRows(before)
    both, one, other = (old.of("Lifestream").create(slug=slug, title=slug) for slug in ("both", "one", "other"))
    kept = old.feed("https://a.example/~ada/feed", title="Kept", last_success=NOW)
    twin = old.feed("https://a.example:443/%7Eada/./feed", last_success=NOW - timedelta(days=1), etag='"x"')
    dot = old.feed("https://a.example./%7eada/feed", status="gone")
    own = old.feed("https://a.example/%7eada/feed", credentials="sealed")
    subscribed = {
        (feed.pk, stream.slug): old.of("Subscription").create(feed=feed, lifestream_id=stream.pk, **fields)
        for feed, stream, fields in (
            (kept, both, {"paused": True}),
            (twin, both, {"name": "Ada", "folder": "People"}),
            (kept, one, {}),
            (twin, other, {"keep_rules": "words"}),
            (dot, other, {"name": "second"}),
        )
    }
    shared, theirs, only = old.item(kept, "shared"), old.item(twin, "shared"), old.item(twin, "only")
    old.post(subscribed[kept.pk, "both"], shared)
    old.post(subscribed[twin.pk, "both"], theirs, removed=True, kept=True)
    old.post(subscribed[twin.pk, "both"], only, hidden=True)
    old.post(subscribed[kept.pk, "one"], shared)
    old.post(subscribed[twin.pk, "other"], theirs)
    for feed, key in ((kept, "deleted"), (twin, "deleted"), (twin, "gone"), (kept, "only"), (dot, "shared")):
        old.of("Tombstone").create(feed=feed, key_hash=key)
    for feed in (kept, twin, dot):
        old.of("Fetch").create(feed=feed, started=NOW, outcome="new")
    spelt = {
        old.feed(url, etag='"v1"').pk: now
        for url, now in {
            "http://b.example:80/x/../feed": "http://b.example/feed",
            "http://c.example./%7Ea": "http://c.example/%7Ea",
            "http://d.example:8080/": "http://d.example:8080/",
            "https://d.example/": "https://d.example/",
            "http://d.example/": "http://d.example/",
        }.items()
    }

    call_command("migrate", verbosity=0)

    feed = Feed.objects.shared().get(host__name="a.example")
    assert (feed.pk, feed.url, feed.title) == (kept.pk, "https://a.example/~ada/feed", "Kept")
    assert feed.url_hash == hashlib.sha256(b"https://a.example/~ada/feed").hexdigest()
    private = Feed.objects.get(pk=own.pk)
    assert (private.url, private.url_hash) == ("https://a.example/%7eada/feed", feed.url_hash)
    assert set(Item.objects.values_list("pk", "feed", "key_hash")) == {
        (shared.pk, feed.pk, "shared"),
        (only.pk, feed.pk, "only"),
    }
    rows = Subscription.objects.values_list("lifestream__slug", "feed", "name", "folder", "paused", "keep_rules")
    assert set(rows) == {
        ("both", feed.pk, "Ada", "People", False, ""),
        ("one", feed.pk, "", "", False, ""),
        ("other", feed.pk, "second", "", False, "words"),
    }
    posts = set(Post.objects.values_list("lifestream__slug", "item__key_hash", "hidden", "removed", "kept"))
    assert posts == {
        ("both", "shared", False, True, True),
        ("both", "only", True, False, False),
        ("one", "shared", False, False, False),
        ("other", "shared", False, False, False),
    }
    assert set(Tombstone.objects.values_list("feed", "key_hash")) == {(feed.pk, "deleted"), (feed.pk, "gone")}
    assert Fetch.objects.filter(feed=feed).count() == 3
    backfill.fill_rest()
    assert Post.objects.filter(lifestream=one.pk, item=only.pk).exists(), (
        "an item that only the other feed had is posted, too"
    )
    due_hosts.mend("default")
    assert Host.objects.get(name="a.example").next_due == NOW

    others = {feed.pk: feed for feed in Feed.objects.exclude(host__name="a.example").select_related("host")}
    assert {pk: other.url for pk, other in others.items()} == spelt
    assert {other.url_hash for other in others.values()} == {url_hash(url) for url in spelt.values()}
    assert {other.host.name for other in others.values()} == {"b.example", "c.example", "d.example:8080", "d.example"}
    assert {other.etag for other in others.values()} == {'"v1"'}
    assert due_hosts.wrong("default") == []
