"""Files on disk, and the responses that they describe."""

from __future__ import annotations

import codecs
import os
import sys
import tempfile
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedserver.comment import HEAD_SIZE
from feedserver.fixture import (
    LARGEST_HELD,
    FixtureError,
    FixtureWarning,
    LoadedFixture,
    load,
    read,
    sidecar_of,
)
from feedserver.response import FileBody, Pace, Response

FEED = b"<?xml version='1.0'?>\n<!--\nHeader: ETag: \"v1\"\nDescription: a feed\n-->\n<feed/>"


def write(folder: Path, name: str, data: bytes = b"", beside: bytes | None = None) -> Path:
    path = folder / name
    path.write_bytes(data)
    if beside is not None:
        sidecar_of(path).write_bytes(beside)
    return path


def outcome(path: Path, name: str) -> LoadedFixture | FixtureError:
    try:
        return read(path, name)
    except FixtureError as error:
        return error


def message(path: Path) -> str:
    with pytest.raises(FixtureError) as caught:
        read(path, "feeds/atom.xml")
    return str(caught.value)


def test_a_fixture_is_sent_byte_for_byte_with_what_it_declares(tmp_path: Path) -> None:
    path = write(tmp_path, "atom.xml", FEED)

    response = load(path)

    assert response == Response(
        FEED,
        headers=[("ETag", '"v1"'), ("Content-Type", "application/xml")],
        source=str(path),
        notes=[("Description", "a feed")],
    )


@pytest.mark.parametrize("data", [b"", b"\xff\x00\xfe", b"not XML", b"<feed/>", b"\x4c\x6f\xa7\x94"])
def test_a_file_without_directives_is_a_plain_response(tmp_path: Path, data: bytes) -> None:
    fixture = read(write(tmp_path, "atom.xml", data), "atom.xml")

    assert fixture.response == Response(data, headers={"Content-Type": "application/xml"}, source="atom.xml")
    assert fixture.warnings == ()


# The shapes that feedparser's test files come in, written anew.
@pytest.mark.parametrize(
    "data",
    [
        b"<!--\nHeader:   X: 1\nHeader:   Status: 302\nDescription: d\nExpect:      0\n-->\n<rss/>",
        b"<?xml version='1.0'?>\n<!--\nNote:   n\nHeader:   X: 1\nHeader: Status: 302\n-->\n<rss/>",
        b"<rss>\n  <channel>\n<!--\n    Header: X: 1\n    Header: Status: 302\n-->\n",
        b"<!--\nHeader: X: 1\nHeader: Status: 302\nDescription: nothing but a comment\n-->\n",
        b"<!--\nXXX - in capitals\nHeader: X: 1\nHeader: Status: 302\n-->\n<a><!--\nStatus: 500\n-->",
        b"<!-- Header: X: 1\r\nHeader: Status: 302 -->\r\n<rss/>",
        b"<!DOCTYPE rss [\n<!ENTITY a 'b'>\n]>\n<!--\rHeader: X: 1\rHeader: Status: 302\r-->\r<rss/>",
        b"\n\n  <!--\nSkipUnless:  'x' in y('z')\nHeader: X: 1\nHeader: Status: 302\n-->not XML",
        b"<!doctype html><title>x</title><!--\nheader: X: 1\nSTATUS: 302\n--><p>",
    ],
)
def test_the_comment_may_stand_wherever_authors_put_it(tmp_path: Path, data: bytes) -> None:
    fixture = read(write(tmp_path, "feed.xml", data))

    assert fixture.response.body == data
    assert fixture.response.status == 302
    assert fixture.response.headers["X"] == "1"
    assert fixture.warnings == ()


@pytest.mark.parametrize(
    ("mark", "encoding", "sent"),
    [
        (b"", "utf-8", "é€".encode()),
        (codecs.BOM_UTF8, "utf-8", "é€".encode()),
        (b"", "windows-1252", b"\xe9\x80"),
        (codecs.BOM_UTF16_LE, "utf-16-le", "é€".encode()),
        (b"", "utf-16-be", "é€".encode()),
        (codecs.BOM_UTF32_BE, "utf-32-be", "é€".encode()),
        (b"", "utf-32-le", "é€".encode()),
        (b"", "cp1140", "é€".encode()),
    ],
)
def test_values_leave_in_the_bytes_of_the_file_or_in_utf8(
    tmp_path: Path, mark: bytes, encoding: str, sent: bytes
) -> None:
    text = f"<?xml version='1.0' encoding='{encoding}'?>\r\n<!--\r\nHeader: X: é€\r\nStatus: 404 é€\r\n-->"
    data = mark + text.encode(encoding)

    response = load(write(tmp_path, "feed.xml", data))

    assert response.body == data
    assert response.headers.raw[0] == (b"X", sent)
    assert response.reason.encode("utf-8", "surrogateescape") == sent


@pytest.mark.parametrize("line_end", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be", "utf-32", "utf-32-le", "cp500"])
def test_a_mistake_is_on_its_line_in_every_encoding(tmp_path: Path, encoding: str, line_end: str) -> None:
    lines = [
        f"<?xml version='1.0' encoding='{encoding}'?>",
        "<!--",
        "Note: \x0b\x0c",
        "",
        "Staus: 404",
        "-->",
    ]
    path = write(tmp_path, "atom.xml", line_end.join(lines).encode(encoding))

    assert message(path) == "feeds/atom.xml:5: unknown directive 'Staus:'. Did you mean 'Status:'?"


def test_a_mistake_is_named_by_the_path_where_no_name_is_given(tmp_path: Path) -> None:
    path = write(tmp_path, "atom.xml", b"<!-- Staus: 404 -->")

    with pytest.raises(FixtureError) as caught:
        load(path)

    assert str(caught.value) == f"{path}:1: unknown directive 'Staus:'. Did you mean 'Status:'?"


@pytest.mark.parametrize(
    ("name", "declared", "types"),
    [
        ("a.atom", b"", [b"application/atom+xml"]),
        ("a.unknown", b"", [b"application/octet-stream"]),
        ("a.xml", b"Header: content-type: text/plain", [b"text/plain"]),
        ("a.xml", b"Header: Content-Type:", [b""]),
        ("a.xml", b"Header: Content-Type: a\nHeader: Content-Type: b", [b"a", b"b"]),
        ("a.xml", b"Omit: Content-Type", []),
        ("a.xml", b"Omit: Date", [b"application/xml"]),
        ("a.xml", b"Status: 404", [b"application/xml"]),
    ],
)
def test_a_content_type_is_added_unless_declared_or_omitted(
    tmp_path: Path, name: str, declared: bytes, types: list[bytes]
) -> None:
    response = load(write(tmp_path, name, b"<!--\n" + declared + b"\n-->"))

    assert [value for key, value in response.headers.raw if key.lower() == b"content-type"] == types


def test_a_file_beside_holds_directives_for_what_can_hold_no_comment(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "feed.json",
        b"{}",
        b"# as the old server did\nHeader: Link: <a--b>\nPace: 1 bytes every 1s\n",
    )

    assert load(path, "feed.json") == Response(
        b"{}",
        headers=[("Link", "<a--b>"), ("Content-Type", "application/json")],
        pace=Pace(1, 1.0),
        source="feed.json",
    )


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32-be"])
def test_a_file_beside_may_be_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path, "a.png", b"\x89PNG", "Status: 404\r\nHeader: X: é".encode(encoding))

    assert load(path).status == 404
    assert load(path).headers.get_raw(b"x") == "é".encode()


def test_a_file_beside_nothing_is_a_response_without_a_body(tmp_path: Path) -> None:
    (tmp_path / "old.xml.response").write_bytes(b"Status: 301\nHeader: Location: {base}/new.xml\n")

    assert load(tmp_path / "old.xml", "old.xml") == Response(
        status=301, headers={"Location": "{base}/new.xml"}, source="old.xml.response"
    )


def test_a_file_beside_is_read_in_place_of_the_comment_and_says_so(tmp_path: Path) -> None:
    path = write(tmp_path, "a.xml", b"<!--\nNote: x\nDelay: 1s\nStatus: 500\n-->", b"Header: X: y")

    fixture = read(path, "a.xml")

    assert (fixture.response.status, fixture.response.delay, fixture.response.notes) == (200, 0.0, ())
    assert [str(warning) for warning in fixture.warnings] == [
        "a.xml:3: 'Delay:' is passed over, since a.xml.response is read in its place. Move it, or remove it."
    ]


@pytest.mark.parametrize("comment", [b"<!-- prose -->", b"<!-- Page: 3 -->", b"<!-- Status: published -->", b""])
def test_an_empty_file_beside_puts_a_captured_comment_out_of_force(tmp_path: Path, comment: bytes) -> None:
    path = write(tmp_path, "a.xml", comment + b"<feed/>", b"")

    assert read(path).warnings == ()
    assert load(path).status == 200


@pytest.mark.parametrize(
    ("beside", "expected"),
    [
        (b"\nHTTP/1.1 404 Not Found", "2: 'HTTP/1.1 404 Not Found' is no directive. Write 'Word: text', or"),
        (b"Staus: 404", "1: unknown directive 'Staus:'. Did you mean 'Status:'?"),
    ],
)
def test_a_mistake_in_a_file_beside_names_that_file(tmp_path: Path, beside: bytes, expected: str) -> None:
    path = write(tmp_path, "atom.xml", FEED, beside)

    assert message(path).startswith(f"feeds/atom.xml.response:{expected}")


def test_a_file_beside_has_a_largest_size(tmp_path: Path) -> None:
    path = write(tmp_path, "atom.xml", FEED, b"#" * (LARGEST_HELD + 1))

    assert message(path) == (
        "feeds/atom.xml.response: these are more directives than 1 MiB. Write fewer, or shorter ones."
    )


@pytest.mark.parametrize("name", ["feed.json", "photo.jpg"])
def test_a_string_in_json_or_a_picture_is_no_comment(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, name, b'{"content_html": "<!-- Status: 500 -->"}')

    assert load(path).status == 200


def test_a_warning_is_issued_at_the_line_that_loads_the_fixture(tmp_path: Path) -> None:
    path = write(tmp_path, "atom.xml", b"<!--\nContent-Type: text/xml\n-->")

    with pytest.warns(FixtureWarning) as caught:
        response = load(path, "atom.xml")

    assert caught[0].filename == __file__
    assert str(caught[0].message) == (
        "atom.xml:2: 'Content-Type:' is not sent as a header. Write 'Header: Content-Type: …' to send it."
    )
    assert response.headers["Content-Type"] == "application/xml"


def test_reading_hands_a_warning_over_and_issues_none(tmp_path: Path) -> None:
    path = write(tmp_path, "atom.xml", b"<!--\nETag: x\n-->")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fixture = read(path, "atom.xml")

    assert [(warning.path, warning.line) for warning in fixture.warnings] == [("atom.xml", 2)]


def test_the_largest_body_that_is_held_is_one_mebibyte(tmp_path: Path) -> None:
    held = write(tmp_path, "held.xml", FEED.ljust(LARGEST_HELD))
    streamed = write(tmp_path, "streamed.xml", FEED.ljust(LARGEST_HELD + 1))

    assert load(held).body == held.read_bytes()
    assert load(streamed).body == FileBody(streamed, LARGEST_HELD + 1, stamp=streamed.stat().st_mtime_ns)
    assert load(streamed).headers["ETag"] == '"v1"'


def test_the_stamp_of_a_streamed_body_changes_with_its_file(tmp_path: Path) -> None:
    path = write(tmp_path, "big.xml", bytes(LARGEST_HELD + 1))
    before = load(path).body

    os.utime(path, ns=(0, 1_000_000_000))

    assert load(path).body != before


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32-le"])
@pytest.mark.parametrize("size", [0, LARGEST_HELD])
def test_only_the_first_8_kib_are_searched(tmp_path: Path, encoding: str, size: int) -> None:
    directive = "<!-- Status: 404 -->".encode(encoding)
    opening = "<feed>".encode(encoding)
    blank = " ".encode(encoding.replace("16", "16-le"))
    inside = opening + blank * ((HEAD_SIZE - len(opening) - len(directive)) // len(blank)) + directive
    outside = opening + blank * (HEAD_SIZE // len(blank)) + directive

    assert load(write(tmp_path, "in.xml", inside.ljust(size))).status == 404
    assert load(write(tmp_path, "out.xml", outside.ljust(size))).status == 200


@pytest.mark.parametrize("end", [b"", b"\n" + b"x" * HEAD_SIZE + b"-->"])
def test_directives_in_a_comment_that_does_not_end_in_time_are_a_mistake(tmp_path: Path, end: bytes) -> None:
    path = write(tmp_path, "atom.xml", b"<!--\nNote: x\nDelay: 2" + end)

    assert message(path) == (
        "feeds/atom.xml:3: the comment with this directive does not end within the first 8 KiB. "
        "Close it with '-->', or write the directives in feeds/atom.xml.response."
    )


def test_prose_in_a_comment_that_does_not_end_in_time_is_none(tmp_path: Path) -> None:
    assert load(write(tmp_path, "a.xml", b"<!-- a licence: " + b"x " * HEAD_SIZE)).status == 200


def test_a_fixture_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    remedy = "Write it, or feeds/atom.xml.response for a response without a body."

    assert message(tmp_path / "none.xml") == f"feeds/atom.xml: there is no such file. {remedy}"
    path = write(tmp_path, "atom.xml")
    assert message(path / "below.xml") == f"feeds/atom.xml: there is no such file. {remedy}"


def test_a_folder_is_no_fixture(tmp_path: Path) -> None:
    expected = "feeds/atom.xml: this is not a regular file. Put a file in its place."

    assert message(tmp_path) == expected


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes in folders")
def test_a_named_pipe_is_no_fixture_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.xml")

    assert message(tmp_path / "pipe.xml").startswith("feeds/atom.xml: this is not a regular file")


def test_a_name_that_no_file_can_have_is_a_mistake(tmp_path: Path) -> None:
    expected = "feeds/atom.xml: the file cannot be read ("

    assert message(tmp_path / "a\0b.xml").startswith(expected)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_a_link_that_leads_to_itself_is_a_mistake(tmp_path: Path) -> None:
    link = tmp_path / "atom.xml"
    link.symlink_to(link)

    assert message(link).startswith("feeds/atom.xml: the file cannot be read (")
    assert message(link).endswith("). Check its name, its links and its permissions.")


def test_the_file_beside_has_the_whole_name_and_an_ending() -> None:
    assert sidecar_of(Path("feeds/atom.xml")) == Path("feeds/atom.xml.response")
    assert sidecar_of(Path("feeds/redirect")) == Path("feeds/redirect.response")


MARKUP = st.sampled_from(
    [
        b"<!--",
        b"-->",
        b"\n",
        b"\r",
        b"Header: ",
        b"Status: ",
        b"Omit: ",
        b"ETag: ",
        b"\xff\xfe",
        b"\0",
        b": ",
        b"404",
    ]
)
ANYTHING = st.one_of(st.binary(max_size=200), st.lists(MARKUP | st.binary(max_size=5), max_size=20).map(b"".join))


@settings(max_examples=300)
@given(data=st.none() | ANYTHING, beside=st.none() | ANYTHING, name=st.sampled_from(["a.xml", "a.json", "a"]))
def test_any_bytes_are_a_response_or_a_mistake(data: bytes | None, beside: bytes | None, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        if data is not None:
            path.write_bytes(data)
        if beside is not None:
            sidecar_of(path).write_bytes(beside)

        result = outcome(path, name)

    if isinstance(result, FixtureError):
        assert str(result).startswith(name)
    else:
        assert result.response.body == (data or b"")


@settings(max_examples=300)
@given(st.lists(MARKUP | st.binary(max_size=5), max_size=20).map(b"".join))
def test_a_comment_of_any_bytes_changes_no_body(inside: bytes) -> None:
    data = b"<!--" + inside + b"-->"
    with tempfile.TemporaryDirectory() as folder:
        result = outcome(write(Path(folder), "a.xml", data), "a.xml")

    if isinstance(result, FixtureError):
        assert result.line is not None
    else:
        assert result.response.body == data
