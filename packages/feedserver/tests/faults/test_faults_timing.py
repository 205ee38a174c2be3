"""Answers that come too slowly."""

from __future__ import annotations

from feedserver.faults import (
    Fault,
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
