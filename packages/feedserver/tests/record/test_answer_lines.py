"""The parts of an answer are found from its lines alone."""

from __future__ import annotations

import pytest

from feedserver.record.answer_lines import AnswerLines, lengths_in

CHUNKED = [b"HTTP/1.1 200 OK\r\n", b"A: b\r\n", b"\r\n", b"5\r\n", b"0\r\n"]


@pytest.mark.parametrize(
    ("lines", "interim", "head", "after"),
    [
        ([], 0, 0, 0),
        ([b"HTTP/1.1 200 OK\r\n"], 0, 1, 0),
        (CHUNKED, 0, 3, 2),
        ([b"HTTP/1.1 103 A\r\n", b"\r\n", b"HTTP/1.1 100 \n", b"X: y\n", b"\n", *CHUNKED], 2, 3, 2),
        ([b"HTTP/1.1 101 A\r\n", b"\r\n"], 0, 2, 0),
        ([b"nonsense\r\n", b"\r\n"], 0, 2, 0),
    ],
)
def test_an_answer_is_divided_into_its_parts(lines: list[bytes], interim: int, head: int, after: int) -> None:
    parts = AnswerLines.of(lines)
    assert (len(parts.interim), len(parts.head), len(parts.after)) == (interim, head, after)


def test_trailers_begin_after_the_last_chunk() -> None:
    assert AnswerLines.of([*CHUNKED, b"X-A: b\r\n", b"X-C : d\r\n", b"\r\n"]).trailers == ("X-A", "X-C")
    assert AnswerLines.of([*CHUNKED, b"\r\n"]).trailers == ()
    assert AnswerLines.of(CHUNKED[:-1]).trailers == ()


def test_only_the_names_of_folded_fields_and_trailers_are_told() -> None:
    parts = AnswerLines.of([*CHUNKED, b"X-A: b\r\n", b" secret\r\n", b"secret\r\n", b"\tsecret: b\r\n", b"\r\n"])
    assert parts.trailers == ("X-A", "a line without a colon")
    head = [CHUNKED[0], b"X-A: b\r\n", b" secret\r\n", b"secret\r\n", b"\tsecret: b\r\n", b"\r\n"]
    assert AnswerLines.of(head).folded == ("X-A", "a line without a colon")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], ()),
        (["5"], ("5",)),
        (["5", "5"], ("5",)),
        (["5, 5"], ("5",)),
        (["5", "6"], ("5", "6")),
        (["5,"], ("5", "")),
    ],
)
def test_lengths_that_are_equal_are_returned_once(values: list[str], expected: tuple[str, ...]) -> None:
    assert lengths_in(values) == expected
