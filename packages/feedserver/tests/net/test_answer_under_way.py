"""One answer while it is sent: how far its plan has been played, and how much of it has been sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from feedserver import Journal, Request
from feedserver.handler.decisions import Prepared
from feedserver.handler.exchange import Exchange
from feedserver.messages.send_plan import CloseConnection, Flush, Head, Injected, Plan, Read, Send, SendHead, Step, Wait
from feedserver.net.answer_under_way import STEPS_A_TURN, AnswerUnderWay

HEAD = Head(200, b"OK", ())


class FakeConnection:
    """A connection whose kernel takes *room* bytes, and whose client leaves after *patience* of them."""

    def __init__(self, room: float = float("inf"), patience: float = float("inf")) -> None:
        self.room, self.patience = room, patience
        self.taken = b""

    @property
    def is_full(self) -> bool:
        return len(self.taken) >= self.room

    @property
    def is_open(self) -> bool:
        return len(self.taken) < self.patience

    def write(self, data: bytes) -> None:
        self.taken += data

    def encode(self, head: Head) -> bytes:
        return head.in_http1()


def answer(plan: Plan | None = None, whole: bytes | None = None, *, keep_alive: bool = False) -> AnswerUnderWay:
    exchange = Exchange(Journal().changes, Request("GET", "/"))
    made = AnswerUnderWay(exchange)
    made.prepare(Prepared(exchange, whole, plan, keep_alive))
    return made


def test_a_plan_is_played_up_to_a_wait_and_then_to_its_end() -> None:
    connection = FakeConnection()
    steps: list[Step] = [SendHead(HEAD), Send(b"chunk", "framing"), Send(b"body"), Flush(), Wait(1.5), Send(b"more")]
    made = answer(iter(steps))

    assert made.play(connection) == Wait(1.5)
    assert connection.taken == b"HTTP/1.1 200 OK\r\n\r\nchunkbody"
    assert made.sent == len(connection.taken)
    assert made.play(connection) == CloseConnection()
    assert connection.taken.endswith(b"more")


@pytest.mark.parametrize("step", [b"bytes", "text", None, Send, Head(200, b"OK", ())])
def test_what_a_fault_yields_and_is_no_step_is_refused(step: Any) -> None:
    made = answer(iter([step, Read()]))

    with pytest.raises(TypeError, match=r"^a fault yielded .*; yield a step of feedserver"):
        made.play(FakeConnection())


def test_a_fault_is_noted_at_its_byte_of_the_body() -> None:
    chunk: list[Step] = [Send(b"4\r\n", "framing"), Send(b"1234")]
    made = answer(iter([SendHead(HEAD), *chunk, Injected("close after 4"), Injected("at 9", 9), Read()]))

    assert made.play(FakeConnection()) == Read()
    assert [(injected.fault, injected.at) for injected in made.exchange.faults] == [("close after 4", 4), ("at 9", 9)]


def test_a_full_kernel_stops_the_plan_before_its_next_step() -> None:
    connection = FakeConnection(room=5)
    made = answer(iter([Send(b"123"), Send(b"456"), Send(b"789")]))

    assert made.play(connection) is None
    assert connection.taken == b"123456"
    connection.room = 100
    assert made.play(connection) == CloseConnection()
    assert connection.taken == b"123456789"


def test_a_client_that_has_gone_stops_the_answer() -> None:
    connection = FakeConnection(patience=2)
    made = answer(iter([Send(b"123"), Send(b"456")]))

    assert made.play(connection) is None
    assert (connection.taken, made.sent) == (b"123", 0)
    made = answer(whole=b"all of it", keep_alive=True)
    assert (made.play(FakeConnection(patience=2)), made.sent) == (None, 0)


def test_an_endless_plan_lets_other_connections_have_their_turn() -> None:
    connection = FakeConnection()
    made = answer(iter(lambda: Send(b"x"), None))

    assert made.play(connection) == Wait(0)
    assert len(connection.taken) == STEPS_A_TURN


@pytest.mark.parametrize(("keep_alive", "end"), [(True, Read()), (False, CloseConnection())])
def test_a_whole_answer_ends_as_its_connection_does(keep_alive: bool, end: Step) -> None:
    made = answer(whole=b"all of it", keep_alive=keep_alive)

    assert made.play(FakeConnection()) == end
    assert made.sent == 9


def test_a_whole_answer_that_the_kernel_does_not_take_ends_later() -> None:
    connection = FakeConnection(room=3)
    made = answer(whole=b"all of it", keep_alive=True)

    assert made.play(connection) is None
    connection.room = 100
    assert made.play(connection) == Read()


def test_an_answer_that_a_thread_still_makes_sends_nothing() -> None:
    assert answer().play(FakeConnection()) is None


def test_a_plan_is_closed_when_it_is_stopped_and_what_that_raises_is_returned() -> None:
    def raising() -> Iterator[Step]:
        try:
            yield Wait(None)
        finally:
            raise LookupError("a fault of a user")

    made = answer(raising())
    assert made.play(FakeConnection()) == Wait(None)
    assert isinstance(made.stop(), LookupError)
    assert made.plan is None
    assert made.stop() is None
