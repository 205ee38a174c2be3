"""The HTML of an owner's own page is made once and stored; a view of the page reads it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client, override_settings

from factories import make_lifestream
from lifestream.models import OwnPage
from lifestream.storage.own_page_html import html_of_page, html_of_text
from owners import owned, submitted

pytestmark = pytest.mark.django_db
PATH = "/main/pages/about/"


@pytest.fixture
def page() -> OwnPage:
    made = OwnPage.objects.create(lifestream=make_lifestream("main"), slug="about", title="About", text="*old*")
    assert html_of_page(made, PATH) == "<p><em>old</em></p>"
    return OwnPage.objects.get()


def put(html: str) -> None:
    """Replace the stored HTML by *html*: a page that shows it has not been rendered again."""
    OwnPage.objects.update(html=html)


def test_a_view_shows_what_is_stored(client: Client, page: OwnPage) -> None:
    put("<p>stored</p>")
    assert "<p>stored</p>" in client.get(PATH).content.decode()


def test_the_form_of_the_owner_stores_the_html(client: Client) -> None:
    owned(client, "main")
    submitted(client, "/main/manage/pages/new/", title="A", slug="about", text="*x*", position="1")
    assert OwnPage.objects.get().html == "<p><em>x</em></p>"
    put("<p>stored</p>")
    assert "<p>stored</p>" in client.get(PATH).content.decode()


def test_another_text_is_rendered_anew_and_stored(client: Client, page: OwnPage) -> None:
    OwnPage.objects.update(text="*new*")
    assert "<em>new</em>" in client.get(PATH).content.decode()
    assert OwnPage.objects.get().html == "<p><em>new</em></p>"


def test_a_page_is_rendered_anew_under_other_rules_and_at_another_address(page: OwnPage) -> None:
    put("<p>stored</p>")
    with override_settings(LIFESTREAM_VALID_TAGS={"p": []}):
        assert html_of_page(OwnPage.objects.get(), PATH) == "<p>old</p>"
    assert html_of_page(OwnPage.objects.get(), PATH) == "<p><em>old</em></p>"
    put("<p>stored</p>")
    assert html_of_page(OwnPage.objects.get(), "/main/pages/us/") == "<p><em>old</em></p>"


def test_the_html_of_a_text_that_has_changed_meanwhile_is_not_stored(page: OwnPage) -> None:
    OwnPage.objects.update(text="*newer*")
    page.text = "*new*"
    assert html_of_page(page, PATH) == "<p><em>new</em></p>"
    assert OwnPage.objects.get().html == "<p><em>old</em></p>"


def test_a_database_that_takes_no_write_still_shows_the_page(client: Client, page: OwnPage) -> None:
    def refuse(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.startswith("UPDATE"):
            raise OperationalError("attempt to write a readonly database")
        return execute(sql, *rest)

    OwnPage.objects.update(text="*new*")
    with connection.execute_wrapper(refuse):
        assert "<em>new</em>" in client.get(PATH).content.decode()


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("[a](../b)", 'href="/main/pages/b"'),
        ("[a](?q=1)", 'href="/main/pages/about/?q=1"'),
        ("[a](/c)", 'href="/c"'),
        ("![a](d.png)", 'src="/main/pages/about/d.png"'),
        ("[a](https://e.example/)", 'href="https://e.example/"'),
        ("[a](//e.example/)", 'href="https://e.example/"'),
    ],
)
def test_addresses_on_the_site_are_stored_without_its_host(written: str, stored: str) -> None:
    assert stored in html_of_text(written, PATH)


@pytest.mark.parametrize("written", ["////e.example/", "///e.example/", "/.//e.example/", "..//..//..//..//e.example"])
def test_no_path_becomes_a_host(written: str) -> None:
    html = html_of_text(f"[a]({written})", PATH)
    assert 'href="//' not in html and ".invalid" not in html
