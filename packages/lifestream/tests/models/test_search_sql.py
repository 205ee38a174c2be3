"""The SQL of the search index: the rows and the queries for each database."""

from __future__ import annotations

import pytest
from django.db import connection, transaction

from lifestream.content.tokenizer import terms
from lifestream.models.search_sql import DIALECTS, TEXT_LENGTH, Indexed

SQLITE, POSTGRESQL = DIALECTS["sqlite"], DIALECTS["postgresql"]


@pytest.mark.parametrize(
    ("query", "sqlite", "postgresql"),
    [
        ("garden", '"garden"*', "('garden':*)"),
        ("of", '"of"', "('of')"),
        ('"red kite"', '"red kite"', "('red' <-> 'kite')"),
        ('"red kite" gard', '"red kite" "gard"*', "('red' <-> 'kite') & ('gard':*)"),
    ],
)
def test_a_query_consists_of_phrases_that_are_all_required(query: str, sqlite: str, postgresql: str) -> None:
    wanted = list(terms(query, beginnings=True))
    assert (SQLITE.query(wanted), POSTGRESQL.query(wanted)) == (sqlite, postgresql)


def test_the_query_for_an_estimate_asks_sqlite_for_whole_words_only() -> None:
    assert SQLITE.some('"red kite" "gard"*') == '"red kite" "gard"'
    assert POSTGRESQL.some("('gard':*)") == "('gard':*)"


def test_sqlite_gets_ascii_text_as_it_is_and_other_text_as_words() -> None:
    assert SQLITE.row(Indexed(7, "Red Kites!", "Über c++ fly")) == (7, "Red Kites!", "uber c cplusplus fly")


def test_postgresql_gets_words_with_positions_and_a_gap_between_head_and_body() -> None:
    assert POSTGRESQL.row(Indexed(7, "Red Kites!", "Über fly")) == (7, "red:1A kites:2A uber:4 fly:5")


def test_only_the_beginning_of_a_text_is_indexed() -> None:
    text = "x " * (TEXT_LENGTH // 2) + "end"
    assert "end" not in SQLITE.row(Indexed(1, "", text))[2]
    assert "end" not in POSTGRESQL.row(Indexed(1, "", text))[1]


@pytest.mark.django_db
def test_the_database_of_the_tests_has_an_index() -> None:
    assert connection.vendor in DIALECTS


@pytest.mark.postgres
@pytest.mark.django_db
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite's index gives its items in this order")
def test_postgresql_does_not_walk_down_all_items_for_words_that_none_of_the_latest_has() -> None:

    with transaction.atomic(), connection.cursor() as cursor:
        # Whatever else it could do costs more than the walk, as with ten million items.
        for other in ("enable_seqscan", "enable_bitmapscan", "enable_sort"):
            cursor.execute(f"SET LOCAL {other} = off")
        cursor.execute(f"EXPLAIN {POSTGRESQL.matching} {POSTGRESQL.order(any_latest=False)} LIMIT 10", ["'none':*"])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "lifestream_search" in plan and "Sort" in plan
    assert "Index Scan Backward" not in plan
