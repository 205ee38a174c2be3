"""The report of a refresh: its counts, and the sentence that a command ends with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lifestream.fetcher.shortage import Shortage
from lifestream.refresh.refresh_report import FeedReport, Report, tell_report
from lifestream.storage.db_errors import DatabaseFailure, FailureKind


def row(outcome: str, new: int = 0, changed: int = 0) -> FeedReport:
    return FeedReport(1, "A feed", "https://a.example/feed", outcome, new, changed)


def test_a_report_counts_feeds_and_items() -> None:
    report = Report((row("new", 2, 1), row("failed"), row("changed", 0, 3)))
    assert (report.failed, report.new, report.changed, report.all_failed) == (1, 2, 4, False)
    assert str(report) == "3 feeds asked, 2 new, 4 changed, 1 failed"


def test_only_a_report_in_which_all_feeds_failed_is_a_failure() -> None:
    assert not Report().all_failed
    assert not Report((row("failed"), row("new", 1))).all_failed
    assert Report((row("failed"),)).all_failed
    assert str(Report((row("failed"),))) == "1 feed asked, 0 new, 0 changed, 1 failed"


def test_feeds_that_were_not_asked_or_not_stored_are_reported_if_there_are_any() -> None:
    report = Report((row("new", 1),), skipped=2, unstored=3, short=4)
    assert str(report).endswith(
        "0 failed, 3 not stored, 4 stay due because this machine lacked resources, 2 left for later"
    )


def test_the_log_has_lines_for_a_refresh_and_its_failures_and_shortages(caplog: pytest.LogCaptureFixture) -> None:
    gone = str(
        DatabaseFailure(FailureKind.GONE, "connection refused")
    )  # not logged again: it was reported when it happened
    report = Report((row("new", 2), row("failed")), short=1, shortages=(Shortage.FILES.value, gone))
    with caplog.at_level("INFO", "lifestream"):
        tell_report(report)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", f"feeds stay due: {Shortage.FILES.value}"),
        ("INFO", "https://a.example/feed failed: "),
        ("INFO", str(report)),
    ]


def test_a_database_that_fails_is_not_reported_for_each_feed(caplog: pytest.LogCaptureFixture) -> None:
    """If the disk is full, no feed can be stored. That was reported; a line for each feed would hide it."""
    lost = replace(row("failed"), unstored=True, message="it could not be stored")
    report = Report((lost,) * 3, unstored=3)
    with caplog.at_level("INFO", "lifestream"):
        tell_report(report)
    assert [record.getMessage() for record in caplog.records] == [str(report)]
    with caplog.at_level("DEBUG", "lifestream"):
        tell_report(report)
    assert "https://a.example/feed failed: it could not be stored" in caplog.text
