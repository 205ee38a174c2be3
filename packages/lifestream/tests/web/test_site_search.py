"""The search as visitors use it: posts with their words marked, how many, and sites by their names."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from factories import make_lifestream
from lifestream.models import Lifestream, Subscription, fulltext
from lifestream.web import site_search
from lifestream.web.presenters import hits_in_words
from lifestream.web.timeline import Timeline, timeline_for
from shown import make_post, make_site

pytestmark = pytest.mark.django_db


@pytest.fixture
def main() -> Lifestream:
    return make_lifestream("main")


def search(client: Client, query: str, where: str = "search") -> str:
    response = client.get(f"/main/{where}/", {"q": query})
    assert response.status_code == 200
    return response.text


def titles(page: str) -> list[str]:
    return [re.sub("<.*?>", "", title) for title in re.findall(r'<h3 class="title.*?<a [^>]*>(.*?)</a>', page)]


@pytest.mark.slow
def test_the_help_on_the_page_of_a_search_is_true(client: Client, main: Lifestream) -> None:
    site = make_site(main, "Kitchen Table")
    make_post(site, "By its title: gardens")
    make_post(site, "By its text", text="in the gardens of others")
    make_post(site, "By its author", author="Ada Gardener")
    make_post(site, "By its tags", tags=("Gardening",))
    make_post(site, "Another", text="a yard")
    page = search(client, "gard")
    assert "gard finds gardens" in search(client, "")
    assert titles(page) == ["By its title: gardens", "By its text", "By its author", "By its tags"]
    assert ">4 posts</p>" in page
    assert titles(search(client, "gard title")) == ["By its title: gardens"]  # all words must be found
    assert titles(search(client, '"gard"')) == []  # words in quotes must be found as they are
    assert titles(search(client, "ga")) == []  # three letters are enough, and two are not
    assert titles(search(client, "ya")) == [] and titles(search(client, "yar")) == ["Another"]
    make_post(site, "A red kite")
    make_post(site, "A kite, all red")
    assert titles(search(client, '"red kite"')) == ["A red kite"]


def test_the_words_are_marked_where_they_are_found(client: Client, main: Lifestream) -> None:
    far = "word " * 200
    make_post(make_site(main), "The Róbin & I", text=f"{far} robins <b> {far}", summary=far[:200], author="Robin Hood")
    page = search(client, "robin")
    assert "The <mark>Róbin</mark> &amp; I" in page
    assert "word <mark>robins</mark> &lt;b&gt; word" in page and "<b> word" not in page
    assert "<mark>Robin</mark> Hood" in page
    assert "<mark>" not in client.get("/main/").text


@pytest.mark.slow
@pytest.mark.parametrize("query", ["<script>", '"<b>"', "amp", "lt", "&amp;"])
def test_no_query_gets_markup_into_the_page_or_breaks_an_escape(client: Client, main: Lifestream, query: str) -> None:
    make_post(make_site(main, "<b>Site</b>"), "a < b & <script>alert(1)</script> amp lt", text="<b>script</b>")
    for where in ("search", "sites"):
        page = search(client, query, where)
        assert "<script>alert" not in page and "<b>" not in page
        assert "&<mark>" not in page


def test_of_a_very_long_name_of_a_site_the_beginning_is_searched(client: Client, main: Lifestream) -> None:
    """Each search looks through the names of up to five thousand sites, and all these names may be long."""
    filler = "of " * 50
    for name in (f"Robins {filler}", f"{filler}Kites", f"{filler * 2}Wrens"):
        make_site(main, name)
    assert [("of of" in search(client, bird, "sites")) for bird in ("robins", "kites", "wrens")] == [True, True, False]


def test_of_characters_that_stand_for_eighteen_each_only_the_first_are_searched(
    client: Client, main: Lifestream
) -> None:
    honorific = "\ufdfa"
    for name in (f"{honorific} Robins", f"{honorific * 10} Kites", f"{honorific * 12} Wrens"):
        make_site(main, name)
    found = [honorific in search(client, bird, "sites") for bird in ("robins", "kites", "wrens")]
    assert found == [True, True, False]


@pytest.mark.slow
def test_posts_are_counted_up_to_a_limit(
    client: Client, main: Lifestream, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    site, other = make_site(main), make_site(make_lifestream("other"))
    for number in range(4):
        make_post(site, f"kites {number}")
        make_post(other, f"kites {number}")
    make_post(site, "kites hidden", hidden=True)
    assert ">4 posts</p>" in search(client, "kites")
    for module in ("page_rows", "timeline"):
        monkeypatch.setattr(f"lifestream.web.{module}.MOST_COUNTED", 3)
    assert ">4 posts</p>" in search(client, "kites")  # all of them are on one page
    settings.LIFESTREAM_DEFAULT_PAGINATION = 3
    monkeypatch.setattr("lifestream.web.presenters.MOST_COUNTED", 3)
    assert ">More than 3 posts</p>" in search(client, "kites")
    assert ">1 post</p>" in search(client, "kites 2")
    monkeypatch.setattr(fulltext, "RARE", 2)
    monkeypatch.setattr(fulltext, "FREQUENT", 2)
    assert ">More than 3 posts</p>" in search(client, "kites")


def test_the_number_of_posts_is_written_in_words() -> None:
    assert hits_in_words(fulltext.Hits(0, is_all=True)) == ""
    assert hits_in_words(fulltext.Hits(1000, is_all=False)) == "More than 1,000 posts"
    assert hits_in_words(fulltext.Hits(1000, is_all=True)) == "1,000 posts"
    assert hits_in_words(fulltext.Hits(1, is_all=False)) == "At least 1 post"


@pytest.mark.slow
@pytest.mark.parametrize("most", [0, 100], ids=["very many", "some"])
def test_sites_are_found_by_their_names(
    client: Client, main: Lifestream, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(site_search, "MOST_LOOKED_AT", most)
    make_site(main, "Field Notes from the Ridge", domain="ridge.example")
    make_site(main, "The Ridgeway", domain="way.example")
    make_site(main, "Secret Ridge", credentials="encrypted")
    make_site(make_lifestream("other"), "Ridge elsewhere")
    names = re.findall(r'class="name">(.*?)</bdi>', search(client, "ridge", "sites"))
    assert names == ["Field Notes from the <mark>Ridge</mark>", "The <mark>Ridgeway</mark>"]
    assert "No site has a name with these words." in search(client, "meadow", "sites")
    assert "Field Notes" not in search(client, "ridge meadow", "sites")
    above = search(client, "ridge")
    assert ("Look for a site with this name" in above) is (not most)
    assert ("The <mark>Ridgeway</mark>" in above) is bool(most)


@pytest.mark.parametrize("most", [1, 2])
@pytest.mark.parametrize("secrets", [0, 2])
def test_whether_there_are_many_sites_depends_only_on_sites_that_the_reader_may_see(
    main: Lifestream, monkeypatch: pytest.MonkeyPatch, most: int, secrets: int
) -> None:
    monkeypatch.setattr(site_search, "MOST_LOOKED_AT", most)
    for number in range(2):
        make_site(main, f"Ridge {number}")
    for number in range(secrets):
        make_site(main, f"Secret {number}", credentials="encrypted")
    with CaptureQueriesContext(connection) as asked:
        timeline = timeline_for(None, "main")
        assert site_search.has_many_sites(timeline) is (most < 2)
        assert site_search.has_many_sites(Timeline(main, owned=True)) is (most < 2 + secrets)
        assert site_search.has_many_sites(Timeline(main)) is (most < 2)
    # The feeds of sites are looked at only if some of them may be secret, and there are many in all.
    counted = ["lifestream_feed" in query["sql"] for query in asked if "OFFSET" in query["sql"]]
    assert (counted.count(False), counted.count(True)) == (3, (2 if secrets else 1) if most < 2 + secrets else 0)


def test_later_pages_of_a_search_do_not_look_up_sites(
    client: Client, main: Lifestream, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr(site_search, "MOST_LOOKED_AT", 100)
    settings.LIFESTREAM_DEFAULT_PAGINATION = 1
    for _ in range(2):
        make_post(make_site(main, "Ridge"), "A ridge")
    with CaptureQueriesContext(connection) as asked:
        first = client.get("/main/search/?q=ridge")
    assert 'class="named"' in first.text and [query for query in asked if "OFFSET 100" in query["sql"]]
    with CaptureQueriesContext(connection) as asked:
        later = client.get(f"/main/search/?q=ridge&before={first.context['older']}")
    assert later.context["posts"] and 'class="named"' not in later.text
    assert not [query for query in asked if "OFFSET 100" in query["sql"]]


def test_the_states_of_sites_are_shown_in_words(client: Client, main: Lifestream) -> None:
    now = timezone.now()
    make_post(make_site(main, "Awake"), date=now - timedelta(hours=3, minutes=5))
    make_post(make_site(main, "Sleeper"), date=now - timedelta(days=240))
    broken = {"failures": 3, "last_success": now - timedelta(days=5)}
    make_post(make_site(main, "Broken", **broken), date=now - timedelta(days=6))
    make_site(main, "Hiccup", failures=1, last_success=now - timedelta(hours=2))
    make_post(make_site(main, "Over", status="gone"), date=now - timedelta(days=800))
    make_site(main, "Silent")
    Subscription.objects.filter(pk=make_site(main, "Resting").pk).update(paused=True)
    page = re.sub(r"\s+", " ", client.get("/main/sites/").text)
    shown = {
        name: re.sub("<.*?>", "", last).strip()
        for name, last in re.findall(r'class="name">(.*?)</bdi>.*?class="last">(.*?)</span></span></a>', page)
    }
    assert shown == {
        "Awake": "Last post 3 hours ago",
        "Sleeper": "Last post 7 months ago asleep",
        "Broken": "Last post 6 days ago out of order",
        "Hiccup": "No post yet",
        "Over": "Last post 2 years ago gone",
        "Silent": "No post yet",
        "Resting": "No post yet paused",
    }


def test_of_many_sites_those_with_the_latest_posts_are_listed_beside(
    client: Client, main: Lifestream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lifestream.web.views.pages.SITES_BESIDE", 2)
    now = timezone.now()
    for days, name in enumerate(["Zebra", "Lion", "Ant", "Bee"]):
        make_post(make_site(main, name), date=now - timedelta(days=days))
    beside = client.get("/main/").text.split('class="beside"')[1]
    assert re.findall(r'class="name">(\w+)</bdi>', beside) == ["Lion", "Zebra"]


def test_a_recording_whose_few_words_are_all_shown_has_no_link_to_read_on(client: Client, main: Lifestream) -> None:
    site = make_site(main)
    sound = {"url": "https://sounds.example/1.mp3", "type": "audio/mpeg"}
    make_post(site, "", content="<p>Rain on a roof</p>", text="Rain on a roof", enclosures=[sound])
    assert 'class="more"' not in client.get("/main/").text
    make_post(site, "", content=f"<p>Wind {'in trees ' * 200}</p>", text="Wind", enclosures=[sound])
    assert client.get("/main/").text.count('class="more"') == 1


@pytest.mark.slow
def test_a_note_that_a_search_shows_whole_has_no_link_to_read_on(client: Client, main: Lifestream) -> None:
    site = make_site(main)
    much = "Then it swam. " * 200
    for text in ("A gannet dived.", f"A puffin dived. {much}", f"{much}A tern dived."):
        make_post(site, "", content=f"<p>{text}</p>", text=text)
    assert 'class="more"' not in search(client, "gannet")
    assert 'class="more"' in search(client, "puffin")
    assert 'class="more"' in search(client, "tern")
