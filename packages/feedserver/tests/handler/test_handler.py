"""What a server decides to do with a request, without a socket."""

from __future__ import annotations

import pytest

from feedserver import Ended, Headers, Journal, Request, Response
from feedserver.handler.decisions import Pending, Prepared
from feedserver.handler.handler import Site
from feedserver.handler.router import Routes
from feedserver.http.request_parser import Malformed


@pytest.fixture
def site() -> Site:
    return Site(Routes(), Journal())


def get(path: str) -> Request:
    return Request("GET", path, headers=Headers({"Host": "a"}))


def raised_by(site: Site) -> str:
    return "\n".join(site.problems.take())


def test_a_ready_answer_is_prepared_at_once(site: Site) -> None:
    site.routes.add("/feed", (Response("<rss/>"),))
    decision = site.answer(get("/feed"), keep_alive=True)

    assert isinstance(decision, Prepared) and decision.keep_alive
    assert decision.whole is not None and decision.whole.endswith(b"\r\n\r\n<rss/>")
    assert [exchange.request for exchange in site.journal.exchanges] == [get("/feed")]
    assert not raised_by(site)


def test_a_callable_is_left_to_a_thread_and_its_exception_is_a_500_and_a_problem(site: Site) -> None:
    site.routes.add("/made", (lambda request: Response(request.path),))
    site.routes.add("/raises", (lambda _: 1 // 0,))  # type: ignore[arg-type]
    made, raises = (site.answer(get(path), keep_alive=True) for path in ("/made", "/raises"))
    assert isinstance(made, Pending) and isinstance(raises, Pending)

    answer, failure = made.work(), raises.work()
    assert answer.whole is not None and answer.whole.endswith(b"/made")
    assert failure.whole is not None and failure.whole.startswith(b"HTTP/1.1 500 ")
    assert "ZeroDivisionError" in raised_by(site)


def test_work_that_is_given_up_is_a_500_and_a_problem_that_names_the_time_limit() -> None:
    site = Site(Routes(), Journal(), callable_timeout=0.25)
    site.routes.add("/made", (lambda request: Response(request.path),))
    decision = site.answer(get("/made"), keep_alive=True)
    assert isinstance(decision, Pending)
    whole = decision.give_up().whole
    assert whole is not None and whole.startswith(b"HTTP/1.1 500 ")
    assert "0.25" in raised_by(site)


def test_an_unanswered_request_is_a_404_and_a_problem_of_a_strict_server_only() -> None:
    for strict in (True, False):
        site = Site(Routes(), Journal(), strict=strict)
        decision = site.answer(get("/feed"), keep_alive=True)
        assert isinstance(decision, Prepared)
        assert decision.whole is not None and decision.whole.startswith(b"HTTP/1.1 404 ")
        assert ("GET /feed: nothing answers." in raised_by(site)) is strict


def test_bytes_that_are_no_request_are_answered_and_noted(site: Site) -> None:
    prepared = site.refuse(Malformed(400, "this is no request", b"\x16\x03"))

    assert prepared.whole is not None and prepared.whole.startswith(b"HTTP/1.1 400 ")
    assert not prepared.keep_alive
    [exchange] = site.journal.exchanges
    assert (exchange.request, exchange.raw, exchange.problem) == (None, b"\x16\x03", "this is no request")
    assert "this is no request; it was answered with 400" in raised_by(site)


def test_a_request_that_was_cut_has_ended_and_is_a_problem(site: Site) -> None:
    site.cut(Malformed(400, "the head is not whole", b"GET"), "the client left", Ended.CLIENT_LEFT, "[Errno 104]")

    [exchange] = site.journal.exchanges
    assert (exchange.ended, exchange.error) == (Ended.CLIENT_LEFT, "[Errno 104]")
    assert "the head is not whole; the client left" in raised_by(site)


@pytest.mark.parametrize(
    ("problem", "remedy"),
    [
        (
            "TLSV1_ALERT_UNKNOWN_CA",
            "a client that is to trust the server needs server.ca_bundle or server.client_context()",
        ),
        ("PEER_DID_NOT_RETURN_A_CERTIFICATE", "a client that is to show one needs server.client_certificate('…')"),
        ("HTTP_REQUEST", "HTTP_REQUEST."),
    ],
)
def test_a_failure_of_tls_is_a_problem_with_its_remedy_unless_it_was_meant(
    site: Site, problem: str, remedy: str
) -> None:
    site.tls_failed(problem, raw=b"\x16")
    assert remedy in raised_by(site)
    site.tls_failed(problem, on_purpose=True)
    assert not raised_by(site)
    assert [exchange.ended for exchange in site.journal.exchanges] == [Ended.CLOSED] * 2


def test_an_answer_that_was_broken_off_is_a_problem_and_is_noted_in_its_exchange(site: Site) -> None:
    site.routes.add("/feed", (Response("<rss/>"),))
    exchange = site.answer(get("/feed"), keep_alive=True).exchange
    site.failed(OSError("the disk is gone"), exchange)
    site.failed(OSError("no memory"), None)

    assert "the answer to GET /feed was broken off by OSError('the disk is gone')" in exchange.problem
    raised = raised_by(site)
    assert exchange.problem in raised
    assert "a connection was broken off by OSError('no memory')" in raised


def test_quit_is_obeyed_only_if_it_is_allowed() -> None:
    statuses, stopped = [], []
    for quits in (False, True):
        site = Site(Routes(), Journal(), quits=quits, strict=False)
        site.on_quit = lambda allowed=quits: stopped.append(allowed)
        quit_of_this_machine = Request("QUIT", "/", headers=Headers({"Host": "localhost"}), client="127.0.0.1")
        site.answer(quit_of_this_machine, keep_alive=True)
        statuses += [exchange.status for exchange in site.journal.exchanges]
    assert statuses == [404, 200]
    assert stopped == [True]
