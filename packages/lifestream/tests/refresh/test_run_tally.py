"""Each refresh is counted in the tallies, with its fetches by outcome, and its items."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError

from factories import NOW
from lifestream.message import say
from lifestream.models import Tally
from lifestream.refresh.refresh_report import FeedReport, Report
from lifestream.refresh.run_tally import count_run

pytestmark = pytest.mark.django_db

DIED = say("reading-too-long", seconds="10")


def row(outcome: str, new: int = 0, message: str = "") -> FeedReport:
    status = None if outcome == "failed" else 200
    return FeedReport(
        1, "A", "https://a.example/", outcome, new=new, message=message, status=status, size=1000, duration=0.25
    )


def test_the_counts_of_several_runs_add_up() -> None:
    count_run(Report(rows=(row("new", 3), row("failed"), row("failed", message=DIED))), NOW)
    count_run(Report(), NOW + timedelta(minutes=1))
    count_run(Report(rows=(row("new", 1),), short=2), NOW + timedelta(minutes=2))
    counts = {tally.name: tally.value for tally in Tally.objects.all()}
    assert counts == {
        "runs": 3,
        "fetches:new": 2,
        "fetches:failed": 2,
        "fetches:short": 2,
        "answers:200": 2,
        "answers:none": 2,
        "bytes": 4000,
        "milliseconds": 1000,
        "parsers": 1,
        "items:new": 4,
    }
    assert Tally.objects.get(name="runs").changed == NOW + timedelta(minutes=2)


def test_a_refresh_that_cannot_be_counted_is_logged_and_raises_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise DatabaseError("no such table")

    monkeypatch.setattr(type(Tally.objects.all()), "add", fail)
    count_run(Report(), NOW)
    assert "could not be counted" in caplog.text
