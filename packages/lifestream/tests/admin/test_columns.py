"""Columns of the admin's lists."""

from __future__ import annotations

import pytest

from factories import NOW, make_feed
from lifestream.admin.columns import due_of, health_of, last_fetch_of, moment, reasoning_of

pytestmark = pytest.mark.django_db


def test_the_failures_of_a_feed_and_their_reason_are_shown_as_text() -> None:
    feed = make_feed(failures=3, last_error="<script>x</script>")
    shown = health_of(feed)
    assert "3 times" in shown and "&lt;script&gt;" in shown and "<script>" not in shown
    once = health_of(make_feed("https://a.example/2", failures=1, last_fetch=NOW))
    assert once.endswith(">failing</span>")


def test_a_missing_value_is_a_dash() -> None:
    feed = make_feed(status="paused", last_fetch=None)
    assert {moment(None), last_fetch_of(feed), due_of(feed), reasoning_of(feed)} == {"–"}


def test_a_moment_has_its_exact_time_beside_it_and_a_due_time_its_reason() -> None:
    assert f'datetime="{NOW.isoformat()}"' in moment(NOW)
    assert ">three failures in a row<" in due_of(make_feed(next_fetch=NOW, next_reason="three failures in a row"))
