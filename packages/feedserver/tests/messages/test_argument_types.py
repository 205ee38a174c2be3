"""An invalid argument is refused at the call, with what to write in its place, in a message of bounded length."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from feedserver import FeedServer, Headers, Pace, Request, Response, VerificationError, broken, moved, touched
from feedserver.faults import Reset
from feedserver.messages.argument_types import is_whole, one_slip_from, whole
from rawclient import RawClient


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: moved(Path("/new")), "the location of moved\\(\\) is text, not .*Path"),  # type: ignore[arg-type]
        (lambda: moved("/new", "301"), "a status is an int, such as 301, not '301'"),  # type: ignore[arg-type]
        (lambda: touched(b"<rss/>"), "what touched\\(\\) is to touch is b'<rss/>'; give a Response"),  # type: ignore[arg-type]
        (lambda: touched(Response(), 5), "by is 5; give a timedelta"),  # type: ignore[arg-type]
        (lambda: broken("a", Reset(at="end")), "what broken\\(\\) is to break is 'a'; give a Response"),  # type: ignore[arg-type]
        (lambda: broken(Response(), [Reset(at="end")]), "is no fault; write Reset"),  # type: ignore[arg-type]
        (lambda: Pace("5", 0.1), "the bytes of a Pace is '5'; give a whole number, such as 1000"),  # type: ignore[arg-type]
        (lambda: Pace(5, "1"), "the seconds of a Pace is '1'; give a number, such as 0.05"),  # type: ignore[arg-type]
        (lambda: Headers().added("X-A", 5), "the header 'X-A' has a value of type int"),  # type: ignore[arg-type]
        (lambda: Headers().replaced("X-A", 5), "the header 'X-A' has a value of type int"),  # type: ignore[arg-type]
    ],
)
def test_builders_refuse_arguments_of_the_wrong_type(make: Callable[[], object], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        make()


@pytest.mark.parametrize("answer", [len, str.upper, lambda *all_: Response(), print])
def test_a_route_takes_any_callable_that_accepts_the_request(answer: Any) -> None:
    FeedServer().add("/a", answer)


def takes_nothing() -> Response:
    return Response()


def takes_two(_request: Request, _other: object) -> Response:
    return Response()


def takes_a_name(*, request: Request) -> Response:
    return Response(request.body)


async def yields_later(_request: Request) -> Any:
    yield Response()


def yields(_request: Request) -> Any:
    yield Response()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("/a", b"<rss/>"), "was given b'<rss/>'; pass a Response or a callable that makes one"),
        (("/a", None), "was given None; pass a Response or a callable that makes one"),
        (("/a", Path("a.xml")), "pass a Response or a callable that makes one"),
        (("/a", [Response(), Response()]), r"was given a list; pass its answers one by one: \*answers"),
        (("/a", takes_nothing), "which cannot be called with the request alone; let it take one argument"),
        (("/a", takes_two), "which cannot be called with the request alone"),
        (("/a", takes_a_name), "which cannot be called with the request alone"),
        (("/a", Response), "the class; pass an instance, such as Response"),
        (("/a", yields_later), r"which yields; pass Response\(…\) whose body is a generator function"),
        (("/a", yields), r"which yields; pass Response\(…\) whose body is a generator function"),
    ],
)
def test_a_route_refuses_an_object_that_cannot_answer(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        FeedServer().add(*arguments)


@pytest.mark.parametrize("path", [Path("/a"), None])
def test_a_route_refuses_a_path_and_a_method_that_are_no_text(path: Any) -> None:
    with pytest.raises(TypeError, match=r"the path that add\(\) was given is .*; give text, such as '/feed'"):
        FeedServer().add(path, Response())
    with pytest.raises(TypeError, match="the method that add"):
        FeedServer().add("/a", Response(), method=5)  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [Reset, "reset", 5, [Reset(at="end")]])
def test_on_connect_takes_faults_only(given: Any) -> None:
    with pytest.raises(TypeError, match="is no fault; write Reset"):
        FeedServer().on_connect(given)


LONG: Any = "x" * 100_000
HUGE: Any = 10**5000
"""Python writes no int of more than 4,300 digits, and raises ValueError with a message that names no argument."""


@pytest.mark.parametrize(
    "make",
    [
        lambda: Response(delay=LONG),
        lambda: Response(delay="9" * 400 + "w"),
        lambda: Response(delay=f"1s to {'9' * 400}s"),
        lambda: Response(delay=f"lognormal median 1s sigma {'9' * 5000}"),
        lambda: Response(delay=f"1s to 2s seed {'9' * 5000}"),
        lambda: Response(delay=HUGE),
        lambda: Response(pace=LONG),
        lambda: Response(pace=f"{'9' * 5000} bytes every 1s"),
        lambda: Response(pace=f"1 byte every {'9' * 400}s"),
        lambda: Response(status=HUGE),
        lambda: Response(status=-HUGE),
        lambda: Response(HUGE),
        lambda: Response(reason=LONG + "\n"),
        lambda: Response(conditional=LONG),
        lambda: Response(headers={LONG + " ": "1"}),
        lambda: Response(headers={"X": LONG + "\n"}),
        lambda: Response(headers={"X": HUGE}),
        lambda: Response(headers={LONG: [LONG]}),
        lambda: Response(headers=[LONG]),
        lambda: Response(headers=HUGE),
        lambda: Response(headers=[("X", HUGE)]),
        lambda: Response(cast("Any", [HUGE])),
        lambda: Response(faults=[HUGE]),
        lambda: Response(omit=HUGE),
        lambda: Response(notes=HUGE),
        lambda: Response(notes=[HUGE]),
        lambda: FeedServer(port=HUGE),
        lambda: FeedServer(journal_limit=HUGE),
        lambda: FeedServer(journal_limit=-HUGE),
        lambda: FeedServer(max_body=HUGE),
        lambda: FeedServer(callable_timeout=HUGE),
        lambda: FeedServer().clock.move(hours=HUGE),
        lambda: FeedServer().clock.move(hours=-(10**400)),
    ],
)
def test_a_message_stays_short_whatever_the_argument(make: Callable[[], object]) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        make()
    assert ";" in str(caught.value), "the remedy follows the problem after a semicolon"
    assert len(str(caught.value)) < 500
    assert "set_int_max_str_digits" not in str(caught.value)


@pytest.mark.parametrize(("digits", "number"), [("0", 0), ("007", 7), ("-5", -5), ("9" * 18, 10**18 - 1)])
def test_a_whole_number_of_a_directive_is_read(digits: str, number: int) -> None:
    assert whole(digits) == number


@pytest.mark.parametrize(("digits", "count"), [("9" * 19, "19"), ("-" + "9" * 19, "19"), ("1" * 5000, "5,000")])
def test_a_number_of_too_many_digits_is_reported_with_the_maximum(digits: str, count: str) -> None:
    with pytest.raises(ValueError, match=f"^{digits[:10]}… has {count} digits; write at most 18$"):
        whole(digits)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("1", True), ("9", True), ("0", False), ("10", False), ("²", False), ("-1", False), ("", False)],
)
def test_a_number_of_a_command_line_has_bounds(text: str, is_one: bool) -> None:
    assert is_whole(text, 1, 9) is is_one


def test_a_number_of_a_command_line_has_at_most_18_digits() -> None:
    assert is_whole("9" * 18, 1)
    assert not is_whole("1" * 5000, 1)


def test_a_value_whose_repr_raises_is_named_by_its_type() -> None:
    class Unsayable:
        def __repr__(self) -> str:
            raise KeyError

    with pytest.raises(TypeError, match=r"not a Unsayable \(.*Unsayable\)"):
        Response(cast("Any", Unsayable()))
    with FeedServer() as server, RawClient(server) as client:
        server.add("/feed", cast("Any", lambda _: Unsayable()))
        assert client.get("/feed").status == 500
        with pytest.raises(VerificationError, match="returned a Unsayable"):
            server.verify()


async def is_async(*_given: object) -> bool:
    return False


def yields_false(*_given: object) -> Iterator[bool]:
    yield False


async def yields_false_async(*_given: object) -> AsyncIterator[bool]:
    yield False


class CallsAsync:
    async def __call__(self, *_given: object) -> bool:
        return False


NOT_PLAIN: dict[str, Callable[..., Any]] = {
    "an async function": is_async,
    "a generator function": yields_false,
    "an async generator function": yields_false_async,
    "an object with an async call": CallsAsync(),
    "a partial async function": partial(is_async, 1),
}


@pytest.mark.parametrize("kind", NOT_PLAIN)
def test_a_condition_or_listener_that_would_not_run_is_refused(kind: str) -> None:
    call = NOT_PLAIN[kind]
    with FeedServer() as server:
        server.add("/a", Response())
        with server.client() as client, client.open("/a"):
            pass
        for use in (
            lambda: server.expect("/a", matching=call),
            lambda: server.assert_requested("/a", matching=call),
            lambda: server.add("/b", Response(), matching=call),
            lambda: server.journal.wait_until(call, 0),
            lambda: setattr(server.journal, "listener", call),
        ):
            with pytest.raises(TypeError, match=r" function; give a function that .* \(without async and yield\)"):
                use()


@pytest.mark.parametrize("kind", ["an async function", "a generator function", "an async generator function"])
def test_a_plain_function_that_returns_a_coroutine_or_a_generator_is_reported(kind: str) -> None:
    def call(*given: object) -> Any:
        return NOT_PLAIN[kind](*given)

    message = "returned .*, which has not run; give a function without async and yield"
    with FeedServer() as server:
        server.add("/a", Response(), matching=call)
        server.add("/b", Response())
        server.journal.listener = call
        with RawClient(server) as client:
            assert client.get("/a").status == 500
            assert client.get("/b").status == 200
        with pytest.raises(TypeError, match=rf"matching\(…\) {message}"):
            server.assert_requested("/b", matching=call)
        with pytest.raises(TypeError, match=rf"predicate\(\) {message}"):
            server.journal.wait_until(call, 0)
        with pytest.raises(VerificationError) as caught:
            server.verify()
        assert re.search(rf"matching\(…\) {message}", str(caught.value))
        assert re.search(f"the journal's listener raised .*{message}", str(caught.value))


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        *((word, "delay") for word in ("delya", "dela", "dlay", "delayy", "deelay", "belay")),
        *((word, None) for word in ("delay", "dale")),
    ],
)
def test_one_slip_is_a_letter_too_many_too_few_wrong_or_swapped(word: str, meant: str | None) -> None:
    assert one_slip_from(word, ("status", "delay")) == meant
