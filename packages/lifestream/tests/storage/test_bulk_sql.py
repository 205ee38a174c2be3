"""Rows are written and read in the same form as by Django."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.db import IntegrityError, transaction

from factories import NOW, make_feed, make_item
from lifestream.message import say
from lifestream.models import Fetch, Item, Tag
from lifestream.storage.bulk_sql import (
    LOOKUP,
    batches,
    delete_all_but,
    find_rows,
    insert_new,
    insert_numbered,
    insert_rows,
    last_rows,
    update_rows,
)

pytestmark = pytest.mark.django_db

NAMES = ("id", "key_hash", "guid", "changes", "changed", "first_seen", "media", "card")


def test_rows_are_found_as_django_finds_them() -> None:
    feed, other = make_feed("https://a.example/"), make_feed("https://b.example/")
    items = [make_item(feed, str(number)) for number in range(4)]
    make_item(other, "1")
    Item.objects.filter(pk=items[0].pk).update(changed=NOW, changes=3, media=[{"url": "https://a.example/ü"}])
    wanted = [item.key_hash for item in items[:3]]

    found = find_rows(Item, NAMES, ("feed", feed.pk), ("key_hash", [*wanted, "0" * 64]), "default")

    rows = Item.objects.filter(feed=feed, key_hash__in=wanted).order_by("pk").values_list(*NAMES)
    assert sorted(found) == [*rows]
    assert len(found) == 3
    assert find_rows(Item, NAMES, ("feed", feed.pk), ("key_hash", []), "default") == []


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=2))])
@pytest.mark.parametrize("microsecond", [0, 123])
def test_times_are_written_as_django_writes_them(zone: timezone, microsecond: int) -> None:
    item = make_item(make_feed("https://a.example/"), "1")
    item.changed = datetime(2026, 3, 1, 12, 30, 0, microsecond, tzinfo=UTC).astimezone(zone)

    update_rows(Item, ["changed"], [item], "default")

    assert Item.objects.get(changed=item.changed) == item
    item.save()
    assert Item.objects.get(changed=item.changed) == item


def test_rows_are_inserted_and_existing_rows_are_unchanged() -> None:
    Tag.objects.create(name="Sky", slug="sky")
    insert_new(Tag, [{"name": "Another", "slug": "sky"}, {"name": "Sea", "slug": "sea"}], "default")
    insert_new(Tag, [], "default")
    assert sorted(Tag.objects.values_list("slug", "name")) == [("sea", "Sea"), ("sky", "Sky")]


def test_columns_of_inserted_rows_are_returned_for_more_rows_than_one_statement_can_have() -> None:
    rows = [(f"Tag {number}", f"tag-{number}") for number in range(1200)]
    found = insert_rows(Tag, ["name", "slug"], rows, "default", returning=["slug", "id"])
    assert dict(found) == dict(Tag.objects.values_list("slug", "pk")) and len(found) == 1200


def test_texts_times_and_json_are_written_in_the_form_that_django_reads() -> None:
    item = make_item(title="One")
    item.title, item.date = "Two", NOW - timedelta(days=1)
    item.media = [{"url": "https://a.example/1.png"}]
    item.enclosures = []
    update_rows(Item, ["title", "date", "media", "enclosures"], [item], "default")
    update_rows(Item, ["title"], [], "default")
    read = Item.objects.get()
    assert (read.title, read.date, read.media, read.enclosures) == (item.title, item.date, item.media, [])


def test_the_last_rows_of_each_owner_are_kept() -> None:
    one, other = make_feed("https://a.example/1"), make_feed("https://a.example/2")
    keys = {feed: [Fetch.objects.create(feed=feed, started=NOW).pk for _ in range(3)] for feed in (one, other)}
    delete_all_but(Fetch, "feed", [one.pk, other.pk], 3, "default")
    assert Fetch.objects.count() == 6
    delete_all_but(Fetch, "feed", [one.pk], 1, "default")
    delete_all_but(Fetch, "feed", [], 1, "default")
    assert list(Fetch.objects.order_by("pk").values_list("pk", flat=True)) == [keys[one][2], *keys[other]]


def test_the_last_row_of_each_owner_is_found_as_django_finds_it() -> None:
    feeds = [make_feed(f"https://a.example/{number}") for number in range(3)]
    message = say("plugin-failed", plugin="p", hook="h", entry="e", reason="r")
    for feed in feeds[:2]:
        for number in range(2):
            Fetch.objects.create(feed=feed, started=NOW, count=number + 1, message=message)
    names = ("feed", "id", "count", "message", "started")

    found = last_rows(Fetch, names, "feed", [feed.pk for feed in feeds[1:]], "default")

    rows = Fetch.objects.filter(feed=feeds[1]).order_by("-pk").values_list(*names)[:1]
    assert found == [*rows] and found[0][3] == message
    assert last_rows(Fetch, names, "feed", [], "default") == []


def test_existing_rows_are_unchanged_and_not_returned() -> None:
    assert insert_rows(Tag, ("slug", "name"), [("a", "A")], "default", returning=("slug",)) == [("a",)]
    rows = [("a", "B"), ("b", "B"), ("b", "C")]
    assert insert_rows(Tag, ("slug", "name"), rows, "default", returning=("slug",), existing=True) == [("b",)]
    assert [*Tag.objects.order_by("slug").values_list("name", flat=True)] == ["A", "B"]


def test_keys_are_returned_in_the_order_of_the_new_rows_and_none_is_used_twice() -> None:
    assert insert_numbered(Tag, ("slug", "name"), [], "default") == []
    rows = [(f"{number * 7 % 1201}", "Tag") for number in range(1200)]
    keys = insert_numbered(Tag, ("slug", "name"), rows, "default")
    assert [(pk, Tag.objects.get(pk=pk).slug) for pk in keys[::100]] == [
        (pk, slug) for pk, (slug, _) in zip(keys[::100], rows[::100], strict=True)
    ]
    assert Tag.objects.count() == len({*keys}) == 1200
    made = Tag.objects.create(slug="by-hand").pk
    Tag.objects.filter(pk__in=[made, keys[-1]]).delete()
    [key] = insert_numbered(Tag, ("slug", "name"), [("a", "A")], "default")
    assert key > made > keys[-1]
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_numbered(Tag, ("slug", "name"), [("b", "B"), ("a", "B")], "default")
    assert not Tag.objects.filter(slug="b").exists()


def test_values_are_split_into_lists_that_fit_into_one_statement() -> None:
    assert list(batches(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert [len(batch) for batch in batches(iter(range(LOOKUP + 1)))] == [LOOKUP, 1]
    assert list(batches([])) == []
