"""An outage is logged once when it begins, and once when it is over."""

from __future__ import annotations

import logging
import threading

import pytest

from lifestream.storage.db_errors import DatabaseFailure, FailureKind
from lifestream.storage.outages import Outages

LOG = logging.getLogger("lifestream.test_outages")
GONE = DatabaseFailure(FailureKind.GONE, "connection refused")


class Clock:
    """A clock that tests set, in seconds."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def logged(caplog: pytest.LogCaptureFixture, level: int = logging.WARNING) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= level]


def test_the_beginning_and_the_end_of_an_outage_are_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    outages = Outages(clock)
    for _ in range(5):
        clock.now += 60
        outages.tell(LOG, "%d feeds stay claimed", GONE, 3)
    clock.now += 60
    for _ in range(2):
        with outages.watched():
            pass
    assert logged(caplog) == [
        f"3 feeds stay claimed: {GONE}",
        "the database answers again, after 5 minutes",
    ]


def test_another_kind_of_trouble_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    outages = Outages()
    for kind in (FailureKind.GONE, FailureKind.READ_ONLY, FailureKind.READ_ONLY, FailureKind.GONE):
        outages.tell(LOG, "x", DatabaseFailure(kind, "no"))
    assert len(logged(caplog)) == 3


def test_a_run_that_fails_or_reports_trouble_does_not_end_an_outage(caplog: pytest.LogCaptureFixture) -> None:
    outages = Outages()
    outages.tell(LOG, "x", GONE)
    with pytest.raises(LookupError), outages.watched():
        raise LookupError
    with outages.watched():
        outages.tell(LOG, "x", GONE)
    assert len(logged(caplog)) == 1


def test_only_an_error_of_no_known_kind_has_a_traceback(caplog: pytest.LogCaptureFixture) -> None:
    outages = Outages()
    try:
        int("no")
    except ValueError:
        outages.tell(LOG, "x", GONE)
        outages.tell(LOG, "x", DatabaseFailure(FailureKind.OTHER, "?"))
    known, unknown = caplog.records
    assert not known.exc_info
    assert unknown.exc_info


def test_an_outage_that_many_threads_meet_is_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    outages = Outages()
    start = threading.Barrier(8, timeout=120)

    def tell() -> None:
        start.wait()
        outages.tell(LOG, "x", GONE)

    threads = [threading.Thread(target=tell) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(logged(caplog)) == 1


def test_an_answer_ends_the_outage_of_a_database_that_could_not_be_reached_and_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outages = Outages()
    for kind, is_over in ((FailureKind.GONE, True), (FailureKind.CONNECTIONS, True), (FailureKind.FULL, False)):
        outages.tell(LOG, "x", DatabaseFailure(kind, "no"))
        outages.answered()
        assert (outages.kind is None) == is_over
    assert sum("answers again" in line for line in logged(caplog)) == 2
