"""Header fields in the directive of a fault: written, read back, and refused if they cannot be written."""

from __future__ import annotations

import pytest

from feedserver import Headers
from feedserver.faults import Fault, Interim, Trailers, parse
from feedserver.faults.directive_fields import NONE, fields_in_words, one_line_fields, read_fields
from feedserver.messages.headers import HeaderInput


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ([], NONE),
        ([("A", "b")], "A: b"),
        ([("A", "b"), ("A", "c:d"), ("X-B", "")], "A: b & A: c:d & X-B: "),
        ([("A", "ü&x")], "A: ü&x"),
    ],
)
def test_written_fields_are_read_back(fields: list[tuple[str, str]], words: str) -> None:
    headers = Headers(fields)
    assert fields_in_words(headers) == words
    assert read_fields(words) == headers == one_line_fields(headers)


def test_a_field_without_a_colon_is_refused() -> None:
    with pytest.raises(ValueError, match="'B' is no header; write 'Name: value'"):
        read_fields("A: b & B")


def test_a_value_that_would_be_read_as_two_fields_is_refused() -> None:
    with pytest.raises(
        ValueError, match="the value 'a & b' of X would be read as two fields, since ' & ' separates them"
    ):
        one_line_fields({"X": "a & b"})


@pytest.mark.parametrize("fault", [Trailers({"X-Date": "Sun Nov  6 1994"}), Interim(headers={"X-A": "a \t b"})])
def test_blanks_within_a_value_are_read_back(fault: Fault) -> None:
    assert parse(str(fault)) == fault


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("trailers   X-A:  a  &  X-B:  b", Trailers([("X-A", "a"), ("X-B", "b")])),
        ("interim   103   X-A:  a", Interim(103, {"X-A": "a"})),
        ("interim 103  without   headers", Interim(103, ())),
        ("trailers  without   headers", Trailers(())),
    ],
)
def test_blanks_around_names_and_values_do_not_count(written: str, fault: Fault) -> None:
    assert parse(written) == fault


@pytest.mark.parametrize("fields", [{"X": "& b"}, [("X", "a &"), ("Y", "c")]])
def test_an_ampersand_at_the_start_of_a_value_or_before_another_field_is_refused(fields: HeaderInput) -> None:
    with pytest.raises(ValueError, match="would be read as two fields"):
        one_line_fields(fields)


def test_an_ampersand_at_the_end_of_the_last_value_is_read_back() -> None:
    headers = one_line_fields([("X", "a"), ("Y", "b &")])
    assert read_fields(fields_in_words(headers)) == headers
