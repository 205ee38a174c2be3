"""Answers that come too slowly."""

from __future__ import annotations

import pytest

from feedserver.faults import (
    Fault,
    SlowBody,
    SlowHeaders,
)
from feedserver.messages.pacing import Pace
from feedserver.messages.send_plan import (
    Head,
    Injected,
    Read,
    Send,
    SendHead,
    Step,
    Wait,
)


def played(fault: Fault, *steps: Step) -> list[Step]:
    return list(fault.apply(iter(steps)))


HEAD = SendHead(Head(200, b"OK", ()))


@pytest.mark.parametrize("fault", [SlowHeaders(pace=Pace(2, 0)), SlowBody(pace=Pace(2, 0))])
def test_a_pace_without_a_wait_sends_the_pieces_one_by_one(fault: SlowHeaders | SlowBody) -> None:
    steps = played(fault, Send(b"text", fault.part), Read())
    assert [step.data for step in steps if isinstance(step, Send)] == [b"te", b"xt"]


def test_slow_headers_wait_between_their_pieces() -> None:
    steps = played(SlowHeaders(Pace(8, 0.5)), HEAD, Read())
    assert steps == [
        Injected("slow headers 8 bytes every 500ms"),
        Send(b"HTTP/1.1", "head"),
        Wait(0.5),
        Send(b" 200 OK\r", "head"),
        Wait(0.5),
        Send(b"\n\r\n", "head"),
        Read(),
    ]
