"""A database of an earlier version is migrated with its rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.state import StateApps

from factories import NOW
from lifestream.models import Feed, Host, due_hosts
from lifestream.scheduler import leases
from old_databases import database_of

HOUR = timedelta(hours=1)


@pytest.fixture
def before_due_hosts(transactional_db: None) -> Iterator[StateApps]:
    with database_of("0009_item_card") as apps:
        yield apps


def indexes_of_hosts() -> list[str]:
    """Return the names of those indexes of feeds whose first column is the host."""
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, Feed._meta.db_table)
    return sorted(name for name, each in found.items() if each["index"] and each["columns"][:1] == ["host_id"])


@pytest.mark.slow
def test_hosts_get_a_due_time_from_their_pause_and_their_active_feeds(before_due_hosts: StateApps) -> None:
    old_host, old_feed = (before_due_hosts.get_model("lifestream", name) for name in ("Host", "Feed"))
    for name, pause, feeds in (
        ("busy.example", NOW + HOUR, [(NOW, "active")]),
        ("due.example", None, [(NOW + HOUR, "active"), (NOW - HOUR, "active"), (NOW - 2 * HOUR, "paused")]),
        ("gone.example", None, [(NOW, "gone")]),
        ("empty.example", None, []),
    ):
        host = old_host.objects.create(name=name, not_before=pause)
        for number, (next_fetch, status) in enumerate(feeds):
            url = f"https://{name}/{number}"
            old_feed.objects.create(
                url=url, url_hash=url, host=host, next_fetch=next_fetch, status=status, title="kept"
            )
    assert indexes_of_hosts() != ["lifestream_feed_next"]

    call_command("migrate", verbosity=0)

    due = dict(Host.objects.values_list("name", "next_due"))
    assert due == {
        "busy.example": NOW + HOUR,
        "due.example": NOW - HOUR,
        "gone.example": None,
        "empty.example": None,
    }
    assert due_hosts.wrong("default") == []
    assert list(Feed.objects.values_list("title", flat=True)) == ["kept"] * 5
    assert [claim.url for claim in leases.claim(NOW, 10)] == ["https://due.example/1"]
    assert indexes_of_hosts() == ["lifestream_feed_next"]
