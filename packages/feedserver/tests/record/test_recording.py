"""Recording: what a server sent is sent again, byte for byte, and what prevents that is reported."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feedserver import FeedServer, FixtureWarning, Response
from feedserver.feeds import Entry, Feed
from feedserver.fixtures.loader import load
from feedserver.record import RecordingError, record
from feedserver.record.recording import summary
from feedserver.record.redaction import LeftOut
from feedserver.record.secret_names import is_secret
from rawclient import RawClient
from saying import saying

FEED = Feed(title="ы", entries=[Entry(title="One")])


@pytest.fixture
def origin() -> Iterator[FeedServer]:
    with FeedServer(strict=False) as running:
        yield running


def everything(server: FeedServer, path: str) -> bytes:
    """Return all that a server sends in answer to a request, except for the date."""
    with RawClient(server) as client:
        client.ask(path, "Connection: close", "Accept: */*")
        data = client.read_to_end()
    head, _, body = data.partition(b"\r\n\r\n")
    return re.sub(rb"\r\nDate: [^\r]+", b"\r\nDate: -", head) + b"\r\n\r\n" + body


# Byte for byte.

ANSWERS = {
    "a feed": FEED.render("rss", validators=True),
    "windows-1251": FEED.render("rss", encoding="windows-1251", charset="windows-1251"),
    "UTF-16": FEED.render("atom", encoding="utf-16"),
    "JSON": FEED.render("json"),
    "gzip": Response(
        gzip.compress(b"<rss/>", mtime=0), headers={"Content-Encoding": "gzip", "Content-Type": "text/xml"}
    ),
    "a redirect": Response("moved", 301, {"Location": "/new", "Content-Type": "text/plain"}),
    "a redirect without a body": Response(status=308, headers={"Location": "/new"}),
    "no content": Response(status=204),
    "an error with words of its own": Response("so busy", 503, {"Retry-After": "120"}, reason="Come Back Later"),
    "an unknown status": Response("?", 599, reason="Whatever"),
    "order, case and repeats": Response(
        "<a/>", headers=[("x-B", "2"), ("X-A", "1"), ("X-a", ""), ("LINK", "</a>; rel=hub"), ("link", "</b>; rel=self")]
    ),
    "bytes beyond ASCII": Response("<a/>", headers=[("X-Name", b"caf\xe9"), ("X-Other", "ы")], reason="Schön"),
    "a comment with directives": Response("<!--\nStatus: 404\nHeader: X-A: b\n--><rss/>"),
    "every byte": Response(bytes(range(256)) * 300, headers={"Content-Type": "application/octet-stream"}),
    "no date or type added": Response("<a/>", omit=["Date", "Content-Type"]),
    "chunked": Response("<rss/>" * 1000, omit=["Content-Length"]),
    "ended by closing": Response("<rss/>" * 1000, omit=["Content-Length", "Transfer-Encoding"]),
    "braces that mean nothing": Response("<a/>", headers={"X-Template": "/{id}{?page}"}),
    "no news": Response(status=304, headers={"ETag": '"v1"'}),
    "a part": Response("<rs", 206, {"Content-Range": "bytes 0-2/6", "Content-Type": "text/xml"}),
    "a challenge": Response("who?", 401, {"WWW-Authenticate": 'Basic realm="feeds"', "Content-Type": "text/plain"}),
    "nothing": Response(b""),
    "a body too large to be kept in memory": Response(bytes(range(256)) * 6_000),
    "dates that are none": Response("<a/>", headers={"Expires": "0", "Last-Modified": "yesterday"}),
}


@pytest.mark.slow
def test_more_headers_than_a_fixture_can_contain_are_not_written(tmp_path: Path) -> None:
    head = b"".join(b"X-%d: %b\r\n" % (number, b"v" * 30_000) for number in range(10))
    with (
        saying(b"HTTP/1.1 200 OK\r\n" + head + b"Content-Length: 0\r\n\r\n") as url,
        pytest.raises(RecordingError, match="a fixture may have 256 KiB; nothing was written"),
    ):
        record(url, tmp_path / "feed.xml")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_is_replayed_byte_for_byte(origin: FeedServer, tmp_path: Path, answer: Response) -> None:
    origin.add("/feed.xml", answer)
    made = record(origin.url("/feed.xml"), tmp_path / "feed.xml")
    with warnings.catch_warnings(), FeedServer(tmp_path) as replaying:
        warnings.simplefilter("ignore", FixtureWarning)  # of directives in a body
        assert everything(replaying, "/feed.xml") == everything(origin, "/feed.xml")
    assert made.file.read_bytes() == answer.body
    assert (made.status, made.reason, made.size) == (answer.status, answer.reason, len(made.file.read_bytes()))


@given(
    body=st.binary(max_size=2000),
    fields=st.lists(
        st.tuples(
            st.from_regex(r"X-[A-Za-z0-9!#$%&'*+.^_`|~]{1,12}", fullmatch=True).filter(
                lambda name: not is_secret(name)
            ),
            st.binary(max_size=30).map(lambda value: re.sub(rb"[\r\n\0]", b"", value).strip(b" \t")),
        ),
        max_size=5,
    ),
    status=st.sampled_from([200, 301, 404, 410, 503]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_answer_is_replayed(
    tmp_path_factory: pytest.TempPathFactory, body: bytes, fields: list[tuple[str, bytes]], status: int
) -> None:
    folder = tmp_path_factory.mktemp("recorded")
    with FeedServer() as origin, FeedServer(folder) as replaying:
        origin.add("/a", Response(body, status, fields))
        made = record(origin.url("/a"), folder / "a")
        answer = load(made.file)
        assert {each.name for each in made.left_out} == {"Content-Length", "Date", "Connection"}
        assert everything(replaying, "/a") == everything(origin, "/a")
        assert answer.body == body and answer.status == status


def test_answers_of_other_servers_are_recorded_too(tmp_path: Path) -> None:
    answer = (
        b"HTTP/1.0 200 \r\nServer:  Old\r\nX-Folded: one,\r\n\ttwo\r\nX-Empty:\r\n"
        b"Content-type: text/xml\r\nX-Latin: \xe9\r\n\r\n<rss/>"
    )
    with saying(answer) as url:
        made = record(url, tmp_path / "old.xml")
    assert made.sidecar.read_bytes() == (
        f"# {url}\nStatus: 200\nHeader: Server: Old\nHeader: X-Folded: one, two\nHeader: X-Empty: \n"
        "Header: Content-type: text/xml\nHeader: X-Latin: é\nOmit: Date, Content-Length, Transfer-Encoding\n"
    ).encode("latin-1")
    assert made.notes == (
        "the answer had no reason phrase; 'OK' is sent",
        "the answer was HTTP/1.0; it is sent as HTTP/1.1",
        "the value of X-Folded came folded over several lines; it is sent on one line",
    )
    assert load(made.file).headers.raw[1] == (b"X-Folded", b"one, two")


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\rFault: close before answer\r\n",
        b"HTTP/1.1 200 OK\r\nDate: today\r\n\tFault: close before answer\r\n",
        b"HTTP/1.1 200 OK\r\nX-A: b\r\n Fault: close before answer\r\n",
        b"HTTP/1.1 200 OK\r\nX-A: b\rFault: close before answer\r\n",
        b"HTTP/1.1 200 OK\r\nFault: close before answer\r\nDelay: 1h\r\n",
    ],
    ids=["reason", "date", "folded", "carriage return", "header"],
)
def test_a_server_cannot_write_directives_of_its_own(tmp_path: Path, head: bytes) -> None:
    with saying(head + b"Content-Length: 6\r\n\r\n<rss/>") as url:
        made = record(url, tmp_path / "feed.xml")
    response = load(made.file)
    assert (response.status, response.body, response.faults, response.delay) == (200, b"<rss/>", (), Response().delay)
    assert "\r" not in made.reason


def test_a_status_among_the_headers_is_left_out(tmp_path: Path) -> None:
    with saying(b"HTTP/1.1 404 Not Found\r\nstatus: 404 Not Found\r\nContent-Length: 0\r\n\r\n") as url:
        made = record(url, tmp_path / "feed.xml")
    assert load(made.file).status == 404
    assert LeftOut("status", "a directive of that name gives the status") in made.left_out


def test_a_secret_on_another_line_than_its_name_is_replaced(tmp_path: Path) -> None:
    folded = b"X-Note: token=\r\n abc\r\nX-Error: token:\n\tdef\r\nDate: token=\r\n ghi\r\n"
    with saying(b"HTTP/1.1 200 OK\r\n" + folded + b"Content-Length: 0\r\n\r\n") as url:
        made = record(url, tmp_path / "feed.xml")
    lines = made.sidecar.read_text("utf-8")
    assert lines.count("removed") == 3 and not re.search("abc|def|ghi", lines), lines


def test_a_folded_value_is_noted_only_if_it_is_sent(tmp_path: Path) -> None:
    folded = b"X-A: a\r\n b\r\nSet-Cookie: a=b;\r\n path=/\r\nContent-Length: 0\r\nno header\r\n c\r\n\r\n"
    with saying(b"HTTP/1.1 200 OK\r\n" + folded) as url:
        notes = record(url, tmp_path / "feed.xml").notes
    assert [note for note in notes if "folded" in note] == [
        "the value of X-A came folded over several lines; it is sent on one line"
    ]


def test_parts_of_an_answer_that_a_fixture_cannot_express_are_reported(tmp_path: Path) -> None:
    answer = (
        b"HTTP/1.1 200 OK\nX-A: b\n\tfolded\r\nX-C: d\r\n e\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"6;note=a\r\n<rss/>\r\n0\r\nX-Sum: 1\r\nX-Token: secret\r\n\r\n"
    )
    with saying(answer) as url:
        made = record(url, tmp_path / "feed.xml")
    assert made.file.read_bytes() == b"<rss/>"
    assert list(summary(made))[2:] == [
        "left out: Transfer-Encoding (it is about the connection)",
        "left out: X-Sum, X-Token (it came after the body, as a trailer; Fault: trailers sends one)",
        "left out: the extensions of its chunks (Fault: chunk extensions sends some)",
        "note: the value of X-A came folded over several lines; it is sent on one line",
        "note: the value of X-C came folded over several lines; it is sent on one line",
        "note: 2 lines of the answer ended in a bare LF; CR LF is sent",
    ]


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n<rss/>\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: six\r\n\r\n<rss/>",
        b"HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\n<rss/>",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0_3\r\n\r\n<rss/>",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 6\r\n\r\n",
    ],
    ids=["chunked", "no number", "a sign", "an underscore", "not modified"],
)
def test_a_length_that_does_not_tell_the_end_is_left_out_and_not_sent(tmp_path: Path, head: bytes) -> None:
    with saying(head) as url:
        made = record(url, tmp_path / "feed.xml")
    assert LeftOut("Content-Length", "it did not tell where the answer ended") in made.left_out
    with FeedServer(tmp_path) as replaying:
        assert b"Content-Length" not in everything(replaying, "/feed.xml")


def test_a_header_whose_braces_would_be_filled_in_is_left_out(tmp_path: Path) -> None:
    with saying(b"HTTP/1.1 200 OK\r\nLink: <{base}/x>\r\nContent-Length: 0\r\n\r\n") as url:
        made = record(url, tmp_path / "a")
    assert LeftOut("Link", "its braces would be filled in") in made.left_out
    assert "Link" not in load(made.file).headers


# Errors.


def test_existing_files_are_overwritten_by_force_only(origin: FeedServer, tmp_path: Path) -> None:
    origin.add("/feed", Response("<new/>"))
    for name in ("feed.xml", "feed.xml.response"):
        taken = tmp_path / name
        taken.write_text("old")
        with pytest.raises(
            FileExistsError, match=f"{re.escape(name)} is there already; .* overwrite it by force=True or --force"
        ):
            record(origin.url("/feed"), tmp_path / "feed.xml")
        assert taken.read_text() == "old" and origin.requests == []
        taken.unlink()
    record(origin.url("/feed"), tmp_path / "feed.xml")
    assert (tmp_path / "feed.xml").read_text() == "<new/>"
    origin.add("/feed", Response("<newer/>", 410))
    record(origin.url("/feed"), tmp_path / "feed.xml", force=True)
    assert (tmp_path / "feed.xml").read_text() == "<newer/>"
    assert load(tmp_path / "feed.xml").status == 410


@pytest.mark.parametrize("name", ["a.response", "a.xml.RESPONSE", ".response"])
def test_the_name_of_a_sidecar_is_refused(tmp_path: Path, name: str) -> None:
    message = rf"{re.escape(name)} is where the directives would be; name the file for the body"
    with pytest.raises(ValueError, match=message):
        record("http://127.0.0.1/", tmp_path / name)


@pytest.mark.parametrize("name", ["feed.xml", "feed.xml.response"])
def test_a_folder_in_the_way_is_reported_and_nothing_is_lost(origin: FeedServer, tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(IsADirectoryError, match=f"{re.escape(name)} cannot be written: it is a folder"):
        record(origin.url("/feed"), tmp_path / "feed.xml", force=True)
    assert [path.name for path in tmp_path.iterdir()] == [name] and origin.requests == []


def test_half_a_fixture_is_not_left_behind(origin: FeedServer, tmp_path: Path) -> None:
    def answer(_request: object) -> Response:
        (tmp_path / "feed.xml").write_text("somebody else's")  # between the check and the writing
        return Response("<rss/>")

    origin.add("/feed", answer)
    with pytest.raises(FileExistsError):
        record(origin.url("/feed"), tmp_path / "feed.xml")
    assert [path.name for path in tmp_path.iterdir()] == ["feed.xml"]
    assert (tmp_path / "feed.xml").read_text() == "somebody else's"


def test_a_version_that_is_not_spoken_is_reported_as_text(tmp_path: Path) -> None:
    with saying(b"HTTP/2\x1b[31m 200 OK\r\n\r\n") as url, pytest.raises(RecordingError) as caught:
        record(url, tmp_path / "a.xml")
    assert str(caught.value).isprintable()


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a limit on the size of files, as POSIX has")
def test_a_file_to_be_overwritten_stays_if_the_disk_is_full(origin: FeedServer, tmp_path: Path) -> None:
    origin.add("/feed", Response(b"x" * 100_000))
    (tmp_path / "feed.xml").write_bytes(b"<old/>")
    (tmp_path / "feed.xml.response").write_bytes(b"Status: 410\n")
    script = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000));"
        "from feedserver.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    # Without -B, the limit could cut off the bytecode of modules, which later tests would read from pytest's cache. It
    # could also cut off the data of coverage, so its variables are removed.
    command = [sys.executable, "-B", "-c", script, "record", origin.url("/feed"), "-o", "feed.xml", "--force"]
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    ended = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert "cannot be written: File too large" in ended.stderr
    contents = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert contents == {"feed.xml": b"<old/>", "feed.xml.response": b"Status: 410\n"}


def test_nothing_is_overwritten_through_a_link(origin: FeedServer, tmp_path: Path) -> None:
    origin.add("/feed", Response(b"<new/>"))
    outside = tmp_path / "outside.xml"
    outside.write_bytes(b"<outside/>")
    (tmp_path / "feed.xml").symlink_to(outside)
    with pytest.raises(OSError, match="this is a link"):
        record(origin.url("/feed"), tmp_path / "feed.xml", force=True)
    assert outside.read_bytes() == b"<outside/>"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["feed.xml", "outside.xml"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no file of such a name")
@pytest.mark.parametrize("name", ["aux.xml", "a:b.xml", "a.xml.", "a.xml "])
def test_a_file_that_could_not_be_served_is_not_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"could not be served: '.*' .*; name it otherwise, such as feed.xml"):
        record("http://127.0.0.1:1/", tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("character", ["*", "?", "<", ">", "|", '"', "\n", "\x1b", "\x1f"])
def test_a_name_that_windows_does_not_allow_is_refused_on_all_systems(tmp_path: Path, character: str) -> None:
    said = f"where no file has {re.escape(repr(character))} in its name; name it otherwise, such as feed.xml$"
    with pytest.raises(ValueError, match=said) as refused:
        record("http://127.0.0.1:1/", tmp_path / f"a{character}b.xml")
    assert str(refused.value).isprintable()
    assert list(tmp_path.iterdir()) == []
