"""Dates that consist of numbers with the year at their end, or with a year of two digits at their beginning: 99/08/17.

Other dates of the document may be needed to find out which number is the day.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from lifestream.parser.date_times import CLOCK, HALF, TIME, TO_TIME, full_year, moment
from lifestream.parser.date_words import WEEKDAYS, plain

_NUMERIC = re.compile(
    rf"""
    (?P<first>\d{{1,2}})(?P<dash>[/.-]|\s)\s?(?P<second>\d{{1,2}})(?P=dash)\s?(?P<year>\d{{4}}|\d\d)(?:\.(?![\d.]))?
    (?:{TO_TIME}{TIME}|\s(?P<alone>[+-]\d\d:?\d\d))?
    """,
    re.VERBOSE | re.IGNORECASE,
)
_WEEKDAY = re.compile(r"(?:(?:thứ|chủ)\s)?([^\W\d_]+)(?:-feira)?\.?\s?,?\s?(?=\d)", re.IGNORECASE)
_TIME_FIRST = re.compile(rf"({CLOCK}{HALF}),?\s(?:-\s)?(\d[\d/.-]*)((?:\s\S+)?)", re.IGNORECASE)


def in_order(text: str) -> tuple[str, int | None]:
    """Return *text* without a day of the week at its beginning, and with the time after the date. The second value is
    the number of that day of the week, 0 for Monday, or None.
    """
    weekday = None
    if (found := _WEEKDAY.match(text)) and (weekday := WEEKDAYS.get(plain(found[1]))) is not None:
        text = text[found.end() :]
    if found := _TIME_FIRST.fullmatch(text):
        text = f"{found[4]} {found[1]}{found[5]}"
    return text, weekday


@dataclass(frozen=True, slots=True)
class Numbers:
    """A date in numbers: the *first*, the *second*, and the *year*; *time* has its clock, half of the day and zone.

    *proves_day_first* says whether the first number is the day, if the numbers or the day of the week decide that, and
    is None otherwise. *day_first* also goes by the form: in a date with dots, the day comes first. For 99/08/17, the
    year and the day have changed places, so *first* is 17 and *day_first* is True; *proves_day_first* is None.
    """

    first: int
    second: int
    year: int
    time: tuple[str | None, str | None, str | None]
    proves_day_first: bool | None
    day_first: bool | None

    def at(self, *, day_first: bool) -> datetime | None:
        """Return the moment of this date. *day_first* says whether its first number is the day, or else the month."""
        day, month = (self.first, self.second) if day_first else (self.second, self.first)
        return moment(date(self.year, month, day), *self.time)


def numbers(text: str) -> Numbers | None:
    """Return the date in *text* if it consists of numbers, with the year at the end or at the beginning; None for other
    texts. The first number is the year if it is more than 31 and the last one has two digits, as in 99/08/17. With
    spaces between the numbers, *text* is a date only if it begins with a day of the week and its year has four digits.
    May raise ValueError for a day or a month that no calendar has.
    """
    text, weekday = in_order(text)
    found = _NUMERIC.fullmatch(text)
    if not found or (found["dash"] == " " and (weekday is None or len(found["year"]) == 2)):
        return None
    first, second, last = found["first"], found["second"], found["year"]
    year_first = len(last) == 2 and int(first) > 31  # 99/08/17
    if year_first:
        first, last = last, first
    proven = None if year_first else _is_day_first(int(first), int(second), full_year(last), weekday)
    day_first = True if proven is None and (year_first or found["dash"] == "." or first == second) else proven
    time = (found["clock"], found["half"], found["zone"] or found["alone"])
    return Numbers(int(first), int(second), full_year(last), time, proven, day_first)


def _is_day_first(first: int, second: int, year: int, weekday: int | None) -> bool | None:
    if first > 12 or second > 12:
        return first > 12
    fits = [date(year, month, day).weekday() == weekday for day, month in ((first, second), (second, first))]
    return fits[0] if fits[0] != fits[1] else None
