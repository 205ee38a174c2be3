"""What a server decides to do with a request: `handler` returns a `Prepared` or a `Pending` to the connection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from feedserver.handler.exchange import Exchange
from feedserver.messages.request import Request
from feedserver.messages.send_plan import Plan


@dataclass(slots=True)  # not frozen: a frozen one would cost each request twice as much
class Received:
    """A *request* with its *exchange*, for the journal; *keep_alive*: its connection may be used again."""

    exchange: Exchange
    request: Request
    keep_alive: bool


@dataclass(frozen=True, slots=True)
class Prepared:
    """What to send: *whole* at once, or *plan* step by step, or nothing. *keep_alive*: the connection may be
    used again.
    """

    exchange: Exchange
    whole: bytes | None
    plan: Plan | None
    keep_alive: bool


@dataclass(frozen=True, slots=True)
class Pending:
    """An answer that a thread must make.

    *work* makes it, *name* says what runs there, *give_up* returns the answer for work that overruns its time.

    Neither *work* nor *give_up* raises: an error in them becomes an answer of 500 and a problem.
    """

    exchange: Exchange
    name: str
    work: Callable[[], Prepared]
    give_up: Callable[[], Prepared]


Decision: TypeAlias = Prepared | Pending
