"""Conditions of a request: entity tags, dates, and which of them goes first (RFC 9110 §13)."""

from __future__ import annotations

from typing import Any

import pytest

from feedserver.faults import Nothing
from feedserver.http.negotiation import select, slice_range
from feedserver.http.preconditions import parse_http_date
from feedserver.messages.headers import Headers
from feedserver.messages.request import Request
from feedserver.messages.response import Response

MONDAY = "Mon, 01 Jan 2024 12:00:00 GMT"
TUESDAY = "Tue, 02 Jan 2024 12:00:00 GMT"
WEDNESDAY = "Wed, 03 Jan 2024 12:00:00 GMT"
Fields = list[tuple[str, str]]


def get(*fields: tuple[str, str | bytes], method: str = "GET") -> Request:
    return Request(method, "/feed.xml", headers=Headers(fields))


def feed(*fields: tuple[str, str | bytes], body: bytes = b"0123456789", **options: Any) -> Response:
    return Response(body, headers=Headers(fields), **options)


def status(request: Request, response: Response) -> int:
    return select(request, response).status


class TestEntityTags:
    """§8.8.3.2 for the comparisons, §13.1.1 for If-Match, §13.1.2 for If-None-Match."""

    @pytest.mark.parametrize(
        ("etag", "field", "weak", "strong"),
        [
            pytest.param('W/"1"', 'W/"1"', True, False, id="both weak"),
            pytest.param('W/"1"', 'W/"2"', False, False, id="both weak, other tags"),
            pytest.param('W/"1"', '"1"', True, False, id="declared weak"),
            pytest.param('"1"', 'W/"1"', True, False, id="sent weak"),
            pytest.param('"1"', '"1"', True, True, id="both strong"),
            pytest.param('"1"', '"2"', False, False, id="other tags"),
            pytest.param('"1"', '"0", "1", "2"', True, True, id="a list"),
            pytest.param('"1"', '"0",,W/"1" ,', True, False, id="a list with empty members, and one that is weak"),
            pytest.param('"1"', '"0", "2"', False, False, id="a list without it"),
            pytest.param('"1"', "*", True, True, id="any"),
            pytest.param('"1"', "", False, False, id="an empty field"),
            pytest.param('"a, b"', '"0", "a, b"', True, True, id="a comma within quotes"),
            pytest.param('"a"', '"x, "a""', False, False, id="quotes that don't pair"),
            pytest.param('""', '""', True, True, id="an empty tag is a tag"),
            pytest.param('"1"', "1", False, False, id="quotes lost"),
            pytest.param('"1"', 'w/"1"', False, False, id="w/ in lower case is no weakness"),
            pytest.param('"A"', '"a"', False, False, id="tags have case"),
            pytest.param("1", "1", True, True, id="declared without quotes, echoed as it was"),
            pytest.param("1", "0, 1", True, True, id="declared without quotes, in a list"),
            pytest.param("1", '"1"', False, False, id="declared without quotes, quotes added"),
            pytest.param('"1"', '"0', False, False, id="an open quote"),
        ],
    )
    def test_match_weakly_for_if_none_match_and_strongly_for_if_match(
        self, etag: str, field: str, *, weak: bool, strong: bool
    ) -> None:
        response = feed(("ETag", etag))

        assert status(get(("If-None-Match", field)), response) == (304 if weak else 200)
        assert status(get(("If-Match", field)), response) == (200 if strong else 412)

    def test_may_come_in_several_fields(self) -> None:
        """§5.3"""
        assert status(get(("If-None-Match", '"0"'), ("if-none-match", '"1"')), feed(("ETag", '"1"'))) == 304

    def test_are_compared_as_bytes(self) -> None:
        """Each decoded by its own encoding, ISO-8859-1 and UTF-8, both tags would be "é"."""
        assert status(get(("If-None-Match", b'"\xe9"')), feed(("ETag", '"é"'.encode()))) == 200

    def test_match_nothing_but_a_star_if_only_a_date_is_declared(self) -> None:
        response = feed(("Last-Modified", MONDAY))

        assert status(get(("If-None-Match", '"1"')), response) == 200
        assert status(get(("If-Match", '"1"')), response) == 412
        assert status(get(("If-None-Match", "*")), response) == 304
        assert status(get(("If-Match", "*")), response) == 200


class TestDates:
    """§13.1.3 for If-Modified-Since, §13.1.4 for If-Unmodified-Since; the resource changed on Tuesday."""

    @pytest.mark.parametrize(
        ("date", "modified_since", "unmodified_since"),
        [
            pytest.param(MONDAY, 200, 412, id="before the change"),
            pytest.param("Tue, 02 Jan 2024 11:59:59 GMT", 200, 412, id="a second before"),
            pytest.param(TUESDAY, 304, 200, id="the same second"),
            pytest.param(f" {TUESDAY}\t", 304, 200, id="white space around it (§5.5)"),
            pytest.param(WEDNESDAY, 304, 200, id="after the change"),
            pytest.param("Wed, 01 Jan 2098 00:00:00 GMT", 304, 200, id="in the future"),
            pytest.param("Tuesday, 02-Jan-24 12:00:00 GMT", 304, 200, id="RFC 850"),
            pytest.param("Monday, 01-Jan-24 12:00:00 GMT", 200, 412, id="RFC 850, before"),
            pytest.param("Tue Jan  2 12:00:00 2024", 304, 200, id="asctime"),
            pytest.param("Mon Jan  1 12:00:00 2024", 200, 412, id="asctime, before"),
            pytest.param("", 200, 200, id="an empty field is ignored"),
            pytest.param("yesterday", 200, 200, id="no date"),
            pytest.param("Wed, 03 Jan 2024 12:00:00 +0000", 200, 200, id="an offset is no GMT"),
            pytest.param("Wed, 3 Jan 2024 12:00:00 GMT", 200, 200, id="a day of one digit"),
            pytest.param("wed, 03 jan 2024 12:00:00 gmt", 200, 200, id="dates have case (§5.6.7)"),
            pytest.param(f"{WEDNESDAY}, {WEDNESDAY}", 200, 200, id="two dates"),
            pytest.param(f"{WEDNESDAY}; length=10", 200, 200, id="a parameter"),
            pytest.param("2024-01-03T12:00:00Z", 200, 200, id="ISO 8601"),
        ],
    )
    def test_are_compared_by_time(self, date: str, modified_since: int, unmodified_since: int) -> None:
        response = feed(("Last-Modified", TUESDAY))

        assert status(get(("If-Modified-Since", date)), response) == modified_since
        assert status(get(("If-Unmodified-Since", date)), response) == unmodified_since

    @pytest.mark.parametrize(
        "fields",
        [
            pytest.param([("ETag", '"1"')], id="an ETag only"),
            pytest.param([("Last-Modified", "yesterday")], id="a Last-Modified that is no date"),
        ],
    )
    def test_are_ignored_if_no_date_is_declared(self, fields: Fields) -> None:
        assert status(get(("If-Modified-Since", WEDNESDAY)), feed(*fields)) == 200
        assert status(get(("If-Unmodified-Since", MONDAY)), feed(*fields)) == 200

    @pytest.mark.parametrize(
        ("text", "iso"),
        [
            pytest.param("Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37", id="IMF-fixdate"),
            pytest.param("Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37", id="RFC 850"),
            pytest.param("Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37", id="asctime"),
            pytest.param("Wed Nov 16 08:49:37 1994", "1994-11-16T08:49:37", id="asctime, two digits"),
            pytest.param("Wednesday, 01-Jan-69 00:00:00 GMT", "1969-01-01T00:00:00", id="year 69 is past"),
            pytest.param("Sunday, 01-Jan-68 00:00:00 GMT", "2068-01-01T00:00:00", id="year 68 is to come"),
            pytest.param("Mon, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37", id="the wrong day's name"),
            pytest.param("Sat, 31 Dec 2016 23:59:60 GMT", "2017-01-01T00:00:00", id="a leap second"),
            pytest.param("Fri, 31 Dec 9999 23:59:60 GMT", None, id="beyond the last year"),
            pytest.param("Fri, 30 Feb 2024 00:00:00 GMT", None, id="30 February"),
            pytest.param("Mon, 01 Jan 0000 00:00:00 GMT", None, id="the year 0"),
            pytest.param("Mon, 01 Jan 2024 24:00:00 GMT", None, id="hour 24"),
            pytest.param("Mon, 01 Jan 2024 00:60:00 GMT", None, id="minute 60"),
            pytest.param("Mon, 01 Jan 2024 00:00:61 GMT", None, id="second 61"),
        ],
    )
    def test_come_in_three_formats(self, text: str, iso: str | None) -> None:
        """§5.6.7"""
        date = parse_http_date(text.encode())

        assert (date and date.isoformat()) == (iso and f"{iso}+00:00")


class TestPrecedence:
    """§13.2.2; the resource has the entity tag "1", and changed on Tuesday."""

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            pytest.param(
                [("If-Match", '"1"'), ("If-Unmodified-Since", MONDAY)],
                200,
                id="If-Match holds, If-Unmodified-Since is not looked at",
            ),
            pytest.param(
                [("If-Match", '"0"'), ("If-None-Match", '"1"')], 412, id="If-Match fails before If-None-Match"
            ),
            pytest.param(
                [("If-Match", '"1"'), ("If-None-Match", '"1"')], 304, id="If-Match holds, If-None-Match fails"
            ),
            pytest.param(
                [("If-Unmodified-Since", MONDAY), ("If-None-Match", '"1"')],
                412,
                id="If-Unmodified-Since fails before If-None-Match",
            ),
            pytest.param(
                [("If-Unmodified-Since", TUESDAY), ("If-Modified-Since", TUESDAY)],
                304,
                id="If-Unmodified-Since holds, If-Modified-Since fails",
            ),
            pytest.param(
                [("If-None-Match", '"0"'), ("If-Modified-Since", WEDNESDAY)],
                200,
                id="If-None-Match holds, If-Modified-Since is not looked at",
            ),
            pytest.param(
                [("If-None-Match", '"1"'), ("If-Modified-Since", MONDAY)],
                304,
                id="If-None-Match fails, If-Modified-Since is not looked at",
            ),
            pytest.param([], 200, id="no condition"),
        ],
    )
    def test_is_the_order_of_the_rfc(self, fields: Fields, expected: int) -> None:
        response = feed(("ETag", '"1"'), ("Last-Modified", TUESDAY))

        assert status(get(*fields), response) == expected
        assert status(get(*fields, method="HEAD"), response) == expected

    @pytest.mark.parametrize(
        ("method", "field", "expected"),
        [
            ("PUT", ("If-None-Match", "*"), 412),
            ("POST", ("If-None-Match", '"1"'), 412),
            ("POST", ("If-Match", '"0"'), 412),
            ("DELETE", ("If-Unmodified-Since", MONDAY), 412),
            ("POST", ("If-Modified-Since", WEDNESDAY), 200),
            ("get", ("If-None-Match", '"1"'), 412),
            ("OPTIONS", ("If-None-Match", '"1"'), 200),
            ("TRACE", ("If-Match", '"0"'), 200),
            ("CONNECT", ("If-Match", '"0"'), 200),
        ],
    )
    def test_gives_412_or_ignores_a_failed_condition_for_methods_other_than_get_and_head(
        self, method: str, field: tuple[str, str], expected: int
    ) -> None:
        """§13.1.2, §13.1.3; §13.2.1 for methods without conditions; §9.1 for the case of methods' names."""
        response = feed(("ETag", '"1"'), ("Last-Modified", TUESDAY))

        assert status(get(field, method=method), response) == expected

    @pytest.mark.parametrize("declared", [199, 300, 404, 412, 500])
    def test_leaves_everything_but_a_2xx_alone(self, declared: int) -> None:
        """§13.2.1"""
        response = feed(("ETag", '"1"'), status=declared)

        assert select(get(("If-None-Match", '"1"'), ("If-Match", '"0"')), response) is response

    @pytest.mark.parametrize("declared", [200, 203, 299])
    def test_applies_to_every_2xx(self, declared: int) -> None:
        assert status(get(("If-None-Match", '"1"')), feed(("ETag", '"1"'), status=declared)) == 304

    def test_needs_a_validator(self) -> None:
        response = feed()

        assert select(get(("If-None-Match", "*"), ("If-Modified-Since", WEDNESDAY)), response) is response


class TestConditionalExact:
    @pytest.mark.parametrize(
        ("field", "expected"),
        [
            (("If-None-Match", 'W/"1"'), 304),
            (("If-None-Match", '"1"'), 200),
            (("If-None-Match", 'W/"1", "2"'), 200),
            (("If-None-Match", "*"), 200),
            (("If-Match", 'W/"1"'), 200),
            (("If-Match", '"1"'), 412),
            (("If-Modified-Since", "2 January"), 304),
            (("If-Modified-Since", TUESDAY), 200),
            (("If-Unmodified-Since", "2 January"), 200),
            (("If-Unmodified-Since", WEDNESDAY), 412),
        ],
    )
    def test_compares_opaque_bytes(self, field: tuple[str, str], expected: int) -> None:
        response = feed(("ETag", 'W/"1"'), ("Last-Modified", "2 January"), conditional="exact")

        assert status(get(field), response) == expected


class TestConditionalOff:
    @pytest.mark.parametrize(
        "field",
        [
            ("If-None-Match", '"1"'),
            ("If-None-Match", "*"),
            ("If-Match", '"0"'),
            ("If-Modified-Since", WEDNESDAY),
            ("If-Unmodified-Since", MONDAY),
        ],
    )
    def test_ignores_every_condition(self, field: tuple[str, str]) -> None:
        response = feed(("ETag", '"1"'), ("Last-Modified", TUESDAY), conditional="off")

        assert select(get(field), response) is response

    def test_gives_a_range_whatever_the_value_of_if_range(self) -> None:
        response = feed(("ETag", '"1"'), ("Accept-Ranges", "bytes"), conditional="off")

        assert slice_range(get(("Range", "bytes=0-0"), ("If-Range", '"0"')), response).status == 206


class TestNotModified:
    """§15.4.5"""

    def test_has_no_body_and_only_the_headers_that_do_not_describe_a_body(self) -> None:
        response = feed(
            ("Content-Type", "application/atom+xml"),
            ("content-length", "10"),
            ("Content-Encoding", "gzip"),
            ("Content-Language", "en"),
            ("Transfer-Encoding", "chunked"),
            ("Content-Location", "/feed.atom"),
            ("Date", WEDNESDAY),
            ("ETag", '"1"'),
            ("Vary", "Accept"),
            ("Cache-Control", "max-age=60"),
            ("Expires", "0"),
            ("Last-Modified", TUESDAY),
            ("Set-Cookie", "a=1"),
            ("set-cookie", "b=2"),
            ("Link", '</hub>; rel="hub"'),
            ("Content-Security-Policy", "sandbox"),
        )

        answer = select(get(("If-None-Match", '"1"')), response)

        assert (answer.status, answer.reason, answer.body) == (304, "Not Modified", b"")
        assert answer.headers.raw == response.headers.raw[5:]

    def test_is_not_given_a_type_or_length_later(self) -> None:
        answer = select(get(("If-None-Match", '"1"')), feed(("ETag", '"1"'), omit=["Date"]))

        assert answer.omit == {"date", "content-type", "content-length"}

    def test_varies_as_the_200_does_and_is_not_coded(self) -> None:
        answer = select(
            get(("If-None-Match", '"1"'), ("Accept-Encoding", "gzip")), feed(("ETag", '"1"'), coding="auto")
        )

        assert answer.headers["Vary"] == "Accept-Encoding"
        assert "Content-Encoding" not in answer.headers
        assert answer.coding is None

    def test_keeps_delay_faults_and_origin(self) -> None:
        fault = Nothing()
        response = feed(("ETag", '"1"'), delay="2s", faults=[fault], source="feed.xml", notes=[("Expect", "x")])

        answer = select(get(("If-None-Match", '"1"')), response)

        assert (answer.delay, answer.faults, answer.source) == (2.0, (fault,), "feed.xml")
        assert answer.notes == (("Expect", "x"),)


class TestPreconditionFailed:
    """§15.5.13"""

    def test_says_so_in_a_line_and_nothing_about_the_resource(self) -> None:
        answer = select(get(("If-Match", '"0"')), feed(("ETag", '"1"'), ("Set-Cookie", "a=1")))

        assert (answer.status, answer.reason) == (412, "Precondition Failed")
        assert answer.body == b"412 Precondition Failed: this resource does not meet a condition of the request\n"
        assert answer.headers == Headers({"Content-Type": "text/plain; charset=utf-8"})
