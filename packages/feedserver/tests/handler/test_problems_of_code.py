"""A fault's hook or a callable that fails is a problem: `verify` raises it."""

from __future__ import annotations

import re
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from feedserver import Fault, FeedServer, Request, Response, VerificationError
from feedserver.faults import Close, FromRequest, Layer, OnRequest, Reset, Shaped
from feedserver.messages.gate import NoLongerWanted
from feedserver.messages.send_plan import Injected, Plan, Step
from problem_finding import LIMITS, PATIENCE, Oops, problems_of, reset, until
from rawclient import RawClient


@dataclass(frozen=True, slots=True)
class Raising(Fault):
    """A fault that raises in the hook named *hook*."""

    hook: str = "shape"
    layer: ClassVar[Layer] = Layer.BODY

    @property
    def words(self) -> str:
        return f"raising in {self.hook}"

    def prepare(self, response: Response) -> Response:
        self._raise_in("prepare")
        return response

    def shape(self, _request: Request, response: Response) -> Shaped | None:
        self._raise_in("shape")
        return Shaped(response)

    def apply(self, plan: Plan) -> Plan:
        self._raise_in("apply")
        return self._misbehaving(plan)

    def _misbehaving(self, plan: Plan) -> Iterator[Step]:
        try:
            for number, step in enumerate(plan):
                if number == 1:
                    self._raise_in("plan")
                yield step
        finally:
            self._raise_in("close")

    def _raise_in(self, hook: str) -> None:
        if self.hook == hook:
            raise Oops(hook)


@pytest.mark.parametrize("is_strict", [True, False])
@pytest.mark.parametrize("through_callable", [False, True])
@pytest.mark.parametrize("hook", ["prepare", "shape"])
def test_a_hook_that_raises_before_the_answer_is_a_500_and_a_problem(
    hook: str, through_callable: bool, is_strict: bool
) -> None:
    response = Response("<rss/>", faults=[Raising(hook)])
    with FeedServer(strict=is_strict) as server, RawClient(server) as client:
        server.add("/feed", (lambda _: response) if through_callable else response)
        answer = client.get("/feed")
        assert answer.status == 500
        problem = problems_of(server)
        server.add("/alive", Response("alive"))
        assert client.get("/alive").body == b"alive", "the connection goes on"
    assert problem.startswith(f"GET /feed could not be answered: Oops('{hook}') at ")
    assert f"{Path(__file__).name}:" in problem
    assert problem == answer.body.decode().strip()


def test_a_hook_that_raises_before_the_body_of_the_request_has_come_is_a_500_and_a_problem() -> None:
    with FeedServer(strict=False) as server, RawClient(server) as client:
        server.add("/feed", Response("<rss/>", faults=[Raising("prepare")]))
        client.ask("/feed", "Content-Length: 4", "Expect: 100-continue", method="POST")
        assert client.read_head().startswith(b"HTTP/1.1 100 ")
        client.send(b"body")
        assert client.read().status == 500
        assert problems_of(server).startswith("POST /feed could not be answered: Oops('prepare') at ")


@pytest.mark.parametrize("through_callable", [False, True])
@pytest.mark.parametrize("hook", ["apply", "plan"])
def test_a_hook_that_raises_in_the_answer_drops_the_client_and_is_a_problem(hook: str, through_callable: bool) -> None:
    response = Response("<rss/>" * 1000, faults=[Raising(hook)])
    with FeedServer(strict=False) as server:
        server.add("/feed", (lambda _: response) if through_callable else response)
        with RawClient(server) as client:
            client.ask("/feed")
            assert b"<rss/>" not in client.read_to_end()
        exchange = server.journal.exchanges[0]
        assert (exchange.ended, exchange.error) == ("broken off", "Oops")
        assert problems_of(server).startswith(f"the answer to GET /feed was broken off by Oops('{hook}') at ")
        server.add("/alive", Response("alive"))
        with RawClient(server) as client:
            assert client.get("/alive").body == b"alive"


@pytest.mark.parametrize("error", [TimeoutError(), ConnectionError("no database"), Oops()])
def test_a_condition_of_a_route_that_raises_is_a_500_and_a_problem_that_names_it(error: Exception) -> None:
    def raises(_request: Request) -> bool:
        raise error

    with FeedServer(strict=False) as server, RawClient(server) as client:
        server.add("/feed", Response("<rss/>"), matching=raises)
        assert client.get("/feed").status == 500
        problem = problems_of(server)
    assert problem.startswith(f"GET /feed could not be answered: {error!r} at ")
    assert f"{Path(__file__).name}:" in problem


@dataclass(frozen=True, slots=True)
class Yielding(Fault):
    """A fault that yields *what* it should send, and forgets the step `Send`."""

    what: bytes | None
    layer: ClassVar[Layer] = Layer.HEAD

    @property
    def words(self) -> str:
        return "yielding no step"

    def apply(self, plan: Plan) -> Any:
        yield Injected(str(self))
        yield self.what
        yield from plan


@pytest.mark.parametrize("what", [b"<rss/>", None])
def test_a_fault_that_yields_no_step_is_a_problem(feedserver: FeedServer, what: bytes | None) -> None:
    feedserver.add("/feed", Response("<rss/>", faults=Yielding(what)))
    with RawClient(feedserver) as client:
        client.ask("/feed")
        assert client.read_to_end() == b""
    assert f"a fault yielded {what!r}; yield a step" in problems_of(feedserver)


def test_a_plan_that_raises_when_it_is_closed_is_a_problem() -> None:
    with FeedServer(strict=False) as server:
        server.add("/feed", Response("<rss/>", delay=3600, faults=[Raising("close")]))
        client = RawClient(server)
        client.ask("/feed")
        server.wait_for("/feed")
        reset(client)
        assert server.journal.exchanges[0].ended.startswith("client left")
        assert problems_of(server).startswith("the answer to GET /feed was broken off by Oops('close') at ")


def test_an_exception_of_a_fault_that_breaks_a_connection_is_a_problem() -> None:
    with FeedServer(strict=False) as server:
        server.on_connect(Raising("apply"), None)
        server.add("/alive", Response("alive"))
        with RawClient(server) as client:
            assert client.read_to_end() == b""
        assert problems_of(server).startswith("a connection was broken off by Oops('apply') at ")
        with RawClient(server) as client:
            assert client.get("/alive").body == b"alive"


class Unspeakable(Exception):
    """An exception whose repr raises."""

    def __repr__(self) -> str:
        raise Oops


class Exiting(Exception):
    """An exception whose repr exits."""

    def __repr__(self) -> str:
        sys.exit(3)


def quits(_request: Request) -> Response:
    sys.exit(3)


def fails_the_test(_request: Request) -> Response:
    pytest.fail("not like this")


def asserts(request: Request) -> Response:
    assert request.method == "POST"
    return Response()


def cannot_say_why(_request: Request) -> Response:
    raise Unspeakable


def cannot_say_why_and_exits(_request: Request) -> Response:
    raise Exiting


def says_too_much(_request: Request) -> Response:
    raise ValueError("x" * 1_000_000)


def gives_up(_request: Request) -> Response:
    raise NoLongerWanted


async def gives_up_async(_request: Request) -> Response:
    raise NoLongerWanted


@dataclass(frozen=True, slots=True)
class GivingUp(Raising):
    """A fault whose hook raises NoLongerWanted, although the answer is wanted."""

    def _raise_in(self, hook: str) -> None:
        if self.hook == hook:
            raise NoLongerWanted


def makes_no_response(_request: Request) -> Response:
    return Response({"a": 1})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (quits, r"raised SystemExit\(3\) at .* for GET /feed"),
        (fails_the_test, "raised .*not like this.* for GET /feed"),
        (asserts, "raised AssertionError\\(.*\\) at .* for GET /feed"),
        (cannot_say_why, "raised Unspeakable \\(whose repr raised Oops\\) at .* for GET /feed"),
        (cannot_say_why_and_exits, "raised Exiting \\(whose repr raised SystemExit\\) at .* for GET /feed"),
        (lambda _: Exiting(), "returned a Exiting \\(Exiting\\) for GET /feed; return a Response"),
        (lambda _: None, "returned None for GET /feed; return a Response"),
        (lambda _: b"<rss/>", "returned b'<rss/>' for GET /feed; return a Response"),
        (makes_no_response, "raised TypeError\\(.*json.dumps.*\\) at .* for GET /feed"),
        (lambda _: Response(coding="brotli?"), "brotli"),
        (lambda _: b"x" * 1_000_000, r"returned b'x{1,60}\.\.\. for GET /feed; return a Response\Z"),
        (gives_up, r"raised NoLongerWanted\(\) at .* for GET /feed"),
        (gives_up_async, r"raised NoLongerWanted\(\) at .* for GET /feed"),
        (
            lambda _: Response("<rss/>" * 20_000, coding="gzip", faults=[GivingUp()]),
            r"GET /feed could not be answered: NoLongerWanted\(\) at ",
        ),
        (says_too_much, r"raised ValueError\(.x+ \[…\] x+.\) at .{1,300} for GET /feed\Z"),
        (
            lambda _: Response(headers={"Expires": "{date+1.2.3w}"}),
            r"\A/feed: '1\.2\.3w' is no duration; write a number and a unit, such as 250ms, 2s, 1m, 2h or 1d\Z",
        ),
        (
            lambda _: Response(headers={"Expires": "{date+999999w}"}),
            r"\A/feed: '{date\+999999w}' is in a year that HTTP cannot write; stay between 1970 and 9999\Z",
        ),
    ],
)
def test_a_callable_that_fails_in_any_way_is_a_500_at_once_and_a_problem(
    answer: Callable[..., Response], words: str
) -> None:
    with FeedServer(strict=False, callable_timeout=3600) as server, RawClient(server) as client:
        server.add("/feed", answer)
        assert client.get("/feed").status == 500
        assert re.search(words, problems_of(server), re.DOTALL)


def test_a_callable_that_fails_after_its_client_has_left_fails_the_test() -> None:
    release = threading.Event()

    def fails_late(_request: Request) -> Response:
        release.wait(PATIENCE)
        raise Oops

    def leaves() -> None:
        with FeedServer() as server:
            server.add("/feed", fails_late)
            with RawClient(server) as client:
                client.ask("/feed")
                server.wait_for("/feed")
            threading.Timer(0.05, release.set).start()
        server.verify()

    with pytest.raises(VerificationError, match=r"fails_late .* raised Oops\(\) at .* for GET /feed"):
        leaves()


def waits_for(release: threading.Event) -> Callable[[Request], Response]:
    def overruns(_request: Request) -> Response:
        release.wait(PATIENCE)
        return Response()

    return overruns


def left_by_its_client(limit: float) -> tuple[str, str]:
    """Return how an exchange ends if its client leaves while a callable has *limit* seconds to answer, and the
    problems that are reported.
    """
    release = threading.Event()
    with FeedServer(strict=False, callable_timeout=limit) as server:
        server.add("/feed", waits_for(release))
        client = RawClient(server)
        client.ask("/feed")
        server.wait_for("/feed")
        reset(client)
        ended = str(server.journal.exchanges[0].ended)
        until(lambda: bool(server.site.problems._kept), patience=PATIENCE + limit)
        release.set()
        return ended, problems_of(server)


def test_a_callable_that_is_called_once_and_returns_a_fault_for_later_is_a_500_and_a_problem() -> None:
    with FeedServer() as server, RawClient(server) as client:
        once = Response("1", faults=Reset(before="answer", when=OnRequest(2)))
        server.add("/a", lambda _: once, lambda _: Response("2"))
        assert client.get("/a").status == 500
        assert "the fault 'reset before answer on request 2' for GET /a, which is never triggered:" in problems_of(
            server
        )
        assert client.get("/a").body == b"2"
        server.verify()


def test_a_fault_of_a_callable_is_a_problem_if_a_401_is_sent_instead() -> None:
    with FeedServer() as server, RawClient(server) as client:
        for path, when in (("/once", OnRequest(1)), ("/later", FromRequest(1))):
            guarded = Response("1", auth="Bearer t", faults=Close(at="end", when=when))
            server.add(path, lambda _, guarded=guarded: guarded)
            assert client.get(path).status == 401
        problem = problems_of(server)
        assert "GET /once, which triggered the fault 'close at end on request 1', got the 401 of a login: " in problem
        assert "/later" not in problem
        assert client.get("/once", "Authorization: Bearer t").body == b"1"
        server.verify()


def test_a_callable_that_overruns_its_time_is_a_problem_even_if_its_client_has_left() -> None:
    tried = ((limit, *left_by_its_client(limit)) for limit in LIMITS)
    limit, _, problems = next(each for each in tried if each[1].startswith("client left"))
    assert re.search(rf"overruns .* did not answer GET /feed within {limit:g} s", problems)


def still_running(limit: float) -> list[str]:
    """Return the problems and warnings about a callable that has *limit* seconds to answer, and that still runs after
    its server has stopped.
    """
    release = threading.Event()
    server = FeedServer(strict=False, callable_timeout=limit).start()
    server.add("/feed", waits_for(release))
    with RawClient(server) as client, warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        client.ask("/feed")
        server.wait_for("/feed")
        server.stop()
    release.set()
    return [problems_of(server), *(str(each.message) for each in warned if each.category is UserWarning)]


def test_a_callable_that_still_runs_when_its_server_has_stopped_is_a_problem() -> None:
    tried = ((limit, still_running(limit)) for limit in LIMITS)
    limit, (problems, *warned) = next(each for each in tried if len(each[1]) > 1)
    words = rf"overruns .* still runs {limit:g} s after its server was stopped"
    assert re.search(words, problems) and len(warned) == 1 and re.search(words, warned[0])


def test_a_callable_for_which_no_thread_can_start_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    start = threading.Thread.start

    def refuses(thread: threading.Thread) -> None:
        if "answers" in thread.name:
            raise RuntimeError("can't start new thread")  # as CPython does if the system has none left
        start(thread)

    def answers(_request: Request) -> Response:
        return Response()

    with FeedServer(strict=False) as server:
        server.add("/feed", answers)
        monkeypatch.setattr(threading.Thread, "start", refuses)
        with RawClient(server) as client:
            client.ask("/feed")
            assert client.read_to_end() == b""
        monkeypatch.undo()
        with RawClient(server) as client:
            assert client.get("/feed").status == 200
        assert 'was broken off by RuntimeError("can\'t start new thread")' in problems_of(server)
