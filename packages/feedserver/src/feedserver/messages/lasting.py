"""Answers that a route gives for a period of time, instead of once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from feedserver.messages.argument_types import named, seconds_of
from feedserver.messages.pacing import parse_duration
from feedserver.messages.response import Answer, Response


@dataclass(frozen=True, slots=True)
class Lasting:
    """An *answer* that every request gets for some *seconds*, counted from the first one; made by `lasting`."""

    answer: Answer
    seconds: float


def lasting(answer: Answer, duration: float | timedelta | str) -> Lasting:
    """Return *answer* as a step of a timeline that every request gets for a *duration*; then the next answer follows.

    The time begins with the first request, except HEAD, that gets the answer, and is measured by the server's clock,
    which a test can move. *duration* is in seconds, a `timedelta` or text such as "2h". Raises TypeError for an
    *answer* that is neither a Response nor a callable, TypeError or ValueError for other durations, and ValueError for
    0.
    """
    if not isinstance(answer, Response) and not callable(answer):
        raise TypeError(f"the answer of lasting() is {named(answer)}; give a Response or a callable that makes one")
    seconds = (
        parse_duration(duration) if isinstance(duration, str) else seconds_of("the duration of lasting()", duration)
    )
    if not seconds:
        raise ValueError(
            "the duration of lasting() is 0; give more, such as '2h', or the answer alone, which is given once"
        )
    return Lasting(answer, seconds)
