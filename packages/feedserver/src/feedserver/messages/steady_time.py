"""The clocks that measure durations: delays, time limits, and how long an answer took.

A test that freezes the time of its client by freezegun freezes `time.monotonic` and `time.perf_counter`, too: freezegun
replaces each attribute of a module that is one of these functions. Then no delay of the server would end, and no time
limit would be noticed. freezegun does not look into a partial. If this module is imported while the time is frozen,
freezegun has the real functions.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Final

_FREEZEGUN: Final = sys.modules.get("freezegun.api")

monotonic: Final[Callable[[], float]] = partial(getattr(_FREEZEGUN, "real_monotonic", time.monotonic))
"""Return the seconds of a clock that only goes forward: see `time.monotonic`."""

perf_counter: Final[Callable[[], float]] = partial(getattr(_FREEZEGUN, "real_perf_counter", time.perf_counter))
"""Return the seconds of the most precise clock: see `time.perf_counter`."""
