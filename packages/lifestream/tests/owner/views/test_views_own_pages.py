"""Pages of the owner's own text: written by the owner, read by everybody who may read the lifestream."""

from __future__ import annotations

import pytest
from django.test import Client

from lifestream.models import Lifestream, OwnPage
from lifestream.models.own_pages import MOST_PAGES
from lifestream.owner.forms import OwnPageForm
from owners import owned, submitted

pytestmark = pytest.mark.django_db
NEW = "/main/manage/pages/new/"


@pytest.fixture
def lifestream(client: Client) -> Lifestream:
    return owned(client)


@pytest.mark.slow
def test_a_page_is_written_linked_read_changed_and_deleted(client: Client, lifestream: Lifestream) -> None:
    assert "Saved." in submitted(client, NEW, title="Imprint", slug="imprint", text="## Who\n\n*Ada*", position="1")
    assert '<a href="/main/pages/imprint/"><bdi>Imprint</bdi></a>' in Client().get("/main/").content.decode()
    page = Client().get("/main/pages/imprint/")
    assert b"<h2>Who</h2>" in page.content and b"<em>Ada</em>" in page.content
    assert "public" in page["Cache-Control"]
    here = f"/main/manage/pages/{OwnPage.objects.get().pk}/"
    submitted(client, here, title="Who we are", slug="imprint", text="x", position="1")
    assert "Who we are" in Client().get("/main/pages/imprint/").content.decode()
    submitted(client, here, do="delete")
    assert Client().get("/main/pages/imprint/").status_code == 404


def test_a_preview_saves_nothing(client: Client, lifestream: Lifestream) -> None:
    page = submitted(client, NEW, title="A", slug="a", text="*x* <script>alert(1)</script>", position="1", do="preview")
    assert "<em>x</em>" in page and "<script>alert" not in page and not OwnPage.objects.exists()


def test_pages_of_a_private_lifestream_are_private(client: Client, lifestream: Lifestream) -> None:
    OwnPage.objects.create(lifestream=lifestream, slug="about", title="About")
    Lifestream.objects.update(is_public=False)
    assert Client().get("/main/pages/about/").status_code == 404
    assert client.get("/main/pages/about/").status_code == 200


def test_a_new_page_that_is_sent_twice_at_once_is_stored_once(
    client: Client, lifestream: Lifestream, monkeypatch: pytest.MonkeyPatch
) -> None:
    def checked(form: OwnPageForm) -> str:
        slug = clean_slug(form)
        if not OwnPage.objects.exists():  # the other request stores its page after this one was checked
            OwnPage.objects.create(lifestream=lifestream, slug=slug, title="A")
        return slug

    clean_slug = OwnPageForm.clean_slug
    monkeypatch.setattr(OwnPageForm, "clean_slug", checked)
    answer = client.post(NEW, {"title": "A", "slug": "a", "text": "x", "position": "1"})
    assert (answer.status_code, list(answer.context["form"].errors)) == (200, ["slug"])
    assert OwnPage.objects.count() == 1


def test_no_two_pages_have_one_address_and_their_number_is_limited(client: Client, lifestream: Lifestream) -> None:
    for number in range(MOST_PAGES - 1):
        OwnPage.objects.create(lifestream=lifestream, slug=f"p{number}", title="P")
    fields = {"title": "P", "slug": "p0", "text": "", "position": "1"}
    assert list(client.post(NEW, fields).context["form"].errors) == ["slug"]
    assert client.post(NEW, {**fields, "slug": "new"}).status_code == 302
    assert client.post(NEW, {**fields, "slug": "more"}).context["form"].errors
    assert OwnPage.objects.count() == MOST_PAGES
