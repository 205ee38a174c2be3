"""Delays that are drawn again for each request, from a distribution.

    250ms                                              always the same
    100ms to 500ms                                     all in between are equally likely
    lognormal median 90ms sigma 0.5                    half of them shorter, and a long tail, as real servers have; none
                                                       is over 10s
    lognormal median 90ms sigma 0.5 at most 2s seed 7  none is over 2s, and another seed draws others

Each delay depends on the seed and on the number of the request alone, so every run of a test draws the same delays.
"""

from __future__ import annotations

import math
import random
import re
from dataclasses import dataclass

from feedserver.messages.argument_types import named, seconds_of
from feedserver.messages.field_types import check_fields
from feedserver.messages.pacing import RandomDelay, parse_duration

_SEED = r"(?:\s+seed\s+(?P<seed>-?\d{1,18}))?"
_UNIFORM = re.compile(rf"(?P<least>\S+)\s+to\s+(?P<most>\S+){_SEED}", re.IGNORECASE)
_LOGNORMAL = re.compile(
    rf"lognormal\s+median\s+(?P<median>\S+)\s+sigma\s+(?P<sigma>[\d.]+)(?:\s+at\s+most\s+(?P<most>\S+))?{_SEED}",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class UniformDelay(RandomDelay):
    """A delay of *least* to *most* seconds, all of which are equally likely; another *seed* draws others."""

    least: float
    most: float
    seed: int = 0

    def __post_init__(self) -> None:
        check_fields(self)
        seconds_of("UniformDelay(least=…)", self.least)
        seconds_of("UniformDelay(most=…)", self.most)
        if self.least > self.most:
            raise ValueError(
                f"a delay of {self.least:g} s to {self.most:g} s is impossible; give the shorter one first"
            )

    def draw(self, number: int) -> float:
        """Return the seconds for the request with this *number*; repeated calls agree."""
        return _chance(self.seed, number).uniform(self.least, self.most)

    def __str__(self) -> str:
        return f"{_text(self.least)} to {_text(self.most)}{_seed(self.seed)}"


@dataclass(frozen=True, slots=True)
class LognormalDelay(RandomDelay):
    """A delay with a long tail: half are below *median* seconds; *sigma* is the standard deviation of their logarithm.

    No delay is longer than *most* seconds; another *seed* draws others. With sigma 0.5, one in twenty is longer than
    2.3 times the median.
    """

    median: float
    sigma: float
    most: float = 10.0
    seed: int = 0

    def __post_init__(self) -> None:
        check_fields(self)
        seconds_of("LognormalDelay(most=…)", self.most)
        if not 0 < self.median < math.inf:
            raise ValueError(f"LognormalDelay(median=…) is {self.median}; give more than 0 seconds")
        if not 0 <= self.sigma <= 10:
            raise ValueError(f"LognormalDelay(sigma=…) is {self.sigma}; give a number from 0 to 10, such as 0.5")

    def draw(self, number: int) -> float:
        """Return the seconds for the request with this *number*; repeated calls agree."""
        return min(self.most, _chance(self.seed, number).lognormvariate(math.log(self.median), self.sigma))

    def __str__(self) -> str:
        return (
            f"lognormal median {_text(self.median)} sigma {self.sigma!r} at most {_text(self.most)}{_seed(self.seed)}"
        )


def parse_random_delay(text: str) -> RandomDelay:
    """Read a distribution of delays from text, in any form of this module's docstring but "250ms", which has no
    distribution: `pacing.parse_delay` reads all forms.

    Raises ValueError with the remedy.
    """
    if match := _LOGNORMAL.fullmatch(text):
        most = parse_duration(match["most"]) if match["most"] else 10.0
        try:
            sigma = float(match["sigma"])
        except ValueError:
            raise ValueError(f"{named(match['sigma'])} is no sigma; write a number, such as 0.5") from None
        return LognormalDelay(parse_duration(match["median"]), sigma, most, int(match["seed"] or 0))
    if match := _UNIFORM.fullmatch(text):
        return UniformDelay(parse_duration(match["least"]), parse_duration(match["most"]), int(match["seed"] or 0))
    raise ValueError(
        f"{named(text)} is no delay; write '250ms', '100ms to 500ms', or 'lognormal median 90ms sigma 0.5', with "
        "'seed 7' if need be"
    )


def _chance(seed: int, number: int) -> random.Random:
    return random.Random(f"{seed}/{number}")  # noqa: S311 - chance, no secret


def _text(seconds: float) -> str:
    return f"{seconds * 1000:.15g}ms" if seconds < 1 else f"{seconds:.15g}s"


def _seed(seed: int) -> str:
    return f" seed {seed}" if seed else ""
