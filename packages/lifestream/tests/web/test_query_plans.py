"""How the databases run the queries of pages and of the work beside them: by an index, without sorting everything, and
with the same results whichever way is taken.

On PostgreSQL, most tests check only that no table is read as a whole: with so few rows, it sorts rows that an index
would give in order.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from factories import NOW, make_feed, make_lifestream, make_subscription
from lifestream.models import Feed, HubSubscription, Item, Lifestream, Post, fulltext, sqlite_search
from lifestream.models.look import SiteOrder
from lifestream.refresh import opml
from lifestream.refresh.icon_finder import find_icons
from lifestream.web.site_search import sites_named
from lifestream.web.syndication import validators
from lifestream.web.timeline import Timeline
from lifestream.web.views import pages
from plans import plans_of, whole_tables
from shown import NOON, make_post, make_site

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@pytest.fixture
def planet() -> Lifestream:
    planet = make_lifestream("planet")
    for number in range(3):
        site = make_site(planet, f"Site {number}")
        for _ in range(3):
            make_post(site, "Kites and rivers", date=NOON, tags=("kites",))
    return planet


def sorted_ones(work: Callable[[], object]) -> list[str]:
    """Return the queries of *work* for which SQLite sorts all rows that it finds."""
    if connection.vendor != "sqlite":
        return []
    return [f"{sql}\n{plan}" for sql, plan in plans_of(work) if "TEMP B-TREE FOR ORDER BY" in plan]


# What may be read as a whole: the tags of the latest posts are few, and so are the feeds with a login, which alone are
# in this index.
FEW = ("lifestream_tag", "lifestream_feed_private")
# The sites beside a page are sorted by their latest posts: at most RECENT and MOST_DATED of them.
COMPARED = (*FEW, "UNION")


@pytest.mark.parametrize(
    "path",
    ["", "?before=1790985600000000-5", "sites/", "sites/?after={site}", "sites/{site}/", "tags/", "2026/10/3/",
     "items/{item}/", "feed.atom", "feed.json?before=1790985600000000-5", "sites/{site}/feed.rss", "search/?q=kites",
     "subscriptions.opml", "tags/kites/"],
)  # fmt: skip
def test_a_page_reads_no_table_as_a_whole(client: Client, planet: Lifestream, path: str) -> None:
    post = planet.posts.first()
    assert post is not None
    address = f"/planet/{path.format(site=post.subscription_id, item=post.item_id)}"

    def work() -> None:
        response = client.get(address)
        assert response.status_code == 200, response
        response.getvalue()

    assert whole_tables(work, *FEW) == []
    if "q=" not in path and path != "tags/kites/":
        assert [query for query in sorted_ones(work) if not any(name in query for name in COMPARED)] == []


@pytest.mark.parametrize(
    ("path", "index"),
    [
        ("", "lifestream_post_shown"),
        ("?before=1790985600000000-5", "lifestream_post_shown"),
        ("tags/", "lifestream_post_shown"),
        ("2026/10/3/", "lifestream_post_shown"),
        ("feed.atom", "lifestream_post_shown"),
        ("items/{item}/", "lifestream_post_shown"),
        ("sites/{site}/", "lifestream_post_of_site"),
        ("sites/{site}/feed.json", "lifestream_post_of_site"),
        ("sites/", "lifestream_post_of_site"),
    ],
)
def test_a_page_reads_posts_by_an_index_without_the_hidden_ones(
    client: Client, planet: Lifestream, path: str, index: str
) -> None:
    post = planet.posts.first()
    assert post is not None
    # PostgreSQL takes the index that seems cheaper, which depends on what earlier tests have left of both. So there are
    # very many hidden posts, before, within and after the day: an index with them is always far dearer.
    count = 5000 if connection.vendor == "postgresql" else 200
    dates = [NOON + timedelta(minutes=number - count // 2) for number in range(count)]
    hidden = [Item(feed=post.item.feed, key_hash=str(number), date=date) for number, date in enumerate(dates)]
    Post.objects.bulk_create(
        Post(lifestream=planet, subscription=post.subscription, item=item, date=item.date, ruled=True)
        for item in Item.objects.bulk_create(hidden)
    )
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE lifestream_post")
    address = f"/planet/{path.format(site=post.subscription_id, item=post.item_id)}"
    plans = "\n".join(plan for _, plan in plans_of(partial(client.get, address)))
    assert f"{index} " in plans
    assert not re.findall("lifestream_post_(?:timeline|site)", plans)


def test_a_frequent_word_is_found_by_walking_down_the_timeline(
    client: Client, planet: Lifestream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fulltext, "RARE", 1)
    monkeypatch.setattr(fulltext, "FREQUENT", 1)

    def work() -> None:
        assert len(client.get("/planet/search/?q=kites").context["posts"]) == 9

    assert whole_tables(work, *FEW) == []
    # Only the posts that were found are sorted: they are looked up by their keys.
    allowed = (*COMPARED, "SEARCH lifestream_post USING INTEGER PRIMARY KEY")
    assert [query for query in sorted_ones(work) if not any(name in query for name in allowed)] == []


@pytest.mark.parametrize("order", SiteOrder.values)
def test_the_sites_beside_a_timeline_are_found_without_reading_a_whole_table(
    client: Client, planet: Lifestream, monkeypatch: pytest.MonkeyPatch, order: str
) -> None:
    monkeypatch.setattr("lifestream.web.timeline.RECENT", 2)
    monkeypatch.setattr("lifestream.web.timeline.MOST_DATED", 1)  # so that these sites count as very many
    monkeypatch.setattr(pages, "SITES_BESIDE", 1)
    Lifestream.objects.update(site_order=order)

    def work() -> None:
        assert (
            len(list(client.get("/planet/").context["beside"]())) == 2
        )  # and the second only shows that there are more

    assert whole_tables(work, *FEW) == []
    assert [query for query in sorted_ones(work) if not any(name in query for name in COMPARED)] == []


WORK: dict[str, Callable[[], object]] = {
    "find_icons": lambda: find_icons(limit=5, clock=lambda: NOW),
    "what is due": lambda: Feed.objects.due(timezone.now()).count(),
    "a push": lambda: HubSubscription.objects.filter(key="k" * 43).first(),
    "OPML": lambda: list(opml.write(Lifestream.objects.get(slug="planet"))),
    "deleted items": lambda: Item.objects.filter(pk__in=[1, 2]).delete(),
    "a deleted lifestream": lambda: Lifestream.objects.filter(slug="planet").delete(),
}


@pytest.mark.parametrize("work", WORK)
def test_work_beside_the_pages_reads_no_table_as_a_whole(planet: Lifestream, work: str) -> None:
    Feed.objects.update(last_success=NOW, icon_checked=NOW - timedelta(days=1))
    assert whole_tables(WORK[work]) == []


def test_the_sites_of_a_lifestream_are_shown_page_by_page(
    client: Client, planet: Lifestream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "SITES_A_PAGE", 2)
    make_subscription(make_feed(title="A site in no folder"), planet)
    make_subscription(make_feed(title="Site 0"), planet, folder="Last")
    make_subscription(make_feed(title="Secret", credentials="encrypted"), planet)
    shown: list[str] = []
    address = "/planet/sites/"
    while address:
        page = client.get(address)
        shown += [site.display_name for site in page.context["subscriptions"]]
        more = page.context["more"]
        assert (f'href="?after={more}"' in page.text) is bool(more)
        address = f"/planet/sites/?after={more}" if more else ""
    assert shown == ["A site in no folder", "Site 0", "Site 1", "Site 2", "Site 0"]


@pytest.mark.parametrize("after", ["x", "-1", "9" * 30, "12345678", "1e3"])
def test_a_page_of_sites_that_does_not_exist_is_not_found(client: Client, planet: Lifestream, after: str) -> None:
    assert client.get("/planet/sites/", {"after": after}).status_code == 404


def test_the_latest_sites_of_very_many_are_those_of_the_latest_posts(
    planet: Lifestream, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_post(make_site(planet, "Latest"), date=NOON + timedelta(days=1))
    timeline = Timeline(planet)
    exactly = [site.display_name for site in timeline.latest_sites(5)]
    monkeypatch.setattr("lifestream.web.timeline.RECENT", 2)
    monkeypatch.setattr("lifestream.web.timeline.MOST_DATED", 1)
    found = [site.display_name for site in timeline.latest_sites(5)]
    assert found[0] == exactly[0] == "Latest"
    assert sorted(found) == sorted(exactly)


@pytest.mark.parametrize("rare", [1, 4, 100])
def test_the_posts_that_are_found_do_not_depend_on_how_they_are_looked_up(
    planet: Lifestream, monkeypatch: pytest.MonkeyPatch, rare: int
) -> None:
    site = make_site(planet, "An older site")
    for age in range(3):  # The latest items are the oldest posts.
        make_post(site, "Kites", date=NOON - timedelta(days=age + 1))
        make_post(site, "Rivers", date=NOON - timedelta(days=age + 1))
    monkeypatch.setattr(fulltext, "RARE", rare)
    monkeypatch.setattr(fulltext, "FREQUENT", rare)
    timeline = Timeline(planet, query="kites")
    first = timeline.page(None, 10)
    assert [post.date for post in first.posts] == [*[NOON] * 9, NOON - timedelta(days=1)]
    assert [post.date for post in timeline.page(first.older, 10).posts] == [
        NOON - timedelta(days=age) for age in (2, 3)
    ]
    if connection.vendor == "sqlite" and rare < 100:
        found = [plan for sql, plan in plans_of(lambda: timeline.page(None, 10)) if sqlite_search.FUNCTION in sql]
        assert found
        assert not [plan for plan in found if "TEMP B-TREE" in plan], found


def test_the_latest_items_with_a_word_that_is_neither_rare_nor_frequent_are_looked_up_first(
    planet: Lifestream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fulltext, "RARE", 4)  # more items have the word, nine, but fewer than FREQUENT
    timeline = Timeline(planet, query="kites")
    plans = [plan for sql, plan in plans_of(lambda: timeline.page(None, 10)) if "CASE WHEN" in sql]
    assert plans
    if connection.vendor == "sqlite":
        assert not [plan for plan in plans if "TEMP B-TREE" in plan or "LIST SUBQUERY" not in plan], plans


def test_the_sites_beside_a_search_are_those_of_the_latest_posts_of_all(
    planet: Lifestream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lifestream.web.timeline.RECENT", 2)
    monkeypatch.setattr("lifestream.web.timeline.MOST_DATED", 1)
    make_post(make_site(planet, "Latest"), "Birds", date=NOON + timedelta(days=1))
    timeline = Timeline(planet)
    narrowed = timeline.narrowed(query="kites"), timeline.narrowed(day=NOON.date()), timeline.narrowed(query="none")
    for each in narrowed:
        assert each.latest_sites(3) == timeline.latest_sites(3)


def test_the_sites_beside_a_timeline_are_looked_up_by_key_among_all_of_its_lifestream(planet: Lifestream) -> None:
    make_site(planet, "A site without posts")
    for timeline in (Timeline(planet), Timeline(planet, owned=True)):
        ((_, plan),) = plans_of(partial(timeline.latest_sites, 4))
        assert connection.vendor != "sqlite" or plan.startswith("SEARCH lifestream_subscription USING INTEGER PRIMARY")


@pytest.mark.parametrize("recent", [1, 2, 3, 4, 6, 50])
@pytest.mark.parametrize("count", [1, 2, 3, 9])
def test_the_latest_sites_are_those_that_a_comparison_of_all_would_find(
    monkeypatch: pytest.MonkeyPatch, count: int, recent: int
) -> None:
    other = make_lifestream("other")
    sites = [make_site(other, name) for name in ("Hidden", "Zebra", "Lion", "Ant", "Bee")]
    for number, site in enumerate(sites * 3):
        make_post(site, date=NOON - timedelta(days=number), hidden=site == sites[0])
    monkeypatch.setattr("lifestream.web.timeline.RECENT", recent)
    monkeypatch.setattr("lifestream.web.timeline.POSTS_A_SITE", recent)
    assert Timeline(other).latest_sites(count) == [*sites[1:], sites[0]][:count]


def test_other_sites_are_looked_at_only_if_the_latest_posts_are_of_too_few_sites(planet: Lifestream) -> None:
    ((sql, plan),) = plans_of(partial(Timeline(planet).latest_sites, 3))
    assert sql.count("NOT EXISTS") == 2
    # PostgreSQL evaluates the condition once, before it reads the rows behind it; SQLite's plans do not show that.
    assert connection.vendor != "postgresql" or plan.count("One-Time Filter") == 2


def test_a_site_whose_posts_are_all_older_than_the_latest_is_listed_by_its_date(
    planet: Lifestream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lifestream.web.timeline.RECENT", 2)
    make_site(planet, "A site without posts")
    make_post(make_site(planet, "Old"), date=NOON - timedelta(days=9))
    make_post(make_site(planet, "Less old"), date=NOON - timedelta(days=8))
    names = [site.display_name for site in Timeline(planet).latest_sites(6)]
    assert names[3:] == ["Less old", "Old", "A site without posts"]


@pytest.mark.parametrize("bodies", [False, True])
@pytest.mark.parametrize("narrowed", ["a search", "a search of what was frequent once", "a tag"])
def test_the_fields_of_a_post_that_a_page_shows_are_read_after_the_posts_are_sorted(
    planet: Lifestream, monkeypatch: pytest.MonkeyPatch, narrowed: str, bodies: bool
) -> None:
    if narrowed.endswith("once"):
        monkeypatch.setattr(fulltext, "RARE", 4)
    timeline = Timeline(planet).of_tag("kites") if narrowed == "a tag" else Timeline(planet, query="kites")
    assert timeline is not None
    read = [plan for sql, plan in plans_of(lambda: timeline.page(None, 3, bodies=bodies)) if '"summary"' in sql]
    assert len(read) == 1
    assert connection.vendor != "sqlite" or read[0].startswith("SEARCH lifestream_post USING INTEGER PRIMARY KEY")
    read = [plan for sql, plan in plans_of(lambda: validators(timeline, None)) if '"fingerprint"' in sql]
    assert len(read) == 1
    # With so few posts, a search for a word that was frequent once reads them in another way.
    if narrowed != "a search of what was frequent once" and connection.vendor == "sqlite":
        assert read[0].startswith("SEARCH lifestream_post USING INTEGER PRIMARY KEY")
    posts = timeline.page(None, 3, bodies=bodies)
    assert [*posts.posts, *timeline.page(posts.older, 10).posts] == list(timeline.posts())


def test_names_of_sites_are_read_in_the_order_of_an_index_of_their_lifestream(planet: Lifestream) -> None:
    """To find a few sites in no order, SQLite reads all feeds if its statistics say that a lifestream has half of all
    sites.
    """
    asked = [sql for sql, _ in plans_of(lambda: list(sites_named(Timeline(planet), "site")))]
    assert len(asked) == 3
    assert all('ORDER BY "lifestream_subscription"."sort_name"' in sql for sql in asked[:2]), asked
    assert "IN (" in asked[2]
