"""Querysets have the conditions of the partial indexes, so that SQLite uses these indexes."""

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
def test_each_query_uses_its_index(index: str) -> None:
    queryset = QUERIES[index]().order_by().values("pk")
    assert list(queryset) == []
    if connection.vendor == "sqlite":
        assert f"INDEX {index}" in queryset.explain()


def test_private_feeds_have_credentials_and_iconless_feeds_no_icon() -> None:
    plain, private = make_feed("https://a.example/"), make_feed("https://b.example/", credentials="x", icon=b"x")
    assert list(Feed.objects.private()) == [private]
    assert list(Feed.objects.without_icon()) == [plain]
