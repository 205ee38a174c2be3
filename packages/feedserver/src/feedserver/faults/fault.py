"""The base class of faults: a frozen value with hooks, each of which may break an answer at another stage."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import ClassVar

from feedserver.messages.field_types import check_fields
from feedserver.messages.headers import Headers
from feedserver.messages.request import Request
from feedserver.messages.response import Injectable, Response
from feedserver.messages.send_plan import Plan
from feedserver.messages.triggers import EACH_TIME, When


class Layer(IntEnum):
    """The part of an answer that a fault breaks. Faults of a lower layer are applied first, however they are ordered.

    The faults of ENDLESS send a head without end. They come after those of HEAD, some of which skip the steps of
    the head: an endless head would be skipped for ever.
    """

    BODY = 1
    FRAMING = 2
    HEAD = 3
    ENDLESS = 4
    TIMING = 5
    END = 6


@dataclass(frozen=True, slots=True)
class Fault(Injectable, ABC):
    """A way to break an answer, *when* it is triggered; `faults/template.py` shows how to write one.

    A fault is a frozen dataclass, so that a response which has it stays a value. Its hooks are called in this order,
    and each may leave the answer unchanged:

    - `prepare`, before the request is negotiated, changes the response so that this fault can break it: its body is
      then coded, not coded, or sent in chunks.
    - `shape`, when the body is coded and cut to its range, returns the broken response.
    - `apply` breaks the plan: what is sent, in which order, when, and how it ends.

    A fault that is *early* does not wait for the request's body. *remedy* says what to do if the fault finds nothing to
    break in an answer. It is not used for an early fault, nor for an answer without a body if the fault *needs_body*.
    """

    layer: ClassVar[Layer]
    early: ClassVar[bool] = False
    remedy: ClassVar[str] = "use a longer body, or break it earlier"
    when: When = field(default=EACH_TIME, kw_only=True)

    def __post_init__(self) -> None:
        """Check the types of the fields. A subclass with a `__post_init__` of its own calls this first."""
        check_fields(self)

    @property
    def needs_body(self) -> bool:
        """Whether there is nothing for the fault to break in an answer without a body."""
        return True

    @property
    @abstractmethod
    def words(self) -> str:
        """The directive that describes the fault, without its trigger (*when*): "reset after 512"."""

    def __str__(self) -> str:
        """Return the whole directive, from which `parse` makes an equal fault: "reset after 512 on request 2".

        There are exceptions: the wait of a pace is rounded; a false coding loses capitals, and must have no blanks; in
        a directive that names header fields, such as "interim 103 X-A: b", blanks around a value are lost, and the end
        of a value may be read as a trigger.
        """
        return f"{self.words} {self.when}".rstrip()

    def prepare(self, response: Response) -> Response:
        """Return the response changed so that this fault can break it, for example coded. This breaks nothing yet."""
        return response

    def shape(self, request: Request, response: Response) -> Shaped | None:  # noqa: ARG002 - for subclasses
        """Return the broken response, or None if there is nothing to break, such as the body of a 304."""
        return None

    def apply(self, plan: Plan) -> Plan:
        """Return the broken plan, as lazy as *plan* is, with an `Injected` step where the fault breaks it."""
        return plan


@dataclass(frozen=True, slots=True)
class Shaped:
    """A *response* that a fault has broken, from byte *at* of its body on."""

    response: Response
    at: int = 0

    def __post_init__(self) -> None:
        check_fields(self)


def declaring(response: Response, headers: Headers) -> Response:
    """Return *response* with *headers* in place of its own, none of them omitted: a fault may send what is left out."""
    return replace(response, headers=headers, omit=response.omit - {name.lower() for name in headers})
