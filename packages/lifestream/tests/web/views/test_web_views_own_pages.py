"""Pages of an owner's own text, as they are read."""

from __future__ import annotations

import pytest
from django.test import Client

from factories import make_lifestream
from lifestream.models import OwnPage
from outline import page

pytestmark = pytest.mark.django_db


def test_the_text_of_a_page_is_shown_clean_in_the_frame_of_its_lifestream(client: Client) -> None:
    lifestream = make_lifestream("main", title="Harbour Planet")
    OwnPage.objects.create(
        lifestream=lifestream, slug="about", title="<About>", text="[us](../)<script>alert(1)</script>"
    )
    html = client.get("/main/pages/about/").content.decode()
    assert "&lt;About&gt;" in html
    assert 'href="/main/pages/"' in html and "<script>alert" not in html
    assert client.get("/main/pages/other/").status_code == 404


def test_a_page_leads_readers_to_the_feeds_of_its_lifestream(client: Client) -> None:
    OwnPage.objects.create(lifestream=make_lifestream("main"), slug="about", title="About", text="Us")
    shown = page(client, "/main/pages/about/")
    feeds = [link["href"] for link in shown.all("link", rel="alternate")]
    assert feeds == ["/main/feed.atom", "/main/feed.rss", "/main/feed.json"]
