"""Numbers and lengths of time in words, for people. Pure."""

from __future__ import annotations


def ordinal(number: int) -> str:
    """Return *number* as an ordinal: 1st, 2nd, 3rd, 4th, 11th, 21st, …"""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def in_words(seconds: float) -> str:
    """Return a length of time in words, in its one or two largest units.

    "90 seconds", "1 hour 30 minutes", "7 days".
    """
    whole = max(0, round(seconds))
    if whole < 120:
        return _counted(whole, "second")
    parts = []
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        count, whole = divmod(whole, size)
        if count:
            parts.append(_counted(count, unit))
    return " ".join(parts[:2])


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
