"""What crawlers request: robots.txt, the sitemap and the icon."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from urllib.robotparser import RobotFileParser

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from factories import make_lifestream
from lifestream.models import OwnPage

pytestmark = [pytest.mark.django_db, pytest.mark.urls("lifestream.site.urls")]


def test_crawlers_may_read_pages_but_neither_the_admin_nor_searches_nor_older_posts(client: Client) -> None:
    answer = client.get("/robots.txt")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    rules = RobotFileParser()
    rules.parse(answer.content.decode().splitlines())
    assert rules.can_fetch("Bot", "/main/")
    assert not rules.can_fetch("Bot", "/admin/login/")
    assert {"Disallow: /*/search/", "Disallow: /*?before="} <= set(answer.content.decode().splitlines())
    assert rules.site_maps() == ["http://testserver/sitemap.xml"]


def test_the_sitemap_lists_the_pages_of_public_lifestreams_only(client: Client) -> None:
    public = make_lifestream(slug="open")
    private = make_lifestream(slug="closed", is_public=False)
    for lifestream in (public, private):
        OwnPage.objects.create(lifestream=lifestream, slug="about", title="About", text="x")
    root = ET.fromstring(client.get("/sitemap.xml").content)
    listed = [element.text for element in root.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    assert listed == [f"http://testserver{path}" for path in ("/", "/open/", "/open/sites/", "/open/pages/about/")]
    for address in listed:
        assert address is not None
        assert client.get(address, follow=True).status_code == 200


def test_favicon_ico_is_redirected_to_the_icon(client: Client) -> None:
    answer = client.get("/favicon.ico")
    assert answer.status_code == 301
    assert finders.find(answer["Location"].removeprefix("/static/"))
