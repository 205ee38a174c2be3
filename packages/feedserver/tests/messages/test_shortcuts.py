"""Short ways to make responses: moved, gone, broken, touched."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from feedserver import Response, broken, gone, moved, touched
from feedserver.faults import Close, Reset


def test_moved_makes_a_redirect_and_gone_a_410() -> None:
    assert (moved("/new").status, moved("/new").headers["Location"]) == (301, "/new")
    assert moved("/new", 308).status == 308
    assert gone().status == 410


def test_broken_adds_faults_and_leaves_the_response_unchanged() -> None:
    whole = Response("<feed/>", faults=[Close(after=1)])
    assert broken(whole, Reset(at="end")).faults == (Close(after=1), Reset(at="end"))
    assert whole.faults == (Close(after=1),)


def test_touching_changes_each_validator_and_not_the_body() -> None:
    feed = Response("<feed/>", headers={"ETag": '"v1"', "Last-Modified": "Sun, 06 Nov 1994 08:49:37 GMT"})
    saved = touched(feed, timedelta(hours=1))
    assert saved.headers["ETag"] != '"v1"'
    assert saved.headers["Last-Modified"] == "Sun, 06 Nov 1994 09:49:37 GMT"
    assert saved.body == feed.body
    assert touched(Response("<feed/>")) == Response("<feed/>")


@pytest.mark.parametrize("by", [timedelta(0), timedelta(milliseconds=999), timedelta(milliseconds=-999)])
def test_a_time_that_changes_no_date_is_refused(by: timedelta) -> None:
    with pytest.raises(
        ValueError, match=r"^by is .*, and a date in a header has whole seconds; give timedelta\(seconds=1"
    ):
        touched(Response(headers={"Last-Modified": "Sun, 06 Nov 1994 08:49:37 GMT"}), by)


@pytest.mark.parametrize(("by", "second"), [(timedelta(seconds=1), 38), (timedelta(seconds=-1), 36)])
def test_a_time_of_a_second_changes_the_date(by: timedelta, second: int) -> None:
    saved = touched(Response(headers={"Last-Modified": "Sun, 06 Nov 1994 08:49:37 GMT"}), by)
    assert saved.headers["Last-Modified"] == f"Sun, 06 Nov 1994 08:49:{second} GMT"


def test_an_invalid_date_cannot_be_touched() -> None:
    with pytest.raises(ValueError, match="cannot touch the response: "):
        touched(Response("", headers={"Last-Modified": "yesterday"}))


@pytest.mark.parametrize("zone", ["", " -0000", " +0000", " GMT"])
def test_a_date_without_a_zone_or_in_utc_is_read_as_utc(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "XST-5")
    if hasattr(time, "tzset"):  # elsewhere, the zone of the machine is not changed
        time.tzset()
    try:
        saved = touched(Response(headers={"Last-Modified": f"Sun, 06 Nov 1994 08:49:37{zone}"}))
    finally:
        monkeypatch.undo()
        if hasattr(time, "tzset"):
            time.tzset()
    assert saved.headers["Last-Modified"] == "Sun, 06 Nov 1994 08:49:38 GMT"


@pytest.mark.parametrize("date", ["Fri, 31 Dec 9999 23:59:59 GMT", "Fri, 31 Dec 9999 23:59:58 -2300"])
def test_a_date_is_not_moved_beyond_the_year_9999(date: str) -> None:
    with pytest.raises(ValueError, match=r"cannot touch a\.xml: "):
        touched(Response(headers={"Last-Modified": date}, source="a.xml"))


@pytest.mark.parametrize(
    ("etag", "after"),
    [
        (f'"a-touched-{"9" * 5000}"', f'"a-touched-{"9" * 5000}-touched-1"'),
        ('"a-touched-²"', '"a-touched-²-touched-1"'),
        ('W/"a"', 'W/"a-touched-1"'),
        ('W/"a-touched-1"', 'W/"a-touched-2"'),
        ("bare", "bare-touched-1"),
        ('"-touched-x"', '"-touched-x-touched-1"'),
    ],
)
def test_touching_keeps_the_shape_of_a_tag(etag: str, after: str) -> None:
    assert touched(Response(headers={"ETag": etag})).headers["ETag"] == after


def test_touching_a_response_without_validators_changes_nothing() -> None:
    response = Response("x")
    assert touched(response) == response


def test_the_error_for_an_invalid_date_names_the_file() -> None:
    with pytest.raises(ValueError, match=r"cannot touch a.xml"):
        touched(Response(headers={"Last-Modified": "yesterday"}, source="a.xml"))


@pytest.mark.parametrize("status", [200, 304, 305, 309, 400])
def test_a_redirect_has_a_status_that_redirects(status: int) -> None:
    with pytest.raises(ValueError, match=f"the status of moved\\(\\) is {status}, no redirect; give 301, 302, 303, 30"):
        moved("/new", status)
