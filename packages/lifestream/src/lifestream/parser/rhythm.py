"""How often a feed asks to be fetched: `ttl`, `skipHours` and `skipDays` of RSS 2.0, and the syndication module."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from lifestream.entry import Rhythm

_PERIODS: Final = {"hourly": 3600, "daily": 86400, "weekly": 604800, "monthly": 2592000, "yearly": 31536000}
_LONGEST: Final = 10 * 31536000
DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def rhythm(ttl: str, period: str, frequency: str, hours: Iterable[int], days: Iterable[int]) -> Rhythm:
    """Return how often a feed asks to be fetched, by *ttl* (minutes), *period* divided by *frequency* (`sy:…`),
    and the *hours* and *days* to skip.
    """
    minutes = number(ttl)
    seconds = _PERIODS.get(period.lower())
    if seconds is None and frequency:
        seconds = _PERIODS["daily"]  # the default of the syndication module
    return Rhythm(
        ttl=min(minutes * 60, _LONGEST) if minutes else None,
        update_interval=seconds // (number(frequency) or 1) if seconds else None,
        skip_hours=frozenset(hours),
        skip_days=frozenset(days),
    )


def hour(text: str) -> int | None:
    """Return the hour of a `skipHours`, from 0 to 23: RSS 0.91 counted from 1 to 24, RSS 2.0 counts from 0."""
    return int(text) % 24 if len(text) <= 2 and text.isdecimal() and int(text) <= 24 else None


def day(text: str) -> int | None:
    """Return the day of a `skipDays`, 0 for Monday."""
    return DAYS.index(text.lower()) if text.lower() in DAYS else None


def number(text: object) -> int | None:
    """Return *text* as a whole number, or None if it is no whole number of at most 15 digits."""
    found = _NUMBER.fullmatch(str(text or ""))
    return int(found[1].replace(",", "")) if found else None


_NUMBER = re.compile(r"\s*(\d{1,15}|\d{1,3}(?:,\d{3}){1,4})(?:\.0*)?\s*", re.ASCII)


def seconds(text: str) -> int | None:
    """Return the seconds of a duration: "3723", "62:03" or "1:02:03", or "1h 2m 3s", "62 min" or "PT1H2M3S" (ISO 8601);
    fractions are cut off.
    """
    found = _CLOCK.fullmatch(text) or _WORDS.fullmatch(text)
    if not found or not any(found.groups()):
        return None
    hours, minutes, rest = (int(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + rest


_CLOCK = re.compile(r"(?:(?:(\d{1,4}):)?(\d{1,6}):)?(\d{1,9})(?:\.\d*)?", re.ASCII)
_WORDS = re.compile(
    r"(?:PT)?(?:(\d{1,4})\s?h(?:(?:ou)?rs?)?\.?,?\s?)?(?:(\d{1,6})\s?m(?:in(?:ute)?s?)?\.?,?\s?)?"
    r"(?:(\d{1,9})(?:\.\d*)?\s?s(?:ec(?:ond)?s?)?\.?)?",
    re.ASCII | re.IGNORECASE,
)
