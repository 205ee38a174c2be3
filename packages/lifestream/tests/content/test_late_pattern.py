"""Regular expressions that are compiled when they are first used."""

from __future__ import annotations

import copy
import re

import pytest

from lifestream.content.late_pattern import late


def test_a_late_pattern_matches_as_a_compiled_pattern_does() -> None:
    pattern = late(r"(\w+)@(\w+)", re.ASCII | re.IGNORECASE)
    compiled = re.compile(r"(\w+)@(\w+)", re.ASCII | re.IGNORECASE)

    for _ in range(2):  # the first use of a method stores it for the second
        assert pattern.sub(r"\2", "a@b é@c") == compiled.sub(r"\2", "a@b é@c")
        assert pattern.fullmatch("A@B").groups() == ("A", "B")  # type: ignore[union-attr]
        assert [match.span() for match in pattern.finditer("a@b c@d")] == [(0, 3), (4, 7)]
    assert (pattern.pattern, pattern.flags, pattern.groups) == (compiled.pattern, compiled.flags, compiled.groups)


def test_a_late_pattern_of_bytes_searches_bytes() -> None:
    assert late(rb"[\x80-\xff]").search(b"a\xe9") is not None


def test_a_wrong_late_pattern_raises_at_its_first_use() -> None:
    pattern = late("(")

    with pytest.raises(re.error, match="missing \\)"):
        pattern.search("")


def test_a_late_pattern_can_be_copied_before_its_first_use() -> None:
    assert copy.deepcopy(late("a+")).match("aab").group() == "aa"  # type: ignore[union-attr]


def test_an_attribute_that_no_compiled_pattern_has_is_an_error() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        late("a").nothing  # type: ignore[attr-defined]  # noqa: B018
