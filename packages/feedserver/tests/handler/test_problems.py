"""No failure of a server is silent: `verify` raises each one as a problem, unless the test intends it.

Most tests break one thing, and look at what `verify` raises, or that it raises nothing.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
import sys
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import pytest

from feedserver import Exchange, FeedServer, Response, VerificationError, broken
from feedserver.handler.problems import Problems
from feedserver.http import response_writer
from feedserver.messages.response import FileBody, file_stamp
from feedserver.messages.send_plan import Send, SendHead
from feedserver.net import shared_loop
from problem_finding import PATIENCE, Oops, problems_of, reset, until
from rawclient import RawClient


@pytest.fixture
def strict(root: Path) -> Iterator[FeedServer]:
    """Yield a strict server, which reports what clients do wrong too, and verify it once it was stopped."""
    with FeedServer(root) as running:
        yield running
    running.verify()


@pytest.mark.parametrize("count", [1, 500])
@pytest.mark.parametrize("fault", ["nothing", "interim 103", "trailers"])
def test_however_many_requests_are_pipelined_each_is_answered(count: int, fault: str) -> None:
    from feedserver import faults

    with FeedServer() as server, RawClient(server) as client:
        server.add("/feed", Response("<rss/>", faults=faults.parse(fault)))
        client.send(b"GET /feed HTTP/1.1\r\nHost: a\r\n\r\n" * (count - 1))
        client.send(b"GET /feed HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert client.read_to_end().count(b"HTTP/1.1 200 OK") == count
        assert [each.ended for each in server.journal.exchanges] == ["complete"] * count
        server.verify()


@pytest.mark.parametrize("method", ["stop", "start", "refuse", "accept", "wait_for"])
def test_a_listener_that_would_wait_for_its_own_loop_is_a_problem_and_no_deadlock(method: str) -> None:
    with FeedServer(strict=False) as server, RawClient(server) as client:
        other = FeedServer()
        call = getattr(other if method == "start" else server, method)
        server.journal.listener = lambda _: call()
        server.add("/feed", Response("<rss/>"))
        assert client.get("/feed").body == b"<rss/>"
        assert server.journal.exchanges[0].ended == "complete"
        assert f"{method}() was called on the event loop, by the journal's listener or a fault" in problems_of(server)
        server.journal.listener = None
        assert client.get("/feed").body == b"<rss/>"
        assert not other.is_running


def test_a_listener_that_raises_is_a_problem_and_no_client_notices() -> None:
    def listens(_exchange: Exchange) -> None:
        raise Oops

    with FeedServer(strict=False) as server, RawClient(server) as client:
        server.journal.listener = listens
        server.add("/feed", Response("<rss/>"))
        for _ in range(2):
            assert client.get("/feed").body == b"<rss/>"
        assert server.journal.exchanges[-1].ended == "complete"
        server.journal.wait_until(lambda: len(server.journal.changes.failures) >= 2, PATIENCE)
        assert re.fullmatch(
            r"the journal's listener raised Oops\(\) at .*test_problems.py:\d+ for GET /feed", problems_of(server)
        )


def test_what_a_listener_raised_is_a_problem_of_no_particular_exchange() -> None:
    problems = Problems(deque(["the listener raised"]), strict=True)
    assert problems.take_of(None) == ["the listener raised"]
    assert problems.take() == []


def test_a_listener_that_exits_does_not_end_the_event_loop() -> None:
    with FeedServer(strict=False) as server, RawClient(server) as client:
        server.journal.listener = lambda _: sys.exit(1)
        server.add("/feed", Response("<rss/>"))
        for _ in range(3):
            assert client.get("/feed").body == b"<rss/>"
        # An answer is sent before the listener hears of it.
        assert server.journal.wait_until(lambda: len(server.journal.changes.failures) >= 3, PATIENCE)
        server.journal.listener = None
        assert "raised SystemExit(1)" in problems_of(server)


def test_an_exception_on_the_event_loop_is_a_problem_of_each_server(caplog: pytest.LogCaptureFixture) -> None:
    def fails() -> None:
        raise Oops

    called = threading.Event()
    with FeedServer(strict=False) as one, FeedServer(strict=False) as other:
        thread = shared_loop._current
        assert thread is not None
        thread.call(fails)
        thread.call(called.set)
        assert called.wait(PATIENCE)
        for server in (one, other):
            assert re.fullmatch(
                r"an error on the servers' event loop: Oops\(\) at .*test_problems.py:\d+", problems_of(server)
            )
    assert "in fails\n    raise Oops" in caplog.text, "the log has the traceback"


def test_a_file_that_is_shorter_than_declared_is_a_problem(root: Path) -> None:
    file = root / "big.xml"
    with file.open("wb") as target:
        target.truncate(3_000_000)
    with FeedServer(strict=False) as server, RawClient(server) as client:
        server.add("/feed", Response(FileBody(file, 5_000_000)))
        client.ask("/feed")
        client.read_to_end()
        assert server.journal.exchanges[0].ended == "broken off"
        assert problems_of(server).startswith(
            f"the answer to GET /feed was broken off by BodyChanged('{file} has become shorter: 3,000,000 of 5,000,000"
        )


def test_a_file_that_is_changed_while_it_is_sent_is_a_problem(root: Path) -> None:
    file = root / "big.xml"
    with file.open("wb") as target:
        target.truncate(20_000_000)
    with FeedServer(root, strict=False) as server, RawClient(server) as client:
        client.ask("/big.xml")
        client.read_head()
        with file.open("r+b") as target:
            target.write(b"<other/>")
        os.utime(file, (1, 1))
        assert len(client.read_to_end()) <= 20_000_000
        # Which error it is depends on whether the file was opened by then.
        assert server.journal.exchanges[0].ended == "broken off"
        assert server.journal.exchanges[0].error in ("BodyChanged", "OSError")
        assert re.search("big.xml (was changed while it was sent|has changed since it was read)", problems_of(server))


def test_a_file_that_changes_after_its_first_bytes_were_sent_is_never_sent_whole(tmp_path: Path) -> None:
    file = tmp_path / "big.xml"
    file.write_bytes(b"a" * 1_000_000)
    response = Response(FileBody(file, 1_000_000, stamp=file_stamp(file.stat())))
    steps = response_writer.plan(response_writer.make_head(None, response, True), response, "GET")
    assert isinstance(next(steps), SendHead)
    first = next(steps)
    assert isinstance(first, Send), "some of the body"
    os.utime(file, (1, 1))
    sent = [first]
    with pytest.raises(response_writer.BodyChanged, match="was changed while it was sent"):
        sent.extend(step for step in steps if isinstance(step, Send))
    assert sum(len(step.data) for step in sent) < 1_000_000


def test_a_file_that_changed_after_it_was_read_is_a_problem(root: Path) -> None:
    file = root / "big.xml"
    with file.open("wb") as target:
        target.truncate(3_000_000)
    with FeedServer(root, strict=False) as server, RawClient(server) as client:
        server.add("/feed", server.fixture("big.xml"))
        assert len(client.get("/feed").body) == 3_000_000
        with file.open("wb") as target:
            target.truncate(4_000_000)
        os.utime(file, (1, 1))
        assert client.get("/feed").status == 500
        assert f"{file} has changed since it was read; read it again, with server.fixture(…)" in problems_of(server)
        assert len(client.get("/big.xml").body) == 4_000_000, "the folder's file is read again"


def test_a_file_that_is_missing_when_it_is_sent_is_a_problem(root: Path) -> None:
    file = root / "big.xml"
    with file.open("wb") as target:
        target.truncate(3_000_000)
    with FeedServer(root, strict=False) as server, RawClient(server) as client:
        server.add("/feed", server.fixture("big.xml"))
        file.unlink()
        assert client.get("/feed").status == 500
        assert "big.xml: [Errno 2] No such file or directory" in problems_of(server)


def test_a_fault_that_could_not_be_injected_is_a_problem(root: Path) -> None:
    from feedserver.faults import Reset

    def asks() -> None:
        with FeedServer(root) as server, RawClient(server) as client:
            server.add("/feed", broken(Response("short"), Reset(after=5000)))
            assert client.get("/feed").body == b"short"
            server.verify()

    with pytest.raises(VerificationError, match="was not injected"):
        asks()


@pytest.mark.parametrize(
    "fault",
    ["slow body", "short content-length", "reset after 512", "stall after headers", "early answer", "endless headers"],
)
def test_a_fault_that_needs_a_request_is_a_problem_in_on_connect(fault: str) -> None:
    from feedserver import faults

    with FeedServer(strict=False) as server:
        server.on_connect(faults.parse(fault))
        server.add("/feed", Response("<rss/>"))
        with RawClient(server) as client:
            client.get("/feed")
        problem = problems_of(server)
        assert problem.startswith(f"on_connect: the fault '{faults.parse(fault)}' was not injected: before any request")


@pytest.mark.parametrize("when", ["on request 2", "on every 2nd request", "from request 3", "with probability 0.5"])
def test_a_fault_of_connections_has_no_trigger_of_its_own(when: str) -> None:
    from feedserver import faults

    with pytest.raises(ValueError, match="no trigger; give 'reset before answer' after a None for each"):
        FeedServer().on_connect(faults.parse(f"reset before answer {when}"))


@pytest.mark.parametrize("when", ["on request 2", "on every 2nd request", "from request 2"])
def test_a_fault_that_is_never_triggered_is_refused(when: str, root: Path) -> None:
    from feedserver import faults

    never = broken(Response("1"), faults.parse(f"reset at end {when}"))
    server = FeedServer(root, strict=False)
    with pytest.raises(
        ValueError,
        match=f"'reset at end {when}' is never triggered, .*; leave '{when}' out, and put answers without",
    ):
        server.add("/feed", never, Response("2"))
    server.add("/feed", Response("1"), never)  # allowed: all further requests get the last answer
    timeline = root / "news.xml"
    timeline.mkdir()
    (timeline / "1.xml").write_text(f"<!--\nFault: reset at end {when}\n--><rss/>")
    (timeline / "2.xml").write_text("<rss/>")
    with server, RawClient(server) as client:
        assert client.get("/news.xml").status == 500
        assert f"the fault 'reset at end {when}' is never triggered: this file is sent once" in problems_of(server)


# What is no problem


def test_a_handshake_that_fails_on_purpose_is_no_problem() -> None:
    with FeedServer(tls="self-signed") as server:
        plain = socket.create_connection((server.host, server.port), timeout=PATIENCE)
        with pytest.raises(ssl.SSLCertVerificationError):
            server.client_context().wrap_socket(plain, server_hostname="localhost")
        plain.close()
        server.journal.wait_until(lambda: bool(server.journal.exchanges), PATIENCE)
    server.verify()


def test_a_client_that_gives_up_on_an_answer_is_no_problem(strict: FeedServer) -> None:
    strict.add("/slow", Response("<rss/>", delay=3600))
    strict.add("/long", Response("<rss/>" * 5_000_000))
    for path in ("/slow", "/long"):
        client = RawClient(strict)
        client.ask(path)
        strict.wait_for(path)
        reset(client)
        assert strict.journal.filter(path)[0].ended.startswith("client left")


def test_a_client_that_connects_and_sends_nothing_is_no_problem(strict: FeedServer) -> None:
    for _ in range(2):
        RawClient(strict).socket.close()
    strict.add("/x", Response("x"))
    with RawClient(strict) as client:
        assert client.get("/x").body == b"x"


def test_an_answer_that_is_an_error_on_purpose_is_no_problem(strict: FeedServer) -> None:
    strict.add("/gone", Response(status=410), Response(status=500), Response(auth="Bearer t"))
    with RawClient(strict) as client:
        assert [client.get("/gone").status for _ in range(3)] == [410, 500, 401]


def test_a_body_that_an_early_answer_cut_is_no_problem(strict: FeedServer) -> None:
    from feedserver.faults import parse

    strict.add("/up", Response("early", faults=[parse("early answer")]))
    client = RawClient(strict)
    client.ask("/up", "Content-Length: 1000", method="POST", body=b"abc")
    assert client.read().body == b"early"
    reset(client)
    until(lambda: not strict.listening.connections)


# `verify` raises problems; the end of a `with` statement adds them to an exception as a note


def test_a_with_statement_leaves_its_problems_to_verify() -> None:
    with FeedServer() as server, RawClient(server) as client:
        assert client.get("/none").status == 404

    with pytest.raises(VerificationError, match="GET /none: nothing answers"):
        server.verify()


def test_a_failure_of_the_block_gets_the_problems_as_a_note_and_verify_raises_them_too() -> None:
    def asks(server: FeedServer) -> None:
        with server, RawClient(server) as client:
            client.get("/none")
            raise Oops

    server = FeedServer()
    with pytest.raises(Oops) as caught:
        asks(server)
    assert caught.value.__notes__[0].startswith("The server found these problems:\nGET /none: nothing answers.")
    # The test expected this failure, but not the problem.
    with pytest.raises(VerificationError, match="GET /none: nothing answers"):
        server.verify()


def test_a_problem_that_verify_has_raised_is_not_raised_again() -> None:
    with FeedServer() as server, RawClient(server) as client:
        client.get("/none")
        with pytest.raises(VerificationError, match="GET /none: nothing answers"):
            server.verify()
        server.verify()


def test_a_pattern_that_allows_one_request_hides_no_problem_of_another() -> None:
    with FeedServer() as server, RawClient(server) as client:
        server.add("/icon.png", Response())
        server.allow("/favicon.ico", "/icon.png")
        server.expect("/feed")
        server.expect_in_order("/feed", "/other")
        for path in ("/favicon.ico", "/icon.pn"):
            client.get(path)
        text = problems_of(server)
    assert "/feed was requested 0 times, not once." in text
    assert "/feed did not come as request 1 in the order." in text
    assert "GET /icon.pn: nothing answers.\nNear it: /icon.png." in text
    assert "GET /favicon.ico: nothing answers" not in text


def test_allowed_patterns_are_searched_for_in_the_remedy_too() -> None:
    with FeedServer() as server, RawClient(server) as client:
        server.allow(r"^GET /a: nothing answers", r"server\.add\('/b'")
        for path in ("/a", "/b", "/c"):
            client.get(path)
        problem = problems_of(server)
    assert problem.startswith("GET /c: nothing answers.") and "/a" not in problem and "/b" not in problem
