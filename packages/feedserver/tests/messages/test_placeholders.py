"""Placeholders in header values: the server's address and dates, and nothing else in braces."""

from __future__ import annotations

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
    ],
)
def test_an_address_and_dates_are_filled_in(value: str, filled: str) -> None:
    headers = Headers({"X": value})
    assert has_placeholders(headers)
    assert fill_placeholders(headers, "http://h:1", NOW) == Headers({"X": filled})


@pytest.mark.parametrize("value", ["{other}", "{}", "{ base }", "{date*2}", "plain"])
def test_what_else_stands_in_braces_is_left(value: str) -> None:
    headers = Headers({"X": value})
    assert not has_placeholders(headers)
    assert fill_placeholders(headers, "http://h:1", NOW) == headers
