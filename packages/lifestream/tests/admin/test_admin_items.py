"""Items and posts in the admin."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from admin_users import act, editor
from factories import make_lifestream
from lifestream.models import Item, Lifestream, Post, Tombstone
from shown import make_post, make_site

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(client: Client) -> Client:
    """Return a client that is logged in as a superuser."""
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def mine(client: Client) -> Lifestream:
    """Return a lifestream of an editor, as whom `client` is logged in."""
    user = editor()
    client.force_login(user)
    return make_lifestream("mine", owner=user)


@pytest.mark.slow
def test_posts_are_hidden_published_and_removed(root: Client) -> None:
    post = make_post(make_site(make_lifestream("main")), "A title")
    act(root, "post", "hide", post)
    assert root.get("/main/").content.count(b"A title") == 0
    act(root, "post", "remove", post)
    post.refresh_from_db()
    assert (post.hidden, post.removed) == (True, True)
    act(root, "post", "publish", post)
    assert root.get("/main/").content.count(b"A title") > 0


def test_publishing_says_how_many_of_the_posts_a_rule_still_hides(root: Client) -> None:
    site = make_site(make_lifestream("main"))
    posts = [make_post(site, title, hidden=True) for title in ("A cat", "A dog")]
    Post.objects.filter(pk=posts[0].pk).update(ruled=True)
    page = act(root, "post", "publish", *posts)
    assert "2 posts were published." in page and "A rule still hides 1 of them." in page
    assert "still hide" not in act(root, "post", "publish", posts[1])


@pytest.mark.slow
def test_a_post_that_a_rule_hides_is_distinguished_from_one_that_is_hidden_by_hand(root: Client) -> None:
    site = make_site(make_lifestream("main"))
    for title in ("A cat", "A dog"):
        make_post(site, title, text=title)
    site.block_rules = "cat"
    site.save()
    assert "hidden by a rule</span>" in root.get("/admin/lifestream/post/").content.decode()
    for shown, count in (("yes", 1), ("ruled", 1), ("hidden", 0)):
        page = root.get(f"/admin/lifestream/post/?shown={shown}")
        assert page.context["cl"].result_count == count, shown


def test_an_item_that_a_superuser_deletes_leaves_a_tombstone(root: Client) -> None:
    one, other = (make_post(make_site()).item for _ in range(2))
    root.post(f"/admin/lifestream/item/{one.pk}/delete/", {"post": "yes"})
    data = {"action": "delete_selected", "_selected_action": [other.pk], "post": "yes"}
    root.post("/admin/lifestream/item/", data)
    assert Item.objects.count() == 0
    assert set(Tombstone.objects.values_list("key_hash", flat=True)) == {one.key_hash, other.key_hash}


def test_items_are_deleted_by_superusers_only(client: Client, mine: Lifestream) -> None:
    item = make_post(make_site(mine)).item
    assert client.post(f"/admin/lifestream/item/{item.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Item.objects.exists()


@pytest.mark.parametrize("model", ["item", "post"])
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("kites", 2),
        ("KITES", 2),
        ('"two kites"', 1),
        ("nowhere", 0),
        ("http://example.com/", 0),
        ("a\0b", 0),
        ("://", 2),
    ],
)
def test_texts_are_searched_by_words_and_addresses_letter_by_letter(
    root: Client, model: str, query: str, found: int
) -> None:
    site = make_site(make_lifestream("main"), "A site")
    make_post(site, "Kites", link="https://example.com/one")
    make_post(site, "Two kites", link="https://example.com/two")
    page = root.get(f"/admin/lifestream/{model}/", {"q": query}, follow=True)
    # A query that the database can't take shows the list without it.
    assert page.context["cl"].result_count == (2 if "\0" in query else found)


@pytest.mark.parametrize("model", ["item", "post"])
def test_a_search_in_the_admin_finds_the_latest_items_and_notes_that_there_are_more(
    root: Client, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_site(make_lifestream("main"), "A site")
    for number in range(4):
        make_post(site, f"Kites {number}")
    note = "Of the items that have the words, only the latest 3 are listed."
    monkeypatch.setattr("lifestream.admin.items.MOST_FOUND", 3)
    page = root.get(f"/admin/lifestream/{model}/", {"q": "kites"})
    assert note in page.text
    assert note not in root.get(f"/admin/lifestream/{model}/", {"q": "kites 0"}).text
    assert note not in root.get(f"/admin/lifestream/{model}/").text
    assert sorted(str(row) for row in page.context["cl"].result_list) == ["Kites 1", "Kites 2", "Kites 3"]
