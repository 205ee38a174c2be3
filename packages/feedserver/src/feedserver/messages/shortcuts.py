"""Short ways to make the responses that tests of feed readers ask for most."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta

from feedserver.messages.argument_types import MOST_DIGITS, check_is, check_status, check_text
from feedserver.messages.headers import imf_fixdate
from feedserver.messages.response import Injectable, Response, check_fault

REDIRECTS = frozenset({300, 301, 302, 303, 307, 308})
"""The statuses that send a client to another place (RFC 9110 §15.4); 305 and 306 are out of use, and 304 is no
redirect.
"""


def moved(location: str, status: int = 301) -> Response:
    """Return a redirect, by default a permanent one, to *location*: a path of this server (`/new`) or a whole URL."""
    check_text("the location of moved()", location)
    check_status(status)
    if status not in REDIRECTS:
        raise ValueError(f"the status of moved() is {status}, no redirect; give 301, 302, 303, 307 or 308")
    return Response(status=status, headers={"Location": location})


def gone() -> Response:
    """Return a 410: the feed is gone for good, and a client should stop asking (RFC 9110 §15.5.11)."""
    return Response(status=410)


def broken(response: Response, *faults: Injectable) -> Response:
    """Return *response* with *faults* added to its own."""
    check_is("what broken() is to break", response, Response, "give a Response")
    for fault in faults:
        check_fault(fault)
    return response.changed(faults=(*response.faults, *faults))  # the response's own faults are checked already


def touched(response: Response, by: timedelta = timedelta(seconds=1)) -> Response:
    """Return *response* as if its feed were saved again: every validator that it declares changes, its body does not.

    An ETag gets another opaque tag (its weakness is kept) and Last-Modified moves by the duration *by*. A response that
    declares no validator comes back unchanged. Raises ValueError where Last-Modified is no date, or *by* is less than a
    second or leads beyond the years 1 to 9999.
    """
    check_is("what touched() is to touch", response, Response, "give a Response")
    check_is("by", by, timedelta, "give a timedelta, such as timedelta(seconds=1)")
    if abs(by) < timedelta(seconds=1):
        raise ValueError(f"by is {by}, and a date in a header has whole seconds; give timedelta(seconds=1) or more")
    from email.utils import parsedate_to_datetime  # most tests touch nothing, and need not load it

    headers = response.headers
    if "ETag" in headers:
        headers = headers.replaced("ETag", _touched_etag(headers["ETag"]))
    if "Last-Modified" in headers:
        try:
            date = parsedate_to_datetime(headers["Last-Modified"])
            # A date without a zone is UTC, not the time of this machine (RFC 9110 §5.6.7).
            utc = (date.astimezone(UTC) if date.tzinfo is not None else date.replace(tzinfo=UTC)) + by
        except (ValueError, OverflowError) as error:
            raise ValueError(f"cannot touch {response.source or 'the response'}: {error}") from error
        headers = headers.replaced("Last-Modified", imf_fixdate(utc.timestamp()))
    return replace(response, headers=headers)


def _touched_etag(etag: str) -> str:
    stem, quote, _ = etag.rpartition('"')
    stem = stem if quote else etag
    base, mark, count = stem.rpartition("-touched-")
    is_ours = bool(mark) and count.isascii() and count.isdigit() and len(count) <= MOST_DIGITS
    number = int(count) + 1 if is_ours else 1
    return f"{base if is_ours else stem}-touched-{number}{quote}"
