"""Durations as text, delays, and the pace at which a body is sent."""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import timedelta

from feedserver.messages.argument_types import check_is, named, seconds_of

_DURATION = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>ms|s|m|h|d|w)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_PACE = re.compile(r"(?P<bytes>\d{1,18})\s*bytes?\s+every\s+(?P<interval>.+)", re.IGNORECASE)


def parse_duration(text: str) -> float:
    """Convert "250ms", "2s", "1.5m", "2h", "1d" or "1w" to seconds. Raises ValueError with the remedy."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        written = named(text.strip())
        raise ValueError(f"{written} is no duration; write a number and a unit, such as 250ms, 2s, 1m, 2h or 1d")
    return seconds_of(f"a duration, {named(text.strip())},", float(match["number"]) * _SECONDS[match["unit"]])


class RandomDelay(ABC):
    """A delay that is drawn again for each request."""

    __slots__ = ()

    @abstractmethod
    def draw(self, number: int) -> float:
        """Return the seconds for the request with this *number*, counted from 1; repeated calls agree."""

    @abstractmethod
    def __str__(self) -> str:
        """Return the delay as a directive has it."""


def delay_of(value: float | timedelta | str | RandomDelay) -> float | RandomDelay:
    """Return *value* as `Response.delay` has it: in seconds, or a distribution.

    Raises TypeError or ValueError with the remedy.
    """
    if isinstance(value, RandomDelay):
        return value
    return parse_delay(value) if isinstance(value, str) else seconds_of("a delay", value)


def parse_delay(text: str) -> float | RandomDelay:
    """Read a delay from text: a duration, which is returned in seconds, or a distribution (see `delays`).

    Raises TypeError or ValueError with the remedy.
    """
    check_is("a delay", text, str, "give text, such as '250ms' or '100ms to 500ms'")
    if " " not in text.strip() or _DURATION.fullmatch(text.strip()):
        return parse_duration(text)
    from feedserver.messages.delays import parse_random_delay  # few servers draw a delay

    return parse_random_delay(text.strip())


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a body is sent: *bytes* bytes every *seconds* seconds."""

    bytes: int
    seconds: float

    def __post_init__(self) -> None:
        check_is("the bytes of a Pace", self.bytes, int, "give a whole number, such as 1000")
        check_is("the seconds of a Pace", self.seconds, (int, float), "give a number, such as 0.05")
        if not 0 <= self.seconds < math.inf:
            raise ValueError(
                f"a pace of {self.bytes} bytes every {self.seconds} s is impossible; give 0 or more seconds"
            )
        if self.bytes < 1:
            raise ValueError(f"a pace of {self.bytes} bytes every {self.seconds} s never ends; send 1 byte or more")

    @classmethod
    def parse(cls, text: str) -> Pace:
        """Read "1000 bytes every 50ms". Raises TypeError or ValueError with the remedy."""
        check_is("a pace", text, str, "give text, such as '1000 bytes every 50ms'")
        match = _PACE.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{named(text.strip())} is no pace; write it as '1000 bytes every 50ms'")
        return cls(int(match["bytes"]), parse_duration(match["interval"]))
