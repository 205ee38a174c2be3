"""Feeds in the admin."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from admin_users import act, editor, listed
from factories import make_feed, make_lifestream, make_subscription
from lifestream.models import Feed, Fetch, Item, Lifestream
from lifestream.storage import credentials
from shown import make_post, make_site

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(client: Client) -> Client:
    """Return a client that is logged in as a superuser."""
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def mine(client: Client) -> Lifestream:
    """Log `client` in as an editor, and return a lifestream that this editor owns."""
    user = editor()
    client.force_login(user)
    return make_lifestream("mine", owner=user)


def test_the_list_of_feeds_shows_health_next_fetch_and_why(root: Client) -> None:
    hour = timedelta(hours=1)
    make_feed(title="Failing", last_fetch=timezone.now() - hour, failures=3, last_status="500", last_error="oh no",
              next_fetch=timezone.now() + 2.5 * hour, next_reason="three failures in a row")  # fmt: skip
    page = listed(root, "feed")
    for words in ("failing, 3 times", "oh no", "in 2 hours", "three failures in a row", "1 hour ago", "500"):
        assert words in page.replace("\xa0", " ")


def test_a_feed_s_page_shows_all_times_from_which_the_next_fetch_was_chosen(root: Client) -> None:
    candidates = [["2026-03-01T13:00:00+00:00", "our own interval"], ["2026-03-01T14:00:00+00:00", "max-age <b>"]]
    feed = make_feed(candidates=candidates)
    page = root.get(f"/admin/lifestream/feed/{feed.pk}/change/").content.decode().replace("\xa0", " ")
    assert "<li>March 1, 2026, 1 p.m.: our own interval</li>" in page
    assert "<li>March 1, 2026, 2 p.m.: max-age &lt;b&gt;</li>" in page


@pytest.mark.parametrize(
    ("health", "fields"),
    [
        ("ok", {"last_fetch": timezone.now()}),
        ("new", {}),
        ("failing", {"last_fetch": timezone.now(), "failures": 1}),
        ("paused", {"status": "paused"}),
        ("idle", {"status": "idle"}),
        ("gone", {"status": "gone"}),
    ],
)
def test_feeds_can_be_filtered_by_health(root: Client, health: str, fields: dict[str, Any]) -> None:
    feed = make_feed(title="Wanted feed", **fields)
    others: list[dict[str, Any]] = [
        {"last_fetch": timezone.now()},
        {},
        {"status": "paused"},
        {"status": "idle"},
        {"status": "gone"},
        {"last_fetch": timezone.now(), "failures": 1},
    ]
    for number, other in enumerate(others):
        make_feed(title=f"Other {number}", **other)
    assert feed.health == health
    page = listed(root, "feed", f"?health={health}")
    assert "Wanted feed" in page and page.count(">Other ") == 1


@pytest.mark.slow
def test_feeds_are_paused_and_resumed(root: Client) -> None:
    active, gone = make_feed(), make_feed(status="gone", failures=5)
    for feed in (active, gone):
        make_subscription(feed)
    assert "1 feed was paused" in act(root, "feed", "pause", active, gone)
    assert set(Feed.objects.values_list("status", flat=True)) == {"paused", "gone"}
    assert "2 feeds were resumed" in act(root, "feed", "resume", active, gone)
    for feed in Feed.objects.all():
        assert (feed.status, feed.failures, feed.next_reason) == ("active", 0, "resumed")
        assert feed.next_fetch <= timezone.now()


def test_a_feed_without_an_active_subscription_is_not_resumed(root: Client) -> None:
    idle, paused, gone = (make_feed(status=status) for status in ("idle", "paused", "gone"))
    make_subscription(gone, paused=True)
    Feed.objects.filter(pk=gone.pk).update(status="gone")
    assert "0 feeds were resumed" in act(root, "feed", "resume", idle, paused, gone)
    assert list(Feed.objects.order_by("pk").values_list("status", flat=True)) == ["idle", "paused", "gone"]


def test_the_plugin_of_a_feed_is_chosen_from_the_registered_ones(root: Client) -> None:
    feed = make_feed(title="A feed")
    page = root.get(f"/admin/lifestream/feed/{feed.pk}/change/").content.decode()
    assert '<option value="youtube">' in page
    root.post(f"/admin/lifestream/feed/{feed.pk}/change/", {"title": "A feed", "site_url": "", "plugin": "youtube"})
    feed.refresh_from_db()
    assert feed.plugin == "youtube"


@pytest.mark.slow
def test_a_password_is_on_no_page_of_the_admin(root: Client) -> None:
    sealed = credentials.seal("name:opensesame")
    site = make_site(make_lifestream(), "Sesame", credentials=sealed)
    for address in (f"feed/{site.feed_id}/change/", "feed/", f"subscription/{site.pk}/change/", "subscription/"):
        page = root.get(f"/admin/lifestream/{address}").content.decode()
        assert "Sesame" in page and "opensesame" not in page and str(sealed) not in page
    assert "with a login" in listed(root, "feed")


def test_an_editor_may_see_but_not_change_a_feed_even_as_its_only_subscriber(client: Client, mine: Lifestream) -> None:
    site = make_site(mine, "Its title")
    address = f"/admin/lifestream/feed/{site.feed_id}/"
    assert client.get(f"{address}change/").status_code == 200
    assert client.post(f"{address}change/", {"title": "Other"}).status_code == 403
    assert client.post(f"{address}delete/", {"post": "yes"}).status_code == 403
    act(client, "feed", "pause", site.feed)
    assert Feed.objects.get().status == "active"


def test_an_editor_sees_only_the_feeds_of_their_own_lifestreams(client: Client, mine: Lifestream) -> None:
    address = "https://sesame.example/feed"
    make_site(mine, "With login", url=address, credentials=credentials.seal("a:b"))
    other = editor("other")
    make_site(make_lifestream(owner=other), "Without login", url=address)
    assert mine.owner is not None
    for user, seen, unseen in ((mine.owner, "With login", "Without login"), (other, "Without login", "With login")):
        client.force_login(user)
        page = listed(client, "feed")
        assert seen in page and unseen not in page


def test_the_add_button_of_feeds_leads_to_the_form_for_a_new_subscription(root: Client) -> None:
    response = root.get("/admin/lifestream/feed/add/")
    assert (response.status_code, response["Location"]) == (302, "/admin/lifestream/subscription/add/")


def test_a_feed_is_deleted_with_its_log_and_its_items(root: Client) -> None:
    post = make_post(make_site())
    Fetch.objects.create(feed=post.item.feed, started=timezone.now(), outcome="new")
    data = {"action": "delete_selected", "_selected_action": [post.item.feed_id], "post": "yes"}
    root.post("/admin/lifestream/feed/", data)
    assert not Feed.objects.exists() and not Item.objects.exists() and not Fetch.objects.exists()
