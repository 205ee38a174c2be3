"""What a request makes of a response, as tables: one class a rule, with the section that it comes from.

Sections are those of RFC 9110 where no other RFC is named.
"""

from __future__ import annotations

import re
from base64 import b64encode
from email import message_from_bytes
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from feedserver.faults import Nothing
from feedserver.http import content_codings
from feedserver.http.negotiation import is_plain, select, slice_range
from feedserver.http.preconditions import parse_http_date
from feedserver.http.ranges import MAX_RANGES
from feedserver.messages.headers import Headers
from feedserver.messages.request import Request
from feedserver.messages.response import FileBody, Response

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


class TestPlain:
    @pytest.mark.parametrize(
        "response",
        [
            pytest.param(feed(), id="a body"),
            pytest.param(feed(("Content-Encoding", "gzip")), id="a body that is coded already"),
            pytest.param(feed(("ETag", '"v1"'), conditional="off"), id="validators that are ignored"),
            pytest.param(feed(("ETag", '"v1"'), status=404), id="validators of something else than a 2xx"),
            pytest.param(feed(("Accept-Ranges", "none")), id="no ranges"),
            pytest.param(feed(("Accept-Ranges", "bytes"), status=404), id="ranges of something else than a 200"),
        ],
    )
    def test_is_what_no_request_changes(self, response: Response) -> None:
        request = get(
            ("Authorization", "Basic eDp5"),
            ("Accept-Encoding", "gzip"),
            ("If-None-Match", "*"),
            ("If-Modified-Since", WEDNESDAY),
            ("Range", "bytes=0-0"),
        )

        assert is_plain(response)
        assert slice_range(request, select(request, response)) is response

    @pytest.mark.parametrize(
        "response",
        [
            pytest.param(feed(auth="Bearer secret"), id="a login"),
            pytest.param(feed(coding="gzip"), id="a coding"),
            pytest.param(feed(coding="auto"), id="any coding"),
            pytest.param(feed(("ETag", '"v1"')), id="an ETag"),
            pytest.param(feed(("last-modified", MONDAY), conditional="exact"), id="a Last-Modified"),
            pytest.param(feed(("Accept-Ranges", "bytes")), id="ranges"),
        ],
    )
    def test_is_not_what_a_request_may_change(self, response: Response) -> None:
        assert not is_plain(response)


class TestAuth:
    """§11.6, RFC 7617 for Basic, RFC 6750 for Bearer."""

    BASIC = 'Basic realm="feedserver", charset="UTF-8"'
    BEARER = 'Bearer realm="feedserver"'
    WRONG_TOKEN = 'Bearer realm="feedserver", error="invalid_token"'

    @pytest.mark.parametrize(
        ("auth", "authorization"),
        [
            pytest.param("Basic user:pass", "Basic dXNlcjpwYXNz", id="Basic"),
            pytest.param("Basic user:pass", "bAsIc   dXNlcjpwYXNz ", id="a scheme has no case (§11.1)"),
            pytest.param("Basic user:", "Basic dXNlcjo=", id="an empty password"),
            pytest.param("Basic u:a:b", "Basic dTphOmI=", id="a colon in the password (RFC 7617 §2)"),
            pytest.param("Basic jörg:süß", f"Basic {b64encode('jörg:süß'.encode()).decode()}", id="UTF-8"),
            pytest.param("Bearer abc.def-1~+/=", "Bearer abc.def-1~+/=", id="Bearer"),
            pytest.param("Bearer abc", "bearer abc", id="Bearer in lower case"),
            pytest.param("Bearer abc", "\tBearer abc\t", id="white space around it (§5.5)"),
        ],
    )
    def test_lets_the_right_credentials_in(self, auth: str, authorization: str) -> None:
        response = feed(auth=auth)

        assert select(get(("Authorization", authorization)), response) is response

    @pytest.mark.parametrize(
        ("auth", "fields", "challenge"),
        [
            pytest.param("Basic user:pass", [], BASIC, id="nothing"),
            pytest.param("Basic user:pass", ["Basic dXNlcjp3cm9uZw=="], BASIC, id="another password"),
            pytest.param("Basic user:pass", ["Basic user:pass"], BASIC, id="no base64"),
            pytest.param("Basic user:pass", ["Basic dXNlcjpwYXNz dXNlcjpwYXNz"], BASIC, id="two words"),
            pytest.param("Basic user:pass", ["Basic"], BASIC, id="a scheme alone"),
            pytest.param("Basic user:pass", ["Bearer dXNlcjpwYXNz"], BASIC, id="another scheme"),
            pytest.param("Basic user:pass", ["Basic dXNlcjpwYXNz", "Basic dXNlcjpwYXNz"], BASIC, id="twice"),
            pytest.param(
                "Basic jörg:x",
                [f"Basic {b64encode('jörg:x'.encode('latin-1')).decode()}"],
                BASIC,
                id="not UTF-8",
            ),
            pytest.param("Bearer abc", [], BEARER, id="no token: no error is named (RFC 6750 §3.1)"),
            pytest.param("Bearer abc", ["Basic dXNlcjpwYXNz"], BEARER, id="Basic where Bearer is due"),
            pytest.param("Bearer abc", ["Bearer"], BEARER, id="an empty token"),
            pytest.param("Bearer abc", ["Bearer abd"], WRONG_TOKEN, id="a wrong token"),
            pytest.param("Bearer abc", ["Bearer ABC"], WRONG_TOKEN, id="a token has case"),
        ],
    )
    def test_answers_401_with_a_challenge_to_others(self, auth: str, fields: list[str], challenge: str) -> None:
        answer = select(get(*[("Authorization", value) for value in fields]), feed(auth=auth))

        assert (answer.status, answer.reason) == (401, "Unauthorized")
        assert answer.headers.get_all("WWW-Authenticate") == [challenge]
        assert answer.body == b"401 Unauthorized: the request lacks the credentials that this resource asks for\n"

    def test_comes_before_conditions_and_tells_nothing_of_the_resource(self) -> None:
        response = feed(("ETag", '"v1"'), ("Set-Cookie", "a=1"), auth="Basic user:pass", coding="gzip")

        answer = select(get(("If-None-Match", '"v1"')), response)

        assert answer.status == 401
        assert answer.coding is None
        assert sorted(answer.headers) == ["Content-Type", "WWW-Authenticate"]

    def test_protects_a_redirect_too(self) -> None:
        assert status(get(), feed(("Location", "/new"), status=301, auth="Basic user:pass")) == 401

    def test_sends_the_declared_challenges(self) -> None:
        response = feed(("www-authenticate", "Digest x"), ("WWW-Authenticate", "Basic y"), auth="Basic user:pass")

        assert select(get(), response).headers.get_all("WWW-Authenticate") == ["Digest x", "Basic y"]

    def test_omits_the_challenge_where_told_so(self) -> None:
        response = feed(auth="Basic user:pass", omit=["WWW-Authenticate"])

        assert "WWW-Authenticate" not in select(get(), response).headers


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
        """UTF-8 and ISO-8859-1 would read the same."""
        assert status(get(("If-None-Match", b'"\xe9"')), feed(("ETag", '"é"'.encode()))) == 200

    def test_match_nothing_but_a_star_where_only_a_date_is_declared(self) -> None:
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
    def test_are_ignored_where_no_date_is_declared(self, fields: Fields) -> None:
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
    """§13.2.2; the resource is "1", changed on Tuesday."""

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
    def test_is_412_for_methods_that_do_not_read(self, method: str, field: tuple[str, str], expected: int) -> None:
        """§13.1.2, §13.1.3; §13.2.1 for methods without conditions; §9.1 for their case."""
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

    def test_gives_a_range_whatever_if_range_says(self) -> None:
        response = feed(("ETag", '"1"'), ("Accept-Ranges", "bytes"), conditional="off")

        assert slice_range(get(("Range", "bytes=0-0"), ("If-Range", '"0"')), response).status == 206


class TestNotModified:
    """§15.4.5"""

    def test_has_no_body_and_the_headers_that_are_not_about_one(self) -> None:
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

    def test_keeps_delay_faults_and_where_it_comes_from(self) -> None:
        fault = Nothing()
        response = feed(("ETag", '"1"'), delay="2s", faults=[fault], source="feed.xml", notes=[("Expect", "x")])

        answer = select(get(("If-None-Match", '"1"')), response)

        assert (answer.delay, answer.faults, answer.source) == (2.0, (fault,), "feed.xml")
        assert answer.notes == (("Expect", "x"),)


class TestPreconditionFailed:
    """§15.5.13"""

    def test_says_so_in_a_line_and_tells_nothing_of_the_resource(self) -> None:
        answer = select(get(("If-Match", '"0"')), feed(("ETag", '"1"'), ("Set-Cookie", "a=1")))

        assert (answer.status, answer.reason) == (412, "Precondition Failed")
        assert answer.body == b"412 Precondition Failed: a condition of the request does not hold for this resource\n"
        assert answer.headers == Headers({"Content-Type": "text/plain; charset=utf-8"})


class TestForcedCoding:
    """§8.4: Content-Encoding names what was applied, whatever Accept-Encoding says."""

    @pytest.mark.parametrize(
        ("coding", "resolved"),
        [
            ("gzip", "gzip"),
            ("X-GZIP", "gzip"),
            ("deflate", "deflate"),
            ("br", "br"),
            ("zstd", "zstd"),
            ("gzip,br", "gzip, br"),
        ],
    )
    def test_is_named_in_content_encoding(self, coding: str, resolved: str) -> None:
        answer = select(get(("Accept-Encoding", "identity")), feed(("ETag", '"1"'), coding=coding))

        assert answer.coding == resolved
        assert answer.headers == Headers({"ETag": '"1"', "Content-Encoding": resolved})
        assert answer.body == b"0123456789"

    def test_leaves_a_declared_content_encoding_as_it_is(self) -> None:
        answer = select(get(), feed(("content-encoding", "lie"), coding="gzip"))

        assert (answer.coding, answer.headers.raw) == ("gzip", ((b"content-encoding", b"lie"),))

    def test_omits_content_encoding_where_told_so(self) -> None:
        answer = select(get(), feed(coding="gzip", omit=["Content-Encoding"]))

        assert (answer.coding, len(answer.headers)) == ("gzip", 0)

    def test_of_identity_is_none(self) -> None:
        answer = select(get(), feed(coding="identity"))

        assert (answer.coding, len(answer.headers)) == (None, 0)

    @pytest.mark.parametrize("declared", [204, 304])
    def test_is_dropped_where_there_is_no_content(self, declared: int) -> None:
        """§6.4.1"""
        answer = select(get(), feed(status=declared, coding="gzip"))

        assert (answer.coding, len(answer.headers)) == (None, 0)

    def test_applies_to_errors_too(self) -> None:
        assert select(get(), feed(status=404, coding="gzip")).coding == "gzip"

    def test_of_a_name_that_is_not_known_is_an_error_that_names_it(self) -> None:
        with pytest.raises(ValueError, match="'foo' is no content coding that feedserver knows; write gzip"):
            select(get(), feed().changed(coding="foo"))


class TestNegotiatedCoding:
    """§12.5.3; §12.5.5 for Vary."""

    @pytest.mark.parametrize(
        ("accept_encoding", "coding"),
        [("gzip", "gzip"), ("br;q=0.5, gzip;q=0.4", "br"), ("identity", None), ("", None), ("*;q=0", None)],
    )
    def test_follows_accept_encoding_and_says_that_it_varies(self, accept_encoding: str, coding: str | None) -> None:
        answer = select(get(("Accept-Encoding", accept_encoding)), feed(coding="auto"))

        assert answer.status == 200
        assert answer.coding == coding
        assert answer.headers.get("Content-Encoding") == coding
        assert answer.headers["Vary"] == "Accept-Encoding"

    def test_reads_several_fields_as_one(self) -> None:
        answer = select(get(("Accept-Encoding", "br;q=0.5"), ("Accept-Encoding", "gzip")), feed(coding="auto"))

        assert answer.coding == "gzip"

    def test_is_none_for_a_client_that_does_not_say(self) -> None:
        answer = select(get(), feed(coding="auto"))

        assert (answer.coding, answer.headers) == (None, Headers({"Vary": "Accept-Encoding"}))

    def test_leaves_alone_what_is_declared_to_be_coded(self) -> None:
        response = feed(("Content-Encoding", "gzip"), coding="auto")

        answer = select(get(("Accept-Encoding", "gzip, br")), response)

        assert (answer.coding, answer.headers) == (None, response.headers)

    @pytest.mark.parametrize("body", [b"", FileBody(Path("empty.xml"), 0)])
    def test_leaves_an_empty_body_alone(self, body: bytes | FileBody) -> None:
        answer = select(get(("Accept-Encoding", "gzip")), Response(body, coding="auto"))

        assert (answer.coding, answer.headers) == (None, Headers({"Vary": "Accept-Encoding"}))

    def test_takes_a_body_on_disk(self) -> None:
        answer = select(get(("Accept-Encoding", "gzip")), Response(FileBody(Path("feed.xml"), 10), coding="auto"))

        assert answer.coding == "gzip"

    def test_leaves_a_declared_vary_as_it_is(self) -> None:
        answer = select(get(("Accept-Encoding", "gzip")), feed(("Vary", "Cookie"), coding="auto"))

        assert answer.headers.get_all("Vary") == ["Cookie"]

    def test_omits_vary_where_told_so(self) -> None:
        assert "Vary" not in select(get(), feed(coding="auto", omit=["Vary"])).headers


def ranged(*fields: tuple[str, str], **options: Any) -> Response:
    return feed(("Accept-Ranges", "bytes"), ("Content-Type", "text/xml"), *fields, **options)


class TestSingleRange:
    """§14.1.2 for what a range is, §15.3.7.1 for the answer; the body is 0123456789."""

    @pytest.mark.parametrize(
        ("value", "part", "content_range"),
        [
            pytest.param("bytes=0-3", b"0123", "bytes 0-3/10", id="first and last"),
            pytest.param("bytes=4-", b"456789", "bytes 4-9/10", id="to the end"),
            pytest.param("bytes=-3", b"789", "bytes 7-9/10", id="the last three"),
            pytest.param("bytes=9-9", b"9", "bytes 9-9/10", id="the last byte"),
            pytest.param("bytes=0-", b"0123456789", "bytes 0-9/10", id="all of it"),
            pytest.param("bytes=8-99", b"89", "bytes 8-9/10", id="an end beyond the end"),
            pytest.param("bytes=-99", b"0123456789", "bytes 0-9/10", id="more than there is"),
            pytest.param("Bytes=0-0", b"0", "bytes 0-0/10", id="units have no case (§14.1)"),
            pytest.param("bytes= 0-0 ,", b"0", "bytes 0-0/10", id="an empty list member (§5.6.1.2)"),
            pytest.param("\tbytes=0-0\t", b"0", "bytes 0-0/10", id="white space around it (§5.5)"),
            pytest.param("bytes=00000-00", b"0", "bytes 0-0/10", id="leading zeros"),
            pytest.param(f"bytes=8-{'9' * 5000}", b"89", "bytes 8-9/10", id="an enormous end"),
            pytest.param(f"bytes=-{'9' * 5000}", b"0123456789", "bytes 0-9/10", id="an enormous suffix"),
            pytest.param("bytes=20-30, 2-3", b"23", "bytes 2-3/10", id="the only one of two that is within"),
        ],
    )
    def test_is_sent_with_206(self, value: str, part: bytes, content_range: str) -> None:
        answer = slice_range(get(("Range", value)), ranged(("ETag", '"1"'), ("Content-Length", "10")))

        assert (answer.status, answer.reason, answer.body) == (206, "Partial Content", part)
        assert answer.headers == Headers(
            {
                "Accept-Ranges": "bytes",
                "Content-Type": "text/xml",
                "ETag": '"1"',
                "Content-Range": content_range,
            }
        )

    @pytest.mark.parametrize("units", ["bytes", "Bytes", "lines, bytes"])
    def test_needs_bytes_among_the_units_that_are_declared(self, units: str) -> None:
        """§14.3"""
        assert slice_range(get(("Range", "bytes=0-0")), feed(("Accept-Ranges", units))).status == 206

    def test_of_a_file_stays_on_disk(self) -> None:
        path = Path("large.xml")
        response = Response(FileBody(path, 1000, offset=50, stamp=7), headers={"Accept-Ranges": "bytes"})

        answer = slice_range(get(("Range", "bytes=100-199")), response)

        assert answer.body == FileBody(path, 100, offset=150, stamp=7)
        assert answer.headers["Content-Range"] == "bytes 100-199/1000"

    @pytest.mark.parametrize("value", ["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=99-, -0", f"bytes={'9' * 5000}-"])
    def test_outside_of_the_body_is_416(self, value: str) -> None:
        """§15.5.17, §14.4"""
        answer = slice_range(get(("Range", value)), ranged(("ETag", '"1"')))

        assert (answer.status, answer.reason) == (416, "Range Not Satisfiable")
        assert answer.headers == Headers({"Content-Range": "bytes */10", "Content-Type": "text/plain; charset=utf-8"})
        assert answer.body == (
            b"416 Range Not Satisfiable: no range of the request lies within the 10 bytes of this resource\n"
        )


class TestIgnoredRange:
    """§14.2"""

    @pytest.mark.parametrize(
        "value",
        [
            pytest.param("bytes=5-4", id="last before first (§14.1.1)"),
            pytest.param("bytes=0-1, 5-4", id="one of two invalid (§14.1.1)"),
            pytest.param("bytes=", id="no range"),
            pytest.param("bytes", id="a unit alone"),
            pytest.param("bytes=,", id="an empty list"),
            pytest.param("bytes=-", id="a dash"),
            pytest.param("bytes=a-b", id="no numbers"),
            pytest.param("bytes=0x1-2", id="hexadecimal"),
            pytest.param("bytes=+1-2", id="a sign"),
            pytest.param("bytes=٠-١", id="digits that are not ASCII"),
            pytest.param("bytes=0-1-2", id="two dashes"),
            pytest.param("bytes 0-1", id="no equals sign"),
            pytest.param("lines=0-1", id="another unit"),
            pytest.param("", id="an empty field"),
            pytest.param("bytes=0-,0-", id="more than the body, by overlap (§17.15)"),
            pytest.param("bytes=0-8,5-9", id="one byte more than the body"),
        ],
    )
    def test_gets_the_whole(self, value: str) -> None:
        response = ranged()

        assert slice_range(get(("Range", value)), response) is response

    def test_may_come_twice(self) -> None:
        """Range is no list field (§5.3)."""
        response = ranged()

        assert slice_range(get(("Range", "bytes=0-0"), ("Range", "bytes=1-1")), response) is response

    @pytest.mark.parametrize("method", ["HEAD", "POST", "QUIT"])
    def test_is_one_of_another_method_than_get(self, method: str) -> None:
        response = ranged()

        assert slice_range(get(("Range", "bytes=0-0"), method=method), response) is response

    @pytest.mark.parametrize(
        "response",
        [
            pytest.param(feed(), id="nothing declared"),
            pytest.param(feed(("Accept-Ranges", "none")), id="none declared"),
            pytest.param(ranged(status=206), id="a 206"),
            pytest.param(ranged(status=404), id="a 404"),
            pytest.param(ranged(body=b""), id="an empty body"),
        ],
    )
    def test_is_one_of_what_has_no_ranges(self, response: Response) -> None:
        assert slice_range(get(("Range", "bytes=0-0,-1")), response) is response

    def test_is_one_of_too_many_parts(self) -> None:
        response = ranged(body=bytes(1000))
        parts = [f"{i}-{i}" for i in range(MAX_RANGES + 1)]

        assert slice_range(get(("Range", f"bytes={','.join(parts)}")), response) is response
        assert slice_range(get(("Range", f"bytes={','.join(parts[:-1])}")), response).status == 206

    def test_is_one_of_several_parts_of_a_file(self) -> None:
        response = Response(FileBody(Path("large.xml"), 1000), headers={"Accept-Ranges": "bytes"})

        assert slice_range(get(("Range", "bytes=0-0,-1")), response) is response

    def test_is_every_one_without_a_range_field(self) -> None:
        """If-Range without Range has to be ignored (§13.1.5)."""
        response = ranged(("ETag", '"1"'))

        assert slice_range(get(("If-Range", '"1"')), response) is response


class TestIfRange:
    """§13.1.5"""

    @pytest.mark.parametrize(
        ("etag", "if_range", "partial"),
        [
            pytest.param('"1"', '"1"', True, id="the same tag"),
            pytest.param('"1"', '"2"', False, id="another tag"),
            pytest.param('W/"1"', 'W/"1"', False, id="weak tags don't match strongly (§8.8.3.2)"),
            pytest.param('W/"1"', '"1"', False, id="declared weak"),
            pytest.param('"1"', 'W/"1"', False, id="sent weak"),
            pytest.param('"1"', '"1", "2"', False, id="no lists"),
            pytest.param('"1"', "*", False, id="no star"),
            pytest.param('"1"', TUESDAY, True, id="the same date"),
            pytest.param('"1"', WEDNESDAY, False, id="a later date is not the same"),
            pytest.param('"1"', "Tuesday, 02-Jan-24 12:00:00 GMT", False, id="the same date, written otherwise"),
        ],
    )
    def test_lets_a_range_apply_only_to_the_same_representation(
        self, etag: str, if_range: str, *, partial: bool
    ) -> None:
        response = ranged(("ETag", etag), ("Last-Modified", TUESDAY))

        answer = slice_range(get(("Range", "bytes=0-0"), ("If-Range", if_range)), response)

        assert answer.status == (206 if partial else 200)

    def test_gets_the_whole_where_no_validator_is_declared(self) -> None:
        assert slice_range(get(("Range", "bytes=0-0"), ("If-Range", '"1"')), ranged()).status == 200

    def test_compares_opaque_bytes_where_conditional_is_exact(self) -> None:
        response = ranged(("ETag", 'W/"1"'), conditional="exact")

        assert slice_range(get(("Range", "bytes=0-0"), ("If-Range", 'W/"1"')), response).status == 206
        assert slice_range(get(("Range", "bytes=0-0"), ("If-Range", '"1"')), response).status == 200

    def test_comes_after_the_conditions(self) -> None:
        """§14.2: no part of a 304."""
        request = get(("If-None-Match", '"1"'), ("Range", "bytes=0-0"), ("If-Range", '"1"'))

        answer = slice_range(request, select(request, ranged(("ETag", '"1"'))))

        assert (answer.status, answer.body) == (304, b"")


class TestSeveralRanges:
    """§14.6, §15.3.7.2"""

    def test_come_as_multipart_in_the_order_in_which_they_are_asked_for(self) -> None:
        answer = slice_range(get(("Range", "bytes=-2, 0-0, 40-, 3-4")), ranged(("Content-Length", "10")))

        assert answer.status == 206
        assert answer.headers == Headers(
            {"Accept-Ranges": "bytes", "Content-Type": "multipart/byteranges; boundary=feedserver-part-1"}
        )
        assert answer.body == (
            b"--feedserver-part-1\r\nContent-Type: text/xml\r\nContent-Range: bytes 8-9/10\r\n\r\n89\r\n"
            b"--feedserver-part-1\r\nContent-Type: text/xml\r\nContent-Range: bytes 0-0/10\r\n\r\n0\r\n"
            b"--feedserver-part-1\r\nContent-Type: text/xml\r\nContent-Range: bytes 3-4/10\r\n\r\n34\r\n"
            b"--feedserver-part-1--\r\n"
        )

    def test_are_what_a_mime_parser_reads(self) -> None:
        answer = slice_range(get(("Range", "bytes=0-4,6-9")), ranged(body=b"<feed>\r\n\xff"))

        assert isinstance(answer.body, bytes)
        head = f"Content-Type: {answer.headers['Content-Type']}\r\n\r\n".encode()
        message = message_from_bytes(head + answer.body)
        parts = [part for part in message.walk() if not part.is_multipart()]
        assert [(part["Content-Range"], part.get_payload(decode=True)) for part in parts] == [
            ("bytes 0-4/9", b"<feed"),
            ("bytes 6-8/9", b"\r\n\xff"),
        ]

    def test_have_no_type_where_the_whole_has_none(self) -> None:
        answer = slice_range(get(("Range", "bytes=0-0,2-2")), feed(("Accept-Ranges", "bytes")))

        assert isinstance(answer.body, bytes)
        assert answer.body.startswith(b"--feedserver-part-1\r\nContent-Range: bytes 0-0/10\r\n\r\n0\r\n")
        assert answer.headers["Content-Type"] == "multipart/byteranges; boundary=feedserver-part-1"

    def test_get_a_boundary_that_the_body_does_not_contain(self) -> None:
        body = b"--feedserver-part-1 --feedserver-part-2"

        answer = slice_range(get(("Range", "bytes=0-18,20-")), ranged(body=body))

        assert answer.headers["Content-Type"] == "multipart/byteranges; boundary=feedserver-part-3"

    def test_count_coded_bytes(self) -> None:
        """§14.1.2"""
        request = get(("Accept-Encoding", "gzip"), ("Range", "bytes=0-1"))
        answer = select(request, ranged(coding="auto"))
        assert answer.coding is not None
        assert isinstance(answer.body, bytes)
        coded = Response(content_codings.encode(answer.body, answer.coding), headers=answer.headers)

        part = slice_range(request, coded)

        assert part.body == b"\x1f\x8b"
        assert part.headers["Content-Encoding"] == "gzip"


class TestAnything:
    """Whatever a client sends, and whatever a response declares, there is an answer."""

    names = st.sampled_from(
        [
            b"Authorization",
            b"Accept-Encoding",
            b"If-Match",
            b"If-None-Match",
            b"If-Modified-Since",
            b"If-Unmodified-Since",
            b"If-Range",
            b"Range",
        ]
    )
    likely = st.sampled_from(
        [
            b"*",
            b'"1"',
            b'W/"1"',
            b'"0", "1"',
            TUESDAY.encode(),
            b"bytes=0-0",
            b"bytes=-3,0-1",
            b"gzip;q=0",
            b"Basic eDp5",
        ]
    )
    requests = st.builds(
        lambda method, fields: Request(method, "/feed.xml", headers=Headers.from_raw(fields)),
        st.sampled_from(["GET", "HEAD", "POST", "OPTIONS"]),
        st.lists(st.tuples(names, st.binary(max_size=60) | likely), max_size=5),
    )
    responses = st.builds(
        lambda body, status, fields, coding, conditional, auth: Response(
            body, status, Headers.from_raw(fields), coding=coding, conditional=conditional, auth=auth
        ),
        st.binary(max_size=50) | st.just(FileBody(Path("feed.xml"), 100)),
        st.sampled_from([200, 200, 204, 206, 301, 404]),
        st.lists(
            st.tuples(
                st.sampled_from([b"ETag", b"Last-Modified", b"Accept-Ranges", b"Vary", b"Content-Encoding"]),
                st.binary(max_size=30) | st.sampled_from([b'"1"', TUESDAY.encode(), b"bytes"]),
            ),
            max_size=4,
        ),
        st.sampled_from([None, "auto", "gzip"]),
        st.sampled_from(["rfc", "exact", "off"]),
        st.sampled_from([None, None, "Basic x:y"]),
    )

    @given(request=requests, response=responses)
    def test_is_answered(self, request: Request, response: Response) -> None:
        selected = select(request, response)
        answer = slice_range(request, selected)

        assert selected.status in {response.status, 401, 304, 412}
        assert answer.status in {selected.status, 206, 416}
        assert selected.coding in {None, "gzip", "br", "zstd", "deflate"}
        if is_plain(response):
            assert answer is response

    @given(body=st.binary(min_size=1, max_size=300), data=st.data())
    def test_ranges_that_cover_a_body_put_together_are_the_body(self, body: bytes, data: st.DataObject) -> None:
        cuts = data.draw(st.sets(st.integers(1, len(body)), max_size=8)) | {0, len(body)}
        spans = data.draw(st.permutations(list(pairwise(sorted(cuts)))))
        value = ",".join(f"{start}-{stop - 1}" for start, stop in spans)

        answer = slice_range(get(("Range", f"bytes={value}")), ranged(body=body))

        assert answer.status == 206
        assert b"".join(part for _, part in sorted(assembled(answer).items())) == body

    @given(body=st.binary(min_size=1, max_size=300), first=st.integers(0, 400), length=st.integers(1, 400))
    def test_a_range_is_a_slice(self, body: bytes, first: int, length: int) -> None:
        assume(first < len(body))

        answer = slice_range(get(("Range", f"bytes={first}-{first + length - 1}")), ranged(body=body))

        assert answer.body == body[first : first + length]


def assembled(answer: Response) -> dict[int, bytes]:
    """The parts of a 206 by their offset, read by length: a body may hold what looks like a boundary."""
    assert isinstance(answer.body, bytes)
    single = answer.headers.get("Content-Range")
    if single is not None:
        return {int(single.removeprefix("bytes ").partition("-")[0]): answer.body}
    boundary = answer.headers["Content-Type"].partition("boundary=")[2].encode()
    head = re.compile(
        rb"--" + re.escape(boundary) + rb"\r\nContent-Type: text/xml\r\nContent-Range: bytes (\d+)-(\d+)/\d+\r\n\r\n"
    )
    parts = {}
    position = 0
    while match := head.match(answer.body, position):
        first, last = int(match[1]), int(match[2])
        end = match.end() + last - first + 1
        parts[first] = answer.body[match.end() : end]
        assert answer.body[end : end + 2] == b"\r\n"
        position = end + 2
    assert answer.body[position:] == b"--" + boundary + b"--\r\n"
    return parts
