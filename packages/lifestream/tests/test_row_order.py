"""Rows that a query does not order come in reverse on SQLite in the tests, so that no test relies on their order."""

from __future__ import annotations

import pytest
from django.db import connection

from factories import make_feed
from lifestream.models import Feed


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL gives such rows in any order by itself")
def test_rows_that_are_not_ordered_come_in_reverse() -> None:
    keys = [make_feed().pk for _ in range(3)]
    assert list(Feed.objects.order_by().values_list("pk", flat=True)) == keys[::-1]
