"""A scheduler for Celery's beat that goes on when the clock is set back, and logs the outage of a broker in one
sentence.

Celery counts from the time at which a task was sent last. If that time lies in the future, because the clock was wrong
then, Celery's own scheduler sends nothing until the clock has caught up: for a day, if the clock was a day ahead. For
tasks that are sent at intervals, this scheduler counts from now again, and logs a warning; tasks at a time of day
(`crontab`) wait.

When summer time ends, Celery 5.5 sends nothing for an hour: it adds to local times, so a minute that begins at 02:59
in summer time ends at 03:00 in winter time, an hour too late. So this scheduler keeps the times of tasks that are sent
at intervals in UTC.

While the broker is unavailable, Celery logs tracebacks of a hundred lines for each message that could not be sent. This
beat logs once that the broker is unavailable, and once that it is back.

If the file of times can't be written, as on a full disk, Celery's own scheduler ends or waits for ever, and a worker
with `--beat` goes on without it: no feed would be updated any more. This scheduler goes on without the file.
"""

from __future__ import annotations

import dbm
import logging
import os
import tempfile
import time
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any, Final

from celery.beat import PersistentScheduler, SchedulingError
from celery.schedules import schedule
from kombu.exceptions import OperationalError as BrokerError

from lifestream.time_words import in_words

log = logging.getLogger(__name__)

TOLERANCE: Final = timedelta(seconds=60)
"""How far a clock may be set back without a warning."""


_SPACE: Final = 64 * 1024
"""How many bytes a new file of times may take."""


def _require_space(folder: Path) -> None:
    """Raise OSError if no file of times can be made in *folder*. Berkeley DB, which makes it, would wait for ever on a
    full disk, in a call that no signal ends.
    """
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(bytes(_SPACE))
        file.flush()


class _Memory(dict[str, Any]):
    """The times of regular tasks, while there is no file of them; like `shelve.Shelf`, it has `sync` and `close`."""

    writeback = True

    def sync(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class Scheduler(PersistentScheduler):
    """A scheduler that keeps its times in a file, as Celery's own does, and goes on when the clock was set back."""

    schedule_filename: str
    _away_since: float | None = None
    _unwritten = False

    def setup_schedule(self) -> None:
        """Read the times from the file, or begin without it if it can't be opened or written."""
        try:
            _require_space(Path(self.schedule_filename).parent)
            super().setup_schedule()
        except dbm.error as error:
            self._tell(error)
            self._store: Any = _Memory()
            self._open_schedule = lambda: self._store  # type: ignore[method-assign]
            super().setup_schedule()

    def sync(self) -> None:
        """Write the times to the file. If that fails, it is logged once, and tried again at the next time."""
        try:
            super().sync()
        except dbm.error as error:
            if self._store is not None:
                self._store.writeback = True  # which `Shelf.sync` has turned off
            self._tell(error)
        else:
            self._unwritten = False

    def close(self) -> None:
        """Write the times to the file and close it."""
        try:
            super().close()
        except dbm.error as error:
            self._tell(error)

    def _tell(self, error: BaseException) -> None:
        if not self._unwritten:
            log.warning(
                "the times of regular tasks can't be written to %s (%s): see that there is space, and that its folder "
                "can be written; the tasks are sent at their times, but when beat is started again, it does not know "
                "when they were sent last: each may come too early, or an interval late", self.schedule_filename, error
            )  # fmt: skip
        self._unwritten = True

    def _open_schedule(self) -> Any:
        """Open the file of times, which only its owner may read or write.

        It is a pickle, so whoever writes it can run code in this process. A file that others may write is deleted.
        """
        if os.name == "posix":
            paths = [
                path for suffix in self.known_suffixes if (path := Path(f"{self.schedule_filename}{suffix}")).exists()
            ]
            if writable := [path for path in paths if path.stat().st_mode & 0o022]:
                log.warning("other users could write %s: it is made anew, and the times in it are lost", writable[0])
                for path in paths:
                    path.unlink()
            else:
                for path in paths:
                    if path.stat().st_mode & 0o077:
                        path.chmod(path.stat().st_mode & 0o700)
        before = os.umask(0o077)
        try:
            return super()._open_schedule()  # type: ignore[misc]  # its stubs lack it
        finally:
            os.umask(before)

    def tick(self, *args: Any, **options: Any) -> Any:
        """Send the next message if it is due. Returns the seconds until the next call, at most `max_interval`."""
        self._count_from_now()
        return super().tick(*args, **options)

    def _count_from_now(self) -> None:
        """Convert the times of tasks that are sent at intervals to UTC. Set those that lie more than TOLERANCE in the
        future to now, and log that the clock was set back.
        """
        ahead = timedelta()
        for entry in self.schedule.values():
            if entry.last_run_at is None or type(entry.schedule) is not schedule:
                continue  # a time of day, as in `crontab`, is a local time
            now = entry.default_now().astimezone(UTC)
            entry.last_run_at = entry.last_run_at.astimezone(UTC)
            if entry.last_run_at > now + TOLERANCE:
                ahead = max(ahead, entry.last_run_at - now)
                entry.last_run_at = now
        if ahead:
            log.warning(
                "the clock was set back by at least %s: regular tasks are sent again from now on",
                in_words(ahead.total_seconds()),
            )
            self.old_schedulers = None  # Celery 5.4 to 5.7 then works out again when each entry is due

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        """Send the message of *entry*. A failure is logged, an outage of the broker only once; the next time of the
        entry is the next try.
        """
        try:
            self.apply_async(entry, producer=producer, advance=False)
        except SchedulingError as error:
            if not isinstance(error.__context__, BrokerError):
                log.exception("%s was not sent", entry.name)
                return
            if self._away_since is None:
                self._away_since = time.monotonic()
                log.error(  # noqa: TRY400  a sentence without a traceback
                    "the broker takes no messages (%s): see that it runs, and that CELERY_BROKER_URL names it; feeds "
                    "are not updated until it is back, and nothing is lost", error.__context__
                )  # fmt: skip
        else:
            if self._away_since is not None:
                log.warning("the broker answers again, after %s", in_words(time.monotonic() - self._away_since))
                self._away_since = None
