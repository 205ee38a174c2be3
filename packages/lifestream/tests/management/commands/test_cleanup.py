"""`cleanup`: delete all that the settings don't keep."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from factories import make_feed, make_item, make_subscription
from lifestream.models import Item


def output(*arguments: str) -> str:
    out = StringIO()
    call_command("cleanup", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.django_db(transaction=True)
@override_settings(LIFESTREAM_KEEP_DAYS=10)
def test_a_dry_run_prints_what_the_command_would_delete() -> None:
    make_item(date=timezone.now() - timedelta(days=20))
    make_item(date=timezone.now())
    what = "1 item, 0 feeds without subscribers, 0 tombstones"
    assert output("--dry-run") == f"This would be deleted: {what}.\n"
    assert Item.objects.count() == 2
    assert output() == f"Deleted: {what}.\n"
    assert Item.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_dry_run_does_not_say_that_feeds_of_the_far_future_are_due_sooner_now() -> None:
    make_subscription(feed=make_feed(next_fetch=timezone.now() + timedelta(days=3650)))
    assert "1 feed is due in the far future, and would be due after LIFESTREAM_MAX_INTERVAL." in output("--dry-run")
    assert "1 feed was due in the far future, and is now due after LIFESTREAM_MAX_INTERVAL." in output()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL does not tell how many pages are free")
@pytest.mark.django_db(transaction=True)
@override_settings(LIFESTREAM_KEEP_DAYS=10)
def test_the_option_vacuum_gives_the_space_of_what_was_deleted_back() -> None:
    def free_pages() -> int:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA freelist_count")
            return int(cursor.fetchone()[0])

    make_item(date=timezone.now() - timedelta(days=20), content="x" * 100_000)
    output()
    assert free_pages() > 0
    output("--vacuum")
    assert free_pages() == 0
