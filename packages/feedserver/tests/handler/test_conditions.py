"""What a request must have besides its path: the same conditions for routes and for queries to the journal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from feedserver import FeedServer, Headers, Including, Pattern, Request, RequestFilter, Response
from feedserver.handler.conditions import NO_CONDITIONS, Conditions


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("when", "matching= takes a function, and when= belongs to faults"),
        ("times", "expect(path, times=2) counts requests, and add("),
        ("count", "expect(path, times=2), assert_requested(path, count=2) and wait_for("),
        ("status", "Response(…, status=404) has it"),
        ("querry", "is it query=? The conditions are query, headers, body, form, json and matching"),
        ("metod", "is it method=? The conditions are "),
        ("header", "is it headers=? The conditions are "),
        ("colour", "the conditions are query, headers, body, form, json and matching"),
    ],
)
def test_an_unknown_condition_is_reported_with_the_remedy(name: str, remedy: str) -> None:
    given: Any = {name: "a"}
    calls: list[Callable[[FeedServer], object]] = [
        lambda server: server.add("/a", Response(), **given),
        lambda server: server.add(Pattern("/<a>"), Response(), **given),
        lambda server: server.assert_not_requested("/a", **given),
        lambda server: RequestFilter("/a", **given),
    ]
    for call in calls[: -1 if name == "status" else None]:  # a filter may have a status
        with pytest.raises(TypeError) as caught:
            call(FeedServer())
        assert str(caught.value).startswith(f"{name}= is no condition of a request; {remedy}")


def test_the_status_of_an_answer_is_no_condition_of_a_request() -> None:
    given: Any = {"status": 404}
    calls: list[Callable[[FeedServer], object]] = [
        lambda server: server.wait_for("/a", timeout=0, **given),
        lambda server: server.assert_requested("/a", **given),
        lambda server: server.assert_not_requested("/a", **given),
        lambda server: server.expect("/a", **given),
    ]
    for call in calls:
        with pytest.raises(TypeError, match="status= is no condition of a request; Response"):
            call(FeedServer())


FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}


def get(target: str = "/", body: bytes = b"", **headers: str) -> Request:
    return Request("GET", target, headers=Headers({name.replace("_", "-"): value for name, value in headers.items()}),
                   body=body)  # fmt: skip


def form(body: bytes) -> Request:
    return Request("POST", "/", headers=Headers(FORM), body=body)


@pytest.mark.parametrize(
    ("conditions", "request_", "difference"),
    [
        ({"query": {"a": "1", "b": "2"}}, get("/?b=2&a=1"), ""),
        ({"query": {"a": "1"}}, get("/?a=1&b=2"), "with the query 'a=1&b=2'."),
        ({"query": {"a": "1", "b": "2"}}, get("/?a=1"), "with the query 'a=1'."),
        ({"query": Including({"a": "1"})}, get("/?b=2&a=1"), ""),
        ({"query": Including({"a": "2"})}, get("/?b=2&a=1"), "with the query 'b=2&a=1'."),
        ({"query": {"a": ["1", "2"]}}, get("/?a=1&a=2"), ""),
        ({"query": {"a": ["1", "2"]}}, get("/?a=2&a=1"), "with the query 'a=2&a=1'."),
        ({"query": Including({"a": "2"})}, get("/?a=1&a=2"), ""),
        ({"query": Including({"a": ["2", "2"]})}, get("/?a=2&a=1&a=2"), ""),
        ({"query": Including({"a": ["2", "2"]})}, get("/?a=1&a=2"), "with the query 'a=1&a=2'."),
        ({"query": {"a": None}}, get("/?a="), ""),
        ({"query": {"a": None}}, get("/"), "with the query ''."),
        ({"query": {}}, get("/"), ""),
        ({"query": {}}, get("/?a"), "with the query 'a'."),
        ({"query": {"ü": "a b"}}, get("/?%C3%BC=a+b"), ""),
        ({"headers": {"etag": "x", "Host": None}}, get(ETag="x", Host="h"), ""),
        ({"headers": {"etag": "x"}}, get(ETag="y"), "with etag: y"),
        ({"headers": {"If-None-Match": None}}, get(), "without If-None-Match."),
        ({"body": "ü"}, get(body="ü".encode()), ""),
        ({"body": b"x"}, get(body=b"y" * 99), "with the body b'" + "y" * 57 + "...'."),
        ({"form": {"url": "http://h/", "n": "1"}}, form(b"n=1&url=http%3A%2F%2Fh%2F"), ""),
        ({"form": {"url": "x"}}, form(b"url=y"), "with the form b'url=y'."),
        ({"form": Including({"url": "x"})}, form(b"url=x&n=1"), ""),
        ({"form": {"url": "x"}}, get(body=b"url=x"), "with a body of the type (none), which is no "
         "application/x-www-form-urlencoded."),
        ({"json": {"a": [1, None], "b": "x"}}, get(body=b'{"b": "x", "a": [1, null]}'), ""),
        ({"json": {"a": 1}}, get(body=b'{"a": true}'), "with the JSON b'{\"a\": true}'."),
        ({"json": {"a": 1}}, get(body=b"{a"), "with a body that is no JSON, b'{a'."),
        ({"json": {"a": 1}}, get(body=b"[" * 100_000), f"with JSON that is nested too deeply to be compared, "
         f"b'{'[' * 57}...'."),
        ({"json": 1}, get(body=b'{"":' * 100_000), "with JSON that is nested too deeply to be compared, b'"
         + ('{"":' * 15)[:57] + "...'."),
        ({"json": 1}, get(body=b"1" * 5_000), f"with a body that is no JSON, b'{'1' * 57}...'."),
        ({"json": {"a": 1}}, get(body=b'{"a": 1, "b": 2}'), "with the JSON b'{\"a\": 1, \"b\": 2}'."),
        ({"json": Including({"a": {"c": 1}})}, get(body=b'{"a": {"c": 1}, "b": 2}'), ""),
        ({"json": Including({"a": 1})}, get(body=b"[1]"), "with the JSON b'[1]'."),
        ({"json": Including({"a": 1})}, get(body=b'{"a": 1, "b": NaN}'), "with a body that is no JSON, "
         "b'{\"a\": 1, \"b\": NaN}'."),
        ({"json": [1]}, get(body=b"[-Infinity]"), "with a body that is no JSON, b'[-Infinity]'."),
        ({"json": "\xe9"}, get(body=b'"\xe9"'), "with a body that is no JSON, b'\"\\xe9\"'."),
        ({"json": "x"}, get(body='"x"'.encode("utf-16-le")), "with a body that is no JSON, b'\"\\x00x\\x00\"\\x00'."),
        ({"json": None}, get(body=b"null"), ""),
        ({"matching": lambda request: request.path == "/a"}, get("/a"), ""),
        ({"matching": lambda request: False}, get("/a"), "but matching(…) did not return True."),
    ],
)  # fmt: skip
def test_a_request_meets_its_conditions_or_differs(
    conditions: dict[str, Any], request_: Request, difference: str
) -> None:
    judged = Conditions(**conditions)
    assert judged.difference(request_) == difference
    assert judged.are_met_by(request_) == (not difference)


@pytest.mark.parametrize(
    ("conditions", "error", "message"),
    [
        ({"query": "a=1"}, TypeError, "query is 'a=1'; give a mapping, such as {'page': '2'}, or Including({…})"),
        ({"query": {"page": 2}}, TypeError, "query['page'] is 2; give text, such as '2', a list of texts, or "
         "None for any"),
        ({"form": {"": "x"}}, ValueError, "a name in form is ''; give text, such as 'page'"),
        ({"form": {"a": [1]}}, TypeError, "form['a'] is [1]; give text, a list of texts, or None for any"),
        ({"headers": ["ETag"]}, TypeError, "headers is ['ETag']; give a mapping, such as {'If-None-Match': None}"),
        ({"headers": {"ETag": " x"}}, ValueError, "headers['ETag'] is ' x', and no value begins or ends with a blank; "
         "give 'x'"),
        ({"body": {"a": 1}}, TypeError, "body is {'a': 1}; give text or bytes, form={…} or json=…"),
        ({"json": {1, 2}}, TypeError, "json is {1, 2} (set), which JSON cannot express (Object of type set is not JSON "
         "serializable); give what json.loads returns"),
        ({"matching": "/a"}, TypeError, "matching is '/a'; give a function that takes a Request"),
        ({"body": "x", "json": 1}, ValueError, "body and json are given; give one of them, since a body is only one of "
         "these"),
    ],
)  # fmt: skip
def test_conditions_that_cannot_be_met_are_refused(
    conditions: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as refused:
        Conditions(**conditions)
    assert str(refused.value) == message


def test_conditions_are_described_in_words() -> None:
    words = Conditions(query={"a": "1"}, headers={"ETag": "x", "Host": None}, json=Including({"b": 1})).words()
    assert words == ["with ETag: x", "with Host", "with the query {'a': '1'}", "with the JSON including {'b': 1}"]
    assert Conditions(matching=bool).words() == ["matching bool"]
    assert NO_CONDITIONS.words() == []


def test_json_may_have_to_be_null_which_is_a_condition() -> None:
    assert NO_CONDITIONS.is_empty
    assert not Conditions(json=None).is_empty
