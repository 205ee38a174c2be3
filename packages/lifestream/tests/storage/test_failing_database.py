"""A database that fails in different ways: no feed counts as failed, nothing is lost, and the remedy is reported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest import mock

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test import override_settings

from factories import make_feed, make_lifestream, make_subscription
from feedserver import FeedServer
from feedserver.django import FeedServerTransactionTestCase
from lifestream.models import Feed, Fetch, Item
from lifestream.refresh import refresh
from lifestream.storage import writer
from programs import PATIENCE
from served import START, Clock, feed

_DAMAGE = "UPDATE sqlite_schema SET rootpage = rootpage {} 100000 WHERE name = 'lifestream_item'"
_UNLOCK = "PRAGMA writable_schema = {}"
_TABLES = "its tables are those of another version: run migrate"
_GRANTS = (
    "CREATE ROLE lesser",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO lesser",
    "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO lesser",
    "REVOKE INSERT ON lifestream_item FROM lesser",
    "SET ROLE lesser",
)
_ANYWHERE: dict[str, tuple[Sequence[str], Sequence[str], str]] = {
    "a table that is missing": (
        ["ALTER TABLE lifestream_search RENAME TO elsewhere"],
        ["ALTER TABLE elsewhere RENAME TO lifestream_search"],
        _TABLES,
    ),
    "a column that is missing": (
        ["ALTER TABLE lifestream_item RENAME card TO elsewhere"],
        ["ALTER TABLE lifestream_item RENAME elsewhere TO card"],
        _TABLES,
    ),
}
TROUBLES: dict[str, dict[str, tuple[Sequence[str], Sequence[str], str]]] = {
    "sqlite": {
        **_ANYWHERE,
        "read-only": (["PRAGMA query_only = 1"], ["PRAGMA query_only = 0"], "it can't be written"),
        "damaged": (
            [_UNLOCK.format(1), _DAMAGE.format("+"), _UNLOCK.format("RESET")],
            [_UNLOCK.format(1), _DAMAGE.format("-"), _UNLOCK.format("RESET")],
            "it is damaged: restore it from a backup",
        ),
    },
    "postgresql": {
        **_ANYWHERE,
        "read-only": (
            ["SET default_transaction_read_only = on"],
            ["SET default_transaction_read_only = off"],
            "it can't be written",
        ),
        "a right that is missing": (
            _GRANTS,
            ["RESET ROLE", "DROP OWNED BY lesser", "DROP ROLE lesser"],
            "this user may not do that in it: grant the right",
        ),
    },
}


@override_settings(LIFESTREAM_PARSERS=1)
class ADatabaseThatFails(FeedServerTransactionTestCase):
    def make_feedserver(self) -> FeedServer:
        return FeedServer(callable_timeout=PATIENCE)

    @pytest.fixture(autouse=True)
    def _output(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    @pytest.mark.slow
    def test_is_no_failure_of_a_feed(self) -> None:
        for name, (before, after, remedy) in TROUBLES[connection.vendor].items():
            with self.subTest(name):
                self.feedserver.add(f"/{name[:9]}".replace(" ", "-"), feed(("one", "two"), ETag='"1"'))
                made = make_feed(self.feedserver.url(f"/{name[:9]}".replace(" ", "-")), next_fetch=START, created=START)
                make_subscription(made)
                with while_stored(before, after):
                    report = refresh([made.pk], clock=Clock())
                made.refresh_from_db()

                assert (report.unstored, report.new) == (1, 0)
                assert [remedy in shortage for shortage in report.shortages] == [True], report.shortages
                assert (made.failures, made.last_error, made.etag, made.body_hash) == (0, "", "", "")
                assert made.next_fetch == START and not Fetch.objects.filter(feed=made).exists()
                Feed.objects.filter(pk=made.pk).update(claim_token="", claimed_until=None)
                assert [row.new for row in refresh([made.pk], clock=Clock()).rows] == [2]

    @pytest.mark.slow
    def test_is_reported_by_add_feed(self) -> None:
        make_lifestream("main")
        for name, (before, after, remedy) in TROUBLES[connection.vendor].items():
            with self.subTest(name):
                self.feedserver.add(f"/{name[:9]}".replace(" ", "-"), feed())
                url = self.feedserver.url(f"/{name[:9]}".replace(" ", "-"))
                with while_stored(before, after), pytest.raises(CommandError) as raised:
                    call_command("add_feed", url)
                stays = "but its entries could not be stored, so it will be fetched again: the database"
                assert str(raised.value).startswith(f"{url} is in the lifestream 'main', {stays}")
                assert remedy in str(raised.value)
                added = Feed.objects.get(url=url)
                assert (added.failures, added.last_error, added.body_hash) == (0, "", "")
        assert not Item.objects.exists()

    def test_is_reported_with_the_remedy_by_several_commands(self) -> None:
        before, after, remedy = TROUBLES[connection.vendor]["a column that is missing"]
        before, after = (
            [step.replace("item", "feed").replace("card", "title") for step in steps] for steps in (before, after)
        )
        commands = (["why", "http://a.example/"], ["update_feeds"], ["export_opml"], ["add_feed", "http://a.example/"])
        make_subscription(make_feed("http://a.example/"))
        with in_trouble(before, after):
            for command in commands:
                with pytest.raises(CommandError, match=remedy):
                    call_command(*command)


@contextmanager
def in_trouble(before: Sequence[str], after: Sequence[str]) -> Iterator[None]:
    """Cause trouble in the database by the statements *before*, and end it after the block by those of *after*."""
    with connection.cursor() as cursor:
        for step in before:
            cursor.execute(step)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            for step in after:
                cursor.execute(step)


@contextmanager
def while_stored(before: Sequence[str], after: Sequence[str]) -> Iterator[None]:
    """Do the same as `in_trouble`, but only while results are stored."""
    store = writer.store

    def in_time(*args: Any) -> Any:
        with in_trouble(before, after):
            return store(*args)

    with mock.patch.object(writer, "store", in_time):
        yield
