"""Every directive: what it makes of a response, and what is said where it is wrong."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.comment import Line, split_lines
from feedserver.directives import (
    DIRECTIVES,
    Declared,
    FixtureError,
    FixtureWarning,
    declare,
    first_attempt,
)
from feedserver.response import Auth, Pace, Response


def declared(text: str | bytes, *, strict: bool = False) -> Declared:
    lines = split_lines(text if isinstance(text, bytes) else text.encode())
    return declare(Response(), lines, "feeds/atom.xml", strict=strict)


def outcome(lines: list[Line]) -> Declared | FixtureError:
    try:
        return declare(Response(), lines, "a.xml")
    except FixtureError as error:
        return error


def message(text: str | bytes, *, strict: bool = False) -> str:
    with pytest.raises(FixtureError) as caught:
        declared(text, strict=strict)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("Status: 404", "status", 404),
        ("Status: 404", "reason", "Not Found"),
        ("Status: 404 Nothing  here", "reason", "Nothing  here"),
        ("Status:\t301\tMoved", "reason", "Moved"),
        ("Status: 299", "reason", ""),
        ("Status: 103", "status", 103),
        ("Status: 999", "status", 999),
        ("Header: Status: 301", "status", 301),
        ("Header: Status: 301", "reason", "Moved Permanently"),
        ("Header:status :301 Off", "reason", "Off"),
        ("Delay: 250ms", "delay", 0.25),
        ("Pace: 1000 bytes every 50ms", "pace", Pace(1000, 0.05)),
        ("Coding: gzip", "coding", "gzip"),
        ("Coding: deflate", "coding", "deflate"),
        ("Coding: br", "coding", "br"),
        ("Coding: zstd", "coding", "zstd"),
        ("Coding: GZIP", "coding", "gzip"),
        ("Coding: auto", "coding", "auto"),
        ("Coding: Auto", "coding", "auto"),
        ("Coding: gzip, br", "coding", "gzip, br"),
        ("Coding: identity", "coding", None),
        ("Omit: Date", "omit", {"date"}),
        ("Omit: Date, content-TYPE", "omit", {"date", "content-type"}),
        ("Omit: Date\nOmit: X-Own", "omit", {"date", "x-own"}),
        ("Conditional: off", "conditional", "off"),
        ("Conditional: Exact", "conditional", "exact"),
        ("Conditional: rfc", "conditional", "rfc"),
        ("Auth: Basic user:pass word", "auth", Auth("Basic", "user:pass word")),
        ("Auth: Bearer abc", "auth", Auth("Bearer", "abc")),
        ("  DELAY \t:2s", "delay", 2.0),
    ],
)
def test_a_directive_sets_its_part_of_the_response(text: str, field: str, value: Any) -> None:
    result = declared(text)

    assert getattr(result.response, field) == value
    assert result.warnings == ()
    assert result.response.notes == ()


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        (b'Header: ETag: "v1"', [(b"ETag", b'"v1"')]),
        (b"Header:ETag:x", [(b"ETag", b"x")]),
        (b"header:   Content-type:  text/xml;charset= 'x' \t", [(b"Content-type", b"text/xml;charset= 'x'")]),
        (
            b"Header: Set-Cookie: a=1\nHeader: Set-Cookie: b=2",
            [(b"Set-Cookie", b"a=1"), (b"Set-Cookie", b"b=2")],
        ),
        (b"Header: Z: 1\nHeader: a: 2", [(b"Z", b"1"), (b"a", b"2")]),
        (b"Header: Location: http://localhost:8097/a:b", [(b"Location", b"http://localhost:8097/a:b")]),
        (b"Header: X-Empty:", [(b"X-Empty", b"")]),
        (b"Header: X-Windows: caf\xe9 \x85", [(b"X-Windows", b"caf\xe9 \x85")]),
        (b"Header: X-Control: \x0ca\x00b\x0b\x7f", [(b"X-Control", b"\x0ca\x00b\x0b\x7f")]),
        (b"Header: Location: {base}/new", [(b"Location", b"{base}/new")]),
        (b"Header: Expires: {date+2h}", [(b"Expires", b"{date+2h}")]),
        (b"Header: Statuses: 301", [(b"Statuses", b"301")]),
    ],
)
def test_headers_keep_order_case_repeats_and_bytes(text: bytes, pairs: list[tuple[bytes, bytes]]) -> None:
    result = declared(text)

    assert list(result.response.headers.raw) == pairs
    assert (result.response.status, result.warnings) == (200, ())


def test_a_reason_leaves_in_the_bytes_of_the_file() -> None:
    response = declared(b"Status: 404 caf\xe9").response

    assert response.reason.encode("utf-8", "surrogateescape") == b"caf\xe9"


def test_a_response_keeps_what_no_directive_speaks_of() -> None:
    before = Response(b"body", source="feeds/atom.xml")

    after = declare(before, split_lines(b"Delay: 1s"), "feeds/atom.xml").response

    assert (after.body, after.source, after.status, after.reason) == (b"body", "feeds/atom.xml", 200, "OK")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Staus: 404", "unknown directive 'Staus:'. Did you mean 'Status:'?"),
        ("STATSU: 404", "unknown directive 'STATSU:'. Did you mean 'Status:'?"),
        ("status2: 404", "unknown directive 'status2:'. Did you mean 'Status:'?"),
        ("Headers: A: b", "unknown directive 'Headers:'. Did you mean 'Header:'?"),
        ("eader: A: b", "unknown directive 'eader:'. Did you mean 'Header:'?"),
        ("Heder: A: b", "unknown directive 'Heder:'. Did you mean 'Header:'?"),
        ("Oimt: Date", "unknown directive 'Oimt:'. Did you mean 'Omit:'?"),
        ("Relay: 2s", "unknown directive 'Relay:'. Did you mean 'Delay:'?"),
        ("Paces: 1", "unknown directive 'Paces:'. Did you mean 'Pace:'?"),
        ("Condtional: off", "unknown directive 'Condtional:'. Did you mean 'Conditional:'?"),
        (
            "Fault: rset after 512",
            "'rset after 512' is no fault. Write 'reset before answer | after headers | after N | at end'.",
        ),
        ("Header: ETag", "'ETag' is no header. Write 'Header: Name: value'."),
        (
            "Header: E Tag: x",
            "'E Tag' is no header's name. Write letters, digits and hyphens, then a colon.",
        ),
        ("Header: ETag : x", "'ETag ' is no header's name. Write letters, digits and hyphens, then a colon."),
        ("Header: : x", "'' is no header's name. Write letters, digits and hyphens, then a colon."),
        ("Header: é: x", "'é' is no header's name. Write letters, digits and hyphens, then a colon."),
        ("Status:", "'' is no status. Write three digits, as in '404' or '404 Not Here'."),
        ("Status: 4040", "'4040' is no status. Write three digits, as in '404' or '404 Not Here'."),
        ("Status: 099", "'099' is no status. Write three digits, as in '404' or '404 Not Here'."),
        ("Status: ٤٠٤", "'٤٠٤' is no status. Write three digits, as in '404' or '404 Not Here'."),
        ("Header: Status: gone", "'gone' is no status. Write three digits, as in '404' or '404 Not Here'."),
        (
            "Delay: 250",
            "'250' is no duration. Write a number and a unit, such as 250ms, 2s, 1m, 2h or 1d.",
        ),
        ("Pace: slow; very", "'slow; very' is no pace. Write it as '1000 bytes every 50ms'."),
        ("Pace: 0 bytes every 1s", "a pace of 0 bytes every 1.0 s never ends. Send 1 byte or more."),
        (
            "Coding: gzipp",
            (
                "'gzipp' is no content coding that feedserver knows. "
                "Write gzip, deflate, br or zstd, or auto to let Accept-Encoding choose."
            ),
        ),
        (
            "Omit: Date Connection",
            "'Date Connection' is no header's name. Write 'Omit: Date' or 'Omit: Date, Content-Type'.",
        ),
        ("Omit: Date,", "'' is no header's name. Write 'Omit: Date' or 'Omit: Date, Content-Type'."),
        (
            "Omit: Contnet-Type",
            "'Contnet-Type' is never added, so it cannot be omitted. Write 'Content-Type'.",
        ),
        (
            "Conditional: of",
            "'of' is no way to compare validators. Write one of rfc, exact, off.",
        ),
        (
            "Auth: Digest a:b",
            "'Digest a:b' is no way to log in. Write 'Basic user:password' or 'Bearer token'.",
        ),
    ],
)
def test_a_mistake_names_file_line_and_remedy(text: str, expected: str) -> None:
    assert message(f"Description: x\r\n\n{text}") == f"feeds/atom.xml:3: {expected}"


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("Status", "200"),
        ("Delay", "1s"),
        ("Pace", "1 bytes every 1s"),
        ("Coding", "gzip"),
        ("Conditional", "off"),
        ("Auth", "Bearer x"),
    ],
)
def test_what_describes_the_whole_response_stands_once(word: str, value: str) -> None:
    text = f"{word}: {value}\nNote: x\n{word.lower()}: {value}"

    assert message(text) == f"feeds/atom.xml:3: '{word}:' stands twice, first on line 1. Keep one of them."


def test_a_status_and_a_status_header_are_the_same_directive_twice() -> None:
    text = "Header: Status: 301\nStatus: 302"

    assert message(text) == "feeds/atom.xml:2: 'Status:' stands twice, first on line 1. Keep one of them."


def test_other_words_are_notes_in_their_order() -> None:
    result = declared(
        "Description: a: b\nExpect:   not bozo\nSkipUnless:\nExpect: 2\nÜber-Schrift2: ja\nI : x".encode()
    )

    assert result.response.notes == (
        ("Description", "a: b"),
        ("Expect", "not bozo"),
        ("SkipUnless", ""),
        ("Expect", "2"),
        ("Über-Schrift2", "ja"),
        ("I", "x"),
    )
    assert (result.warnings, result.places) == ((), {})


def test_a_note_that_is_not_utf8_is_kept_as_latin_1() -> None:
    assert declared(b"Caf\xe9: \xe9").response.notes == (("Café", "é"),)


@pytest.mark.parametrize(
    "text",
    [
        "A plain remark",
        "Last updated: today",
        "http://example.com/",
        "12: 30",
        ": nothing",
        "- Status: 404",
        "# Status: 404",
        "<Status: 404",
    ],
)
def test_a_line_that_is_no_word_and_text_is_prose(text: str) -> None:
    result = declared(f"{text}\n")

    assert result.response == Response()
    assert (result.warnings, result.places) == ((), {})


@pytest.mark.parametrize("word", ["Content-Type", "content-type", "ETag", "Location", "X-Anything"])
def test_a_header_without_its_directive_is_a_note_and_a_warning(word: str) -> None:
    result = declared(f"\n{word}: x")

    assert [str(warning) for warning in result.warnings] == [
        f"feeds/atom.xml:2: '{word}:' is not sent as a header. Write 'Header: {word}: …' to send it."
    ]
    assert result.response.notes == ((word, "x"),)
    assert result.response.headers == Response().headers


@pytest.mark.parametrize("word", ["Date", "Server", "Link", "Age", "Author", "Code", "Default"])
def test_words_that_prose_is_made_of_are_plain_notes(word: str) -> None:
    result = declared(f"{word}: x")

    assert (result.response.notes, result.warnings) == (((word, "x"),), ())


def test_the_place_of_each_directive_is_where_it_first_stands() -> None:
    result = declared("Note: x\nHeader: A: b\nHEADER: C: d\nStatus: 404")

    assert result.places == {"header": 2, "status": 4}


@pytest.mark.parametrize("text", ["", "# a remark", " # Delay: 1s", "Delay: 1s", "Note: x", "ETag: x"])
def test_a_strict_file_holds_directives_notes_and_remarks(text: str) -> None:
    assert isinstance(declared(text, strict=True), Declared)


@pytest.mark.parametrize("text", ["HTTP/1.1 404 Not Found", "Status 404", "<!--", "http://example.com/"])
def test_a_strict_file_holds_nothing_else(text: str) -> None:
    assert message(f"Note: x\r{text}", strict=True) == (
        f"feeds/atom.xml:2: {text!r} is no directive. Write 'Word: text', or begin the line with # for a remark."
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"Note: x\nStatus: nonsense", Line(2, b"Status: nonsense")),
        (b"Note: x\nStaus: 404\nStatus: 404", Line(2, b"Staus: 404")),
        (b"Header: Status: 404", Line(1, b"Header: Status: 404")),
        (b"Note: x\nContent-Type: y\nprose", None),
    ],
)
def test_an_attempt_at_a_directive_is_told_from_prose(text: bytes, line: Line | None) -> None:
    assert first_attempt(split_lines(text)) == line


@pytest.mark.parametrize("kind", [FixtureError, FixtureWarning])
def test_a_finding_keeps_its_parts_and_survives_pickling(kind: type[FixtureError | FixtureWarning]) -> None:
    finding = kind("a.xml", None, "it is wrong", "Mend it.")

    copy = pickle.loads(pickle.dumps(finding))

    assert (copy.path, copy.line, copy.problem, copy.remedy) == ("a.xml", None, "it is wrong", "Mend it.")
    assert str(copy) == "a.xml: it is wrong. Mend it."
    assert (issubclass(kind, FixtureError), issubclass(kind, Warning)) == (
        kind is FixtureError,
        kind is FixtureWarning,
    )


@given(st.sampled_from(sorted(DIRECTIVES)), st.data())
def test_every_slip_of_one_letter_is_caught(word: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(word) - 1))
    letter = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz"))
    slips = {
        word[:at] + letter + word[at:],
        word[:at] + letter + word[at + 1 :],
        word[:at] + word[at + 1 :],
        word[:at] + word[at : at + 2][::-1] + word[at + 2 :],
    }

    for slip in slips - {word}:
        assert f"Did you mean '{word.capitalize()}:'?" in message(f"{slip}: 1s")


@given(st.lists(st.tuples(st.sampled_from(sorted(DIRECTIVES)), st.binary(max_size=40)), max_size=4))
def test_any_value_gives_a_response_or_a_mistake_with_its_line(pairs: list[tuple[str, bytes]]) -> None:
    lines = [Line(number, word.encode() + b": " + value) for number, (word, value) in enumerate(pairs, 1)]

    result = outcome(lines)

    if isinstance(result, FixtureError):
        assert result.line in range(1, len(pairs) + 1)
        assert result.problem
        assert result.remedy[0].isupper()
        assert result.remedy[-1] in ".?"
    else:
        assert set(result.places) <= set(DIRECTIVES)
