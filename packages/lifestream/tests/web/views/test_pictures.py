"""Pictures that are served from our own address: icons of sites, and uploaded logos."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from factories import make_lifestream
from lifestream.models import Lifestream
from lifestream.models.logos import upload_logo
from outline import page
from shown import make_post, make_site

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10"
BOMB = PNG.replace(b"\0\0\0\x10", b"\0\0\xb5\x04")
"""The beginning of a picture of 46,340 x 46,340 pixels. The whole file may have a quarter of a megabyte, and takes a
browser 8 GB.
"""


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
def test_an_invalid_icon_or_one_that_may_contain_scripts_is_not_served(
    client: Client, main: Lifestream, icon: bytes
) -> None:
    page(client, f"/main/sites/{make_site(main, icon=icon).pk}/icon", 404)


def test_a_logo_may_be_kept_for_a_year_and_a_lifestream_serves_no_logo_but_its_own(
    client: Client, main: Lifestream
) -> None:
    upload_logo(main, PNG)
    response = client.get(f"/main/logo/{main.logo_digest}")
    assert (response["Content-Type"], response.content) == ("image/png", PNG)
    assert response["X-Content-Type-Options"] == "nosniff" and "max-age=31536000" in response["Cache-Control"]
    assert client.get(f"/main/logo/{main.logo_digest}", headers={"if-none-match": response["ETag"]}).status_code == 304
    make_lifestream("other")
    page(client, f"/other/logo/{main.logo_digest}", 404)
    page(client, "/main/logo/another", 404)


def test_the_logo_of_a_private_lifestream_is_for_its_owner_and_for_superusers(client: Client, main: Lifestream) -> None:
    upload_logo(main, PNG)
    owner = User.objects.create_user("owner")
    Lifestream.objects.update(is_public=False, owner=owner)
    address = f"/main/logo/{main.logo_digest}"
    page(client, address, 404)
    client.force_login(User.objects.create_user("other"))
    page(client, address, 404)
    for user in (owner, User.objects.create_superuser("root")):
        client.force_login(user)
        response = client.get(address)
        assert response.content == PNG and "private" in response["Cache-Control"]
