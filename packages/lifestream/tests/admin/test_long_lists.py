"""Lists of the admin over large tables: they count and order few rows, and say so."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from factories import NOW, make_feed, make_item, make_lifestream, make_post, make_subscription
from lifestream.admin import owned
from lifestream.admin.items import PostAdmin
from lifestream.models import Fetch, Lifestream, Post, Subscription
from plans import plans_of

pytestmark = pytest.mark.slow

LISTS = ("feed", "fetch", "item", "lifestream", "post", "subscription")


@pytest.fixture
def root(client: Client) -> Client:
    """Return a client that is logged in as a superuser, on a site with three rows in each list."""
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
def test_a_list_counts_no_more_rows_than_it_lists_and_has_a_note(
    root: Client, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owned, "LISTED", 2)
    with CaptureQueriesContext(connection) as queries:
        page = root.get(f"/admin/lifestream/{name}/")
    assert page.context["cl"].result_count == 2
    counted = [
        each["sql"]
        for each in queries
        if "SELECT COUNT(*)" in each["sql"] and f'FROM "lifestream_{name}"' in each["sql"]
    ]

    assert counted and all("LIMIT 2" in each for each in counted), counted
    assert "The first 2 are listed: filters and the search find the others." in page.text
    monkeypatch.setattr(owned, "LISTED", 4)
    assert "are listed" not in root.get(f"/admin/lifestream/{name}/").text


@pytest.mark.django_db
@pytest.mark.parametrize("name", LISTS)
def test_no_list_groups_all_its_rows_and_only_the_filter_by_folder_reads_all_of_them(root: Client, name: str) -> None:
    with CaptureQueriesContext(connection) as queries:
        root.get(f"/admin/lifestream/{name}/")
    table = f'FROM "lifestream_{name}"'
    found = [query["sql"] for query in queries if table in query["sql"]]
    assert found
    for query in found:
        # The filter by folder reads all subscriptions with DISTINCT: they are few beside items and posts.
        assert name == "subscription" or "DISTINCT" not in query, query
        # A subquery (U0) groups the rows of one feed or lifestream only.
        assert query.count("GROUP BY") == len(re.findall('GROUP BY "?U0"?', query)), query


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["", "?_facets=True"])
def test_filters_by_thousands_of_folders_and_lifestreams_offer_the_first_ones(root: Client, query: str) -> None:
    feed, most = make_feed(), owned.CHOICES
    streams = Lifestream.objects.bulk_create(Lifestream(slug=f"s{n}", title=f"s{n:04}") for n in range(2_100))
    Subscription.objects.bulk_create(
        Subscription(lifestream=stream, feed=feed, folder=f"f{n:04}") for n, stream in enumerate(streams)
    )
    for name in ("subscription", "post"):
        answer = root.get(f"/admin/lifestream/{name}/{query}")
        assert answer.status_code == 200
        assert (
            0 < answer.text.count("?lifestream__id__exact=") + answer.text.count("&amp;lifestream__id__exact=") <= most
        )
        keys = {int(key) for key in re.findall(r"lifestream__id__exact=(\d+)", answer.text)}
        assert streams[0].pk in keys and streams[-1].pk not in keys
    folders = set(re.findall(r"folder=(f\d+)", root.get(f"/admin/lifestream/subscription/{query}").text))
    assert "f0001" in folders and len(folders) <= most
    chosen = root.get("/admin/lifestream/subscription/?folder=f2099")
    assert [row.folder for row in chosen.context["cl"].result_list] == ["f2099"], "others can be chosen, too"


@pytest.mark.django_db
@pytest.mark.parametrize(("answer", "count"), [("4xx", 2), ("2xx", 0), ("none", 1), ("9xx", 3)])
def test_fetches_are_filtered_by_their_status(root: Client, answer: str, count: int) -> None:
    Fetch.objects.filter(pk=Fetch.objects.earliest("pk").pk).update(status=None)
    page = root.get("/admin/lifestream/fetch/", {"answer": answer})
    assert page.context["cl"].result_count == count


@pytest.fixture
def owner(root: Client) -> Client:
    """Return the client of the owner of a lifestream with all feeds but one, which belongs to others."""
    ruth = User.objects.create_user("ruth", is_staff=True)
    ruth.user_permissions.set(Permission.objects.filter(content_type__app_label="lifestream"))
    Lifestream.objects.filter(slug="main").update(owner=ruth)
    others = make_feed()
    make_post(make_item(others), make_subscription(others, make_lifestream("others")))
    Fetch.objects.create(feed=others, started=NOW, outcome="failed", status=404)
    client = Client()
    client.force_login(ruth)
    return client


@pytest.mark.django_db
@pytest.mark.parametrize("listed", [2, 10_000], ids=["more than the limit", "fewer"])
@pytest.mark.parametrize("name", [name for name in LISTS if name != "lifestream"])
def test_an_owners_rows_are_read_in_order_if_they_are_many_and_by_their_keys_if_they_are_few(
    owner: Client, name: str, listed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owned, "LISTED", listed)
    address, table = f"/admin/lifestream/{name}/", f'FROM "lifestream_{name}"'
    asked = [(sql, plan) for sql, plan in plans_of(lambda: owner.get(address)) if table in sql and "ORDER BY" in sql]
    [plan] = [plan for sql, plan in asked if "EXISTS" in sql and "DISTINCT" not in sql]
    assert len(owner.get(address).context["cl"].result_list) == 3
    if connection.vendor != "sqlite":
        return
    if listed == 2:
        assert "LIST SUBQUERY" not in plan, plan
        assert "TEMP B-TREE" not in plan, plan
        assert f"SEARCH lifestream_{name} USING INTEGER PRIMARY KEY" not in plan, plan
    else:
        assert f"SEARCH lifestream_{name} USING INTEGER PRIMARY KEY" in plan, plan


@pytest.mark.django_db
def test_items_of_a_day_are_found_by_their_index(root: Client) -> None:
    address = "/admin/lifestream/item/?date__gte=2026-01-01+00:00:00%2B00:00&date__lt=2026-01-02+00:00:00%2B00:00"
    asked = [plan for sql, plan in plans_of(lambda: root.get(address)) if 'FROM "lifestream_item"' in sql]
    assert len(asked) > 1
    if connection.vendor == "sqlite":  # PostgreSQL takes any index for three rows
        assert all("lifestream_item_latest" in plan for plan in asked), asked
    assert not [plan for plan in asked if "Seq Scan" in plan or "SCAN lifestream_item" in plan], asked
    assert not [plan for plan in asked if "TEMP B-TREE" in plan or "Sort" in plan], asked


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["hidden", "ruled", "removed"])
def test_posts_of_a_kind_are_found_by_an_index_of_them_alone(root: Client, kind: str) -> None:
    post = Post.objects.earliest("pk")
    setattr(post, kind, True)
    post.save()
    address = f"/admin/lifestream/post/?shown={kind}"
    assert list(root.get(address).context["cl"].result_list) == [post]
    asked = [plan for sql, plan in plans_of(lambda: root.get(address)) if kind in sql.partition(" WHERE ")[2]]
    assert len(asked) > 1
    assert not [plan for plan in asked if f"lifestream_post_{kind}" not in plan], asked
    assert not [plan for plan in asked if "TEMP B-TREE" in plan or "Sort" in plan], asked


@pytest.mark.django_db
def test_the_fields_that_a_list_shows_are_read_after_its_rows_are_sorted(
    root: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PostAdmin, "list_per_page", 2)
    site = Subscription.objects.earliest("pk")
    for _ in range(3):
        make_post(make_item(site.feed, "Kites"), site)
    shown = [[post.pk for post in _posts(root, page)] for page in (1, 2)]
    assert [*shown[0], *shown[1]] == list(
        Post.objects.filter(item__title="Kites").order_by("-pk").values_list("pk", flat=True)
    )
    asked = [
        plan
        for sql, plan in plans_of(lambda: _posts(root, 1))
        if '"summary"' in sql and 'FROM "lifestream_post"' in sql
    ]
    assert len(asked) == 1
    assert connection.vendor != "sqlite" or "SEARCH lifestream_post USING INTEGER PRIMARY KEY" in asked[0]


def _posts(root: Client, page: int) -> list[Post]:
    return list(root.get(f"/admin/lifestream/post/?q=kites&p={page}").context["cl"].result_list)
