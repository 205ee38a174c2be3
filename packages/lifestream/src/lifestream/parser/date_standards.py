"""The two standard forms of a date, in which nearly all feeds write theirs: text → a moment in UTC, or None.

Reading them takes a tenth of the time of other forms, whose modules are imported only for a text in neither form.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

WIDEST: Final = 18 * 60
"""How many minutes a zone is east or west of Greenwich at most."""

_RFC_822 = re.compile(
    r"(?:[A-Za-z]{3}, )?(\d{1,2}) ([A-Za-z]{3}) (\d{4}) (\d\d):(\d\d):(\d\d) (?:([+-])(\d\d)(\d\d)|GMT|UTC|Z)", re.ASCII
)
RFC_3339 = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:Z|([+-])(\d\d):(\d\d))", re.ASCII)


def common(text: str) -> datetime | None:
    """Return the moment of a date in the strict form of RFC 3339, or of RFC 822 with a year of four digits (RFC 1123),
    else None. Return None, too, for an hour over 23, a second over 59 and an offset over WIDEST.

    Raises ValueError for a year, a month, a day or a minute that doesn't exist, OverflowError if the zone takes the
    moment out of the years 1 to 9999.
    """
    if found := RFC_3339.fullmatch(text):
        year, month, day = int(found[1]), int(found[2]), int(found[3])
    elif (found := _RFC_822.fullmatch(text)) and (month := _ENGLISH.get(found[2].lower(), 0)):
        year, day = int(found[3]), int(found[1])
    else:
        return None
    hour, minute, second = int(found[4]), int(found[5]), int(found[6])
    if hour > 23 or second > 59:
        return None
    local = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    if not found[7]:
        return local
    offset = int(found[8]) * 60 + int(found[9])
    return None if offset > WIDEST else local - timedelta(minutes=offset if found[7] == "+" else -offset)


_ENGLISH: Final = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
