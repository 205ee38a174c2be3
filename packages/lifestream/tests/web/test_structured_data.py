"""The description of an item for search engines and messengers."""

from __future__ import annotations

import json
import re

import pytest
from django.test import Client

from lifestream.models import Post
from lifestream.web.presenters import card_of
from lifestream.web.structured_data import json_ld, picture_of
from shown import make_post, make_site

pytestmark = pytest.mark.django_db


def facts(post: Post) -> dict[str, object]:
    found: dict[str, object] = json.loads(json_ld(post, card_of(post)))
    return found


def test_the_facts_of_an_item_are_described() -> None:
    post = make_post(
        make_site(), "One", author="Ada", content='<p>x</p><img src="https://a.example/p.jpg" width="800" height="600">'
    )
    found = facts(post)
    assert found["headline"] == "One"
    assert found["datePublished"] == post.date.isoformat()
    assert found["author"] == {"@type": "Person", "name": "Ada"}
    assert found["url"] == post.item.link
    assert found["image"] == "https://a.example/p.jpg" == picture_of(card_of(post))


def test_facts_that_an_item_does_not_have_are_left_out() -> None:
    assert not {"author", "image", "dateModified"} & facts(make_post(make_site(), "One", link="")).keys()


@pytest.mark.parametrize("title", ["</script><script>alert(1)</script>", "<!--<script>", "a & b > c", '"\\u2028'])
def test_nothing_in_an_item_ends_the_element(title: str, client: Client) -> None:
    post = make_post(make_site(), title)
    text = json_ld(post, card_of(post))
    assert not re.search("[<>&]", text)
    assert json.loads(text)["headline"] == post.item.display_title
    page = client.get(f"/{post.lifestream.slug}/items/{post.item_id}/").content.decode()
    [inside] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert json.loads(inside)["headline"] == post.item.display_title


def test_a_page_of_an_item_has_a_card_for_messengers(client: Client) -> None:
    post = make_post(make_site(), "One", content='<img src="https://a.example/p.jpg" width="800" height="600"><p>x</p>')
    page = client.get(f"/{post.lifestream.slug}/items/{post.item_id}/").content.decode()
    assert '<meta property="og:image" content="https://a.example/p.jpg">' in page
    assert '<meta name="twitter:card" content="summary_large_image">' in page
