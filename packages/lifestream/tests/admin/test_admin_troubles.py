"""The page "Feeds in trouble" of the admin."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from admin_users import editor
from factories import make_feed, make_lifestream, make_subscription
from lifestream.message import say
from lifestream.models import Feed, Lifestream

pytestmark = pytest.mark.django_db
ADDRESS = "/admin/lifestream/feed/troubles/"


def lost(lifestream: Lifestream | None = None, **fields: Any) -> Feed:
    """Return a feed that somebody reads and that has failed for a month."""
    month = timezone.now() - timedelta(days=30)
    error = say("answered", status="404 Not Found")
    failing: dict[str, Any] = {"failures": 9, "last_success": month, "last_error": error}
    feed = make_feed(**failing | fields)
    make_subscription(feed, lifestream or make_lifestream())
    return feed


def test_the_page_shows_why_since_when_and_what_to_do_and_links_to_the_feed(admin_client: Client) -> None:
    feed = lost(title="<b>Lost</b>", replacement="https://a.example/new.xml")
    page = admin_client.get(ADDRESS).content.decode()
    assert "&lt;b&gt;Lost&lt;/b&gt;" in page
    assert f'href="/admin/lifestream/feed/{feed.pk}/change/"' in page
    assert "the server answered 404 Not Found" in page
    assert "https://a.example/new.xml" in page
    assert "30 days ago" in page


def test_without_trouble_the_page_has_a_note_and_the_list_of_feeds_links_to_it(admin_client: Client) -> None:
    assert "No feed is in trouble." in admin_client.get(ADDRESS).content.decode()
    assert f'href="{ADDRESS}"' in admin_client.get("/admin/lifestream/feed/").content.decode()


def test_an_editor_sees_the_feeds_of_the_own_lifestreams_only(client: Client) -> None:
    user = editor()
    client.force_login(user)
    lost(make_lifestream("mine", owner=user), title="Mine")
    lost(make_lifestream("other"), title="Not mine")
    page = client.get(ADDRESS).content.decode()
    assert "Mine" in page
    assert "Not mine" not in page


def test_staff_who_may_not_see_feeds_may_not_see_the_page(client: Client, django_user_model: Any) -> None:
    client.force_login(django_user_model.objects.create_user("mute", is_staff=True))
    assert client.get(ADDRESS).status_code == 403
