"""feedparser's own fixtures, unchanged, at the URLs that they name.

They name port 8097, which any other program may have. So the server has a free port, and the client is led there when
it connects to 8097: its URLs, its `Host` and every byte that the server sends are those of feedparser's suite.

They come with feedparser's source distributions: FEEDPARSER_TESTS names the folder `tests` of an unpacked 6.0.x. What
its test suite fetches by HTTP is fetched here, and must come out as each file says in `Expect:`.
"""

from __future__ import annotations

import ast
import os
import re
import socket
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest import mock

import feedparser
import pytest

from feedserver import FeedServer, Response

FOLDER = Path(os.environ.get("FEEDPARSER_TESTS") or "no-such-folder").absolute()
PORT = 8097

pytestmark = [
    pytest.mark.skipif(not FOLDER.is_dir(), reason="FEEDPARSER_TESTS does not name the tests of feedparser's sources"),
    pytest.mark.feedserver(FOLDER.parent),
]


@pytest.fixture(autouse=True)
def _is_found_at_the_port_of_the_fixtures(feedserver: FeedServer) -> Iterator[None]:
    connect = socket.create_connection

    def lead(address: tuple[str, int], *args: Any, **options: Any) -> socket.socket:
        host, port = address
        return connect((host, feedserver.port if port == PORT else port), *args, **options)

    with mock.patch("socket.create_connection", lead):
        yield


def fetched_files() -> list[str]:
    """What feedparser's suite fetches by HTTP and has an expectation of: what has http in its path."""
    files = sorted(path.relative_to(FOLDER.parent).as_posix() for path in FOLDER.rglob("*.xml"))
    return [file for file in files if "http" in file and not file.startswith("tests/http/")]


def expectation(data: bytes) -> str:
    found = re.search(rb"Expect:\s*(.*)\s*-->", data)
    assert found, "the file expects nothing"
    return found[1].decode("ascii").strip()


def holds(expected: str, result: feedparser.FeedParserDict) -> bool:
    """Whether an expectation is true of what feedparser made of a file. It is read, not run."""
    return bool(value(ast.parse(expected, mode="eval").body, result))


def value(node: ast.AST, result: feedparser.FeedParserDict) -> Any:
    match node:
        case ast.Constant(value=constant):
            return constant
        case ast.Name(id=name):
            return result[name]
        case ast.BoolOp(op=ast.And(), values=parts):
            return all(value(part, result) for part in parts)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not value(operand, result)
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            return value(left, result) == value(right, result)
        case ast.Compare(left=left, ops=[ast.In()], comparators=[ast.Call(func=ast.Name(id="locals"))]):
            return value(left, result) in result
        case ast.Subscript(value=container, slice=key):
            return value(container, result)[value(key, result)]
        case ast.Call(func=ast.Name(id="isinstance"), args=[instance, ast.Attribute(attr=kind)]):
            return isinstance(value(instance, result), getattr(feedparser, kind))
        case ast.Call(func=ast.Attribute(value=container, attr="get"), args=arguments):
            return value(container, result).get(*[value(argument, result) for argument in arguments])
        case ast.Attribute(value=container, attr=name):
            return value(container, result)[name]
    raise AssertionError(f"an expectation has {ast.dump(node)}, which no expectation had before")


def test_feedparser_makes_of_its_fixtures_what_they_expect(feedserver: FeedServer) -> None:
    disappointed = {}
    for file in fetched_files():
        data = (FOLDER.parent / file).read_bytes()
        result = feedparser.parse(f"http://127.0.0.1:{PORT}/{file}")
        if not (result.status == 200 and holds(expectation(data), result)):
            disappointed[file] = (expectation(data), result)
        assert feedserver.assert_requested(f"/{file}", count=1)[0].response.body == data
    assert disappointed == {}
    assert len(feedserver.requests) > 100


# What its suite does with tests/http.


@pytest.mark.parametrize("status", [301, 302, 303, 307])
def test_a_redirect_is_followed_to_its_target(status: int, feedserver: FeedServer) -> None:
    result = feedparser.parse(f"http://localhost:{PORT}/tests/http/http_status_{status}.xml")
    assert result.status == status
    assert result.href == f"http://localhost:{PORT}/tests/http/target.xml"
    assert result.entries[0].title == "target"
    assert [request.path.rpartition("/")[2] for request in feedserver.requests] == [
        f"http_status_{status}.xml",
        "target.xml",
    ]


@pytest.mark.parametrize(("file", "status"), [("http_status_302-no-location.xml", 302), ("http_status_404.xml", 404)])
def test_another_status_is_told(file: str, status: int, feedserver: FeedServer) -> None:
    assert feedparser.parse(f"http://localhost:{PORT}/tests/http/{file}").status == status


def test_a_redirect_may_lead_to_304(feedserver: FeedServer) -> None:
    feedserver.add("/-/return-304.xml", Response(status=304, headers={"Content-Type": "text/xml"}))
    result = feedparser.parse(f"http://localhost:{PORT}/tests/http/http_redirect_to_304.xml")
    assert (result.bozo, result.status) == (False, 302)


def test_each_way_to_send_a_validator_back_is_answered_by_304(feedserver: FeedServer) -> None:
    url = f"http://localhost:{PORT}/tests/http/http_status_304.xml"
    first = feedparser.parse(url)
    assert (first.status, first.entries[0].title) == (200, "title 304")
    validators: list[dict[str, Any]] = [
        {"etag": first.etag},
        {"modified": first.modified},
        {"modified": first.modified_parsed},
        {"modified": datetime(*first.modified_parsed[:6])},
    ]
    assert [feedparser.parse(url, **validator).status for validator in validators] == [304] * 4
