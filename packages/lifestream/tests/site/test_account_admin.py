"""The lists of users and groups in the admin of the bundled site."""

from __future__ import annotations

from importlib import import_module
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from factories import make_feed, make_item, make_lifestream, make_post, make_subscription
from lifestream.models import Feed, Lifestream
from lifestream.models.fulltext import LONGEST_QUERY
from lifestream.site.account_admin import CheckedGroupAdmin, CheckedUserAdmin

LISTS: tuple[tuple[type[Any], type[Any], str], ...] = (
    (User, CheckedUserAdmin, "username"),
    (Group, CheckedGroupAdmin, "name"),
)


def listed(model: type[Any], kind: type[Any], query: dict[str, str], user: User) -> HttpResponse:
    request = RequestFactory().get("/list/", query)
    request.user = user
    response: HttpResponse = kind(model, admin.site).changelist_view(request)
    return response


@pytest.mark.parametrize("lookup", ["regex", "iregex", "range"])
def test_no_list_can_be_filtered_by_a_regular_expression_or_a_range(admin_user: User, lookup: str) -> None:
    for model, kind, name in LISTS:
        with pytest.raises(DisallowedModelAdminLookup):
            listed(model, kind, {f"{name}__{lookup}": "(a+)+$"}, admin_user)
        assert listed(model, kind, {f"{name}__startswith": "a"}, admin_user).status_code == 200


def test_a_value_that_no_filter_can_have_leads_to_the_list_without_filters(admin_user: User) -> None:
    for model, kind, _ in LISTS:
        response = listed(model, kind, {"id": "1\0"}, admin_user)
        assert (response.status_code, response["Location"]) == (302, "/list/?e=1")


@pytest.mark.parametrize(
    "query", [{"date_joined__year": "-1"}, {"last_login__gt": "0001-01-01T00:00:00+14:00"}, {"id__in": "9" * 20}]
)
def test_a_value_that_only_one_database_refuses_is_no_server_error(admin_user: User, query: dict[str, str]) -> None:
    assert listed(User, CheckedUserAdmin, query, admin_user).status_code in (200, 302)


def test_a_search_for_thousands_of_words_is_cut_and_finds_nothing(admin_user: User) -> None:
    for model, kind, _ in LISTS:
        long = "nowhere " * 5000
        cut = listed(model, kind, {"q": long}, admin_user)
        assert (cut.status_code, cut["Location"]) == (302, f"/list/?{urlencode({'q': long[:LONGEST_QUERY]})}")
        response: Any = listed(model, kind, {"q": long[:LONGEST_QUERY]}, admin_user)
        assert response.context_data["cl"].result_count == 0


@pytest.mark.parametrize("lookup", ["lifestreams", "lifestreams__isnull", "lifestreams__in", "logentry"])
def test_only_superusers_can_filter_users_by_what_the_users_own(admin_user: User, lookup: str) -> None:
    private = make_lifestream("private", owner=User.objects.create_user("owner"), is_public=False)
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.set(Permission.objects.filter(content_type__app_label="auth"))
    with pytest.raises(DisallowedModelAdminLookup):
        listed(User, CheckedUserAdmin, {lookup: str(private.pk)}, viewer)
    assert listed(User, CheckedUserAdmin, {lookup: str(private.pk)}, admin_user).status_code == 200


def test_nobody_can_filter_users_by_their_passwords(admin_user: User) -> None:
    with pytest.raises(DisallowedModelAdminLookup):
        listed(User, CheckedUserAdmin, {"password__startswith": "p"}, admin_user)


def question(client: Client, *users: User) -> str:
    """Choose *users* in the list to be deleted, and return the page that asks whether to delete them."""

    chosen = {"action": "delete_selected", "_selected_action": [user.pk for user in users]}
    return client.post("/admin/auth/user/", chosen).content.decode()


@pytest.mark.slow
@pytest.mark.urls("lifestream.site.urls")
def test_the_page_before_users_are_deleted_lists_their_lifestreams_and_no_posts(
    admin_client: Client, django_assert_max_num_queries: Any
) -> None:
    users = [User.objects.create(username=name) for name in ("one", "two")]
    lifestream = make_lifestream("words", owner=users[0])
    subscription = make_subscription(make_feed(), lifestream)
    for number in range(30):
        make_post(make_item(subscription.feed, title=f"Post {number}"), subscription)
    with django_assert_max_num_queries(10):
        shown = question(admin_client, *users)
    assert "Users: 2" in shown and "Lifestreams: 1" in shown and "words" in shown and "Post 1" not in shown
    done = admin_client.post(f"/admin/auth/user/{users[0].pk}/delete/", {"post": "yes"})
    assert done.status_code == 302 and list(User.objects.filter(pk__in=[user.pk for user in users])) == [users[1]]
    assert not Lifestream.objects.exists()


@pytest.mark.slow
@pytest.mark.urls("lifestream.site.urls")
@pytest.mark.parametrize("chosen_in_the_list", [True, False])
def test_the_deletion_of_a_user_takes_no_more_queries_if_the_user_reads_more_sites(
    admin_client: Client, *, chosen_in_the_list: bool
) -> None:
    counts = []
    for sites in (2, 12):
        user = User.objects.create(username="ada")
        lifestream = make_lifestream("words", owner=user)
        for number in range(sites):
            make_subscription(make_feed(f"https://{number}-of-{sites}.example/"), lifestream)
        address, form = f"/admin/auth/user/{user.pk}/delete/", {"post": "yes"}
        if chosen_in_the_list:
            address = "/admin/auth/user/"
            form |= {"action": "delete_selected", "_selected_action": str(user.pk)}
        with CaptureQueriesContext(connection) as queries:
            assert admin_client.post(address, form).status_code == 302
        counts.append(len(queries))
        assert not User.objects.filter(pk=user.pk).exists() and not Lifestream.objects.exists()
        assert set(Feed.objects.values_list("status", flat=True)) == {Feed.Status.IDLE}
    assert counts[1] <= counts[0]


@pytest.mark.django_db
@pytest.mark.urls("lifestream.site.urls")
def test_users_with_lifestreams_are_deleted_only_by_those_who_may_delete_lifestreams(client: Client) -> None:
    staff, other = User.objects.create(username="staff", is_staff=True), User.objects.create(username="other")
    staff.user_permissions.set(Permission.objects.filter(codename__in=["view_user", "delete_user"]))
    make_lifestream("words", owner=other)
    client.force_login(staff)
    assert "permission" in question(client, other)
    assert client.post(f"/admin/auth/user/{other.pk}/delete/", {"post": "yes"}).status_code == 403
    staff.user_permissions.add(Permission.objects.get(codename="delete_lifestream"))
    assert client.post(f"/admin/auth/user/{other.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not User.objects.filter(pk=other.pk).exists()


@pytest.mark.django_db
@pytest.mark.urls("lifestream.site.urls")
def test_the_page_before_users_are_deleted_names_a_private_lifestream_only_to_superusers(client: Client) -> None:
    staff, other = User.objects.create(username="staff", is_staff=True), User.objects.create(username="other")
    staff.user_permissions.set(
        Permission.objects.filter(codename__in=["view_user", "delete_user", "delete_lifestream"])
    )
    make_lifestream("open", owner=other)
    make_lifestream("hush", owner=other, is_public=False)
    client.force_login(staff)
    for shown in (question(client, other), client.get(f"/admin/auth/user/{other.pk}/delete/").content.decode()):
        assert "Lifestreams: 2" in shown and "open" in shown and "hush" not in shown
    User.objects.filter(pk=staff.pk).update(is_superuser=True)
    assert "hush" in question(client, other)


def test_the_bundled_site_has_these_lists() -> None:
    import_module("lifestream.site.urls")
    assert [type(admin.site.get_model_admin(model)) for model, _, _ in LISTS] == [kind for _, kind, _ in LISTS]
