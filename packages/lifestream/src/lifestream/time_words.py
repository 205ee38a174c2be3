"""Lengths of time, and how often something happens, in words for people, in any language."""

from __future__ import annotations

from typing import Final, Protocol


class Language(Protocol):
    """The functions of a language that are needed here: see `English`, and `wording` for those of Django."""

    def gettext(self, text: str, /) -> str: ...
    def ngettext(self, one: str, many: str, count: int, /) -> str: ...
    def number(self, value: int, /) -> str: ...


class English:
    """The language that the strings themselves are in."""

    @staticmethod
    def gettext(text: str, /) -> str:
        """Return *text*."""
        return text

    @staticmethod
    def ngettext(one: str, many: str, count: int, /) -> str:
        """Return *one* for a *count* of 1, else *many*."""
        return one if count == 1 else many

    @staticmethod
    def number(value: int, /) -> str:
        """Return *value* with commas between its thousands."""
        return f"{value:,}"


ENGLISH: Final = English()

_DAY: Final = 86400.0
_MONTH: Final = 30.4 * _DAY
_YEAR: Final = 365.25 * _DAY
_UNITS: Final = (("day", _DAY), ("week", 7 * _DAY), ("month", _MONTH), ("year", _YEAR))


def in_words(seconds: float, language: Language = ENGLISH) -> str:
    """Return a length of time in words: in seconds if it is less than two minutes, otherwise in its one or two largest
    units. "90 seconds", "1 hour 30 minutes", "7 days".
    """
    whole = max(0, round(seconds))
    if whole < 120:
        return _counted("second", whole, language)
    parts = []
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        count, whole = divmod(whole, size)
        if count:
            parts.append(_counted(unit, count, language))
    return " ".join(parts[:2])


def _counted(unit: str, count: int, language: Language) -> str:
    ngettext = language.ngettext
    match unit:
        case "day":
            text = ngettext("{} day", "{} days", count)
        case "hour":
            text = ngettext("{} hour", "{} hours", count)
        case "minute":
            text = ngettext("{} minute", "{} minutes", count)
        case _:
            text = ngettext("{} second", "{} seconds", count)
    return text.format(count)


def relative(seconds: float, language: Language = ENGLISH) -> str:
    """Return a moment that is *seconds* ahead, or past if they are negative, in one unit: "3 hours ago", "in 5
    minutes", "now".

    Each phrase is translated as a whole, since languages inflect the length: "vor 3 Tagen", "3 Tage".
    """
    length, ahead = abs(seconds), seconds > 0
    ngettext = language.ngettext
    if length < 1:
        return language.gettext("now")
    if length < 60:
        count = int(length)
        text = (
            ngettext("in {} second", "in {} seconds", count) if ahead
            else ngettext("{} second ago", "{} seconds ago", count)
        )  # fmt: skip
    elif length < 3600:
        count = int(length / 60)
        text = (
            ngettext("in {} minute", "in {} minutes", count) if ahead
            else ngettext("{} minute ago", "{} minutes ago", count)
        )  # fmt: skip
    elif length < _DAY:
        count = int(length / 3600)
        text = (
            ngettext("in {} hour", "in {} hours", count) if ahead
            else ngettext("{} hour ago", "{} hours ago", count)
        )  # fmt: skip
    elif length < 61 * _DAY:
        count = int(length / _DAY)
        text = (
            ngettext("in {} day", "in {} days", count) if ahead
            else ngettext("{} day ago", "{} days ago", count)
        )  # fmt: skip
    elif length < 2 * _YEAR:
        count = int(length / _MONTH)
        text = (
            ngettext("in {} month", "in {} months", count) if ahead
            else ngettext("{} month ago", "{} months ago", count)
        )  # fmt: skip
    else:
        count = int(length / _YEAR)
        text = (
            ngettext("in {} year", "in {} years", count) if ahead
            else ngettext("{} year ago", "{} years ago", count)
        )  # fmt: skip
    return text.format(count)


def how_often(gap: float, language: Language = ENGLISH) -> str:
    """Return in words how often something happens every *gap* seconds: "twice a week", "once a month"."""
    gettext = language.gettext
    for unit, length in _UNITS:
        if gap <= length:
            return _times(unit, round(length / gap), language) if gap >= 1.0 else gettext("all the time")
    return gettext("less than once a year")


def _times(unit: str, count: int, language: Language) -> str:
    gettext, ngettext = language.gettext, language.ngettext
    match unit, count:
        case "day", 1:
            text = gettext("once a day")
        case "day", 2:
            text = gettext("twice a day")
        case "day", _:
            text = ngettext("{} time a day", "{} times a day", count)
        case "week", 1:
            text = gettext("once a week")
        case "week", 2:
            text = gettext("twice a week")
        case "week", _:
            text = ngettext("{} time a week", "{} times a week", count)
        case "month", 1:
            text = gettext("once a month")
        case "month", 2:
            text = gettext("twice a month")
        case "month", _:
            text = ngettext("{} time a month", "{} times a month", count)
        case _, 1:
            text = gettext("once a year")
        case _, 2:
            text = gettext("twice a year")
        case _:
            text = ngettext("{} time a year", "{} times a year", count)
    return text.format(count)
