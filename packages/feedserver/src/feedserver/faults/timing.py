"""Timing: the answer comes slowly, or before the request is complete."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

from feedserver.faults.fault import Fault, Layer, Shaped
from feedserver.faults.kind import Kind, plain
from feedserver.faults.places import head_bytes, is_body, is_head, is_interim
from feedserver.messages.pacing import Pace
from feedserver.messages.request import Request
from feedserver.messages.response import Response
from feedserver.messages.send_plan import Injected, Plan, Send, Step, Wait

SLOW = Pace(1, 0.1)
"""A byte every tenth of a second: the whole outlasts any client's patience, but each byte comes before most read
timeouts.
"""


@dataclass(frozen=True, slots=True)
class _Slow(Fault):
    layer: ClassVar[Layer] = Layer.TIMING
    part: ClassVar[Literal["head", "body"]]
    remedy: ClassVar[str] = "give a pace of fewer bytes, so that it comes in several pieces"
    pace: Pace = SLOW

    @property
    def needs_body(self) -> bool:
        """Whether it is the body that is slow."""
        return self.part == "body"

    @property
    def words(self) -> str:
        """The fault's directive without its trigger, such as "slow body 10 bytes every 100ms"."""
        name = "slow headers" if self.part == "head" else "slow body"
        unit = "byte" if self.pace.bytes == 1 else "bytes"
        return f"{name} {self.pace.bytes} {unit} every {self.pace.seconds * 1000:.15g}ms"

    def apply(self, plan: Plan) -> Plan:
        """Return the plan with the head or body sent in pieces and a wait between them."""
        begun = injected = False
        for step in plan:
            data = self._data(step)
            if data is None:
                yield step
                continue
            for start in range(0, len(data), self.pace.bytes):
                if not injected and (begun or len(data) > self.pace.bytes):  # nothing is slow in a single piece
                    injected = True
                    yield Injected(str(self))
                if begun:
                    yield Wait(self.pace.seconds)
                begun = True
                yield Send(data[start : start + self.pace.bytes], self.part)

    def _data(self, step: Step) -> bytes | None:
        """Return the bytes of the slow part that *step* sends, or None if it sends none of it."""
        if self.part == "head":
            return head_bytes(step) if is_head(step) or is_interim(step) else None
        return step.data if is_body(step) else None


@dataclass(frozen=True, slots=True)
class SlowHeaders(_Slow):
    """The head comes at a *pace*, so that a client waits long for the status."""

    part: ClassVar[Literal["head", "body"]] = "head"


@dataclass(frozen=True, slots=True)
class SlowBody(_Slow):
    """The body comes at a *pace*: a read timeout longer than the pace's wait never fires, only one for the whole answer
    does.
    """

    part: ClassVar[Literal["head", "body"]] = "body"


@dataclass(frozen=True, slots=True)
class EarlyAnswer(Fault):
    """The answer is sent as soon as the request's head has come, before the request's body; then the connection closes.

    The rest of the request's body is read and thrown away for a second. A request without a body cannot be answered
    early.
    """

    layer: ClassVar[Layer] = Layer.TIMING
    early: ClassVar[bool] = True

    @property
    def words(self) -> str:
        """The fault's directive without its trigger."""
        return "early answer"

    def shape(self, request: Request, response: Response) -> Shaped | None:
        """Return the response unchanged, or None if the request is complete."""
        return None if request.is_whole else Shaped(response)


def _slow(name: str, make: Callable[..., Fault]) -> Kind:
    def read(rest: str) -> Fault:
        return make(Pace.parse(rest)) if rest else make()

    return Kind(name, "[N bytes every D]", read, (name, f"{name} 10 bytes every 20ms"))


KINDS = (
    _slow("slow headers", SlowHeaders),
    _slow("slow body", SlowBody),
    plain("early answer", EarlyAnswer),
)
