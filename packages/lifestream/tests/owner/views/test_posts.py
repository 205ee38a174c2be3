"""Owners hide posts and pin them, on the pages themselves."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from costs import loop_steps
from lifestream.models import Lifestream, Post
from lifestream.page_limits import MOST_PINNED
from owners import owned, submitted
from shown import make_post, make_site

pytestmark = pytest.mark.django_db


@pytest.fixture
def lifestream(client: Client) -> Lifestream:
    return owned(client)


def act(client: Client, post: Post, action: str) -> str:
    return submitted(client, f"/main/manage/posts/{post.item_id}/", action=action)


@pytest.mark.slow
def test_a_post_is_hidden_and_shown_again(client: Client, lifestream: Lifestream) -> None:
    post = make_post(make_site(lifestream), "A post")
    assert "The post is hidden." in act(client, post, "hide")
    assert "A post" not in Client().get("/main/").content.decode()
    assert "A post" in client.get("/main/manage/hidden/").content.decode()
    act(client, post, "show")
    assert "A post" in Client().get("/main/").content.decode()
    assert "A post" not in client.get("/main/manage/hidden/").content.decode()


def test_an_owner_who_hides_a_post_on_its_own_page_comes_to_the_timeline(
    client: Client, lifestream: Lifestream
) -> None:
    post = make_post(make_site(lifestream), "A post")
    here = f"/main/items/{post.item_id}/"
    address = f"/main/manage/posts/{post.item_id}/"
    assert client.post(address, {"action": "pin", "next": here})["Location"] == here
    for page in (here, f"{here}?from=elsewhere"):
        response = client.post(address, {"action": "hide", "next": page}, follow=True)
        assert response.redirect_chain == [("/main/", 302)] and "The post is hidden." in response.content.decode()


@pytest.mark.slow
def test_an_owner_who_hides_the_last_post_of_a_tag_comes_to_the_timeline(
    client: Client, lifestream: Lifestream
) -> None:
    site = make_site(lifestream)
    posts = [make_post(site, "A post", tags=("Brot", "Käse")) for _ in range(2)]
    for post, place in zip(posts, ("/main/tags/k%C3%A4se/", "/main/"), strict=True):
        fields = {"action": "hide", "next": "/main/tags/k%C3%A4se/"}
        response = client.post(f"/main/manage/posts/{post.item_id}/", fields, follow=True)
        assert response.redirect_chain == [(place, 302)] and "The post is hidden." in response.content.decode()


@pytest.mark.slow
def test_a_long_address_is_not_read_once_for_each_tag_of_a_post(client: Client, lifestream: Lifestream) -> None:
    post = make_post(make_site(lifestream), tags=tuple(f"tag {number}" for number in range(100)))
    fields = {"action": "hide", "next": "%41" * 300_000}
    steps = loop_steps(lambda path: client.post(path, fields), f"/main/manage/posts/{post.item_id}/", tries=1)
    assert steps < 100_000_000  # to read the address 100 times took 500,000,000


def test_an_owner_learns_that_a_rule_still_hides_a_post(client: Client, lifestream: Lifestream) -> None:
    post = make_post(make_site(lifestream), "A post", hidden=True)
    Post.objects.filter(pk=post.pk).update(ruled=True)
    # The rule hides no post besides the one that is hidden by hand.
    assert "Rules hide" not in client.get("/main/manage/hidden/").content.decode()
    page = act(client, post, "show")
    assert "a rule hides it" in page and "is shown again" not in page
    assert "Rules hide 1 more." in client.get("/main/manage/hidden/").content.decode()


def test_the_name_of_a_site_does_not_reverse_the_date_of_a_hidden_post(client: Client, lifestream: Lifestream) -> None:
    make_post(make_site(lifestream, "A \N{RIGHT-TO-LEFT OVERRIDE}name"), "A post", hidden=True)
    page = client.get("/main/manage/hidden/").content.decode()
    assert "<bdi>A \N{RIGHT-TO-LEFT OVERRIDE}name</bdi>" in page


@pytest.mark.slow
def test_a_pinned_post_is_at_the_top_once_and_in_its_place_when_unpinned(
    client: Client, lifestream: Lifestream
) -> None:
    site = make_site(lifestream)
    new, old = make_post(site, "New one"), make_post(site, "Old one")
    act(client, old, "pin")
    page = Client().get("/main/").content.decode()
    assert page.index("Old one") < page.index("New one") and page.count(f'id="item-{old.item_id}"') == 1
    assert "Pinned" in page
    assert "Pinned" not in Client().get(f"/main/?before=253402300799000000-{new.item_id}").content.decode()
    act(client, old, "unpin")
    page = Client().get("/main/").content.decode()
    assert page.index("Old one") > page.index("New one") and "Pinned" not in page


def test_an_owner_who_had_to_log_in_again_comes_to_the_post(client: Client, lifestream: Lifestream) -> None:
    post = make_post(make_site(lifestream), "A post")
    address = f"/main/manage/posts/{post.item_id}/"
    assert Client().post(address, {"action": "hide"})["Location"] == f"/account/login/?next={address}"
    assert "A post" in client.get(address, follow=True).content.decode()
    assert client.get(address)["Location"] == f"/main/items/{post.item_id}/"
    act(client, post, "hide")
    assert client.get(address)["Location"] == "/main/manage/hidden/"


@pytest.mark.slow
def test_a_hidden_post_is_not_shown_even_if_it_is_pinned(client: Client, lifestream: Lifestream) -> None:
    post = make_post(make_site(lifestream), "A post")
    assert "The post is pinned to the top" in act(client, post, "pin")
    act(client, post, "hide")
    assert "at the top of the timeline once nothing hides it" in act(client, post, "pin")
    assert "A post" not in Client().get("/main/").content.decode()


@pytest.mark.slow
def test_no_more_than_ten_are_pinned(client: Client, lifestream: Lifestream) -> None:
    site = make_site(lifestream)
    posts = [make_post(site, f"post {number}") for number in range(MOST_PINNED + 1)]
    for post in posts[:-1]:
        act(client, post, "pin")
    assert "At most 10 posts can be pinned, hidden ones included" in act(client, posts[-1], "pin")
    assert Post.objects.filter(pinned__isnull=False).count() == MOST_PINNED


def test_a_post_of_another_lifestream_is_a_404(client: Client, lifestream: Lifestream) -> None:
    theirs = make_post(make_site())
    answer = client.post(f"/main/manage/posts/{theirs.item_id}/", {"action": "hide"})
    assert answer.status_code == 404
    theirs.refresh_from_db()
    assert not theirs.hidden


@pytest.mark.slow
def test_a_timeline_with_pinned_posts_takes_a_visitor_six_queries_at_most(
    client: Client, lifestream: Lifestream, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    site = make_site(lifestream)
    for number in range(5):
        act(client, make_post(site, f"post {number}"), "pin")
        make_post(site, f"another {number}")
    with django_assert_max_num_queries(6):
        assert b"Pinned" in Client().get("/main/").content
