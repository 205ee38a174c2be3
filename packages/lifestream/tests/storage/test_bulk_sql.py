"""Rows go in and come out as Django would write and read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from factories import NOW, make_feed, make_item
from lifestream.models import Item
from lifestream.storage.bulk_sql import find_rows, update_rows

NAMES = ("id", "key_hash", "guid", "changes", "changed", "first_seen", "media", "card")


@pytest.mark.django_db
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


@pytest.mark.django_db
@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=2))])
@pytest.mark.parametrize("microsecond", [0, 123])
def test_times_are_written_as_django_writes_them(zone: timezone, microsecond: int) -> None:
    item = make_item(make_feed("https://a.example/"), "1")
    item.changed = datetime(2026, 3, 1, 12, 30, 0, microsecond, tzinfo=UTC).astimezone(zone)

    update_rows(Item, ["changed"], [item], "default")

    assert Item.objects.get(changed=item.changed) == item
    item.save()
    assert Item.objects.get(changed=item.changed) == item
