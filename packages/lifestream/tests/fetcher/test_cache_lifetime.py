"""How long an answer is fresh, and how long a server asks to be left alone, from the headers of the answer."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lifestream.fetcher.cache_lifetime import Freshness, freshness, retry_after

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DATE = "Sun, 01 Mar 2026 12:00:00 GMT"
TEN_YEARS = 10 * 365 * 86400.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"cache-control": "max-age=7200"}, 7200),
        ({"cache-control": "public, Max-Age=7200, must-revalidate"}, 7200),
        ({"cache-control": 'max-age="7200"'}, 7200),
        ({"cache-control": "max-age = 7200"}, 7200),
        ({"cache-control": "max-age=7200", "age": "200"}, 7000),
        ({"cache-control": "max-age=7200", "age": "9000"}, 0),
        ({"cache-control": "max-age=7200", "age": "soon"}, 7200),
        ({"cache-control": "max-age=0"}, 0),
        ({"cache-control": "max-age=600, max-age=900"}, 600),
        ({"cache-control": "max-age=99999999999999999999999"}, TEN_YEARS),
        ({"cache-control": "max-age=60", "expires": "0"}, 60),
        ({"cache-control": "max-age=60", "expires": "Sun, 01 Mar 2026 13:00:00 GMT"}, 60),
    ],
)
def test_an_answer_is_fresh_for_max_age_minus_age(headers: dict[str, str], seconds: float) -> None:
    assert freshness(headers, NOW) == Freshness(seconds, "max-age")


@pytest.mark.parametrize(
    "control", ["no-cache", "no-store, max-age=600", 'no-cache="set-cookie"', "max-age=600, NO-CACHE"]
)
def test_with_no_cache_or_no_store_an_answer_is_never_fresh(control: str) -> None:
    assert freshness({"cache-control": control}, NOW) == Freshness(0.0, "max-age")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"expires": "Sun, 01 Mar 2026 13:00:00 GMT"}, 3600),
        ({"expires": "Sun, 01 Mar 2026 13:00:00 GMT", "date": DATE}, 3600),
        ({"expires": "Mon, 01 Mar 2021 13:00:00 GMT", "date": "Mon, 01 Mar 2021 12:00:00 GMT"}, 3600),
        ({"expires": "Sun, 01 Mar 2026 13:00:00 GMT", "age": "600"}, 3000),
        ({"expires": "Sun, 01 Mar 2026 11:00:00 GMT"}, 0),
        ({"expires": "0"}, 0),
        ({"expires": "-1"}, 0),
        ({"expires": ""}, 0),
        ({"expires": "Fri, 31 Dec 9999 23:59:59 GMT"}, TEN_YEARS),
        ({"expires": "Sun, 01 Mar 99999 13:00:00 GMT"}, 0),
        ({"expires": "Sunday, 01-Mar-26 13:00:00 GMT"}, 3600),
        ({"expires": "Sun, 01 Mar 2026 14:00:00 +0100"}, 3600),
        ({"expires": "Sun, 01 Mar 2026 13:00:00 -0000"}, 3600),
        ({"cache-control": "public", "expires": "Sun, 01 Mar 2026 13:00:00 GMT"}, 3600),
        ({"cache-control": "s-maxage=60, x-max-age=9", "expires": "0"}, 0),
    ],
)
def test_expires_alone_is_read_relative_to_date(headers: dict[str, str], seconds: float) -> None:
    assert freshness(headers, NOW) == Freshness(seconds, "Expires")


@pytest.mark.parametrize("headers", [{}, {"cache-control": "public"}, {"cache-control": "max-age=soon"}])
def test_an_answer_without_a_usable_header_has_no_freshness(headers: dict[str, str]) -> None:
    assert freshness(headers, NOW) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "120"}, 120),
        ({"retry-after": " 120 "}, 120),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "Sun, 01 Mar 2026 12:10:00 GMT"}, 600),
        ({"retry-after": "Mon, 01 Mar 2021 12:10:00 GMT", "date": "Mon, 01 Mar 2021 12:00:00 GMT"}, 600),
        ({"retry-after": "Sun, 01 Mar 2026 11:00:00 GMT"}, 0),
        ({"retry-after": "9" * 400}, TEN_YEARS),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": ""}, None),
        ({}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds
