"""The scenarios, one file for each group. To add a scenario, copy the one in `template.py`.

`validators` (V), `timing` (T: freshness, Retry-After, pauses after errors), `redirects` (R, also feeds that are gone),
`requests` (Q), `items` (I), `hostile` (H), `bodies` (B), `encodings` (E), `safety` (X).

Ids never change. A scenario that depends on another comes after it, so group I comes before the groups that depend on
it. Reports for people show the groups in the order of `scenario.GROUPS`.
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
"""Every scenario, in the order of the JSON report."""
