"""Only its owner and superusers may change a lifestream. The pages for that tell nobody else whether it exists."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse

from lifestream.models import OwnPage, Post, Subscription
from lifestream.models.logos import upload_logo
from lifestream.owner import urls
from opponents import PATIENCE, Opponent
from owners import owned, submitted
from shown import make_post, make_site

pytestmark = pytest.mark.django_db


@pytest.fixture
def pages(client: Client) -> dict[str, str]:
    """Return the address of each page for the owner of the lifestream `main`, by its name; the owner has logged in with
    `client`.
    """
    lifestream = owned(client)
    site = make_site(lifestream)
    keys = {
        "site": site.pk,
        "post": make_post(site, "A post").item_id,
        "edit-page": OwnPage.objects.create(lifestream=lifestream, slug="about", title="About").pk,
    }
    found: dict[str, str] = {}
    for pattern in urls.urlpatterns:
        assert pattern.name is not None
        if "slug" in pattern.pattern.converters:
            more = {"pk": keys[pattern.name]} if "pk" in pattern.pattern.converters else {}
            found[pattern.name] = reverse(f"lifestream_owner:{pattern.name}", kwargs={"slug": "main", **more})
    assert len(found) == 11
    return found


@pytest.mark.slow
def test_the_owner_and_a_superuser_may_open_every_page(client: Client, pages: dict[str, str]) -> None:
    root = Client()
    root.force_login(User.objects.create_superuser("root"))
    for user in (client, root):
        for name, address in pages.items():
            answer = user.get(address)
            assert answer.status_code == {"post": 302, "logo": 302}.get(name, 200), name
            assert "no-store" in answer["Cache-Control"]


def test_other_users_find_no_page_of_an_owner_and_change_nothing(pages: dict[str, str]) -> None:
    other = Client()
    other.force_login(User.objects.create_user("other", is_staff=True))
    site = Subscription.objects.get()
    fields = {"action": "remove", "sure": "1", "site": site.pk, "do": "delete", "addresses": "https://a.example/feed"}
    for name, address in pages.items():
        assert other.get(address).status_code == 404, name
        assert other.post(address, fields).status_code == (405 if name in ("hidden", "pages") else 404), name
    assert Subscription.objects.count() == OwnPage.objects.count() == 1


def test_visitors_are_sent_to_the_login_whether_the_lifestream_exists_or_not(pages: dict[str, str]) -> None:
    for name, address in pages.items():
        for there in (address, address.replace("/main/", "/nowhere/")):
            answers = [Client().get(there), *([] if name in ("hidden", "pages") else [Client().post(there)])]
            for answer in answers:
                assert (answer.status_code, answer["Location"]) == (302, f"/account/login/?next={there}"), name


@pytest.mark.parametrize("has_middleware", [True, False])
def test_a_form_from_elsewhere_changes_nothing_with_or_without_the_middleware_against_it(
    client: Client, pages: dict[str, str], settings: Any, has_middleware: bool
) -> None:
    if not has_middleware:
        settings.MIDDLEWARE = [
            each for each in settings.MIDDLEWARE if each != "django.middleware.csrf.CsrfViewMiddleware"
        ]
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    for name, address in pages.items():
        assert strict.post(address, {"action": "hide", "do": "delete"}).status_code in (403, 405), name
    assert OwnPage.objects.exists()


def test_visitors_see_no_controls_of_owners(client: Client, pages: dict[str, str]) -> None:
    mine, theirs = (each.get("/main/").content for each in (client, Client()))
    for mark in (b"owner-bar", b"owner-tools", b"owner.css", b"owner.js", b"/main/manage/", b"csrfmiddlewaretoken"):
        assert mark in mine and mark not in theirs, mark
    assert b'href="/account/login/"' in theirs and b'href="/account/login/"' not in mine
    assert "csrftoken" not in Client().get("/main/").cookies


def test_a_new_site_shows_its_visitor_how_to_begin(client: Client) -> None:
    assert "lifestream serve" in client.get("/").content.decode()
    client.force_login(User.objects.create_superuser("root"))
    page = client.get("/").content.decode()
    assert "lifestream serve" not in page and "Make a lifestream" in page


def test_under_ones_own_lifestream_nothing_of_anothers_is_found(pages: dict[str, str]) -> None:
    other = Client()
    owned(other, slug="other")
    fields = {"action": "hide", "do": "delete", "site": Subscription.objects.get().pk, "sure": "1", "all": "1"}
    for name, address in pages.items():
        if any(character.isdigit() for character in address):
            there = address.replace("/main/", "/other/")
            assert other.get(there).status_code == 404, name
            assert other.post(there, fields).status_code == 404, name
    for action in ("remove", "pause", "move", "update"):
        other.post("/other/manage/", fields | {"action": action, "sites": fields["site"], "folder": "x"})
    site = Subscription.objects.get()
    assert (site.paused, site.folder) == (False, "")
    assert Post.objects.filter(hidden=False).exists() and OwnPage.objects.exists()


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("action", ["remove", "move"])
def test_many_sites_are_changed_although_another_process_takes_the_locks_in_another_order(
    client: Client, action: str
) -> None:
    lifestream = owned(client)
    sites = [make_site(lifestream, name) for name in ("one", "two")]
    opponent = Opponent(held=sites[1].feed_id, wanted=sites[0].feed_id)
    opponent.start()
    keys = [site.pk for site in sites]
    page = submitted(client, "/main/manage/", action=action, site=keys, sure="1", folder="x")
    opponent.join(PATIENCE)
    assert {"remove": "2 sites were removed.", "move": "2 sites were moved."}[action] in page
    assert not Subscription.objects.exclude(folder="x").exists()


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height)


class KeepingLogo(Opponent):
    """Another connection, which holds the logo of a lifestream, and then locks the lifestream."""

    def _lock(self, lifestream: int) -> None:
        of = "SELECT id FROM lifestream_logo WHERE lifestream_id = %s FOR UPDATE"
        self._connection.execute(of, [lifestream])

    def _go_on(self) -> None:
        self._connection.execute("SELECT id FROM lifestream_lifestream WHERE id = %s FOR UPDATE", [self._wanted])


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_an_uploaded_file_is_read_again_after_a_deadlock(client: Client) -> None:
    lifestream = owned(client)
    upload_logo(lifestream, png(12, 10))
    opponent = KeepingLogo(held=lifestream.pk, wanted=lifestream.pk)
    opponent.start()
    file = SimpleUploadedFile("other.png", png(30, 20))
    assert "Saved." in submitted(client, "/main/manage/look/logo/", picture=file)
    opponent.join(PATIENCE)
    lifestream.refresh_from_db()
    assert (lifestream.logo_width, lifestream.logo_height) == (30, 20)
