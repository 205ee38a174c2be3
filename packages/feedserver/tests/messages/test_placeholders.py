"""Placeholders in header values: the server's address and dates, and nothing else in braces."""

from __future__ import annotations

import re

import pytest

from feedserver import Headers
from feedserver.messages.placeholders import fill_placeholders, has_placeholders

NOW = 784_111_777.0  # Sun, 06 Nov 1994 08:49:37 GMT, the date of RFC 9110 §5.6.7


@pytest.mark.parametrize(
    ("value", "filled"),
    [
        ("{base}/new.xml", "http://h:1/new.xml"),
        ("{date}", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("{date+2h}", "Sun, 06 Nov 1994 10:49:37 GMT"),
        ("{date-1d}", "Sat, 05 Nov 1994 08:49:37 GMT"),
        ("{date-1d} {date+1.5h}", "Sat, 05 Nov 1994 08:49:37 GMT Sun, 06 Nov 1994 10:19:37 GMT"),
    ],
)
def test_an_address_and_dates_are_filled_in(value: str, filled: str) -> None:
    headers = Headers({"X": value})
    assert has_placeholders(headers)
    assert fill_placeholders(headers, "http://h:1", NOW) == Headers({"X": filled})


@pytest.mark.parametrize("value", ["{other}", "{}", "{ base }", "{date*2}", "{dates} {} {base", "plain"])
def test_other_text_in_braces_is_left(value: str) -> None:
    headers = Headers({"X": value})
    assert not has_placeholders(headers)
    assert fill_placeholders(headers, "http://h:1", NOW) == headers


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("{date+1.2.3w}", "'1.2.3w' is no duration; write a number and a unit, such as 250ms, 2s, 1m, 2h or 1d"),
        ("{date+.w}", "'.w' is no duration; write a number and a unit, such as 250ms, 2s, 1m, 2h or 1d"),
        ("{date+999999w}", "'{date+999999w}' is in a year that HTTP cannot write; stay between 1970 and 9999"),
        ("{date-9999w}", "'{date-9999w}' is in a year that HTTP cannot write; stay between 1970 and 9999"),
        (
            "{date+" + "9" * 10_000 + "w}",
            f"a duration, '{'9' * 56}..., of inf s cannot be waited for; give 0 or more seconds",
        ),
        (
            "{date+" + "9" * 200 + "w}",
            "'{date+" + "9" * 50 + "... is in a year that HTTP cannot write; stay between 1970 and 9999",
        ),
    ],
    ids=["no number", "no digit", "late", "early", "infinite", "long"],
)
def test_an_offset_that_gives_no_date_is_refused_with_a_short_message(value: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        fill_placeholders(Headers({"X": value}), "http://h:1", NOW)
