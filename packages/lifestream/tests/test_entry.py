"""Entries and parsed feeds as values, and whether a document was read completely."""

from __future__ import annotations

import dataclasses

import pytest

from lifestream.entry import Entry, Flaw, ParsedFeed

MENDED = Flaw("undefined entity", 3, 7, mended=True)
DAMAGED = Flaw("mismatched tag", 3, 7, damaged=(1,))


def test_a_feed_without_a_flaw_is_well_formed_and_complete() -> None:
    assert (ParsedFeed().well_formed, ParsedFeed().is_complete) == (True, True)


def test_a_feed_with_a_flaw_is_complete_only_if_the_flaw_was_mended() -> None:
    assert (ParsedFeed(flaw=MENDED).well_formed, ParsedFeed(flaw=MENDED).is_complete) == (False, True)
    assert (ParsedFeed(flaw=DAMAGED).well_formed, ParsedFeed(flaw=DAMAGED).is_complete) == (False, False)


def test_a_flaw_says_where_it_is_and_whether_it_was_mended() -> None:
    assert str(DAMAGED) == "not well-formed at line 3, column 7: mismatched tag"
    assert str(MENDED) == (
        "not well-formed at line 3, column 7: undefined entity (mended: nothing of the document is lost)"
    )


def test_an_entry_is_not_changed_but_replaced() -> None:
    entry = Entry(title="A")
    with pytest.raises(dataclasses.FrozenInstanceError):
        entry.title = "B"  # type: ignore[misc]
    assert dataclasses.replace(entry, title="B") == Entry(title="B")
