"""The look of a lifestream, in its owner's pages."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from factories import make_lifestream
from lifestream.models import Lifestream
from owners import owned, told
from shown import make_post, make_site

pytestmark = pytest.mark.django_db
HERE = "/main/manage/look/"
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


def test_what_is_chosen_is_saved(client: Client, lifestream: Lifestream) -> None:
    assert "Saved." in told(client, HERE, do="save", **CHOSEN)
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
    page = told(client, HERE, do="preview", **CHOSEN)
    assert 'data-look="magazine"' in page and "--own-accent: #7a1f5c" in page and "lifestream/icon.png" in page
    assert page.count("one two three four five…") == 3 and "Preview: nothing is saved yet" in page
    assert Lifestream.objects.values().get() == before
    assert "data-look" not in client.get(HERE).content.decode()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("title", " "),
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
def test_a_wrong_choice_is_told_at_its_field(
    client: Client, lifestream: Lifestream, name: str, value: str, do: str
) -> None:
    before = Lifestream.objects.values().get()
    answer = client.post(HERE, {**CHOSEN, name: value, "do": do})
    assert list(answer.context["form"].errors) == [name]
    assert Lifestream.objects.values().get() == before


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
