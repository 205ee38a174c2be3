"""When a lane polls: as rarely as the waits of all its scenarios allow."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from feedserver.check.scenario import Scenario, Step, soon
from feedserver.check.scenarios.template import NEW_ITEM
from feedserver.check.timeline import WARM_UP_POLLS, Round, rounds

SERVE = NEW_ITEM.steps[0].answers_by_path()["feed.xml"]
DAY = 86_400.0


def scenario(number: int, *steps: Step) -> Scenario:
    return replace(NEW_ITEM, id=f"I{number}", steps=(Step(SERVE), *steps))


def made(*scenarios: Scenario, moves_clock: bool = True) -> list[tuple[float, dict[str, int]]]:
    """Return each poll after those of step 0: the days since the last poll of step 0, and the steps."""
    first, *others = rounds(scenarios, moves_clock=moves_clock)[WARM_UP_POLLS:]
    return [((each.at - first.at) / DAY, dict(each.steps)) for each in others]


def test_each_scenario_has_two_more_polls_in_step_0() -> None:
    assert [dict(each.steps) for each in rounds([scenario(1)])] == [{"I1": 0}] * 3


def test_scenarios_that_accept_the_same_time_share_a_poll() -> None:
    early = scenario(1, Step(SERVE, timedelta(days=2), timedelta(days=5)))
    late = scenario(2, Step(SERVE, timedelta(days=4), timedelta(days=9)))

    assert made(early, late) == [(4.0, {"I1": 1, "I2": 1})]


def test_a_scenario_that_cannot_wait_is_polled_before_the_others_begin() -> None:
    at_once = scenario(1, soon(SERVE))
    late = scenario(2, Step(SERVE, timedelta(days=4), timedelta(days=9)))

    assert [steps for _, steps in made(at_once, late)] == [{"I1": 1, "I2": 0}, {"I2": 1}]


def test_without_a_moved_clock_a_poll_begins_the_next_step_of_every_scenario() -> None:
    at_once = scenario(1, soon(SERVE))
    late = scenario(2, Step(SERVE, timedelta(days=4), timedelta(days=9)))

    assert [steps for _, steps in made(at_once, late, moves_clock=False)] == [{"I1": 1, "I2": 1}]


def test_a_step_begins_in_the_first_round_that_has_it() -> None:
    first, second = Round(0.0, {"I1": 0}), Round(1.0, {"I1": 1})

    assert first.begins(None, "I1") and second.begins(first, "I1")
    assert not second.begins(second, "I1")
    assert not Round(1, {}).begins(first, "I1"), "it is over"
