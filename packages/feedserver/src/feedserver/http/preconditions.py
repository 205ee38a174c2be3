"""Conditional requests (RFC 9110 §13): what the validators in a request make of a response.

A response that declares no validator stays as it is: a server without ETag and Last-Modified has nothing to compare, so
an If-Range does not hold. The response's `conditional` says how a server compares:

- "rfc": entity tags strongly for If-Match and If-Range, weakly for If-None-Match. Dates by time, ignoring what is no
  HTTP-date; the date of If-Range must be equal. A declared tag without quotes (`ETag: abc`) matches the same text,
  since some servers send it.
- "exact": the field's value and the declared validator match if their bytes are equal. No lists, no "*", no weak
  comparison, no later dates. Many real servers do this.
- "off": the server ignores validators. A Range is then honoured, whatever If-Range says.

Validators are compared as the bytes that were sent; decoding could make two different ones equal.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Literal

from feedserver.messages.headers import DAYS, MONTHS, Headers
from feedserver.messages.request import Request
from feedserver.messages.response import Response

_UNCONDITIONAL = frozenset({"CONNECT", "OPTIONS", "TRACE"})  # §13.2.1

_CONDITIONS = frozenset({b"if-match", b"if-unmodified-since", b"if-none-match", b"if-modified-since"})
"""The headers without which no condition is evaluated, in lower case: most requests have none of them."""

_ENTITY_TAG = re.compile(rb'(?:W/)?"[^"]*"(?=[ \t]*(?:,|$))|[^ \t,]+')

_MONTHS = tuple(name.encode("ascii") for name in MONTHS)
_DAY = rb"(?:" + "|".join(DAYS).encode("ascii") + rb")"
_DAY_LONG = rb"(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)"
_MONTH = rb"(?P<month>" + b"|".join(_MONTHS) + rb")"
_TIME = rb"(?P<hour>\d\d):(?P<minute>[0-5]\d):(?P<second>[0-5]\d|60)"
_HTTP_DATES = (
    re.compile(_DAY + rb", (?P<day>\d\d) " + _MONTH + rb" (?P<year>\d{4}) " + _TIME + rb" GMT"),
    re.compile(_DAY_LONG + rb", (?P<day>\d\d)-" + _MONTH + rb"-(?P<year>\d\d) " + _TIME + rb" GMT"),
    re.compile(_DAY + rb" " + _MONTH + rb" (?P<day>[ \d]\d) " + _TIME + rb" (?P<year>\d{4})"),
)


def can_change(response: Response) -> bool:
    """Return whether conditions can change *response*: it is a 2xx (§13.2.1) with a validator that is compared."""
    headers = response.headers
    return (
        200 <= response.status <= 299
        and response.conditional != "off"
        and (headers.get_raw(b"etag") is not None or headers.get_raw(b"last-modified") is not None)
    )


def evaluate(request: Request, response: Response) -> Literal[304, 412] | None:
    """Return the status that the request's conditions turn *response* into, or None if it stays (§13.2.2)."""
    if not any(name.lower() in _CONDITIONS for name, _ in request.headers.raw):
        return None
    if not can_change(response) or request.method in _UNCONDITIONAL:
        return None
    exact = response.conditional == "exact"
    etag = _joined(response.headers, b"etag")
    modified = _joined(response.headers, b"last-modified")
    reads = request.method in ("GET", "HEAD")

    if (tags := _joined(request.headers, b"if-match")) is not None:
        if not _matches(tags, etag, strong=True, exact=exact):
            return 412
    elif _unchanged_since(_joined(request.headers, b"if-unmodified-since"), modified, exact=exact) is False:
        return 412

    if (tags := _joined(request.headers, b"if-none-match")) is not None:
        if _matches(tags, etag, strong=False, exact=exact):
            return 304 if reads else 412
    elif reads and _unchanged_since(_joined(request.headers, b"if-modified-since"), modified, exact=exact):
        return 304
    return None


def allow_range(request: Request, response: Response) -> bool:
    """Return whether If-Range, if there is one, lets the request's Range apply to *response* (§13.1.5).

    A date must equal Last-Modified byte for byte. It counts as strong: the response that declares it has one content.
    """
    validator = _joined(request.headers, b"if-range")
    if validator is None or response.conditional == "off":
        return True
    if validator == _joined(response.headers, b"etag"):
        return response.conditional == "exact" or not validator.startswith(b"W/")
    return validator == _joined(response.headers, b"last-modified")


def parse_http_date(value: bytes) -> datetime | None:
    """Return an HTTP-date in any of its three formats (§5.6.7), or None for anything else.

    Whether the name of the day fits the date is not checked. A year of two digits is 1969 to 2068, as in POSIX: the
    RFC's pivot is 50 years from now, but the same request must get the same answer on any day.
    """
    for form in _HTTP_DATES:
        if match := form.fullmatch(value):
            return _date(match)
    return None


def _date(match: re.Match[bytes]) -> datetime | None:
    year = int(match["year"])
    if len(match["year"]) == 2:
        year += 1900 if year >= 69 else 2000
    month = _MONTHS.index(match["month"]) + 1
    try:
        hour = datetime(year, month, int(match["day"]), int(match["hour"]), tzinfo=UTC)
        # A leap second is the first second of the next minute.
        return hour + timedelta(minutes=int(match["minute"]), seconds=int(match["second"]))
    except (ValueError, OverflowError):  # 31 February, or a leap second at the end of the year 9999.
        return None


def _matches(tags: bytes, etag: bytes | None, *, strong: bool, exact: bool) -> bool:
    """Return whether a field's *tags* contain *etag*, by the comparison functions of §8.8.3.2."""
    if exact:
        return tags == etag
    if tags == b"*":
        return True
    if etag is None:
        return False
    if strong:
        return not etag.startswith(b"W/") and etag in _ENTITY_TAG.findall(tags)
    return _opaque(etag) in map(_opaque, _ENTITY_TAG.findall(tags))


def _opaque(tag: bytes) -> bytes:
    return tag.removeprefix(b"W/")


def _unchanged_since(date: bytes | None, modified: bytes | None, *, exact: bool) -> bool | None:
    """Return whether *modified* is not later than *date*, or None if there is nothing to compare."""
    if date is None or modified is None:
        return None
    if exact:
        return date == modified
    since, changed = parse_http_date(date), parse_http_date(modified)
    if since is None or changed is None:
        return None
    return changed <= since


def _joined(headers: Headers, name: bytes) -> bytes | None:
    """Return the fields called *name*, which is in lower case, as one value (§5.3): two dates together are no date."""
    values = [value for key, value in headers.raw if key.lower() == name]
    return b", ".join(values).strip(b" \t") if values else None
