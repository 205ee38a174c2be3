"""Answers that are rendered once: which answers these are, and that only their Date changes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from feedserver import Headers, Request, Response
from feedserver.faults import parse
from feedserver.handler import ready_answers
from feedserver.handler.ready_answers import HEADS_KNOWN, LONGEST_KNOWN, make_ready, with_content_type

GET = Request("GET", "/feed.xml", headers=Headers({"Host": "a"}))
SECOND = 1_795_780_800  # of the epoch: noon of 27 November 2026


def parts() -> Iterator[bytes]:
    yield b"x"


def test_only_the_date_of_a_ready_answer_changes() -> None:
    ready = make_ready(Response("<rss/>"), GET, keep_alive=True, second=SECOND)
    assert ready is not None
    first = ready.at(SECOND)

    assert b"Date: Fri, 27 Nov 2026 12:00:00 GMT\r\n" in first
    assert first.endswith(b"\r\n\r\n<rss/>")
    assert ready.at(SECOND) is first
    assert ready.at(SECOND + 1) == first.replace(b"12:00:00", b"12:00:01")
    assert ready.at(SECOND) == first


@pytest.mark.parametrize(
    "response",
    [
        Response("x", headers={"Location": "{base}/new"}),
        Response("x", delay=0.1),
        Response("x", pace="10 bytes every 1s"),
        Response("x", faults=[parse("nothing")]),
        Response("x", headers={"ETag": '"a"'}),
        Response("x", coding="gzip"),
        Response("x", omit=["Content-Length"]),
        Response(parts),
    ],
    ids=["placeholder", "delay", "pace", "fault", "validator", "coding", "chunks", "made"],
)
def test_an_answer_that_may_differ_is_not_made_ready(response: Response) -> None:
    assert make_ready(response, GET, keep_alive=True, second=SECOND) is None


def test_an_answer_that_closes_is_ready_only_for_connections_that_close() -> None:
    closing = Response("x", headers={"Connection": "close"})
    assert make_ready(closing, GET, keep_alive=True, second=SECOND) is None
    assert make_ready(closing, GET, keep_alive=False, second=SECOND) is not None


FEED = Response("<rss/>")
SHAPES: dict[str, tuple[Response, Request, bool]] = {
    "plain": (FEED, GET, True),
    "header": (Response("<rss/>", headers={"X-A": "b"}), GET, True),
    "status": (Response("<rss/>", status=298), GET, True),
    "another without a reason": (Response("<rss/>", status=299), GET, True),
    "reason": (Response("<rss/>", reason="Fine"), GET, True),
    "omitted": (Response("<rss/>", omit=["Content-Type"]), GET, True),
    "length": (Response("<rss />"), GET, True),
    "closing": (FEED, GET, False),
    "old": (FEED, Request("GET", "/feed.xml", version="1.0"), True),
    "path": (FEED, Request("GET", "/feed.json"), True),
}


def test_a_remembered_head_is_the_same_as_a_new_one() -> None:
    def sent(name: str) -> bytes:
        response, request, keep_alive = SHAPES[name]
        ready = make_ready(response, request, keep_alive, SECOND)
        assert ready is not None
        return ready.at(SECOND)

    fresh = {}
    for name in SHAPES:
        ready_answers._known.clear()
        fresh[name] = sent(name)
    for name in SHAPES:
        sent(name)
    assert {name: sent(name) for name in SHAPES} == fresh
    assert len(set(fresh.values())) == len(SHAPES)


def test_an_answer_with_a_validator_is_made_ready_only_if_validators_are_ignored() -> None:
    for conditional, is_ready in (("off", True), ("rfc", False), ("exact", False)):
        response = Response("x", headers={"ETag": '"a"'}, conditional=conditional)  # type: ignore[arg-type]
        assert (make_ready(response, GET, keep_alive=True, second=SECOND) is not None) is is_ready


def test_few_heads_are_remembered_and_no_long_ones() -> None:
    ready_answers._known.clear()
    make_ready(Response("x", headers={"X-A": "b" * LONGEST_KNOWN}), GET, keep_alive=True, second=SECOND)
    assert not ready_answers._known
    for size in range(HEADS_KNOWN + 10):
        make_ready(Response("x" * (size + 1)), GET, keep_alive=True, second=SECOND)
    assert 0 < len(ready_answers._known) <= HEADS_KNOWN


def test_the_extension_decides_the_type_if_nothing_else_does() -> None:
    def type_of(response: Response, path: str = "/feed.xml") -> str | None:
        return with_content_type(Request("GET", path), response).headers.get("Content-Type")

    assert type_of(Response("x")) == "application/xml"
    assert type_of(Response("x", headers={"Content-Type": "a/b"})) == "a/b"
    assert type_of(Response("x", omit=["Content-Type"])) is None
    assert type_of(Response("x"), "/feed") is None
    assert type_of(Response()) is None
