"""The feeds that we publish, read by a feed reader's own parser."""

from __future__ import annotations

import html
import io
import json
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from xml.etree import ElementTree as ET

import feedparser
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from factories import make_lifestream
from lifestream.models import Feed, Item, Lifestream, Post, PublishedId, Subscription, Tag
from shown import NOON, make_post, make_site

pytestmark = pytest.mark.django_db
FORMATS = ("atom", "rss", "json")


@pytest.fixture
def main() -> Lifestream:
    return make_lifestream("main", title="Harbour & Planet", tagline="What the neighbours write.")


@pytest.fixture
def post(main: Lifestream) -> Post:
    return make_post(
        make_site(main, "Small Hours", site_url="https://small-hours.example/"),
        "Fences <and> “cakes”",
        date=NOON,
        updated=NOON + timedelta(hours=1),
        author="Ruth Adeyemi",
        link="https://small-hours.example/1?a=b&c=d",
        content="<p>A cake is a <em>fence</em> & more ]]> </p>",
        summary="A cake is a fence & more",
        tags=("bugs", "cakes"),
        enclosures=[
            {"url": "https://small-hours.example/1.mp3", "type": "audio/mpeg", "length": 99},
            {"url": "https://small-hours.example/1.pdf", "type": "application/pdf", "length": None},
        ],
    )


def parsed(client: Client, address: str) -> Any:
    response = client.get(address)
    assert response.status_code == 200
    found = feedparser.parse(io.BytesIO(response.content), sanitize_html=False, resolve_relative_uris=False)
    assert not found.bozo, found.get("bozo_exception")
    return found


def as_json(client: Client, address: str) -> Any:
    return json.loads(client.get(address).content)


@pytest.mark.parametrize("format_", ["atom", "rss"])
def test_a_feed_has_all_fields_of_its_sources(client: Client, post: Post, format_: str) -> None:
    feed = parsed(client, f"/main/feed.{format_}")
    assert feed.feed.title == "Harbour & Planet" and feed.feed.link == "http://testserver/main/"
    (entry,) = feed.entries
    assert entry.title == "Fences <and> “cakes”"
    assert entry.link == "https://small-hours.example/1?a=b&c=d"
    assert entry.id == PublishedId.objects.get(item=post.item).uri
    assert entry.content[0].value == "<p>A cake is a <em>fence</em> & more ]]> </p>"
    assert entry.summary == {"atom": "A cake is a fence & more", "rss": "A cake is a fence &amp; more"}[format_]
    assert entry.author == "Ruth Adeyemi"
    assert [tag.term for tag in entry.tags] == ["bugs", "cakes"]
    assert entry.published_parsed[:5] == (2026, 10, 2, 12, 0)
    assert entry.enclosures[0].href == "https://small-hours.example/1.mp3"


def test_atom_has_all_enclosures_the_source_and_the_update(client: Client, post: Post) -> None:
    (entry,) = parsed(client, "/main/feed.atom").entries
    assert [file.href[-3:] for file in entry.enclosures] == ["mp3", "pdf"]
    assert (entry.source.title, entry.source.link) == ("Small Hours", "https://small-hours.example/")
    assert entry.updated_parsed[:5] == (2026, 10, 2, 13, 0)


def test_json_feed_has_the_same_fields(client: Client, post: Post) -> None:
    response = client.get("/main/feed.json")
    assert response["Content-Type"] == "application/feed+json; charset=utf-8"
    feed = json.loads(response.content)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["feed_url"] == "http://testserver/main/feed.json"
    assert feed["items"] == [
        {
            "id": PublishedId.objects.get(item=post.item).uri,
            "url": "https://small-hours.example/1?a=b&c=d",
            "title": "Fences <and> “cakes”",
            "content_html": "<p>A cake is a <em>fence</em> & more ]]> </p>",
            "summary": "A cake is a fence & more",
            "date_published": "2026-10-02T12:00:00+00:00",
            "date_modified": "2026-10-02T13:00:00+00:00",
            "authors": [{"name": "Ruth Adeyemi"}],
            "tags": ["bugs", "cakes"],
            "attachments": [
                {"url": "https://small-hours.example/1.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 99},
                {"url": "https://small-hours.example/1.pdf", "mime_type": "application/pdf"},
            ],
            "_source": {
                "title": "Small Hours",
                "home_page_url": "https://small-hours.example/",
                "feed_url": post.item.feed.url,
            },
        }
    ]


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize(
    ("address", "title"),
    [
        ("/main/feed.{}", "Harbour & Planet"),
        ("/main/sites/{site}/feed.{}", "Small Hours · Harbour & Planet"),
        ("/main/tags/bugs/feed.{}", "bugs · Harbour & Planet"),
        ("/main/search/feed.{}?q=fences", "“fences” · Harbour & Planet"),
    ],
)
def test_every_timeline_has_a_feed(client: Client, post: Post, address: str, title: str, format_: str) -> None:
    make_post(make_site(post.lifestream), "Something else")
    address = address.replace("{}", format_).replace("{site}", str(post.subscription_id))
    if format_ == "json":
        feed = as_json(client, address)
        found, titles = feed["title"], [item["title"] for item in feed["items"]]
    else:
        feed = parsed(client, address)
        found, titles = feed.feed.title, [entry.title for entry in feed.entries]
    assert found == title
    assert titles == ["Fences <and> “cakes”", "Something else"][: 2 if address == f"/main/feed.{format_}" else 1]


def test_a_search_without_a_query_has_no_feed(client: Client, main: Lifestream) -> None:
    assert client.get("/main/search/feed.atom").status_code == 404


@pytest.mark.parametrize(
    "address", ["feed.atom", "feed.rss", "search/feed.atom?q=Fences%01", "search/feed.rss?q=%0cFences"]
)
def test_control_characters_in_names_break_no_feed(client: Client, post: Post, address: str) -> None:
    Lifestream.objects.update(title="Har\x01bour", tagline="Neigh\x0bbours")
    Subscription.objects.update(name="Small\x1f Hours")
    found = parsed(client, f"/main/{address}")
    assert "Harbour" in found.feed.title
    assert [entry.title for entry in found.entries] == ["Fences <and> “cakes”"]


@pytest.mark.parametrize("character", ["\x01", "\x0c", "\x85", "\ufffe"])
@pytest.mark.parametrize("format_", FORMATS)
def test_control_characters_and_noncharacters_in_stored_fields_break_no_feed(
    client: Client, post: Post, format_: str, character: str
) -> None:
    """Rows that `loaddata` or a program writes may have them."""
    Item.objects.update(**dict.fromkeys(("title", "author", "summary", "content", "guid"), f"a{character}b"))
    Item.objects.update(link=f"https://small-hours.example/{character}")
    Tag.objects.update(name=f"a{character}b")
    Feed.objects.update(site_url=f"https://small-hours.example/{character}", url=f"https://x.example/{character}")
    response = client.get(f"/main/feed.{format_}")
    assert response.status_code == 200
    text = response.content.decode()
    assert character not in text and "\\u00" not in text
    if format_ == "json":
        assert json.loads(text)["items"][0]["title"].startswith("a")
    else:
        ET.fromstring(text)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL refuses lone surrogates in JSON")
@pytest.mark.parametrize("address", [*(f"feed.{format_}" for format_ in FORMATS), ""])
def test_a_lone_surrogate_in_a_column_of_json_breaks_neither_feed_nor_page(
    client: Client, post: Post, address: str
) -> None:
    enclosures = [{"url": "https://small-hours.example/\ud800.mp3", "type": "audio/\ud800", "length": 1}]
    Item.objects.update(
        enclosures=enclosures, media=[{"url": "https://b.example/\udfff.png", "title": "\ud800"}], card=None
    )
    response = client.get(f"/main/{address}")
    assert response.status_code == 200
    response.content.decode()


@pytest.mark.parametrize("format_", FORMATS)
def test_an_unchanged_feed_is_answered_by_304_to_its_etag(client: Client, post: Post, format_: str) -> None:
    first = client.get(f"/main/feed.{format_}")
    assert first["Last-Modified"] == "Fri, 02 Oct 2026 12:00:00 GMT"
    for more in ({}, {"if-modified-since": first["Last-Modified"]}):
        again = client.get(f"/main/feed.{format_}", headers={"if-none-match": first["ETag"], **more})
        assert (again.status_code, again.content) == (304, b"")
        assert again["ETag"] == first["ETag"] and again["Cache-Control"] == first["Cache-Control"]


@pytest.mark.parametrize("field", ["hidden", "removed", "ruled"])
@pytest.mark.parametrize("format_", FORMATS)
def test_a_hidden_post_vanishes_for_clients_that_send_a_date_only(
    client: Client, post: Post, format_: str, field: str
) -> None:
    make_post(post.subscription, "Newer", date=NOON + timedelta(days=1), first_seen=NOON + timedelta(days=1))
    dated = {"if-modified-since": client.get(f"/main/feed.{format_}")["Last-Modified"]}
    Post.objects.filter(pk=post.pk).update(**{field: True})
    again = client.get(f"/main/feed.{format_}", headers=dated)
    assert again.status_code == 200
    assert b"Newer" in again.content and b"Fences" not in again.content


def test_the_formats_have_validators_of_their_own(client: Client, post: Post) -> None:
    assert len({client.get(f"/main/feed.{format_}")["ETag"] for format_ in FORMATS}) == 3


@pytest.mark.parametrize(
    "event",
    [
        "new item",
        "edited item",
        "hidden post",
        "renamed lifestream",
        "another tagline",
        "renamed site",
        "another title of a site",
        "another domain of a site",
        "another address of a site",
        "another address of a site's feed",
    ],
)
def test_whatever_changes_the_feed_changes_its_validator(client: Client, post: Post, event: str) -> None:
    if event == "another domain of a site":
        Feed.objects.update(title="")  # so that its domain is its name
    before = client.get("/main/feed.atom")["ETag"]
    match event:
        case "new item":
            make_post(post.subscription, "New", date=NOON - timedelta(days=3))
        case "edited item":
            Item.objects.update(title="Edited", fingerprint="another")
        case "hidden post":
            Post.objects.update(hidden=True)
        case "renamed lifestream":
            Lifestream.objects.update(title="Renamed")
        case "another tagline":
            Lifestream.objects.update(tagline="Another")
        case "renamed site":
            post.lifestream.subscriptions.update(name="Renamed")
        case "another title of a site":
            Feed.objects.update(title="Another")
        case "another domain of a site":
            Feed.objects.update(domain="another.example")
        case "another address of a site":
            Feed.objects.update(site_url="https://another.example/")
        case "another address of a site's feed":
            Feed.objects.update(url="https://another.example/feed")
    assert client.get("/main/feed.atom", headers={"if-none-match": before}).status_code == 200


def test_last_modified_is_the_time_of_the_latest_edit_or_arrival(client: Client, post: Post) -> None:
    Item.objects.update(changed=NOON + timedelta(days=2), fingerprint="another")
    assert client.get("/main/feed.atom")["Last-Modified"] == "Sun, 04 Oct 2026 12:00:00 GMT"
    make_post(post.subscription, date=NOON - timedelta(days=9), first_seen=NOON + timedelta(days=3))
    assert client.get("/main/feed.atom")["Last-Modified"] == "Mon, 05 Oct 2026 12:00:00 GMT"


def test_last_modified_is_never_of_the_future(client: Client, post: Post) -> None:
    Item.objects.update(first_seen=timezone.now() + timedelta(days=300))  # a clock was ahead
    response = client.get("/main/feed.atom")
    assert parsedate_to_datetime(response["Last-Modified"]) <= timezone.now()


def test_an_empty_lifestream_has_a_valid_feed(client: Client, main: Lifestream) -> None:
    for format_ in ("atom", "rss"):
        assert parsed(client, f"/main/feed.{format_}").entries == []
    assert as_json(client, "/main/feed.json")["items"] == []


@pytest.mark.slow
def test_a_feed_links_to_its_next_page_down_to_the_last_post(client: Client, main: Lifestream) -> None:
    site = make_site(main)
    for number in range(41):
        make_post(site, f"Post {number}")
    feed = as_json(client, "/main/feed.json")
    assert len(feed["items"]) == 40
    rest = as_json(client, feed["next_url"])
    assert [item["title"] for item in rest["items"]] == ["Post 40"] and "next_url" not in rest
    for format_ in ("atom", "rss"):
        links = parsed(client, f"/main/feed.{format_}").feed.links
        assert [link.href for link in links if link.rel == "next"] == [feed["next_url"].replace("json", format_)]


@pytest.mark.slow
@pytest.mark.parametrize("part", ["content", "enclosures"])
@pytest.mark.parametrize("narrowed", ["", "search/", "tags/kites/"])
def test_posts_that_are_too_large_together_are_spread_over_several_pages(
    client: Client, main: Lifestream, monkeypatch: pytest.MonkeyPatch, part: str, narrowed: str
) -> None:
    monkeypatch.setattr("lifestream.web.syndication.LARGEST_FEED", 1000)
    site = make_site(main)
    for size in (300, 300, 800, 5000, 0, 0):
        large = "x" * size if part == "content" else [{"url": f"https://x.example/{'x' * size}"}] if size else []
        make_post(site, f"kite {size}", tags=("kites",), **{part: large})
    pages: list[list[str]] = []
    address = f"/main/{narrowed}feed.json?q=kite"
    while address:
        feed = as_json(client, address)
        pages.append([item["title"] for item in feed["items"]])
        address = feed.get("next_url", "")
    assert pages == [["kite 300", "kite 300"], ["kite 800"], ["kite 5000"], ["kite 0", "kite 0"]]


def test_items_without_title_link_or_content_are_valid_entries(client: Client, main: Lifestream) -> None:
    post = make_post(make_site(main, "", url="https://bare.example/feed"), link="")
    address = f"http://testserver/main/items/{post.item_id}/"
    for format_ in ("atom", "rss"):
        (entry,) = parsed(client, f"/main/feed.{format_}").entries
        assert (entry.link, entry.author) == (address, "bare.example")
    (item,) = as_json(client, "/main/feed.json")["items"]
    # JSON Feed wants content of one kind or the other.
    assert item["url"] == address and item["content_text"] == ""


@pytest.mark.parametrize("length", [True, "1.5", -1, 1.5, [], None])
@pytest.mark.parametrize("format_", FORMATS)
def test_an_enclosure_with_an_invalid_size_breaks_no_feed(
    client: Client, main: Lifestream, format_: str, length: object
) -> None:
    enclosure = {"url": "https://bare.example/1.mp3", "type": 1, "length": length}
    make_post(make_site(main, "", url="https://bare.example/feed"), enclosures=[enclosure])
    if format_ == "json":
        (item,) = as_json(client, "/main/feed.json")["items"]
        assert item["attachments"] == [{"url": enclosure["url"], "mime_type": "application/octet-stream"}]
    else:
        (entry,) = parsed(client, f"/main/feed.{format_}").entries
        (found,) = entry.enclosures
        assert (found.href, found.type, found.length) == (enclosure["url"], "application/octet-stream", "0")


@pytest.mark.parametrize(
    "kind",
    ["", "audio", "audio/", "/mpeg", 'audio/" x=', 'video/mp4"><script>', "audio/\u202e", "x]]>", "a/b c", 5, None],
)
@pytest.mark.parametrize("format_", FORMATS)
def test_an_invalid_media_type_is_published_as_an_unknown_one(
    client: Client, main: Lifestream, format_: str, kind: object
) -> None:
    """Atom requires a valid type (RFC 4287, appendix B: atomMediaType); a reader might run markup in an invalid one."""
    enclosures = [{"url": "https://bare.example/1", "type": each} for each in (kind, "Audio/x-M4a")]
    make_post(make_site(main, "", url="https://bare.example/feed"), enclosures=enclosures)
    wanted = ["application/octet-stream", "Audio/x-M4a"]
    if format_ == "json":
        (item,) = as_json(client, "/main/feed.json")["items"]
        assert [each["mime_type"] for each in item["attachments"]] == wanted
    else:
        (entry,) = parsed(client, f"/main/feed.{format_}").entries
        # feedparser lowers the type of an Atom link, and RSS has one enclosure per entry.
        published = wanted if format_ == "atom" else wanted[:1]
        assert [each.type.lower() for each in entry.enclosures] == [each.lower() for each in published]


@pytest.mark.parametrize("format_", FORMATS)
def test_the_name_of_a_site_does_not_reverse_the_title(client: Client, main: Lifestream, format_: str) -> None:
    site = make_site(main, "Site\u202egnp.exe")
    make_post(site)
    address = f"/main/sites/{site.pk}/feed.{format_}"
    title = as_json(client, address)["title"] if format_ == "json" else parsed(client, address).feed.title
    assert title == "\u2068Site\u202egnp.exe\u202c\u2069 · Harbour & Planet"


@pytest.mark.parametrize("format_", FORMATS)
def test_each_address_is_an_iri_whatever_a_feed_writes_into_it(client: Client, main: Lifestream, format_: str) -> None:
    """Atom and JSON Feed require IRIs, which have none of these characters (RFC 3987, section 2.2)."""
    tail = '?<script>"{|}\\^`\u2028\ufffd\ue000\U000e0041\U0001ffffé</script>#ü'
    site = make_site(main, "A", url=f"https://a.example/feed{tail}", site_url=f"https://a.example/{tail}")
    enclosures = [{"url": f"https://a.example/1.mp3{tail}", "type": "audio/mpeg"}]
    make_post(site, link=f"https://a.example/1{tail}", enclosures=enclosures)
    text = client.get(f"/main/feed.{format_}").content.decode()
    encoded = "?%3Cscript%3E%22%7B%7C%7D%5C%5E%60%E2%80%A8%EF%BF%BD%EE%80%80%F3%A0%81%81%F0%9F%BF%BF"
    assert text.count(encoded) >= 4
    assert "?<" not in html.unescape(text)


def test_atom_is_well_formed_and_complete(client: Client, post: Post) -> None:
    root = ET.fromstring(client.get("/main/feed.atom").content)
    atom = "{http://www.w3.org/2005/Atom}"
    for name in ("id", "title", "updated"):
        assert root.find(f"{atom}{name}") is not None
    entry = root.find(f"{atom}entry")
    assert entry is not None
    assert [entry.find(f"{atom}{name}") is not None for name in ("id", "title", "updated", "author")] == [True] * 4
    links = {link.get("rel"): link.get("href") for link in root.findall(f"{atom}link")}
    assert links == {"alternate": "http://testserver/main/", "self": "http://testserver/main/feed.atom"}


@pytest.mark.parametrize("format_", FORMATS)
def test_the_url_of_a_feed_with_credentials_is_not_published(client: Client, main: Lifestream, format_: str) -> None:
    from django.contrib.auth.models import User

    owner = User.objects.create_user("owner")
    Lifestream.objects.update(owner=owner)
    make_post(make_site(main, "Sesame", url="https://sesame.example/feed", credentials="encrypted"), "Secret")
    client.force_login(owner)
    response = client.get(f"/main/feed.{format_}")
    assert b"Secret" in response.content and b"https://sesame.example/feed" not in response.content
    assert "private" in response["Cache-Control"]


@pytest.mark.parametrize("format", FORMATS)
def test_large_fields_that_no_feed_has_are_not_loaded(
    client: Client,
    post: Post,
    format: str,  # noqa: A002
) -> None:
    with CaptureQueriesContext(connection) as asked:
        assert b"1.mp3" in client.get(f"/main/feed.{format}").content
    asked_for = " ".join(query["sql"] for query in asked)
    assert '"lifestream_item"."enclosures"' in asked_for
    for name in ("media", "episode", "card", "text"):
        assert f'"lifestream_item"."{name}"' not in asked_for
