"""Beat goes on sending after the clock has been set back, and after an outage of the broker. Its times are in a file
that nobody else may write. No message is really sent.
"""

from __future__ import annotations

import logging
import os
import shelve
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from celery import Celery
from celery.beat import SchedulingError
from celery.exceptions import reraise
from kombu.exceptions import OperationalError

from lifestream.site.beat import Scheduler

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


class Sending(Scheduler):
    """A scheduler that notes what is sent."""

    sent: list[str]

    def apply_async(self, entry, producer=None, advance=True, **_options):  # type: ignore[no-untyped-def]
        self.sent.append(entry.name)


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = NOW
        self.zone: tzinfo = UTC

    def __call__(self) -> datetime:
        return self.now.astimezone(self.zone)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Replace the clock of Celery."""
    clock = Clock()
    monkeypatch.setattr(Celery, "now", lambda _app: clock())
    return clock


@pytest.fixture
def scheduler(clock: Clock, tmp_path: Path) -> Iterator[Sending]:
    """Yield a scheduler with a task each minute, one each hour and one each day."""
    app = Celery("beats", broker="memory://", set_as_current=False)
    app.conf.beat_schedule = {
        name: {"task": name, "schedule": seconds}
        for name, seconds in (("minute", 60.0), ("hour", 3600.0), ("day", 86400.0))
    }
    scheduler = Sending(app, schedule_filename=str(tmp_path / "schedule"))
    scheduler.sent = []
    yield scheduler
    scheduler.close()


def sent(scheduler: Sending, clock: Clock, minutes: int) -> list[str]:
    """Let *minutes* pass, and return the names of what was sent, in order."""
    scheduler.sent = []
    for _ in range(minutes):
        clock.now += timedelta(minutes=1)
        for _ in range(10):
            if scheduler.tick():
                break
    return scheduler.sent


def test_due_tasks_are_sent_at_their_times(scheduler: Sending, clock: Clock) -> None:
    names = sent(scheduler, clock, 62)
    assert names.count("minute") >= 60
    assert (names.count("hour"), names.count("day")) == (1, 0)


@pytest.mark.parametrize("ahead", [timedelta(hours=2), timedelta(days=1), timedelta(days=400)])
def test_beat_goes_on_when_the_clock_is_set_back(
    scheduler: Sending, clock: Clock, ahead: timedelta, caplog: pytest.LogCaptureFixture
) -> None:
    sent(scheduler, clock, 3)
    clock.now += ahead
    assert "minute" in sent(scheduler, clock, 3)
    clock.now -= ahead
    with caplog.at_level(logging.WARNING):
        assert sent(scheduler, clock, 5).count("minute") >= 4
    assert sum("the clock was set back" in record.getMessage() for record in caplog.records) == 1


@pytest.mark.parametrize(
    "transition",
    [datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)],
    ids=["spring", "autumn"],
)
def test_summer_time_begins_and_ends_without_a_gap(
    scheduler: Sending, clock: Clock, transition: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    """By itself, Celery 5.5 sends nothing for an hour when summer time ends; later versions need no help."""
    clock.zone = ZoneInfo("Europe/Berlin")
    clock.now = transition - timedelta(minutes=3)
    for entry in scheduler.schedule.values():
        entry.last_run_at = clock()
    sent(scheduler, clock, 2)
    with caplog.at_level(logging.WARNING):
        assert sent(scheduler, clock, 65).count("minute") >= 63
    assert caplog.records == []


def test_a_small_correction_is_no_jump(scheduler: Sending, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    sent(scheduler, clock, 3)
    clock.now -= timedelta(seconds=90)
    with caplog.at_level(logging.WARNING):
        assert sent(scheduler, clock, 4).count("minute") >= 2
    assert caplog.records == []


def test_a_file_from_a_wrong_time_does_not_stop_beat(scheduler: Sending, clock: Clock, tmp_path: Path) -> None:
    clock.now += timedelta(days=1)
    sent(scheduler, clock, 2)
    scheduler.close()
    clock.now -= timedelta(days=1)
    again = Sending(scheduler.app, schedule_filename=str(tmp_path / "schedule"))
    again.sent = []
    assert "minute" in sent(again, clock, 2)
    again.close()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes of files")
def test_only_the_user_may_write_the_file_whatever_the_umask(clock: Clock, tmp_path: Path) -> None:
    app = Celery("beats", broker="memory://", set_as_current=False)
    before = os.umask(0o000)
    try:
        Sending(app, schedule_filename=str(tmp_path / "schedule")).close()
        for path in tmp_path.iterdir():
            path.chmod(0o644)
        Sending(app, schedule_filename=str(tmp_path / "schedule")).close()
    finally:
        assert os.umask(before) == 0
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes and set(modes.values()) == {0o600}, modes


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes of files")
@pytest.mark.parametrize("mode", [0o666, 0o620, 0o602])
def test_a_file_that_others_could_write_is_not_read(
    scheduler: Sending, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture, mode: int
) -> None:
    """It is a pickle, which can run any code."""
    scheduler.schedule["minute"].total_run_count = 7
    scheduler.close()
    for path in tmp_path.iterdir():
        path.chmod(mode)
    again = Sending(scheduler.app, schedule_filename=str(tmp_path / "schedule"))
    assert again.schedule["minute"].total_run_count == 0
    assert sum("other users could write" in record.getMessage() for record in caplog.records) == 1
    again.close()


def test_an_outage_of_the_broker_is_reported_once_and_its_end_too(
    scheduler: Sending, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The error is raised as Celery raises it, from the broker's refusal."""
    is_down = True
    send = Sending.apply_async

    def fail(self: Sending, entry: Any, **options: Any) -> None:
        if not is_down:
            send(self, entry, **options)  # type: ignore[no-untyped-call]
            return
        try:
            raise OperationalError("Error 111 connecting to 127.0.0.1:6379. Connection refused.")  # noqa: TRY301
        except OperationalError as error:
            reraise(SchedulingError, SchedulingError(f"Couldn't apply scheduled task {entry.name}: {error}"))

    monkeypatch.setattr(Sending, "apply_async", fail)
    with caplog.at_level(logging.WARNING):
        assert sent(scheduler, clock, 5) == []
        is_down = False
        assert "minute" in sent(scheduler, clock, 3)
    began, ended = caplog.records
    assert (began.levelname, began.exc_info) == ("ERROR", None)
    assert "the broker takes no messages (Error 111 connecting to 127.0.0.1:6379" in began.getMessage()
    assert ended.getMessage().startswith("the broker answers again, after ")


def test_a_task_that_cannot_be_sent_for_another_reason_has_its_traceback(
    scheduler: Sending, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(self: Sending, entry: Any, **options: Any) -> None:
        try:
            raise TypeError("no JSON")  # noqa: TRY301
        except TypeError as error:
            reraise(SchedulingError, SchedulingError(str(error)))

    monkeypatch.setattr(Sending, "apply_async", fail)
    sent(scheduler, clock, 2)
    assert caplog.records
    assert all(record.exc_info and "was not sent" in record.getMessage() for record in caplog.records)


def test_beat_begins_without_a_file_that_cannot_be_made(
    clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = Celery("beats", broker="memory://", set_as_current=False)
    app.conf.beat_schedule = {"minute": {"task": "minute", "schedule": 60.0}}
    scheduler = Sending(app, schedule_filename=str(tmp_path / "missing" / "schedule"))
    assert sent(scheduler, clock, minutes=3) == ["minute"] * 3
    scheduler.sync()
    scheduler.close()
    assert sum("can't be written" in record.getMessage() for record in caplog.records) == 1
    assert not any(record.exc_info for record in caplog.records)


def test_without_a_file_beat_waits_for_a_whole_interval_whenever_it_is_started_and_says_so(
    clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = Celery("beats", broker="memory://", set_as_current=False)
    app.conf.beat_schedule = {"day": {"task": "day", "schedule": 86400.0}}
    for _ in range(2):
        scheduler = Sending(app, schedule_filename=str(tmp_path / "missing" / "schedule"))
        assert sent(scheduler, clock, minutes=2) == []
        scheduler.close()
        clock.now += timedelta(days=2)
    assert [record.getMessage().rpartition(", ")[2] for record in caplog.records] == ["or an interval late"] * 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux alone has a file that is always full")
def test_beat_goes_on_while_its_file_cannot_be_written(
    scheduler: Sending, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    class FullShelf(shelve.Shelf[Any]):
        """A shelf whose writes reach a disk that is full."""

        place = Path("/dev/full")

        def sync(self) -> None:
            with self.place.open("wb") as file:
                file.write(b"times")
                file.flush()

    scheduler.sync()
    store, full = scheduler._store, FullShelf(dict(scheduler._store.dict), writeback=True)
    scheduler._store = full
    for _ in range(2):
        assert sent(scheduler, clock, minutes=2) == ["minute"] * 2
        scheduler.sync()
    assert sum("can't be written" in record.getMessage() for record in caplog.records) == 1
    full.place = Path(os.devnull)  # it writes once more when it is deleted
    scheduler._store = store
