"""A column of messages stores codes and values, or the text of old rows."""

from __future__ import annotations

import pytest
from django.db import connection

from factories import make_feed
from lifestream.message import Duration, Message, say
from lifestream.models import Feed
from lifestream.storage.bulk_sql import update_rows

pytestmark = pytest.mark.django_db

REASON = say("own-interval", wait=Duration(3600.0))


def column() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT next_reason FROM lifestream_feed")
        return str(cursor.fetchone()[0])


def test_a_message_is_stored_as_its_code_and_is_a_message_again() -> None:
    feed = make_feed(next_reason=REASON)
    assert column() == '{"say": "own-interval", "wait": {"seconds": 3600.0}}'
    feed.refresh_from_db()
    assert isinstance(feed.next_reason, Message)
    assert feed.next_reason == "our own interval of 1 hour"
    assert Feed.objects.filter(next_reason=REASON).exists()


def test_rows_that_are_written_in_bulk_are_stored_in_the_same_way() -> None:
    feed = make_feed()
    feed.next_reason = REASON
    update_rows(Feed, ["next_reason"], [feed], "default")
    assert column() == '{"say": "own-interval", "wait": {"seconds": 3600.0}}'


def test_text_stays_text() -> None:
    feed = make_feed(next_reason="our own interval of 1 hour")
    feed.refresh_from_db()
    assert column() == feed.next_reason == "our own interval of 1 hour"
    assert not isinstance(feed.next_reason, Message)
