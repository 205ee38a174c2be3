"""A date as feeds write it → a moment in UTC, or None: never a guess.

These forms are understood: RFC 822 and its variants on real sites (months in many languages, years of two digits,
weekdays, zones by name); ISO 8601 with weeks, ordinal days and its basic form; numbers with the year first or last;
Chinese, Japanese and Korean dates; seconds, milliseconds or microseconds since 1970. A date without a zone is taken to
be in UTC; if it is in Korean and has a time, in Korea's zone. Missing parts are never filled in from today's date: text
that isn't understood is no date (reading.md, rules 19 and 20).

`03/04/2020` may be in March or April. `Calendar` decides by the other dates of the document: if one of them has a
number above 12, that is its day, and the day has the same place in `03/04/2020`. If none has, or if they contradict
each other, the text is no date. A day of the week decides, too, and in a date with dots the day comes first. A date in
the year 1 is no date: programs that know no date write it (Go's zero time, .NET's MinValue).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from lifestream.parser.date_standards import RFC_3339, common
from lifestream.plugins.reading_notes import Notes

if TYPE_CHECKING:
    from lifestream.parser.date_numbers import Numbers

LONGEST: Final = 100
"""The maximum length of a text that is read as a date, in characters."""


class Calendar:
    """A reader for the dates of one document. *others* returns all of them; it is called only if a date is
    ambiguous. *notes* receives how each date was understood.
    """

    def __init__(self, others: Callable[[], Iterable[str]] = tuple, notes: Notes | None = None) -> None:
        self._others = others
        self._notes = notes
        self._day_first: bool | None = None
        self._asked = False

    def read(self, text: str) -> datetime | None:
        """Return the moment that *text* names, in UTC, or None if it isn't understood or no such moment exists."""
        if not text:
            return None
        moment, form = self._understood(text)
        if moment is not None and moment.year == 1:
            moment = None
        if moment is not None and moment.tzinfo is None:
            moment, form = moment.replace(tzinfo=UTC), f"{form}, without a zone, so UTC"
        if self._notes is not None:
            self._note(self._notes, text, moment, form)
        return moment

    def _understood(self, text: str) -> tuple[datetime | None, str]:
        """Return the moment that *text* names, and what the form of *text* is called."""
        if len(text) > LONGEST:
            return None, ""
        try:
            if moment := common(text):
                return moment, "RFC 3339" if RFC_3339.fullmatch(text) else "RFC 822"
            # Few documents need the other forms, and their patterns take long to compile.
            from lifestream.parser.date_forms import FORMS, normal, worded

            line = normal(text)
            for form, read in (*FORMS, ("numbers", self._numeric), ("words", worded)):
                if moment := read(line):
                    return moment, form
        except (ValueError, OverflowError):
            pass  # a day that no calendar has, or a moment outside of the years 1 to 9999
        return None, ""

    @staticmethod
    def _note(notes: Notes, text: str, moment: datetime | None, form: str) -> None:
        if moment is None:
            notes.undated.append(text[:LONGEST])
        else:
            notes.dates.setdefault(moment, (text, form))

    def _numeric(self, text: str) -> datetime | None:
        from lifestream.parser.date_numbers import numbers

        found = numbers(text)
        if found is None:
            return None
        day_first = found.day_first
        if day_first is None:
            day_first = self._is_day_first()
        return None if day_first is None else found.at(day_first=day_first)

    def _is_day_first(self) -> bool | None:
        if not self._asked:
            self._asked = True
            orders = {found.proves_day_first for other in self._others() if (found := _numbers(other))}
            orders.discard(None)
            self._day_first = orders.pop() if len(orders) == 1 else None
        return self._day_first


def _numbers(text: str) -> Numbers | None:
    from lifestream.parser.date_forms import normal
    from lifestream.parser.date_numbers import numbers

    try:
        return numbers(normal(text)) if len(text) <= LONGEST else None
    except ValueError:  # a day that no calendar has
        return None
