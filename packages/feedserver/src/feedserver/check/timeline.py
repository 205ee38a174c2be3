"""When the polls of a lane are, and which scenarios begin a step at each poll. All of it is known before a run.

All scenarios that harm no other one share one reader and its polls. The next step of each scenario may begin within a
window of time, from `Step.wait` to `Step.latest`. A poll must come before the first of these windows closes. It waits
for each window that opens until then, so that it begins as many steps as possible and few polls are needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from feedserver.check.scenario import USUAL_WAIT, Scenario

WARM_UP_POLLS = 2
"""The polls in step 0 after the reader has subscribed: some readers store validators at their second load only."""


@dataclass(frozen=True, slots=True)
class Round:
    """One poll: *at* is the time since the start in seconds, *steps* the step of each scenario that is under way."""

    at: float
    steps: Mapping[str, int]

    def begins(self, before: Round | None, scenario: str) -> bool:
        """Return whether *scenario* begins a step in this round; *before* is the round before it."""
        return scenario in self.steps and (before is None or before.steps.get(scenario) != self.steps[scenario])


def rounds(scenarios: Sequence[Scenario], *, moves_clock: bool = True) -> list[Round]:
    """Return the polls for *scenarios*; in the first one the reader subscribes.

    If the clock does not move, each poll after those of step 0 begins the next step of every scenario.
    """
    usual = USUAL_WAIT.total_seconds()
    step = {scenario.id: 0 for scenario in scenarios}
    polls = [Round(number * usual, MappingProxyType(dict(step))) for number in range(1 + WARM_UP_POLLS)]
    began = dict.fromkeys(step, polls[-1].at)
    waiting = [scenario for scenario in scenarios if len(scenario.steps) > 1]
    while waiting:
        windows = {
            scenario.id: (
                began[scenario.id] + scenario.steps[step[scenario.id] + 1].wait.total_seconds(),
                began[scenario.id] + scenario.steps[step[scenario.id] + 1].latest.total_seconds(),
            )
            for scenario in waiting
        }
        end = min(latest for _, latest in windows.values())
        at = max(earliest for earliest, _ in windows.values() if earliest <= end)
        step = {scenario.id: step[scenario.id] for scenario in waiting}
        for name, (earliest, _) in windows.items():
            if earliest <= at or not moves_clock:
                step[name] += 1
                began[name] = at
        polls.append(Round(at, MappingProxyType(dict(step))))
        waiting = [scenario for scenario in waiting if step[scenario.id] + 1 < len(scenario.steps)]
    return polls
