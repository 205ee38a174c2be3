"""Redirects that lead where no client may go."""

from __future__ import annotations

import socket

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


def test_a_redirect_to_a_port_is_a_url_whatever_host_the_client_names(server: FeedServer) -> None:
    server.add("/port", Response(faults=RedirectToPort(9)))
    for head, host in (
        (b"Host: x.example:\r\n", b"x.example"),
        (b"Host: x.example:8000\r\n", b"x.example"),
        (b"Host: [::1]\r\n", b"[::1]"),
        (b"", b"localhost"),
    ):
        with socket.create_connection((server.host, server.port), timeout=60) as client:
            client.sendall(b"GET /port HTTP/1.0\r\n" + head + b"\r\n")
            answer = b"".join(iter(lambda: client.recv(65536), b""))
        assert b"Location: http://" + host + b":9/port\r\n" in answer


def test_a_redirect_through_a_proxy_keeps_the_path_and_the_host_unless_the_fault_names_a_host(
    server: FeedServer,
) -> None:
    server.add("http://blog.example/port", Response(faults=RedirectToPort(9)))
    server.add("http://blog.example/address", Response(faults=RedirectToAddress("10.1.2.3")))
    server.add("http://blog.example/loop", Response(faults=RedirectLoop()))
    assert b"Location: http://blog.example:9/port?x\r\n" in raw_answer(server, "http://blog.example/port?x")
    assert b"Location: http://10.1.2.3/address\r\n" in raw_answer(server, "http://blog.example/address")
    assert b"Location: http://blog.example/loop\r\n" in raw_answer(server, "http://blog.example/loop")
