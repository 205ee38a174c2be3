"""The search over items finds the same on SQLite and PostgreSQL, except for phrases in very long texts."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from factories import make_feed, make_item, make_lifestream, make_post, make_subscription
from lifestream.models import Feed, Item, Post, Tombstone, fulltext

pytestmark = pytest.mark.django_db

TEXTS = {
    "cpp": ("A word on C++", "and on C# too"),
    "c": ("The language C", "it has no classes"),
    "foo": ("Foo-bar", 'all of it is "quoted" and 100% * starred'),
    "bar": ("Bar foo", "the other way round"),
    "tokyo": ("東京都の天気", "今日は晴れです。日本語のテキスト"),
    "beijing": ("北京的天气", "今天是晴天，学习中文"),
    "seoul": ("서울 날씨", "오늘은 맑습니다"),
    "cafe": ("Café in São Paulo", "Ein schöner Ort, mit Größe"),
    "moscow": ("Москва", "Ёлки и ёжики"),
    "bangkok": ("กรุงเทพมหานคร", "วันนี้อากาศดี"),
}


def guids(query: str) -> list[str]:
    return sorted(item.guid for item in fulltext.matching(Item.objects.all(), query))


def indexed_keys() -> list[int]:
    """Return the keys of the items that have an entry in the index, even if the items no longer exist."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {'item_id' if connection.vendor == 'postgresql' else 'rowid'} FROM lifestream_search")
        return sorted(key for (key,) in cursor.fetchall())


QUERIES: dict[str, list[str]] = {
    "c++": ["cpp"],
    "C#": ["cpp"],
    "c": ["c", "cpp"],
    "foo-bar": ["foo"],
    "foo": ["bar", "foo"],
    "foo bar": ["bar", "foo"],
    '"foo bar"': ["foo"],
    '"bar foo"': ["bar"],
    '"foo bar': ["foo"],
    '"quoted"': ["foo"],
    "quo*": ["foo"],
    "quo": ["foo"],
    '"quo"': [],
    "qu": [],
    "c+": ["cpp"],
    "cplus": ["cpp"],
    "klas": [],
    "größ": ["cafe"],
    "100%": ["foo"],
    "*": [],
    '"': [],
    "": [],
    "  ": [],
    "foo AND nothing": [],
    "foo OR bar": [],
    "NOT foo": [],
    "head:foo": [],
    "foo)": ["bar", "foo"],
    "foo' & !bar | <-> :* \\": ["bar", "foo"],
    "'; DROP TABLE lifestream_item; --": [],
    "東京": ["tokyo"],
    "京都": ["tokyo"],
    "東都": [],
    "天気": ["tokyo"],
    "天": ["beijing", "tokyo"],
    "晴れ です": ["tokyo"],
    "テキスト": ["tokyo"],
    "ﾃｷｽﾄ": ["tokyo"],
    "中文": ["beijing"],
    "学习中文": ["beijing"],
    "날씨": ["seoul"],
    "오늘": ["seoul"],
    "cafe": ["cafe"],
    "CAFÉ sao": ["cafe"],
    "grosse": ["cafe"],
    "ёлки": ["moscow"],
    "елки": ["moscow"],
    "เทพ": ["bangkok"],
    "title foo": [],
}


def test_each_query_finds_its_items() -> None:
    feed = make_feed()
    for name, (title, text) in TEXTS.items():
        make_item(feed, title, text=text, guid=name)
    assert {query: guids(query) for query in QUERIES} == QUERIES


@pytest.mark.postgres
@pytest.mark.skipif(
    "connection.vendor != 'postgresql'",
    reason="only in PostgreSQL do the words have their segment of the index before them",
)
@pytest.mark.parametrize("frequent", [10, 1], ids=["words that are rare", "words that are frequent"])
def test_each_query_finds_items_that_were_indexed_without_segments(
    frequent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fulltext, "FREQUENT", frequent)
    feed = make_feed()
    items = [make_item(feed, title, text=text, guid=name) for name, (title, text) in TEXTS.items()]
    without_segments = [item.pk for item in items[1::2]]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE lifestream_search SET words = regexp_replace(words::text, '[0-9]+/', '', 'g')::tsvector "
            "WHERE item_id = ANY(%s)",
            [without_segments],
        )
        cursor.execute("SELECT item_id FROM lifestream_search WHERE words::text NOT LIKE '%/%' ORDER BY 1")
        assert [key for (key,) in cursor.fetchall()] == without_segments
    assert {query: guids(query) for query in QUERIES} == QUERIES
    fulltext.rebuild()
    assert {query: guids(query) for query in QUERIES} == QUERIES


def test_titles_authors_and_tags_are_searched_too_but_no_phrase_begins_in_one_and_ends_in_the_text() -> None:
    make_item(title="one", author="Ada", tags=["engines"], text="two", guid="x")
    assert guids("one") == guids("ada") == guids("engines") == guids("one two") == ["x"]
    assert guids('"engines two"') == []


@pytest.mark.parametrize(
    ("before", "phrase", "is_kept"),
    [
        ("the house, " * 255, '"the kite"', True),
        ("the house, " * 256, '"the kite"', False),
        ("".join(map(chr, range(0x4E00, 0x4E00 + 16_378))), "가나다", True),
        ("".join(map(chr, range(0x4E00, 0x4E00 + 16_379))), "가나다", False),
    ],
    ids=["a word's 256th place", "a word's 257th place", "the last word with a place", "the first word without one"],
)
def test_a_phrase_is_found_where_the_index_keeps_the_places_of_its_words(
    before: str, phrase: str, is_kept: bool
) -> None:
    """PostgreSQL keeps fewer places than SQLite, which keeps all."""
    make_item(text=f"{before} the kite 가나다", guid="x")
    assert guids("kite") == guids("가나") == ["x"]
    assert guids(phrase) == (["x"] if is_kept or connection.vendor == "sqlite" else [])


@pytest.mark.parametrize("rare", [0, 500], ids=["words that are frequent", "words that are rare"])
def test_posts_of_a_lifestream_are_found_by_their_items(rare: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fulltext, "RARE", rare)
    monkeypatch.setattr(fulltext, "FREQUENT", 10 if rare else 1)
    feed, mine, other = make_feed(), make_lifestream(), make_lifestream()
    subscriptions = [make_subscription(feed, stream) for stream in (mine, other)]
    found, missed = make_item(feed, "apple"), make_item(feed, "pear")
    for item in (found, missed):
        make_post(item, subscriptions[0])
    make_post(found, subscriptions[1])
    posts = fulltext.matching(Post.objects.filter(lifestream=mine).order_by("-date", "-item_id"), "apple")
    assert [(post.item_id, post.lifestream_id) for post in posts] == [(found.pk, mine.pk)]


def test_only_items_and_posts_can_be_searched() -> None:
    with pytest.raises(TypeError, match="Feed can't be searched; give items or posts"):
        fulltext.matching(Feed.objects.all(), "x")


def test_an_item_that_was_indexed_again_is_found_by_its_new_words_alone() -> None:
    item = make_item(title="old", guid="x")
    item.title = "new"
    fulltext.index([fulltext.indexed(item, [])], "default")
    assert (guids("old"), guids("new")) == ([], ["x"])


@pytest.mark.parametrize("by_queryset", [True, False])
def test_a_deleted_item_is_removed_from_the_index_and_a_tombstone_is_kept(by_queryset: bool) -> None:
    item, other = make_item(title="apple", guid="x"), make_item(title="apple", guid="y")
    if by_queryset:
        Item.objects.filter(pk=item.pk).delete()
    else:
        item.delete()
    assert guids("apple") == ["y"] and indexed_keys() == [other.pk]
    [tombstone] = Tombstone.objects.all()
    assert (tombstone.feed_id, tombstone.key_hash, tombstone.guid) == (item.feed_id, item.key_hash, "x")
    other.delete()
    assert not Item.objects.exists()


def test_items_that_were_deleted_with_their_feed_are_not_found_and_a_rebuild_removes_them() -> None:
    make_item(title="apple").feed.delete()
    kept = make_item(title="apple", tags=["fruit"], guid="x")
    fulltext.forget([kept.pk], "default")
    assert guids("apple") == []
    [deleted] = indexed_keys()
    output = StringIO()
    call_command("rebuild_search", stdout=output)
    assert output.getvalue() == "Indexed 1 item.\n"
    assert guids("apple") == guids("fruit") == ["x"]
    assert indexed_keys() == [kept.pk] != [deleted]


def test_a_rebuild_makes_a_lost_index_again() -> None:
    make_item(title="apple", guid="x")
    fulltext.drop(connection)
    fulltext.rebuild()
    assert guids("apple") == ["x"]


@pytest.mark.parametrize(
    "text", ["word " * 100_000, "東京都" * 50_000, "x" * 500_000, " ".join(map(str, range(100_000))), "'\\:*&|!<->"]
)
def test_any_text_can_be_indexed(text: str) -> None:
    make_item(title="apple", text=text, guid="x")
    assert guids("apple") == ["x"]


@pytest.mark.parametrize(
    "query",
    [
        *("a " * 100_000, "東" * 100_000 + "a", '"' * 100_000, "ﷺ " * 300, "a*" * 50_000, "x" * 1_000_000),
        *(
            "\0",
            "\ud800",
            "\x7f",
            "NEAR(a b)",
            "a AND OR NOT",
            "a:b",
            "^a",
            "'a' <-> 'b':*",
            "\\",
            "%",
            "{a}",
            "-a",
            "+",
        ),
    ],
)
def test_any_query_can_be_run(query: str) -> None:
    make_item(title="apple", guid="x")
    assert guids(query) == []
    assert guids("apple") == ["x"]


def test_only_the_first_words_of_a_long_query_are_used() -> None:
    make_item(title=" ".join(f"w{number}" for number in range(fulltext.MOST_TERMS)), guid="x")
    assert guids(" ".join(f"w{number}" for number in range(fulltext.MOST_TERMS + 10))) == ["x"]
    assert guids(" ".join(f"w{number}" for number in reversed(range(fulltext.MOST_TERMS + 10)))) == []


@pytest.mark.parametrize(
    "query",
    ['"' + "a " * 140 + '"', " ".join(['"a b c"'] * 40), " ".join(f'"a w{n} c"' for n in range(30)), "中" * 300],
    ids=["a long phrase", "a phrase again and again", "many phrases", "no spaces"],
)
def test_the_words_of_phrases_are_limited(query: str) -> None:
    """The cost of a phrase is the number of its words, times the number of places at which an item repeats a word."""
    wanted = fulltext._wanted(query)
    assert 0 < sum(len(term.words) for term in wanted) <= fulltext.MOST_TERMS
    assert len(set(wanted)) == len(wanted)


def test_a_long_phrase_finds_what_begins_like_it() -> None:
    words = [f"w{number}" for number in range(fulltext.MOST_TERMS + 10)]
    make_item(title=" ".join([*words[: fulltext.MOST_TERMS], "end"]), guid="x")
    phrase = " ".join(words)
    assert guids(f'"{phrase}"') == ["x"]
    assert guids(f'"{words[1]} {phrase}"') == []
