"""Lists of the admin over large tables: they count and order few rows, and say so."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from factories import NOW, make_feed, make_item, make_lifestream, make_post, make_subscription
from lifestream.admin import owned
from lifestream.models import Fetch

LISTS = ("feed", "fetch", "item", "lifestream", "post", "subscription")


@pytest.fixture
def root(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    stream = make_lifestream("main")
    for number in range(3):
        feed = make_feed()
        make_post(make_item(feed), make_subscription(feed, stream))
        Fetch.objects.create(feed=feed, started=NOW - number * timedelta(days=1), outcome="failed", status=404)
    make_lifestream("second"), make_lifestream("third")
    return client


@pytest.mark.django_db
@pytest.mark.parametrize("name", LISTS)
def test_a_list_counts_no_more_rows_than_it_lists_and_says_so(
    root: Client, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owned, "LISTED", 2)
    page = root.get(f"/admin/lifestream/{name}/")
    assert page.context["cl"].result_count == 2
    assert "The first 2 are listed: filters and the search find the others." in page.text
    monkeypatch.setattr(owned, "LISTED", 4)
    assert "are listed" not in root.get(f"/admin/lifestream/{name}/").text


@pytest.mark.django_db
@pytest.mark.parametrize("name", LISTS)
def test_a_list_groups_no_rows_and_goes_through_none_for_its_filters(root: Client, name: str) -> None:
    with CaptureQueriesContext(connection) as queries:
        root.get(f"/admin/lifestream/{name}/")
    table = f'FROM "lifestream_{name}"'
    for query in (query["sql"] for query in queries if table in query["sql"]):
        # The folders of subscriptions, which are no large table.
        assert name == "subscription" or "DISTINCT" not in query, query
        assert query.count("GROUP BY") == len(re.findall('GROUP BY "?U0"?', query)), query


@pytest.mark.django_db
@pytest.mark.parametrize(("answer", "count"), [("4xx", 3), ("2xx", 0), ("none", 0), ("9xx", 3)])
def test_fetches_are_filtered_by_their_status(root: Client, answer: str, count: int) -> None:
    page = root.get("/admin/lifestream/fetch/", {"answer": answer})
    assert page.context["cl"].result_count == count
