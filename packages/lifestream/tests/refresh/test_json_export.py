"""The export of a whole lifestream as JSON."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from reference_entries import page, section

from factories import make_feed, make_item, make_lifestream, make_post, make_subscription
from lifestream.models import Feed, Item, Lifestream
from lifestream.models.logos import upload_logo
from lifestream.refresh import json_export

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def stream() -> None:
    stream = make_lifestream("main", title="Main “one”")
    feed = make_feed("https://a.example/feed", title="A")
    make_item(feed, "Kites", tags=["Sky"], content="<p>x</p>", link="https://a.example/1")
    subscription = make_subscription(feed, stream, name="Mine", folder="Blogs", block_rules="ads\njobs")
    make_post(make_item(feed, "Boats"), subscription, hidden=True)
    options = {"proxy": "sealed", "user_agent": "Mine/1"}
    make_subscription(make_feed("https://b.example/feed", credentials="sealed", options=options), stream)
    make_post()


def exported(tmp_path: Path) -> dict[str, Any]:
    call_command("export_json", tmp_path / "out.json", lifestream="main")
    text = (tmp_path / "out.json").read_text(encoding="utf-8")
    assert "sealed" not in text
    return json.loads(text)  # type: ignore[no-any-return]


def test_the_export_has_the_subscriptions_with_their_rules_and_no_password(tmp_path: Path) -> None:
    document = exported(tmp_path)
    assert (document["version"], document["slug"], document["title"]) == (json_export.VERSION, "main", "Main “one”")
    mine, secret = document["subscriptions"]
    assert (mine["url"], mine["name"], mine["folder"]) == ("https://a.example/feed", "Mine", "Blogs")
    assert (mine["options"], secret["options"]) == ({}, {"user_agent": "Mine/1"})
    assert (mine["block_rules"], mine["needs_login"], secret["needs_login"]) == (["ads", "jobs"], False, True)


def test_the_export_has_all_items_of_the_lifestream_and_no_others(tmp_path: Path) -> None:
    kites, boats = exported(tmp_path)["items"]
    assert (kites["title"], kites["tags"], kites["content"]) == ("Kites", ["Sky"], "<p>x</p>")
    assert (kites["feed"], kites["link"]) == ("https://a.example/feed", "https://a.example/1")
    assert (boats["title"], boats["hidden"], kites["hidden"]) == ("Boats", True, False)


def test_damaged_options_are_left_out(tmp_path: Path) -> None:
    Feed.objects.update(options=["x"])
    assert [each["options"] for each in exported(tmp_path)["subscriptions"]] == [{}, {}]


def test_an_empty_lifestream_is_a_document_too(tmp_path: Path) -> None:
    empty = make_lifestream("empty")
    assert json.loads("".join(json_export.pieces(empty)))["items"] == []


def test_each_field_is_in_the_manual(tmp_path: Path) -> None:
    document = exported(tmp_path)
    text = section(page("lifestream/moving.md"), "Going away")
    for part in (document, document["subscriptions"][0], document["items"][0]):
        assert [name for name in part if f"`{name}`" not in text] == []


def test_an_uploaded_logo_is_included(tmp_path: Path) -> None:
    assert exported(tmp_path)["logo_picture"] == ""
    data = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01"
    upload_logo(Lifestream.objects.get(slug="main"), data)
    kind, text = exported(tmp_path)["logo_picture"].split(",")
    assert (kind, base64.b64decode(text)) == ("data:image/png;base64", data)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL refuses lone surrogates in JSON")
def test_a_lone_surrogate_in_a_column_of_json_is_replaced(tmp_path: Path) -> None:
    Item.objects.update(enclosures=[{"url": "https://a.example/\ud800", "type": "", "length": None}])
    assert exported(tmp_path)["items"][0]["enclosures"][0]["url"] == "https://a.example/\ufffd"
