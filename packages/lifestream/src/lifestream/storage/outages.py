"""Telling of what is away, a database or a broker: a sentence with the remedy, once, and one when it is back.

While a database is away, each part of each refresh fails by it: the claim, the write, the count. Their lines would bury
the first one. So `tell` logs what is wrong when it begins and when its kind changes, and the rest for those who look at
debugging messages only. `watched` is put around each refresh: the first one that meets no trouble ends the outage.

There is one `OUTAGES` a process, since there is one database.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from lifestream.message import Duration, say
from lifestream.storage.db_errors import Kind, Trouble
from lifestream.wording import worded

_log = logging.getLogger(__name__)


class Outages:
    """What is away at the moment. Threads may use it at the same time. *clock* returns seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kind: object = None
        self._began = 0.0
        self._met = 0

    @property
    def kind(self) -> object:
        """The kind of the trouble that goes on, None if there is none."""
        return self._kind

    def tell(self, log: logging.Logger, what: str, trouble: Trouble, *values: object) -> None:
        """Log to *log* that *what*, a format for *values*, went wrong because of *trouble*.

        It is an error the first time, and whenever it is another kind of trouble. An error of no known kind has its
        traceback.
        """
        with self._lock:
            is_new = self._kind is not trouble.kind
            if self._kind is None:
                self._began = self._clock()
            self._kind = trouble.kind
            self._met += 1
        level = logging.ERROR if is_new else logging.DEBUG
        told = worded(str(trouble))
        log.log(level, what + ": %s", *values, told, exc_info=trouble.kind is Kind.OTHER)  # noqa: G003

    def answered(self) -> None:
        """Note that the database has answered a query. This ends an outage in which it could not be reached, and no
        other: a full disk can be read.
        """
        if self._kind is Kind.GONE:
            with self.watched():
                pass

    def forget(self) -> None:
        """Forget what is away, as a process does that starts anew."""
        with self._lock:
            self._kind = None

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch the block. If no trouble is reported in it and it raises nothing, what was away is back, which is
        logged.
        """
        met = self._met
        yield
        with self._lock:
            if self._kind is None or self._met != met:
                return
            self._kind = None
            lasted = Duration(self._clock() - self._began)
        _log.warning("%s", worded(say("back", lasted=lasted)))


OUTAGES: Final = Outages()
