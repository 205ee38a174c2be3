"""Logs the outage of a database: one message with the remedy when it begins, and one when it is over.

While a database is unavailable, each part of each refresh fails: the claim, the write, the count. Their messages would
bury the first one. So `tell` logs an error when an outage begins and when its kind changes, and all other failures at
the level DEBUG. `watched` is put around each refresh of `serve` and each task of a Celery worker: the first one without
a failure ends the outage. If the database could not be reached, a page that reads from it again ends the outage, too:
`answered`.

There is one `OUTAGES` in each process, since there is one database.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from lifestream.message import Duration, say
from lifestream.storage.db_errors import UNREACHABLE, DatabaseFailure, FailureKind
from lifestream.wording import worded

_log = logging.getLogger(__name__)


class Outages:
    """The outage that is under way, if any. Threads may use it at the same time. *clock* returns seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kind: object = None
        self._began = 0.0
        self._failures = 0

    @property
    def kind(self) -> object:
        """The kind of the outage that is under way, None if there is none."""
        return self._kind

    def tell(self, log: logging.Logger, what: str, failure: DatabaseFailure, *values: object) -> None:
        """Log to *log* that *what*, a format for *values*, went wrong because of *failure*.

        The level is ERROR for the first failure and whenever its kind changes, and DEBUG otherwise. A failure of an
        unknown kind is logged with its traceback.
        """
        with self._lock:
            is_new = self._kind is not failure.kind
            if self._kind is None:
                self._began = self._clock()
            self._kind = failure.kind
            self._failures += 1
        level = logging.ERROR if is_new else logging.DEBUG
        reason = worded(str(failure))
        log.log(level, what + ": %s", *values, reason, exc_info=failure.kind is FailureKind.OTHER)  # noqa: G003

    def answered(self) -> None:
        """Note that the database has answered a query. This ends an outage in which it could not be reached, but no
        outage of another kind: a database on a full disk can be read.
        """
        if self._kind in UNREACHABLE:
            with self.watched():
                pass

    def forget(self) -> None:
        """Forget the outage, as if the process had just started."""
        with self._lock:
            self._kind = None

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch the block. If no failure is reported in it and it raises nothing, log that the outage is over."""
        failures = self._failures
        yield
        with self._lock:
            if self._kind is None or self._failures != failures:
                return
            self._kind = None
            lasted = Duration(self._clock() - self._began)
        _log.warning("%s", worded(say("back", lasted=lasted)))


OUTAGES: Final = Outages()
