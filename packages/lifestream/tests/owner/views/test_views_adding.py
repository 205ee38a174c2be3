"""Adding feeds in an owner's pages: by address, and by a list."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.test import Client

from lifestream.models import Addition, Lifestream
from lifestream.refresh.additions import MOST_OPEN
from owners import owned, submitted

pytestmark = pytest.mark.django_db
HERE = "/main/manage/add/"


@pytest.fixture
def lifestream(client: Client) -> Lifestream:
    return owned(client)


def test_addresses_are_noted_and_wait_to_be_fetched(client: Client, lifestream: Lifestream) -> None:
    text = "a.example\nhttps://me:secret@b.example/feed feed://c.example/feed"
    page = submitted(client, HERE, do="add", addresses=text, folder="New")
    assert "3 feeds are still to come." in page and "secret" not in page
    noted = Addition.objects.values_list("url", "folder", "state")
    assert list(noted) == [
        ("https://a.example/", "New", "waiting"),
        ("https://b.example/feed", "New", "waiting"),
        ("https://c.example/feed", "New", "waiting"),
    ]


def test_text_that_is_no_address_is_refused_at_its_field(client: Client, lifestream: Lifestream) -> None:
    answer = client.post(HERE, {"do": "add", "addresses": "https://a.example/ ftp://b.example/"})
    assert list(answer.context["adding"].errors) == ["addresses"] and b"ftp://b.example/" in answer.content
    assert not Addition.objects.exists()


@pytest.mark.slow
def test_an_owner_cannot_fill_the_queue(client: Client, lifestream: Lifestream) -> None:
    waiting = [Addition(lifestream=lifestream, url=f"https://a.example/{number}") for number in range(MOST_OPEN)]
    Addition.objects.bulk_create(waiting)
    page = submitted(client, HERE, do="add", addresses="https://b.example/")
    assert "Too many addresses are waiting to be looked at: add more once some of them are done." in page
    assert "https://b.example/</textarea>" in page and Addition.objects.count() == MOST_OPEN
    Addition.objects.filter(url="https://a.example/0").update(state=Addition.State.FAILED)
    submitted(client, HERE, do="add", addresses="https://b.example/")
    assert Addition.objects.filter(url="https://b.example/").exists()


def test_a_list_is_imported_and_exported(client: Client, lifestream: Lifestream) -> None:
    opml = b"""<opml version="2.0"><body><outline text="News"><outline text="One" xmlUrl="https://one.example/f"/>
        </outline><outline text="No" xmlUrl="ftp://two.example/"/></body></opml>"""
    page = submitted(client, HERE, do="import", file=SimpleUploadedFile("a.opml", opml))
    assert "1 feed was added." in page and "Left out: " in page
    assert lifestream.subscriptions.get().folder == "News"
    assert b'xmlUrl="https://one.example/f"' in client.get("/main/subscriptions.opml").getvalue()


def test_a_file_that_is_no_list_is_refused_at_its_field(client: Client, lifestream: Lifestream) -> None:
    answer = client.post(HERE, {"do": "import", "file": SimpleUploadedFile("a", b"<html>")})
    assert list(answer.context["importing"].errors) == ["file"]


@pytest.mark.slow
def test_addresses_that_were_not_added_are_tried_again_or_corrected(client: Client, lifestream: Lifestream) -> None:
    submitted(client, HERE, do="add", addresses="https://a.example/ https://b.example/feed")
    submitted(client, HERE, do="add", addresses="https://c.example/")
    Addition.objects.exclude(url="https://c.example/").update(state=Addition.State.FAILED)
    assert f'href="{HERE}?again"' in client.get("/main/manage/").content.decode()
    form = client.get(f"{HERE}?again").context["adding"]
    assert form["addresses"].value() == "https://a.example/\nhttps://b.example/feed"
    client.post(f"{HERE}?again", {"do": "add", "addresses": "ftp://a.example/"})  # which is refused
    assert Addition.objects.filter(state=Addition.State.FAILED).count() == 2
    submitted(client, f"{HERE}?again", do="add", addresses="https://a.example/feed\nhttps://b.example/feed")
    noted = set(Addition.objects.values_list("url", "state"))
    assert noted == {(f"https://{name}", "waiting") for name in ("a.example/feed", "b.example/feed", "c.example/")}


def test_addresses_beyond_the_limit_of_the_form_are_kept(
    client: Client, lifestream: Lifestream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lifestream.owner.views.adding.MOST_ADDRESSES", 1)
    submitted(client, HERE, do="add", addresses="https://a.example/ https://b.example/")
    Addition.objects.update(state=Addition.State.FAILED)
    assert client.get(f"{HERE}?again").context["adding"]["addresses"].value() == "https://a.example/"
    submitted(client, f"{HERE}?again", do="add", addresses="https://a.example/feed")
    noted = set(Addition.objects.values_list("url", "state"))
    assert noted == {("https://a.example/feed", "waiting"), ("https://b.example/", "failed")}


@pytest.mark.django_db(transaction=True)
def test_addresses_that_are_corrected_stay_if_the_new_ones_cannot_be_stored(
    client: Client, lifestream: Lifestream
) -> None:
    Addition.objects.create(lifestream=lifestream, url="https://a.example/", state=Addition.State.FAILED)

    def failing(execute: Any, sql: str, *arguments: Any) -> Any:
        if sql.startswith('INSERT INTO "lifestream_addition"'):
            raise OperationalError("disk full")
        return execute(sql, *arguments)

    with connection.execute_wrapper(failing), pytest.raises(OperationalError, match="disk full"):
        client.post(f"{HERE}?again", {"do": "add", "addresses": "https://b.example/"})
    assert Addition.objects.get().url == "https://a.example/"
