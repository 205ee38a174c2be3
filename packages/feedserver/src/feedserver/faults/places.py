"""Places in a plan where faults break it.

A function that returns `UpTo` yields the steps up to its place, and returns the rest of the plan. If the plan has no
such place, it yields all steps and returns None. So a fault reads:

    rest = yield from after_body(plan, 512)
    if rest is not None:
        ...
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from itertools import chain
from typing import TypeAlias, TypeGuard

from feedserver.messages.send_plan import (
    Await,
    CloseConnection,
    Injected,
    Plan,
    Read,
    ResetConnection,
    Send,
    SendHead,
    Step,
    Wait,
)

UpTo: TypeAlias = Generator[Step, None, Plan | None]


def before_answer(plan: Plan, *, leaves_out: bool = False) -> UpTo:
    """Yield the steps, such as a delay, before the first one that sends or reads.

    The plan of a new connection has this place, too, although it only reads. *leaves_out* says that the caller will
    leave out the rest. Then the `Injected` steps of the faults that break the rest are in the rest, too.
    """
    faults: list[Step] = []
    for step in plan:
        if isinstance(step, SendHead | Send | Read):
            return chain(faults, (step,), plan)
        if leaves_out and isinstance(step, Injected):
            faults.append(step)
            continue
        if isinstance(step, CloseConnection | ResetConnection) or step == Wait(None):  # a fault ends the answer here
            yield from faults
            faults.clear()
        yield step
    yield from faults
    return None


def before_head(plan: Plan) -> UpTo:
    """Yield the steps before the first one that sends the head or reads: a delay, interim answers."""
    for step in plan:
        if isinstance(step, SendHead | Send | Read) and not is_interim(step):
            return chain((step,), plan)
        yield step
    return None


def after_headers(plan: Plan) -> UpTo:
    """Yield the steps up to the last byte of the head. A fault that breaks the body is in the rest."""
    seen = False
    faults: list[Step] = []
    for step in plan:
        if seen and (
            isinstance(step, Read | CloseConnection | Await) or (isinstance(step, Send) and step.part != "head")
        ):
            return chain(faults, (step,), plan)
        seen = seen or (isinstance(step, SendHead | Send) and not is_interim(step))
        if seen and isinstance(step, Injected):
            faults.append(step)
        else:
            yield from faults
            faults.clear()
            yield step
    yield from faults
    return None


def after_body(plan: Plan, size: int) -> UpTo:
    """Yield the steps up to the end of the first *size* bytes of the body. *size* may be that of the whole body."""
    for step in plan:
        if isinstance(step, Send) and step.part == "body":
            if len(step.data) >= size:
                if size:
                    yield Send(step.data[:size])
                return chain(_unless_empty(step.data[size:]), plan)
            size -= len(step.data)
        yield step
    return None


def at_end(plan: Plan) -> UpTo:
    """Yield all steps up to the one that reads the next request or closes the connection."""
    for step in plan:
        if isinstance(step, Read | CloseConnection):
            return iter((step,))
        yield step
    return None


def is_body(step: Step) -> TypeGuard[Send]:
    """Return whether *step* sends a part of the body."""
    return isinstance(step, Send) and step.part == "body"


def is_interim(step: Step) -> TypeGuard[Send]:
    """Return whether *step* sends an interim answer."""
    return isinstance(step, Send) and step.part == "interim"


def is_head(step: Step) -> TypeGuard[SendHead | Send]:
    """Return whether *step* sends a head, or a part of one as bytes."""
    return isinstance(step, SendHead) or (isinstance(step, Send) and step.part == "head")


def head_bytes(step: SendHead | Send) -> bytes:
    """Return the bytes that a step which sends a head sends over HTTP/1.1."""
    return step.head.in_http1() if isinstance(step, SendHead) else step.data


def is_chunk_size(step: Step) -> TypeGuard[Send]:
    """Return whether *step* sends the line before a chunk, the last one included (RFC 9112 §7.1)."""
    return isinstance(step, Send) and step.part == "framing" and step.data != b"\r\n"


def is_last_chunk(step: Step) -> TypeGuard[Send]:
    """Return whether *step* sends the end of a body in chunks."""
    return is_chunk_size(step) and step.data.startswith(b"0")


def closing(plan: Plan) -> Plan:
    """Yield the steps of *plan*, but close instead of reading: the client cannot know where another answer
    would begin.
    """
    for step in plan:
        yield CloseConnection() if isinstance(step, Read) else step


def _unless_empty(data: bytes) -> Iterator[Step]:
    if data:
        yield Send(data)
