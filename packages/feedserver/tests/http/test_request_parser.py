"""Requests from bytes: tables of what may arrive, replayed whole, at every split, and byte by byte; then any bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.http import request_parser
from feedserver.http.request_parser import MAX_HEAD, Arriving, ContinueExpected, Event, Malformed, RequestReader
from feedserver.messages.headers import Headers
from feedserver.messages.request import Request


def request(
    method: str,
    target: str,
    *headers: tuple[str, str],
    version: str = "1.1",
    body: bytes = b"",
    trailers: Headers = Headers(),  # noqa: B008 - it cannot change
) -> Request:
    return Request(method, target, version, Headers(headers), body, trailers=trailers)


HOST = ("Host", "a")

GOOD: dict[str, tuple[bytes, list[Request]]] = {
    "a plain GET": (b"GET /x?y=1 HTTP/1.1\r\nHost: a\r\n\r\n", [request("GET", "/x?y=1", HOST)]),
    "HTTP/1.0 needs no Host": (b"GET / HTTP/1.0\r\n\r\n", [request("GET", "/", version="1.0")]),
    "a later minor version is 1.1": (b"GET / HTTP/1.9\r\nHost: a\r\n\r\n", [request("GET", "/", HOST)]),
    "a method that llhttp does not know": (b"QUIT / HTTP/1.1\r\nHost: a\r\n\r\n", [request("QUIT", "/", HOST)]),
    "a raw UTF-8 target": (
        "GET /fée.xml HTTP/1.1\r\nHost: a\r\n\r\n".encode(),
        [request("GET", "/fée.xml", HOST)],
    ),
    "a target in no encoding": (
        b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
        [request("GET", "/\udcff", HOST)],
    ),
    "absolute form": (
        b"GET http://b.example/x HTTP/1.1\r\nHost: b.example\r\n\r\n",
        [request("GET", "http://b.example/x", ("Host", "b.example"))],
    ),
    "asterisk form": (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", [request("OPTIONS", "*", HOST)]),
    "empty lines before the request line": (
        b"\r\n\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        [request("GET", "/", HOST)],
    ),
    "header names keep their case and order": (
        b"GET / HTTP/1.1\r\nhOsT: a\r\nX: 1\r\nx:2\r\n\r\n",
        [request("GET", "/", ("hOsT", "a"), ("X", "1"), ("x", "2"))],
    ),
    "a body with a length": (
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\na\nb\r\n",
        [request("POST", "/", HOST, ("Content-Length", "5"), body=b"a\nb\r\n")],
    ),
    "a body in chunks, with an extension and a trailer": (
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3;q=1\r\na\nb\r\nA\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n",
        [
            request(
                "POST",
                "/",
                HOST,
                ("Transfer-Encoding", "chunked"),
                body=b"a\nb0123456789",
                trailers=Headers({"X-Sum": "1"}),
            )
        ],
    ),
    "three requests in one piece": (
        b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
        b"PUT /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
        b"GET /3 HTTP/1.1\r\nHost: a\r\n\r\n",
        [
            request("GET", "/1", HOST),
            request("PUT", "/2", HOST, ("Transfer-Encoding", "chunked"), body=b"x"),
            request("GET", "/3", HOST),
        ],
    ),
    "an upgrade is declined": (
        b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\nGET /2 HTTP/1.0\r\n\r\n",
        [
            request("GET", "/", HOST, ("Upgrade", "h2c"), ("Connection", "Upgrade")),
            request("GET", "/2", version="1.0"),
        ],
    ),
    "an upgrade with a body is declined": (
        b"POST / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 3\r\n\r\nabc"
        b"GET /2 HTTP/1.0\r\n\r\n",
        [
            request(
                "POST",
                "/",
                HOST,
                ("Upgrade", "h2c"),
                ("Connection", "Upgrade"),
                ("Content-Length", "3"),
                body=b"abc",
            ),
            request("GET", "/2", version="1.0"),
        ],
    ),
}

BAD: dict[str, tuple[bytes, int, str]] = {
    "no HTTP": (b"hello\r\n\r\n", 400, "the request line b'hello' is not 'METHOD target HTTP/version'"),
    "HTTP/0.9": (b"GET /\r\n\r\n", 400, "the request line b'GET /' is not 'METHOD target HTTP/version'"),
    "an HTTP/2 preface": (
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        505,
        "HTTP/2.0 is not spoken here; HTTP/1.1 and 1.0 are",
    ),
    "no version": (b"GET / HTTPS/1.1\r\n\r\n", 400, "b'HTTPS/1.1' is no HTTP version"),
    "a method with a bracket": (
        b"GE(T / HTTP/1.1\r\n\r\n",
        400,
        "b'GE(T' is no method: RFC 9110 §9.1 allows letters, digits and a few signs",
    ),
    "no target": (
        b"GET  HTTP/1.1\r\n\r\n",
        400,
        "the request line b'GET  HTTP/1.1' has no request target",
    ),
    "a NUL in the target": (
        b"GET /\0 HTTP/1.1\r\n\r\n",
        400,
        "b'/\\x00' is no request target: it has a control character in it",
    ),
    "a target without a slash": (
        b"GET x HTTP/1.1\r\n\r\n",
        400,
        "b'x' is no request target: it starts with neither '/' nor 'http://' or 'https://'",
    ),
    "a target with a fragment": (
        b"GET /a?b#c HTTP/1.1\r\nHost: a\r\n\r\n",
        400,
        "b'/a?b#c' is no request target: a client keeps a fragment to itself (RFC 9110 §7.1)",
    ),
    "a target with an empty host": (
        b"GET http://:80/a HTTP/1.1\r\nHost: a\r\n\r\n",
        400,
        "b'http://:80/a' is no request target: it names no host (RFC 9110 §4.2.1)",
    ),
    "CONNECT": (
        b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n",
        501,
        "CONNECT is not supported: as a proxy, this server answers http requests only; for https, use no proxy, and "
        "have the client resolve the name to FeedServer(…, tls=True, names=['a'])",
    ),
    "no Host": (b"GET / HTTP/1.1\r\n\r\n", 400, "a request in HTTP/1.1 has exactly one Host header (RFC 9112 §3.2)"),
    "two Hosts": (
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        400,
        "a request in HTTP/1.1 has exactly one Host header (RFC 9112 §3.2)",
    ),
    "bare LF": (
        b"GET / HTTP/1.1\nHost: a\n\n",
        400,
        "a line of the request's head ends in a bare LF, not in CR LF",
    ),
    "bare CR first": (b"\rGET / HTTP/1.1\r\n\r\n", 400, "there is a bare CR before the request line"),
    "an unknown expectation": (
        b"GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n",
        417,
        "Expect: b'tea' is not known (RFC 9110 §10.1.1)",
    ),
    "a body that is declared too long": (
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n",
        413,
        "a body of 101 bytes is over the limit of 100",
    ),
    "a body in chunks that grows too long": (
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n60\r\n" + b"x" * 96 + b"\r\n5\r\nxxxxx\r\n",
        413,
        "the body is over the limit of 100 bytes",
    ),
    "an endless head": (
        b"GET / HTTP/1.1\r\nX: " + b"x" * MAX_HEAD,
        431,
        "the request's head is longer than 65,536 bytes",
    ),
    "a long head that does end": (
        b"GET / HTTP/1.1\r\nX: " + b"x" * MAX_HEAD + b"\r\n\r\n",
        431,
        "the request's head is longer than 65,536 bytes",
    ),
}

BAD_FIELDS_AND_CHUNKS: dict[str, bytes] = {
    "Content-Length beside Transfer-Encoding": b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
    "two lengths": b"Content-Length: 3\r\nContent-Length: 4\r\n\r\n",
    "a length that is no number": b"Content-Length: x\r\n\r\n",
    "a header without a colon": b"nonsense\r\n\r\n",
    "a blank in a header's name": b"A B: c\r\n\r\n",
    "a bad chunk size": b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
}


def read_all(pieces: list[bytes], max_body: int = 1000) -> tuple[list[Event], RequestReader]:
    reader = RequestReader(max_body=max_body)
    events: list[Event] = []
    for piece in pieces:
        reader.feed(piece)
        while (event := reader.next_event()) is not None:
            if not isinstance(event, Arriving):
                events.append(event)
    return events, reader


@pytest.mark.parametrize("name", GOOD)
def test_a_request_is_read_the_same_at_every_split(name: str) -> None:
    data, expected = GOOD[name]
    assert read_all([data])[0] == expected
    assert read_all([data[i : i + 1] for i in range(len(data))])[0] == expected
    for cut in range(1, len(data)):
        assert read_all([data[:cut], data[cut:]])[0] == expected, cut


@pytest.mark.parametrize("name", BAD)
def test_an_invalid_request_is_refused_with_the_reason_and_its_bytes(name: str) -> None:
    data, status, problem = BAD[name]
    events, reader = read_all([data], max_body=100)
    assert len(events) == 1
    refusal = events[0]
    assert isinstance(refusal, Malformed)
    assert (refusal.status, refusal.problem) == (status, problem)
    head = data.partition(b"\r\n\r\n")[0]
    assert data.startswith(refusal.raw) and len(refusal.raw) >= min(len(head), MAX_HEAD)
    assert reader.broken and not reader.keep_alive
    reader.feed(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert reader.next_event() is None


@pytest.mark.parametrize("name", BAD)
def test_a_refusal_is_the_same_byte_by_byte(name: str) -> None:
    data, status, problem = BAD[name]
    events, _ = read_all([data[i : i + 1] for i in range(len(data))], max_body=100)
    assert [(e.status, e.problem) for e in events if isinstance(e, Malformed)] == [(status, problem)]


@pytest.mark.parametrize("name", BAD_FIELDS_AND_CHUNKS)
def test_a_malformed_field_or_chunk_is_refused_with_400(name: str) -> None:
    data = b"POST / HTTP/1.1\r\nHost: a\r\n" + BAD_FIELDS_AND_CHUNKS[name]
    for pieces in ([data], [data[i : i + 1] for i in range(len(data))]):
        events, _ = read_all(pieces)
        assert [e.status for e in events if isinstance(e, Malformed)] == [400]


def test_a_request_with_a_body_is_reported_as_soon_as_its_head_has_come() -> None:
    head = b"PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n"
    for later in (b"", b"abc", b"abcGET / HTTP/1.1\r\nHost: a\r\n\r\n"):
        reader = RequestReader()
        reader.feed(head + later)
        event = reader.next_event()
        assert isinstance(event, Arriving)
        assert (event.request.target, event.request.body, event.request.is_whole) == ("/x", b"", False)
        reader.feed(b"" if later else b"abc")
        assert reader.next_event() == request("PUT", "/x", HOST, ("Content-Length", "3"), body=b"abc")


def test_a_head_that_was_read_before_means_the_same_to_every_reader() -> None:
    head = b"POST /known HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: 9\r\n\r\n"
    for _ in range(2):
        events, reader = read_all([head, b"123456789"])
        assert [type(event).__name__ for event in events] == ["ContinueExpected", "Request"]
        assert isinstance(events[-1], Request) and events[-1].body == b"123456789"
        assert not reader.keep_alive
        (refused,), _ = read_all([head, b"123456789"], max_body=5)
        assert isinstance(refused, Malformed)
        assert (refused.status, refused.raw) == (413, head)
        cut = RequestReader("192.0.2.1", scheme="https")
        cut.feed(head + b"12")
        arriving = cut.next_event()
        assert isinstance(arriving, Arriving)
        assert (arriving.request.client, arriving.request.scheme) == ("192.0.2.1", "https")
        cut.next_event()
        ended = cut.eof()
        assert ended is not None and ended.raw == head + b"12"


def test_a_client_of_http_1_1_gets_the_100_that_it_expects_unless_its_body_has_come() -> None:
    head = b"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n"
    assert [type(e) for e in read_all([head, b"abc"])[0]] == [ContinueExpected, Request]
    assert [type(e) for e in read_all([head + b"abc"])[0]] == [Request]
    assert [type(e) for e in read_all([head.replace(b"1.1", b"1.0"), b"abc"])[0]] == [Request]


@pytest.mark.parametrize(
    ("data", "keep_alive", "is_last"),
    [
        (b"", True, False),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", True, False),
        (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", False, True),
        (b"GET / HTTP/1.0\r\n\r\n", False, False),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", True, False),
    ],
)
def test_a_request_decides_whether_the_connection_stays_open(data: bytes, keep_alive: bool, is_last: bool) -> None:
    reader = read_all([data])[1]
    assert (reader.keep_alive, reader.is_last) == (keep_alive, is_last)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", None),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", None),
        (b"GET / HT", "the client stopped in the middle of the request's head"),
        (
            b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab",
            "the client stopped in the middle of the request's body",
        ),
    ],
)
def test_an_end_in_the_middle_of_a_request_is_reported(data: bytes, problem: str | None) -> None:
    _, reader = read_all([data])
    cut = reader.eof()
    assert (cut.problem if cut is not None else None) == problem
    assert cut is None or cut.raw == data


fragments = st.sampled_from(
    [
        *(b"GET ", b"/", b" HTTP/1.1", b"\r\n", b"\n", b"\r", b"Host: a\r\n", b"abc", b"\0", b"0\r\n\r\n", b"3\r\n"),
        *(b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b"Expect: 100-continue\r\n"),
        b"Upgrade: x\r\nConnection: upgrade\r\n",
    ]
)


@given(st.lists(st.one_of(fragments, st.binary(max_size=20)), max_size=30))
def test_any_bytes_give_requests_refusals_or_nothing(pieces: list[bytes]) -> None:
    events, reader = read_all(pieces)
    whole, _ = read_all([b"".join(pieces)])
    assert [e for e in events if isinstance(e, Request)] == [e for e in whole if isinstance(e, Request)]
    assert sum(isinstance(e, Malformed) for e in events) <= 1
    reader.eof()


def test_a_body_may_have_16_mib_by_default() -> None:
    head = b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
    (arriving,), reader = read_head_only(head % 16_777_216)
    assert isinstance(arriving, Arriving) and reader.keep_alive
    (refused,), reader = read_head_only(head % 16_777_217)
    assert refused == Malformed(413, "a body of 16,777,217 bytes is over the limit of 16,777,216", head % 16_777_217)


def read_head_only(head: bytes) -> tuple[list[Event], RequestReader]:
    reader = RequestReader()
    reader.feed(head)
    event = reader.next_event()
    return ([] if event is None else [event]), reader


def test_buffered_bytes_are_counted_and_make_a_client_busy() -> None:
    reader = RequestReader()
    assert (reader.buffered, reader.is_idle) == (0, True)
    reader.feed(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET ")
    assert (reader.buffered, reader.is_idle) == (31, False)
    assert isinstance(reader.next_event(), Request)
    assert (reader.buffered, reader.is_idle) == (4, False)
    reader.feed(b"/ HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n")
    reader.next_event()
    assert (reader.buffered, reader.is_idle) == (0, False)
    reader.feed(b"x")
    assert isinstance(reader.next_event(), Request)
    assert (reader.buffered, reader.is_idle) == (0, True)


def test_a_head_may_be_as_long_as_the_limit() -> None:
    start, end = b"GET / HTTP/1.1\r\nHost: a\r\nX: ", b"\r\n\r\n"
    longest = start + b"x" * (MAX_HEAD - len(start) - len(end)) + end
    for pieces in ([longest], [longest[:-1], longest[-1:]]):
        assert [type(event) for event in read_all(pieces)[0]] == [Request]
    longer = longest.replace(b"X: ", b"X: x")
    for pieces in ([longer], [longer[:-1], longer[-1:]]):
        (refused,), _ = read_all(pieces)
        assert refused == Malformed(431, f"the request's head is longer than {MAX_HEAD:,} bytes", longer[:MAX_HEAD])


def test_an_end_after_the_last_request_of_a_connection_is_no_mistake() -> None:
    reader = RequestReader()
    reader.feed(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET ")
    assert isinstance(reader.next_event(), Request)
    assert reader.next_event() is None
    assert reader.eof() is None


def test_an_end_in_the_middle_leaves_a_reader_that_reads_nothing_more() -> None:
    reader = RequestReader()
    reader.feed(b"GET / HT")
    assert reader.eof() == Malformed(400, "the client stopped in the middle of the request's head", b"GET / HT")
    assert (reader.broken, reader.keep_alive, reader.buffered) == (True, False, 0)
    assert reader.eof() is None
    reader.feed(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (reader.buffered, reader.next_event()) == (0, None)


def test_a_request_with_a_remembered_head_has_its_own_client_and_scheme() -> None:
    head = b"GET /who HTTP/1.1\r\nHost: a\r\n\r\n"
    for client, scheme in (
        ("192.0.2.1", "http"),
        ("192.0.2.1", "https"),
        ("192.0.2.2", "http"),
        ("192.0.2.2", "https"),
    ):
        reader = RequestReader(client, scheme="https" if scheme == "https" else "http")
        reader.feed(head)
        request = reader.next_event()
        assert isinstance(request, Request)
        assert (request.client, request.scheme, request.is_whole) == (client, scheme, True)


def test_the_memory_for_heads_is_bounded() -> None:
    for number in range(600):
        read_all([b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number])
        assert 0 < len(request_parser._known) <= 256
    read_all([b"GET /long HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 2048 + b"\r\n\r\n"])
    assert max(map(len, request_parser._known)) <= 2048


def test_several_heads_are_remembered() -> None:
    request_parser._known.clear()
    for number in range(3):
        read_all([b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number])
    assert len(request_parser._known) == 3
