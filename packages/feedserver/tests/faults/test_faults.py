"""Faults as values and in a server: their names, their triggers, how they are combined, and what is reported."""

from __future__ import annotations

import re
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from faulty_answers import BODY, problems, raw_answer
from feedserver import FeedServer, Headers, Request, Response, Strike, broken
from feedserver.faults import (
    KINDS,
    BadChunkSize,
    Bomb,
    Close,
    CorruptGzip,
    EarlyAnswer,
    FalseCoding,
    Fault,
    Garbage,
    Interim,
    LongLength,
    MissingLastChunk,
    Nothing,
    OddHeader,
    OnRequest,
    RedirectToAddress,
    RedirectToPort,
    Reset,
    SlowBody,
    SlowHeaders,
    Stall,
    Trailers,
    TruncatedGzip,
    WithProbability,
    parse,
)
from feedserver.handler import fault_injection
from feedserver.http import negotiation, response_writer
from feedserver.http.content_codings import encode
from feedserver.messages.pacing import Pace
from feedserver.messages.response import FileBody
from feedserver.messages.send_plan import (
    CloseConnection,
    Ended,
    Flush,
    Head,
    Injected,
    Plan,
    Read,
    ResetConnection,
    Send,
    SendHead,
    Step,
    Wait,
)

# Names.


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("reset after 512", Reset(after=512)),
        ("Reset After 512 bytes", Reset(after=512)),
        ("reset after headers", Reset(after="headers")),
        ("close before answer", Close(before="answer")),
        ("stall at end", Stall(at="end")),
        ("reset after 512 on request 2", Reset(after=512, when=OnRequest(2))),
        ("long content-length by 7", LongLength(by=7)),
        ("bad chunk size -1", BadChunkSize("-1")),
        ("MISSING   last chunk", MissingLastChunk()),
        ("truncated gzip", TruncatedGzip()),
        ("truncated gzip after 9", TruncatedGzip(after=9)),
        ("false coding", FalseCoding("gzip")),
        ("bomb", Bomb(10)),
        ("bomb 100 MB", Bomb(megabytes=100)),
        ("garbage 5 bytes", Garbage(5)),
        ("bare LF in ETag", OddHeader("bare LF", "ETag")),
        ("interim", Interim(103)),
        ("interim 102 X-A: b, c", Interim(102, {"X-A": "b, c"})),
        ("interim X-A: b & X-A: c", Interim(headers=[("X-A", "b"), ("X-A", "c")])),
        ("interim 102 without headers", Interim(102, ())),
        ("trailers", Trailers()),
        ("trailers X-Sum: 1 on request 2", Trailers({"X-Sum": "1"}, when=OnRequest(2))),
        ("redirect to port", RedirectToPort(1)),
        ("redirect to private address fe80::1", RedirectToAddress("fe80::1")),
        ("slow body 10 bytes every 1.5s", SlowBody(Pace(10, 1.5))),
        ("slow body 1 byte every 2000s", SlowBody(Pace(1, 2000))),
        ("slow body 1 byte every 0.1234567s", SlowBody(Pace(1, 0.1234567))),
        ("slow headers", SlowHeaders(Pace(1, 0.1))),
        ("early answer with probability 0.5 seed 3", EarlyAnswer(when=WithProbability(0.5, 3))),
    ],
)
def test_a_fault_is_the_same_in_words_and_in_code(text: str, fault: Fault) -> None:
    assert parse(text) == fault
    assert parse(str(fault)) == fault


NUMBERED = [example for kind in KINDS.values() for example in kind.examples if re.search(r"\d", example)]


@pytest.mark.parametrize(
    "example", [*NUMBERED, "reset on request 2", "reset on every 2nd request", "reset from request 2"]
)
def test_a_number_of_thousands_of_digits_does_not_give_an_error_of_python(example: str) -> None:
    message = ""
    try:
        parse(re.sub(r"\d+", "9" * 5000, example, count=1))
    except ValueError as error:
        message = str(error)
    assert "set_int_max_str_digits" not in message


@pytest.mark.parametrize("example", [example for kind in KINDS.values() for example in kind.examples])
def test_every_example_of_the_catalogue_survives_a_round_trip(example: str) -> None:
    fault = parse(f"{example} on every 3rd request")
    assert parse(str(fault)) == fault
    assert str(fault).lower().startswith(example.lower())
    assert hash(fault) == hash(parse(str(fault)))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "rset after 512",
            "'rset after 512' is no fault; write 'reset before answer | after headers | after N | at end'",
        ),
        (
            "reset",
            "'reset' is no directive of this fault; write 'reset before answer | after headers | after N | at end'",
        ),
        (
            "stall after lunch on request 2",
            "'stall after lunch' is no directive of this fault; write 'stall before answer | ",
        ),
        ("bomb 3", "'bomb 3' is no directive of this fault; write 'bomb [N MB]'"),
        ("truncated gzip 5", "'truncated gzip 5' is no directive of this fault; write 'truncated gzip [after N]'"),
        ("trailer", "'trailer' is no fault; write 'trailers [NAME: VALUE & NAME: VALUE …]'"),
        ("missing chunk", "'missing chunk' is no fault; write 'missing last chunk'"),
        ("trailers two", "'two' is no header; write 'Name: value'"),
        ("interim 103 two", "'two' is no header; write 'Name: value'"),
        ("slow body soon", "'soon' is no pace; write it as '1000 bytes every 50ms'"),
        ("false coding a b", "'false coding a b' is no directive of this fault; write 'false coding [CODING]'"),
        ("bare LF of ETag", "'bare LF of ETag' is no directive of this fault; write 'bare LF [in NAME]'"),
        ("redirect to port 0", "port 0 does not exist; ports go from 1 to 65535"),
        ("redirect to private address home", "'home' is no IP address; write one such as 10.0.0.1 or ::1"),
        ("interim 200", "200 is no status of an interim answer; use one from 100 to 199"),
        ("bomb 0 MB", "0 is no number of megabytes; use 1 or more"),
        ("bomb 10001 MB", "there are too many megabytes; use at most 10,000"),
        (f"bomb {'9' * 4000} MB", "9999999999… has 4,000 digits; write at most 18"),
        ("garbage 0 bytes", "0 is no number of bytes; use 1 or more"),
        ("long content-length by 0", "0 is no number of bytes to be wrong by; use 1 or more"),
        ("zzzz", "'zzzz' is no fault; write one of reset, close, stall, "),
        ("", "'' is no fault; write one of reset, close, stall, "),
    ],
)
def test_the_error_for_a_mistake_says_what_to_write(text: str, problem: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is compared
        parse(text)
    assert str(caught.value).startswith(problem)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Reset(after=-1),
        lambda: TruncatedGzip(after=-1),
        lambda: CorruptGzip(after=-1),
        lambda: BadChunkSize("1\r\n"),
        lambda: OddHeader("CR"),  # type: ignore[arg-type]
    ],
)
def test_invalid_arguments_are_refused_with_a_remedy(make: type[Fault]) -> None:
    with pytest.raises(ValueError, match=r"; (give|use|write) "):
        make()


def test_a_response_refuses_a_value_that_is_no_fault() -> None:
    with pytest.raises(
        TypeError, match=r"^'reset after 5' is no fault; write Reset\(after=512\), or feedserver.faults.p"
    ):
        Response(faults=["reset after 5"])  # type: ignore[list-item]


def test_one_fault_may_be_given_without_a_list() -> None:
    assert Response(faults=Nothing()) == Response(faults=[Nothing()])


def test_a_broken_response_keeps_the_faults_that_it_had() -> None:
    assert broken(Response(faults=Nothing()), Reset(after=5)).faults == (Nothing(), Reset(after=5))


def test_a_mistake_in_a_fixture_names_file_line_and_remedy(server: FeedServer, root: Path) -> None:
    (root / "a.xml").write_text("<!--\nFault: reset afterwards\n-->")
    assert b" 500 " in raw_answer(server, "/a.xml")
    assert problems(server) == (
        f"{root / 'a.xml'}:2: 'reset afterwards' is no directive of this fault. "
        "Write 'reset before answer | after headers | after N | at end'."
    )


# Triggers.


def resets(server: FeedServer, path: str, count: int) -> list[bool]:
    """Return, for each of *count* requests, whether its answer was reset."""
    return [raw_answer(server, path).endswith(b"<RST>") for _ in range(count)]


@pytest.mark.parametrize(
    ("when", "numbers"),
    [
        ("", [1, 2, 3, 4, 5, 6]),
        ("on request 2", [2]),
        ("on every 3rd request", [3, 6]),
        ("from request 4", [4, 5, 6]),
        ("with probability 0.3 seed 7", [1, 3, 4]),
    ],
)
def test_a_fault_breaks_the_answers_to_the_requests_that_its_trigger_names(
    server: FeedServer, root: Path, when: str, numbers: list[int]
) -> None:
    fault = f"reset after headers {when}".strip()
    (root / "f.xml").write_text(f"<!--\nFault: {fault}\n--><feed/>")
    server.add("/f", Response("x", faults=parse(fault)))
    server.add("/made", lambda request: Response("x", faults=parse(fault)))
    expected = [number in numbers for number in range(1, 7)]
    for path in ("/f.xml", "/f", "/made"):  # the file is so new that it is read again each time
        assert resets(server, path, 6) == expected
    assert [bool(exchange.faults) for exchange in server.journal.filter("/f")] == expected
    server.verify()


def test_the_requests_of_each_route_and_each_file_are_counted_separately(server: FeedServer, root: Path) -> None:
    fault = "reset after headers on request 2"
    for name in ("a", "b"):
        (root / f"{name}.xml").write_text(f"<!--\nFault: {fault}\n--><feed/>")
        server.add(f"/{name}", Response("x", faults=parse(fault)))
    paths = ("/a.xml", "/b.xml", "/a", "/b")
    assert [resets(server, path, 1) for path in paths] == [[False]] * 4
    assert [resets(server, path, 1) for path in paths] == [[True]] * 4


def test_the_requests_of_a_file_that_is_changed_are_counted_from_one_again(server: FeedServer, root: Path) -> None:
    text = "<!--\nFault: reset after headers on request 2\n--><feed/>"
    (root / "a.xml").write_text(text)
    assert resets(server, "/a.xml", 1) == [False]
    (root / "a.xml").write_text(f"{text} ")
    assert resets(server, "/a.xml", 2) == [False, True]


def test_neither_head_nor_a_request_without_its_login_is_counted(server: FeedServer) -> None:
    fault = Reset(after="headers", when=OnRequest(2))
    server.add("/f", Response("x", auth="Bearer t", faults=fault))
    login = "Authorization: Bearer t"
    assert b" 401 " in raw_answer(server)
    assert not raw_answer(server, "/f", login).endswith(b"<RST>")
    assert b" 401 " in raw_answer(server)
    assert raw_answer(server, "/f", login, method="HEAD").endswith(b"<RST>")
    assert raw_answer(server, "/f", login).endswith(b"<RST>")
    assert not raw_answer(server, "/f", login, method="HEAD").endswith(b"<RST>")


def test_a_fault_does_not_break_the_401_that_asks_for_a_login(server: FeedServer) -> None:
    server.add("/f", Response("x", auth="Basic a:b", faults=[Reset(before="answer")]))
    assert raw_answer(server).startswith(b"HTTP/1.1 401 Unauthorized\r\n")
    server.verify()


def test_a_timeline_of_files_breaks_the_answers_whose_files_name_a_fault(server: FeedServer, root: Path) -> None:
    (root / "blog.xml").mkdir()
    for number, comment in ((1, ""), (2, "<!--\nFault: reset after headers\n-->"), (3, "")):
        (root / "blog.xml" / f"{number}.xml").write_text(f"<feed>{number}</feed>{comment}")
    assert resets(server, "/blog.xml", 4) == [False, True, False, False]


# Composition.


def test_a_delayed_gzip_coded_answer_is_reset_after_some_bytes(server: FeedServer, root: Path) -> None:
    text = b"<feed>" + b"".join(b"<entry>%d</entry>" % n for n in range(2000)) + b"</feed>"
    comment = b"<!--\nDelay: 30ms\nCoding: gzip\nOmit: Date\nFault: reset after 512\n-->"
    (root / "a.xml").write_bytes(comment + text)
    received = raw_answer(server, "/a.xml")
    head, _, body = received.partition(b"\r\n\r\n")
    coded = encode(comment + text, "gzip")
    assert b"Content-Encoding: gzip\r\n" in head
    assert b"Content-Length: %d" % len(coded) in head
    assert body == coded[:512] + b"<RST>"
    [exchange] = server.journal.exchanges
    assert exchange.faults == (Strike("reset after 512", 512),)
    assert exchange.ended == "reset"
    assert exchange.bytes_sent == len(head) + 4 + 512
    assert exchange.duration >= 0.03


def test_a_paced_answer_in_chunks_is_closed_within_a_piece(server: FeedServer) -> None:
    server.add("/f", Response(BODY, omit=["Content-Length"], pace="500 bytes every 1ms", faults=Close(after=1200)))
    received = raw_answer(server).partition(b"\r\n\r\n")[2]
    pieces = [BODY[:500], BODY[500:1000], BODY[1000:1500]]
    framed = b"".join(b"1f4\r\n" + piece + b"\r\n" for piece in pieces)
    assert received == framed[: len(framed) - 300 - 2]
    assert server.journal.exchanges[0].faults == (Strike("close after 1200", 1200),)


def test_several_faults_are_injected_together_whatever_their_order(server: FeedServer, root: Path) -> None:
    lines = ["slow headers 10 bytes every 1ms", "truncated gzip after 300", "bad status line", "trailers"]
    lines.append("close after 200")
    for order in (lines, lines[::-1]):
        (root / "a.bin").write_bytes(BODY)
        (root / "a.bin.response").write_text("".join(f"Fault: {line}\n" for line in order))
        head, _, sent = raw_answer(server, "/a.bin").partition(b"\r\n12c\r\n")
        assert head.startswith(b"HTTP/1.1 fine OK\r\n")
        assert b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n" in head
        assert sent == encode(BODY, "gzip")[:200]
        assert server.journal.exchanges[-1].faults == (
            Strike("truncated gzip after 300", 300),
            Strike("bad status line", 0),
            Strike("slow headers 10 bytes every 1ms", 0),
            Strike("close after 200", 200),
        )
        assert "'trailers' was not injected" in problems(server)


@pytest.mark.parametrize(
    ("omitted", "fault"),
    [
        ("Content-Length", "short content-length"),
        ("Content-Length", "two content-lengths"),
        ("Content-Length", "content-length with transfer-encoding"),
        ("Transfer-Encoding", "content-length with transfer-encoding"),
        ("Content-Encoding", "false coding"),
        ("Content-Encoding", "bomb 1 MB"),
        ("Location", "redirect loop"),
        ("ETag", "bare LF in ETag"),
    ],
)
def test_a_fault_may_send_a_header_that_the_response_omits(server: FeedServer, omitted: str, fault: str) -> None:
    server.add("/f", Response(BODY, omit=[omitted], faults=[parse(fault)]))
    head = raw_answer(server).partition(b"\r\n\r\n")[0]
    assert b"\r\n%b: " % omitted.encode() in head
    assert [strike.fault for strike in server.journal.exchanges[0].faults] == [str(parse(fault))]
    server.verify()


@pytest.mark.parametrize("make", [Interim, Trailers])
def test_a_field_that_no_directive_can_contain_is_refused(make: Callable[..., Fault]) -> None:
    with pytest.raises(
        ValueError, match="the value 'b & c' of X-A would be read as two fields, since ' & ' separates them"
    ):
        make(**{"headers" if make is Interim else "fields": {"X-A": "b & c"}})


def test_a_fault_is_injected_inside_tls(root: Path) -> None:
    with FeedServer(root, tls=True) as server:
        server.add("/f", Response(BODY, omit=["Date"], faults=Close(after=100)))
        context = server.client_context()
        with (
            socket.create_connection((server.host, server.port), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as client,
        ):
            client.sendall(b"GET /f HTTP/1.1\r\nHost: localhost\r\n\r\n")
            received = b""
            while data := client.recv(65_536):
                received += data
        assert received.endswith(b"\r\n\r\n" + BODY[:100])
        assert server.journal.exchanges[0].faults == (Strike("close after 100", 100),)


# What is reported


def test_the_journal_describes_which_faults_were_injected_and_where(server: FeedServer) -> None:
    server.add("/f", Response(BODY, omit=["Date"], faults=[Interim(), Reset(after=512)]))
    raw_answer(server)
    [exchange] = server.journal.exchanges
    assert exchange.ended == "reset"
    described = exchange.describe()
    assert described.startswith("GET /f -> 200 OK, ")
    assert described.endswith(" ms, interim 103: injected at byte 0, reset after 512: injected at byte 512, reset")


def test_an_exchange_without_faults_lists_none(server: FeedServer) -> None:
    server.add("/f", Response("x"))
    raw_answer(server)
    assert server.journal.exchanges[0].faults == ()


# The contract of faults, tested on plans.


def broken_plan(response: Response, request: Request, missed: list[Fault]) -> Plan:
    """Return the plan of the answer with the faults of *response*, made in the same steps as `handler.Site` makes it.

    Faults that cannot be injected are added to *missed*.
    """
    selected = negotiation.select(request, fault_injection.choose(response, 1))
    if selected.coding is not None and isinstance(selected.body, bytes):
        selected = replace(selected, body=encode(selected.body, selected.coding), coding=None)
    shaped = fault_injection.shape(request, negotiation.slice_range(request, selected))
    head = response_writer.make_head(request, shaped.response, True)
    plan = response_writer.plan(head, shaped.response, request.method)
    return fault_injection.break_plan(plan, shaped, missed.append)


@given(
    texts=st.lists(st.sampled_from([example for kind in KINDS.values() for example in kind.examples]), max_size=5),
    request=st.builds(
        Request,
        st.sampled_from(["GET", "HEAD", "POST"]),
        st.just("/f"),
        st.sampled_from(["1.0", "1.1"]),
        st.sampled_from([Headers(), Headers({"If-None-Match": '"v"'}), Headers({"Range": "bytes=3-9"})]),
    ),
    response=st.builds(
        Response,
        st.sampled_from([b"", b"x", BODY]),
        st.sampled_from([200, 204, 404, 500]),
        st.sampled_from([(), {"ETag": '"v"', "Accept-Ranges": "bytes"}, {"Content-Length": "7"}]),
        coding=st.sampled_from([None, "gzip", "deflate"]),
        pace=st.sampled_from([None, "100 bytes every 1ms"]),
    ),
)
@example(
    ["close after 3", "close after 3"], Request("GET", "/f"), Response(BODY)
)  # two faults, of which one is injected
@example(
    ["short content-length", "missing last chunk"], Request("GET", "/f"), Response(BODY)
)  # the one declares the Content-Length, and the other one omits it
@example(
    ["endless headers", "HTTP/0.9"], Request("GET", "/f"), Response(BODY)
)  # HTTP/0.9 leaves out the head, which would be endless
def test_any_faults_together_are_injected_or_reported_and_the_plan_ends_once(
    texts: list[str], request: Request, response: Response
) -> None:
    missed: list[Fault] = []
    plan = broken_plan(broken(response, *map(parse, texts)), request, missed)
    steps = list(islice(plan, 10_000))
    ends = [step for step in steps if isinstance(step, Read | CloseConnection | ResetConnection) or step == Wait(None)]
    if len(steps) < 10_000:  # otherwise the plan is endless, as some faults intend
        assert ends == steps[-1:]
        injected = Counter(step.fault for step in steps if isinstance(step, Injected))
        assert injected + Counter(map(str, missed)) == Counter(str(parse(text)) for text in texts)
    assert all(step.at is None or step.at >= 0 for step in steps if isinstance(step, Injected))


def applied(fault: Fault, *steps: Step) -> list[Step]:
    return list(fault.apply(iter(steps)))


HEAD = SendHead(Head(200, b"OK", ()))


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Reset(before="answer"), [Wait(1), Flush(), Injected("reset before answer"), ResetConnection()]),
        (
            Close(after="headers"),
            [Wait(1), HEAD, Flush(), Injected("close after headers"), CloseConnection(Ended.CLOSED)],
        ),
        (Stall(after=2), [Wait(1), HEAD, Send(b"ab"), Flush(), Injected("stall after 2"), Wait(None)]),
        (Reset(after=3), [Wait(1), HEAD, Send(b"abc"), Flush(), Injected("reset after 3"), ResetConnection()]),
        (Reset(at="end"), [Wait(1), HEAD, Send(b"abc"), Flush(), Injected("reset at end"), ResetConnection()]),
        (Reset(after=4), [Wait(1), HEAD, Send(b"abc"), Read()]),
        (
            SlowBody(Pace(2, 0.5)),
            [Wait(1), HEAD, Injected("slow body 2 bytes every 500ms"), Send(b"ab"), Wait(0.5), Send(b"c"), Read()],
        ),
    ],
)
def test_a_plan_is_broken_at_the_place_of_the_fault(fault: Fault, expected: list[Step]) -> None:
    assert applied(fault, Wait(1), HEAD, Send(b"abc"), Read()) == expected


def test_a_file_that_a_fault_cuts_is_closed_with_the_plan(server: FeedServer, root: Path) -> None:
    (root / "big.bin").write_bytes(b"x" * 100_000)
    server.add("/f", Response(FileBody(root / "big.bin", 100_000), faults=Close(after=10)))
    assert raw_answer(server).endswith(
        b"\r\n\r\n" + b"x" * 10
    )  # an open file would be a ResourceWarning, and so an error
