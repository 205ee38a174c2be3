"""What a refresh claims: everything that is due, each feed once, or as many as it was told."""

from __future__ import annotations

import pytest

from factories import NOW, make_feed
from lifestream.models import Feed
from lifestream.scheduler import leases
from lifestream.scheduler.due_queue import Intake


@pytest.mark.django_db
def test_at_most_so_many_feeds_are_claimed_however_often_it_is_asked() -> None:
    made = [make_feed().pk for _ in range(5)]
    for chosen in (None, made):
        intake = Intake(chosen, lambda: NOW, early=False, most=3)
        claimed = intake.take()
        assert len(claimed) == 3
        assert intake.take() == []
        leases.release(claimed)


@pytest.mark.django_db
def test_a_feed_that_is_due_again_is_not_claimed_again() -> None:
    make_feed()
    intake = Intake(None, lambda: NOW, early=False)
    leases.release(intake.take())
    assert intake.take() == []
    assert not Feed.objects.exclude(claim_token="").exists()
