"""A query that reads the search index for too long is ended, keeps what it has found, and says so."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.test import Client

from factories import make_lifestream
from lifestream.models import Item, Lifestream, Post, fulltext, time_limit
from lifestream.models.search_sql import DIALECTS, Indexed, latest_matching
from lifestream.models.time_limit import LOOK, TimeLimit
from lifestream.web import walked_posts
from lifestream.web.syndication import validators
from lifestream.web.timeline import Timeline
from shown import make_post, make_site

pytestmark = pytest.mark.django_db

ENDED = "The search took too long, so older posts were not searched. With fewer or rarer words, they are."
ENDLESS = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers) SELECT n FROM numbers"

sqlite_only = pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL's query ends by itself")
postgresql_only = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite interrupts the query")


@pytest.fixture
def main() -> Lifestream:
    return make_lifestream("main")


@pytest.fixture
def no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_limit, "LONGEST", 0)


@pytest.mark.slow
@sqlite_only
def test_rows_that_were_read_in_time_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_limit, "LONGEST", 0.01)
    read = []
    with TimeLimit(connection) as limit, connection.cursor() as cursor:
        cursor.execute(ENDLESS)
        for (number,) in cursor:
            read.append(number)
    assert limit.is_over
    assert read == list(range(1, len(read) + 1)) and read
    with connection.cursor() as cursor:  # the next query has no limit
        cursor.execute(f"{ENDLESS} LIMIT 100000")
        assert len(cursor.fetchall()) == 100_000


@sqlite_only
def test_a_query_without_a_row_in_time_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_limit, "LONGEST", 0.01)
    with TimeLimit(connection) as limit, connection.cursor() as cursor:
        cursor.execute(f"SELECT max(n) FROM ({ENDLESS})")
        raise AssertionError("the query was not interrupted")
    assert limit.is_over


@pytest.mark.usefixtures("no_time")
@pytest.mark.django_db(transaction=True)
def test_other_errors_are_not_suppressed_once_the_time_is_over() -> None:
    with pytest.raises(ZeroDivisionError), TimeLimit(connection):
        raise ZeroDivisionError
    with pytest.raises(OperationalError, match="the disk is full"), TimeLimit(connection):
        raise OperationalError("the disk is full")


def test_a_query_that_ends_in_time_is_complete() -> None:
    with TimeLimit(connection) as limit:
        assert Item.objects.count() == 0
    assert not limit.is_over


@pytest.mark.postgres
@postgresql_only
def test_postgresql_asks_for_no_segment_after_the_time() -> None:
    fulltext.index([Indexed(key, "Red kites", "") for key in (1, 60_000)], "default")
    sql = latest_matching("%(query)s", "%(most)s")
    assert "interval '1 s'" in sql
    found = []
    with connection.cursor() as cursor:
        for time in ("1 s", "0 s"):
            cursor.execute(sql.replace("'1 s'", f"'{time}'"), {"query": "('/kites')", "most": 5})
            found.append([key for (key,) in cursor.fetchall()])
        cursor.execute(f"EXPLAIN {sql}", {"query": "('/kites')", "most": 5})
        plan = [line.strip() for (line,) in cursor.fetchall()]
    assert found == [[60_000, 1], []]
    # The time is asked for before each segment.
    (place,) = [number for number, line in enumerate(plan) if "generate_series" in line]
    assert plan[place + 1].startswith("Filter: (clock_timestamp() <"), plan


@pytest.mark.postgres
@postgresql_only
@pytest.mark.parametrize("are_in_segments", [True, False])
def test_postgresql_reads_no_entry_for_a_phrase_after_the_time(are_in_segments: bool) -> None:
    if are_in_segments:
        fulltext.index([Indexed(key, "Red kites", "") for key in (3, 5, 7)], "default")
    else:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO lifestream_search VALUES (3, 'red:1 kites:2'), (5, 'red:1 kites:2')")
    first_limit, *later = latest_matching("%(query)s", "%(most)s").split("interval '1 s'")
    over = "interval '0 s'".join(later)  # once the segment is chosen, the time is over
    found = []
    with connection.cursor() as cursor:
        for query in ("('/red' <-> '/kites')", "('/red') & ('/kit':*)"):
            cursor.execute(f"{first_limit}interval '1 s'{over}", {"query": query, "most": 5})
            found.append([key for (key,) in cursor.fetchall()])
    # Words are found by the index alone.
    assert found == [[], [7, 5, 3] if are_in_segments else [5, 3]]


@pytest.mark.postgres
@postgresql_only
def test_postgresql_searches_a_small_table_by_its_index() -> None:
    """To read the entry of each item takes milliseconds if its text is long."""
    fulltext.index([Indexed(key, "Red kites", "") for key in (3, 5, 7)], "default")
    counts = []
    with connection.cursor() as cursor:
        for _ in range(2):
            cursor.execute("SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'lifestream_search'")
            counts.append(cursor.fetchall())
            cursor.execute("SELECT * FROM lifestream_search_latest('(''/kites'')', 5)")
            assert cursor.fetchall() == [(7,), (5,), (3,)]
    assert counts[0] == counts[1]


@pytest.mark.slow
@pytest.mark.parametrize("title", ["Kites", "Rivers"])
def test_a_search_whose_single_entries_take_long_to_read_finds_the_same_by_the_index(
    monkeypatch: pytest.MonkeyPatch, main: Lifestream, title: str
) -> None:
    """Entries of long texts take milliseconds each, and up to three thousand are read one after the other."""
    site = make_site(main)
    for number in range(60):
        make_post(site, f"{title} {number}")
    monkeypatch.setattr(fulltext, "FREQUENT", 1)
    timeline = Timeline(main, query="kites")
    before = [post.pk for post in timeline.page(None, 30, counted=True).posts]
    assert len(before) == (30 if title == "Kites" else 0)
    found = fulltext.find("kites", "default")
    for module in (fulltext, walked_posts):
        monkeypatch.setattr(module, "LOOK", 0)
    if connection.vendor == "sqlite":
        looked = walked_posts.first_with(Timeline(main).posts(), fulltext.condition(Post.objects.all(), found), 60)
        assert len(looked.keys) < 60 and not looked.are_all
    page = timeline.page(None, 30, counted=True)
    assert [post.pk for post in page.posts] == before and not page.is_cut


@pytest.mark.postgres
@postgresql_only
def test_postgresql_reads_no_single_entry_after_the_time() -> None:
    fulltext.index([Indexed(key, "Red kites", "") for key in (3, 5, 7)], "default")
    sql = DIALECTS["postgresql"].latest
    found = []
    with connection.cursor() as cursor:
        for time in (f"{LOOK} s", "0 s"):
            cursor.execute(sql.replace(f"'{LOOK} s'", f"'{time}'"), {"query": "('/kites')"})
            found.append(sorted(key for (key,) in cursor.fetchall()))
    assert found == [[3, 5, 7], []]


@pytest.mark.postgres
@postgresql_only
def test_a_queryset_has_all_posts_of_a_frequent_word_however_long_it_takes(
    monkeypatch: pytest.MonkeyPatch, main: Lifestream
) -> None:
    """Code may read all of many thousand posts, and a queryset cannot tell that some are missing."""
    site = make_site(main)
    for number in range(3):
        make_post(site, f"Kites {number}")
    monkeypatch.setattr(fulltext, "FREQUENT", 1)
    limited = Post.objects.filter(fulltext.condition(Post.objects.all(), fulltext.find("kites", "default")))
    counts = []
    with connection.cursor() as cursor:
        for posts in (Timeline(main, query="kites").posts(), limited):
            sql, parameters = posts.values_list("pk").query.sql_with_params()
            cursor.execute(sql.replace(f"'{LOOK} s'", "'0 s'"), parameters)
            counts.append(len(cursor.fetchall()))
    assert counts == [3, 0]


def test_a_search_that_took_too_long_says_so(client: Client, main: Lifestream, no_time: None) -> None:
    make_post(make_site(main), "Kites")
    page = client.get("/main/search/?q=kites")
    assert ENDED in page.text
    assert page.context["hits"] in ("At least 1 post", "")
    assert page.context["is_cut"] is True
    assert fulltext.find("kites", "default").is_cut
    assert ENDED not in client.get("/main/search/?q=").text


def test_a_search_that_ends_in_time_does_not_say_that_it_took_too_long(client: Client, main: Lifestream) -> None:
    make_post(make_site(main), "Kites")
    page = client.get("/main/search/?q=kites")
    assert ENDED not in page.text and page.context["is_cut"] is False
    assert page.context["hits"] == "1 post"


@pytest.mark.parametrize("rare", [0, 10_000], ids=["in very many items", "in some items"])
@pytest.mark.parametrize("title", ["Kites", "Rivers"])
def test_a_search_for_words_that_are_frequent_elsewhere_says_that_it_took_too_long(
    monkeypatch: pytest.MonkeyPatch, main: Lifestream, rare: int, title: str
) -> None:
    site, elsewhere = make_site(main), make_site()
    make_post(site, title)
    for _ in range(5):
        make_post(elsewhere, "Kites")
        make_post(site, "Meadows")
    monkeypatch.setattr(fulltext, "FREQUENT", 1)
    monkeypatch.setattr(fulltext, "RARE", rare)
    monkeypatch.setattr("lifestream.web.walked_posts.MOST_ASKED", 2)
    timeline = Timeline(main, query="kites")
    page = timeline.page(None, 3, counted=True)
    assert not page.is_cut and [post.item.title for post in page.posts] == ["Kites"] * (title == "Kites")
    before = validators(timeline, None)
    monkeypatch.setattr(time_limit, "LONGEST", 0)
    page = timeline.page(None, 3, counted=True)
    assert page.is_cut and page.older is None
    assert page.hits is not None and not page.hits.is_all
    assert {post.item.title for post in page.posts} <= {"Kites"}
    assert validators(timeline, None)[0] == before[0] or title == "Kites"


def test_the_admin_says_that_a_search_took_too_long(client: Client, main: Lifestream, no_time: None) -> None:
    make_post(make_site(main), "Kites")
    client.force_login(User.objects.create_superuser("admin"))
    page = client.get("/admin/lifestream/post/?q=kites")
    assert "The search took too long, so older items were not searched." in page.text
    latest = fulltext.latest_matching(Post.objects.all(), "kites", 5)
    assert latest.is_cut and not latest.are_all
