"""Loading posts with what their cards show."""

from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from factories import make_lifestream
from lifestream.content.highlighting import LOOKED_THROUGH
from lifestream.models import Item, Post
from lifestream.models.look import Shown
from lifestream.web.shown_posts import fill_posts, read_posts, shown
from shown import make_post, make_site

pytestmark = pytest.mark.django_db


def test_posts_of_several_querysets_are_filled_together(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    site = make_site(make_lifestream(shown=Shown.WHOLE))
    for name in ("one", "two"):
        make_post(site, name, tags=(name,), content=f"<p>{name}</p>")
    posts = Post.objects.order_by("pk")
    with django_assert_num_queries(4):  # both querysets, their tags, their contents
        found = [*read_posts(posts[:1], bodies=False), *read_posts(posts[1:], bodies=False)]
        fill_posts(found, site.lifestream, "", bodies=False)
        assert [(post.item.content, [tag.name for tag in post.item.tags.all()]) for post in found] == [
            ("<p>one</p>", ["one"]),
            ("<p>two</p>", ["two"]),
        ]


def test_the_large_fields_of_an_item_are_loaded_on_demand_only() -> None:
    make_post(make_site(), "A title", content="<p>long</p>")
    (post,), (whole,) = shown(Post.objects.all()), shown(Post.objects.all(), bodies=True)
    assert "content" in post.item.get_deferred_fields()
    assert "content" not in whole.item.get_deferred_fields()


def test_an_item_without_a_stored_card_gets_one_that_is_not_stored() -> None:
    make_post(make_site(), "A title", content="<p>Its text.</p>", media=[{"url": "https://x.example/a.png"}])
    Item.objects.update(card="")
    (post,) = shown(Post.objects.all())
    assert "https://x.example/a.png" in str(post.item.card)
    assert Item.objects.get().card == ""


def test_an_excerpt_may_go_on_after_the_part_of_a_text_that_is_searched_for_the_words() -> None:
    site = make_site()
    make_post(site, "A title", text="word " * (LOOKED_THROUGH // 5 - 10) + "robin " + "after " * 100)
    found = read_posts(Post.objects.all(), bodies=False)
    fill_posts(found, site.lifestream, "robin", bodies=False)
    excerpt = vars(found[0].item)["found"]
    assert "robin after" in excerpt and excerpt.endswith("after …")
