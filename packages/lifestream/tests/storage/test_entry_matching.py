"""The stored item that an entry belongs to: documents are fetched one after the other, and the items that are stored
afterwards are compared. The numbers of rules are those that `scripts/rules.py` prints.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifestream.entry import Enclosure, Entry
from lifestream.storage.entry_matching import Document
from stored_items import DAY, HOME, StoredItems, entry

SAME = ["A", "B"]
FETCHES: dict[str, tuple[list[list[Entry]], list[str]]] = {
    "a guid makes an edit out of a new title, link and date": (
        [[entry("old", "g", "1", 1)], [entry("new", "g", "2", 2)]],
        ["new"],
    ),
    "white space around a guid is no part of it": ([[entry("A", "g")], [entry("A", " g\n")]], ["A"]),
    "guids are compared exactly": ([[entry("A", "g", day=1), entry("B", "G", day=1)]], SAME),
    "rule 34: the same guid on every entry, links tell them apart": (
        [[entry("A", "g", "a"), entry("B", "g", "b")]] * 2,
        SAME,
    ),
    "rule 34: the same guid on every entry, titles tell them apart": (
        [[entry("A", "g"), entry("B", "g")]] * 2,
        SAME,
    ),
    "rule 34: the same guid and the same link on every entry": (
        [[entry("A", "g", "x"), entry("B", "g", "x")]] * 2,
        SAME,
    ),
    "rule 34: the same guid on every entry of a feed that begins with one": (
        [[entry("A", "g", "a")], [entry("B", "g", "b"), entry("A", "g", "a")]],
        SAME,
    ),
    "rule 34: the same guid on every entry, no links, of a feed that begins with one": (
        [[entry("A", "g")], [entry("B", "g"), entry("A", "g")]],
        SAME,
    ),
    "rule 34: the same guid on every entry of a feed that shrinks to one": (
        [[entry("A", "g", "a"), entry("B", "g", "b")], [entry("B", "g", "b")], [entry("A", "g", "a")]],
        SAME,
    ),
    "rule 34: the same guid on every entry, edited where links tell them apart": (
        [[entry("A", "g", "a"), entry("B", "g", "b")], [entry("A2", "g", "a"), entry("B", "g", "b")]],
        ["A2", "B"],
    ),
    "rule 35: a relative guid stays the same when the feed and its links move": (
        [[entry("A", "post/1", "a")], [entry("A", "post/1", "elsewhere/a")]],
        ["A"],
    ),
    "rule 36: a new guid with an old link is the old item": (
        [[entry("A", "1", "a")], [entry("A", "2", "a")]],
        ["A"],
    ),
    "rule 36: and afterwards the new guid is known without the link": (
        [[entry("A", "1", "a")], [entry("A", "2", "a")], [entry("A", "2", "b")]],
        ["A"],
    ),
    "rule 36: not if the old guid is still there": (
        [[entry("A", "1", "a")], [entry("A", "1", "b"), entry("B", "2", "a")]],
        SAME,
    ),
    "rule 36: not if two entries of the document have the link": (
        [[entry("A", "1", "a")], [entry("B", "2", "a"), entry("C", "3", "a")]],
        ["A", "B", "C"],
    ),
    "rule 36: not if two stored items have the link": (
        [[entry("A", "1", "a"), entry("B", "2", "a")], [entry("C", "3", "a")]],
        ["A", "B", "C"],
    ),
    "rule 36: not if the link is the site's home page": (
        [[Entry("1", HOME, "A")], [Entry("2", HOME, "B")]],
        SAME,
    ),
    "all guids and links go from http to https": (
        [
            [Entry(guid="http://example.com/1", link="http://example.com/1/", title="A")],
            [Entry(guid="https://example.com/1", link="https://example.com/1", title="A")],
        ],
        ["A"],
    ),
    "links that differ in http, https or a slash are kept apart if one document has both": (
        [[entry("A", "1", "a"), entry("B", "2", "a/")]] * 2,
        SAME,
    ),
    "links that differ in anything else are different": (
        [[entry("A", "", "a?p=1"), entry("B", "", "a?p=2")]],
        SAME,
    ),
    "a feed learns to give guids": (
        [[entry("A", "", "a")], [entry("A", "g", "a")], [entry("A", "g", "b")]],
        ["A"],
    ),
    "a feed forgets to give guids": ([[entry("A", "g", "a")], [entry("A", "", "a")]] * 2, ["A"]),
    "rule 37: neither guid, link nor date": ([[entry(content="one"), entry(content="two")]] * 3, ["", ""]),
    "rule 37: white space and markup don't make a new entry": (
        [[entry("A  B", content="<p>one\ntwo</p>")], [entry("A B ", content="one <b>two</b>")]],
        ["A B "],
    ),
    "neither guid nor link, but a date: an edit": (
        [[entry("A", day=1, content="one")], [entry("A", day=1, content="two")]],
        ["A"],
    ),
    "neither guid nor link, another date: another entry": (
        [[entry("A", day=1)], [entry("A", day=2)]],
        ["A", "A"],
    ),
    "two entries that differ in their text alone are both kept": (
        [[entry("A", day=1, content="one"), entry("A", day=1, content="two")]] * 2,
        ["A", "A"],
    ),
    "an entry that is repeated is one item": ([[entry("A", "g", "a"), entry("A", "g", "a")]] * 2, ["A"]),
    "two entries with one guid are both kept": (
        [[entry("A", "g", "a"), entry("B", "g", "b"), entry("C", "h")]] * 2,
        ["A", "B", "C"],
    ),
    "guid and link change at once, title and date stay": (
        [[entry("A", "1", "a", 1)], [entry("A", "2", "b", 1)]],
        ["A"],
    ),
    "and afterwards the new ones are known without the old date": (
        [[entry("A", "1", "a", 1)], [entry("A", "2", "b", 1)], [entry("B", "2", "b", 2)]],
        ["B"],
    ),
    "guid and link change at once: not if the old guid is still there": (
        [[entry("A", "1", "a", 1)], [entry("A", "2", "b", 1), entry("B", "1", "c", 1)]],
        SAME,
    ),
    "guid and link change at once: not if the old link is still there": (
        [[entry("A", "1", "a", 1)], [entry("A", "2", "b", 1), entry("B", "3", "a", 1), entry("B", "4", "a", 2)]],
        ["A", "A", "B", "B"],
    ),
    "guid and link change at once: not if two items say the same": (
        [[entry("A", "1", "a", 1), entry("A", "2", "b", 1)], [entry("A", "3", "c", 1)]],
        ["A"] * 3,
    ),
    "guid and link change at once: not without a date": (
        [[entry("A", "1", "a", content="text")], [entry("A", "2", "b", content="text")]],
        ["A", "A"],
    ),
    "rule 37: no guid, no date, and a link that changes with every fetch": (
        [[entry("A", "", f"a?session={fetch}", content="text")] for fetch in range(3)],
        ["A"],
    ),
    "an entry that vanishes from the document stays": ([[entry("A", "1"), entry("B", "2")], [entry("B", "2")]], SAME),
    "an empty document": ([[entry("A", "1")], []], ["A"]),
    "an item is found again beside a new entry that has its link, title and date": (
        [[entry("A", "", "a", 1, "x")], [entry("A", "", "a", 1, "x"), entry("A", "", "a", 1)]],
        ["A", "A"],
    ),
    "rule 34: the same guid on every entry, a link that only one entry has identifies its item": (
        [[entry("B", "g", content="x"), entry("A", "g", "a", 0)], [entry("B", "g", "a", content="x")]],
        ["B", "B"],
    ),
    "a link that two entries have identifies neither": (
        [[entry("B", "", "a", content="x")], [entry("A", "", "a"), entry("B", "g", "a", 0, "x")]],
        ["A", "B", "B"],
    ),
    "rule 34: two entries with the guid of an item that say something else are new items": (
        [[entry("A", "g")], [entry("A", "g", day=0), entry("A", "g", day=1, content="x")]],
        ["A", "A", "A"],
    ),
    "if a feed has guids, the same words without a date may be another entry": (
        [[entry("A", "g", content="x")], [entry("A", content="x")]],
        ["A", "A"],
    ),
    "an entry that had a title only is the same when it gets a guid": ([[entry("A")], [entry("A", "g")]], ["A"]),
    "rule 34: an item that one guid of several has found keeps its key": (
        [
            [entry("B", "g", "a", 1), entry("A", "g", "a", 0, "x")],
            [entry("A", "g", "", 0)],
            [entry("B", "g", "a"), entry("A", "", "a", 1, "x")],
        ],
        ["A", "A", "B", "B"],
    ),
    "an entry without a guid is recognised by its link, not by its content": (
        [[entry("A", "", "a", content="x")], [entry("A", "g", "b", content="x")]],
        ["A", "A"],
    ),
}


@pytest.mark.parametrize("part", [1000, 1], ids=["at once", "entry by entry"])
@pytest.mark.parametrize(("documents", "titles"), FETCHES.values(), ids=FETCHES.keys())
def test_documents_fetched_one_after_the_other_result_in_these_items(
    documents: list[list[Entry]], titles: list[str], part: int
) -> None:
    stored = StoredItems(part)
    for document in documents:
        stored.read(*document)
    assert stored.titles == sorted(titles)


def test_an_item_is_found_even_if_an_earlier_entry_has_its_link() -> None:
    stored = StoredItems()
    stored.read(entry("A", "1", "a", 1))
    # The first entry has only the link of A; the second is A with a new link.
    stored.read(entry("B", "2", "a", 2), entry("A", "1", "b", 1))
    assert stored.items[1][1].title == "A"


def test_the_later_of_two_versions_of_an_entry_is_kept() -> None:
    old, new = (Entry(guid="g", title="A", updated=DAY + timedelta(days=day), author=str(day)) for day in (1, 2))
    for document in ([old, new], [new, old]):
        stored = StoredItems()
        stored.read(*document)
        assert [found.author for _, found in stored.items.values()] == ["2"]


def test_an_entry_that_links_to_the_site_is_recognised_by_the_address_of_its_file() -> None:
    episode = Entry(title="A", link=HOME, enclosures=(Enclosure("https://example.com/1.mp3"),))
    renamed = Entry(title="B", link=HOME, enclosures=(Enclosure("http://example.com/1.mp3"),))
    stored = StoredItems()
    stored.read(episode)
    stored.read(renamed)
    assert stored.titles == ["B"]


def test_a_guid_that_changes_with_every_fetch_adds_nothing() -> None:
    stored = StoredItems()
    for fetch in range(30):
        stored.read(*(entry(f"{n}", f"{fetch}-{n}", f"{n}") for n in range(5)))
    assert len(stored.items) == 5


@pytest.mark.parametrize("order", [(1, 2, 3), (1, 3, 2), (2, 1, 3), (2, 3, 1), (3, 1, 2), (3, 2, 1)])
def test_the_latest_of_three_versions_of_an_entry_is_kept(order: tuple[int, ...]) -> None:
    versions = [Entry(guid="g", title="A", updated=DAY + timedelta(days=day), author=str(day)) for day in order]
    stored = StoredItems()
    stored.read(*versions)
    assert [found.author for _, found in stored.items.values()] == ["3"]


def test_of_versions_without_a_date_the_first_is_kept_unless_another_has_a_date() -> None:
    for dates, kept in (((None, None), "0"), ((None, DAY), "1"), ((DAY, None), "0"), ((DAY, DAY), "0")):
        stored = StoredItems()
        stored.read(*(Entry(guid="g", title="A", updated=date, author=str(n)) for n, date in enumerate(dates)))
        assert [found.author for _, found in stored.items.values()] == [kept]


@pytest.mark.parametrize("part", [1000, 2, 1])
def test_an_entry_whose_item_became_another_one_does_not_stop_the_others(part: int) -> None:
    """The item got the guid of another entry with the same link, but the item kept its key."""
    first = [
        entry("B", day=1, content="y"),
        entry("", "G", "b", 1, "y"),
        entry("B", "g", "a", 1, "x"),
        entry("B", "h", content="x"),
        entry("B", "", "b", 1),
    ]
    second = [
        entry("A", "G", "a", 1, "y"),
        entry("", "g", "a", 1, "y"),
        entry("A", "g", "b", 1, "y"),
        Entry(guid="", link=HOME, title="A", published=DAY + timedelta(days=1), content="x"),
    ]
    stored = StoredItems(part)
    stored.read(*first)
    stored.read(*second)

    stored.read(*first, entry("new", "n"))

    assert "new" in stored.titles


WORDS = st.sampled_from(["", "a", "b"])
ENTRIES = st.lists(st.builds(entry, WORDS, WORDS, WORDS, st.sampled_from([None, 1, 2]), WORDS), max_size=6, unique=True)


@given(st.data(), ENTRIES, st.integers(1, 6))
def test_a_refetch_adds_nothing_whatever_its_order_and_its_length(
    data: st.DataObject, entries: list[Entry], part: int
) -> None:
    stored = StoredItems(part)
    stored.read(*entries)
    count = len(stored.items)
    again = data.draw(st.permutations(entries))
    stored.read(*again[: data.draw(st.integers(0, len(again)))])
    assert len(stored.items) == count


@given(ENTRIES, st.integers(1, 6))
def test_no_entry_of_a_first_document_is_lost(entries: list[Entry], part: int) -> None:
    stored = StoredItems(part)
    stored.read(*entries)
    assert len(stored.items) == len({keys.whole for keys in Document(entries, [HOME]).keys})
