"""Forms with files: the heads of their parts are bounded, in however many pieces they come."""

from __future__ import annotations

import encodings
import io
import re
import time
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from django.core.exceptions import TooManyFieldsSent
from django.core.handlers.wsgi import WSGIRequest
from django.http import multipartparser
from django.http.multipartparser import MultiPartParserError

from lifestream.web import form_parts
from lifestream.web.form_parts import LONGEST_HEADS, BoundedParts
from lifestream.web.request_charset import in_utf8


def form(*heads: str, content: str = "x", boundary: str = "B") -> bytes:
    return "".join(f"--{boundary}\r\n{head}\r\n\r\n{content}\r\n" for head in heads).encode() + b"--B--\r\n"


def posted(body: bytes, content_type: str = "multipart/form-data; boundary=B") -> WSGIRequest:
    """Return the request of a form as the bundled site gets it."""
    environ: dict[str, Any] = {"REQUEST_METHOD": "POST", "CONTENT_TYPE": content_type}
    environ |= {"CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}
    setup_testing_defaults(environ)
    request: WSGIRequest = in_utf8(in_utf8(lambda environ, _start: WSGIRequest(environ)))(environ, print)
    return request


NAMELESS = "Content-Disposition: form-data; filename=a"
LONG = (NAMELESS + "\r\n" + "a:;b\r\n" * 150)[:900]


@pytest.mark.slow
@pytest.mark.parametrize("head", [NAMELESS, LONG])
def test_parts_without_the_name_of_a_field_are_bounded(head: str) -> None:
    with pytest.raises(TooManyFieldsSent):
        _ = posted(form(*[head] * (LONGEST_HEADS // len(head)))).POST
    assert posted(form(*[head] * (LONGEST_HEADS // (len(head) + 100)))).POST == {}


@pytest.mark.slow
def test_django_reads_no_more_of_a_form_than_the_bounded_heads() -> None:
    body = form(*[LONG] * 4_000)
    begun = time.process_time()
    with pytest.raises(TooManyFieldsSent):
        _ = posted(body).POST
    assert time.process_time() - begun < 1.5  # all heads would take Django 3 s


@pytest.mark.parametrize(
    "parameter",
    [
        "b*=no-such''x",
        "b*0*=no-such''x",
        "b*0*=no;b*1*=-such''x",
        "b*\xa0=no-such''x",
        "b*=\"no-such''x\"",
        "b*=utf-8x''",
    ],
)
@pytest.mark.parametrize("place", ["{}", "a:;{}\r\nContent-Disposition: form-data; name=c"])
def test_no_part_makes_python_remember_a_charset(parameter: str, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    remembered: dict[str, object] = {**vars(encodings)["_cache"]}
    monkeypatch.setattr(encodings, "_cache", remembered)
    before = dict(remembered)
    body = form(place.format(f"Content-Disposition: form-data; name=c; {parameter}"))
    with pytest.raises(MultiPartParserError):
        _ = posted(body).POST
    assert remembered == before


def test_a_head_before_the_first_boundary_is_bounded_like_others() -> None:
    body = b"Content-Disposition: form-data; name=c; b*=no-such''x\r\n\r\n1\r\n" + form(
        "Content-Disposition: form-data"
    )
    with pytest.raises(MultiPartParserError):
        _ = posted(body).POST


def test_forms_of_usual_clients_are_read() -> None:
    heads = [f'Content-Disposition: form-data; name="form-{number}-some-field-of-a-row"' for number in range(990)]
    assert len(posted(form(*heads)).POST) == 990
    files = [f"Content-Disposition: form-data; name=f; filename*=UTF-8''b%C3%A4r{number}.opml" for number in range(100)]
    request = posted(form(*files, content="--C\r\nb*=no-such''x\r\n\r\n" * 20))
    names = [file.name for file in request.FILES.getlist("f")]
    assert names == [f"bär{number}.opml" for number in range(100)]
    request.close()


@pytest.mark.parametrize("size", [1, 2, 7, 64, 1000, -1])
@pytest.mark.parametrize("way", ["read", "readline"])
def test_heads_are_found_however_a_body_is_read(size: int, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[bytes] = []
    monkeypatch.setattr(BoundedParts, "_check", lambda _self, head: checked.append(head))
    body = b"before\r\n" + form("a: 1", "b: 2", "--", content="-\r\n--\r\n--A\r\nno: head\r\n\r\n")
    body += b"--B" + b"x" * 2_000 + b"\r\n\r\n--B\r\nlast: 3\r\n\r\n"
    parts = BoundedParts(io.BytesIO(body), "B")
    received = b"".join(iter(lambda: getattr(parts, way)(size), b""))
    assert received == body
    assert checked == _heads_by_hand(body)


def _heads_by_hand(body: bytes) -> list[bytes]:
    """Return the heads that follow the delimiters, b"" where one is longer than Django accepts."""
    ends = [0, *(found.end() for found in re.finditer(b"--B", body))]
    heads = []
    for begin in ends:
        head, end, _ = body[begin : begin + 1024].partition(b"\r\n\r\n")
        if end or len(body) - begin >= 1024:
            heads.append(head if end else b"")
    return heads


def test_the_lines_of_a_body_are_those_of_its_stream() -> None:
    body = form("a: 1", "b: 2")
    lines = body.splitlines(keepends=True)
    assert list(BoundedParts(io.BytesIO(body), "B")) == lines
    assert BoundedParts(io.BytesIO(body), "B").readlines() == lines
    assert BoundedParts(io.BytesIO(body), "B").readlines(len(lines[0]) + 1) == lines[:2]


def test_a_body_of_boundaries_is_refused_at_little_cost() -> None:
    def cost(body: bytes) -> float:
        parts = BoundedParts(io.BytesIO(body), "B")
        begun = time.process_time()
        with pytest.raises(TooManyFieldsSent):
            b"".join(iter(lambda: parts.read(64 * 1024), b""))
        return time.process_time() - begun

    assert cost(b"--B" * 4_000_000) < 0.2
    assert cost(b"--B\r\n\r\n" * 1_000_000) < 0.2


@pytest.mark.parametrize(
    "content_type", ["a/b; c*=no-such''d", "multipart/form-data; boundary*=\xff''b", "a/b; c*0*=x''y"]
)
def test_a_content_type_with_an_unknown_charset_counts_as_none(content_type: str) -> None:
    request = posted(b"", content_type)
    assert request.content_type == ""
    assert request.POST == {}


def test_the_longest_head_is_the_one_that_django_reads() -> None:
    assert vars(multipartparser)["MAX_TOTAL_HEADER_SIZE"] == form_parts._HEAD
