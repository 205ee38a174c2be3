"""Cursors: where a page of a timeline ended, as text and back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lifestream.web.keyset import Cursor


@pytest.mark.parametrize(
    "cursor",
    [
        Cursor(datetime(2026, 11, 26, 12, 0, 0, 123_456, tzinfo=UTC), 7),
        Cursor(datetime(1969, 1, 1, tzinfo=UTC), 10**17),
    ],
)
def test_a_cursor_is_read_as_it_was_written(cursor: Cursor) -> None:
    assert Cursor.parse(str(cursor)) == cursor


@pytest.mark.parametrize("text", ["", "1", "1-", "-1", "a-1", "1-a", "1--1", "1-1 ", "١-1", f"{'9' * 19}-1", "1.5-1"])
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no cursor"):
        Cursor.parse(text)


@pytest.mark.parametrize("text", [f"{'9' * 18}-1", f"-{'9' * 18}-1", "253402300799999999-1", "-62135596800000000-1"])
def test_one_outside_of_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="outside of time"):
        Cursor.parse(text)
