"""Pictures that are served from our own address: icons of sites."""

from __future__ import annotations

import pytest
from django.test import Client

from factories import make_lifestream
from lifestream.models import Lifestream
from outline import page
from shown import make_post, make_site

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10"
BOMB = PNG.replace(b"\0\0\0\x10", b"\0\0\xb5\x04")
"""46,340 x 46,340 pixels: a quarter of a megabyte, which takes a browser 8 GB."""


@pytest.fixture
def main() -> Lifestream:
    return make_lifestream("main", title="Harbour Planet", tagline="What the neighbours write.")


def test_an_icon_comes_from_our_own_address_and_may_be_kept(client: Client, main: Lifestream) -> None:
    make_post(site := make_site(main, icon=PNG))
    address = f"/main/sites/{site.pk}/icon"
    assert page(client, "/main/").all("img", src=address)
    response = client.get(address)
    assert (response["Content-Type"], response.content) == ("image/png", PNG)
    assert response["X-Content-Type-Options"] == "nosniff" and "max-age=86400" in response["Cache-Control"]
    assert client.get(address, headers={"if-none-match": response["ETag"]}).status_code == 304


@pytest.mark.parametrize(
    "icon", [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<html>", b"GIF", b"RIFF1234WAVE", BOMB]
)
def test_an_icon_that_is_none_or_could_hold_script_is_not_served(client: Client, main: Lifestream, icon: bytes) -> None:
    page(client, f"/main/sites/{make_site(main, icon=icon).pk}/icon", 404)
