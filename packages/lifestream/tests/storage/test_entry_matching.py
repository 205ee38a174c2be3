"""The stored item that an entry belongs to: documents are fetched one after the other, and the items that are stored
afterwards are compared.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifestream.entry import Enclosure, Entry
from lifestream.plugins.entry_keys import keys_of, link_form
from lifestream.storage.entry_matching import (
    CHURN_FORGIVEN,
    CHURN_LIMIT,
    CHURN_PAUSE,
    Document,
    Known,
    changes_after,
    may_rewrite,
)
from stored_items import HOME, StoredItems

DAY = datetime(2024, 5, 1, 12, 30, tzinfo=UTC)


def entry(title: str = "", guid: str = "", link: str = "", day: int | None = None, content: str = "") -> Entry:
    published = None if day is None else DAY + timedelta(days=day)
    return Entry(
        guid=guid,
        link=link and f"https://example.com/{link}",
        title=title,
        published=published,
        content=content,
    )


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


def test_the_first_part_of_a_document_takes_no_item_whose_guid_is_in_a_later_part() -> None:
    keys = keys_of(entry("A", "1", "a"))
    known = Known(7, keys.guid, keys.link, keys.content, "1")
    document = Document([entry("B", "2", "a"), entry("A", "1", "c")])
    [first] = document.decide([0], [known])
    [second] = document.decide([1], [known])
    assert (first.known, second.known) == (None, known)


def test_an_entry_whose_keys_all_belong_to_items_of_other_entries_is_left_out() -> None:
    """An item keeps its key after an edit, so it may have a key that was made of what another entry says now."""
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
    ids=["under its content", "without guid and link", "by its guid, then by its link", "step by step"],
)
def test_a_deleted_item_does_not_come_back_under_another_key(moves: list[Entry]) -> None:
    stored = StoredItems()
    stored.read(entry("A", "1", "a", 1))
    stored.delete("A")
    for moved in moves:
        stored.read(moved)
    assert (stored.titles, stored.refused) == ([], len(moves))


def test_a_deleted_item_without_a_date_refuses_no_other_entry_with_its_title() -> None:
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


def test_the_address_of_a_file_replaces_a_link_to_the_site() -> None:
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


@pytest.mark.parametrize(
    ("link", "form"),
    [
        ("https://Example.com/a/", "//example.com/a"),
        ("http://example.com:80/a", "//example.com/a"),
        ("https://example.com", "//example.com"),
        ("https://example.com/", "//example.com"),
        ("https://example.com/?p=1", "//example.com?p=1"),
        ("https://example.com/a//", "//example.com/a/"),
        ("https://example.com:8080/A#one", "//example.com:8080/A#one"),
        ("tag:example.com,2024:1", "tag:example.com,2024:1"),
        ("http://[broken", "http://[broken"),
        ("http://example.com:99999/", "http://example.com:99999/"),
        ("", ""),
    ],
)
def test_links_are_compared_in_this_form(link: str, form: str) -> None:
    assert link_form(link) == form


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


@pytest.mark.parametrize(
    ("changes", "ago", "allowed"),
    [
        (0, None, True),
        (CHURN_LIMIT - 1, timedelta(0), True),
        (CHURN_LIMIT, timedelta(hours=1), False),
        (CHURN_LIMIT, CHURN_PAUSE, True),
        (CHURN_LIMIT + 99, CHURN_PAUSE, True),
    ],
)
def test_frequent_edits_are_capped(changes: int, ago: timedelta | None, allowed: bool) -> None:
    assert may_rewrite(changes, None if ago is None else DAY - ago, DAY) is allowed


@pytest.mark.parametrize(("ago", "count"), [(None, 1), (timedelta(hours=1), 8), (CHURN_FORGIVEN, 1)])
def test_the_count_of_changes_restarts_after_a_week_without_edits(ago: timedelta | None, count: int) -> None:
    assert changes_after(7, None if ago is None else DAY - ago, DAY) == count


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


class TestWhatIsLookedFor:
    """For a document of thousands of entries, the database is searched only for values that may matter."""

    def test_a_link_of_an_entry_whose_guid_is_not_settled(self) -> None:
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

    def test_no_content_that_is_too_short_or_that_two_entries_have(self) -> None:
        entries = [entry("A", "g"), entry("B", "h", "b", 1), entry("B", "i", "c", 1), entry("", "k", content="x")]
        assert Document(entries, [HOME]).contents_to_find(range(4), []) == set()


def test_a_tombstone_refuses_an_entry_for_each_of_its_keys() -> None:
    entries = [entry("A", "g", "a", 1), entry("B", "h", "b", 2)]
    document = Document(entries, [HOME])
    one, two = document.keys
    stones = [
        Known(7, one.guid, one.link, one.content, "g", deleted=True),
        Known(7, two.guid, two.link, two.content, "h", deleted=True),
    ]
    assert [decision.refused for decision in document.decide(range(2), stones)] == [True, True]


@pytest.mark.parametrize("part", [1000, 2, 1])
def test_an_entry_whose_item_became_another_one_does_not_stop_the_others(part: int) -> None:
    """Its item got the guid of an entry with the same link, but kept its key."""
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
