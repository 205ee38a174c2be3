"""SQLite finds feeds by the partial indexes whose conditions are written here."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection

from factories import NOW, make_feed
from lifestream.models import Feed, FeedQuerySet

pytestmark = pytest.mark.django_db

QUERIES: dict[str, Callable[[], FeedQuerySet]] = {
    "lifestream_feed_private": Feed.objects.private,
    "lifestream_feed_held": lambda: Feed.objects.with_token("token"),
    "lifestream_feed_iconless": lambda: Feed.objects.without_icon().filter(icon_checked__lte=NOW),
}


@pytest.mark.parametrize("index", QUERIES)
def test_each_condition_is_that_of_its_index(index: str) -> None:
    queryset = QUERIES[index]().order_by().values("pk")
    assert list(queryset) == []
    if connection.vendor == "sqlite":
        assert f"INDEX {index}" in queryset.explain()


def test_a_text_that_is_not_empty_and_an_icon_that_is() -> None:
    plain, private = make_feed("https://a.example/"), make_feed("https://b.example/", credentials="x", icon=b"x")
    assert list(Feed.objects.private()) == [private]
    assert list(Feed.objects.without_icon()) == [plain]
