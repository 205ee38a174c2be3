"""Surrogates in arguments: U+DC80 to U+DCFF stand for bytes that are no UTF-8, as in Python's `surrogateescape`.
All others are refused, with a message that names the argument, except in `json`, `state` and `then`.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from feedserver import FeedServer, Including, Pattern, Response

JSON = {"Content-Type": "application/json"}

WITH_SURROGATES: dict[str, Callable[[FeedServer, str], object]] = {
    "path": lambda server, text: server.url(text),
    "host": lambda server, text: server.url("/", host=text),
    "the path that add() was given": lambda server, text: server.add(text, Response("x")),
    "the method that add() was given": lambda server, text: server.add("/a", Response("x"), method=text),
    "query['a']": lambda server, text: server.expect("/a", query={"a": text}),
    "form['a']": lambda server, text: server.expect("/a", form={"a": ["b", text]}),
    "headers['a']": lambda server, text: server.expect("/a", headers={"a": text}),
    "a name in headers": lambda server, text: server.expect("/a", headers={text: "a"}),
    "a Pattern": lambda server, text: Pattern(text),
    "a body": lambda server, text: Response(text),
    "the value of a header": lambda server, text: Response(headers={"X-A": text}),
    "the name of a header": lambda server, text: Response(headers={text: "a"}),
    "Auth(credentials=…)": lambda server, text: Response(auth=f"Bearer {text}"),
}


@pytest.mark.parametrize("argument", WITH_SURROGATES)
def test_a_surrogate_that_stands_for_no_byte_is_refused_and_its_argument_is_named(
    server: FeedServer, argument: str
) -> None:
    text = "/\ud800"
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is asserted below
        WITH_SURROGATES[argument](server, text)
    assert str(caught.value) == f"{argument} is {text!r}, and U+D800 in it is no character; leave it out"


def test_a_surrogate_that_stands_for_a_byte_is_sent_as_that_byte(server: FeedServer) -> None:
    server.add("/\udcff", Response("\udcff", headers={"X-A": "\udcff"}))
    assert server.url("/\udcff") == f"{server.base_url}/%FF"
    with server.client() as client, client.open("/%FF") as answer:
        assert answer.read() == b"\xff"
    server.assert_requested("/\udcff")


def test_json_and_state_may_have_any_text(server: FeedServer) -> None:
    server.add("/a", Response("x"), json=Including({"\ud800": "\ud800"}), then={"\ud800": 1})
    with server.client() as client, client.open("/a", data=rb'{"\ud800": "\ud800"}', headers=JSON) as answer:
        assert answer.read() == b"x"
    assert server.state == {"\ud800": 1}
