"""Forms of a date, besides those of `date_standards`, that mean one moment: text → a moment, or None for other forms.

The moment is in UTC, or naive if the text names no zone that is known. A day that no calendar has gives None or raises
ValueError, a moment outside of the years 1 to 9999 raises OverflowError or ValueError.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta
from typing import Final

from lifestream.parser.date_numbers import in_order
from lifestream.parser.date_times import BEFORE_TIME, CLOCK, HALF, TIME, TO_TIME, ZONE, full_year, moment
from lifestream.parser.date_words import MONTHS, WEEKDAYS, plain

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_SPACES = re.compile(r"\s+")
_COMMENT = re.compile(r"\([^()]*+\)|\[[\w/]*+\]")


def normal(text: str) -> str:
    """Return *text* in one line, without comments, with ASCII characters in place of similar-looking ones.

    Months written as numbers (1월, tháng 1) become names. Years of an era (令和6年) become years of the common era, and
    times such as 12h30 get a colon. What .NET and Go write around a date, and words without a meaning for it, are left
    out.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).replace("\u2212", "-").replace("\u200e", "").replace("\u200f", "")
        text = _ARABIC_HALF.sub(lambda found: "am" if found[0] == "ص" else "pm", text)
        text = _ARABIC_PAIR.sub(r"\1.", text)
        text = _ERA.sub(lambda found: f"{_ERAS[found[1]] + int(found[2].replace('元', '1'))}年", text)
    if found := _OF_PROGRAMS.fullmatch(text.strip()):
        text = found[1] or found[2]
    text = _SPACES.sub(" ", _COMMENT.sub(" ", text)).replace(" --", " -").strip(" ,;").rstrip(".")
    text = _YEAR_WORD.sub(" ", text).strip()
    text = _NUMBERED_MONTH.sub(_named_month, text)
    text = _DOTTED_TIME.sub(lambda found: f"{found[1] or found[3]}:{found[2] or found[4]}", text)
    return _FRENCH_TIME.sub(lambda found: f"{found[1]}:{found[2] or '00'}", text)


_ARABIC_HALF = re.compile(r"(?<=\d\s)[صم](?![^\W_])")
_YEAR_WORD = re.compile(r"(?<=\d{4})\s?г(?:\.?,\s?|\.|\Z)")
_ARABIC_PAIR = re.compile(r"(كانون|تشرين)\s+(?=ال)")
_ERAS: Final = {"民國": 1911, "民国": 1911, "昭和": 1925, "平成": 1988, "令和": 2018}
"""The year before the first year of each era, in Japan and in the Republic of China."""
_ERA = re.compile(rf"({'|'.join(_ERAS)})\s?(\d{{1,3}}|元)\s?年")
_VIETNAMESE: Final = ("", "một", "hai", "ba", "tư", "năm", "sáu", "bảy", "tám", "chín", "mười", "mười một", "mười hai")
_NUMBERED_MONTH = re.compile(
    rf"(?<=\d\s)(\d{{1,2}})[月월](?=\s\d{{4}})"
    rf"|\bthứ\s?[2-7](?=[\s,])"  # days of the week by number: Monday is the second
    rf"|(?:tháng|\bthg\.?)\s?(\d{{1,2}}(?!\d)|{'|'.join(sorted(_VIETNAMESE[1:], reverse=True))})",
    re.IGNORECASE,
)
_MONTH_NAMES: Final = (
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
)  # fmt: skip


def _named_month(found: re.Match[str]) -> str:
    written = (found[1] or found[2] or "").lower()
    if not written:
        return ""
    number = int(written) if written.isdecimal() else _VIETNAMESE.index(written)
    return _MONTH_NAMES[number - 1] if 1 <= number <= 12 else found[0]


_OF_PROGRAMS = re.compile(
    r"\\?/Date\((\d+)(?:[+-]\d{4})?\)\\?/"  # DataContractJsonSerializer of .NET
    r"|(\d[^=]*)\sm=[+-][\d.]+",  # Time.String of Go, with its monotonic clock
)
_DOTTED_TIME = re.compile(
    r"(?:(?<=\bklo\s)|(?<=\bkl\s)|(?<=\bkl\.\s))(\d{1,2})\.(\d\d)(?![.\d])|\b(\d{1,2})\.(\d\d)(?=\suhr\b)",
    re.IGNORECASE,
)
_FRENCH_TIME = re.compile(r"(?<=\s)(\d{1,2})\s?h(?:\s?(\d\d))?(?:\s?min)?(?![^\W_])", re.IGNORECASE)


_NUMBER = re.compile(r"(\d{9,16})(?:\.\d*)?")
_ISO = re.compile(
    rf"""
    (?P<year>\d{{4}})
    (?:-?W(?P<week>\d\d)(?:-?(?P<weekday>[1-7]))?
    |-?(?P<ordinal>\d{{3}})(?!\d)
    |(?P<dash>[-/.])\s?(?P<month>\d{{1,2}})(?:(?P=dash)\s?(?P<day>\d{{1,2}})\.?)?
    |(?P<basic>\d{{4}}))?
    (?:(?:T|{TO_TIME})(?:(?P<hour>\d\d(?:\d\d(?:\d\d(?:[.,]\d+)?)?)?)(?!:)|{CLOCK}{HALF}(?::\d\d)?)\s?{ZONE}?
    |\s?(?P<alone>Z|[+-]\d\d:\d\d))?
    """,
    re.VERBOSE | re.IGNORECASE,
)
_COMPACT = re.compile(rf"(?P<date>\d{{8}})(?P<time>\d{{4}}(?:\d\d)?)(?:\s?{ZONE})?", re.IGNORECASE)
_LATEST: Final = 2100
"""Digits are read as a day and a time (`_compact`) only if their year is 1970 or later, and before `_LATEST`."""


def _epoch(text: str) -> datetime | None:
    """Return the moment that is *text* seconds, milliseconds or microseconds after the beginning of 1970. The number
    of digits decides the unit. Return None for digits that `_compact` reads.
    """
    found = _NUMBER.fullmatch(text)
    if not found or len(found[1]) in (11, 14, 15) or _compact(text):
        return None
    units = 10 ** {9: 0, 10: 0, 12: 3, 13: 3, 16: 6}[len(found[1])]
    return _EPOCH + timedelta(seconds=int(found[1]) // units)


def _compact(text: str) -> datetime | None:
    """Return the moment whose day and time are digits alone, the year first: 202005251030 or 20200525103000 UTC."""
    found = _COMPACT.fullmatch(text)
    if not found or not 1970 <= int(found["date"][:4]) < _LATEST:
        return None
    try:
        return moment(_basic(found["date"]), _with_colons(found["time"]), "", found["zone"])
    except ValueError:
        return None


def _iso(text: str) -> datetime | None:
    found = _ISO.fullmatch(text) or _ISO.fullmatch(in_order(text)[0])
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
    return moment(day, clock, found["half"], found["zone"] or found["alone"])


def _basic(digits: str) -> date:
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))


def _with_colons(digits: str) -> str:
    return ":".join(filter(None, (digits[:2], digits[2:4] or "00", digits[4:])))


_EAST_ASIAN = re.compile(
    rf"""
    (?P<year>\d{{4}})\s?[年년]\s?(?P<month>\d{{1,2}})\s?[月월]\s?(?P<day>\d{{1,2}})\s?[日号일]?
    (?:\s?(?:星期|周|週|礼拜|禮拜)?[一二三四五六日天月火水木金土](?:曜日?)?|\s?[월화수목금토일]요일)?,?\s?
    (?P<half>上午|下午|午前|午後|오전|오후)?\s?
    (?:{CLOCK}
    |(?P<hour>\d{{1,2}})\s?[時时点點시](?:\s?(?P<minute>\d{{1,2}})\s?[分분](?:\s?(?P<second>\d{{1,2}})\s?[秒초])?)?)?
    (?:\s?{ZONE})?
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
        clock = f"{found['hour']}:{found['minute'] or 0}:{found['second'] or 0}"
    half = found["half"] or found["half2"] or ""
    # Korea has one time zone, and its sites don't write it (feedparser assumes it too).
    zone = found["zone"] or ("KST" if clock and _KOREAN.search(text) else "")
    return moment(day, clock, half and ("pm" if half in _AFTERNOON else "am"), zone)


FORMS: Final = (("seconds since 1970", _epoch), ("ISO 8601", _iso), ("East Asian", _east_asian))
"""The forms that are tried before dates in numbers and in words, with their names."""

_WORDED = re.compile(rf"(?P<before>.*?)(?:(?<!\d){TIME}(?P<after>(?:,?\s.*)?))?", re.IGNORECASE)
_MARK: Final = "(?!\\d)[\u0900-\u0e4e]"
"""The vowels of Indian scripts and of Thai, which Python doesn't count among the characters of words."""
_TOKEN = re.compile(
    rf"(\d+)(?:st|nd|rd|th|er|re|\.?[ºª°])?(?![^\W\d_])"
    rf"|([^\W\d_](?:[^\W_]|{_MARK}|['’.-](?=[^\W\d_]))*)\.?",
    re.IGNORECASE,
)
_BETWEEN: Final = frozenset(
    plain(word)
    for text in (
        "a ar d de del den der di du e em en gada h in le los m nam ngay of on ta the uhr und",
        "г год года ж р року ος δε बजे น พ.ศ ค.ศ",
        *BEFORE_TIME,
    )
    for word in text.split()
)
"""Words of a date that mean neither a month nor a day of the week, as in "4 de mayo de 2020"."""


def worded(text: str) -> datetime | None:
    """Return the moment of a date that contains the name of its month."""
    found = _WORDED.fullmatch(text)
    if not found:
        return None
    words_of_day, zone = f"{found['before']} {found['after'] or ''}".strip(), found["zone"]
    ending = None if zone else _ZONE_AT_END.search(words_of_day)
    if ending and plain(ending["zone"]) not in _BETWEEN:  # in "March 5, 2021 at", "at" is not Atlantic Time
        words_of_day, zone = words_of_day[: ending.start()], ending["zone"]
    numbers: list[str] = []
    months: list[tuple[int, int]] = []
    words = 0
    for number, word in _TOKEN.findall(words_of_day):
        name = plain(word)
        if number:
            numbers.append(number)
        elif month := MONTHS.get(name) or MONTHS.get(_PARTS.split(name)[-1]):
            months.append((month, len(numbers)))
        elif name not in _BETWEEN:
            words += 1
            if (numbers or months or words > _MOST_WORDS_OF_WEEKDAY) and name not in WEEKDAYS:
                return None
    # In "mar. 4 févr." the abbreviation of mardi (or martes) also means a month.
    if len(months) == 2 and months[0][1] == 0:
        months.pop(0)
    if len(months) == 1 and len(numbers) == 1 and len(numbers[0]) == 4 and not words and not found["clock"]:
        numbers.insert(0, "1")  # as in `_iso`: a month without a day means its first day
    if len(numbers) != 2 or len(months) != 1:
        return None
    day, year = numbers
    if len(day) > 2:
        day, year = year, day
    return moment(date(_common_year(year, text), months[0][0], int(day)), found["clock"], found["half"], zone)


def _common_year(year: str, text: str) -> int:
    """Return *year*, the year of the date *text*, in the common era. In Thai it may be a year of the Buddhist calendar,
    also in two digits.
    """
    if not _THAI.search(text):
        return full_year(year)
    number = int(year) + 2500 if len(year) == 2 else int(year)
    return number - 543 if number >= 2400 else number


_THAI = re.compile("[\u0e01-\u0e2e]")
_PARTS = re.compile("[.'’]")
_ZONE_AT_END = re.compile(rf"(?<=\d)\s{ZONE}\Z", re.IGNORECASE)
_MOST_WORDS_OF_WEEKDAY: Final = 2
"""The maximum number of words in a weekday: Vietnamese has two."""
