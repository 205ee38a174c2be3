"""A date as feeds write it → a moment in UTC, or None: never a guess.

These forms are understood: RFC 822 and its variants on real sites (months in many languages, years of two digits,
weekdays, zones by name); ISO 8601 with weeks, ordinal days and its basic form; numbers with the year first; Chinese,
Japanese and Korean dates; seconds, milliseconds or microseconds since 1970. A date without a zone is taken to be in
UTC. Missing parts are never filled in from today's date: text that isn't understood is no date (READING.md, rules 19
and 20).

`03/04/2020` may be in March or April. `Calendar` decides by the other dates of the document: if one of them has a
number above 12 in the same place, that place is the day. If none has, the text is no date.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Final

from lifestream.content.html_tokenizer import name_set
from lifestream.parser.date_words import MONTHS, ZONES, plain
from lifestream.plugins.reading_notes import Notes

LONGEST: Final = 100
"""The maximum length of a text that is read as a date, in characters."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Calendar:
    """A reader for the dates of one document. *others* returns all of them; it is called only if a date is
    ambiguous. *notes* are told how each date was understood.
    """

    def __init__(self, others: Callable[[], Iterable[str]] = tuple, notes: Notes | None = None) -> None:
        self._others = others
        self._notes = notes
        self._day_first: bool | None = None
        self._asked = False

    def read(self, text: str) -> datetime | None:
        """Return the moment that *text* names, in UTC, or None if it isn't understood or names none that exists."""
        if not text:
            return None
        moment, form = self._understood(text)
        if self._notes is not None:
            self._note(self._notes, text, moment, form)
        return moment

    def _understood(self, text: str) -> tuple[datetime | None, str]:
        """Return the moment that *text* names, and the form in which it does."""
        if len(text) > LONGEST:
            return None, ""
        try:
            if moment := _common(text):
                return moment, "RFC 3339" if _RFC_3339.fullmatch(text) else "RFC 822"
            normal = _normal(text)
            for form, read in (*_FORMS, ("numbers", self._numeric), ("words", _worded)):
                if moment := read(normal):
                    return moment, form
        except (ValueError, OverflowError):
            pass  # a day or an hour that no calendar has
        return None, ""

    @staticmethod
    def _note(notes: Notes, text: str, moment: datetime | None, form: str) -> None:
        if moment is None:
            notes.undated.append(text[:LONGEST])
        else:
            zoned = form == "seconds since 1970" or _gives_zone(text)
            notes.dates.setdefault(moment, (text, form if zoned else f"{form}, without a zone, so UTC"))

    def _numeric(self, text: str) -> datetime | None:
        found = _NUMERIC.fullmatch(text)
        if not found:
            return None
        first, second, year = int(found["first"]), int(found["second"]), int(found["year"])
        day_first = True if found["dash"] == "." else _is_day_first(first, second)
        if day_first is None:
            day_first = self._is_day_first()
        if day_first is None:
            return None
        day, month = (first, second) if day_first else (second, first)
        return _moment(date(year, month, day), found["clock"], found["half"], found["zone"])

    def _is_day_first(self) -> bool | None:
        if not self._asked:
            self._asked = True
            numbers = (_NUMERIC.fullmatch(_normal(other)) for other in self._others() if len(other) <= LONGEST)
            said = {_is_day_first(int(found["first"]), int(found["second"])) for found in numbers if found}
            said.discard(None)
            self._day_first = said.pop() if len(said) == 1 else None
        return self._day_first


def _is_day_first(first: int, second: int) -> bool | None:
    if first == second:
        return True
    if first > 12 or second > 12:
        return first > 12
    return None


# Nearly all feeds have this form, which costs a tenth of the others.
_RFC_822 = re.compile(
    r"(?:[A-Za-z]{3}, )?(\d{1,2}) ([A-Za-z]{3}) (\d{4}) (\d\d):(\d\d):(\d\d) (?:([+-])(\d\d)(\d\d)|GMT|UTC|Z)", re.ASCII
)
_RFC_3339 = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:Z|([+-])(\d\d):(\d\d))", re.ASCII)


def _common(text: str) -> datetime | None:
    if found := _RFC_3339.fullmatch(text):
        year, month, day = int(found[1]), int(found[2]), int(found[3])
    elif (found := _RFC_822.fullmatch(text)) and (month := _ENGLISH.get(found[2].lower(), 0)):
        year, day = int(found[3]), int(found[1])
    else:
        return None
    hour, minute, second = int(found[4]), int(found[5]), int(found[6])
    if hour > 23 or second > 59:
        return None
    moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    if not found[7]:
        return moment
    offset = int(found[8]) * 60 + int(found[9])
    return None if offset > _WIDEST else moment - timedelta(minutes=offset if found[7] == "+" else -offset)


_ENGLISH: Final = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
_SPACES = re.compile(r"\s+")
_COMMENT = re.compile(r"\([^()]*+\)")


def _normal(text: str) -> str:
    """Return *text* in one line, without comments, with ASCII characters in place of similar-looking ones."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).replace("\u2212", "-").replace("\u200e", "").replace("\u200f", "")
    return _SPACES.sub(" ", _COMMENT.sub(" ", text)).strip(" ,;")


_CLOCK: Final = r"(?P<clock>\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?)"
_HALF: Final = r"(?:\s?(?P<half>[ap]\.?m\.?(?![^\W\d_])))?"
_ZONE: Final = r"(?P<zone>(?:(?:UTC|GMT|UT)\s?)?[+-]\s?\d{1,2}(?::?\d\d)?(?:\s[A-Za-z]{1,5})?|[A-Za-z]{1,5})"
_TIME: Final = rf"{_CLOCK}{_HALF}(?:\s?{_ZONE})?"
_NUMBER = re.compile(r"(\d{9,16})(?:\.\d*)?")
_NUMERIC = re.compile(
    rf"(?P<first>\d{{1,2}})(?P<dash>[/.-])\s?(?P<second>\d{{1,2}})(?P=dash)\s?(?P<year>\d{{4}})(?:,?\s{_TIME})?",
    re.IGNORECASE,
)
_ISO = re.compile(
    rf"""
    (?P<year>\d{{4}})
    (?:-?W(?P<week>\d\d)(?:-?(?P<weekday>[1-7]))?
    |-?(?P<ordinal>\d{{3}})(?!\d)
    |(?P<dash>[-/.])\s?(?P<month>\d{{1,2}})(?:(?P=dash)\s?(?P<day>\d{{1,2}})\.?)?
    |(?P<basic>\d{{4}}))?
    (?:(?:T|,?\s)(?:(?P<hour>\d\d(?:\d\d(?:\d\d(?:[.,]\d+)?)?)?)(?!:)|{_CLOCK}{_HALF})\s?{_ZONE}?
    |\s?(?P<alone>Z|[+-]\d\d:\d\d))?
    """,
    re.VERBOSE | re.IGNORECASE,
)
_COMPACT = re.compile(rf"(?P<date>\d{{8}})(?P<time>\d{{4}}(?:\d\d)?)(?:\s?{_ZONE})?", re.IGNORECASE)
_LATEST: Final = 2100
"""Digits that would be a day in this year or later are not read as a day; a number that would be as late in seconds is
in a smaller unit.
"""


def _epoch(text: str) -> datetime | None:
    """Return the moment that is *text* seconds, milliseconds or microseconds after the beginning of 1970."""
    found = _NUMBER.fullmatch(text)
    if not found or len(found[1]) in (11, 14, 15) or _compact(text):
        return None
    units = 10 ** {9: 0, 10: 0, 12: 3, 13: 3, 16: 6}[len(found[1])]
    return _EPOCH + timedelta(seconds=int(found[1]) // units)


def _compact(text: str) -> datetime | None:
    """Return the moment that is written in digits alone, the year first: 202005251030 or 20200525103000."""
    found = _COMPACT.fullmatch(text)
    if not found or not 1970 <= int(found["date"][:4]) < _LATEST:
        return None
    try:
        return _moment(_basic(found["date"]), _with_colons(found["time"]), "", found["zone"])
    except ValueError:
        return None


def _iso(text: str) -> datetime | None:
    found = _ISO.fullmatch(text)
    if not found:
        return _compact(text)
    year = int(found["year"])
    if found["week"]:
        day = date.fromisocalendar(year, int(found["week"]), int(found["weekday"] or 1))
    elif found["ordinal"]:
        day = date(year, 1, 1) + timedelta(days=int(found["ordinal"]) - 1)
        if day.year != year:
            return None
    elif found["basic"]:
        day = _basic(found["year"] + found["basic"])
    else:
        day = date(year, int(found["month"] or 1), int(found["day"] or 1))
    clock = _with_colons(found["hour"]) if found["hour"] else found["clock"]
    return _moment(day, clock, found["half"], found["zone"] or found["alone"])


def _basic(digits: str) -> date:
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))


def _with_colons(digits: str) -> str:
    return ":".join(filter(None, (digits[:2], digits[2:4] or "00", digits[4:])))


_ZONE_AT_END = re.compile(r"(?:Z|\d[+-]\d\d|[+-]\s?\d{1,2}:?\d\d|[A-Z]{2,5})\Z")
_KOREAN_LETTERS = frozenset("년월오")


def _gives_zone(text: str) -> bool:
    """Return whether the date *text* names its zone, or is in the form of a country with one zone."""
    date = text.rstrip()
    if date.endswith(")"):
        date = date[: date.rfind("(")].rstrip()
    return _ZONE_AT_END.search(date[-20:]) is not None or not _KOREAN_LETTERS.isdisjoint(text)


_EAST_ASIAN = re.compile(
    rf"""
    (?P<year>\d{{4}})\s?[年년]\s?(?P<month>\d{{1,2}})\s?[月월]\s?(?P<day>\d{{1,2}})\s?[日号일]?
    (?:\s?(?:星期|周|週|礼拜|禮拜)?[一二三四五六日天月火水木金土](?:曜日?)?|\s?[월화수목금토일]요일)?,?\s?
    (?P<half>上午|下午|午前|午後|오전|오후)?\s?
    (?:{_CLOCK}
    |(?P<hour>\d{{1,2}})\s?[時时点點시](?:\s?(?P<minute>\d{{1,2}})\s?[分분](?:\s?(?P<second>\d{{1,2}})\s?[秒초])?)?)?
    (?:\s?{_ZONE})?
    |
    (?P<year2>\d{{4}})[-.]\s?(?P<month2>\d{{1,2}})[-.]\s?(?P<day2>\d{{1,2}})\.?\s(?P<half2>上午|下午|午前|午後|오전|오후)\s?
    (?P<clock2>\d{{1,2}}:\d\d(?::\d\d)?)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_AFTERNOON: Final = frozenset({"下午", "午後", "오후", "pm"})
_KOREAN = re.compile("[년오]")


def _east_asian(text: str) -> datetime | None:
    found = _EAST_ASIAN.fullmatch(text)
    if not found:
        return None
    day = date(*(int(found[name] or found[f"{name}2"]) for name in ("year", "month", "day")))
    clock = found["clock"] or found["clock2"]
    if found["hour"]:
        clock = f"{found['hour']}:{(found['minute'] or '0').zfill(2)}:{(found['second'] or '0').zfill(2)}"
    half = found["half"] or found["half2"] or ""
    # Korea has one time zone, and its sites don't write it (feedparser assumes it too).
    zone = found["zone"] or ("KST" if clock and _KOREAN.search(text) else "")
    return _moment(day, clock, half and ("pm" if half in _AFTERNOON else "am"), zone)


_FORMS: Final = (("seconds since 1970", _epoch), ("ISO 8601", _iso), ("East Asian", _east_asian))
"""The forms that are tried first, with their names."""

_WORDED = re.compile(rf"(?P<before>.*?)(?:(?<!\d){_TIME}(?P<after>(?:,?\s.*)?))?", re.IGNORECASE)
_TOKEN = re.compile(
    r"(\d+)(?:st|nd|rd|th|er|re|\.?[ºª°])?(?![^\W\d_])|([^\W\d_](?:[^\W_]|['’.-](?=[^\W\d_]))*)\.?", re.IGNORECASE
)
_BETWEEN: Final = name_set(
    "a alle ar as at de del den der di du e em en h in kl klo la le los o of om on ore the u uhr um und "
    "г год года в о р року ος δε"
)


def _worded(text: str) -> datetime | None:
    """Return the moment of a date that contains the name of its month."""
    found = _WORDED.fullmatch(text)
    if not found:
        return None
    zone = found["zone"]
    before, after = found["before"], found["after"] or ""
    if not found["clock"] and (ending := _ZONE_AT_END.search(before)):
        before, zone = before[: ending.start()], ending["zone"]
    numbers: list[str] = []
    months: list[tuple[int, int]] = []
    words = 0
    for number, word in _TOKEN.findall(f"{before} {after}"):
        name = plain(word)
        if number:
            numbers.append(number)
        elif month := MONTHS.get(name) or MONTHS.get(name.split(".")[-1]):
            months.append((month, len(numbers)))
        elif name not in _BETWEEN:
            words += 1
            if numbers or months or words > _MOST_WEEKDAYS:
                return None
    # In "mar. 4 févr." the abbreviation of mardi (or martes) also means a month.
    if len(months) == 2 and months[0][1] == 0:
        months.pop(0)
    if len(numbers) != 2 or len(months) != 1:
        return None
    day, year = numbers
    if len(day) > 2:
        day, year = year, day
    return _moment(date(_full_year(year), months[0][0], int(day)), found["clock"], found["half"], zone)


_ZONE_AT_END = re.compile(rf"(?<=\d)\s{_ZONE}\Z", re.IGNORECASE)
_MOST_WEEKDAYS: Final = 2
"""The maximum number of words in a weekday: Vietnamese has two."""


def _full_year(digits: str) -> int:
    """Return the year that *digits*, two or three of them, mean by RFC 5322 §4.3."""
    year = int(digits)
    if len(digits) == 2:
        return year + (2000 if year < 50 else 1900)
    return year + 1900 if len(digits) == 3 else year


_OFFSET = re.compile(r"(?:UTC|GMT|UT)?\s?([+-])\s?(\d{1,2}):?(\d\d)?(?:\s[A-Za-z]*)?", re.IGNORECASE)
_WIDEST: Final = 18 * 60


def _moment(day: date, clock: str | None, half: str | None, zone: str | None) -> datetime | None:
    """Return the moment of *day* at *clock* in *zone*, in UTC. *half* is am, pm or nothing."""
    hour, minute, second = 0, 0, 0
    if clock:
        hour, minute, second = (int(re.split("[.,]", part)[0]) for part in (clock.split(":") + ["0"])[:3])
        if half:
            if not 1 <= hour <= 12:
                hour = hour if 12 < hour < 24 else 99
            elif (hour == 12) != (half[0].lower() == "p"):
                hour = (hour + 12) % 24
        if hour > 24 or minute > 59 or second > 60 or (hour == 24 and (minute or second)):
            return None
    offset = _minutes(zone or "")
    if offset is None:
        return None
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return midnight + timedelta(hours=hour, minutes=minute - offset, seconds=second)


def _minutes(zone: str) -> int | None:
    """Return how many minutes *zone* is east of Greenwich, or None for an offset that no place on Earth has.

    An unknown abbreviation is treated like a missing zone (RFC 5322 §4.3).
    """
    found = _OFFSET.fullmatch(zone)
    if not found:
        return ZONES.get(zone.lower(), 0)
    minutes = int(found[2]) * 60 + int(found[3] or 0)
    if minutes > _WIDEST:
        return None
    return minutes if found[1] == "+" else -minutes
