"""The lists of users and groups in the admin of the bundled site."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.auth.models import Group, User
from django.http import HttpResponse
from django.test import RequestFactory

from lifestream.site.account_admin import CheckedGroupAdmin, CheckedUserAdmin
from own_site import command

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


def test_a_search_for_thousands_of_words_finds_nothing(admin_user: User) -> None:
    for model, kind, _ in LISTS:
        response: Any = listed(model, kind, {"q": "nowhere " * 5000}, admin_user)
        assert response.context_data["cl"].result_count == 0


def test_nobody_can_filter_users_by_their_passwords(admin_user: User) -> None:
    with pytest.raises(DisallowedModelAdminLookup):
        listed(User, CheckedUserAdmin, {"password__startswith": "p"}, admin_user)


def test_the_bundled_site_has_these_lists(tmp_path: Path) -> None:
    code = """
from django.contrib import admin
from django.contrib.auth.models import Group, User
import lifestream.site.urls
print(*(type(admin.site.get_model_admin(model)).__name__ for model in (User, Group)))
"""
    done = command("shell", "--no-imports", "-c", code, folder=tmp_path)
    assert done.stdout.strip() == "CheckedUserAdmin CheckedGroupAdmin", done.stderr
