"""Chunked bodies, cut in any way, are read as waitress reads them, except for empty lines between chunks. Input that
costs much time is refused, and so is a request whose end is ambiguous.
"""

from __future__ import annotations

import random
from typing import Any, Final

import pytest
from waitress.adjustments import Adjustments
from waitress.buffers import OverflowableBuffer
from waitress.receiver import ChunkedReceiver

from costs import assert_linear
from lifestream.page_limits import LONGEST_HEAD, MOST_LINES
from lifestream.web.request_framing import (
    IN_MEMORY,
    LONGEST_FRAMING,
    MOST_TINY,
    BoundedParser,
    QuickChunks,
)

_ADJUSTMENTS: Final = Adjustments(
    max_request_header_size=LONGEST_HEAD, inbuf_overflow=IN_MEMORY, max_request_body_size=8 << 20
)
_HEAD: Final = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


def _read(receiver: Any, text: bytes, cuts: random.Random | None = None) -> tuple[bytes, bytes, bool, int | None]:
    """Return the body that *receiver* reads from *text*, its trailer, whether it is refused, and how many bytes belong
    to it, if it is complete.
    """
    at = 0
    while at < len(text) and not receiver.completed and not receiver.error:
        end = len(text) if cuts is None else at + cuts.choice((1, 1, 2, 3, 7, 50))
        at += receiver.received(text[at:end])
    body = receiver.getfile().read()
    receiver.getbuf().close()
    is_refused = receiver.error is not None
    if is_refused:
        return b"", b"", True, None
    return (body, receiver.trailer, False, at) if receiver.completed else (body, b"", False, None)


def _generated(random_: random.Random) -> bytes:
    pieces = []
    for _ in range(random_.randrange(6)):
        size = random_.choice((1, 2, 3, 15, 16, 300))
        data = bytes(random_.choices(b"a\r\n0;", k=size))
        written = random_.choice((b"%x", b"%X", b"00%x")) % size
        extension = random_.choice((b"", b"", b";a", b";a=b", b';a="\\"b"', b";", b";a=\r", b" ", b"x"))
        pieces.append(written + extension + random_.choice((b"\r\n",) * 9 + (b"\n",)))
        pieces.append(data + random_.choice((b"\r\n",) * 9 + (b"", b"\n", b"\rx")))
    pieces.append(
        random_.choice((b"0\r\n\r\n", b"0\r\n\r\n", b"0\r\nX: y\r\n\r\n", b"00;a=b\r\n\r\n", b"0\r\n", b"-1\r\n", b""))
    )
    # At least two bytes follow, by which waitress decides whether a chunk has ended.
    pieces.append(random_.choice((b"GET", b"GET / HTTP/1.1\r\n\r\n")))
    return b"".join(pieces)


@pytest.mark.slow
def test_chunks_are_read_as_waitress_reads_them_however_they_are_cut() -> None:
    complete = 0
    for seed in range(3_000):
        random_ = random.Random(seed)
        text = _generated(random_)
        expected = _read(ChunkedReceiver(OverflowableBuffer(1 << 20)), text)
        if expected[1].startswith(b"GET"):  # waitress takes any text for a trailer
            expected = (b"", b"", True, None)
        for cuts in (None, random_):
            assert _read(QuickChunks(OverflowableBuffer(1 << 20)), text, cuts) == expected, text
        complete += expected[3] is not None
    assert complete > 300


def test_empty_lines_between_chunks_are_refused() -> None:
    """waitress skips them, but RFC 9112 §7.1 allows none."""
    assert _read(QuickChunks(OverflowableBuffer(1 << 20)), b"\r\n1\r\na\r\n0\r\n\r\n")[2]
    assert _read(QuickChunks(OverflowableBuffer(1 << 20)), b"1\r\na\r\n\r\n0\r\n\r\n")[2]


def _parsed(text: bytes, may_keep_more: bool = True) -> BoundedParser:
    parser = BoundedParser(_ADJUSTMENTS, lambda: may_keep_more)
    while text and not parser.completed:
        text = text[parser.received(text[:8192]) :]
    parser.close()
    return parser


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (_HEAD + b"1\r\nx\r\n" * MOST_TINY, "the chunks are too small"),
        (_HEAD + b"2\r\nxx\r\n" * MOST_TINY, "the chunks are too small"),
        (_HEAD + b"1;a=b\r\nx\r\n" * LONGEST_FRAMING, "Invalid chunk extension"),
        (_HEAD + b"0" * (LONGEST_FRAMING + 1), "a chunk's size or the trailer is too long"),
        (_HEAD + b"0\r\n" + b"a: b\r\n" * LONGEST_FRAMING, "a chunk's size or the trailer is too long"),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * MOST_LINES + b"\r\n", "the head has too many lines"),
        (b"GET / HTTP/1.1\r\na: b\r\n" + b" b\r\n" * MOST_LINES + b"\r\n", "the head has too many lines"),
        (b"GET / HTTP/1.1\r\na: " + b"b" * LONGEST_HEAD, f"exceeds max_header of {LONGEST_HEAD}"),
    ],
)
def test_input_that_costs_much_time_to_read_is_refused(text: bytes, reason: str) -> None:
    parser = _parsed(text)
    assert parser.error is not None
    assert parser.error.body == reason


@pytest.mark.parametrize(
    "text",
    [
        _HEAD + b"1\r\nx\r\n" * 10_000 + b"0\r\n\r\n",
        _HEAD + b"8\r\nxxxxxxxx\r\n" * 100_000 + b"0\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * (MOST_LINES - 3) + b"\r\n",
        b"\r\n" * 100_000 + b"GET / HTTP/1.1\r\n\r\n",
        b"\n\r\r\nGET / HTTP/1.1\r\n\r\n",
    ],
)
def test_requests_that_an_honest_client_could_send_are_read(text: bytes) -> None:
    parser = _parsed(text)
    assert parser.completed
    assert parser.error is None
    assert not parser.empty


def test_empty_lines_alone_are_no_request() -> None:
    parser = BoundedParser(_ADJUSTMENTS)
    assert parser.received(b"\r\n" * 4096) == 8192
    assert not parser.completed
    assert parser.received(b"GET / HTTP/1.1\r\n\r\nGET") == 18
    assert parser.completed


def test_a_body_that_cannot_be_kept_is_refused_until_it_can() -> None:
    text = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n" + b"x" * 2_000_000
    refused = _parsed(text, may_keep_more=False).error
    assert refused is not None
    assert (refused.code, refused.body) == (503, "too much is being received; try again later")
    assert _parsed(text).error is None
    assert _parsed(text[:100_000], may_keep_more=False).error is None, "a small body is always read"


@pytest.mark.parametrize(
    "trailer",
    [b"X: y\n\nGET / HTTP/1.1", b"X: y\n", b"X: y\r", b" X: y", b"X: y\r\n z", b"X : y", b"X: \0", b"GET / HTTP/1.1"],
)
def test_a_trailer_whose_end_a_proxy_may_see_elsewhere_is_refused(trailer: bytes) -> None:
    parser = _parsed(_HEAD + b"0\r\n" + trailer + b"\r\n\r\n")
    assert parser.error is not None and (parser.error.code, parser.error.body) == (400, "the trailer is invalid")


_SMALL: Final = Adjustments(max_request_header_size=LONGEST_HEAD, max_request_body_size=256 * 1024)
_LARGEST: Final = _SMALL.max_request_body_size - LONGEST_FRAMING // 2
"""The size of a body that, even with the bytes of its framing, is a little below the limit."""


@pytest.mark.parametrize(
    "body",
    [
        b"0\r\nX: " + b"x" * (LONGEST_FRAMING - 7) + b"\r\n\r\n",
        b"0\r\nX: " + b"x" * (LONGEST_FRAMING - 6) + b"\r\n\r\n",
        b"0\r\nX: " + b"x" * (LONGEST_FRAMING + 9_000) + b"\r\n\r\n",
        b"0" * (LONGEST_FRAMING - 3) + b"1\r\nx\r\n0\r\n\r\n",
        b"0" * (LONGEST_FRAMING - 2) + b"1\r\nx\r\n0\r\n\r\n",
        b"z" * (LONGEST_FRAMING + 9_000) + b"\r\nx\r\n0\r\n\r\n",
        b"1;a=" + b"x" * (LONGEST_FRAMING + 9_000) + b"\r\nx\r\n0\r\n\r\n",
        b"1\r\nx\r\n" * (MOST_TINY // 4 + 1) + b"ffff\r\n" + b"x" * 0xFFFF + b"\r\n0\r\n\r\n",
        b"%x\r\n%b\r\nzz\r\n" % (_LARGEST, b"x" * _LARGEST) + b"y" * LONGEST_FRAMING,
        b"%x\r\n%b\rz" % (_LARGEST, b"x" * _LARGEST) + b"y" * LONGEST_FRAMING,
        b"%x\r\n%bz" % (_LARGEST, b"x" * _LARGEST) + b"y" * LONGEST_FRAMING,
    ],
    ids=range(11),
)
def test_whether_and_why_a_body_is_refused_does_not_depend_on_how_it_is_cut(body: bytes) -> None:
    outcomes = set()
    for size in (61, 1000, 8192, 65_536, len(body)):
        parser = BoundedParser(_SMALL)
        parser.received(_HEAD)
        at = 0
        while not parser.completed:
            at += parser.received(body[at : at + size])
        parser.close()
        outcomes.add((parser.error and parser.error.body, at))
    assert len(outcomes) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit", [b"6\r\nxxxxxx\r\n", b"10\r\n" + b"x" * 16 + b"\r\n", b"1\r\nx\r\n", b"1;a\r\nx\r\n", b"\r\n"]
)
def test_chunks_of_any_size_cost_linear_time(unit: bytes) -> None:
    assert_linear(_parsed, lambda size: _HEAD + unit * (size // len(unit)), 500_000)


@pytest.mark.parametrize(
    ("version", "fields"),
    [
        ("1.1", "Transfer-Encoding: chunked\r\nContent-Length: 6"),
        ("1.1", "content-length: 6\r\ntransfer-encoding: chunked"),
        ("1.1", "Transfer-Encoding: chunked, chunked"),
        ("1.1", "Transfer-Encoding: chunked\r\nX: y\r\nTransfer-Encoding: chunked"),
        ("1.1", "Transfer-Encoding:\r\nContent-Length: 5"),
        ("1.0", "Connection: keep-alive\r\nTransfer-Encoding: chunked"),
        ("1.0", "Transfer-Encoding: chunked\r\nContent-Length: 5"),
        ("1.1", "Content-Length: " + "9" * 5_000),
    ],
)
def test_a_request_whose_end_a_proxy_may_see_elsewhere_is_refused(version: str, fields: str) -> None:
    parser = BoundedParser(_ADJUSTMENTS)
    parser.received(f"POST / HTTP/{version}\r\nHost: a\r\n{fields}\r\n\r\n0\r\n\r\n".encode())
    assert parser.completed and parser.error is not None and parser.error.code == 400


@pytest.mark.parametrize("value", ["chunked", "Chunked", "\t CHUNKED "])
def test_a_chunked_request_is_read_however_the_coding_is_written(value: str) -> None:
    parser = BoundedParser(_ADJUSTMENTS)
    parser.received(f"POST / HTTP/1.1\r\nHost: a\r\ntransfer-encoding:{value}\r\n\r\n".encode())
    parser.received(b"0\r\n\r\n")
    assert parser.completed and parser.error is None


@pytest.mark.parametrize(
    ("before", "repeated", "after"),
    [
        (b"GET a://", b"1", b" x\r\n"),
        (b"GET a://", b"1", b" HTTP/1.1\r\n"),
        (b"GET ", b"a://", b" HTTP/1.1 x\r\n"),
        (b"GET / HTTP/1.1\r\nX:", b" ", b"\r\n"),
        (b"GET / HTTP/1.1\r\nX:", b"\t", b"y\r\n"),
        (b"GET / HTTP/1.1\r\nX:", b" ", b"\0\r\n"),
        (b"GET / HTTP/1.1\r\nX: ", b"y ", b"\0\r\n"),
        (b"GET / HTTP/1.1\r\nX: y", b" ", b"\0\r\n"),
        (b"GET / HTTP/1.1\r\nX:\r\n", b" ", b"y\r\n"),
        (b"GET / HTTP/1.1\r\nX: \r\n \r\n\t", b" ", b"\r\n \0\r\n"),
    ],
)
def test_a_long_line_of_a_head_costs_linear_time(before: bytes, repeated: bytes, after: bytes) -> None:
    def line(size: int) -> bytes:
        return before + repeated * (size // len(repeated)) + after + b"\r\n"

    assert _parsed(line(32_000)).completed
    assert_linear(_parsed, line, 8_000)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (b"X:y", "y"),
        (b"X:  y", "y"),
        (b"X: \t y  z \t", "y  z"),
        (b"X:", ""),
        (b"X:  ", ""),
        (b"X:\r\n  y", "y"),
        (b"X: \r\n \r\n\ty: z", "y: z"),
        (b"X: y\r\n  z:  a", "y  z:  a"),
        (b"X: y\r\nX:   z", "y, z"),
    ],
)
def test_the_value_of_a_field_has_no_blanks_around_it(written: bytes, value: str) -> None:
    parser = _parsed(b"GET / HTTP/1.1\r\n" + written + b"\r\nHost:  a\r\n\r\n")
    assert parser.error is None
    assert parser.headers == {"X": value, "HOST": "a"}


@pytest.mark.parametrize(
    "line", [b"GET", b"GET ", b"GET  / HTTP/1.1", b"GET / HTTP/1.1 x", b"GET / HTTP/11", b"G(T / HTTP/1.1", b"G:  / x"]
)
def test_a_request_line_of_another_form_is_refused(line: bytes) -> None:
    parser = _parsed(line + b"\r\nHost: a\r\n\r\n")
    assert parser.error is not None and parser.error.code == 400
    assert (parser.command, parser.path) == ("", ""), "waitress names the path in its log"


@pytest.mark.parametrize("blank", [b" ", b"\t", b"\v", b"\f"])
@pytest.mark.parametrize("rest", [b"", b"GET / HTTP/1.1\r\nHost: a", b"\r\n\r\nGET / HTTP/1.1\r\nHost: a"])
@pytest.mark.parametrize("before", [b"", b"\r\n"])
def test_a_head_that_begins_with_a_blank_is_refused_however_it_is_cut(before: bytes, rest: bytes, blank: bytes) -> None:
    """waitress skipped a head of blanks alone, without an answer, so that a client could send them without end."""
    text = before + blank + rest + b"\r\n\r\n"
    for size in range(1, len(text) + 1):
        parser = BoundedParser(_ADJUSTMENTS)
        for at in range(0, len(text), size):
            parser.received(text[at : at + size])
        assert parser.completed and not parser.empty
        assert parser.error is not None
        assert (parser.error.code, parser.error.body) == (400, "the request line is invalid")


@pytest.mark.parametrize("target", [b"/", b"a:", b"http://b/?c#d", b"a://1", b"*", b"//b", b"/\ty"])
@pytest.mark.parametrize("version", [b"", b" HTTP/1.0", b" HTTP/1.1", b" HTTP/2.0"])
def test_a_request_line_has_any_target_and_perhaps_a_version(target: bytes, version: bytes) -> None:
    parser: Any = _parsed(b"GET " + target + version + b"\r\nHost: a\r\n\r\n")
    assert parser.error is None
    assert (parser.request_uri, parser.version) == (target.decode("latin-1"), version[6:].decode())
