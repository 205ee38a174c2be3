"""What the headers of an answer say about time: how long it is fresh, and how long to wait before the next request.

Pure. All results are in seconds. Headers are as in `outcomes`: names in lower case, repeated fields joined. Dates are
read relative to the answer's own Date where it has one, so a server whose clock is wrong is still understood (RFC 9110
§6.6.1).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

_MAX_AGE = re.compile(r'(?:^|,)\s*max-age\s*=\s*"?(\d+)"?\s*(?=,|$)', re.IGNORECASE)
_STALE = re.compile(r"(?:^|,)\s*(?:no-cache|no-store)\s*(?=,|=|$)", re.IGNORECASE)
_SECONDS = re.compile(r"\d+")
_FOREVER = 10 * 365 * 86400.0  # a longer time makes no difference, and may not fit into a timedelta


@dataclass(frozen=True, slots=True)
class Freshness:
    """For how many *seconds* an answer was fresh when it came, and what says so: "Expires", or "max-age" for any
    directive of Cache-Control.
    """

    seconds: float
    source: Literal["max-age", "Expires"]


def freshness(headers: Mapping[str, str], now: datetime) -> Freshness | None:
    """Return how long the answer is fresh from *now*; None if it doesn't say (RFC 9111 §4.2.1).

    no-cache and no-store mean 0 seconds. max-age takes precedence over Expires, and Age is subtracted from either. An
    Expires that is no date, such as 0, means stale (RFC 9111 §5.3). No answer counts as fresh for more than ten years.
    """
    control = headers.get("cache-control", "")
    if _STALE.search(control):
        return Freshness(0.0, "max-age")
    if match := _MAX_AGE.search(control):
        return Freshness(max(0.0, _seconds(match[1]) - _age(headers)), "max-age")
    if "expires" in headers:
        expires = _date(headers["expires"])
        if expires is None:
            return Freshness(0.0, "Expires")
        lifetime = (expires - _sent(headers, now)).total_seconds()
        return Freshness(min(max(0.0, lifetime - _age(headers)), _FOREVER), "Expires")
    return None


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return for how many seconds the server asks to be left alone; None if it doesn't ask, or its Retry-After can't be
    read.

    Retry-After holds seconds or a date (RFC 9110 §10.2.3); a date in the past counts as 0.
    """
    value = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return _seconds(value)
    date = _date(value) if value else None
    return None if date is None else min(max(0.0, (date - _sent(headers, now)).total_seconds()), _FOREVER)


def _seconds(digits: str) -> float:
    return _FOREVER if len(digits) > 10 else min(float(digits), _FOREVER)


def _age(headers: Mapping[str, str]) -> float:
    value = headers.get("age", "").strip()
    return _seconds(value) if _SECONDS.fullmatch(value) else 0.0


def _sent(headers: Mapping[str, str], now: datetime) -> datetime:
    return _date(headers.get("date", "")) or now


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
