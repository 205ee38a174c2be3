"""What a fault is: a frozen value with hooks, each of which may break an answer at another stage."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from enum import IntEnum
from typing import ClassVar

from feedserver.messages.field_types import check_fields
from feedserver.messages.request import Request
from feedserver.messages.response import Injectable, Response
from feedserver.messages.send_plan import Plan
from feedserver.messages.triggers import EACH_TIME, When


class Layer(IntEnum):
    """What of an answer a fault breaks. Those of a lower layer go first, whatever the order of their declaration.

    What has no end comes after what leaves something out, since leaving out what has no end would never end either.
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

    A fault is a frozen dataclass, so that a response which holds it stays a value. Its hooks are asked in this order,
    and each may leave the answer as it is:

    - `prepare`, before the request is negotiated, makes the response one that can be broken so: it asks for a coding,
      or for chunks.
    - `shape`, when the body is coded and cut to its range, breaks the response as a value.
    - `apply` breaks the plan: what is sent, in which order, when, and how it ends.

    One that is *early* does not wait for the request's body.
    """

    layer: ClassVar[Layer]
    early: ClassVar[bool] = False
    when: When = field(default=EACH_TIME, kw_only=True)

    def __post_init__(self) -> None:
        """Check the types of the fields. A fault with a `__post_init__` of its own calls this first."""
        check_fields(self)

    @property
    @abstractmethod
    def words(self) -> str:
        """What a directive calls it, without *when*: "reset after 512"."""

    def __str__(self) -> str:
        """The whole directive, which gives the same fault again: "reset after 512 on request 2"."""
        return f"{self.words} {self.when}".rstrip()

    def prepare(self, response: Response) -> Response:
        """Return the response that can be broken so. This breaks nothing yet."""
        return response

    def shape(self, request: Request, response: Response) -> Shaped | None:  # noqa: ARG002 - for subclasses
        """Return the broken response; None where there is nothing to break, such as the body of a 304."""
        return None

    def apply(self, plan: Plan) -> Plan:
        """Return the plan that misbehaves, as lazily as *plan* is, with an `Injected` where it does."""
        return plan


@dataclass(frozen=True, slots=True)
class Shaped:
    """A *response* that a fault has broken, from that byte of its body on."""

    response: Response
    at: int = 0

    def __post_init__(self) -> None:
        check_fields(self)
