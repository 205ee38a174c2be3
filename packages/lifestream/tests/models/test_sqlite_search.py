"""The condition that tests items one by one finds the same as FTS5."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.db import connection

from costs import cost, loop_steps
from factories import make_feed, make_item
from lifestream.models import Item, fulltext
from lifestream.models.search_sql import TEXT_LENGTH
from lifestream.models.sqlite_search import holds
from lifestream.web.timeline import Timeline
from shown import make_post, make_site

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


def test_the_same_items_are_found_in_the_index_and_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    feed = make_feed()
    for title, text in TEXTS:
        make_item(feed, title, text=text)
    looked_up = {query: fulltext.find(query, "default").keys for query in QUERIES}
    monkeypatch.setattr(fulltext, "FREQUENT", 0)
    for query, keys in looked_up.items():
        looked_at = fulltext.find(query, "default")
        assert looked_at.keys is None and keys is not None, query
        found = set(looked_at.among(Item.objects.all()).values_list("pk", flat=True))
        assert found == set(keys), query


def test_frequent_words_are_not_searched_by_their_beginning_in_all_items(monkeypatch: pytest.MonkeyPatch) -> None:
    """A query for the beginning of a frequent word would read much of the index."""
    monkeypatch.setattr(fulltext, "FREQUENT", 1)
    make_item(title="gardens")
    asked: list[str] = []

    def note(execute: object, sql: str, params: object, many: bool, context: object) -> object:
        asked.append(f"{sql} {params}")
        return execute(sql, params, many, context)  # type: ignore[operator]

    with connection.execute_wrapper(note):
        found = fulltext.find("gard", "default")
        assert list(found.among(Item.objects.all()))
    if connection.vendor == "sqlite":
        assert [sql for sql in asked if "MATCH" in sql and "*" in sql.split("MATCH")[1]] == []


@pytest.mark.parametrize("shown", [1, 3, 100])
def test_posts_with_words_neither_frequent_nor_rare_are_found_in_order_and_each_once(
    monkeypatch: pytest.MonkeyPatch, shown: int
) -> None:
    monkeypatch.setattr(fulltext, "RARE", 2)
    monkeypatch.setattr(fulltext, "SHOWN", shown)
    monkeypatch.setattr(fulltext, "FREQUENT", 100)
    site, elsewhere = make_site(), make_site()
    posts = [make_post(site, "gardens") for _ in range(7)]
    for _ in range(3):
        make_post(elsewhere, "gardens")  # stored after those of the lifestream
    make_post(site, "Another")
    timeline = Timeline(site.lifestream, query="gard")
    assert list(timeline.posts()) == posts
    first = timeline.page(None, 4, counted=True)
    assert first.older is not None and first.hits is not None and 4 <= first.hits.count <= 7
    assert [*first.posts, *timeline.page(first.older, 4).posts] == posts


def test_a_text_without_the_words_takes_less_time_than_a_regular_expression() -> None:
    text = "The gardens of the city, and what grows in them. " * 1_000

    def least(work: Callable[[str], object]) -> float:
        return min(cost(work, text) for _ in range(7))

    looked_at = least(lambda text: holds(text, "", '"gardener"*'))
    assert looked_at < least(lambda text: re.search(r"(?<![0-9a-z])gardener", text.lower())) * 0.6


@pytest.mark.parametrize(
    ("line", "query", "found"),
    [
        ("regarding gardens", '"gard"*', True),
        ("regarding", '"gard"*', False),
        ("gardgard gard", '"gard"', True),
        ("ggard xgard-gardx gar d", '"gard"', False),
        ("xred kite, red  kite", '"red kite"', True),
        ("xred kite, red kites", '"red kite"', False),
        ("éa, a", '"a"', True),
        ("éa", '"a"', False),
        ("cgard", '"c" "gard"', False),
    ],
)
def test_a_query_matches_only_where_a_word_begins(line: str, query: str, found: bool) -> None:
    assert holds(line, "", query) is holds("", line, query) is found


HOSTILE = {
    "a long word that begins elsewhere": ("b", "a", f'"{"a" * 300}"'),
    "a long beginning that begins elsewhere": ("b", "a", f'"{"a" * 300}"*'),
    "a phrase that nearly ends": ("", "a ", f'"{"a " * 31}b"'),
    "a phrase with signs between its words": ("", "a,,, ", f'"{"a " * 31}b"'),
    "many words at the end": ("", "x y", " ".join(f'"{letter}{other}"' for letter in "abcd" for other in "efghijkl")),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_takes_long_to_check(name: str) -> None:
    """A search checks 500 items, and then those of the timeline: 13 s, if each took 25 ms or 1,500,000 steps."""
    head, unit, query = HOSTILE[name]
    body = head + unit * (TEXT_LENGTH // len(unit)) + " ".join(re.findall(r'"(\w+)"', query))[:-1]
    assert not holds("", body, query)
    assert loop_steps(lambda text: holds("", text, query), body) < 400_000
