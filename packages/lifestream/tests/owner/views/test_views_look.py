"""The look of a lifestream, in its owner's pages."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from factories import make_lifestream
from lifestream.models import Lifestream
from owners import owned, submitted
from shown import make_post, make_site

pytestmark = pytest.mark.django_db
HERE = "/main/manage/look/"
GIF = b"GIF89a\x0a\0\x0a\0\0\0\0" + b"," + bytes(4) + b"\x0a\0\x0a\0"
"""The beginning of a picture of ten pixels by ten."""
CHOSEN = {
    "title": "Harbour Planet",
    "tagline": "What the neighbours write.",
    "description": "",
    "language": "de",
    "theme": "magazine",
    "accent": "#7a1f5c",
    "logo": "lifestream/icon.png",
    "shown": "excerpt",
    "words": "5",
    "shows_authors": "on",
    "site_order": "latest",
    "is_public": "on",
}


@pytest.fixture
def lifestream(client: Client) -> Lifestream:
    lifestream = owned(client)
    for number in range(4):
        make_post(make_site(lifestream), f"Post {number}", text="one two three four five six seven", author="Ruth")
    return lifestream


@pytest.mark.slow
def test_the_chosen_look_is_saved(client: Client, lifestream: Lifestream) -> None:
    assert "Saved." in submitted(client, HERE, do="save", **CHOSEN)
    lifestream.refresh_from_db()
    kept = {name: getattr(lifestream, name) for name in CHOSEN}
    assert kept == {**CHOSEN, "words": 5, "shows_authors": True, "is_public": True}
    assert lifestream.shows_faces is False
    page = client.get("/main/").content.decode()
    assert 'data-look="magazine"' in page and "--own-accent: #7a1f5c" in page and "one two three four five…" in page


def test_a_preview_shows_the_page_and_the_latest_posts_and_saves_nothing(
    client: Client, lifestream: Lifestream
) -> None:
    before = Lifestream.objects.values().get()
    page = submitted(client, HERE, do="preview", **CHOSEN)
    assert 'data-look="magazine"' in page and "--own-accent: #7a1f5c" in page and "lifestream/icon.png" in page
    assert page.count("one two three four five…") == 3 and "Preview: nothing is saved yet" in page
    assert re.findall(r"\bPost \d", page) == ["Post 0", "Post 1", "Post 2"]
    assert re.search(r'class="day">\s*<article', page)  # the element that the magazine makes columns of
    assert Lifestream.objects.values().get() == before
    assert "data-look" not in client.get(HERE).content.decode()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("title", " "),
        ("description", "x" * 5_001),
        ("language", "German"),
        ("theme", "shiny"),
        ("accent", "#ffffff"),
        ("accent", "red"),
        ("logo", "nothing.svg"),
        ("logo", "../secret_key"),
        ("shown", "half"),
        ("words", "0"),
        ("site_order", "random"),
    ],
)
@pytest.mark.parametrize("do", ["save", "preview"])
def test_a_wrong_choice_is_reported_at_its_field(
    client: Client, lifestream: Lifestream, name: str, value: str, do: str
) -> None:
    before = Lifestream.objects.values().get()
    answer = client.post(HERE, {**CHOSEN, name: value, "do": do})
    assert list(answer.context["form"].errors) == [name]
    assert Lifestream.objects.values().get() == before


@pytest.mark.slow
def test_a_logo_is_uploaded_shown_replaced_and_removed(client: Client, lifestream: Lifestream) -> None:
    address = ""
    for data in (GIF, GIF.replace(b"\x0a\0", b"\x14\0")):
        assert "Saved." in submitted(client, f"{HERE}logo/", picture=SimpleUploadedFile("logo.gif", data))
        lifestream.refresh_from_db()
        address = f"/main/logo/{lifestream.logo_digest}"
        size = f'width="{lifestream.logo_width}" height="{lifestream.logo_height}"'
        page = Client().get("/main/").content.decode()
        assert re.search(rf'<img class="logo" src="{address}" alt="[^"]+" {size}>', page)
        assert Client().get(address).content == data
    assert "The uploaded logo is gone." in submitted(client, f"{HERE}logo/", do="remove")
    assert 'class="logo"' not in Client().get("/main/").content.decode()
    assert Client().get(address).status_code == 404


@pytest.mark.slow
def test_an_uploaded_logo_takes_precedence_over_one_among_the_static_files(
    client: Client, lifestream: Lifestream
) -> None:
    Lifestream.objects.update(logo="lifestream/icon.png")
    submitted(client, f"{HERE}logo/", picture=SimpleUploadedFile("logo.gif", GIF))
    assert 'src="/main/logo/' in client.get("/main/").content.decode()
    submitted(client, HERE, do="save", **CHOSEN)  # which leaves the uploaded logo alone
    assert 'src="/main/logo/' in client.get("/main/").content.decode()
    submitted(client, f"{HERE}logo/", do="remove")
    assert 'src="/static/lifestream/icon.png"' in client.get("/main/").content.decode()


def test_an_invalid_logo_is_reported_at_its_field_and_changes_nothing(client: Client, lifestream: Lifestream) -> None:
    before = Lifestream.objects.values().get()
    answer = client.post(f"{HERE}logo/", {"picture": SimpleUploadedFile("logo.svg", b"<svg/>")})
    assert list(answer.context["logo_form"].errors) == ["picture"] and not answer.context["form"].errors
    assert "Not saved yet" in answer.content.decode() and Lifestream.objects.values().get() == before
    assert client.get(f"{HERE}logo/")["Location"] == HERE  # for an owner who had to log in again


def test_only_the_owner_of_a_lifestream_changes_its_logo(client: Client, lifestream: Lifestream) -> None:
    make_lifestream("other")
    assert client.post("/other/manage/look/logo/", {"do": "remove"}).status_code == 404
    assert Client().post(f"{HERE}logo/", {"do": "remove"})["Location"].startswith("/account/login/")


def test_the_list_of_lifestreams_has_a_bar_for_those_who_have_logged_in(client: Client, lifestream: Lifestream) -> None:
    make_lifestream("other")
    page = client.get("/").content.decode()
    assert "Log out" in page and "owner.css" in page
    assert "/main/manage/look/" in page and "/other/manage/" not in page and "/admin/" not in page
    client.force_login(User.objects.create_superuser("root"))
    page = client.get("/").content.decode()
    assert "/other/manage/" in page and "/admin/lifestream/lifestream/add/" in page
    page = Client().get("/").content.decode()
    assert "manage" not in page and "owner.css" not in page and "Log out" not in page
