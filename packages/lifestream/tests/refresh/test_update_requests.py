"""Feeds that somebody wants now are due immediately, and the updater is woken; the request itself fetches nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import TestCase

from factories import NOW, make_feed
from lifestream.models import Feed
from lifestream.refresh import bell
from lifestream.refresh.update_requests import update_soon
from lifestream.wording import worded


@pytest.mark.django_db
def test_a_feed_is_due_unless_its_server_asked_for_time() -> None:
    free = make_feed(next_fetch=NOW + timedelta(hours=3))
    asked = make_feed(next_fetch=NOW + timedelta(hours=3), not_before=NOW + timedelta(hours=2))
    gone = make_feed(status=Feed.Status.GONE)
    with bell.listening() as rung, TestCase.captureOnCommitCallbacks(execute=True):
        requested = update_soon([free.pk, asked.pk, gone.pk], NOW)
        assert not rung.is_set()
    assert rung.is_set()
    assert (requested.due, requested.left) == ((free.pk,), 2)
    free.refresh_from_db()
    assert free in Feed.objects.due(NOW) and worded(free.next_reason) == "its owner wants it now"


def test_a_listener_that_has_stopped_is_not_woken() -> None:
    with bell.listening() as rung:
        pass
    bell.ring()
    assert not rung.is_set()
