"""Redirects that lead where no client may go."""

from __future__ import annotations

from faulty_answers import raw_answer
from feedserver import FeedServer, Response
from feedserver.faults import (
    RedirectLoop,
    RedirectToAddress,
    RedirectToPort,
)


def test_a_redirect_keeps_the_query(server: FeedServer) -> None:
    server.add("/port", Response(faults=RedirectToPort(9)))
    server.add("/address", Response(faults=RedirectToAddress("10.1.2.3")))
    server.add("/loop", Response(faults=RedirectLoop()))
    assert b"Location: http://127.0.0.1:9/port?a=1&b\r\n" in raw_answer(server, "/port?a=1&b")
    assert b"Location: http://10.1.2.3/address?a=1\r\n" in raw_answer(server, "/address?a=1")
    assert b"Location: /loop?a=1\r\n" in raw_answer(server, "/loop?a=1")


def test_a_redirect_through_a_proxy_keeps_the_path_and_the_host_unless_it_names_another(server: FeedServer) -> None:
    server.add("http://blog.example/port", Response(faults=RedirectToPort(9)))
    server.add("http://blog.example/address", Response(faults=RedirectToAddress("10.1.2.3")))
    server.add("http://blog.example/loop", Response(faults=RedirectLoop()))
    assert b"Location: http://blog.example:9/port?x\r\n" in raw_answer(server, "http://blog.example/port?x")
    assert b"Location: http://10.1.2.3/address\r\n" in raw_answer(server, "http://blog.example/address")
    assert b"Location: http://blog.example/loop\r\n" in raw_answer(server, "http://blog.example/loop")
