"""The feeds that are on their way to a lifestream."""

from __future__ import annotations

import pytest
from django.utils import timezone

from factories import make_lifestream, make_subscription
from lifestream.models import Addition
from lifestream.owner.arrivals import LISTED, arrivals_of
from shown import make_site

pytestmark = pytest.mark.django_db


def test_addresses_and_new_feeds_are_on_their_way_until_they_come_fail_or_are_paused() -> None:
    lifestream = make_lifestream()
    assert not arrivals_of(lifestream)
    new = make_site(lifestream, "new")
    make_site(lifestream, "fetched", last_fetch=timezone.now())
    make_site(lifestream, "gone", status="gone")
    paused = make_site(lifestream, "paused")
    paused.paused = True
    paused.save()
    make_subscription(paused.feed)  # so the feed is fetched, but not for this lifestream
    for state in ("waiting", "looking", "failed", "added"):
        Addition.objects.create(lifestream=lifestream, url=f"https://a.example/{state}", state=state)
    found = arrivals_of(lifestream)
    assert found.count == 3 and found.is_busy and found.new == (new,)
    assert [each.state for each in found.failed] == ["failed"]


def test_failures_alone_do_not_make_a_page_look_again() -> None:
    lifestream = make_lifestream()
    Addition.objects.create(lifestream=lifestream, url="https://a.example/", state="failed")
    found = arrivals_of(lifestream)
    assert found and not found.is_busy


def test_all_addresses_are_counted_and_some_are_listed() -> None:
    lifestream = make_lifestream()
    for state in ("waiting", "failed"):
        Addition.objects.bulk_create(
            Addition(lifestream=lifestream, url=f"https://a.example/{number}", state=state)
            for number in range(LISTED + 3)
        )
    found = arrivals_of(lifestream)
    assert found.count == LISTED + 3
    assert len(found.open) == len(found.failed) == LISTED
    assert found.more_failed == 3
