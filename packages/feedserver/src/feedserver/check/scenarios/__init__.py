"""The scenarios, a file a group. Copy `template.py` for another one.

`requests` (Q), `validators` (V), `redirects` (R), `timing` (T), `bodies` (B), `encodings` (E), `items` (I), `hostile`
(H), `safety` (X).

Ids never change, and the order of the groups is that of the report. A scenario that depends on another stands after it.
"""

from __future__ import annotations

from feedserver.check.scenario import Scenario
from feedserver.check.scenarios import (
    bodies,
    encodings,
    hostile,
    items,
    redirects,
    requests,
    safety,
    timing,
    validators,
)

SCENARIOS: tuple[Scenario, ...] = (
    *validators.SCENARIOS,
    *timing.SCENARIOS,
    *redirects.SCENARIOS,
    *requests.SCENARIOS,
    *items.SCENARIOS,
    *hostile.SCENARIOS,
    *bodies.SCENARIOS,
    *encodings.SCENARIOS,
    *safety.SCENARIOS,
)
"""Every scenario, in the order of the report."""
