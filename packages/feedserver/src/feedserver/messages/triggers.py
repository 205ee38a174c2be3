"""Triggers: which of the requests that a response answers make its fault happen.

    reset after 512                              each time
    reset after 512 on request 2                 the second time only
    reset after 512 on every 3rd request         the third time, the sixth, …
    reset after 512 from request 2               the second time and ever after
    reset after 512 with probability 0.3 seed 7  about three times in ten, the same ones in every run

Requests are counted as a timeline counts them: HEAD is not counted, nor is a request that must log in first. If a
callable makes the answer, each request except HEAD is counted, also one that must log in. Each answer that was given to
`add`, and each file, has its own count.
"""

from __future__ import annotations

import random
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from feedserver.messages.argument_types import check_is, shown, whole
from feedserver.messages.field_types import check_fields


class When(ABC):
    """The trigger of a fault: on which requests it is injected."""

    __slots__ = ()

    @abstractmethod
    def strikes(self, number: int) -> bool:
        """Return whether the request with this *number*, counted from 1, triggers the fault."""

    @abstractmethod
    def __str__(self) -> str:
        """Return the words at the end of a directive, "" for each time."""


@dataclass(frozen=True, slots=True)
class EachTime(When):
    """On each request: the default, without words of its own."""

    def strikes(self, number: int) -> bool:
        """Return True, since requests are counted from 1: each of them triggers the fault."""
        return number > 0

    def __str__(self) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class OnRequest(When):
    """Once, on the request with this *number*."""

    number: int

    def __post_init__(self) -> None:
        check_fields(self)
        _check(self.number)

    def strikes(self, number: int) -> bool:
        """Return whether *number* is that of the one request."""
        return number == self.number

    def __str__(self) -> str:
        return f"on request {self.number}"


@dataclass(frozen=True, slots=True)
class OnEvery(When):
    """On every *number*-th request: `OnEvery(3)` is the third, the sixth, …"""

    number: int

    def __post_init__(self) -> None:
        check_fields(self)
        _check(self.number)

    def strikes(self, number: int) -> bool:
        """Return whether *number* is a multiple of the trigger's number."""
        return number % self.number == 0

    def __str__(self) -> str:
        return f"on every {self.number}{_ordinal(self.number)} request"


@dataclass(frozen=True, slots=True)
class FromRequest(When):
    """On the request with this *number* and on all that follow."""

    number: int

    def __post_init__(self) -> None:
        check_fields(self)
        _check(self.number)

    def strikes(self, number: int) -> bool:
        """Return whether *number* is the trigger's number or higher."""
        return number >= self.number

    def __str__(self) -> str:
        return f"from request {self.number}"


@dataclass(frozen=True, slots=True)
class WithProbability(When):
    """By chance, with a *probability* between 0 and 1; the same *seed* chooses the same requests in every run."""

    probability: float
    seed: int = 0

    def __post_init__(self) -> None:
        check_fields(self)
        if not 0 <= self.probability <= 1:
            raise ValueError(f"{shown(self.probability)} is no probability; use a number from 0 to 1")

    def strikes(self, number: int) -> bool:
        """Return whether chance chooses this request. Depends on seed and *number* alone: repeated calls agree."""
        return random.Random(f"{self.seed}/{number}").random() < self.probability  # noqa: S311 - chance, no secret

    def __str__(self) -> str:
        return f"with probability {self.probability!r} seed {self.seed}"


EACH_TIME = EachTime()

_ENDINGS: tuple[tuple[str, Callable[[re.Match[str]], When]], ...] = (
    (r"on\s+request\s+(\d+)", lambda match: OnRequest(whole(match[1]))),
    (r"on\s+every\s+(\d+)(?:st|nd|rd|th)\s+request", lambda match: OnEvery(whole(match[1]))),
    (r"from\s+request\s+(\d+)", lambda match: FromRequest(whole(match[1]))),
    (
        r"with\s+probability\s+((?>(?:\d*+\.)?)\d++(?:e-\d++)?)(?:\s+seed\s+(-?\d+))?",
        lambda match: WithProbability(float(match[1]), whole(match[2] or "0")),
    ),
)


def split_when(text: str) -> tuple[str, When]:
    """Split "reset after 512 on request 2" into the fault and its trigger.

    Raises TypeError or ValueError with the remedy.
    """
    check_is("a directive", text, str, "give text, such as 'reset after 512 on request 2'")
    text = text.strip()
    for pattern, make_trigger in _ENDINGS:
        match = re.search(rf"(?:^|\s){pattern}$", text, re.IGNORECASE)
        if match is not None:
            return text[: match.start()].rstrip(), make_trigger(match)
    return text, EACH_TIME


def _check(number: int) -> None:
    if number < 1:
        raise ValueError(f"there is no request {number}; they are counted from 1")


def _ordinal(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
