"""Where directives are found, in files of every encoding."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.comment import Comment, Line, ascii_compatible, first_comment, split_lines

DOCUMENT = "<?xml version='1.0' encoding='{encoding}'?>\r\n<feed>\r<!--\nETag: {{base}}!\r\nEnd: here-->\n</feed>"
FOUND = Comment((Line(3, b""), Line(4, b"ETag: {base}!"), Line(5, b"End: here")), closed=True)


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "ascii"),
        (b"", "windows-1252"),
        (b"", "shift_jis"),
        (b"", "gb18030"),
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (b"", "utf-16-le"),
        (b"", "utf-16-be"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (b"", "utf-32-le"),
        (b"", "utf-32-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
        *((b"", name) for name in ("cp037", "cp273", "cp424", "cp500", "cp875", "cp1026", "cp1140")),
    ],
)
def test_a_comment_is_found_in_every_encoding_with_its_lines_numbered(mark: bytes, encoding: str) -> None:
    head = mark + DOCUMENT.format(encoding=encoding).encode(encoding)

    assert first_comment(head) == FOUND


@pytest.mark.parametrize(
    "declaration",
    [
        "<?xml version='1.0'?>",
        "<?xml version='1.0' encoding='no-such-code-page'?>",
        "<?xml version='1.0' encoding='utf-8'?>",  # a codec that cannot read these bytes
        "<?xml version='1.0' encoding='latin-1'?>",  # one that can, and reads something else
        "<?xml version='1.0' encoding='hex'?>",  # one that makes no text
        "<?xml version='1.0' encoding='undefined'?>",  # one that refuses everything
        "<?xml version='1.0' encoding='" + "x" * 300 + "'?>",
        "<?xml",
    ],
)
def test_ebcdic_that_names_no_usable_code_page_is_read_as_ibm037(declaration: str) -> None:
    comment = first_comment(f"{declaration}<!-- A: b -->".encode("cp037"))

    assert comment == Comment((Line(1, b"A: b"),), closed=True)


def test_a_declared_code_page_is_believed_only_where_it_is_ebcdic() -> None:
    head = "<?xml version='1.0' encoding='cp500'?><!-- [!] -->".encode("cp500")

    assert first_comment(head) == Comment((Line(1, b"[!]"),), closed=True)


@pytest.mark.parametrize(
    ("head", "lines"),
    [
        (b"<!---->", [b""]),
        (b"<!-->not a comment-->", [b""]),
        (b"<!--->not a comment-->", [b""]),
        (b"<!--a--><!--b-->", [b"a"]),
        (b"text, not XML <!-- a -->", [b"a"]),
        (b"\xff\xfe<!-- a -->", None),  # ASCII after the mark of UTF-16 is no comment in UTF-16
        (b"", None),
        (b"<", None),
        (b"<!-", None),
        (b"<feed/>", None),
    ],
)
def test_a_comment_begins_and_ends_where_xml_and_html_say(head: bytes, lines: list[bytes] | None) -> None:
    comment = first_comment(head)

    assert comment == (None if lines is None else Comment(tuple(Line(1, line) for line in lines), closed=True))


@pytest.mark.parametrize("head", [b"<!--", b"<!-- a: b", b"<!-- a: b --", "<!-- a: b".encode("utf-16-le")])
def test_a_comment_without_an_end_is_not_closed(head: bytes) -> None:
    comment = first_comment(head)

    assert comment is not None
    assert not comment.closed
    assert comment.lines[0].text in (b"", b"a: b", b"a: b --")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (b"", [(1, b"")]),
        (b"a\nb\rc\r\nd", [(1, b"a"), (2, b"b"), (3, b"c"), (4, b"d")]),
        (b"a\n\r\r\nb\n", [(1, b"a"), (2, b""), (3, b""), (4, b"b"), (5, b"")]),
        (b" \t a \t \n", [(1, b"a"), (2, b"")]),
        (
            "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg".encode(),
            [(1, "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg".encode())],
        ),
        (b"a\x85b", [(1, b"a\x85b")]),  # an ellipsis in windows-1252
        (b"\x0ca\x0b", [(1, b"\x0ca\x0b")]),
    ],
)
def test_only_carriage_return_and_line_feed_end_a_line(text: bytes, lines: list[tuple[int, bytes]]) -> None:
    assert [(line.number, line.text) for line in split_lines(text)] == lines


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"caf\xe9", b"caf\xe9"),
        ("日本".encode("shift_jis"), "日本".encode("shift_jis")),
        (codecs.BOM_UTF8 + "é".encode(), "é".encode()),
        ("ab\u20ac\U0001f600".encode("utf-16-le"), "ab\u20ac\U0001f600".encode()),
        ("ab\u20ac\U0001f600".encode("utf-32-be"), "ab\u20ac\U0001f600".encode()),
        ("<a>".encode("utf-16-be") + b"\xd8\x00", "<a>\ufffd".encode()),  # half of a pair, as a cut leaves it
        ("<a>".encode("utf-32-le") + b"\0\0\x11\0", "<a>\ufffd".encode()),  # beyond Unicode
        ("<a>".encode("utf-16-le") + b"x", "<a>\ufffd".encode()),
    ],
)
def test_text_becomes_utf8_only_where_its_encoding_is_no_superset_of_ascii(data: bytes, text: bytes) -> None:
    assert ascii_compatible(data) == text


@given(st.binary(max_size=300))
def test_no_bytes_are_too_odd_to_be_searched(data: bytes) -> None:
    for head in (data, b"\x4c\x6f\xa7\x94" + data, b"<!--" + data):
        comment = first_comment(head)

        assert comment is None or all(b"\n" not in line.text for line in comment.lines)
