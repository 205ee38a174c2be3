"""What the pages cost: queries, columns that are read, and processor time."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from costs import cost
from factories import make_lifestream
from lifestream.models import Item, Lifestream, OwnPage, Post, Subscription
from lifestream.models.look import Shown, SiteOrder
from shown import NOON, make_post, make_site

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10"


@pytest.fixture
def main() -> Lifestream:
    return make_lifestream("main")


def test_a_page_takes_as_many_queries_for_twenty_items_as_for_one(
    client: Client, main: Lifestream, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_post(make_site(main), "Only one", tags=("one",))
    # The lifestream with the pages of its owner, what is pinned, the posts, their tags, the sites beside them.
    with django_assert_num_queries(5):
        client.get("/main/")
    for number in range(20):
        make_post(make_site(main, f"Site {number}", icon=PNG), f"Post {number}", tags=("one", f"tag {number}"))
    with django_assert_num_queries(5):
        client.get("/main/")


@pytest.mark.parametrize("sites", [1, 20])
@pytest.mark.parametrize("order", SiteOrder.values)
@pytest.mark.parametrize("address", ["", "sites/{site}/", "tags/one/", "2026/10/02/"])
def test_a_page_of_posts_takes_six_queries_at_most(
    client: Client,
    main: Lifestream,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    monkeypatch: pytest.MonkeyPatch,
    address: str,
    order: str,
    sites: int,
) -> None:
    monkeypatch.setattr("lifestream.web.timeline.RECENT", 5)
    monkeypatch.setattr("lifestream.web.timeline.MOST_DATED", 5)  # so that 20 are very many
    Lifestream.objects.update(site_order=order, shown=Shown.WHOLE)
    OwnPage.objects.create(lifestream=main, slug="imprint", title="Imprint", text="Who we are.")
    OwnPage.objects.create(lifestream=main, slug="about", title="About", text="What we do.")
    make_post(make_site(main, credentials="encrypted"), "Secret", date=NOON, tags=("one",))
    make_post(make_site(main), "The day before", date=NOON - timedelta(days=1))
    posts = [make_post(make_site(main), "A post", date=NOON, tags=("one", "two")) for _ in range(sites)]
    Post.objects.filter(pk=posts[0].pk).update(pinned=NOON)
    make_post(posts[0].subscription, "Another", date=NOON, tags=("one",))
    with django_assert_max_num_queries(6):
        response = client.get("/main/" + address.format(site=posts[0].subscription_id))
    footer = response.text.split("<footer")[1]
    assert footer.index("About") < footer.index("Imprint")
    assert "Another" in response.text and "A post" in response.text and "Secret" not in response.text


@pytest.mark.parametrize(
    ("address", "queries"), [("items/{item}/", 6), ("sites/{site}/", 5), ("sites/", 2), ("feed.atom", 5)]
)
def test_other_pages_and_feeds_take_few_queries(
    client: Client, main: Lifestream, django_assert_num_queries: DjangoAssertNumQueries, address: str, queries: int
) -> None:
    site = make_site(main)
    posts = [make_post(site, f"Post {number}", tags=(f"{number}",)) for number in range(9)]
    with django_assert_num_queries(queries):
        assert client.get("/main/" + address.format(item=posts[4].item_id, site=site.pk)).status_code == 200


def hostile_post(site: Subscription, number: int) -> Post:
    """Return a post as large as the caps allow: a hundred pictures and files, and a megabyte of content."""
    media = [
        {"url": f"https://p.example/{number}-{n}.jpg", "type": "image/jpeg", "title": "t" * 2000} for n in range(100)
    ]
    enclosures = [{"url": f"https://p.example/{number}-{n}.mp3", "type": "audio/mpeg"} for n in range(100)]
    content = f"<p>{'word ' * 200_000}</p>"
    return make_post(site, f"Post {number}", content=content, media=media, enclosures=enclosures)


def test_a_timeline_does_not_read_the_large_fields_of_its_items(client: Client, main: Lifestream) -> None:
    site = make_site(main)
    for number in range(5):
        hostile_post(site, number)
    note = make_post(site, content="<p>A note.</p>", summary="A note.")
    with CaptureQueriesContext(connection) as queries:
        text = client.get("/main/").text
    assert "A note." in text
    posts = [query["sql"] for query in queries if "SELECT" in query["sql"] and "lifestream_item" in query["sql"]]
    heavy = [sql for sql in posts if re.search(r'"lifestream_item"."(content|text|enclosures|media)"', sql)]
    # Only the content of the item that is shown whole is read, by itself.
    [sql] = heavy
    assert sql.endswith(f'WHERE "lifestream_item"."id" IN ({note.item_id})')


def test_a_page_of_hostile_items_costs_less_than_eight_times_a_page_of_plain_ones(
    client: Client, main: Lifestream
) -> None:
    plain, hostile = make_site(main, "Plain"), make_site(main, "Hostile")
    for number in range(10):
        make_post(plain, f"Post {number}", summary="s")
        hostile_post(hostile, number)

    def shown(site: Subscription) -> float:
        return min(cost(client.get, f"/main/sites/{site.pk}/") for _ in range(5))

    shown(plain)
    # Hostile items have a picture and three sounds each, so there is more to write. Once, they cost 250 times as much.
    assert shown(hostile) < 8 * shown(plain)


@pytest.mark.parametrize("stored", [None, {}, {"version": 0}, {"version": 1}, "x"])
def test_an_item_without_a_stored_card_is_shown_the_same(client: Client, main: Lifestream, stored: object) -> None:
    site = make_site(main)
    make_post(site, content="<p>A note.</p>", summary="A note.")
    media = [{"url": "https://p.example/1.jpg", "type": "image/jpeg", "description": "Sea"}]
    make_post(site, "A photo", media=media, summary="s")
    make_post(site, "An article", content='<p>x</p><img src="https://p.example/2.jpg">', summary="s")
    before = client.get("/main/").content
    assert b"A note." in before and b"p.example/1.jpg" in before and b"p.example/2.jpg" in before
    Item.objects.update(card=stored)
    with CaptureQueriesContext(connection) as queries:
        assert client.get("/main/").content == before
    assert len(queries) <= 9


def test_a_picture_far_down_is_not_looked_for_in_an_item_without_a_stored_card(
    client: Client, main: Lifestream
) -> None:
    content = f'<p>{"x" * 70_000}</p><img src="https://p.example/far.jpg">'
    make_post(make_site(main), "An article", content=content)
    assert b"far.jpg" in client.get("/main/").content
    Item.objects.update(card=None)
    assert b"far.jpg" not in client.get("/main/").content
