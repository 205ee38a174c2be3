"""Celery's beat that goes on when the clock is set back.

Celery counts from the time at which a task was sent last. If that lies in the future, since the clock was wrong then,
its own scheduler sends nothing until the clock has caught up: for a day, if the clock was a day ahead. This one counts
from now again, and says so.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any, Final

from celery.beat import PersistentScheduler

log = logging.getLogger(__name__)

TOLERANCE: Final = timedelta(seconds=60)
"""By how much a clock may be corrected without being said to have jumped."""


class Scheduler(PersistentScheduler):
    """A scheduler that keeps its times in a file, as Celery's own, and sends again when the clock was set back."""

    def tick(self, *args: Any, **options: Any) -> Any:
        """Send what is due. Returns the seconds until the next look, at most `max_interval`."""
        self._count_from_now()
        return super().tick(*args, **options)

    def _count_from_now(self) -> None:
        ahead = timedelta()
        for entry in self.schedule.values():
            now = entry.default_now()
            if entry.last_run_at is not None and entry.last_run_at > now + TOLERANCE:
                ahead = max(ahead, entry.last_run_at - now)
                entry.last_run_at = now - entry.schedule.run_every if hasattr(entry.schedule, "run_every") else now
        if ahead:
            log.warning("the clock was set back by at least %s: what is sent regularly is sent from now on", ahead)
            self.old_schedulers = None  # Celery 5.4 to 5.7: when each entry is due is worked out again
