"""A response takes what it can send, and refuses the rest with a remedy."""

from __future__ import annotations

import functools
import io
import math
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from feedserver import Auth, Response
from feedserver.faults import Reset
from feedserver.feeds import Feed
from feedserver.messages.made_body import MadeBody


def pieces() -> Iterator[bytes]:
    yield b"<rss/>"


def of_request(request: object) -> Iterator[bytes]:
    yield repr(request).encode()


async def later() -> AsyncIterator[bytes]:
    yield b"<rss/>"


NO_BODIES: list[tuple[object, str]] = [
    (None, "a Response has a body of bytes or text, not None; leave the body out for an empty one"),
    ({"a": 1}, "a Response has a body of bytes or text, not {'a': 1}; give json.dumps(…)"),
    (["a"], "a Response has a body of bytes or text, not ['a']; give json.dumps(…)"),
    (("a",), "a Response has a body of bytes or text, not ('a',); give json.dumps(…)"),
    (5, "a Response has a body of bytes or text, not 5; give text, such as '5'"),
    (1.5, "a Response has a body of bytes or text, not 1.5; give text, such as '1.5'"),
    (True, "a Response has a body of bytes or text, not True; give text, such as 'True'"),
]


MISTAKEN_FOR_BODIES: list[tuple[object, str]] = [
    (Path("a.xml"), r"give path\.read_bytes\(\), or server\.fixture\(name\) for the response that a file of the "),
    (pieces(), r"is used again for each request, so give the generator function itself, without calling it, or bytes"),
    (iter([b"a"]), r"a Response is used again for each request, so give .*, or bytes, such as b''\.join"),
    (io.BytesIO(b"a"), "; give what its method read returns$"),
    (io.StringIO("a"), "; give what its method read returns$"),
    (Feed(title="A"), "give what its method render returns"),
    (Response("a"), "that is a Response already"),
    ({1}, r"not \{1\} \(set\); give its bytes"),
    (object(), r"<object object at .*> \(object\); give its bytes"),
    (len, "give a function that yields the parts of the body, or pass a function"),
    (later(), "give the generator function itself, without calling it, or bytes"),
    (
        of_request,
        r"which cannot be called without arguments; leave them out, or pass add\(\) a function of the request",
    ),
]


@functools.wraps(of_request)
def of_a_fixed_request() -> Iterator[bytes]:
    return (yield from of_request("GET /feed"))


@pytest.mark.parametrize(
    "make", [pieces, later, functools.partial(of_request, b""), lambda part=b"": (yield part), of_a_fixed_request]
)
def test_a_generator_function_that_needs_no_argument_is_a_body(make: Any) -> None:
    assert isinstance(Response(make).body, MadeBody)


@pytest.mark.parametrize(("body", "message"), NO_BODIES, ids=[repr(body) for body, _ in NO_BODIES])
def test_a_body_of_a_wrong_type_is_refused_with_the_remedy(body: Any, message: str) -> None:
    with pytest.raises(TypeError) as caught:
        Response(body)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("body", "message"), MISTAKEN_FOR_BODIES, ids=[type(body).__name__ for body, _ in MISTAKEN_FOR_BODIES]
)
def test_a_type_that_is_often_mistaken_for_a_body_is_refused_with_the_remedy(body: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        Response(body)


@pytest.mark.parametrize("body", [b"a", "a", bytearray(b"a"), memoryview(b"a")], ids=lambda body: type(body).__name__)
def test_bytes_and_text_of_each_kind_are_a_body(body: Any) -> None:
    assert Response(body).body == b"a"
    assert isinstance(Response(body).body, bytes), "a mutable body is copied"


OTHERS: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"status": "404"}, TypeError, "a status is an int, such as 404, not '404'"),
    ({"status": None}, TypeError, "a status is an int, such as 200, not None"),
    ({"status": 200.0}, TypeError, "a status is an int, such as 200, not 200.0"),
    ({"status": True}, TypeError, "a status is an int, such as 200, not True"),
    ({"status": 99}, ValueError, "status 99 cannot be sent; a status has three digits (RFC 9110 §15)"),
    ({"status": 1000}, ValueError, "status 1000 cannot be sent; a status has three digits (RFC 9110 §15)"),
    ({"reason": b"OK"}, TypeError, "a reason phrase is text, not b'OK'"),
    ({"reason": "\ud800"}, ValueError, "a reason phrase is '\\ud800', and U+D800 in it is no character; leave it out"),
    ({"headers": {"X-A": 5}}, TypeError, "the header 'X-A' has a value of type int, 5; give text, such as '5'"),
    (
        {"headers": {"A": ["b", "c"]}},
        TypeError,
        "['b', 'c']; give text; for a header that is repeated, give pairs, such ",
    ),
    ({"headers": {"X-A": None}}, TypeError, "the header 'X-A' has a value of type NoneType, None; give text"),
    ({"headers": {5: "a"}}, TypeError, "the header 5 has a name of type int; give text"),
    ({"headers": [("X-A", "a", "b")]}, TypeError, "('X-A', 'a', 'b') among the headers is no pair; give ('Name', 'va"),
    ({"headers": ["X-A: a"]}, TypeError, "'X-A: a' among the headers is no pair; give ('Name', 'value')"),
    ({"headers": "X-A: a"}, TypeError, "headers are 'X-A: a'; give a mapping such as {'ETag': '\"v1\"'}, or pairs"),
    ({"headers": None}, TypeError, "headers are None; give a mapping such as {'ETag': '\"v1\"'}, or pairs"),
    ({"delay": None}, TypeError, "a delay is a number of seconds, a timedelta or text such as '250ms', not None"),
    ({"delay": -1}, ValueError, "a delay of -1 s cannot be waited for; give 0 or more seconds"),
    ({"delay": math.nan}, ValueError, "a delay of nan s cannot be waited for; give 0 or more seconds"),
    ({"delay": math.inf}, ValueError, "a delay of inf s cannot be waited for; give 0 or more seconds"),
    ({"pace": 10}, TypeError, "pace is 10; give a Pace, or text such as '1000 bytes every 50ms'"),
    ({"coding": "gzip," * 10 + "br"}, ValueError, "there are 11 codings inside each other; give at most 10"),
    ({"coding": "gzip, auto"}, ValueError, "a coding is 'auto'; give 'gzip' or"),
    ({"coding": b"gzip"}, TypeError, "a coding is text, not b'gzip'"),
    ({"conditional": "on"}, ValueError, "conditional is 'on'; give 'rfc' or 'exact' or 'off'"),
    ({"auth": ("a", "b")}, TypeError, "auth is ('a', 'b'); give an Auth, or text such as 'Basic user:password'"),
    ({"omit": "Date"}, TypeError, "omit is 'Date'; give a list of names, such as ['Date']"),
    ({"omit": [b"Date"]}, TypeError, "a name in omit is b'Date'; give the name of a header, such as 'Date'"),
    ({"faults": "reset after 5"}, TypeError, "'reset after 5' is no fault; write Reset(after=512), or feedserver."),
    ({"faults": None}, TypeError, "None is no fault; write Reset(after=512), or feedserver.faults.parse('reset after"),
    ({"faults": [Reset]}, TypeError, "is no fault; write Reset(after=512), or feedserver.faults.parse('reset after"),
]


@pytest.mark.parametrize(("given", "kind", "message"), OTHERS, ids=[repr(given) for given, _, _ in OTHERS])
def test_other_invalid_arguments_are_refused(given: dict[str, Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind) as caught:
        Response("a", **given)
    assert message in str(caught.value)


def test_auto_may_be_in_capitals() -> None:
    assert Response("a", coding=" AUTO").coding == "auto"


def test_equivalent_types_are_accepted() -> None:
    response = Response(status=HTTPStatus.GONE, delay=timedelta(seconds=1), headers=[["X-A", b"b"]])  # type: ignore[list-item]
    assert (response.status, type(response.status), response.delay) == (410, int, 1.0)
    assert response.headers.raw == ((b"X-A", b"b"),)
    assert Response(delay=2).delay == 2.0


def test_the_remedy_is_join_for_a_list_of_bytes_and_json_for_an_empty_list() -> None:
    with pytest.raises(TypeError, match=r"give b''\.join\(…\)"):
        Response([b"<rss>", b"</rss>"])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"give json\.dumps\(…\)"):
        Response([])  # type: ignore[arg-type]


def test_a_header_that_is_omitted_and_declared_is_refused() -> None:
    fixture = Response("x", headers={"Content-Type": "text/xml", "X-A": "a"})

    with pytest.raises(ValueError, match="'content-type' is in omit, but also among the headers") as refused:
        replace(fixture, omit=frozenset(["content-type"]))

    assert str(refused.value).endswith("; give headers=response.headers.without('content-type')")
    without = replace(fixture, headers=fixture.headers.without("content-type"), omit=frozenset(["content-type"]))
    assert list(without.headers) == ["X-A"]


def test_a_login_is_read_from_words_or_refused() -> None:
    assert Auth.parse("basic ann:pass:word") == Auth("Basic", "ann:pass:word")
    assert Auth.parse("Bearer t") == Auth("Bearer", "t")
    for bad in ("Basic ann", "Bearer", "Digest x"):
        with pytest.raises(ValueError, match="is no way to log in; write 'Basic user:password' or 'Bearer token'"):
            Auth.parse(bad)
