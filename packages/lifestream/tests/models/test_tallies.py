"""Tallies: counts of fetches, runs and other events of the site."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from factories import NOW
from lifestream.models import Tally


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
def test_many_counts_are_added_by_as_many_statements_as_one() -> None:
    for counts in ({"runs": 1}, {f"answers:{status}": 1 for status in range(200, 220)}):
        with CaptureQueriesContext(connection) as queries:
            Tally.objects.add(counts, NOW)
        assert sum("lifestream_tally" in query["sql"] for query in queries) == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")
def test_concurrent_writers_lose_no_count_and_do_not_deadlock() -> None:
    def add(number: int) -> None:
        Tally.objects.add({"b": 1, "a": 1} if number % 2 else {"a": 1, "b": 1}, NOW)
        connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(40)))
    assert dict(Tally.objects.values_list("name", "value")) == {"a": 40, "b": 40}
