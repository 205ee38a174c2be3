"""Redirects that lead where no client may go."""

from __future__ import annotations

from faulty_answers import raw_answer
from feedserver import FeedServer, Response
from feedserver.faults import (
    RedirectLoop,
    RedirectToAddress,
    RedirectToPort,
)


def test_a_redirect_keeps_the_query_and_a_proxy_s_host(server: FeedServer) -> None:
    server.add("/f", Response(faults=RedirectToPort(9)))
    server.add("http://blog.example/f", Response(faults=RedirectToAddress("10.1.2.3")))
    server.add("/loop", Response(faults=RedirectLoop()))
    assert b"Location: http://127.0.0.1:9/f?a=1&b\r\n" in raw_answer(server, "/f?a=1&b")
    assert b"Location: http://10.1.2.3/f?x\r\n" in raw_answer(server, "http://blog.example/f?x")
    assert b"Location: /loop?a=1\r\n" in raw_answer(server, "/loop?a=1")
