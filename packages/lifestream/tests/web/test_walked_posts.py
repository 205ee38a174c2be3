"""The first posts of many items are the same as if all were looked up, but few posts are read to find them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from django.db import connection
from django.db.models import Exists, OuterRef

from factories import make_lifestream
from lifestream.models import Item, Post, Subscription, Tag, fulltext
from lifestream.models.search_sql import DIALECTS, Indexed
from lifestream.web import walked_posts
from lifestream.web.timeline import Timeline, TimelinePage
from plans import plans_of
from shown import NOON, make_post, make_site

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

KITES = ("gardens of kites", ("kites",))
OTHER = ("Another", ())


@pytest.fixture(autouse=True)
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let two items count as so many that posts are looked through, and let no words count as frequent."""
    monkeypatch.setattr(walked_posts, "FEW", 1)
    monkeypatch.setattr(fulltext, "FREQUENT", 1_000)


@pytest.fixture
def site() -> Subscription:
    """Return a site with 40 posts, of which each second one is found. A site of another lifestream has as many."""
    site, elsewhere = make_site(), make_site()
    for number in range(40):
        title, tags = OTHER if number % 2 else KITES
        make_post(site, title, tags)
        make_post(elsewhere, title, tags)
    return site


def narrowed(site: Subscription) -> list[Timeline]:
    """Return timelines that find the same posts of *site* in different ways."""
    every = Timeline(site.lifestream)
    of_tag = every.of_tag("kites")
    assert of_tag is not None
    ways = [every.narrowed(query="kit"), every.narrowed(query="gardens kit"), of_tag]
    return [*ways, every.narrowed(query="kit", subscription=site), of_tag.narrowed(query="kit")]


def asked_of(work: Callable[[], object]) -> list[tuple[str, Any]]:
    """Return the statements of *work* with their parameters."""
    asked: list[tuple[str, Any]] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        work()
    return asked


@pytest.mark.parametrize("size", [1, 3, 7, 20, 30])
def test_pages_are_the_same_whether_posts_are_walked_or_looked_up(
    site: Subscription, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    expected = [post.pk for post in Post.objects.filter(subscription=site, item__title=KITES[0])]
    assert len(expected) == 20
    for most in (1, 10, 10_000):
        monkeypatch.setattr(walked_posts, "MOST_WALKED", most)
        monkeypatch.setattr(walked_posts, "MOST_ASKED", most)
        for timeline in narrowed(site):
            seen: list[int] = []
            page = timeline.page(None, size, counted=True)
            seen += [post.pk for post in page.posts]
            while page.older is not None:
                page = timeline.page(page.older, size)
                seen += [post.pk for post in page.posts]
            assert seen == expected, (most, timeline)


@pytest.fixture
def frequent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let words count as frequent if one item has them."""
    if not fulltext.is_supported(connection.alias):
        pytest.skip("This database has no index.")
    monkeypatch.setattr(fulltext, "FREQUENT", 1)


@pytest.mark.usefixtures("frequent")
def test_frequent_words_are_found_however_many_posts_are_checked(
    site: Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [post.pk for post in Post.objects.filter(subscription=site, item__title=KITES[0])]
    for size, most in product((1, 3, 19, 20, 30), (1, 10, 39, 40, 1_000)):
        monkeypatch.setattr(walked_posts, "MOST_ASKED", most)
        for timeline in (
            Timeline(site.lifestream, query="gardens kit"),
            Timeline(site.lifestream).narrowed(query="kit"),
        ):
            page = timeline.page(None, size, counted=True)
            assert [post.pk for post in page.posts] == expected[:size]
            assert page.hits is not None and min(size, 20) <= page.hits.count <= 20
            assert page.hits.count == 20 or not page.hits.is_all
            if most >= 40 or size >= 20:  # all posts were checked, or are shown
                assert page.hits == fulltext.Hits(20, is_all=True)
            assert bool(page.older) is (size < 20)


@pytest.mark.usefixtures("frequent")
def test_frequent_words_are_counted_by_the_posts_that_were_checked(
    site: Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    timeline = Timeline(site.lifestream, query="kit")
    monkeypatch.setattr(walked_posts, "MOST_ASKED", 17)
    pages: list[TimelinePage] = []
    asked = [sql for sql, _ in asked_of(lambda: pages.append(timeline.page(None, 3, counted=True)))]
    assert pages[0].hits == fulltext.Hits(9, is_all=False)
    # The latest items show that the words are frequent, and nothing else is taken from the index.
    assert len([sql for sql in asked if sql.startswith("SELECT") and "FROM lifestream_search " in sql]) <= 2
    # A later page that is counted has the same number.
    later = timeline.page(pages[0].older, 3, counted=True)
    assert later.hits == pages[0].hits and later.posts != pages[0].posts
    # If too few posts were checked, those that are shown are counted.
    monkeypatch.setattr(walked_posts, "MOST_ASKED", 5)
    assert timeline.page(None, 7, counted=True).hits == fulltext.Hits(7, is_all=False)
    monkeypatch.setattr(walked_posts, "MOST_ASKED", 40)
    assert timeline.page(None, 3, counted=True).hits == fulltext.Hits(20, is_all=True)
    for module in ("page_rows", "timeline"):
        monkeypatch.setattr(f"lifestream.web.{module}.MOST_COUNTED", 5)
    assert timeline.page(None, 3, counted=True).hits == fulltext.Hits(5, is_all=False)


@pytest.mark.parametrize(
    ("most", "counted"),
    [(17, fulltext.Hits(9, is_all=False)), (2_500, fulltext.Hits(20, is_all=True))],
    ids=["a large lifestream", "a small lifestream"],
)
def test_what_other_lifestreams_have_is_not_counted(
    site: Subscription, monkeypatch: pytest.MonkeyPatch, most: int, counted: fulltext.Hits
) -> None:
    """If the words are frequent on the whole site, the latest posts of a large lifestream are counted, or all posts of
    a small one. Posts elsewhere never are.
    """
    monkeypatch.setattr(walked_posts, "MOST_ASKED", most)
    monkeypatch.setattr(fulltext, "FREQUENT", 41)  # 40 items have the word, in `site` and elsewhere
    for module in ("page_rows", "timeline"):
        monkeypatch.setattr(f"lifestream.web.{module}.MOST_COUNTED", 30)
    monkeypatch.setattr(fulltext, "RARE", 50)
    elsewhere = make_site()
    shown: list[fulltext.Hits | None] = []
    for more in (0, 1, 15, 60):  # the words become frequent, then too frequent to be looked up
        for _ in range(more):
            make_post(elsewhere, *KITES)
        shown.append(Timeline(site.lifestream, query="kit").page(None, 3, counted=True).hits)
    assert shown == [fulltext.Hits(20, is_all=True), *[counted] * 3]


@pytest.mark.parametrize("few", [1, 1_000], ids=["walked", "looked up"])
def test_hidden_and_pinned_posts_are_left_out_of_a_search(
    site: Subscription, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(walked_posts, "FEW", few)
    kites = Post.objects.filter(subscription=site, item__title=KITES[0])
    latest, second, third = (post.pk for post in kites[:3])
    Post.objects.filter(pk=latest).update(hidden=True)
    Post.objects.filter(pk=second).update(pinned=site.created)
    timeline = Timeline(site.lifestream, query="kit", pins=True)
    assert next(iter(timeline.page(None, 2).posts)).pk == third


def test_no_more_posts_are_read_than_probably_have_the_items(site: Subscription) -> None:
    items = list(Post.objects.filter(subscription=site, item__title=KITES[0]).values_list("item", flat=True))
    posts = Timeline(site.lifestream).posts()
    [(walk, _)] = asked_of(lambda: walked_posts.first_of(posts, items, 3))
    # The 20 items are spread over 77, so 11.55 posts should have three, and half as many more are read.
    assert "LIMIT 17" in walk.upper()


def test_items_that_are_seldom_among_the_posts_are_looked_up(
    site: Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = list(Post.objects.filter(subscription=site, item__title=KITES[0]).values_list("item", flat=True))
    monkeypatch.setattr(walked_posts, "MOST_WALKED", 16)
    found: list[list[int] | None] = []
    posts = Timeline(site.lifestream).posts()
    assert asked_of(lambda: found.append(walked_posts.first_of(posts, items, 3))) == []
    assert found == [None], "the caller looks them up"


def test_posts_are_looked_through_in_the_order_of_an_index(site: Subscription) -> None:
    posts = Timeline(site.lifestream).posts()
    [(_, plan)] = plans_of(lambda: walked_posts.first_of(posts, range(1, 1_000, 2), 3))
    assert "lifestream_post_shown" in plan
    assert connection.vendor != "sqlite" or "TEMP B-TREE" not in plan


def test_items_of_which_the_latest_posts_have_too_few_are_looked_up(site: Subscription) -> None:
    first = list(Post.objects.filter(subscription=site).order_by("date").values_list("item", flat=True)[:5])
    posts = Timeline(site.lifestream).posts()
    assert walked_posts.first_of(posts, first, 3) is None
    assert walked_posts.first_of(posts, first[:1], 1) is None  # one item is few
    assert walked_posts.first_of(posts.none(), first, 3) == []


def test_many_items_are_counted_by_the_first_of_them(site: Subscription) -> None:
    if not fulltext.is_supported(connection.alias):
        pytest.skip("This database has no index.")
    found = fulltext.find("kit", "default")
    assert found.keys is not None and len(found.keys) == 40
    every, small = Post.objects.all(), Timeline(make_site(make_lifestream()).lifestream).posts()
    counted: list[fulltext.Hits] = []
    [(_, params)] = asked_of(lambda: counted.append(found.count(every, 9)))
    assert counted == [fulltext.Hits(9, is_all=False)]
    assert len([value for value in params if value in found.keys]) == 10
    assert found.count(every, 40) == fulltext.Hits(40, is_all=True)
    assert found.count(Timeline(site.lifestream).posts(), 30) == fulltext.Hits(20, is_all=True)
    assert found.count(small, 9) == fulltext.Hits(0, is_all=True)


def test_posts_are_checked_for_a_frequent_tag_in_place_of_reading_its_items(site: Subscription) -> None:
    of_tag = Timeline(site.lifestream).of_tag("kites")
    assert of_tag is not None
    pages = []
    asked = [sql for sql, _ in asked_of(lambda: pages.append(of_tag.page(None, 3)))]
    assert [post.item.title for post in pages[0].posts] == [KITES[0]] * 3
    assert "EXISTS" in asked[0] and "LIMIT 4" in asked[0]  # one more shows whether there are older ones
    assert "EXISTS" not in asked[1] and len([sql for sql in asked if "lifestream_item_tags" in sql]) == 2
    [(_, plan)] = [found for found in plans_of(lambda: of_tag.page(None, 3)) if "EXISTS" in found[0]]
    assert "lifestream_post_shown" in plan
    assert connection.vendor != "sqlite" or "TEMP B-TREE" not in plan


def test_posts_are_checked_until_enough_are_found(site: Subscription, monkeypatch: pytest.MonkeyPatch) -> None:
    posts = Timeline(site.lifestream, subscription=site).posts()
    kites = Exists(Item.tags.through.objects.filter(tag__slug="kites", item=OuterRef("item")))
    latest = list(posts.values_list("pk", flat=True))[::2]
    for most, count in product((1, 2, 38, 39, 40, 41, 1_000), (1, 5, 20, 21)):
        monkeypatch.setattr(walked_posts, "MOST_ASKED", most)
        found = walked_posts.first_with(posts, kites, count)
        assert found.keys == latest[: min(count, (most + 1) // 2)]
        assert found.are_all is (most >= 40 and count > 20)


@pytest.mark.parametrize("is_here", [True, False], ids=["in the oldest posts", "in no post of the lifestream"])
def test_a_tag_that_was_frequent_once_is_not_looked_for_in_post_after_post(
    site: Subscription, monkeypatch: pytest.MonkeyPatch, is_here: bool
) -> None:
    monkeypatch.setattr(walked_posts, "FEW", 2)
    monkeypatch.setattr(walked_posts, "MOST_ASKED", 5)
    monkeypatch.setattr(fulltext, "RARE", 2)
    tag = Tag.objects.create(name="Rivers", slug="rivers")
    elsewhere = make_site()
    for _ in range(6):
        make_post(elsewhere, "Birds").item.tags.add(tag)
    oldest = list(Post.objects.filter(subscription=site).order_by("date", "item_id")[:2]) if is_here else []
    for post in oldest:
        post.item.tags.add(tag)
    pages: list[TimelinePage] = []

    def work() -> None:
        of_tag = Timeline(site.lifestream).of_tag("rivers")
        assert of_tag is not None
        pages.append(of_tag.page(None, 1))
        assert of_tag.posts().exists() is is_here

    asked = [sql for sql, _ in asked_of(work)]
    assert [post.pk for page in pages for post in page.posts] == [post.pk for post in oldest[1:]]
    # Posts are checked one by one only among the first five.
    checking = [sql for sql in asked if "EXISTS" in sql and '"tag_id"' in sql]
    assert checking and all("LIMIT 5)" in sql for sql in checking), asked


@pytest.mark.parametrize(
    "earlier", [0, 1, 3], ids=["no earlier item", "one beside the latest post", "one beside the third latest post"]
)
@pytest.mark.parametrize("latest", [1, 4, 5, 100])
def test_a_tag_of_very_many_items_is_first_looked_for_among_the_latest_of_them(
    site: Subscription, monkeypatch: pytest.MonkeyPatch, latest: int, earlier: int
) -> None:
    first = make_post(site, KITES[0], KITES[1]) if earlier else None  # its item is stored before the others
    for number in range(20):
        make_post(site, OTHER[0] if number % 2 else KITES[0], () if number % 2 else KITES[1])
    later = Post.objects.get(pk=first.pk) if first else None
    if later:
        at = Post.objects.order_by("-date", "-item_id")[earlier - 1].date
        Post.objects.filter(pk=later.pk).update(date=at)
    expected = list(
        Post.objects.filter(lifestream=site.lifestream, item__tags__slug="kites").order_by("-date", "-item_id")
    )
    monkeypatch.setattr("lifestream.web.timeline.LOOKED_UP", 3)
    monkeypatch.setattr("lifestream.web.page_rows.LATEST_TAGGED", latest)
    monkeypatch.setattr(fulltext, "RARE", 2)
    monkeypatch.setattr(walked_posts, "MOST_ASKED", 1)
    of_tag = Timeline(site.lifestream).of_tag("kites")
    assert of_tag is not None
    page = of_tag.page(None, 3)
    assert list(page.posts) == expected[:3]
    assert list(of_tag.page(page.older, 3).posts) == expected[3:6]


def test_beside_the_latest_items_of_a_frequent_tag_only_items_that_were_stored_earlier_are_checked_for_it(
    site: Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    Post.objects.update(date=NOON)  # so that the latest items have the latest posts
    monkeypatch.setattr("lifestream.web.timeline.LOOKED_UP", 3)
    monkeypatch.setattr("lifestream.web.page_rows.LATEST_TAGGED", 10)
    monkeypatch.setattr(fulltext, "RARE", 2)
    monkeypatch.setattr(walked_posts, "MOST_ASKED", 1)
    of_tag = Timeline(site.lifestream).of_tag("kites")
    assert of_tag is not None
    pages: list[TimelinePage] = []
    checking = [sql for sql, _ in asked_of(lambda: pages.append(of_tag.page(None, 3))) if "EXISTS" in sql]
    assert [post.item.title for post in pages[0].posts] == [KITES[0]] * 3
    assert len(checking) == 2  # first for the latest post alone
    assert '"item_id" < ' in checking[1] and "LIMIT 1" in checking[1]
    plans = [plan for sql, plan in plans_of(lambda: of_tag.page(None, 3)) if '"item_id" < ' in sql]
    assert plans and all("lifestream_post_shown" in plan for plan in plans)


def test_a_tag_without_posts_has_an_empty_page(site: Subscription) -> None:
    Tag.objects.create(name="None", slug="none")
    of_tag = Timeline(site.lifestream).of_tag("none")
    assert of_tag is not None and of_tag.page(None, 5).posts == ()


@pytest.mark.parametrize("is_counted", [True, False])
def test_a_search_for_frequent_words_in_a_tag_without_items_has_an_empty_page(
    site: Subscription, monkeypatch: pytest.MonkeyPatch, is_counted: bool
) -> None:
    monkeypatch.setattr(fulltext, "FREQUENT", 1)
    Tag.objects.create(name="None", slug="none")
    of_tag = Timeline(site.lifestream).of_tag("none")
    assert of_tag is not None
    page = of_tag.narrowed(query="kit").page(None, 5, counted=is_counted)
    assert (page.posts, page.hits) == ((), fulltext.Hits(0, is_all=True) if is_counted else None)


@pytest.mark.parametrize("few", [{}, {"MOST_ASKED": 1}, {"MOST_WALKED": 1}], ids=str)
def test_a_search_for_words_that_were_frequent_once_finds_posts_in_the_order_of_their_dates_not_of_their_storage(
    site: Subscription, monkeypatch: pytest.MonkeyPatch, few: dict[str, int]
) -> None:
    if not fulltext.is_supported(connection.alias):
        pytest.skip("This database has no index.")
    monkeypatch.setattr(fulltext, "RARE", 2)
    monkeypatch.setattr(fulltext, "SHOWN", 2)
    for name, number in few.items():
        monkeypatch.setattr(walked_posts, name, number)
    expected = [post.pk for post in Post.objects.filter(subscription=site, item__title=KITES[0])]
    new_feed = make_site(site.lifestream)
    expected += [make_post(new_feed, KITES[0]).pk for _ in range(3)]  # older, but stored later
    timeline = Timeline(site.lifestream).narrowed(query="kit")
    page = timeline.page(None, 1)
    seen = [post.pk for post in page.posts]
    while page.older is not None:
        page = timeline.page(page.older, 1)
        seen += [post.pk for post in page.posts]
    assert seen == expected


@pytest.mark.parametrize("rare", [2, 10_000], ids=["in very many items", "in some items"])
@pytest.mark.parametrize("frequent", [1, 1_000], ids=["frequent now", "frequent once"])
def test_words_that_are_frequent_elsewhere_are_not_looked_for_in_post_after_post(
    site: Subscription, monkeypatch: pytest.MonkeyPatch, rare: int, frequent: int
) -> None:
    if not fulltext.is_supported(connection.alias):
        pytest.skip("This database has no index.")
    monkeypatch.setattr(fulltext, "FREQUENT", frequent)
    monkeypatch.setattr(fulltext, "RARE", rare)
    monkeypatch.setattr(fulltext, "SHOWN", 2)
    monkeypatch.setattr(walked_posts, "MOST_ASKED", 5)
    elsewhere = make_site()
    oldest = Post.objects.filter(subscription=site).order_by("date", "item_id")[:2]
    for post in oldest:
        fulltext.index([Indexed(post.item_id, "rivers", "")], "default")
    for _ in range(9):
        make_post(elsewhere, "rivers")
    timeline = Timeline(site.lifestream, query="riv")
    pages: list[TimelinePage] = []
    asked = [sql for sql, _ in asked_of(lambda: pages.append(timeline.page(None, 1, counted=True)))]
    older = pages[0].older
    assert older is not None
    pages.append(timeline.page(older, 1))
    assert [post.pk for page in pages for post in page.posts] == [post.pk for post in reversed(oldest)]
    assert pages[1].older is None
    assert pages[0].hits is not None and 1 <= pages[0].hits.count <= 2
    # Posts are checked one by one only among the first five.
    dialect = DIALECTS[connection.vendor]
    condition = dialect.found_in_time.format(item='"lifestream_post"."item_id"', query="%s")
    checking = [sql for sql in asked if condition in sql]
    assert all("LIMIT 5)" in sql for sql in checking)
    assert bool(checking) is (frequent == 1 or rare == 2)
