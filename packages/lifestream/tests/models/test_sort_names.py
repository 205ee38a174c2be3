"""The stored sort keys of a lifestream's sites are updated however a name, a folder or a title changes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection

from factories import make_feed, make_lifestream, make_subscription
from lifestream.models import Feed, Subscription, sort_names
from lifestream.storage.bulk_subscriptions import Listed, subscribe_all

pytestmark = pytest.mark.django_db


def order() -> list[tuple[str, str]]:
    return list(Subscription.objects.order_by("pk").values_list("sort_folder", "sort_name"))


@pytest.fixture
def site() -> Subscription:
    return make_subscription(make_feed("https://a.example/feed", title="The Title"), folder="News")


CHANGES: dict[str, tuple[Callable[[Subscription], object], tuple[str, str]]] = {
    "nothing": (lambda _: None, ("News", "the title")),
    "its name": (lambda site: _saved(site, name="Mine"), ("News", "mine")),
    "its name, in a queryset": (lambda _: Subscription.objects.update(name="Ours"), ("News", "ours")),
    "its folder": (lambda site: _saved(site, folder="f" * 300), ("f" * 100, "the title")),
    "its folder, in a queryset": (lambda _: Subscription.objects.update(folder=""), ("", "the title")),
    "its feed": (lambda site: _saved(site, feed=make_feed("https://b.example/x", title="B")), ("News", "b")),
    "the title of its feed": (lambda site: _saved(site.feed, title="Z" * 300), ("News", "z" * 100)),
    "the titles of feeds": (lambda _: Feed.objects.update(title="New"), ("News", "new")),
    "no title any more": (lambda _: Feed.objects.update(title=""), ("News", "a.example")),
    "neither title nor domain": (
        lambda _: Feed.objects.update(title="", domain=""),
        ("News", "https://a.example/feed"),
    ),
    "nothing that counts": (lambda site: _saved(site, paused=True), ("News", "the title")),
}


def _saved(row: Feed | Subscription, **values: object) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.save(update_fields=list(values))


@pytest.mark.parametrize("change", CHANGES)
def test_a_site_is_sorted_by_its_folder_and_its_name(site: Subscription, change: str) -> None:
    work, expected = CHANGES[change]
    work(site)
    assert order() == [expected]
    assert sort_names.mend("default") == 0


def test_sites_that_are_made_together_are_sorted(site: Subscription) -> None:
    stream = make_lifestream("second")
    Subscription.objects.bulk_create([Subscription(lifestream=stream, feed=site.feed, folder="A")])
    subscribe_all(stream, [Listed("https://c.example/feed", "From The List", "B")])
    assert order() == [("News", "the title"), ("A", "the title"), ("B", "from the list")]


def test_sort_keys_are_repaired_after_a_write_by_hand(site: Subscription) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE lifestream_feed SET title = 'By Hand'")
    assert order() == [("News", "the title")]
    assert sort_names.mend("default") == 1
    assert order() == [("News", "by hand")]
