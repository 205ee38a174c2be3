"""The time of day and its zone: the patterns of both, and the moment that they name together with a day."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lifestream.parser.date_standards import WIDEST
from lifestream.parser.date_words import ZONES

CLOCK: Final = (
    r"(?P<clock>\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?|\d{1,2}\.\d\d\.\d\d(?![.\d])|\d{1,2}(?=\s?[ap]\.?m(?![^\W\d_])))"
)
HALF: Final = r"(?:\s?(?P<half>[ap]\.?m\.?(?![^\W\d_])))?"
_PLACE: Final = r"[A-Z][A-Za-z]{1,15}/[A-Za-z_]{2,30}(?:/[A-Za-z_]{2,30})?"
ZONE: Final = (
    r"(?P<zone>(?:(?:UTC|GMT|UT)\s?)?:?[+-]\s?\d{1,2}(?::?\d\d?)?(?::\d\d)?Z?(?:\s[A-Za-z]{1,5})?"
    rf"|{_PLACE}|[A-Za-z]{{1,5}}|(?<=\s)0{{2,4}})"
)
BEFORE_TIME: Final = (
    *(
        "a la",
        "a las",
        "a les",
        "ás",
        "alle",
        "alle ore",
        "at",
        "ve",
        "v",
        "à",
        "à la",
        "às",
        "as",
        "gegen",
        "h.",
        "jam",
    ),
    *("kell", "kello", "kl", "kl.", "klo", "klockan", "klokken", "la", "la ora", "las", "lúc", "o", "o godz.", "godz."),
    *(
        "o godzinie",
        "ob",
        "om",
        "ora",
        "ore",
        "pukul",
        "saat",
        "saat:",
        "u",
        "um",
        "в",
        "във",
        "о",
        "об",
        "στη",
        "στις",
    ),
    *("ώρα", "الساعة", "בשעה", "เวลา"),
)
"""What stands between a day and its time in the languages of feeds, as in "4 de mayo de 2020 a las 10:00"."""
_AT: Final = "|".join(re.escape(words).replace(r"\ ", r"\s") for words in BEFORE_TIME)
TO_TIME: Final = rf",?\s(?:(?:-|@|{_AT})\s)?"
TIME: Final = rf"{CLOCK}{HALF}(?:\s?{ZONE})?"


def full_year(digits: str) -> int:
    """Return the year that *digits* mean: if there are two or three of them, by RFC 5322 §4.3."""
    year = int(digits)
    if len(digits) == 2:
        return year + (2000 if year < 50 else 1900)
    return year + 1900 if len(digits) == 3 else year


_OFFSET = re.compile(r"(?:UTC|GMT|UT)?\s?:?([+-])\s?(\d{1,2})(?::?(\d\d?))?(?::\d\d)?Z?(?:\s[A-Za-z]*)?", re.IGNORECASE)


def moment(day: date, clock: str | None, half: str | None, zone: str | None) -> datetime | None:
    """Return the moment of *day* at *clock*, or at midnight without one: in UTC, or naive if *zone* is missing or
    unknown (RFC 5322 §4.3).

    *half* is am, pm or nothing. Return None for a time that no clock shows, or an offset that no place on Earth has.
    Raises OverflowError for a moment outside of the years 1 to 9999.
    """
    hour, minute, second = 0, 0, 0
    if clock:
        parts = clock.split(":" if ":" in clock else ".")
        hour, minute, second = (int(re.split("[.,]", part)[0]) for part in (*parts, "0", "0")[:3])
        if half:
            afternoon = half[0].lower() == "p"
            if hour > 23 or (hour == 0 and afternoon):
                return None
            if hour <= 12 and (hour == 12) != afternoon:
                hour = (hour + 12) % 24
        if hour > 24 or minute > 59 or second > 60:
            return None
        if hour == 24 and (minute or second):  # from programs that count the hours from 1 to 24
            hour = 0
    local = datetime.combine(day, time.min) + timedelta(hours=hour, minutes=minute, seconds=second)
    if zone and "/" in zone:
        place = _place(zone)
        return local.replace(tzinfo=place).astimezone(UTC) if place else local
    offset = _minutes(zone or "")
    if offset is None:
        return local
    return (local - timedelta(minutes=offset)).replace(tzinfo=UTC) if abs(offset) <= WIDEST else None


@lru_cache(maxsize=256)
def _place(name: str) -> ZoneInfo | None:
    """Return the time zone of a place, such as Europe/Brussels, or None if it is unknown."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _minutes(zone: str) -> int | None:
    """Return how many minutes *zone* is east of Greenwich, or None if it is missing or unknown."""
    found = _OFFSET.fullmatch(zone)
    if not found:
        return ZONES.get(zone.lower())
    hours, rest = found[2], found[3] or "0"
    if found[3] and len(hours + rest) == 3 and ":" not in zone:  # a zero is missing: -040 is -0400, and -700 is -0700
        hours, rest = (hours, f"{rest}0") if hours[0] == "0" else (hours[0], hours[1] + rest)
    minutes = int(hours) * 60 + int(rest)
    return minutes if found[1] == "+" else -minutes
