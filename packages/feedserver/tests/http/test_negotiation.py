"""How a request changes a response, as tables: one class for each rule, with the section that it comes from.

Sections are those of RFC 9110 unless another RFC is named.
"""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.http.negotiation import is_plain, select, slice_range
from feedserver.messages.headers import Headers
from feedserver.messages.request import Request
from feedserver.messages.response import FileBody, Response

MONDAY = "Mon, 01 Jan 2024 12:00:00 GMT"
TUESDAY = "Tue, 02 Jan 2024 12:00:00 GMT"
WEDNESDAY = "Wed, 03 Jan 2024 12:00:00 GMT"


def get(*fields: tuple[str, str | bytes], method: str = "GET") -> Request:
    return Request(method, "/feed.xml", headers=Headers(fields))


def feed(*fields: tuple[str, str | bytes], body: bytes = b"0123456789", **options: Any) -> Response:
    return Response(body, headers=Headers(fields), **options)


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
    def test_is_true_of_a_response_that_no_request_changes(self, response: Response) -> None:
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
    def test_is_false_for_a_response_that_a_request_may_change(self, response: Response) -> None:
        assert not is_plain(response)


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

    def test_omits_content_encoding_if_it_is_to_be_omitted(self) -> None:
        answer = select(get(), feed(coding="gzip", omit=["Content-Encoding"]))

        assert (answer.coding, len(answer.headers)) == ("gzip", 0)

    def test_of_identity_is_none(self) -> None:
        answer = select(get(), feed(coding="identity"))

        assert (answer.coding, len(answer.headers)) == (None, 0)

    @pytest.mark.parametrize("declared", [204, 304])
    def test_is_dropped_if_there_is_no_content(self, declared: int) -> None:
        """§6.4.1"""
        answer = select(get(), feed(status=declared, coding="gzip"))

        assert (answer.coding, len(answer.headers)) == (None, 0)

    def test_applies_to_errors_too(self) -> None:
        assert select(get(), feed(status=404, coding="gzip")).coding == "gzip"

    def test_with_an_unknown_name_is_an_error_that_names_it(self) -> None:
        with pytest.raises(ValueError, match="'foo' is no content coding that feedserver knows; write gzip"):
            select(get(), feed().changed(coding="foo"))


class TestNegotiatedCoding:
    """§12.5.3; §12.5.5 for Vary."""

    @pytest.mark.parametrize(
        ("accept_encoding", "coding"),
        [("gzip", "gzip"), ("br;q=0.5, gzip;q=0.4", "br"), ("identity", None), ("", None), ("*;q=0", None)],
    )
    def test_follows_accept_encoding_and_sends_vary(self, accept_encoding: str, coding: str | None) -> None:
        answer = select(get(("Accept-Encoding", accept_encoding)), feed(coding="auto"))

        assert answer.status == 200
        assert answer.coding == coding
        assert answer.headers.get("Content-Encoding") == coding
        assert answer.headers["Vary"] == "Accept-Encoding"

    def test_reads_several_fields_as_one(self) -> None:
        answer = select(get(("Accept-Encoding", "br;q=0.5"), ("Accept-Encoding", "gzip")), feed(coding="auto"))

        assert answer.coding == "gzip"

    def test_is_none_for_a_client_without_accept_encoding(self) -> None:
        answer = select(get(), feed(coding="auto"))

        assert (answer.coding, answer.headers) == (None, Headers({"Vary": "Accept-Encoding"}))

    def test_leaves_a_body_that_is_declared_to_be_coded_alone(self) -> None:
        response = feed(("Content-Encoding", "gzip"), coding="auto")

        answer = select(get(("Accept-Encoding", "gzip, br")), response)

        assert (answer.coding, answer.headers) == (None, response.headers)

    @pytest.mark.parametrize("body", [b"", FileBody(Path("empty.xml"), 0)])
    def test_leaves_an_empty_body_alone(self, body: bytes | FileBody) -> None:
        answer = select(get(("Accept-Encoding", "gzip")), Response(body, coding="auto"))

        assert (answer.coding, answer.headers) == (None, Headers({"Vary": "Accept-Encoding"}))

    def test_applies_to_a_body_on_disk(self) -> None:
        answer = select(get(("Accept-Encoding", "gzip")), Response(FileBody(Path("feed.xml"), 10), coding="auto"))

        assert answer.coding == "gzip"

    def test_leaves_a_declared_vary_as_it_is(self) -> None:
        answer = select(get(("Accept-Encoding", "gzip")), feed(("Vary", "Cookie"), coding="auto"))

        assert answer.headers.get_all("Vary") == ["Cookie"]

    def test_omits_vary_if_it_is_to_be_omitted(self) -> None:
        assert "Vary" not in select(get(), feed(coding="auto", omit=["Vary"])).headers


def ranged(*fields: tuple[str, str], **options: Any) -> Response:
    return feed(("Accept-Ranges", "bytes"), ("Content-Type", "text/xml"), *fields, **options)


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

    @given(body=st.binary(min_size=1, max_size=300), data=st.data(), length=st.integers(1, 400))
    def test_a_range_is_a_slice(self, body: bytes, data: st.DataObject, length: int) -> None:
        first = data.draw(st.integers(0, len(body) - 1))

        answer = slice_range(get(("Range", f"bytes={first}-{first + length - 1}")), ranged(body=body))

        assert answer.body == body[first : first + length]


def assembled(answer: Response) -> dict[int, bytes]:
    """Return the parts of a 206 by offset, cut by their lengths: a body may contain what looks like a boundary."""
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
