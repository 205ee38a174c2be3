"""Ends: the connection is reset, closed or left silent at a place that the client does not expect.

Bytes of the body are counted as they are sent: in their coding, without the framing of chunks. When `after=512` ends
the answer, the kernel has taken exactly 512 bytes of the body.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

from feedserver.faults import places
from feedserver.faults.fault import Fault, Layer
from feedserver.faults.kind import Kind
from feedserver.messages.argument_types import whole
from feedserver.messages.send_plan import CloseConnection, Ended, Flush, Injected, Plan, ResetConnection, Step, Wait

_PLACE = re.compile(r"before answer|after headers|after (?P<size>\d+)(?: bytes?)?|at end", re.IGNORECASE)
_TAKES = "before answer | after headers | after N | at end"
_EXAMPLES = ("before answer", "after headers", "after 512", "at end")


@dataclass(frozen=True, slots=True)
class _End(Fault):
    """A fault that ends an answer at one place: `after=512` bytes of the body, `after="headers"`, `before="answer"`,
    `at="end"`.

    Raises ValueError if no place is given, or more than one, or a number below 0.
    """

    layer: ClassVar[Layer] = Layer.END
    verb: ClassVar[str]
    after: int | Literal["headers"] | None = None
    before: Literal["answer"] | None = None
    at: Literal["end"] | None = None

    def __post_init__(self) -> None:
        Fault.__post_init__(self)
        given = (self.after, self.before, self.at)
        is_valid = (self.after in (None, "headers") or isinstance(self.after, int)) and given[1:] in (
            (None, None),
            ("answer", None),
            (None, "end"),
        )
        if not is_valid or sum(place is not None for place in given) != 1:
            name = type(self).__name__
            raise ValueError(
                f"a {self.verb} is injected at one place; write {name}(before='answer'), {name}(after='headers'), "
                f"{name}(after=512) or {name}(at='end')"
            )
        if isinstance(self.after, int) and self.after < 0:
            raise ValueError(f"a {self.verb} cannot be injected after {self.after} bytes; use 0 or more")

    @property
    def words(self) -> str:
        """The fault's directive without its trigger, such as "reset after 512"."""
        place = "before answer" if self.before else "at end" if self.at else f"after {self.after}"
        return f"{self.verb} {place}"

    def apply(self, plan: Plan) -> Plan:
        """Return *plan* up to the place, followed by the step that ends it; without such a place, *plan* as it is."""
        if self.before:
            rest = yield from places.before_answer(plan, leaves_out=True)
        elif self.at:
            rest = yield from places.at_end(plan)
        elif self.after == "headers" or not self.after:
            rest = yield from places.after_headers(plan)
        else:
            rest = yield from places.after_body(plan, self.after)
        if rest is not None:
            yield from self._broken(rest)

    def _broken(self, rest: Plan) -> Plan:  # noqa: ARG002 - for a fault to which it matters
        """Yield what is done in place of the *rest* of the plan."""
        yield Flush()
        yield Injected(str(self))
        yield self.end()

    @abstractmethod
    def end(self) -> Step:
        """Return the step that ends the answer."""


@dataclass(frozen=True, slots=True)
class Reset(_End):
    """The connection is reset (RST), as by a crashed or overloaded server. The client's read fails; on some
    systems, it first returns what came before.
    """

    verb: ClassVar[str] = "reset"

    def end(self) -> Step:
        """Return the step that resets the connection."""
        return ResetConnection()


@dataclass(frozen=True, slots=True)
class Close(_End):
    """The connection is closed gracefully (FIN), as by a proxy that gives up; clients must notice what is missing."""

    verb: ClassVar[str] = "close"
    remedy: ClassVar[str] = "use a longer body, break it earlier, or have the client keep the connection open"

    @property
    def needs_body(self) -> bool:
        """Whether the connection is closed between bytes of the body."""
        return self.after not in (None, 0, "headers")

    def _broken(self, rest: Plan) -> Plan:
        step = next(rest, None) if self.after is not None else None
        if isinstance(step, CloseConnection):  # nothing is left to cut off
            yield step
        else:
            yield from _End._broken(self, rest)

    def end(self) -> Step:
        """Return the step that closes the connection."""
        return CloseConnection(Ended.CLOSED)


@dataclass(frozen=True, slots=True)
class Stall(_End):
    """Nothing more comes. The connection stays open until the client leaves, the test calls `close_client_connections`,
    or the server stops.
    """

    verb: ClassVar[str] = "stall"

    def end(self) -> Step:
        """Return a wait without end."""
        return Wait(None)


def _reader(make: Callable[..., Fault]) -> Callable[[str], Fault]:
    def read(rest: str) -> Fault:
        match = _PLACE.fullmatch(rest)
        if match is None:
            raise ValueError
        if match["size"]:
            return make(after=whole(match["size"]))
        word, place = rest.lower().split()
        return make(**{word: place})

    return read


KINDS = tuple(
    Kind(end.verb, _TAKES, _reader(end), tuple(f"{end.verb} {place}" for place in _EXAMPLES))
    for end in (Reset, Close, Stall)
)
