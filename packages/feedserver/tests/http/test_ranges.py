"""Ranges: one, several, and those that are ignored (RFC 9110 §14)."""

from __future__ import annotations

from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from feedserver.http import content_codings
from feedserver.http.negotiation import select, slice_range
from feedserver.http.ranges import MAX_RANGES
from feedserver.messages.headers import Headers
from feedserver.messages.request import Request
from feedserver.messages.response import FileBody, Response

TUESDAY = "Tue, 02 Jan 2024 12:00:00 GMT"
WEDNESDAY = "Wed, 03 Jan 2024 12:00:00 GMT"


def get(*fields: tuple[str, str | bytes], method: str = "GET") -> Request:
    return Request(method, "/feed.xml", headers=Headers(fields))


def feed(*fields: tuple[str, str | bytes], body: bytes = b"0123456789", **options: Any) -> Response:
    return Response(body, headers=Headers(fields), **options)


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
        without = units.replace("bytes", "pages").replace("Bytes", "pages")
        assert slice_range(get(("Range", "bytes=0-0")), feed(("Accept-Ranges", without))).status == 200

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
            pytest.param("bytes=0-8,8-9", id="one byte more than the body"),
        ],
    )
    def test_gets_the_whole(self, value: str) -> None:
        response = ranged()

        assert slice_range(get(("Range", value)), response) is response

    def test_comes_twice(self) -> None:
        """Range is no list field (§5.3)."""
        response = ranged()

        assert slice_range(get(("Range", "bytes=0-0"), ("Range", "bytes=1-1")), response) is response

    @pytest.mark.parametrize("method", ["HEAD", "POST", "QUIT"])
    def test_has_another_method_than_get(self, method: str) -> None:
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
    def test_is_for_a_response_without_ranges(self, response: Response) -> None:
        assert slice_range(get(("Range", "bytes=0-0,-1")), response) is response

    def test_has_too_many_parts(self) -> None:
        response = ranged(body=bytes(1000))
        parts = [f"{i}-{i}" for i in range(MAX_RANGES + 1)]

        assert slice_range(get(("Range", f"bytes={','.join(parts)}")), response) is response
        assert slice_range(get(("Range", f"bytes={','.join(parts[:-1])}")), response).status == 206

    def test_has_several_parts_of_a_file(self) -> None:
        response = Response(FileBody(Path("large.xml"), 1000), headers={"Accept-Ranges": "bytes"})

        assert slice_range(get(("Range", "bytes=0-0,-1")), response) is response

    def test_has_if_range_without_range(self) -> None:
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

    def test_gets_the_whole_if_no_validator_is_declared(self) -> None:
        assert slice_range(get(("Range", "bytes=0-0"), ("If-Range", '"1"')), ranged()).status == 200

    def test_compares_opaque_bytes_if_conditional_is_exact(self) -> None:
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

    def test_are_read_by_a_mime_parser(self) -> None:
        answer = slice_range(get(("Range", "bytes=0-4,6-9")), ranged(body=b"<feed>\r\n\xff"))

        assert isinstance(answer.body, bytes)
        head = f"Content-Type: {answer.headers['Content-Type']}\r\n\r\n".encode()
        message = message_from_bytes(head + answer.body)
        parts = [part for part in message.walk() if not part.is_multipart()]
        assert message.defects == []
        assert [(part["Content-Range"], part.get_payload(decode=True)) for part in parts] == [
            ("bytes 0-4/9", b"<feed"),
            ("bytes 6-8/9", b"\r\n\xff"),
        ]

    def test_have_no_type_if_the_whole_has_none(self) -> None:
        answer = slice_range(get(("Range", "bytes=0-0,2-2")), feed(("Accept-Ranges", "bytes")))

        assert isinstance(answer.body, bytes)
        assert answer.body.startswith(b"--feedserver-part-1\r\nContent-Range: bytes 0-0/10\r\n\r\n0\r\n")
        assert answer.headers["Content-Type"] == "multipart/byteranges; boundary=feedserver-part-1"

    def test_get_a_boundary_that_the_body_does_not_contain(self) -> None:
        body = b"--feedserver-part-1 --feedserver-part-23"

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
