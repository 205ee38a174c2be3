"""Headers: an immutable list of fields that can be read as a mapping, in which the case of a name does not matter."""

from __future__ import annotations

from typing import Any

import pytest

from feedserver import Headers

HEADERS = Headers([("Set-Cookie", "a=1"), ("ETag", '"v1"'), ("set-cookie", "b=2")])


def test_names_are_found_in_any_case_and_repeated_fields_are_joined() -> None:
    assert HEADERS["SET-COOKIE"] == "a=1, b=2"
    assert HEADERS.get_all("Set-Cookie") == ["a=1", "b=2"]
    assert "etag" in HEADERS and "Date" not in HEADERS
    assert (list(HEADERS), len(HEADERS)) == (["Set-Cookie", "ETag"], 2)
    with pytest.raises(KeyError):
        HEADERS["Date"]


def test_order_and_case_are_kept() -> None:
    assert HEADERS.raw == ((b"Set-Cookie", b"a=1"), (b"ETag", b'"v1"'), (b"set-cookie", b"b=2"))
    assert HEADERS.get_raw(b"set-cookie") == b"a=1"
    assert HEADERS.get_raw(b"date") is None


def test_changes_make_copies_and_leave_the_headers_as_they_are() -> None:
    assert HEADERS.added("X", "1").raw[-1] == (b"X", b"1")
    assert list(HEADERS.without("SET-cookie")) == ["ETag"]
    assert HEADERS.replaced("set-cookie", "c=3").raw == ((b"Set-Cookie", b"c=3"), (b"ETag", b'"v1"'))
    assert HEADERS.replaced("Age", "1").raw[-1] == (b"Age", b"1")
    assert len(HEADERS.raw) == 3


def test_bytes_that_are_no_utf_8_are_read_as_latin_1_and_kept() -> None:
    latin_1 = Headers.from_raw([(b"X", b"\xe9")])
    assert (latin_1["x"], latin_1.raw) == ("é", ((b"X", b"\xe9"),))
    assert Headers.from_raw([(b"X", "é".encode())])["x"] == "é"


def test_headers_are_values() -> None:
    assert Headers(HEADERS) == HEADERS and hash(HEADERS) == hash(Headers(HEADERS))
    assert Headers({"ETag": '"v1"'}) != HEADERS


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("ETag: 1", "headers are 'ETag: 1'; give a mapping"),
        ([("ETag",)], "among the headers is no pair"),
        ({"Age": 5}, "has a value of type int, 5; give text, such as '5'"),
        ({5: "Age"}, "has a name of type int; give text"),
    ],
)
def test_invalid_headers_are_refused_with_the_remedy(fields: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        Headers(fields)
