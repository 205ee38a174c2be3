"""The condition that one item matches finds what FTS5 finds."""

from __future__ import annotations

import pytest
from django.db import connection

from factories import make_feed, make_item
from lifestream.models import Item, fulltext

pytestmark = pytest.mark.django_db

TEXTS = [
    ("A word on C++", "and on C# too"),
    ("Foo-bar", 'all of it is "quoted" and 100% * starred, foo_bar'),
    ("Bar foo", "the other way round: foobar"),
    ("東京都の天気", "今日は晴れです。日本語のテキスト"),
    ("Café in São Paulo", "Ein schöner Ort, mit Größe"),
    ("Москва", "Ёлки и ёжики"),
    ("กรุงเทพมหานคร", "วันนี้อากาศดี"),
    ("ᏣᎳᎩ", "ꮳꮃꭹ"),
]
QUERIES = [
    *("foo", "foo bar", '"foo bar"', '"bar foo"', "fooba", "foo-ba", "c++", "c#", "c", "cpl", "100", "10", "quot"),
    *("東京", "京都", "都", "晴れです", "cafe", "caf", "größ", "GROSSE", "ёл", "елки", "ёжик", "เทพ", "ᏣᎳᎩ", "ᏣᎳ", "x"),
    *("caf größ", "foo quot", "foo nothing", '"in são"', '"paulo ein"'),
]


@pytest.mark.parametrize("query", QUERIES)
def test_items_are_the_same_looked_up_or_looked_at(query: str, monkeypatch: pytest.MonkeyPatch) -> None:
    feed = make_feed()
    for title, text in TEXTS:
        make_item(feed, title, text=text)
    looked_up = fulltext.find(query, "default")
    assert looked_up.keys is not None
    monkeypatch.setattr(fulltext, "FREQUENT", 0)
    looked_at = fulltext.find(query, "default")
    assert looked_at.keys is None
    found = set(looked_at.among(Item.objects.all()).values_list("pk", flat=True))
    assert found == set(looked_up.keys) == set(looked_at.latest)


def test_the_words_of_many_do_not_cost_more_than_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """The beginning of a frequent word is never looked for in all items at once."""
    monkeypatch.setattr(fulltext, "FREQUENT", 1)
    make_item(title="gardens")
    asked: list[str] = []

    def note(execute: object, sql: str, params: object, many: bool, context: object) -> object:
        asked.append(f"{sql} {params}")
        return execute(sql, params, many, context)  # type: ignore[operator]

    with connection.execute_wrapper(note):
        found = fulltext.find("gard", "default")
        assert list(found.among(Item.objects.all()))
        assert found.count(Item.objects.all(), 10) == fulltext.Hits(1, is_all=False)
    if connection.vendor == "sqlite":
        assert [sql for sql in asked if "MATCH" in sql and "*" in sql.split("MATCH")[1]] == []
