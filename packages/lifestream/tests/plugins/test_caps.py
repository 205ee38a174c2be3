"""Rule 23: untrusted input is kept up to its caps, and what is left out is reported."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from costs import assert_linear
from lifestream.content.sanitizer import Sanitizer
from lifestream.entry import Enclosure, Entry, Episode, Media, ParsedFeed, Person, Source, Transcript
from lifestream.parser.ipc import PREPARED
from lifestream.plugins import FeedPlugin, ItemDraft, caps
from lifestream.plugins.caps import Cap, CapTally, bounded, bounded_feed
from lifestream.plugins.entry_keys import keys_of
from lifestream.plugins.item_pipeline import prepare
from lifestream.wording import worded

SANITIZER = Sanitizer()
MANUAL = Path(__file__).parents[4] / "docs/lifestream/reading.md"
URL = "https://site.example/"


def prepared(entry: Entry, plugin: FeedPlugin | None = None) -> tuple[ItemDraft, tuple[str, ...]]:
    """Return the item that *entry* becomes, and the notes on exceeded caps."""
    found = prepare(ParsedFeed(entries=(entry,)), plugin or FeedPlugin(), SANITIZER)
    return found.items[0], found.capped


@pytest.mark.parametrize(
    ("entry", "cap", "field", "kept"),
    [
        (Entry(title="x" * 2001), caps.TITLE, "title", "x" * 1999 + "…"),
        (Entry(title="x" * 2000), None, "title", "x" * 2000),
        (Entry(author="x" * 1001), caps.AUTHOR, "author", "x" * 999 + "…"),
        (Entry(tags=("x" * 1001, "y")), caps.TAG, "tags", ("x" * 999 + "…", "y")),
        (Entry(tags=tuple(map(str, range(101)))), caps.TAGS, "tags", tuple(map(str, range(100)))),
        (Entry(tags=("a", "b") * 100), None, "tags", ("a", "b")),
        (Entry(link=URL + "x" * 8192), caps.LINK, "link", ""),
        (Entry(link=URL + "é" * 4096), caps.LINK, "link", ""),
        (Entry(link=URL + "x" * 8000), None, "link", URL + "x" * 8000),
        (Entry(language="x" * 101), caps.LANGUAGE, "language", ""),
        (Entry(base=URL + "x" * 2048), caps.BASE, "base", ""),
        (
            Entry(enclosures=tuple(Enclosure(f"{URL}{n}") for n in range(101))),
            caps.ENCLOSURES,
            "enclosures",
            tuple(Enclosure(f"{URL}{n}") for n in range(100)),
        ),
        (Entry(enclosures=(Enclosure(URL + "x" * 8192),)), caps.LINK, "enclosures", ()),
        (Entry(enclosures=(Enclosure(URL, "x" * 256),)), caps.TYPE, "enclosures", (Enclosure(URL),)),
        (
            Entry(media=tuple(Media(f"{URL}{n}") for n in range(101))),
            caps.MEDIA,
            "media",
            tuple(Media(f"{URL}{n}") for n in range(100)),
        ),
        (Entry(media=(Media(URL, title="x" * 2001),)), caps.TITLE, "media", (Media(URL, title="x" * 1999 + "…"),)),
        (Entry(media=(Media(URL, thumbnail=URL + "x" * 8192),)), caps.LINK, "media", (Media(URL),)),
        (
            Entry(media=(Media(URL, description="x" * 4001),)),
            caps.DESCRIPTION,
            "media",
            (Media(URL, description="x" * 3999 + "…"),),
        ),
        (Entry(episode=Episode(season="x" * 1001)), caps.EPISODE, "episode", Episode("x" * 999 + "…")),
        (Entry(episode=Episode("1", chapters=URL + "x" * 8192)), caps.LINK, "episode", Episode("1")),
        (
            Entry(episode=Episode(transcripts=tuple(Transcript(f"{URL}{n}") for n in range(101)))),
            caps.TRANSCRIPTS,
            "episode",
            Episode(transcripts=tuple(Transcript(f"{URL}{n}") for n in range(100))),
        ),
        (
            Entry(episode=Episode(transcripts=(Transcript(URL, "x" * 256),))),
            caps.TYPE,
            "episode",
            Episode(transcripts=(Transcript(URL),)),
        ),
        (
            Entry(episode=Episode(persons=tuple(Person(f"{n}") for n in range(101)))),
            caps.PERSONS,
            "episode",
            Episode(persons=tuple(Person(f"{n}") for n in range(100))),
        ),
        (
            Entry(episode=Episode(persons=(Person("x" * 1001, url=URL),))),
            caps.EPISODE,
            "episode",
            Episode(persons=(Person("x" * 999 + "…", url=URL),)),
        ),
    ],
)
def test_rule_23_a_field_over_its_cap_is_cut_or_dropped_and_that_is_reported(
    entry: Entry, cap: Cap | None, field: str, kept: object
) -> None:
    item, reported = prepared(entry)
    assert getattr(item, field) == kept
    assert reported == ((f"capped once: {cap}",) if cap else ())


@pytest.mark.parametrize(
    ("field", "value", "cap", "kept"),
    [
        ("title", "x" * 2001, caps.TITLE, "x" * 1999 + "…"),
        ("subtitle", "x" * 4001, caps.DESCRIPTION, "x" * 3999 + "…"),
        ("author", "x" * 1001, caps.AUTHOR, "x" * 999 + "…"),
        ("generator", "x" * 1001, caps.GENERATOR, "x" * 999 + "…"),
        ("complaint", "x" * 1001, caps.COMPLAINT, "x" * 999 + "…"),
        ("language", "x" * 101, caps.LANGUAGE, ""),
        *((name, URL + "x" * 8192, caps.LINK, "") for name in ("link", "icon", "self_url", "hub_url")),
    ],
)
def test_rule_23_a_feeds_own_fields_over_their_caps_are_cut_or_dropped(
    field: str, value: str, cap: Cap, kept: str
) -> None:
    tally = CapTally()
    assert getattr(bounded_feed(replace(ParsedFeed(), **{field: value}), tally), field) == kept  # type: ignore[arg-type]
    assert tally.notes == (f"capped once: {cap}",)


@pytest.mark.parametrize(
    ("entry", "cap", "kept"),
    [
        (Entry(source=Source("x" * 2001, URL)), caps.TITLE, Entry(source=Source("x" * 1999 + "…", URL))),
        (Entry(source=Source("x", URL + "x" * 8192)), caps.LINK, Entry(source=Source("x"))),
        (Entry(summary_base=URL + "x" * 2048), caps.BASE, Entry()),
        (Entry(source=Source("x", URL + "x" * 4096), summary_base=URL + "x" * 1024), None, Entry()),
    ],
)
def test_rule_23_what_only_plugins_read_of_an_entry_is_capped_too(entry: Entry, cap: Cap | None, kept: Entry) -> None:
    tally = CapTally()
    assert caps.bounded(entry, tally) == (entry if cap is None else kept)
    assert tally.notes == ((f"capped once: {cap}",) if cap else ())


@pytest.mark.slow
def test_rule_23_a_cap_that_is_exceeded_often_is_reported_once_with_a_count() -> None:
    entries = tuple(Entry(title="x" * 3000, author="y" * 3000) for _ in range(1200))
    assert prepare(ParsedFeed(entries=entries), FeedPlugin(), SANITIZER).capped == (
        f"capped 1200 times: {caps.TITLE}",
        f"capped 1200 times: {caps.AUTHOR}",
    )


def test_rule_23_a_long_guid_is_hashed_and_keeps_the_key_that_it_had() -> None:
    long, other = "g" * 8193, "g" * 8194
    item, reported = prepared(Entry(guid=f" {long}\0 "))
    assert re.fullmatch(r"urn:lifestream:long-guid:[0-9a-f]{64}", item.guid)
    assert keys_of(item).guid == keys_of(Entry(guid=long)).guid
    assert prepared(Entry(guid=other))[0].guid != item.guid
    assert reported == (f"capped once: {caps.GUID}",)
    assert prepared(Entry(guid="g" * 8192)) == (ItemDraft(guid="g" * 8192), ())


@pytest.mark.slow
def test_rule_23_all_episodes_together_keep_at_most_fifty_thousand_persons() -> None:
    persons = tuple(Person(f"Person {number}") for number in range(100))
    entries = (Entry(guid="1", episode=Episode(persons=persons)),) * 1000
    tally = CapTally()
    kept = bounded_feed(ParsedFeed(entries=entries), tally).entries
    assert [entry.episode.persons for entry in kept if entry.episode] == [persons[:50]] * 1000
    assert tally.notes == (f"capped once: {caps.PERSONS_OF_ALL}",)


@pytest.mark.parametrize("oldest_first", [False, True])
def test_rule_23_of_a_long_document_the_latest_entries_are_kept(oldest_first: bool) -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    dates = [noon - timedelta(minutes=number) for number in range(10_050)]
    entries = [Entry(guid=str(number), published=date) for number, date in enumerate(dates)]
    tally = CapTally()
    kept = bounded_feed(ParsedFeed(entries=tuple(entries[:: -1 if oldest_first else 1])), tally).entries
    assert {entry.guid for entry in kept} == {str(number) for number in range(10_000)}
    assert tally.notes == (f"capped once: {caps.ENTRIES}",)


LONG: dict[str, str] = {
    "paragraphs": "<p>some words</p>" * 70_000,
    "open elements": "<b>" + "word " * 300_000,
    "ampersands": "& " * 500_000,
    "links": '<a href="a">b</a>' * 65_000,
    "pictures": '<img src="a">' * 80_000,
    "one tag": "<p>" * 10 + '<a href="' + "x" * 2_000_000,
    "references": "&amp;" * 250_000,
    "no markup": "x" * 1_500_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LONG)
def test_rule_23_a_long_content_is_cut_and_stays_clean_html(name: str) -> None:
    item, reported = prepared(Entry(content=LONG[name], base=URL))
    assert len(item.content) <= caps.CONTENT.limit
    assert len(item.text) <= caps.CONTENT.limit
    assert SANITIZER.html(item.content, URL) == item.content
    assert reported and all(note.endswith(str(caps.CONTENT)) for note in reported)


def test_rule_23_no_tag_or_entity_is_cut_in_two() -> None:
    filler = "x" * (caps.CONTENT.limit - 5)
    assert prepared(Entry(content=f"{filler}&eacute;y"))[0].content == filler
    assert prepared(Entry(content=f'{filler}<img src="{URL}">'))[0].content == filler
    few = "x" * 1000
    assert prepared(Entry(content=f'{few}<img srcset="{URL} 1x, {"a 1x, " * 300_000}'))[0].content == few
    assert prepared(Entry(content=f"{few} <{'x' * 2_000_000}"))[0].content == few
    assert len(prepared(Entry(content=f"{few} < {'x ' * 1_000_000}"))[0].text) > 500_000


@pytest.mark.slow
def test_rule_23_a_long_base_does_not_make_a_long_content() -> None:
    item, reported = prepared(Entry(content='<a href="a">b</a>' * 50_000, base=URL + "x/" * 1000))
    assert 0 < len(item.content) <= caps.CONTENT.limit and reported


@pytest.mark.slow
def test_rule_23_a_long_base_before_each_candidate_of_a_picture_is_counted_too() -> None:
    content = '<p>word</p><img srcset="' + "a 1x, " * 1300 + '">'
    item, reported = prepared(Entry(content=content * 125, base=URL + "x" * 1900 + "/"))
    assert 0 < len(item.content) <= caps.CONTENT.limit
    assert reported  # so the bases were counted, and most of the content was not cleaned


def test_rule_23_commas_between_words_do_not_count_as_addresses() -> None:
    item, reported = prepared(Entry(content="<p>a,</p>" * 10_000, base=URL + "x" * 1900 + "/"))
    assert item.text.count("a,") == 10_000 and not reported


def test_rule_23_only_the_beginning_of_a_long_summary_is_read() -> None:
    item, reported = prepared(Entry(content="<p>c</p>", summary="<b>word</b> " * 80_000))
    assert item.summary.startswith("word word") and len(item.summary) <= 300
    assert reported == (f"capped once: {caps.SUMMARY}",)


class _Generous(FeedPlugin):
    """A plugin that returns far too much."""

    name = "generous"

    def process(self, entry: Entry) -> Entry:
        return replace(entry, title="x" * 10_000, tags=tuple(map(str, range(5000))))

    def post_process(self, draft: ItemDraft) -> None:
        draft.content = "<p>x</p>" * 140_000
        draft.enclosures = tuple(Enclosure(f"{URL}{number}") for number in range(5000))
        draft.card = {"version": 1, "kind": "<script>"}


@pytest.mark.slow
def test_rule_23_what_a_plugin_returns_is_capped_as_well() -> None:
    item, reported = prepared(Entry(guid="1"), _Generous())
    assert (len(item.title), len(item.tags), len(item.enclosures)) == (2000, 100, 100)
    assert len(item.content) <= caps.CONTENT.limit
    assert item.card["kind"] == "article"
    assert [note.partition(": ")[2] for note in reported] == [
        str(cap) for cap in (caps.ENCLOSURES, caps.TAGS, caps.TITLE, caps.CONTENT)
    ]


def test_rule_23_a_plugin_gets_the_capped_values() -> None:
    given: list[Entry] = []

    class Curious(FeedPlugin):
        def pre_process(self, entry: Entry) -> Entry:
            given.append(entry)
            return entry

    prepared(Entry(title="x" * 10_000, content="x" * 2_000_000, tags=("a" * 5000,) * 3), Curious())
    [entry] = given
    assert (len(entry.title), len(entry.content), [len(tag) for tag in entry.tags]) == (2000, 1024 * 1024, [1000])


def test_rule_23_no_emoji_or_accented_letter_is_cut_in_two() -> None:
    family = "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}"
    assert bounded(Entry(title="x" * 1998 + family), CapTally()).title == "x" * 1998 + "…"
    assert bounded(Entry(title="x" * 1998 + "e\N{COMBINING ACUTE ACCENT}y"), CapTally()).title == "x" * 1998 + "…"


def test_an_exceeded_cap_is_reported_in_the_language_of_the_reader() -> None:
    prepared = prepare(ParsedFeed(entries=(Entry(title="x" * 3000),)), FeedPlugin(), SANITIZER)
    (reported,) = PREPARED.unpack(
        json.loads(json.dumps(PREPARED.pack(prepared)))
    ).capped  # as the parser's process sends it
    with translation.override("de"):
        assert worded(reported) == ("einmal begrenzt: ein Titel: höchstens 2.000 Zeichen, der Text wird gekürzt, mit …")


def test_every_cap_is_in_the_manual() -> None:
    assert {*caps.ALL} == {each for each in vars(caps).values() if isinstance(each, Cap)}
    table = [
        [cell.strip() for cell in line.strip("| \n").split("|")]
        for line in MANUAL.read_text("utf-8").partition("## What is kept of a feed\n")[2].splitlines()
        if line.startswith("|")
    ]
    assert [f"{what}: at most {limit}, {beyond}" for what, limit, beyond in table[2:]] == list(map(str, caps.ALL))


# `assert_linear` runs these sizes and four times these sizes. Even then a content is below its cap, though each link in
# it grows to 77 characters.
SIZES: dict[str, tuple[int, Callable[[int], Entry]]] = {
    "enclosures": (10_000, lambda n: Entry(enclosures=tuple(Enclosure(f"{URL}{number}") for number in range(n)))),
    "media": (10_000, lambda n: Entry(media=tuple(Media(f"{URL}{number}") for number in range(n)))),
    "tags": (10_000, lambda n: Entry(tags=tuple(map(str, range(n))))),
    "a title": (500_000, lambda n: Entry(title="x " * n)),
    "a link": (500_000, lambda n: Entry(link=URL + "x" * n)),
    "a guid": (500_000, lambda n: Entry(guid="x" * n)),
    "a content": (30_000, lambda n: Entry(content="<p>a</p>" * n, base=URL)),
    "words in a content": (10_000, lambda n: Entry(content="<p>a <b>b</b> c</p>" * n, base=URL)),
    "links in a content": (3_300, lambda n: Entry(content='<a href="a">b</a>' * n, base=URL)),
}


@pytest.mark.costly
@pytest.mark.parametrize("name", SIZES)
def test_rule_23_capping_takes_linear_time(name: str) -> None:
    size, make = SIZES[name]
    work: Callable[[Any], Any] = prepared
    assert_linear(work, make, size)


@pytest.mark.costly
@pytest.mark.parametrize("piece", ["<p>a <b>b</b> c</p>", '<a href="a">b</a>'])
def test_rule_23_cutting_takes_linear_time(piece: str) -> None:
    work: Callable[[Any], Any] = prepared
    fewest = caps.CONTENT.limit // len(piece) + 1  # a content that is cut costs more than one that is kept whole
    assert_linear(work, lambda n: Entry(content=piece * n, base=URL), fewest)
