"""What becomes of the entries of a document: which items they are, whether these were deleted, and how often an item is
rewritten.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from lifestream.entry import Entry
from lifestream.plugins.entry_keys import keys_of
from lifestream.storage.entry_matching import (
    CHURN_FORGIVEN,
    CHURN_LIMIT,
    CHURN_PAUSE,
    Document,
    Known,
    changes_after,
    may_rewrite,
)
from stored_items import DAY, HOME, StoredItems, entry


@pytest.mark.parametrize(
    "again",
    [entry("A", "1", "a"), entry("A2", "1", "b"), entry("A", "2", "a"), entry("A", "", "a")],
    ids=["the same", "edited", "with a new guid", "without its guid"],
)
def test_a_deleted_item_does_not_come_back(again: Entry) -> None:
    stored = StoredItems()
    stored.read(entry("A", "1", "a"), entry("B", "3", "b"))
    stored.delete("A")
    stored.read(again, entry("B", "3", "b"))
    assert (stored.titles, stored.refused) == (["B"], 1)


@pytest.mark.parametrize(
    "moves",
    [
        [entry("A", "2", "b", 1)],
        [entry("A", "", "", 1)],
        [entry("A", "2", "a", 1), entry("B", "2", "b", 2), entry("B", "3", "b", 3)],
        [entry("A", "2", "a", 1), entry("A", "2", "b", 3), entry("A", "4", "c", 3)],
    ],
    ids=["found by its content", "without guid and link", "first another guid, then another link", "step by step"],
)
def test_a_deleted_item_does_not_come_back_with_other_keys(moves: list[Entry]) -> None:
    stored = StoredItems()
    stored.read(entry("A", "1", "a", 1))
    stored.delete("A")
    for moved in moves:
        stored.read(moved)
    assert (stored.titles, stored.refused) == ([], len(moves))


def test_another_entry_with_the_title_of_a_deleted_item_is_accepted_if_the_item_had_no_date_or_text() -> None:
    stored = StoredItems()
    stored.read(entry("", "1", "a"))
    stored.delete("")
    stored.read(entry("", "2", "b"))
    stored.read(entry("Photo", "3", "c"))
    stored.delete("Photo")
    stored.read(entry("Photo", "4", "d"))
    assert stored.titles == ["", "Photo"]


def test_deleting_one_of_many_with_the_same_guid_spares_the_others() -> None:
    stored = StoredItems()
    stored.read(entry("A", "g", "a"), entry("B", "g", "b"))
    stored.delete("A")
    stored.read(entry("A", "g", "a"), entry("B", "g", "b"), entry("C", "g", "c"))
    assert (stored.titles, stored.refused) == (["B", "C"], 1)


def test_a_tombstone_with_two_keys_refuses_two_entries_of_a_document() -> None:
    entries = [entry("A", "g", "a", 1), entry("B", "h", "b", 2)]
    document = Document(entries, [HOME])
    one, two = document.keys
    stones = [
        Known(7, one.guid, one.link, one.content, "g", deleted=True),
        Known(7, two.guid, two.link, two.content, "h", deleted=True),
    ]
    assert [decision.refused for decision in document.decide(range(2), stones)] == [True, True]


def test_an_item_whose_guid_is_in_a_later_part_of_a_document_is_not_matched_with_an_entry_of_the_first_part() -> None:
    keys = keys_of(entry("A", "1", "a"))
    known = Known(7, keys.guid, keys.link, keys.content, "1")
    document = Document([entry("B", "2", "a"), entry("A", "1", "c")])
    [first] = document.decide([0], [known])
    [second] = document.decide([1], [known])
    assert (first.known, second.known) == (None, known)


def test_an_entry_whose_keys_all_belong_to_items_of_other_entries_is_left_out() -> None:
    """An item keeps its key when its entry is edited. Another entry may then have the text that the key was made of."""
    entries = [entry("A", "", "a", content="x"), entry("B", "1", "b"), entry("C", "2", "c"), entry("D", "3", "d")]
    keys = keys_of(entries[0])
    edited = [
        Known(number, key, f"link {number}", f"content {number}", str(number))
        for number, key in enumerate((keys.link, keys.content, keys.whole), 1)
    ]
    document = Document([*entries, entries[3]])
    decisions = document.decide(range(5), edited)
    assert [decision.index for decision in decisions] == [1, 2, 3]
    assert document.left_out(range(5), decisions) == [0]


class TestWhatIsLookedFor:
    """The database is searched only for values that may matter, since a document may have thousands of entries."""

    def test_a_link_of_an_entry_whose_guid_was_not_found(self) -> None:
        document = Document([entry("A", "g", "a"), entry("B", "h", "b"), entry("C", "", "c"), entry("D", "i")], [HOME])
        a, b, c, _ = document.keys
        assert document.links_to_find(range(4), {a.guid}) == {b.link, c.link}
        assert document.links_to_find([1], set()) == {b.link}

    def test_no_link_that_two_entries_have(self) -> None:
        document = Document([entry("A", "g", "a"), entry("B", "h", "a")], [HOME])
        assert document.links_to_find(range(2), set()) == set()

    def test_the_content_of_an_entry_whose_key_and_link_are_unknown(self) -> None:
        entries = [entry("A", "g", "a", 1), entry("B", "h", "b", 1), entry("C", "", "", 1), entry("D", "i", "d", 1)]
        document = Document(entries, [HOME])
        a, b, c, d = document.keys
        known = [Known(1, a.guid, "", "x", "g"), Known(2, "k", b.link, "y", "z")]
        assert document.contents_to_find(range(4), known) == {c.content, d.content}

    def test_no_content_without_a_title_or_with_nothing_but_a_title_or_of_two_entries(self) -> None:
        entries = [entry("A", "g"), entry("B", "h", "b", 1), entry("B", "i", "c", 1), entry("", "k", content="x")]
        assert Document(entries, [HOME]).contents_to_find(range(4), []) == set()

    def test_own_links_and_contents_are_those_that_no_other_entry_of_the_document_has(self) -> None:
        entries = [entry("A", "1", "a", 1), entry("B", "2", "a", 1), entry("B", "3", "c", 1), entry("D", "4")]
        document = Document([*entries, entries[0]], [HOME])
        a, b, c, _, again = document.keys
        assert again == a and a.link == b.link and b.content == c.content
        assert document.own_links(range(5)) == {c.link}
        assert document.own_contents(range(5)) == {a.content}
        assert document.own_links([0, 1, 4]) == document.own_contents([1, 2, 3, 4]) == set()


def test_decisions_that_were_not_stored_are_made_anew() -> None:
    document = Document([entry("A", "1", "a"), entry("B", "2", "b")])
    a, _ = document.keys
    known = Known(7, a.guid, a.link, a.content, "1")
    decisions = document.decide(range(2), [known])
    assert [decision.known for decision in decisions] == [known, None]

    document.undo(decisions)
    assert document.decide(range(2), [known]) == decisions


@pytest.mark.parametrize(
    ("changes", "ago", "allowed"),
    [
        (0, None, True),
        (CHURN_LIMIT - 1, timedelta(0), True),
        (CHURN_LIMIT, timedelta(hours=1), False),
        (CHURN_LIMIT, CHURN_PAUSE, True),
        (CHURN_LIMIT + 99, CHURN_PAUSE, True),
        (CHURN_LIMIT, timedelta(), False),
        (CHURN_LIMIT, -timedelta(days=30), True),
    ],
)
def test_frequent_edits_are_capped(changes: int, ago: timedelta | None, allowed: bool) -> None:
    assert may_rewrite(changes, None if ago is None else DAY - ago, DAY) is allowed


@pytest.mark.parametrize(("ago", "count"), [(None, 1), (timedelta(hours=1), 8), (CHURN_FORGIVEN, 1)])
def test_the_count_of_changes_restarts_after_a_week_without_edits(ago: timedelta | None, count: int) -> None:
    assert changes_after(7, None if ago is None else DAY - ago, DAY) == count


def test_an_entry_may_be_rewritten_24_times_without_a_pause_then_once_a_day() -> None:
    changes, changed, taken = 0, None, 0
    for hour in range(24 * 3 + 1):  # the entry changes each hour
        now = DAY + timedelta(hours=hour)
        if may_rewrite(changes, changed, now):
            changes, changed, taken = changes_after(changes, changed, now), now, taken + 1
    assert taken == 24 + 2
    assert changed is not None
    calm = changed + timedelta(days=7)
    assert changes_after(changes, changed, calm - timedelta(seconds=1)) == changes + 1
    assert changes_after(changes, changed, calm) == 1
