"""Wrong heads of answers, and interim answers before them."""

from __future__ import annotations

from faulty_answers import BODY, raw_answer
from feedserver import FeedServer, Response
from feedserver.faults import (
    BadStatusLine,
    Close,
    Interim,
)


def test_interim_answers_come_in_the_order_given_before_the_head(server: FeedServer) -> None:
    hints = [Interim(102, ()), Interim(103, {"Link": "</a>", "X-A": "b"}), Interim(199)]
    server.add("/f", Response(BODY, omit=["Date"], faults=hints))
    received = raw_answer(server, "/f")
    assert received.startswith(
        b"HTTP/1.1 102 Processing\r\n\r\n"
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nX-A: b\r\n\r\n"
        b"HTTP/1.1 199 \r\nLink: </style.css>; rel=preload; as=style\r\n\r\n"
        b"HTTP/1.1 200 OK\r\n"
    )


def test_faults_of_the_head_break_the_final_answer_and_not_an_interim_one(server: FeedServer) -> None:
    for faults in ([Interim(102, ()), BadStatusLine()], [BadStatusLine(), Interim(102, ())]):
        server.add("/f", Response(BODY, faults=faults))
        assert raw_answer(server, "/f").startswith(b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 fine OK\r\n")
    server.add("/f", Response(BODY, omit=["Date"], faults=[Close(after="headers"), Interim(102, ()), Interim(103, ())]))
    assert raw_answer(server, "/f").endswith(
        b"Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2048\r\nConnection: close\r\n\r\n"
    )
