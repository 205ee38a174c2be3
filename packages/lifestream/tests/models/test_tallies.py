"""Tallies: counts of fetches, runs and other events of the site."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from factories import NOW
from lifestream.models import Tally
from opponents import PATIENCE, wait_until


@pytest.mark.django_db
def test_counts_grow_and_store_the_time_of_the_last_change() -> None:
    Tally.objects.add({"runs": 1, "fetches:new": 3}, NOW)
    Tally.objects.add({"runs": 2}, NOW + timedelta(hours=1))
    assert [(each.name, each.value, each.changed) for each in Tally.objects.all()] == [
        ("fetches:new", 3, NOW),
        ("runs", 3, NOW + timedelta(hours=1)),
    ]
    assert str(Tally.objects.get(name="runs")) == "runs 3"


@pytest.mark.django_db
def test_many_counts_are_sent_to_the_database_together() -> None:
    with CaptureQueriesContext(connection) as queries:
        Tally.objects.add({f"answers:{status}": 1 for status in range(200, 220)}, NOW)
    assert sum("lifestream_tally" in query["sql"] for query in queries) == 1  # one `executemany`


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")
def test_concurrent_writers_lose_no_count() -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: add({"a": 1, "b": 1}), range(40)))
    assert dict(Tally.objects.values_list("name", "value")) == {"a": 40, "b": 40}


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")
def test_a_writer_that_waits_for_a_count_has_not_locked_one_whose_name_comes_later() -> None:
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Tally.objects.add({"a": 1}, NOW)
            other = pool.submit(add, {"b": 1, "a": 1})
            wait_until(is_awaited)
            Tally.objects.add({"b": 1}, NOW)  # a deadlock, if the other writer had added to it already
        other.result(PATIENCE)
    assert dict(Tally.objects.values_list("name", "value")) == {"a": 2, "b": 2}


def add(counts: Mapping[str, int]) -> None:
    """Add *counts*, then close the connections of the calling thread: call it in a thread of its own."""
    try:
        Tally.objects.add(counts, NOW)
    finally:
        connections.close_all()


def is_awaited() -> bool:
    """Return whether another connection waits for this one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid)))")
        return bool(cursor.fetchone()[0])
