"""Lists of the admin answer any address and any form."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.db.models.signals import pre_save
from django.forms import model_to_dict
from django.test import Client
from django.utils import timezone

from costs import assert_linear
from factories import make_feed, make_lifestream, make_post, make_subscription
from lifestream.admin.list_requests import CheckedListAdmin
from lifestream.models import Fetch, Lifestream, Subscription
from opponents import PATIENCE, Opponent

pytestmark = pytest.mark.django_db
LISTS = ("feed", "item", "fetch", "post", "subscription", "lifestream")


@pytest.fixture
def client(admin_client: Client) -> Client:
    admin_client.raise_request_exception = False
    return admin_client


def test_all_lists_of_lifestream_are_tried() -> None:
    registered = [model._meta for model in admin.site._registry]
    assert {each.model_name for each in registered if each.app_label == "lifestream"} == {*LISTS}


@pytest.mark.parametrize("model", LISTS)
@pytest.mark.parametrize("query", ["id__range=1", "pk__range=", "id__regex=1"])
def test_no_list_can_be_filtered_by_a_range_or_a_regular_expression(client: Client, model: str, query: str) -> None:
    assert client.get(f"/admin/lifestream/{model}/?{query}").status_code == 400
    assert client.post(f"/admin/lifestream/{model}/?{query}", {"action": "x"}).status_code == 400


@pytest.mark.parametrize("lookup", ["feed/?url__range=a", "item/?media__0__range=a", "item/?date__year__range=1"])
def test_no_other_kind_of_field_can_be_filtered_by_a_range(client: Client, lookup: str) -> None:
    assert client.get(f"/admin/lifestream/{lookup}").status_code == 400


@pytest.mark.parametrize("query", ["icon=a", "icon__gt=Infinity", "icon__isnull=1"])
@pytest.mark.parametrize("list_and_path", ["feed/?", "subscription/?feed__"])
def test_no_list_can_be_filtered_by_bytes(client: Client, list_and_path: str, query: str) -> None:
    assert client.get(f"/admin/lifestream/{list_and_path}{query}").status_code == 400


@pytest.mark.parametrize("model", LISTS)
@pytest.mark.parametrize("query", ["id__lt=1%00", "q=%00"])
def test_a_value_that_no_filter_can_have_leads_to_the_list_without_filters(
    client: Client, model: str, query: str
) -> None:
    for response in (
        client.get(f"/admin/lifestream/{model}/?{query}"),
        client.post(f"/admin/lifestream/{model}/?{query}", {"action": "x"}),
    ):
        assert (response.status_code, response["Location"][-4:]) == (302, "?e=1")


@pytest.mark.parametrize(
    "lookup", ["enclosures__contains=a", "media__contained_by=a", "date__year=-1", "id__in=99999999999999999999"]
)
def test_a_lookup_that_only_one_database_refuses_is_no_server_error(client: Client, lookup: str) -> None:
    assert client.get(f"/admin/lifestream/item/?{lookup}").status_code in (200, 302)


@pytest.mark.parametrize("value", ["a" * 60_000, "_" * 25_001])
def test_a_value_that_is_too_long_for_a_pattern_leads_to_the_list_without_filters(client: Client, value: str) -> None:
    for lookup in ("feed/?plugin__icontains", "feed/?url__endswith", "item/?media__contains"):
        assert client.get(f"/admin/lifestream/{lookup}={value}").status_code == 302
    assert client.get(f"/admin/lifestream/feed/?url={'_' * 8192}").status_code == 200  # as long as an address may be


@pytest.mark.parametrize("parameter", ["title__icontains=%d", "media__%d=1", "media__a%d__gt=1"])
def test_hundreds_of_values_lead_to_the_list_without_filters(client: Client, parameter: str) -> None:
    for count, status in ((100, 200), (101, 302), (999, 302)):
        query = "&".join(parameter % number for number in range(count))
        assert client.get(f"/admin/lifestream/item/?{query}").status_code == status


@pytest.mark.parametrize("path", ["media__a", "episode__0", "media__date"])
def test_no_list_can_be_filtered_by_a_deep_path(client: Client, path: str) -> None:
    field, _, part = path.partition("__")
    for depth, status in ((19, 200), (20, 400), (300, 400), (10_000, 302)):
        assert client.get(f"/admin/lifestream/item/?{field}{f'__{part}' * depth}=1").status_code == status


@pytest.mark.parametrize("page", ["change", "delete"])
def test_the_form_of_a_row_is_found_though_the_address_names_no_field(client: Client, page: str) -> None:
    post = make_post()
    for model, row in (("post", post), ("item", post.item), ("feed", post.item.feed)):
        assert client.get(f"/admin/lifestream/{model}/{row.pk}/{page}/?_to_field=").status_code == 200


@pytest.mark.parametrize("path", ["feed/{feed}/change/", "feed/{feed}/delete/", "feed/"])
@pytest.mark.parametrize(
    ("field", "status"),
    [("items", 400), ("items__id", 400), ("title", 400), ("id", 200), ("x", 400), ("fetches", 400), ("+", 400)],
)
def test_the_parameter_to_field_accepts_only_the_key(client: Client, path: str, field: str, status: int) -> None:
    address = f"/admin/lifestream/{path.format(feed=make_feed().pk)}"
    assert client.get(address, {"_to_field": field}).status_code == status


@pytest.mark.slow
@pytest.mark.parametrize("model", LISTS)
def test_a_search_for_thousands_of_words_finds_nothing(client: Client, model: str) -> None:
    Fetch.objects.create(feed=make_post().item.feed, started=timezone.now(), outcome="new")
    assert client.get(f"/admin/lifestream/{model}/").context["cl"].result_count == 1
    response = client.get(f"/admin/lifestream/{model}/", {"q": "a://b " * 5000}, follow=True)
    assert response.status_code == 200
    assert response.context["cl"].result_count == 0


@pytest.mark.slow
def test_a_search_of_quotation_marks_takes_linear_time(client: Client) -> None:
    def search(query: str) -> None:
        assert client.get("/admin/lifestream/feed/", {"q": query}, follow=True).status_code == 200

    assert_linear(search, lambda number: '\\" ' * number, 2_500)


def test_a_list_redirects_from_a_long_address_to_a_short_one(client: Client) -> None:
    make_post()
    address = "/admin/lifestream/item/"
    found = client.get(address, {"q": "\U0001f600" * 5000, "language": "de"}, follow=True)
    assert found.redirect_chain == [(f"{address}?{urlencode({'q': chr(0x1F600) * 300, 'language': 'de'})}", 302)]
    for parameters in ({"language": "\U0001f600" * 1000}, {f"language{'x' * 10_000}": ""}, {"q": ["x" * 9_999, "a"]}):
        assert client.get(address, parameters).headers["Location"] == f"{address}?e=1"


def test_the_first_300_characters_of_a_search_are_searched_for(client: Client) -> None:
    User.objects.create_user("ines", email="a" * 50)

    class Users(CheckedListAdmin):
        search_fields = ("username", "email")

    users = Users(User, admin.site)
    everybody = User.objects.order_by("pk")

    def found(query: str) -> list[str]:
        rows, _ = users.get_search_results(None, everybody, query)  # type: ignore[arg-type]
        return [user.username for user in rows]

    assert found("a " * 150 + "nowhere") == ["admin", "ines"]
    assert found("a " * 146 + "nowhere") == []


@pytest.mark.postgres  # SQLite writes for one request at a time
@pytest.mark.django_db(transaction=True)
def test_a_form_that_is_sent_twice_at_the_same_time_is_saved_once_and_shows_the_error(admin_user: User) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("LIFESTREAM_TEST_DATABASE_URL names no PostgreSQL; see scripts/services.py")
    both_are_checked = threading.Barrier(2)
    waiting = iter([both_are_checked.wait] * 2)

    def wait(**_: Any) -> None:
        next(waiting, lambda _seconds: 0)(60)

    def send() -> int:
        client = Client()
        client.force_login(admin_user)
        values = model_to_dict(Lifestream(title="A", slug="twice"))
        form = {name: value for name, value in values.items() if value not in (None, False, "")}
        try:
            return client.post("/admin/lifestream/lifestream/add/", form).status_code
        finally:
            connection.close()

    pre_save.connect(wait, sender=Lifestream)
    try:
        with ThreadPoolExecutor(2) as threads:
            sent = [threads.submit(send) for _ in range(2)]
            assert sorted(each.result(120) for each in sent) == [200, 302]
    finally:
        pre_save.disconnect(wait, sender=Lifestream)
    assert Lifestream.objects.filter(slug="twice").count() == 1


@pytest.mark.postgres  # SQLite writes for one request at a time
@pytest.mark.django_db(transaction=True)
@pytest.mark.urls("lifestream.site.urls")
@pytest.mark.parametrize("in_list", [False, True])
def test_a_user_is_deleted_with_what_is_added_meanwhile(admin_client: Client, *, in_list: bool) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("LIFESTREAM_TEST_DATABASE_URL names no PostgreSQL; see scripts/services.py")
    user = User.objects.create_user("leaving")
    added: list[str] = []

    def add() -> None:
        added.append(f"late{len(added)}")
        Lifestream.objects.create(owner_id=user.pk, title="Late", slug=added[-1])
        connection.close()

    def add_before(execute: Any, sql: str, *arguments: Any) -> Any:
        if sql.startswith('DELETE FROM "auth_user"') and len(added) < 2:
            adding = threading.Thread(target=add)
            adding.start()
            adding.join(60)
        return execute(sql, *arguments)

    chosen = {"action": "delete_selected", "_selected_action": user.pk} if in_list else {}
    address = "/admin/auth/user/" if in_list else f"/admin/auth/user/{user.pk}/delete/"
    with connection.execute_wrapper(add_before):
        assert admin_client.post(address, {**chosen, "post": "yes"}).status_code == 302
    assert len(added) == 2
    assert not Lifestream.objects.exists() and not User.objects.filter(pk=user.pk).exists()


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("in_list", [False, True])
def test_a_change_that_meets_another_process_in_a_deadlock_is_tried_again(client: Client, *, in_list: bool) -> None:
    lifestream, feeds = make_lifestream(), [make_feed(url=f"https://{name}.example/") for name in "ab"]
    chosen = [make_subscription(feed, lifestream).pk for feed in feeds]
    opponent = Opponent(held=feeds[1].pk, wanted=feeds[0].pk)
    opponent.start()
    if in_list:
        form = {"action": "pause", "_selected_action": chosen}
        assert client.post("/admin/lifestream/subscription/", form).status_code == 302
    else:
        address = f"/admin/lifestream/lifestream/{lifestream.pk}/delete/"
        assert client.post(address, {"post": "yes"}).status_code == 302
    opponent.join(PATIENCE)
    assert not Subscription.objects.filter(paused=False).exists()
