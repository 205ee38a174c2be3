"""The SQL of the search index: the rows and the queries for each database."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import connection, transaction

from lifestream.content.tokenizer import terms
from lifestream.models.search_sql import DIALECTS, SEGMENT, TEXT_LENGTH, Indexed, latest_matching

SQLITE, POSTGRESQL = DIALECTS["sqlite"], DIALECTS["postgresql"]


@pytest.mark.parametrize(
    ("query", "sqlite", "postgresql"),
    [
        ("garden", '"garden"*', "('/garden':*)"),
        ("of", '"of"', "('/of')"),
        ('"red kite"', '"red kite"', "('/red' <-> '/kite')"),
        ('"red kite" gard', '"red kite" "gard"*', "('/red' <-> '/kite') & ('/gard':*)"),
    ],
)
def test_a_query_consists_of_phrases_that_are_all_required(query: str, sqlite: str, postgresql: str) -> None:
    wanted = list(terms(query, beginnings=True))
    assert (SQLITE.query(wanted), POSTGRESQL.query(wanted)) == (sqlite, postgresql)


def test_sqlite_gets_text_as_it_is_if_it_is_ascii_without_plus_and_hash_and_as_words_otherwise() -> None:
    assert SQLITE.row(Indexed(7, "Red Kites!", "Über fly")) == (7, "Red Kites!", "uber fly")
    assert SQLITE.row(Indexed(7, "In C++!", "In C#!")) == (7, "in c cplusplus", "in c csharp")


def test_postgresql_gets_words_with_segment_and_positions_and_a_gap_between_head_and_body() -> None:
    row = POSTGRESQL.row(Indexed(7 * SEGMENT, "Red Kites!", "Über fly"))
    assert row == (7 * SEGMENT, "7/red:1A 7/kites:2A 7/uber:4 7/fly:5")


@pytest.mark.slow
@pytest.mark.parametrize("character", ["\ufdfa", "\u3300"])
def test_a_character_that_stands_for_many_takes_little_more_space_than_others(character: str) -> None:
    size, usual = (
        [len("".join(map(str, dialect.row(Indexed(1, "", each * TEXT_LENGTH))))) for dialect in (SQLITE, POSTGRESQL)]
        for each in (character, "\u6771")
    )
    assert size[0] < 2 * usual[0] and size[1] < 2 * usual[1]


def test_all_entries_of_a_feed_with_a_long_author_take_little_space() -> None:
    """Each of its 10,000 entries has the author of the feed; U+FDFA stands for 18 letters."""
    assert len(SQLITE.row(Indexed(1, "\ufdfa" * 1000, ""))[1]) <= 2 * 1000
    assert SQLITE.row(Indexed(1, "\ufdfa" * 20, ""))[1].count("\u0635\u0644\u0649") == 20


def test_only_the_beginning_of_a_text_is_indexed() -> None:
    text = "x " * (TEXT_LENGTH // 2) + "end"
    assert "end" not in SQLITE.row(Indexed(1, "", text))[2]
    assert "end" not in POSTGRESQL.row(Indexed(1, "", text))[1]


@pytest.mark.django_db
def test_the_database_of_the_tests_has_an_index() -> None:
    assert connection.vendor in DIALECTS
    assert "lifestream_search" in connection.introspection.table_names()


def matching(query: str, most: int) -> list[int]:
    """Return the keys of the latest *most* items that match *query*, in the database of the tests."""
    dialect = DIALECTS[connection.vendor]
    with connection.cursor() as cursor:
        parameters: dict[str, str | int] = {"query": dialect.query(list(terms(query, beginnings=True))), "most": most}
        cursor.execute(dialect.matching, parameters)
        return [item for (item,) in cursor.fetchall()]


def write(*rows: Sequence[Any]) -> None:
    """Write *rows* of the dialect into the index."""
    dialect = DIALECTS[connection.vendor]
    with connection.cursor() as cursor:
        if dialect.takes_json:
            cursor.execute(dialect.write, [json.dumps(rows)])
        else:
            cursor.executemany(dialect.write, rows)


KEYS = (1, 7, SEGMENT - 1, SEGMENT, SEGMENT + 1, 3 * SEGMENT, 12 * SEGMENT + 5)
"""Keys of items at the edges of segments, in segments beside each other, and beyond some that are empty."""


@pytest.mark.django_db
@pytest.mark.parametrize("most", range(1, len(KEYS) + 2))
def test_the_latest_items_of_all_segments_are_found(most: int) -> None:
    row = DIALECTS[connection.vendor].row
    write(*(row(Indexed(key, "Red kites", "fly")) for key in KEYS), row(Indexed(9, "Fly", "red")))
    latest = sorted(KEYS, reverse=True)[:most]
    assert matching("kit", most) == matching('"red kites"', most) == matching("kites fly", most) == latest


@pytest.mark.django_db
def test_an_empty_index_finds_nothing() -> None:
    assert matching("kite", 5) == []


@pytest.mark.postgres
@pytest.mark.django_db
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite's index has no segments")
@pytest.mark.parametrize("most", range(1, 6))
def test_items_that_were_indexed_without_segments_are_found_among_the_others(most: int) -> None:
    write(*((key, "red:1A kites:2A fly:4") for key in (3, SEGMENT + 7, SEGMENT + 9)))
    write(*(POSTGRESQL.row(Indexed(key, "Red kites", "fly")) for key in (5, SEGMENT + 8)))
    latest = [SEGMENT + 9, SEGMENT + 8, SEGMENT + 7, 5, 3][:most]
    assert matching("kit", most) == matching('"red kites"', most) == latest


@pytest.mark.postgres
@pytest.mark.django_db
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite's index has no segments")
def test_a_search_reads_no_older_segment_once_it_has_found_enough() -> None:
    write(*(POSTGRESQL.row(Indexed(key, "Kite", "")) for key in KEYS))
    with connection.cursor() as cursor:
        parameters: dict[str, str | int] = {"query": "('/kite')", "most": 3}
        cursor.execute(
            f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {latest_matching('%(query)s', '%(most)s')}", parameters
        )
        plan = [line for (line,) in cursor.fetchall()]
    read = next(line for line in plan if "generate_series" in line)
    # Items of the segments 12, 3 and 1, so the segments 12 to 1 were asked for, and not the segment 0.
    assert "rows=12 " in read, plan


@pytest.mark.postgres
@pytest.mark.django_db
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite's index gives its items one by one")
@pytest.mark.parametrize("is_analyzed", [False, True])
def test_postgresql_reads_only_as_many_entries_for_a_phrase_as_it_needs(is_analyzed: bool) -> None:
    """How PostgreSQL looks an entry up depends on its statistics of the table, which an autovacuum may collect."""
    write(*(POSTGRESQL.row(Indexed(key, "Red kites" if key % 2 else "Kites red", "")) for key in range(1, 100)))
    with connection.cursor() as cursor:
        if is_analyzed:
            cursor.execute("ANALYZE lifestream_search")
        parameters: dict[str, str | int] = {"query": "('/red' <-> '/kites')", "most": 3}
        cursor.execute(
            f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {latest_matching('%(query)s', '%(most)s')}", parameters
        )
        plan = [line for (line,) in cursor.fetchall()]
    read = [line for line in plan if re.search(r" Scan .*\bentry\b", line) and "never executed" not in line]
    assert len(read) == 1 and read[0].endswith("loops=5)"), plan  # of the items 99 to 95, three have the phrase


@pytest.mark.postgres
@pytest.mark.django_db
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no JIT compiler")
def test_postgresql_searches_by_the_index_without_compiling_the_search() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT proconfig FROM pg_proc WHERE proname = 'lifestream_search_latest'")
        assert cursor.fetchall() == [(["jit=off", "enable_seqscan=off"],)]


@pytest.mark.postgres
@pytest.mark.django_db
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite's index gives its items in this order")
def test_postgresql_does_not_walk_down_all_items_for_a_word() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        # Whatever else PostgreSQL could do costs more than such a walk, as with ten million items.
        for other in ("enable_seqscan", "enable_bitmapscan", "enable_sort"):
            cursor.execute(f"SET LOCAL {other} = off")
        cursor.execute(f"EXPLAIN {latest_matching('%(query)s', '%(most)s')}", {"query": "('/none':*)", "most": 10})
        plan = [line for (line,) in cursor.fetchall()]
    assert "Sort" in "\n".join(plan), plan
    # For the first and the last key, PostgreSQL walks an index and reads no row: the plan says "Index Only Scan".
    assert not [line for line in plan if "Index Scan Backward" in line], plan
