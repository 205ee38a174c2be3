"""Trailers that are given. The other faults of framing are tested on the wire (test_faults_wire)."""

from __future__ import annotations

from faulty_answers import raw_answer
from feedserver import FeedServer, Response
from feedserver.faults import (
    Trailers,
)


def test_given_trailers_follow_the_last_chunk(server: FeedServer) -> None:
    server.add("/f", Response(b"x", faults=Trailers([("X-Sum", "1"), ("X-Sum", "2")])))
    assert raw_answer(server, "/f").endswith(b"1\r\nx\r\n0\r\nX-Sum: 1\r\nX-Sum: 2\r\n\r\n")
