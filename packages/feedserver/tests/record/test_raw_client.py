"""One request, and an answer that is read unchanged or refused."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from feedserver import FeedServer, Response
from feedserver.faults import SlowHeaders
from feedserver.feeds import Entry, Feed
from feedserver.fixtures.loader import load
from feedserver.messages.pacing import Pace
from feedserver.record import RecordingError, record
from feedserver.record.raw_client import MOST_INTERIM
from feedserver.record.recording import summary
from feedserver.record.redaction import LeftOut
from saying import saying

FEED = Feed(title="ы", entries=[Entry(title="One")])


@pytest.fixture
def origin() -> Iterator[FeedServer]:
    with FeedServer(strict=False) as running:
        yield running


def test_interim_answers_are_skipped(tmp_path: Path) -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n" * 2
    with saying(interim + b"HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 6\r\n\r\n<rss/>") as url:
        made = record(url, tmp_path / "feed.xml")
    assert (made.status, made.file.read_bytes(), load(made.file).headers.raw) == (200, b"<rss/>", ((b"X-A", b"b"),))
    lines = [line for line in summary(made) if "interim answer" in line]
    assert lines == ["left out: 100, 103 (it is an interim answer; Fault: interim sends one)"]


LONG = b"x" * 60_000
ENOUGH = 280
"""How many lines with LONG have a little more than 16 MiB: the server can send all before its client leaves."""


@pytest.mark.slow
@pytest.mark.parametrize(
    "answer",
    [
        (b"HTTP/1.1 103 Early Hints\r\n" + (b"Link: %b\r\n" % LONG) * (ENOUGH // 4) + b"\r\n") * 4,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + (b"1;%b\r\na\r\n" % LONG) * ENOUGH,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + (b"X-A: %b\r\n" % LONG) * ENOUGH,
    ],
    ids=["interim answers", "extensions of chunks", "trailers"],
)
def test_more_than_16_mib_of_lines_beside_the_body_are_refused(tmp_path: Path, answer: bytes) -> None:
    message = "^the heads, the sizes of chunks and the trailers have more than 16 MiB; nothing was written$"
    with saying(answer) as url, pytest.raises(RecordingError, match=message):
        record(url, tmp_path / "feed.xml")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("status", [b"100 Continue", b"102 Processing", b"103 Early Hints"])
def test_more_than_1000_interim_answers_are_refused(tmp_path: Path, status: bytes) -> None:
    final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    with (
        saying((b"HTTP/1.1 " + status + b"\r\n\r\n") * (MOST_INTERIM + 1) + final) as url,
        pytest.raises(RecordingError, match=r"^more than 1,000 interim answers came; nothing was written$"),
    ):
        record(url, tmp_path / "feed.xml")
    assert list(tmp_path.iterdir()) == []


def test_1000_interim_answers_before_a_chunked_one_are_skipped(tmp_path: Path) -> None:
    final = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    with saying(b"HTTP/1.1 103 Early Hints\r\n\r\n" * MOST_INTERIM + final) as url:
        assert record(url, tmp_path / "feed.xml").file.read_bytes() == b"ok"


def test_more_headers_than_a_fixture_may_have_are_refused_with_their_size(tmp_path: Path) -> None:
    said = b"HTTP/1.1 200 OK\r\n" + (b"X-A: " + b"x" * 60_000 + b"\r\n") * 20 + b"\r\n"
    refused = "^the answer has 1,200,060 bytes of headers, and a fixture may have 256 KiB; nothing was written$"
    with saying(said) as url, pytest.raises(RecordingError, match=refused):
        record(url, tmp_path / "feed.xml")


@pytest.mark.parametrize("lengths", [b"Content-Length: 6\r\nContent-Length: 7", b"Content-Length: 6, 7"])
def test_lengths_that_differ_are_refused(tmp_path: Path, lengths: bytes) -> None:
    differ = "the answer has lengths that differ, 6 and 7, so its end is unknown; nothing was written"
    answer = b"HTTP/1.1 200 OK\r\n" + lengths + b"\r\n\r\n<rss/>"
    with saying(answer) as url, pytest.raises(RecordingError, match=differ):
        record(url, tmp_path / "feed.xml")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("lengths", "size", "omitted"),
    [
        (b"Content-Length: 4\r\nContent-Length: 4", 4, False),
        (b"Content-Length: 4, 4", 4, False),
        (b"Content-Length: 4 ,\t4\r\nContent-Length: 4", 4, False),
        (b"Content-Length:\r\n 4", 4, False),
        (b"Content-Length: +4", 6, True),
        (b"Content-Length: %b" % (b"4" * 5000), 6, True),
    ],
)
def test_equal_lengths_are_one_and_what_is_no_length_is_none(
    tmp_path: Path, lengths: bytes, size: int, omitted: bool
) -> None:
    with saying(b"HTTP/1.1 200 OK\r\n" + lengths + b"\r\n\r\n<rss/>") as url:
        made = record(url, tmp_path / "feed.xml")
    assert (made.size, "Omit: Date, Content-Type, Content-Length" in made.sidecar.read_text()) == (size, omitted)


@pytest.mark.parametrize("length", [b"+6", b"5 6", b"x"])
def test_an_answer_without_content_has_none_whatever_its_length_says(tmp_path: Path, length: bytes) -> None:
    for status in (b"204 No", b"304 Not"):
        with saying(b"HTTP/1.1 %b\r\nContent-Length: %b\r\n\r\n<rss/>" % (status, length)) as url:
            assert record(url, tmp_path / "feed.xml", force=True).size == 0


def test_bytes_after_the_end_of_the_body_are_reported(tmp_path: Path) -> None:
    with saying(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<rss/>") as url:
        made = record(url, tmp_path / "feed.xml")
    assert made.file.read_bytes() == b"<rss"
    assert [line for line in summary(made) if line.startswith("note: ")] == [
        "note: 2 bytes or more came after the end that Content-Length gives; Fault: short content-length sends some"
    ]


def test_lines_that_are_no_headers_are_reported(tmp_path: Path) -> None:
    with saying(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nX-A: b\r\nFoo : bar\r\nX-C: d\r\n\r\n<rss/>") as url:
        made = record(url, tmp_path / "feed.xml")
    assert made.left_out[1:] == (
        LeftOut("'Foo '", "it is no name of a header"),
        LeftOut("'X-C'", "it comes after that"),
    )
    assert load(made.file).headers.raw == ((b"X-A", b"b"),)


@pytest.mark.parametrize("sign", ["\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\r", "\r\n ", "\r\n\t"])
def test_no_part_of_a_value_is_reported_as_a_line(tmp_path: Path, sign: str) -> None:
    """Python takes several signs within a line for its end, and a value may go on in the next line (RFC 9112 §5.2)."""
    said = f"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nMy Cookie: a{sign}hunter2 b\r\nX-C: d{sign}hunter2\r\n\r\n<rss/>"
    with saying(said.encode("latin-1")) as url:
        made = record(url, tmp_path / "feed.xml")
    assert made.left_out[1:] == (
        LeftOut("'My Cookie'", "it is no name of a header"),
        LeftOut("'X-C'", "it comes after that"),
    )
    assert "hunter2" not in "".join(summary(made))


def test_a_line_without_a_colon_is_not_shown(tmp_path: Path) -> None:
    """A server that breaks a long value wrongly has the rest of it there."""
    with saying(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nSet-Cookie: a=\r\nhunter2\r\n\r\n<rss/>") as url:
        made = record(url, tmp_path / "feed.xml")
    assert made.left_out[-1] == LeftOut("a line without a colon", "it is no name of a header")
    assert "hunter2" not in "".join(summary(made))


@pytest.mark.parametrize("name", ["Set-Cookie", "X-A"])
@pytest.mark.parametrize("value", ["a\rhunter2", "a\rhunter2: b", "a\r\r\nX-B: c", "a\r hunter2: b"])
def test_what_stands_behind_a_cr_alone_is_a_part_of_the_value(tmp_path: Path, name: str, value: str) -> None:
    """A recipient reads it as a blank (RFC 9112 §2.2); for http.client, it ends a line."""
    said = f"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n{name}: {value}\r\nX-C: d\r\n\r\n<rss/>"
    with saying(said.encode()) as url:
        made = record(url, tmp_path / "feed.xml")
    headers = load(made.file).headers
    assert headers.get("X-C") == "d" and headers.get("hunter2") is None
    assert made.notes == ("1 line of the answer had a CR within; a blank is sent",)
    if name == "X-A":
        assert headers.get(name) == value.partition("\r\n")[0].replace("\r", " ").strip()
    else:
        assert "hunter2" not in "".join(summary(made)) and headers.get(name) is None


def test_a_cr_alone_does_not_begin_a_line_that_frames_the_body(tmp_path: Path) -> None:
    with saying(b"HTTP/1.1 200 OK\r\nX-A: b\rContent-Length: 2\r\nContent-Length: 6\r\n\r\n<rss/>") as url:
        assert record(url, tmp_path / "feed.xml").file.read_bytes() == b"<rss/>"


def test_a_redirect_is_not_followed(origin: FeedServer, tmp_path: Path) -> None:
    origin.add("/old", Response(status=301, headers={"Location": origin.url("/new")}))
    made = record(origin.url("/old"), tmp_path / "old.xml")
    assert made.status == 301 and [request.path for request in origin.requests] == ["/old"]
    assert made.notes == (
        "Location leads to the real address, where a client would follow it; write {base}/… to keep it here",
    )


def test_a_recording_sends_one_request_that_accepts_no_coding(origin: FeedServer, tmp_path: Path) -> None:
    origin.add("/feed?a=b%20c&d=%D1%8B", Response("<rss/>"))
    made = record(origin.url("/feed").replace("/feed", "/feed?a=b c&d=ы#top"), tmp_path / "a")
    assert made.status == 200
    assert [(str(request), dict(request.headers)) for request in origin.requests] == [
        (
            "GET /feed?a=b%20c&d=%D1%8B",
            {
                "Host": f"127.0.0.1:{origin.port}",
                "Accept-Encoding": "identity",
                "User-Agent": "feedserver-record",
                "Accept": "*/*",
                "Connection": "close",
            },
        )
    ]


def test_headers_that_are_sent_replace_the_defaults_of_their_names(origin: FeedServer, tmp_path: Path) -> None:
    origin.add("/feed", Response("<rss/>" * 100, coding="auto", headers={"Content-Type": "text/xml"}))
    given = [
        ("user-agent", "me/1.0"),
        ("Accept-Encoding", "gzip"),
        ("Host", "blog.example"),
        ("X-A", "1"),
        ("X-A", "2"),
    ]
    made = record(origin.url("/feed"), tmp_path / "feed.xml", headers=given)
    sent = origin.requests[0].headers
    replaced = [sent.get_all(name) for name in ("User-Agent", "Accept-Encoding", "Host")]
    assert (replaced, sent.get_all("X-A")) == ([["me/1.0"], ["gzip"], ["blog.example"]], ["1", "2"])
    assert gzip.decompress(made.file.read_bytes()) == b"<rss/>" * 100
    assert load(made.file).headers["Content-Encoding"] == "gzip"


def test_a_server_with_tls_is_recorded_only_if_its_certificate_is_trusted(tmp_path: Path) -> None:
    with FeedServer(tls=True, strict=False) as origin:
        origin.add("/feed", FEED.render("rss"))
        made = record(origin.url("/feed"), tmp_path / "feed.xml", context=origin.client_context())
        assert made.file.read_bytes() == FEED.render("rss").body
        with pytest.raises(RecordingError, match="CERTIFICATE_VERIFY_FAILED"):
            record(origin.url("/feed"), tmp_path / "other.xml")


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://example.org/", "file:///etc/passwd", "example.org", "http://", "http://a:b/", "http://a:99999/", ""),
        *("http://a b/", "http://[::1/"),
    ],
)
def test_only_addresses_of_http_are_recorded(tmp_path: Path, url: str) -> None:
    with pytest.raises(ValueError, match=r"cannot be recorded.*; give an address of http or https|has an invalid port"):
        record(url, tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n<rss/>", "it ended 4 bytes early"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n<rss/>\r\n", "it ended before its last chunk"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "or a chunk has no size"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x2\r\nok\r\n0\r\n\r\n", "or a chunk has no size"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0002\r\nok\r\n00", "it ended before its last chunk"),
        (b"HTTP/1.1 +103 Hints\r\n\r\nHTTP/1.1 200 OK\r\nX-A", "'HTTP/1.1 .103.*' is no status line"),
        (b"HTTP/1.1\t103 Hints\r\n\r\nHTTP/1.1 200 OK\r\n X: b\r\n\r\n", "'HTTP/1.1.*103.*' is no status line"),
        (b"nonsense\r\n\r\n", "'nonsense.*' is no status line of HTTP/1"),
        (b"HTTP/2 200 \r\n\r\n", "it speaks HTTP/2, and nothing but HTTP/1 is understood"),
        (b"", "closed connection without response"),
        (b"HTTP/1.1 200 OK\r\n", "it ended within its head"),
        (b"HTTP/1.1 200 OK\r\nX-A: b\r\n", "it ended within its head"),
        (b"HTTP/1.1 200 OK\nX-A: b", "it ended within its head"),
    ],
)
def test_an_answer_that_is_not_whole_is_not_written(tmp_path: Path, answer: bytes, message: str) -> None:
    with (
        saying(answer) as url,
        pytest.raises(RecordingError, match=rf"no whole answer came from 127\.0\.0\.1:\d+: .*({message})"),
    ):
        record(url, tmp_path / "feed.xml")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (b"Transfer-Encoding: gzip, chunked", "in a transfer coding that cannot be undone, 'gzip, chunked'"),
        (
            b"Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip",
            "in a transfer coding that cannot be undone, 'chunked, gzip'",
        ),
        (
            b"Content-Type: message/rfc822\r\nFoo : bar\r\nContent-Length: 3",
            "'Foo ' is no name of a header, and it or a field after it frames the body",
        ),
        (
            b"Foo : bar\r\nContent-Length: 6",
            "'Foo ' is no name of a header, and it or a field after it frames the body",
        ),
        (b"From ada\r\nContent-Length: 6", "a line among the headers begins with 'From '"),
        (b"X-A: b\r\nFrom ada", "a line among the headers begins with 'From '"),
        (b"Content-Length : 6", "'Content-Length ' is no name of a header, and it or a field after it frames the body"),
    ],
)
def test_a_body_whose_end_cannot_be_known_is_not_written(tmp_path: Path, head: bytes, message: str) -> None:
    with (
        saying(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n<rss/>") as url,
        pytest.raises(RecordingError, match=f"{re.escape(message)}.*; nothing was written"),
    ):
        record(url, tmp_path / "feed.xml")
    assert list(tmp_path.iterdir()) == []


def test_an_answer_whose_first_header_begins_with_a_blank_is_not_written(tmp_path: Path) -> None:
    refused = (
        "^there is a blank before the first header, so it is unclear to which line it belongs .*; nothing was written"
    )
    with (
        saying(b"HTTP/1.1 200 OK\r\n X-A: b\r\nX-C: d\r\n\r\n<rss/>") as url,
        pytest.raises(RecordingError, match=refused),
    ):
        record(url, tmp_path / "feed.xml")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_head_that_drips_ends_at_the_time_limit(origin: FeedServer, tmp_path: Path) -> None:
    slowly = SlowHeaders(pace=Pace(bytes=1, seconds=0.05))
    origin.add("/drips", Response("<rss/>", headers={"X-Long": "a" * 1000}, faults=slowly))
    with pytest.raises(RecordingError, match="it took too long; allow more time by timeout=… or --timeout"):
        record(origin.url("/drips"), tmp_path / "a", timeout=0.3)


@pytest.mark.slow
def test_a_slow_answer_ends_at_the_time_limit(origin: FeedServer, tmp_path: Path) -> None:
    origin.add("/drips", Response("<rss/>" * 1000, pace="1 bytes every 50ms"))
    origin.add("/sleeps", Response("<rss/>", delay=30))
    with pytest.raises(RecordingError, match="it took too long; allow more time by timeout=… or --timeout"):
        record(origin.url("/drips"), tmp_path / "a", timeout=0.3)
    with pytest.raises(RecordingError, match="it took too long"):
        record(origin.url("/sleeps"), tmp_path / "a", timeout=0.2)


def test_a_refused_connection_is_reported(tmp_path: Path, closed_port: int) -> None:
    with pytest.raises(RecordingError, match="no whole answer came from 127"):
        record(f"http://127.0.0.1:{closed_port}/", tmp_path / "a", timeout=5)
