"""Addresses at which this site serves the pictures of feeds: signed, and in pages only, not in published feeds."""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.checks import run_checks
from django.test import Client, override_settings

from factories import make_lifestream
from feedserver import FeedServer, Response
from lifestream.models import Lifestream
from lifestream.refresh import pictures
from lifestream.web import picture_addresses
from lifestream.web.picture_addresses import LONGEST, address_of, picture_at, shown_here
from shown import make_post, make_site

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 4, 3) + bytes(100)
URL = "https://blog.example/a.png?size=1&name=käse"


@pytest.fixture
def served_here(tmp_path: Path, settings: Any) -> Iterator[None]:
    settings.LIFESTREAM_SERVE_PICTURES = True
    settings.LIFESTREAM_PICTURE_FOLDER = str(tmp_path)
    settings.LIFESTREAM_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    yield
    pictures.pictures().close()


def parts(address: str) -> tuple[str, str]:
    _, folder, key, written = address.split("/")
    assert folder == "pictures"
    return key, written


def test_an_address_is_signed_for_one_picture(served_here: None) -> None:
    key, written = parts(address_of(URL))
    assert picture_at(key, written) == (0, URL)
    other = base64.urlsafe_b64encode(b"https://elsewhere.example/").decode().rstrip("=")
    assert picture_at(key, other) is None and picture_at(key[::-1], written) is None
    assert picture_at(key, written[:-1]) is None and picture_at(key, "ä") is None and picture_at(key, "A") is None
    with override_settings(SECRET_KEY="x" * 60):
        assert picture_at(key, written) is None
    with override_settings(SECRET_KEY="x" * 60, SECRET_KEY_FALLBACKS=[django_settings.SECRET_KEY]):
        assert picture_at(key, written) == (0, URL), "pages that somebody has open keep their pictures"


def test_a_picture_without_a_host_keeps_its_address_and_a_too_long_address_is_left_out(served_here: None) -> None:
    assert address_of("data:image/png;base64,AA") == "data:image/png;base64,AA" and address_of("") == ""
    assert address_of("https://a.example/" + "a" * LONGEST) == ""


def test_an_address_contains_the_feed_in_which_the_picture_is(served_here: None) -> None:
    address = address_of(URL, 7)
    key, written = parts(address)
    assert picture_at(key, written) == (7, URL)
    assert picture_at(key, parts(address_of(URL, 8))[1]) is None, "nobody can put another feed into the address"
    assert shown_here(f'<img src="{URL}">', 7) == f'<img src="{address}">'


def test_an_item_has_a_bounded_number_of_pictures(served_here: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_addresses, "MOST_PICTURES", 2)
    one, two = address_of("https://a.example/1"), address_of("https://a.example/2")
    html = "".join(f'<img src="https://a.example/{number}">' for number in (1, 2, 1, 3, 4, 2))
    shown = [one, two, one, "", "", two]
    assert shown_here(html) == "".join(f'<img src="{address}">' for address in shown)


def test_without_the_setting_everything_stays_as_it_is() -> None:
    html = f'<img src="{URL}">'
    assert (address_of(URL), shown_here(html)) == (URL, html)


def test_all_pictures_of_clean_html_are_shown_here_and_nothing_else_is(served_here: None) -> None:
    plain = "https://a.example/1.png"
    here, amp = address_of(plain), address_of("https://a.example/?a=1&b=2")
    for html, wanted in (
        (f'<img src="{plain}" alt="a > b">', f'<img src="{here}" alt="a > b">'),
        ('<img alt="src=&quot;x" src="https://a.example/?a=1&amp;b=2">', f'<img alt="src=&quot;x" src="{amp}">'),
        (f'<img srcset="{plain} 1x, https://a.example/?a=1&amp;b=2 2x">', f'<img srcset="{here} 1x, {amp} 2x">'),
        (f'<picture><source srcset="{plain}"></picture>', f'<picture><source srcset="{here}"></picture>'),
        (f'<video poster="{plain}" src="{plain}"></video>', f'<video poster="{here}" src="{plain}"></video>'),
        (f'<audio><source src="{plain}"></audio>', f'<audio><source src="{plain}"></audio>'),
        (f'<a href="{plain}">src="{plain}"</a>', f'<a href="{plain}">src="{plain}"</a>'),
        ("<img src=\"x\" alt='<img' <img", "<img src=\"x\" alt='<img' <img"),
    ):
        assert shown_here(html) == wanted


@pytest.fixture
def main(db: None) -> Lifestream:
    return make_lifestream("main")


@pytest.mark.slow
def test_pages_load_no_picture_from_another_host_and_feeds_keep_the_originals(
    served_here: None, main: Lifestream, client: Client
) -> None:
    pictures_of = [{"url": f"https://cdn.example/{number}.jpg", "type": "image/jpeg"} for number in range(3)]
    persons = [{"name": "Ruth", "role": "host", "url": "", "picture": "https://cdn.example/ruth.png"}]
    site = make_site(main, icon=PNG)
    posts = [
        make_post(site, "An article", content='<p>Text</p><img src="https://cdn.example/in.png">', summary="x" * 400),
        make_post(site, "A photo", media=pictures_of),
        make_post(site, "", content='<p>A note</p><img src="https://cdn.example/note.png">', media=pictures_of),
        make_post(
            site,
            "An episode",
            enclosures=[{"url": "https://cdn.example/1.mp3", "type": "audio/mpeg"}],
            media=[{"url": "https://cdn.example/cover.png", "type": "image/png"}],
            episode={"persons": persons},
        ),
        make_post(
            site,
            "A film",
            media=[{"url": "https://cdn.example/1.mp4", "type": "video/mp4", "thumbnail": "https://cdn.example/t.png"}],
        ),
    ]
    shown = 0
    for page in ("/main/", *(f"/main/items/{post.item_id}/" for post in posts)):
        body = client.get(page).content.decode()
        sources = [part.split('"')[0] for name in ('<img src="', 'poster="') for part in body.split(name)[1:]]
        assert not [source for source in sources if "cdn.example" in source], page
        shown += sum(source.startswith("/pictures/") for source in sources)
        assert set(re.findall('<img class="icon" src="([^"]+)"', body)) == {f"/main/sites/{site.pk}/icon"}
    assert shown > 12
    assert (
        'property="og:image" content="https://cdn.example/'
        in client.get(f"/main/items/{posts[1].item_id}/").content.decode()
    )
    for format_ in ("atom", "rss", "json"):
        feed = client.get(f"/main/feed.{format_}").content.decode()
        assert "https://cdn.example/in.png" in feed and "/pictures/" not in feed


def test_a_picture_is_served_with_the_type_of_its_bytes_and_can_run_nothing(served_here: None, client: Client) -> None:
    with FeedServer() as server:
        server.add("/a.html", Response(PNG, headers={"Content-Type": "text/html", "Set-Cookie": "a=1"}))
        address = address_of(server.url("a.html"))
        answer = client.get(address)
        assert (answer.status_code, answer["Content-Type"], answer.content) == (200, "image/png", PNG)
        assert client.get(address, headers={"if-none-match": answer["ETag"]}).status_code == 304
        assert client.post(address).status_code == 405
        assert len(server.requests) == 1
        assert server.requests[0].headers.get("Referer") is None
    assert answer["X-Content-Type-Options"] == "nosniff" and "immutable" in answer["Cache-Control"]
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert not answer.cookies and "Cookie" not in answer.get("Vary", "")


@pytest.mark.parametrize(
    "response", [Response(b"<svg/>", headers={"Content-Type": "image/svg+xml"}), Response(status=404)]
)
def test_an_answer_that_is_no_picture_of_a_supported_type_is_a_404(
    served_here: None, client: Client, response: Response
) -> None:
    with FeedServer() as server:
        server.add("/a.svg", response)
        assert client.get(address_of(server.url("a.svg"))).status_code == 404
        assert len(server.requests) == 1


def test_a_picture_that_can_not_be_fetched_yet_is_asked_for_again(
    served_here: None, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "MOST_UNDER_WAY", 0)
    answer = client.get(address_of("https://a.example/1.png"))
    assert (answer.status_code, answer["Retry-After"], answer["Cache-Control"]) == (202, "2", "no-store")


@pytest.mark.django_db
def test_this_site_fetches_no_address_that_it_has_not_signed(client: Client, settings: Any, tmp_path: Path) -> None:
    settings.LIFESTREAM_SERVE_PICTURES = True
    settings.LIFESTREAM_PICTURE_FOLDER = str(tmp_path)
    address = address_of("https://a.example/1.png")
    key, written = parts(address)
    assert client.get(f"/pictures/{key[::-1]}/{written}").status_code == 404
    assert client.get(f"/pictures/{key}/{written}A").status_code == 404
    settings.LIFESTREAM_SERVE_PICTURES = False
    assert client.get(address).status_code == 404
    assert pictures.pictures()._worker is None and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("wrong", "number", "name"),
    [
        ({"LIFESTREAM_SERVE_PICTURES": "yes"}, "E012", "LIFESTREAM_SERVE_PICTURES"),
        ({"LIFESTREAM_SERVE_PICTURES": True}, "E015", "LIFESTREAM_PICTURE_FOLDER"),
        (
            {"LIFESTREAM_SERVE_PICTURES": True, "LIFESTREAM_PICTURE_FOLDER": "pictures"},
            "E015",
            "LIFESTREAM_PICTURE_FOLDER",
        ),
        ({"LIFESTREAM_PICTURE_CACHE": 1}, "E002", "LIFESTREAM_PICTURE_CACHE"),
    ],
)
def test_wrong_settings_are_named(wrong: dict[str, Any], number: str, name: str) -> None:
    with override_settings(**wrong):
        [found] = [each for each in run_checks(tags=["lifestream_settings"]) if each.id == f"lifestream.{number}"]
    assert name in found.msg
