"""Placeholders in header values: `{base}` and `{date+2h}`, which are filled in when the response is sent."""

from __future__ import annotations

import re

from feedserver.messages.argument_types import named
from feedserver.messages.clock import YEAR_10000
from feedserver.messages.headers import Headers, imf_fixdate, to_bytes
from feedserver.messages.pacing import parse_duration

_PLACEHOLDER = re.compile(rb"\{base\}|\{date(?:(?P<sign>[+-])(?P<offset>[0-9.]+(?:ms|s|m|h|d|w)))?\}")


def has_placeholders(headers: Headers) -> bool:
    """Return whether a value contains `{base}` or `{date…}`, which are filled in when the response is sent."""
    return any(b"{" in value and _PLACEHOLDER.search(value) for _, value in headers.raw)


def fill_placeholders(headers: Headers, base: str, now: float) -> Headers:
    """Replace `{base}` by *base*, and `{date}`, `{date+2h}` or `{date-1d}` by *now* plus the offset.

    *now* is in seconds since the epoch. A date is written as IMF-fixdate (RFC 9110 §5.6.7). Other text in braces stays
    as it is. Raises ValueError with the remedy for an offset that is no duration, and for a date outside the years 1970
    to 9999.
    """

    def fill(match: re.Match[bytes]) -> bytes:
        if match[0] == b"{base}":
            return to_bytes(base)
        offset = parse_duration(match["offset"].decode("ascii")) if match["offset"] else 0.0
        date = now - offset if match["sign"] == b"-" else now + offset
        if not 0 <= date < YEAR_10000:
            written = named(match[0].decode("ascii"))
            raise ValueError(f"{written} is in a year that HTTP cannot write; stay between 1970 and 9999")
        return imf_fixdate(date).encode("ascii")

    return Headers.from_raw((name, _PLACEHOLDER.sub(fill, value)) for name, value in headers.raw)
