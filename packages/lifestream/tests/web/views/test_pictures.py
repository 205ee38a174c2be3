"""Pictures that are served from our own address: icons of sites."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from django.test import Client

from factories import make_lifestream
from lifestream.models import Lifestream
from shown import make_post, make_site

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


class Outline(HTMLParser):
    """What a page says: its text, and its elements with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        wanted = {name.rstrip("_"): value for name, value in wanted.items()}
        return [found for name, found in self.elements if name == tag and wanted.items() <= found.items()]


def page(client: Client, address: str, status: int = 200) -> Outline:
    response = client.get(address)
    assert response.status_code == status, response.content[:500]
    return Outline(response.content.decode())


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
    "icon", [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<html>", b"GIF", b"RIFF1234WAVE"]
)
def test_an_icon_that_is_none_or_could_hold_script_is_not_served(client: Client, main: Lifestream, icon: bytes) -> None:
    page(client, f"/main/sites/{make_site(main, icon=icon).pk}/icon", 404)
