"""The page "Limits" of the admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client, modify_settings, override_settings
from django.utils import translation
from django.utils.html import escape

from admin_users import editor
from lifestream.operations.limits import limits

pytestmark = pytest.mark.django_db
ADDRESS = "/admin/lifestream/feed/limits/"


@override_settings(LIFESTREAM_KEEP_FETCHES=77)
def test_the_page_shows_each_limit_and_values_other_than_the_default_in_bold(admin_client: Client) -> None:
    page = admin_client.get(ADDRESS).content.decode()
    assert all(limit.setting in page and limit.default_shown in page for limit in limits())
    assert "<strong>77</strong>" in page
    assert "<td>20 MiB</td>" in page
    assert "<strong>10 MiB</strong>" not in page
    assert f'href="{ADDRESS}"' in admin_client.get("/admin/lifestream/feed/").content.decode()


@modify_settings(MIDDLEWARE={"append": "django.middleware.locale.LocaleMiddleware"})
def test_the_page_is_in_the_language_of_the_reader(admin_client: Client) -> None:
    with translation.override("en"):
        page = admin_client.get(ADDRESS, headers={"Accept-Language": "de"}).content.decode()
    with translation.override("de"):
        assert all(escape(limit.why) in page for limit in limits())


def test_only_staff_who_may_see_feeds_may_see_the_page(client: Client, django_user_model: Any) -> None:
    client.force_login(editor())
    assert client.get(ADDRESS).status_code == 200
    client.force_login(django_user_model.objects.create_user("mute", is_staff=True))
    assert client.get(ADDRESS).status_code == 403
    client.logout()
    assert client.get(ADDRESS).status_code == 302
