"""The feeds that a refresh claims: all due ones, each once, or at most a given number."""

from __future__ import annotations

from datetime import timedelta

import pytest

from factories import NOW, make_feed
from lifestream.models import Feed
from lifestream.scheduler import leases
from lifestream.scheduler.due_queue import Intake


@pytest.mark.django_db
def test_the_number_of_claimed_feeds_is_limited_however_often_a_worker_asks() -> None:
    made = [make_feed().pk for _ in range(5)]
    for chosen in (None, made):
        intake = Intake(chosen, lambda: NOW, early=False, most=3)
        claimed = intake.take()
        assert len(claimed) == 3
        assert intake.take() == []
        leases.release(claimed)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "terms", [{"skip_hours": [NOW.hour]}, {"skip_days": [NOW.weekday()]}], ids=["skipHours", "skipDays"]
)
def test_a_due_feed_is_postponed_if_it_skips_the_current_hour_or_day(terms: dict[str, list[int]]) -> None:
    skipping, other = make_feed(terms=terms), make_feed()

    claimed = Intake(None, lambda: NOW, early=False).take()

    skipping.refresh_from_db()
    assert [each.feed for each in claimed] == [other.pk]
    assert (skipping.claim_token, Intake([skipping.pk], lambda: NOW, early=True).take()) == ("", [])
    assert NOW < skipping.next_fetch <= NOW + timedelta(days=1)
    assert (skipping.next_fetch.minute, skipping.not_before) == (0, skipping.next_fetch)
    assert "skip" in str(skipping.next_reason)


@pytest.mark.django_db
def test_postponed_feeds_do_not_keep_others_from_being_claimed() -> None:
    for _ in range(3):
        make_feed(terms={"skip_hours": [NOW.hour]})
    plain = make_feed()

    intake = Intake(None, lambda: NOW, early=False, most=1)

    assert [each.feed for each in intake.take()] == [plain.pk]


@pytest.mark.django_db
def test_a_feed_that_is_due_again_is_not_claimed_again() -> None:
    make_feed()
    intake = Intake(None, lambda: NOW, early=False)
    leases.release(intake.take())
    assert intake.take() == []
    assert not Feed.objects.exclude(claim_token="").exists()
