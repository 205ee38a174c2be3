"""Which posts a page has, in which order, and for whom."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db import connection
from django.test import Client
from django.utils import timezone

from factories import make_lifestream
from lifestream.models import Lifestream, Tag
from lifestream.web.keyset import Cursor
from lifestream.web.timeline import Timeline, by_day, timeline_for
from shown import NOON, make_post, make_site

pytestmark = pytest.mark.django_db


def titles(timeline: Timeline, size: int = 100) -> list[str]:
    return [post.item.title for post in timeline.page(None, size).posts]


def test_pages_follow_each_other_without_a_gap_or_a_repeated_post() -> None:
    site = make_site()
    for number in range(23):
        # Groups of three share a moment: then the item decides.
        make_post(site, f"{number}", date=NOON - timedelta(hours=number // 3))
    timeline = Timeline(site.lifestream)
    seen, before = [], None
    for _ in range(5):
        page = timeline.page(before, 5)
        seen += [post.item.title for post in page.posts]
        before = page.older
    assert before is None
    assert seen == titles(timeline) and len(set(seen)) == 23


def test_a_page_that_ends_with_the_oldest_post_has_no_older_page() -> None:
    site = make_site()
    for _ in range(4):
        make_post(site)
    assert Timeline(site.lifestream).page(None, 4).older is None


def test_an_older_page_is_found_by_the_index() -> None:
    site = make_site()
    post = make_post(site)
    rows = Timeline(site.lifestream).rows(Cursor(post.date, post.item_id), 20)
    assert '("lifestream_post"."date", "lifestream_post"."item_id") < (' in str(rows.query)
    if connection.vendor == "sqlite":
        plan = rows.select_related("subscription", "item__feed").explain()
        assert "lifestream_post_shown (lifestream_id=? AND (date,item_id)<(?,?))" in plan
        assert "TEMP B-TREE" not in plan


def test_hidden_and_removed_posts_are_not_shown_even_to_their_owner() -> None:
    site = make_site()
    make_post(site, "shown")
    make_post(site, "hidden", hidden=True)
    make_post(site, "removed", removed=True)
    assert titles(Timeline(site.lifestream, owned=True)) == ["shown"]


def test_posts_of_a_feed_with_credentials_are_for_the_owner_alone() -> None:
    lifestream = make_lifestream()
    open_site, secret_site = make_site(lifestream), make_site(lifestream, credentials="encrypted")
    make_post(open_site, "open")
    make_post(secret_site, "secret", tags=("news",), text="secret")
    tag = Tag.objects.get(slug="news")
    for_all, for_owner = Timeline(lifestream), Timeline(lifestream, owned=True)
    assert titles(for_all) == ["open"]
    assert sorted(titles(for_owner)) == ["open", "secret"]
    assert titles(for_all.narrowed(tag=tag)) == [] and titles(for_owner.narrowed(tag=tag)) == ["secret"]
    assert titles(for_all.narrowed(query="secret")) == [] and titles(for_owner.narrowed(query="secret")) == ["secret"]
    assert list(for_all.subscriptions()) == [open_site]
    assert for_all.tags() == [] and for_owner.tags() == [(tag, 1)]


def test_a_timeline_is_narrowed_to_a_site_a_tag_a_day_or_a_search() -> None:
    lifestream = make_lifestream()
    one, other = make_site(lifestream), make_site(lifestream)
    make_post(one, "A tram at noon", tags=("Trams",), date=NOON)
    make_post(other, "A ferry at noon", date=NOON)
    make_post(other, "A tram the day before", date=NOON - timedelta(days=1))
    timeline = Timeline(lifestream)
    assert titles(timeline.narrowed(subscription=one)) == ["A tram at noon"]
    assert titles(timeline.narrowed(tag=Tag.objects.get())) == ["A tram at noon"]
    assert titles(timeline.narrowed(day=NOON.date())) == ["A ferry at noon", "A tram at noon"]
    assert titles(timeline.narrowed(query="tram")) == ["A tram at noon", "A tram the day before"]


def test_a_post_of_another_lifestream_is_never_shown() -> None:
    mine, theirs = make_site(), make_site()
    make_post(mine, "mine", tags=("same",), text="same")
    make_post(theirs, "theirs", tags=("same",), text="same")
    timeline = Timeline(mine.lifestream)
    for narrowed in (timeline, timeline.narrowed(tag=Tag.objects.get()), timeline.narrowed(query="same")):
        assert titles(narrowed) == ["mine"]


def test_a_day_is_one_of_the_current_time_zone() -> None:
    site = make_site()
    make_post(site, "late", date=datetime(2026, 10, 2, 23, 30, tzinfo=UTC))
    make_post(site, "early", date=datetime(2026, 10, 2, 21, 30, tzinfo=UTC))
    timeline = Timeline(site.lifestream)
    with timezone.override("Europe/Helsinki"):
        assert titles(timeline.narrowed(day=date(2026, 10, 3))) == ["late", "early"]
        assert [day.date for day in by_day(timeline.page(None, 9).posts)] == [date(2026, 10, 3)]
    with timezone.override("UTC"):
        assert [day.date for day in by_day(timeline.page(None, 9).posts)] == [date(2026, 10, 2)]


def test_the_days_beside_a_day_are_the_nearest_with_posts() -> None:
    site = make_site()
    for day in (1, 10, 20):
        make_post(site, date=datetime(2026, 9, day, 12, tzinfo=UTC))
    timeline = Timeline(site.lifestream)
    assert timeline.narrowed(day=date(2026, 9, 10)).days_beside() == (date(2026, 9, 1), date(2026, 9, 20))
    assert timeline.narrowed(day=date(2026, 9, 20)).days_beside() == (date(2026, 9, 10), None)
    assert timeline.narrowed(day=date(2026, 9, 1)).days_beside() == (None, date(2026, 9, 10))


def test_neighbours_are_the_posts_on_either_side_also_within_one_moment() -> None:
    site = make_site()
    posts = [make_post(site, f"{number}", date=NOON) for number in range(3)]
    timeline = Timeline(site.lifestream)
    assert timeline.neighbours(posts[1]) == (posts[2], posts[0])
    assert timeline.neighbours(posts[2]) == (None, posts[1])


def test_tags_are_counted_over_the_latest_posts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lifestream.web.timeline.RECENT", 2)
    site = make_site()
    make_post(site, tags=("python", "web"))
    make_post(site, tags=("python",))
    make_post(site, tags=("hidden",), hidden=True)
    make_post(site, tags=("python", "old"))
    counts = [(tag.name, count) for tag, count in Timeline(site.lifestream).tags()]
    assert counts == [("python", 2), ("web", 1)]


def test_a_private_lifestream_exists_for_its_owner_and_for_superusers() -> None:
    owner = User.objects.create_user("owner")
    make_lifestream("diary", owner=owner, is_public=False)
    assert timeline_for(owner, "diary").owned
    assert timeline_for(User.objects.create_superuser("root"), "diary").owned
    others: list[User | AnonymousUser | None] = [None, AnonymousUser(), User.objects.create_user("somebody")]
    for user in others:
        with pytest.raises(Lifestream.DoesNotExist):
            timeline_for(user, "diary")


def test_a_public_lifestream_is_owned_by_its_owner_and_by_superusers() -> None:
    owner = User.objects.create_user("owner")
    make_lifestream("planet", owner=owner)
    assert timeline_for(owner, "planet").owned
    assert timeline_for(User.objects.create_superuser("root"), "planet").owned
    others: list[User | AnonymousUser | None] = [None, AnonymousUser(), User.objects.create_user("somebody")]
    for user in others:
        assert not timeline_for(user, "planet").owned


def test_the_most_frequent_tags_are_listed_and_the_others_counted(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lifestream.web.timeline.MOST_TAGS", 2)
    site = make_site()
    for number in range(3):
        make_post(site, tags=("often", f"rare {number}"))
    frequent, more = Timeline(site.lifestream).frequent_tags()
    assert [(tag.name, count) for tag, count in frequent] == [("often", 3), ("rare 0", 1)]
    assert more == 2
    page = client.get(f"/{site.lifestream.slug}/tags/").content.decode()
    assert "2 more tags are left out" in page
