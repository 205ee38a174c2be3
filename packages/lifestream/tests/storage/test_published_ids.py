"""The ids of entries in the published feeds, as an independent reader sees them: no change of the site alters them."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import feedparser
import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.state import StateApps
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from factories import NOW, draft, make_feed, make_item, make_lifestream, prepared, result
from lifestream.conf import settings
from lifestream.fetcher.outcomes import Fetched, Moved
from lifestream.models import Feed, Item, Lifestream, PublishedId, Subscription, Tombstone
from lifestream.plugins.entry_uris import own_uri
from lifestream.refresh import json_export
from lifestream.storage import published_ids
from lifestream.storage.feed_editing import FeedChange, change_feed
from lifestream.storage.writer import store
from lifestream.testing import import_feed
from old_databases import database_of

UUID = "urn:uuid:60a76c80-d399-11d9-b91c-0003939e0af6"
URL, SITE = "https://blog.example/feed", "https://blog.example/"


@pytest.fixture
def stream(db: None) -> Lifestream:
    return make_lifestream("main")


def rss(*guids: str, site: str = SITE, title: str = "Entry") -> str:
    items = "".join(
        f"<item><title>{title} {guid}</title><guid isPermaLink='false'>{guid}</guid>"
        f"<link>{site}{number}</link><author>r@a.example (Ruth)</author><category>Kites</category>"
        f"<enclosure url='{site}{number}.mp3' type='audio/mpeg' length='7'/></item>"
        for number, guid in enumerate(guids)
    )
    return f"<rss version='2.0'><channel><title>Blog</title><link>{site}</link>{items}</channel></rss>"


def ids(slug: str = "main", host: str = "testserver", **how: Any) -> dict[str, str]:
    """Return the ids of the entries by title; require that all three formats have the same."""
    found: list[dict[str, str]] = []
    for format_ in ("atom", "rss"):
        body = Client(headers={"host": host}).get(f"/{slug}/feed.{format_}", **how).content
        feed = feedparser.parse(io.BytesIO(body))
        assert not feed.bozo
        found.append({entry.title: entry.id for entry in feed.entries})
    listed = json.loads(Client(headers={"host": host}).get(f"/{slug}/feed.json", **how).content)["items"]
    found.append({entry["title"]: entry["id"] for entry in listed})
    assert found[0] == found[1] == found[2]
    assert len(set(found[0].values())) == len(found[0])
    return found[0]


@pytest.mark.slow
def test_the_ids_outlive_a_change_of_everything_around_them(stream: Lifestream) -> None:
    url = "https://feeds.example/blog"
    guids = ("https://blog.example/a", "1", UUID, "tag:blog.example,2026:b", "https://victim.example/c")
    feed = import_feed(rss(*guids), url=url, lifestream=stream).feed
    before = ids()
    own = {guid: before[f"Entry {guid}"] for guid in guids}
    assert [guid for guid in guids if own[guid] == guid] == [guids[0], UUID, guids[3]]
    assert all(own_uri(own[guid], ()) for guid in ("1", guids[4])), (
        "a UUID replaces a guid that is no id of the site's own"
    )

    with override_settings(ALLOWED_HOSTS=["other.example"]):
        assert ids(host="other.example", secure=True) == before, "another host and scheme"
    stream.slug = "renamed"
    stream.save()
    assert ids("renamed") == before, "another slug"
    moved = result(feed, Fetched(url, b"", moved=Moved("https://new.example/feed")))
    Feed.objects.filter(pk=feed.pk).update(moved_to="https://new.example/feed", moved_count=2)
    [stored] = store([moved], NOW)
    feed.refresh_from_db()
    assert (stored.outcome, feed.url) == ("moved", "https://new.example/feed")
    change_feed(feed.pk, FeedChange(url="https://third.example/feed"), NOW)
    import_feed(rss(*guids, site="https://elsewhere.example/"), url="https://third.example/feed", lifestream=stream)
    assert ids("renamed") == before, "another URL and another site of the feed"
    with override_settings(SECRET_KEY="another one, that is as long as such a key has to be to be accepted"):
        assert ids("renamed") == before, "another secret"


@pytest.mark.slow
def test_the_ids_outlive_the_merge_of_two_feeds(stream: Lifestream) -> None:
    import_feed(rss(UUID, "1"), url=URL, lifestream=stream)
    old = import_feed(rss(UUID, "1", "2"), url="https://old.example/feed", lifestream=make_lifestream("old")).feed
    both = ids(), ids("old")
    assert both[0][f"Entry {UUID}"] == UUID != both[1][f"Entry {UUID}"], "the first feed that used the id keeps it"
    change_feed(old.pk, FeedChange(url=URL), NOW)
    assert not Subscription.objects.filter(feed=old).exists()
    assert (ids(), ids("old")) == both


@pytest.mark.slow
@pytest.mark.parametrize("guid", [UUID, "1", "https://blog.example/a", ""])
def test_an_entry_that_was_deleted_and_is_imported_again_has_its_id_again(stream: Lifestream, guid: str) -> None:
    import_feed(rss(guid), url=URL, lifestream=stream)
    before = ids()
    first = Item.objects.get()
    first.delete()
    import_feed(rss(guid) + " ", url=URL, lifestream=stream)
    assert ids() == {} and list(Tombstone.objects.values_list("uri", flat=True)) == list(before.values())
    Tombstone.objects.all().delete()
    import_feed(rss(guid) + "  ", url=URL, lifestream=stream)
    assert Item.objects.get().pk != first.pk and ids() == before


@pytest.mark.slow
def test_no_feed_takes_the_id_of_another_one_not_even_of_a_deleted_item(stream: Lifestream) -> None:
    import_feed(rss("1", UUID), url=URL, lifestream=stream)
    held = ids()
    Item.objects.all().delete()
    taker = "https://taker.example/"
    taken = rss(UUID, held["Entry 1"], site=taker, title="Taken")
    import_feed(taken, url=f"{taker}feed", lifestream=stream)
    published = ids()
    assert len(published) == 2 and set(published.values()).isdisjoint(held.values())
    Tombstone.objects.all().delete()
    import_feed(rss("1", UUID) + " ", url=URL, lifestream=stream)
    assert held.items() <= ids().items()


def test_a_uuid_that_another_item_has_is_replaced_by_a_new_one(stream: Lifestream) -> None:
    feed = make_feed(URL)
    other = make_item(make_feed("https://other.example/"))
    [each] = published_ids._publishable([Item(pk=0, feed=feed, key_hash="k", guid="")], "default")
    PublishedId.objects.filter(item=other).update(uri=published_ids._uuid(each, settings.secret_keys[0]))
    item = make_item(feed, key_hash="k")
    uri = PublishedId.objects.get(item=item).uri
    assert own_uri(uri, ()) == uri != PublishedId.objects.get(item=other).uri


def test_a_guid_that_several_entries_share_is_the_id_of_none(stream: Lifestream) -> None:
    import_feed(rss(UUID).replace("</item>", "</item>" + rss(UUID).split("</link>", 1)[1].split("</item>")[0]
                + "<pubDate>Fri, 02 Oct 2026 12:00:00 GMT</pubDate></item>"), url=URL, lifestream=stream)  # fmt: skip
    assert Item.objects.count() == 2 and not PublishedId.objects.filter(uri=UUID).exists()


def test_an_entry_is_published_with_its_source_author_categories_and_enclosures(stream: Lifestream) -> None:
    import_feed(rss("1"), url=URL, lifestream=stream)
    for format_ in ("atom", "rss"):
        [entry] = feedparser.parse(io.BytesIO(Client().get(f"/main/feed.{format_}").content)).entries
        assert (entry.author, entry.tags[0].term, entry.enclosures[0].href) == ("Ruth", "Kites", f"{SITE}0.mp3")
        assert entry.source.title == "Blog"
        assert [link.href for link in entry.links if link.rel == "via"] == [URL]
        assert URL in (entry.source.get("href"), *(link.href for link in entry.source.get("links", ())))
    [listed] = json.loads(Client().get("/main/feed.json").content)["items"]
    assert listed["_source"] == {"title": "Blog", "home_page_url": SITE, "feed_url": URL}
    Feed.objects.update(credentials="sealed")
    assert URL not in "".join(Client().get(f"/main/feed.{each}").content.decode() for each in ("atom", "rss", "json"))


def test_an_import_stores_the_ids_of_two_or_of_a_hundred_entries_with_one_query(stream: Lifestream) -> None:
    def queries_about_ids(count: int) -> int:
        feed = make_feed()
        drafts = [draft(f"https://example.com/{feed.pk}/{number}", f"{number}") for number in range(count)]
        with CaptureQueriesContext(connection) as captured:
            store([result(feed, Fetched(feed.url, b""), prepared=prepared(*drafts))], NOW)
        return sum("publishedid" in each["sql"] for each in captured)

    assert (queries_about_ids(2), queries_about_ids(100)) == (1, 1)


@pytest.mark.slow
def test_items_without_a_stored_id_are_published_and_get_one(stream: Lifestream) -> None:
    import_feed(rss("1", UUID), url=URL, lifestream=stream)
    before = ids()
    PublishedId.objects.all().delete()
    lost = ids()
    assert lost["Entry 1"] == before["Entry 1"]
    assert published_ids.complete_all() == 2
    assert ids() == before and published_ids.complete_all() == 0


def test_the_export_has_the_ids(stream: Lifestream) -> None:
    import_feed(rss("1", UUID), url=URL, lifestream=stream)
    items = json.loads("".join(json_export.pieces(stream)))["items"]
    assert {each["title"]: each["id"] for each in items} == ids()


@pytest.fixture
def before_ids(transactional_db: None) -> Iterator[StateApps]:
    with database_of("0070_feeds_in_trouble") as apps:
        yield apps


@pytest.mark.slow
@pytest.mark.parametrize("public_url", ["https://planet.example/sub", ""])
def test_items_older_than_stored_ids_keep_the_id_that_they_were_published_under(
    before_ids: StateApps, monkeypatch: pytest.MonkeyPatch, public_url: str
) -> None:
    models = {name: before_ids.get_model("lifestream", name) for name in ("Host", "Feed", "Item", "Lifestream", "Post")}
    host = models["Host"].objects.create(name="blog.example")
    feed = models["Feed"].objects.create(url=URL, url_hash="1", host=host, site_url=SITE, domain="blog.example")
    subscriptions = before_ids.get_model("lifestream", "Subscription")
    items = [
        models["Item"].objects.create(pk=pk, feed=feed, guid=guid, key_hash=key, title=f"{pk}", date=NOW)
        for pk, (guid, key) in zip(
            (1_000_000, 1_000_001, 1_000_002, 10**12),  # a migration that counted through all keys would not end
            [("", "a"), (UUID, _key(UUID)), (UUID, "c"), ("1", "d")],
            strict=True,
        )
    ]
    for slug, public, shown in (("hidden", False, items[:2]), ("main", True, items[1:2])):
        stream = models["Lifestream"].objects.create(slug=slug, title=slug, is_public=public)
        subscription = subscriptions.objects.create(lifestream=stream, feed=feed)
        for item in shown:
            models["Post"].objects.create(lifestream=stream, subscription=subscription, item=item, date=NOW)

    monkeypatch.setattr("lifestream.migrations.0081_ids_of_old_items.CHUNK", 2)
    with override_settings(LIFESTREAM_PUBLIC_URL=public_url):
        call_command("migrate", verbosity=0)

    found = dict(PublishedId.objects.values_list("item_id", "uri"))
    one, two, three, four = (found[item.pk] for item in items)
    if public_url:
        assert one == f"{public_url}/hidden/items/{items[0].pk}/"
        assert two == f"{public_url}/main/items/{items[1].pk}/"
    else:
        assert own_uri(one, ()) and two == UUID
    assert own_uri(three, ()) == three != UUID and own_uri(four, ())
    assert found == {item.pk: published_ids.uri_of(item) for item in Item.objects.all()}


def _key(guid: str) -> str:
    from lifestream.plugins.entry_keys import guid_key

    return guid_key(guid)
