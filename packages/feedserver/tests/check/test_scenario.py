"""What a scenario may be: its id, its steps, and when each of them begins."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from feedserver.check.scenario import USUAL_WAIT, Step, soon
from feedserver.check.scenarios.template import NEW_ITEM
from feedserver.check.stage import Stage
from feedserver.check.verdicts import Kind, Need
from feedserver.messages.response import Response


@pytest.mark.parametrize("name", ["v1", "V0", "V", "VV1", "V1 "])
def test_an_id_is_a_letter_and_a_number(name: str) -> None:
    with pytest.raises(ValueError, match=f"the scenario {name!r} has no good id; give a letter and a number"):
        replace(NEW_ITEM, id=name)


def test_step_0_serves_every_feed_that_the_reader_subscribes_to() -> None:
    with pytest.raises(ValueError, match="the scenario I999 has no steps; the first one is the feed"):
        replace(NEW_ITEM, steps=())
    with pytest.raises(ValueError, match=r"step 0 of the scenario I999 does not serve a\.xml, b\.xml"):
        replace(NEW_ITEM, feeds=("b.xml", "feed.xml", "a.xml"))
    with pytest.raises(ValueError, match=r"step 0 of the scenario I999 does not serve a\.xml$"):
        replace(NEW_ITEM, feeds=("feed.xml", "a.xml"))


def test_the_letter_of_an_id_is_the_group() -> None:
    assert NEW_ITEM.id == "I999" and NEW_ITEM.group == "I"


def test_a_scenario_that_needs_items_is_not_for_a_fetcher_whatever_its_kinds() -> None:
    no_items = replace(NEW_ITEM, needs=frozenset({Need.CLOCK}), kinds=frozenset(Kind) - {Kind.PARSER})
    assert [kind for kind in Kind if not no_items.is_for(kind)] == [Kind.PARSER]
    for need in (Need.ITEMS, Need.LIST, Need.DETAILS):
        scenario = replace(no_items, needs=frozenset({need}))
        assert [kind for kind in Kind if not scenario.is_for(kind)] == [Kind.FETCHER, Kind.PARSER]


def test_a_step_begins_within_five_days_after_its_wait_by_default() -> None:
    serve = NEW_ITEM.steps[0].answers

    assert (Step(serve).wait, Step(serve).latest) == (USUAL_WAIT, USUAL_WAIT + timedelta(days=5))
    assert Step(serve, until=timedelta(days=3)).latest == timedelta(days=3)


def test_a_step_that_comes_soon_begins_five_to_twenty_minutes_after_the_one_before() -> None:
    step = soon(NEW_ITEM.steps[0].answers)

    assert (step.wait, step.latest) == (timedelta(minutes=5), timedelta(minutes=20))


def test_what_a_step_answers_is_for_the_feed_unless_it_names_paths() -> None:
    def serve(stage: Stage) -> Response:
        return stage.feed(1)

    assert Step(serve).answers_by_path() == {"feed.xml": serve}
    assert Step({"a.xml": serve}).answers_by_path() == {"a.xml": serve}
