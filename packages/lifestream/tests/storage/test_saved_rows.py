"""Rows that Django's commands dump, load or delete all at once (dumpdata, loaddata, flush, migrating the app to zero),
and items and tags that are changed by hand.
"""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps as django_apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.management import create_contenttypes
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection
from reference_entries import page

from factories import NOW, make_feed, make_item, make_lifestream, make_post, make_subscription
from lifestream.models import Feed, Host, Item, Lifestream, Post, Subscription, Tag, fulltext
from lifestream.testing import import_feed
from own_site import command
from served import rss

DATE = "2026-10-02T12:00:00Z"

pytestmark = pytest.mark.django_db


def load(folder: Path, rows: Any) -> None:
    (folder / "rows.json").write_text(json.dumps(rows) if not isinstance(rows, str) else rows, encoding="utf-8")
    call_command("loaddata", folder / "rows.json", verbosity=0)


def found(query: str) -> list[str]:
    return [item.title for item in fulltext.matching(Item.objects.all(), query)]


def dumped() -> str:
    """Return a dump. Django cuts times to milliseconds: "12.000Z" for 12.0004 s, and "12Z" once that was loaded."""
    out = StringIO()
    call_command("dumpdata", "lifestream", stdout=out)
    return out.getvalue().replace(".000Z", "Z")


class TestLoaddata:
    def test_of_a_dump_restores_the_same_rows_and_the_search_index(self, tmp_path: Path) -> None:
        lifestream = make_lifestream("main")
        make_post(
            make_item(title="Kites", text="in the wind", tags=["Sky"]), make_subscription(make_feed(), lifestream)
        )
        Subscription.objects.update(created=NOW + timedelta(microseconds=400))
        before = dumped()
        for model in (Post, Subscription, Lifestream, Feed, Host, Tag):
            model.objects.all().delete()
        fulltext.rebuild()
        assert found("kites") == []
        load(tmp_path, before)
        assert dumped() == before
        assert found("kites") == found("wind") == found("sky") == ["Kites"]

    def test_of_an_existing_item_indexes_it_again(self, tmp_path: Path) -> None:
        item = make_item(title="Kites")
        rows = json.loads(dumped())
        for row in rows:
            if row["model"] == "lifestream.item":
                row["fields"]["title"] = "Boats"
        load(tmp_path, rows)
        assert (found("kites"), found("boats")) == ([], ["Boats"])
        assert Item.objects.get() == item

    def test_of_rows_written_by_hand_fills_in_the_derived_fields(self, tmp_path: Path) -> None:
        load(tmp_path, [
            {"model": "lifestream.feed", "pk": 1, "fields": {"url": "https://blog.example/feed.xml", "title": "Blog"}},
            {"model": "lifestream.item", "pk": 1, "fields": {
                "feed": 1, "title": "Kites", "link": "https://blog.example/kites", "guid": "urn:kites",
                "date": DATE, "content": "<p>In the <b>wind</b>.</p>",
            }},
            {"model": "lifestream.item", "pk": 2, "fields": {"feed": 1, "title": "Boats", "date": DATE}},
            {"model": "lifestream.lifestream", "pk": 1, "fields": {"slug": "main", "title": "Main"}},
            {"model": "lifestream.subscription", "pk": 1, "fields": {"lifestream": 1, "feed": 1}},
        ])  # fmt: skip
        feed = Feed.objects.get()
        assert (feed.host.name, feed.domain) == ("blog.example", "blog.example")
        assert list(Feed.objects.with_url("https://blog.example/feed.xml")) == [feed]
        assert (found("kites"), found("wind")) == (["Kites"], ["Kites"])
        assert Item.objects.get(pk=1).summary == "In the wind."

    def test_of_rows_written_by_hand_lets_an_import_recognize_them(self, tmp_path: Path) -> None:
        load(tmp_path, [
            {"model": "lifestream.feed", "pk": 1, "fields": {"url": "https://example.org/feed.xml"}},
            {"model": "lifestream.item", "pk": 1, "fields": {
                "feed": 1, "title": "one", "link": "http://example.org/one", "guid": "one",
                "date": DATE,
            }},
            {"model": "lifestream.item", "pk": 2, "fields": {
                "feed": 1, "title": "two", "link": "http://example.org/two", "date": DATE,
            }},
        ])  # fmt: skip
        imported = import_feed(rss("one", "two"), url="https://example.org/feed.xml")
        assert (imported.new, Item.objects.count()) == (0, 2)

    def test_of_a_subscription_activates_no_feed_and_posts_nothing(self, tmp_path: Path) -> None:
        item = make_item(make_feed(status="idle"))
        lifestream = make_lifestream()
        fields = {"lifestream": lifestream.pk, "feed": item.feed_id}
        load(tmp_path, [{"model": "lifestream.subscription", "pk": 1, "fields": fields}])
        assert not Post.objects.exists() and Feed.objects.get().status == "idle"


@pytest.mark.django_db(transaction=True)
class TestEverythingGone:
    def test_flush_leaves_no_row_and_no_search_result(self) -> None:
        make_post(make_item(title="Kites"))
        call_command("flush", interactive=False, verbosity=0)
        models = django_apps.get_app_config("lifestream").get_models()
        assert [model for model in models if model._base_manager.exists()] == []
        make_item(title="Another", pk=1)
        assert found("kites") == []

    @pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL's vacuum removes the words of deleted rows")
    def test_flush_leaves_no_word_of_an_item_in_the_index(self) -> None:
        make_post(make_item(title="Kites", text="in the wind"))
        make_item(title="Boats")

        def words_left() -> list[bytes]:
            with connection.cursor() as cursor:
                cursor.execute("SELECT block FROM lifestream_search_data")
                blocks = b"".join(bytes(block) for (block,) in cursor.fetchall())
            return [word for word in (b"boats", b"kites", b"wind") if word in blocks]

        assert words_left() == [b"boats", b"kites", b"wind"]
        call_command("flush", interactive=False, verbosity=0)
        assert words_left() == []

    def test_a_whole_site_is_loaded_again_from_the_dump_that_the_manual_makes(
        self, tmp_path: Path, django_user_model: Any
    ) -> None:
        ada = django_user_model.objects.create_user("ada", is_staff=True)
        ada.user_permissions.add(Permission.objects.get(codename="add_lifestream"))
        make_post(make_item(title="Kites"), make_subscription(make_feed(), make_lifestream("main", owner=ada)))
        [options] = re.findall(r"dumpdata (.*) --output site.json$", page("lifestream/moving.md"), re.MULTILINE)
        call_command("dumpdata", *options.split(), output=tmp_path / "site.json", verbosity=0)
        call_command("flush", interactive=False, verbosity=0)
        ContentType.objects.filter(app_label="lifestream").delete()
        app = django_apps.get_app_config("lifestream")
        create_contenttypes(app, verbosity=0)  # with other keys than in the dump
        create_permissions(app, verbosity=0)
        call_command("loaddata", tmp_path / "site.json", verbosity=0)
        ada = django_user_model.objects.get(username="ada")
        assert Lifestream.objects.get().owner == ada and Post.objects.count() == 1
        assert ada.get_all_permissions() == {"lifestream.add_lifestream"}
        assert found("kites") == ["Kites"]

    @pytest.mark.slow
    def test_migrating_the_app_to_zero_leaves_no_table_content_type_or_permission(self, site_home: Path) -> None:
        done = command("migrate", "lifestream", "zero", "--verbosity=0", folder=site_home)
        assert done.returncode == 0, done.stderr
        with closing(sqlite3.connect(site_home / "lifestream.sqlite3")) as database:
            tables = [
                name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE name LIKE '%lifestream%'")
            ]
            left = [
                database.execute(f"SELECT count(*) FROM {table} WHERE {column} LIKE '%lifestream%'").fetchone()[0]
                for table, column in (("django_content_type", "app_label"), ("django_migrations", "app"))
            ]
            permissions = database.execute(
                "SELECT count(*) FROM auth_permission WHERE content_type_id NOT IN (SELECT id FROM django_content_type)"
            ).fetchone()[0]
        assert (tables, left, permissions) == ([], [0, 0], 0)


class TestTags:
    """A search finds an item by its current tags."""

    def test_that_are_added_removed_and_renamed_by_hand_are_the_current_ones(self) -> None:
        item = make_item(title="Kites")
        sky = Tag.objects.create(name="Sky", slug="sky")
        item.tags.add(sky)
        assert found("sky") == ["Kites"]
        item.tags.clear()
        assert found("sky") == []
        sky.items.add(item)
        assert found("sky") == ["Kites"]
        sky.name = "Heaven"
        sky.save()
        assert (found("sky"), found("heaven")) == ([], ["Kites"])

    def test_that_are_taken_from_all_their_items_at_once_find_nothing_more(self) -> None:
        for title in ("Kites", "Boats"):
            make_item(title=title, tags=["Sky"])
        sky = Tag.objects.get()
        sky.items.clear()
        assert found("sky") == []
        sky.items.add(Item.objects.get(title="Boats"))
        assert found("sky") == ["Boats"]

    @pytest.mark.parametrize("by", ["the row", "a queryset", "all items of a feed"])
    def test_that_are_deleted_by_hand_find_nothing_more(self, by: str) -> None:
        item = make_item(title="Kites", tags=["Sky", "Wind"])
        make_item(title="Boats", tags=["Wind"])
        if by == "the row":
            Tag.objects.get(slug="sky").delete()
        elif by == "a queryset":
            Tag.objects.filter(slug="sky").delete()
        else:
            item.feed.delete()
        assert found("sky") == []
        assert found("wind") == (["Boats"] if by == "all items of a feed" else ["Boats", "Kites"])

    def test_that_are_deleted_in_bulk_take_one_query_each(self, django_assert_max_num_queries: Any) -> None:
        for number in range(30):
            Tag.objects.create(name=f"t{number}", slug=f"t{number}")
        with django_assert_max_num_queries(30 + 6):
            Tag.objects.all().delete()


def test_two_items_made_by_hand_have_keys_of_their_own() -> None:
    feed = make_feed()
    one, two = (Item.objects.create(feed=feed, title=title, date=NOW, content="<p>x</p>") for title in ("one", "two"))
    assert one.key_hash != two.key_hash and one.text == one.summary == "x"
    assert found("one") == ["one"]
