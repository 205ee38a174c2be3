"""Subscriptions in the admin."""

from __future__ import annotations

import pytest
from django.test import Client

from admin_users import act, editor
from factories import make_feed, make_lifestream
from lifestream.models import Item, Lifestream, Post, Subscription
from shown import make_post, make_site

pytestmark = pytest.mark.django_db


@pytest.fixture
def mine(client: Client) -> Lifestream:
    """Return a lifestream of an editor, as whom `client` is logged in."""
    user = editor()
    client.force_login(user)
    return make_lifestream("mine", owner=user)


def test_a_lifestream_belongs_to_the_editor_who_makes_it(client: Client, mine: Lifestream) -> None:
    other = editor("other")
    data = {"title": "New", "slug": "new", "tagline": "", "is_public": "on", "owner": other.pk}
    data |= {"shown": "summary", "words": 60, "site_order": "name"}
    client.post("/admin/lifestream/lifestream/add/", data)
    assert Lifestream.objects.get(slug__startswith="new-").owner == mine.owner


def test_an_editor_subscribes_only_their_own_lifestreams(client: Client, mine: Lifestream) -> None:
    theirs = make_lifestream("theirs", title="Theirs", owner=editor("other"))
    page = client.get("/admin/lifestream/subscription/add/").content.decode()
    assert "mine</option>" in page and "Theirs" not in page
    known = make_feed("https://known.example/feed", title="Known")
    response = client.post("/admin/lifestream/subscription/add/", {"url": known.url, "lifestream": theirs.pk})
    assert "Select a valid choice" in response.content.decode() and not Subscription.objects.exists()


@pytest.mark.slow
def test_a_subscription_is_renamed_filed_and_given_rules(client: Client, mine: Lifestream) -> None:
    site = make_site(mine)
    make_post(site, "An advertisement")
    late = make_post(site, "A story")
    late.delete()
    address = f"/admin/lifestream/subscription/{site.pk}/change/"
    data = {"name": "Named", "folder": "News", "keep_rules": "story", "block_rules": "link:"}
    assert "link:" in (page := client.post(address, data).content.decode()) and 'class="errorlist"' in page
    for name in ("name", "folder"):
        answer = client.post(address, {**data, "block_rules": "", name: "x" * 2_001})
        assert list(answer.context["adminform"].form.errors) == [name], "a published feed has it in each entry"
    assert client.post(address, {**data, "block_rules": ""}).status_code == 302
    site.refresh_from_db()
    assert (site.display_name, site.folder, site.keep_rules) == ("Named", "News", "story")
    # A post that the old rules had refused and the new rules let pass is shown now.
    assert Post.objects.filter(item=late.item_id).exists()


def test_a_subscription_is_paused_and_shows_later_what_came_meanwhile(client: Client, mine: Lifestream) -> None:
    site = make_site(mine)
    missed = make_post(site, "Missed")
    missed.delete()
    assert "1 subscription was paused" in act(client, "subscription", "pause", site)
    assert "1 subscription was resumed" in act(client, "subscription", "resume", site)
    assert Post.objects.filter(item=missed.item_id).exists()


@pytest.mark.slow
def test_only_subscriptions_that_change_are_counted(client: Client, mine: Lifestream) -> None:
    sites = make_site(mine), make_site(mine)
    act(client, "subscription", "pause", sites[0])
    assert "1 subscription was paused" in act(client, "subscription", "pause", *sites)
    assert "0 subscriptions were paused" in act(client, "subscription", "pause", *sites)
    act(client, "subscription", "resume", sites[0])
    assert "1 subscription was resumed" in act(client, "subscription", "resume", *sites)


def test_an_owner_unsubscribes_and_the_posts_are_deleted(client: Client, mine: Lifestream) -> None:
    site = make_site(mine, "No longer")
    make_post(site)
    address = f"/admin/lifestream/subscription/{site.pk}/delete/"
    assert "No longer" in client.get(address).content.decode()
    assert client.post(address, {"post": "yes"}).status_code == 302
    assert not Subscription.objects.exists() and not Post.objects.exists() and Item.objects.exists()
