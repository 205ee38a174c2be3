"""Pages of an owner's own text, as they are read."""

from __future__ import annotations

import pytest
from django.test import Client

from factories import make_lifestream
from lifestream.models import OwnPage

pytestmark = pytest.mark.django_db


def test_the_text_of_a_page_is_shown_clean_in_the_frame_of_its_lifestream(client: Client) -> None:
    lifestream = make_lifestream("main", title="Harbour Planet")
    OwnPage.objects.create(
        lifestream=lifestream, slug="about", title="<About>", text="[us](../)<script>alert(1)</script>"
    )
    page = client.get("/main/pages/about/").content.decode()
    assert "&lt;About&gt;" in page
    assert 'href="/main/pages/"' in page and "<script>alert" not in page
    assert client.get("/main/pages/other/").status_code == 404
