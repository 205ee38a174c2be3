"""One answer while it is sent: the plan that is played, its timer, and how much of it has been sent.

This module knows no version of HTTP and no fault by name: a plan says what to send, when to wait and how to end, and
the protocol of the connection encodes the head. A protocol with several concurrent answers has several of these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from feedserver.handler.decisions import Prepared
from feedserver.handler.exchange import Exchange
from feedserver.messages.argument_types import named
from feedserver.messages.gate import Wanted
from feedserver.messages.send_plan import (
    Await,
    CloseConnection,
    Flush,
    Head,
    Injected,
    Plan,
    Read,
    ResetConnection,
    Send,
    SendHead,
    Source,
    Step,
    Wait,
)

if TYPE_CHECKING:
    from feedserver.net.event_loop import Timer

STEPS_A_TURN = 64
"""Steps of a plan that are taken before other connections have their turn: a plan may be endless."""

_END = CloseConnection()
"""The last step of a plan that does not say how it ends."""

_NEXT_REQUEST = Read()
_NEXT_TURN = Wait(0)


class Wire(Protocol):
    """What an answer is sent over: the protocol of a connection."""

    @property
    def is_full(self) -> bool:
        """Whether bytes wait because the kernel takes no more for now."""

    @property
    def is_open(self) -> bool:
        """Whether written data is still sent."""

    def write(self, data: bytes) -> None:
        """Send *data*."""

    def encode(self, head: Head) -> bytes:
        """Return the bytes of a head in the version of HTTP that is spoken."""


class AnswerUnderWay:
    """The answer to *exchange*: all its bytes at once (*whole*), or a *plan*; it has neither while a thread makes it.

    *timer* is the timer of the step that waits, None if no step waits for a time. *source* makes parts of the answer on
    a thread of its own; *wanted* tells a thread that makes the whole answer that it is no longer needed. *sent* counts
    the bytes that were written of interim answers, head, body and framing. *keep_alive*: another answer may follow on
    the connection.
    """

    __slots__ = ("_body_sent", "_whole", "exchange", "keep_alive", "plan", "sent", "source", "timer", "wanted")

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self._whole: bytes | None = None
        self.plan: Plan | None = None
        self.keep_alive = False
        self.timer: Timer | None = None
        self.source: Source | None = None
        self.wanted: Wanted | None = None
        self.sent = 0
        self._body_sent = 0

    def prepare(self, prepared: Prepared) -> None:
        """Take the answer that was *prepared*, by a thread or at once."""
        self.wait_for(None)
        self._whole = prepared.whole
        self.plan = prepared.plan
        self.keep_alive = prepared.keep_alive

    def wait_for(self, timer: Timer | None) -> None:
        """Cancel the previous timer and wait for *timer*."""
        if self.timer is not None:
            self.timer.cancel()
        self.timer = timer

    def play(self, wire: Wire) -> Step | None:
        """Send what the plan says, and return the step at which this stops: a wait, or how the answer ends.

        After `STEPS_A_TURN` steps, that is a wait for the loop's next turn.

        Returns None if there is no plan yet, the kernel takes no more, or the client has gone. Raises what the plan
        raises, and TypeError for what is no step.
        """
        if self._whole is not None:
            return self._send_whole(wire, self._whole)
        plan = self.plan
        if plan is None:
            return None
        for _ in range(STEPS_A_TURN):
            if wire.is_full:
                return None
            step = next(plan, _END)
            if isinstance(step, Send):
                data = step.data
            elif isinstance(step, SendHead):
                data = wire.encode(step.head)
            elif isinstance(step, Injected):
                self.exchange.injected(step.fault, self._body_sent if step.at is None else step.at)
                continue
            elif isinstance(step, Flush):
                continue  # nothing is sent while the kernel is full, so a flush needs no work
            else:
                return _checked(step)
            wire.write(data)
            if not wire.is_open:  # the client has gone: the loss of the connection follows, and ends the exchange
                return None
            self.sent += len(data)
            if isinstance(step, Send) and step.part == "body":
                self._body_sent += len(data)
        return _NEXT_TURN

    def _send_whole(self, wire: Wire, data: bytes) -> Step | None:
        wire.write(data)
        self.is_written(wire)
        return None if wire.is_full or self.plan is None else next(self.plan)

    def is_written(self, wire: Wire) -> None:
        """Note that the whole answer is written; one step of a plan follows, once the kernel has taken all bytes."""
        whole, self._whole = self._whole, None
        if whole is not None and wire.is_open:
            self.sent = len(whole)
            self.plan = iter((_NEXT_REQUEST if self.keep_alive else _END,))

    def stop(self) -> BaseException | None:
        """Drop the timer and the plan, and return the exception that closing the plan raised.

        Only a `Fault` class that a user has written can raise one. A thread that makes the answer is told that the
        answer is no longer wanted.
        """
        self.wait_for(None)
        if self.wanted is not None:
            self.wanted.drop()
        plan, self.plan = self.plan, None
        if plan is not None and hasattr(plan, "close"):
            try:
                plan.close()
            except BaseException as error:  # noqa: BLE001 - the caller reports it to `verify`
                return error
        return None


def _checked(step: Step) -> Step:
    """Return *step*, at which a plan stops. Raises TypeError for what is no step: a test's own fault may yield it."""
    if not isinstance(step, Wait | Await | Read | CloseConnection | ResetConnection):
        raise TypeError(
            f"a fault yielded {named(step)}; yield a step of feedserver.messages.send_plan, such as Send(b'…')"
        )
    return step
