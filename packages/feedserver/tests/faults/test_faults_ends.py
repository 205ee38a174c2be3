"""A fault that ends a connection is given exactly one place, which must be valid."""

from __future__ import annotations

import re

import pytest

from feedserver.faults import (
    Close,
    Fault,
    Garbage,
    Reset,
    Stall,
)
from feedserver.messages.send_plan import Injected, Read, Step


def played(fault: Fault, *steps: Step) -> list[Step]:
    return list(fault.apply(iter(steps)))


@pytest.mark.parametrize("places", [{}, {"after": 5, "at": "end"}])
def test_a_fault_that_ends_the_connection_has_one_place(places: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"^a reset is injected at one place; write Reset\(before='answer'\), "):
        Reset(**places)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("place", "remedy"),
    [
        ({"before": "lunch"}, "Reset(before=…) is 'lunch'; give 'answer' or None"),
        ({"after": "all"}, "Reset(after=…) is 'all'; give a whole number or 'headers' or None"),
        ({"at": "x"}, "Reset(at=…) is 'x'; give 'end' or None"),
    ],
)
def test_a_fault_that_ends_the_connection_refuses_an_invalid_place(place: dict[str, object], remedy: str) -> None:
    with pytest.raises(ValueError, match=re.escape(remedy)):
        Reset(**place)  # type: ignore[arg-type]


@pytest.mark.parametrize("fault", [Reset(before="answer"), Close(before="answer"), Stall(before="answer"), Garbage()])
def test_a_plan_that_only_reads_can_be_broken(fault: Fault) -> None:
    steps = played(fault, Read())
    assert str(fault) in [step.fault for step in steps if isinstance(step, Injected)]
    assert Read() not in steps
