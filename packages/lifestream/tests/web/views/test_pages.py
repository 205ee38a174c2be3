"""The pages, as a browser without a script gets them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client, override_settings
from django.urls import resolve

from factories import make_lifestream
from lifestream import urls
from lifestream.models import Lifestream
from outline import page
from shown import NOON, make_post, make_site

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10"


@pytest.fixture
def main() -> Lifestream:
    return make_lifestream("main", title="Harbour Planet", tagline="What the neighbours write.")


def test_the_index_leads_to_the_only_lifestream_that_may_be_read(client: Client, main: Lifestream) -> None:
    make_lifestream("diary", is_public=False)
    response = client.get("/")
    assert (response.status_code, response["Location"]) == (302, "/main/")


def test_the_index_lists_several_lifestreams_and_private_ones_to_their_owner(client: Client, main: Lifestream) -> None:
    owner = User.objects.create_user("owner")
    make_lifestream("other", title="Other")
    make_lifestream("diary", title="Diary", owner=owner, is_public=False)
    assert "Harbour Planet" in (text := page(client, "/").text) and "Other" in text and "Diary" not in text
    client.force_login(owner)
    assert "Diary" in page(client, "/").text


def test_a_timeline_shows_its_posts_by_day_with_their_sites(client: Client, main: Lifestream) -> None:
    site = make_site(main, "Field Notes", site_url="https://fieldnotes.example/")
    make_post(site, "Counting rings", date=NOON, summary="They let me count the beech.", tags=("trees",))
    make_post(site, "Seven words", date=NOON - timedelta(days=400))
    shown = page(client, "/main/")
    for words in ("Field Notes", "Counting rings", "They let me count the beech.", "trees", "Seven words"):
        assert words in shown.text
    assert [day["data-day"] for day in shown.all("section", class_="day")] == ["2026-10-02", "2025-08-28"]
    assert shown.all("link", rel="alternate", type="application/atom+xml", href="/main/feed.atom")
    assert shown.all("meta", name="description", content="What the neighbours write.")


@pytest.mark.parametrize(
    ("address", "description"),
    [
        ("/", "Lifestream"),
        ("/bare/", "Bare"),
        ("/bare/sites/{site}/", "Field Notes"),
        ("/bare/items/{item}/", "Counting rings"),
    ],
)
def test_a_page_that_nobody_described_has_a_description(client: Client, address: str, description: str) -> None:
    make_lifestream("other", title="Other")
    site = make_site(make_lifestream("bare", title="Bare"), "Field Notes")
    post = make_post(site, "Counting rings", date=NOON, summary="")
    [meta] = page(client, address.format(site=site.pk, item=post.item_id)).all("meta", name="description")
    assert meta["content"] == description


def test_days_are_called_today_and_yesterday(client: Client, main: Lifestream, monkeypatch: pytest.MonkeyPatch) -> None:
    site = make_site(main)
    make_post(site, date=NOON - timedelta(days=1))
    make_post(site, date=NOON)
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON)  # midnight could come between post and page
    text = page(client, "/main/").text
    assert text.index("Today") < text.index("Yesterday")


@pytest.mark.slow
@override_settings(LIFESTREAM_DEFAULT_PAGINATION=3)
def test_links_lead_to_older_items_down_to_the_last(client: Client, main: Lifestream) -> None:
    site = make_site(main)
    for number in range(7):
        make_post(site, f"Post {number}")
    address, found = "/main/", []
    shown = page(client, address)
    for _ in range(3):
        shown = page(client, address)
        found += re.findall(r"Post \d", shown.text)
        links = shown.all("a", rel="next")
        address = f"/main/{links[0]['href']}" if links else ""
    assert address == ""
    assert found == [f"Post {number}" for number in range(7)]
    assert "That was all." in shown.text


@pytest.mark.parametrize("before", ["x", "1", "1-1-1", "9" * 18 + "-1", "%00", "-"])
def test_a_page_after_an_invalid_cursor_is_not_found(client: Client, main: Lifestream, before: str) -> None:
    page(client, f"/main/?before={before}", 404)


def test_pages_after_the_first_are_kept_from_search_engines(client: Client, main: Lifestream) -> None:
    make_post(make_site(main))
    assert page(client, "/main/?before=9999999999999999-1").all("meta", name="robots", content="noindex, follow")
    assert not page(client, "/main/").all("meta", name="robots")


def test_an_item_has_a_page_with_its_content_and_its_neighbours(client: Client, main: Lifestream) -> None:
    site = make_site(main, "Small Hours")
    make_post(site, "Newer", date=NOON + timedelta(hours=1))
    post = make_post(site, "Off by one", date=NOON, content="<p>A <em>cake</em> is a fence.</p>",
                     summary="A cake is a fence.", author="Ruth", link="https://small-hours.example/1")  # fmt: skip
    make_post(site, "Older", date=NOON - timedelta(hours=1))
    shown = page(client, f"/main/items/{post.item_id}/")
    for words in ("Small Hours", "Off by one", "Ruth", "is a fence", "Newer", "Older"):
        assert words in shown.text
    assert shown.all("em") and shown.all("link", rel="canonical", href="https://small-hours.example/1")
    assert shown.text.startswith("Off by one · Harbour Planet")


def test_a_hidden_item_has_no_page(client: Client, main: Lifestream) -> None:
    post = make_post(make_site(main), hidden=True)
    page(client, f"/main/items/{post.item_id}/", 404)


def test_an_item_has_no_page_in_a_lifestream_that_it_is_not_in(client: Client, main: Lifestream) -> None:
    page(client, f"/main/items/{make_post(make_site()).item_id}/", 404)


def test_a_site_has_a_page_of_its_own_items(client: Client, main: Lifestream) -> None:
    site = make_site(main, "Long Wave", description="Two people, one set.", site_url="https://longwave.example/")
    make_post(site, "Weather for ships")
    make_post(make_site(main), "Something else")
    shown = page(client, f"/main/sites/{site.pk}/")
    assert "Weather for ships" in shown.text and "Two people, one set." in shown.text
    assert "Something else" not in shown.text
    assert shown.all("link", rel="alternate", href=f"/main/sites/{site.pk}/feed.json")


@pytest.mark.parametrize(
    "description", ["The <b> tag, a < b & c > d", "<![CDATA[x]]> &lt;b&gt;", "<a" * 140, "<" * 140 + "a>" * 60]
)
def test_a_site_shows_its_description_as_the_text_that_it_is(
    client: Client, main: Lifestream, description: str
) -> None:
    site = make_site(main, "Long Wave", description=description)
    shown = page(client, f"/main/sites/{site.pk}/")
    assert description in shown.text
    [meta] = shown.all("meta", name="description")
    assert meta["content"].startswith(description[:150])


def test_a_site_with_a_description_of_unclosed_tags_has_a_page(client: Client, main: Lifestream) -> None:
    page(client, f"/main/sites/{make_site(main, description='<a' * 2000).pk}/")


def test_a_day_has_a_page_and_a_link_to_the_one_before(client: Client, main: Lifestream) -> None:
    site = make_site(main)
    make_post(site, "Then", date=NOON)
    make_post(site, "Before", date=NOON - timedelta(days=9))
    shown = page(client, "/main/2026/10/02/")
    assert "Then" in shown.text and "Before" not in shown.text
    assert shown.all("a", rel="prev", href="/main/2026/9/23/")


@pytest.mark.parametrize("day", ["2026/13/01", "2026/02/30", "0/1/1", "1/1/1", "9999/12/31", "10000/1/1"])
def test_a_day_that_no_calendar_has_or_that_is_beyond_the_years_of_pages_is_not_found(
    client: Client, main: Lifestream, day: str
) -> None:
    page(client, f"/main/{day}/", 404)


@pytest.mark.slow
def test_a_tag_has_a_page_and_an_unused_one_has_none(client: Client, main: Lifestream) -> None:
    site = make_site(main)
    make_post(site, "Kura", tags=("保存食",))
    make_post(site, "Else")
    assert "Kura" in (text := page(client, "/main/tags/保存食/").text) and "Else" not in text
    make_post(make_site(), tags=("elsewhere",))
    page(client, "/main/tags/nowhere/", 404)
    # Nor does a feed reveal whether another lifestream, which may be private, has a tag.
    for address in ("", "feed.atom", "feed.rss", "feed.json"):
        page(client, f"/main/tags/elsewhere/{address}", 404)
    assert "保存食 1" in page(client, "/main/tags/").text


def test_a_search_finds_latin_and_japanese_words(client: Client, main: Lifestream) -> None:
    site = make_site(main)
    make_post(site, "Kitchen clocks", text="consensus in c++")
    make_post(site, "新米の日", text="隣の田んぼの新米をいただいた。")
    for query, title in (("kitchen", "Kitchen clocks"), ("c%2B%2B", "Kitchen clocks"), ("新米", "新米の日")):
        assert title in re.sub("</?mark>", "", client.get(f"/main/search/?q={query}").text)


@pytest.mark.parametrize("query", ["", "%20", "%00", '"', "a OR", "(", "*", "x" * 5000, "NEAR(", "%ED%A0%80", "'; --"])
def test_no_search_breaks_the_page(client: Client, main: Lifestream, query: str) -> None:
    make_post(make_site(main), "Something")
    assert page(client, f"/main/search/?q={query}").all("input", type="search")


def test_the_sites_are_listed_by_folder_under_their_names(client: Client, main: Lifestream) -> None:
    site = make_site(main, "Its own title")
    site.name, site.folder = "Named here", "Radio"
    site.save()
    shown = page(client, "/main/sites/")
    assert "Radio" in shown.text and "Named here" in shown.text and "Its own title" not in shown.text


ADDRESSES = ["", "feed.atom", "feed.rss", "feed.json", "subscriptions.opml", "items/{item}/", "sites/", "sites/{site}/",
             "sites/{site}/feed.atom", "sites/{site}/icon", "tags/", "tags/t/", "tags/t/feed.rss", "search/?q=word",
             "search/feed.atom?q=word", "2026/10/02/"]  # fmt: skip


def test_all_pages_of_a_lifestream_but_its_logo_and_own_pages_are_tried() -> None:
    tried = {resolve(f"/main/{address.format(item=1, site=1)}".partition("?")[0]).url_name for address in ADDRESSES}
    pages = {each.name for each in urls.urlpatterns if "slug" in each.pattern.converters}
    assert pages - tried == {"logo", "own-page"}, "test_pictures and test_web_views_own_pages try these"


@pytest.mark.slow
@pytest.mark.parametrize("address", ADDRESSES)
def test_a_private_lifestream_exists_for_its_owner_but_for_no_visitor_and_no_ordinary_user(
    client: Client, address: str
) -> None:
    owner, other = User.objects.create_user("owner"), User.objects.create_user("other")
    lifestream = make_lifestream("diary", owner=owner, is_public=False)
    post = make_post(site := make_site(lifestream, icon=PNG), "Word", date=NOON, tags=("t",))
    address = "/diary/" + address.format(item=post.item_id, site=site.pk)
    assert client.get(address).status_code == 404
    client.force_login(other)
    assert client.get(address).status_code == 404
    client.force_login(owner)
    response = client.get(address)
    assert response.status_code == 200
    assert "private" in response["Cache-Control"] and "Cookie" in response["Vary"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_feed_with_credentials_is_never_in_public(client: Client, address: str) -> None:
    lifestream = make_lifestream("planet", owner=User.objects.create_user("owner"))
    make_post(make_site(lifestream, "Open site", icon=PNG), "Word", date=NOON, tags=("t",))
    secret = make_site(lifestream, "Sesame", url="https://sesame.example/feed", credentials="encrypted", icon=PNG)
    post = make_post(secret, "Sesame word", date=NOON, tags=("t",))
    response = client.get("/planet/" + address.format(item=post.item_id, site=secret.pk))
    assert response.status_code == (404 if "{" in address else 200)
    assert b"esame" not in response.getvalue()


def test_the_owner_sees_the_posts_of_a_feed_with_credentials(client: Client) -> None:
    owner = User.objects.create_user("owner")
    make_post(make_site(make_lifestream("planet", owner=owner), credentials="encrypted"), "Sesame")
    client.force_login(owner)
    assert "Sesame" in page(client, "/planet/").text


def test_a_public_page_may_be_kept_for_a_minute(client: Client, main: Lifestream) -> None:
    response = client.get("/main/")
    assert response["Cache-Control"] == "public, max-age=60"
    assert "Cookie" in response["Vary"]


def test_a_site_without_an_icon_has_the_first_letter_of_its_name(client: Client, main: Lifestream) -> None:
    make_post(make_site(main, "“…” états"))
    shown = page(client, "/main/")
    assert "É" in shown.text


@pytest.mark.parametrize("address", ["/main/", "/main/items/{item}/", "/main/search/?q=title", "/main/feed.atom"])
def test_hostile_text_stays_text(client: Client, main: Lifestream, address: str) -> None:
    evil = '"><script>alert(1)</script>&lt;b&gt;'
    site = make_site(main, evil, description=evil, language='en" onload="x', domain=evil)
    post = make_post(site, f"title {evil}", author=evil, summary=evil, tags=(evil,), language='"><script>',
                     link="javascript:alert(2)",
                     media=[{"url": 'https://x.example/"><script>a.png', "type": "image/png", "description": evil}],
                     enclosures=[{"url": "javascript:alert(1)", "type": "audio/mpeg"}, "none", {"url": 7}])  # fmt: skip
    body = client.get(address.format(item=post.item_id)).content.decode()
    assert "alert(1)" in body
    assert "<script>" not in body and "javascript:" not in body and 'onload="x' not in body


def test_a_title_of_ten_thousand_characters_is_cut_in_the_timeline_and_on_the_page_of_its_item(
    client: Client, main: Lifestream
) -> None:
    post = make_post(make_site(main), "w" * 10_000)
    assert len(page(client, "/main/").text) < 3000
    assert len(page(client, f"/main/items/{post.item_id}/").text) < 4000


def test_an_item_without_a_title_shows_its_text_and_is_named_by_it(client: Client, main: Lifestream) -> None:
    post = make_post(make_site(main, "Inês"), content="<p>The <b>tide</b> gauge.</p>", summary="The tide gauge.")
    assert page(client, "/main/").all("b")
    assert page(client, f"/main/items/{post.item_id}/").text.startswith("The tide gauge. · Harbour Planet")


@pytest.mark.slow
def test_an_item_without_anything_has_a_page(client: Client, main: Lifestream) -> None:
    post = make_post(make_site(main, "", url="https://bare.example/feed"), link="")
    assert "bare.example" in page(client, "/main/").text
    page(client, f"/main/items/{post.item_id}/")


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_pages_allow_reading_only(client: Client, main: Lifestream, method: str) -> None:
    post = make_post(make_site(main), tags=("t",))
    for address in (*ADDRESSES, "logo/x", "pages/about/"):
        path = address.format(item=post.item_id, site=post.subscription_id)
        assert getattr(client, method)(f"/main/{path}").status_code == 405, path


def test_the_language_of_the_feed_is_declared_to_the_browser(client: Client, main: Lifestream) -> None:
    make_post(make_site(main, language="ja"), "新米の日")
    assert page(client, "/main/").all("article", lang="ja")


@pytest.mark.parametrize("address", ["items/{}/", "sites/{}/", "sites/{}/icon", "sites/{}/feed.atom", "{}/1/1/"])
def test_a_number_that_no_database_can_store_is_not_found(client: Client, main: Lifestream, address: str) -> None:
    for number in (2**63, 10**40):
        page(client, "/main/" + address.format(number), 404)


def test_an_address_that_leads_nowhere_is_not_found(client: Client, main: Lifestream) -> None:
    for address in ("/nothing/", "/main/items/1/", "/main/sites/1/", "/main/nothing/"):
        assert client.get(address).status_code == 404


def test_an_item_that_is_changed_by_hand_is_shown_as_it_is_now(client: Client, main: Lifestream) -> None:
    post = make_post(make_site(main), "An article", summary="s")
    post.item.media = [{"url": "https://p.example/new.jpg", "type": "image/jpeg"}]
    post.item.save(update_fields=["media"])
    assert b"new.jpg" in client.get("/main/").content


def test_a_template_may_show_all_fields_of_an_item(client: Client, main: Lifestream) -> None:
    make_post(
        make_site(main, url="https://own.example/feed", site_url="https://own.example/"),
        "T",
        content="<p>Body</p>",
        text="Its text.",
    )
    own = {"lifestream/sites/own-example.html": "{{ item.content|safe }}{{ item.media|length }}{{ item.text }}"}
    loaders = [("django.template.loaders.locmem.Loader", own), "django.template.loaders.app_directories.Loader"]
    engine: dict[str, Any] = settings.TEMPLATES[0]
    options = {key: value for key, value in engine["OPTIONS"].items() if key != "loaders"}
    with override_settings(TEMPLATES=[{**engine, "APP_DIRS": False, "OPTIONS": {**options, "loaders": loaders}}]):
        assert b"<p>Body</p>0Its text." in client.get("/main/").content


def test_the_page_of_an_item_shows_all_of_its_files(client: Client, main: Lifestream) -> None:
    files = [{"url": f"https://p.example/{n}.pdf", "type": "application/pdf"} for n in range(40)]
    post = make_post(make_site(main), "T", enclosures=files)
    assert sum(found["href"].endswith(".pdf") for found in page(client, f"/main/items/{post.item_id}/").all("a")) == 40
