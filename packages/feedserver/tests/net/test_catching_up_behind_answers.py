"""A request that a client sends behind an answer under way is journalled, or its absence is not asserted."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Iterator

import pytest

from feedserver import Ended, Exchange, FeedServer, Gate, Request, Response, VerificationError
from feedserver.faults import EarlyAnswer, Reset, Stall, parse
from feedserver.net import connection, http1
from rawclient import RawClient

pytestmark = pytest.mark.skipif(
    os.name == "nt", reason="Windows tells that a read is complete, not that one is possible"
)

PATIENCE = 10.0


@pytest.mark.slow
@pytest.mark.parametrize("act", [FeedServer.stop, FeedServer.close_client_connections])
def test_requests_that_wait_behind_an_answer_under_way_are_journalled(
    late_server: FeedServer, act: Callable[[FeedServer], None]
) -> None:
    late_server.start()
    late_server.add("/slow", Response("x", delay=PATIENCE))
    with RawClient(late_server) as client:
        client.ask("/slow")
        late_server.wait_for("/slow")
        client.send(b"GET /known HTTP/1.1\r\nHost: x\r\n\r\n" * 12_000)  # more than is read during an answer
        client.ask("/late")
        act(late_server)
    assert [request.path for request in late_server.requests] == ["/slow", *["/known"] * 12_000, "/late"]
    late_server.verify()


@pytest.mark.slow
def test_requests_behind_an_answer_with_a_reset_are_journalled(
    late_server: FeedServer,
) -> None:
    gate = Gate()

    def answer(request: Request) -> Response:
        gate.wait()
        return Response("x", faults=Reset(at="end"))

    late_server.start()
    late_server.add("/reset", answer)
    with RawClient(late_server) as client:
        client.ask("/reset")
        client.send(b"GET /known HTTP/1.1\r\nHost: x\r\n\r\n" * 12_000)
        client.ask("/late")
        gate.open()
        late_server.wait_for("/late", timeout=PATIENCE)
    assert len(late_server.requests) == 12_002
    late_server.verify()


@pytest.mark.parametrize("fault", ["close after headers", "close after 3", "close at end", "garbage", "reset at end"])
def test_a_request_behind_an_answer_is_journalled_before_the_answer_ends_the_connection(
    late_server: FeedServer, fault: str
) -> None:
    at_the_end: list[str] = []

    def listener(exchange: Exchange) -> None:
        if exchange.path == "/ended":
            at_the_end.extend(request.path for request in late_server.requests)

    late_server.start()
    late_server.journal.listener = listener
    late_server.add("/ended", Response("abcdef", faults=parse(fault)))
    expectation = late_server.expect("/late", times=0)
    with RawClient(late_server) as client:
        client.send(b"".join(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path for path in (b"/ended", b"/late")))
        assert late_server.wait_for("/ended")[0].ended
        assert at_the_end == ["/ended", "/late"]
        late_server.assert_requested("/late", count=1)
        assert not expectation.is_met
        expectation.is_checked = True
        late_server.verify()


def test_requests_behind_an_answer_that_raises_are_journalled_before_its_end(
    late_server: FeedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    monkeypatch.setattr(http1, "BACKLOG", 10)

    def body() -> Iterator[bytes]:
        yield b"abc"
        gate.wait()
        raise ValueError("broken")

    late_server.start()
    late_server.allow("broken")
    late_server.add("/broken", Response(body))
    with RawClient(late_server) as client:
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # nothing waits for an acknowledgement
        client.ask("/broken")
        client.read_head()
        client.ask("/known")
        late_server.verify()  # which waits until that is read
        client.ask("/late")
        gate.open()
        assert late_server.wait_for("/broken")[0].ended is Ended.BROKEN_OFF
        late_server.assert_requested("/late", count=1)
    late_server.verify()


def test_requests_of_a_client_that_leaves_before_its_answer_are_journalled(
    late_server: FeedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    monkeypatch.setattr(http1, "BACKLOG", 10)

    def answer(request: Request) -> Response:
        gate.wait()
        return Response("x")

    late_server.start()
    late_server.add("/slow", answer)
    with RawClient(late_server) as client:
        client.ask("/slow")
        late_server.wait_for("/slow")
        client.ask("/known")
        late_server.verify()  # which waits until that is read
        client.ask("/known")
        client.ask("/late")
    gate.open()
    late_server.wait_for("/late", timeout=PATIENCE)
    assert len(late_server.requests) == 4
    late_server.verify()


@pytest.mark.slow
def test_data_left_unread_behind_an_answer_under_way_is_a_problem(
    late_server: FeedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "MOST_WAITING", 10)
    late_server.start()
    late_server.add("/slow", Response("x", delay=PATIENCE))
    with RawClient(late_server) as client:
        client.ask("/slow")
        client.send(b"GET /known HTTP/1.1\r\nHost: x\r\n\r\n" * 12_000)
        late_server.stop()
    with pytest.raises(VerificationError, match="only 10 bytes were read of what a client had sent behind an answer"):
        late_server.verify()
    unknown = (
        "it is unknown how often /other was requested: only 10 bytes were read of .* an answer under way; call journal"
    )
    with pytest.raises(AssertionError, match=unknown):
        late_server.assert_not_requested("/other")


@pytest.mark.parametrize("fault", ["stall after 3", "slow body 1 bytes every 1s"])
def test_no_client_is_blamed_for_the_rest_of_a_body_that_was_answered_early(
    late_server: FeedServer, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr(connection, "MOST_WAITING", 10)
    late_server.start()
    late_server.add("/early", Response("abcdef", faults=(EarlyAnswer(), parse(fault))))
    with RawClient(late_server) as client:
        client.ask("/early", "Content-Length: 500000", method="POST")
        client.read_head()
        client.send(b"x" * 500_000)
        late_server.assert_not_requested("/late")
        late_server.stop()
    late_server.verify()


@pytest.mark.parametrize("tls", [False, True])
def test_a_request_behind_an_answer_that_never_ends_is_journalled(tls: bool) -> None:
    with FeedServer(tls=tls) as server:
        server.add("/stalled", Response("abcdef", faults=Stall(after=3)))
        with RawClient(server) as client:
            if tls:
                client.socket = server.client_context().wrap_socket(client.socket, server_hostname="localhost")
            client.ask("/stalled")
            client.read_head()
            server.wait_for("/stalled")
            client.ask("/late")
        server.verify()
        stalled, late = server.journal.exchanges
        assert (stalled.ended, late.ended) == (Ended.STALLED, Ended.CLIENT_LEFT)
        assert str(late.request) == "GET /late"


@pytest.mark.slow
def test_a_client_that_floods_a_stalled_answer_is_read_up_to_a_limit() -> None:
    with FeedServer() as server:
        server.add("/stalled", Response("abcdef", faults=Stall(after=3)))
        with RawClient(server) as client:
            client.ask("/stalled")
            client.read_head()
            line = b"GET /late HTTP/1.1\r\nHost: x\r\n\r\n"
            client.send(line * 40_000)
            assert server.journal.wait_until(lambda: bool(server.site.problems.kept), PATIENCE)
        assert server.journal.filter("/stalled")[0].ended is Ended.STALLED
        with pytest.raises(VerificationError) as raised:
            server.verify()
        assert re.fullmatch(
            r"only [23]\d\d,\d{3} bytes were kept of what a client had sent behind GET /stalled, whose answer never "
            r"ended\.\nIf the test intends this, call .*",
            str(raised.value),
        )
        assert 0 < len(server.requests) < 20_000


@pytest.mark.slow
def test_no_request_counts_as_absent_while_some_were_not_read_even_if_the_server_is_not_strict() -> None:
    with FeedServer(strict=False) as server:
        server.add("/stalled", Response("abcdef", faults=Stall(after=3)))
        expected = server.expect("/other", times=0)
        with RawClient(server) as client:
            client.ask("/stalled")
            client.read_head()
            client.send(b"GET /late HTTP/1.1\r\nHost: x\r\n\r\n" * 40_000)
            assert server.journal.wait_until(lambda: bool(server.journal.unread), PATIENCE)
        assert server.journal.filter("/stalled")[0].ended is Ended.STALLED
        unknown = r"^it is unknown (how often|whether) /other.* only [23]\d\d,\d{3} bytes were kept .* call journal"
        with pytest.raises(AssertionError, match=unknown):
            server.assert_not_requested("/other")
        with pytest.raises(AssertionError, match=unknown):
            expected.verify()
        server.verify()
        server.journal.clear()
        server.assert_not_requested("/other")


@pytest.mark.slow
def test_requests_that_were_not_read_after_the_journal_was_cleared_do_not_count_as_absent() -> None:
    with FeedServer(strict=False) as server:
        server.add("/stalled", Response("abcdef", faults=Stall(after=3)))
        with RawClient(server) as client:
            client.ask("/stalled")
            client.read_head()
            client.send(b"GET /late HTTP/1.1\r\nHost: x\r\n\r\n" * 40_000)
            assert server.journal.wait_until(lambda: bool(server.journal.unread), PATIENCE)
            server.journal.clear()
            client.send(b"GET /other HTTP/1.1\r\nHost: x\r\n\r\n" * 40_000)
            assert server.journal.wait_until(lambda: bool(server.journal.unread), PATIENCE)
        assert server.journal.wait_until(lambda: bool(server.journal.filter("/late")), PATIENCE)
        with pytest.raises(AssertionError, match="it is unknown how often /other was requested: only"):
            server.assert_not_requested("/other")


@pytest.mark.parametrize("under_way", ["slow", "callable", "stalled", "unread"])
def test_no_assertion_passes_while_a_request_waits_behind_an_answer_under_way(
    late_server: FeedServer, under_way: str
) -> None:
    gate = Gate()

    def answer(request: Request) -> Response:
        gate.wait()
        return Response("x")

    late_server.start()
    late_server.add("/slow", Response("x", delay=PATIENCE))
    late_server.add("/callable", answer)
    late_server.add("/stalled", Response("abcdef", faults=Stall(after=3)))
    late_server.add("/unread", Response("x" * 12_000_000))
    late_server.add("/late", Response("x"))
    none, some = late_server.expect("/late", times=0), late_server.expect(f"/{under_way}", at_least=1)
    in_order = late_server.expect_in_order(f"/{under_way}")
    with RawClient(late_server) as client:
        client.ask(f"/{under_way}")
        client.ask("/late")
        unknown = f"a client has sent more behind GET /{under_way}, which is still being answered; assert this when"
        calls: list[Callable[[], object]] = [
            lambda: late_server.assert_not_requested("/late"),
            lambda: late_server.assert_requested("/late"),
            lambda: late_server.assert_requested(f"/{under_way}", count=1),
            none.verify,
            in_order.verify,
        ]
        for call in calls:
            with pytest.raises(AssertionError, match=unknown):
                call()
        assert some.is_met
        late_server.assert_requested(f"/{under_way}")
        gate.open()
    late_server.stop()
    late_server.assert_requested("/late", count=1)
    assert not none.is_met


def test_neither_data_after_the_last_request_nor_empty_lines_count_as_a_waiting_request(
    late_server: FeedServer,
) -> None:
    late_server.start()
    late_server.add("/slow", Response("x", delay=PATIENCE))
    with RawClient(late_server) as client, RawClient(late_server) as other:
        client.ask("/slow", "Connection: close")
        client.ask("/late")
        other.ask("/slow", "Content-Length: 1", method="POST", body=b"x\r\n")
        late_server.wait_for("/slow", count=2)
        late_server.assert_not_requested("/late")
