"""What a connection can be told to do, as values.

A plan is a lazy iterator of steps, so it can be endless, and nothing of it is made before the transport has taken what
came before. `connection.py` plays plans and knows no fault by name; faults turn one plan into another.

TLS is no step: a client's first byte tells whether it speaks it, whatever the plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

Part: TypeAlias = Literal["head", "body", "framing"]


@dataclass(frozen=True, slots=True)
class Read:
    """Read the next request and answer it. A plan that ends without `Read`, `Close` or `Reset` closes."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send *data*, which is a *part* of the answer; only "body" counts for "after N bytes"."""

    data: bytes
    part: Part = "body"


@dataclass(frozen=True, slots=True)
class Wait:
    """Send nothing for so many *seconds*; None means until the client leaves or the server stops."""

    seconds: float | None


@dataclass(frozen=True, slots=True)
class Flush:
    """Go on only when the kernel has taken every byte sent so far."""


@dataclass(frozen=True, slots=True)
class Struck:
    """Note in the journal that a *fault* has struck: here, or *at* that byte of the body."""

    fault: str
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Close:
    """End the connection in order: everything is sent, then FIN. *ended* is the journal's word for it."""

    ended: str = "complete"


@dataclass(frozen=True, slots=True)
class Reset:
    """End the connection with RST (linger 0), since a plain abort looks like an end of file."""


Step: TypeAlias = Read | Send | Wait | Flush | Struck | Close | Reset
Plan: TypeAlias = Iterator[Step]
