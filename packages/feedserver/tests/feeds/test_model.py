"""A feed as a value: what it takes and what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from feedserver.feeds import (
    Entry,
    Feed,
)
from whole_feed import ENTRY, FEED, body, said


def test_an_id_is_made_for_formats_that_require_one() -> None:
    linked, bare = Entry(title="One", link="https://example.org/1"), Entry(title="One")
    feed = Feed(entries=[linked, bare])
    ids = said(feed, "atom", "a:entry/a:id")
    assert ids == [linked.identity, bare.identity] == ["https://example.org/1", bare.identity]
    assert bare.identity.startswith("urn:uuid:") and bare.identity == replace(bare).identity
    assert said(feed, "rdf", "rss:item/@rdf:about") == ids
    assert [item["id"] for item in json.loads(body(feed.render("json")))["items"]] == ids


def test_a_guid_that_is_the_link_is_a_permalink() -> None:
    link = "https://example.org/1"
    assert said(Feed(entries=[Entry(link=link, id=link)]), "rss", "channel/item/guid/@isPermaLink") == ["true"]


def test_in_atom_the_date_of_publication_stands_in_for_a_missing_date_of_update() -> None:
    published = datetime(2026, 11, 1, tzinfo=UTC)
    feed = Feed(entries=[Entry(published=published)])
    assert said(feed, "atom", "a:entry/a:updated") == said(feed, "atom", "a:updated") == ["2026-11-01T00:00:00Z"]


def test_a_date_needs_a_time_zone() -> None:
    with pytest.raises(
        ValueError, match=r"published=datetime.datetime\(2026, 11, 1, 0, 0\) has no time zone; say which"
    ):
        Entry(published=datetime(2026, 11, 1))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Feed(entries=["abc"]), r"Feed\(entries=\[…\]\) takes a sequence of Entry, not \['abc'\]"),  # type: ignore[list-item]
        (lambda: Entry(authors=["Ada"]), r"Entry\(authors=\[…\]\) takes a sequence of Person, not \['Ada'\]"),  # type: ignore[list-item]
        (lambda: Feed(hubs="https://hub.example"), r"Feed\(hubs=\[…\]\) takes a sequence of str, not 'https:"),
        (lambda: Feed(entries=ENTRY), r"Feed\(entries=\[…\]\) takes a sequence of Entry, not Entry\("),  # type: ignore[arg-type]
        (lambda: Feed(entries=None), r"Feed\(entries=\[…\]\) takes a sequence of Entry, not None"),  # type: ignore[arg-type]
        (lambda: Feed(entries=[ENTRY, "abc"]), r"takes a sequence of Entry, not \['abc'\]$"),  # type: ignore[list-item]
        (
            lambda: Entry(published=date(2026, 11, 1)),  # type: ignore[arg-type]
            r"Entry\(published=…\) takes a datetime with its time zone, or text .*, not datetime\.date\(2026, 11, 1\)",
        ),
        (
            lambda: FEED.render("rss", encodng="utf-16"),  # type: ignore[call-arg]
            "encodng is no option of a feed's document; there are encoding, bom",
        ),
    ],
)
def test_arguments_of_a_wrong_type_or_name_are_refused(make: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        make()


def test_entries_may_come_from_a_generator() -> None:
    feed = Feed(entries=(Entry(title=title) for title in ("One", "Two")))  # type: ignore[arg-type]
    assert [entry.title for entry in feed.entries] == ["One", "Two"]
    assert said(feed, "rss", "channel/item/title") == ["One", "Two"]


def test_a_feed_is_a_value() -> None:
    assert hash(FEED) == hash(replace(FEED)) and FEED.entries == (ENTRY,)
