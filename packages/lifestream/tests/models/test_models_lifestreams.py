"""Lifestreams and posts: who may read them, who owns them, their order, deletions and slugs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from factories import NOW, make_feed, make_item, make_lifestream, make_post, make_subscription
from lifestream.models import Feed, Item, Lifestream, OwnPage, Post


@pytest.mark.django_db
class TestLifestreams:
    @pytest.fixture
    def users(self) -> dict[str, User | AnonymousUser]:
        return {
            "owner": User.objects.create_user("owner"),
            "other": User.objects.create_user("other"),
            "superuser": User.objects.create_superuser("superuser"),
            "anonymous": AnonymousUser(),
        }

    @pytest.mark.parametrize(
        ("who", "reads", "owns"),
        [
            ("owner", {"public", "private", "nobody's"}, {"public", "private"}),
            ("other", {"public", "nobody's"}, set()),
            ("anonymous", {"public", "nobody's"}, set()),
            ("superuser", {"public", "private", "nobody's"}, {"public", "private", "nobody's"}),
        ],
    )
    def test_everybody_reads_public_lifestreams_and_owners_also_their_own_and_superusers_all(
        self, users: dict[str, User | AnonymousUser], who: str, reads: set[str], owns: set[str]
    ) -> None:
        make_lifestream(title="public", owner=users["owner"])
        make_lifestream(title="private", owner=users["owner"], is_public=False)
        make_lifestream(title="nobody's")
        streams = Lifestream.objects
        assert {stream.title for stream in streams.readable_by(users[who])} == reads
        assert {stream.title for stream in streams.owned_by(users[who])} == owns

    def test_posts_are_sorted_by_date_and_then_by_storage_latest_first(self) -> None:
        feed = make_feed()
        subscription = make_subscription(feed)
        dates = [NOW, NOW, NOW + timedelta(hours=1), NOW - timedelta(hours=1)]
        posts = [make_post(make_item(feed, date=date), subscription) for date in dates]
        assert list(Post.objects.all()) == [posts[2], posts[1], posts[0], posts[3]]

    def test_hidden_and_removed_posts_are_not_visible(self) -> None:
        feed = make_feed()
        subscription = make_subscription(feed)
        shown, *_ = (
            make_post(make_item(feed), subscription, **how) for how in ({}, {"hidden": True}, {"removed": True})
        )
        assert list(Post.objects.visible()) == [shown]

    def test_items_and_posts_are_deleted_with_their_feed(self) -> None:
        post = make_post(make_item(tags=["x"]))
        post.item.feed.delete()
        assert not Item.objects.exists()
        assert not Post.objects.exists()
        assert Lifestream.objects.count() == 1


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize(
    "rows",
    [
        lambda stream: stream,
        lambda stream: Lifestream.objects.filter(pk=stream.pk),
        lambda stream: stream.subscriptions.all(),
    ],
    ids=["lifestream", "lifestreams", "subscriptions"],
)
def test_the_queries_of_a_deletion_do_not_grow_with_the_feeds_left_without_subscribers(
    rows: Callable[[Lifestream], Any],
) -> None:
    counts = []
    for number in (2, 9):
        stream = make_lifestream()
        feeds = [make_subscription(make_feed(), stream).feed_id for _ in range(number)]
        chosen = rows(stream)
        with CaptureQueriesContext(connection) as queries:
            chosen.delete()
        counts.append(len(queries))
        assert set(Feed.objects.filter(pk__in=feeds).values_list("status", flat=True)) == {"idle"}
    assert counts[0] == counts[1]


@pytest.mark.urls("lifestream.site.urls")
@pytest.mark.parametrize("slug", ["admin", "static"])
def test_a_slug_whose_address_another_page_has_is_refused(slug: str) -> None:
    with pytest.raises(ValidationError, match="is the address of another page of this site") as caught:
        Lifestream(slug=slug).clean()
    assert set(caught.value.message_dict) == {"slug"}


@pytest.mark.urls("lifestream.site.urls")
@pytest.mark.parametrize("slug", ["main", "admin-notes", ""])
def test_other_slugs_are_accepted(slug: str) -> None:
    Lifestream(slug=slug).clean()


@pytest.mark.postgres  # SQLite writes for one request at a time
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_query", [False, True])
def test_a_page_that_is_added_while_its_lifestream_is_deleted_does_not_stop_the_deletion(is_query: bool) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("LIFESTREAM_TEST_DATABASE_URL names no PostgreSQL; see scripts/services.py")
    lifestream = make_lifestream("main", owner=User.objects.create_user("owner"))
    refused: list[Exception] = []

    def add() -> None:
        try:
            OwnPage.objects.create(lifestream_id=lifestream.pk, title="Late", slug="late")
        except IntegrityError as error:
            refused.append(error)
        finally:
            connection.close()

    adding = threading.Thread(target=add)

    def add_before(execute: Any, sql: str, *arguments: Any) -> Any:
        if sql.startswith('DELETE FROM "lifestream_lifestream"'):
            adding.start()
            adding.join(2)  # the thread takes longer only if its INSERT waits for this transaction
        return execute(sql, *arguments)

    with connection.execute_wrapper(add_before):
        if is_query:
            Lifestream.objects.select_related("owner").filter(slug="main").delete()
        else:
            lifestream.delete()
    adding.join(60)
    assert refused
    assert not Lifestream.objects.exists() and not OwnPage.objects.exists()
