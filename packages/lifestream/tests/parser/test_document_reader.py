"""The reader of a document: feedparser is imported only for documents that the strict reader can't read or mend."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from lifestream.parser import parse
from lifestream.parser.tag_attributes import LONGEST_NAMESPACE
from lifestream.plugins.reading_notes import Notes
from parsed import URL
from programs import PATIENCE

PROGRAM = """
import json
import sys
from lifestream.parser import NotAFeed, parse
for document in json.load(sys.stdin):
    try:
        parse(document.encode(), {}, "https://feeds.example/")
    except NotAFeed:
        pass
    print("feedparser" in sys.modules)
"""
NULS = "\0" * 40
ITEM = "<rss version='2.0'><channel><item><title>T&nbsp;</title><guid>1</guid></item></channel></rss>"
READ_WITHOUT = [
    ITEM.replace("&nbsp;", ""),
    ITEM,
    f"\n<?xml version='1.0'?>{ITEM}",
    '<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title></feed>',
    '{"version": "https://jsonfeed.org/version/1.1", "items": []}',
    "",
    ITEM.replace("</title>", ""),
    ITEM.replace("<rss version='2.0'>", "<rss version=2.0>"),
]


def test_feedparser_is_imported_only_for_documents_that_it_reads() -> None:
    given = json.dumps([*READ_WITHOUT, "<html><body>a page</body></html>"]).encode()
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, input=given, capture_output=True, timeout=PATIENCE, check=True)

    assert done.stdout.decode().split() == ["False"] * len(READ_WITHOUT) + ["True"]


@pytest.mark.reading(7)
@pytest.mark.parametrize("before", ["", "<b>"], ids=["mended", "read in parts"])
@pytest.mark.parametrize("name", ["item", "entry"])
def test_an_entry_that_goes_on_as_another_one_after_a_gap_is_damaged(name: str, before: str) -> None:
    entries = "".join(
        f"<{name}><title>{key}</title><id>{key}</id><summary>Text {key}</summary></{name}>" for key in "abcd"
    )
    gap = slice(entries.index("ext b"), entries.index("xt c"))
    broken = f"{entries[: gap.start]}{NULS}{entries[gap.stop :]}"
    root = "rss" if name == "item" else "feed"
    found = parse(f"<{root}><title>A</title>{before}{broken}</{root}>".encode(), {}, URL)
    assert [entry.guid for entry in found.entries] == ["a", "b", "d"]
    assert "Txt c" in found.entries[1].summary
    assert found.flaw is not None and found.flaw.damaged == (1,)


@pytest.mark.reading(7)
def test_every_entry_is_damaged_if_it_is_not_certain_which_one_has_the_gap() -> None:
    entry = "<item><title>a</title><guid>a</guid><description><![CDATA[<item >]]></description></item>"
    found = parse(f"<rss><channel>{entry}{NULS}{entry}</channel></rss>".encode(), {}, URL)
    assert found.flaw is not None and found.flaw.damaged == (0, 1)


@pytest.mark.reading(7)
@pytest.mark.parametrize(("before", "behind"), [("", f"{NULS}\n"), (f"{NULS}\n<?xml version='1.0'?>", "")])
def test_no_entry_is_damaged_by_what_is_outside_the_document(before: str, behind: str) -> None:
    document = "<rss><channel><item><title>a</title></item></channel></rss>"
    found = parse(f"{before}{document}{behind}".encode(), {}, URL)
    assert found.flaw is not None and found.flaw.damaged == ()


@pytest.mark.reading(7)
def test_every_entry_is_damaged_by_a_gap_in_the_head_which_may_have_declared_a_namespace() -> None:
    entry = "<item><title>a</title><guid>a</guid></item>"
    found = parse(f"<rss xmlns:a='http://a.ex{NULS}ample/'><channel>{entry}{entry}</channel></rss>".encode(), {}, URL)
    assert found.flaw is not None and found.flaw.damaged == (0, 1)


@pytest.mark.reading(8)
@pytest.mark.parametrize("control", ["\0", "\x08", "\x1f"])
def test_no_entry_is_damaged_by_single_control_characters_that_authors_and_programs_write(control: str) -> None:
    item = "<item><title>\0</title><guid>a\0</guid><link>/a\0</link><pubDate>\0</pubDate><enclosure url='/a\0'/></item>"
    html = "<item><guid>b</guid><description><![CDATA[\0a > b <img alt='\0'>]]></description></item>"
    head = "<title>A\0</title><link>/\0</link><category domain='\0'>c</category>"
    document = f"<rss version='2.0'><channel>{head}{item}{html}</channel></rss>"
    found = parse(document.replace("\0", control).encode(), {}, URL)
    assert found.flaw is not None and (found.flaw.mended, found.flaw.damaged) == (True, ())
    assert [entry.guid for entry in found.entries] == ["a", "b"]


@pytest.mark.reading(7)
def test_a_gap_before_a_root_without_a_declaration_may_have_been_one() -> None:
    entry = "<item><title>a</title><guid>a</guid></item>"
    found = parse(f"\0\0<rss><channel>{entry}{entry}</channel></rss>".encode(), {}, URL)
    assert found.flaw is not None and (found.flaw.mended, found.flaw.damaged) == (False, (0, 1))


@pytest.mark.reading(7)
def test_a_document_with_a_gap_does_not_count_as_whole_although_the_gap_is_in_a_namespace_that_is_cut() -> None:
    root = f"<rss xmlns:a='{'x' * LONGEST_NAMESPACE}{NULS}'>"
    found = parse(f"{root}<channel><title>a & b</title><item><guid>a</guid></item></channel></rss>".encode(), {}, URL)
    assert found.flaw is not None and (found.flaw.mended, found.flaw.damaged) == (False, (0,))


@pytest.mark.reading(7)
@pytest.mark.parametrize(
    ("attributes", "is_mended"),
    [
        ("version=2.0 xmlns:atom=http://www.w3.org/2005/Atom", False),
        ("version=“2.0”", False),
        ("version='2.0', xml:lang='en'", False),
        ("version='2.0' feed", False),
        ("version='2.0' xsi:schemaLocation='urn:a'", True),
        ("version='2.0' xml:base='/index.php?a=1&b=2'", True),
        ("version='2.0'>Notice: Undefined index<a b='&c'/", True),
    ],
)
def test_no_entry_is_damaged_by_a_root_that_is_always_written_wrongly(attributes: str, is_mended: bool) -> None:
    document = f"<rss {attributes}><channel><item><guid>a</guid><title>a</title></item></channel></rss>"
    found = parse(document.encode(), {}, URL)
    assert found.flaw is not None and (found.flaw.mended, found.flaw.damaged) == (is_mended, ())
    assert [entry.guid for entry in found.entries] == ["a"]


@pytest.mark.reading(7)
@pytest.mark.parametrize("is_php", [False, True], ids=["list", "object of PHP"])
def test_an_item_of_json_that_goes_on_as_another_one_after_a_gap_is_damaged(is_php: bool) -> None:
    listed = [{"id": key, "content_text": f"Text {key}"} for key in "abcd"]
    items = json.dumps(dict(enumerate(listed)) if is_php else listed)
    gap = slice(items.index("ext b"), items.index("xt c"))
    broken = (
        f'{{"version": "https://jsonfeed.org/version/1.1", "items": {items[: gap.start]}{NULS}{items[gap.stop :]}}}'
    )
    found = parse(broken.encode(), {}, URL)
    assert [entry.guid for entry in found.entries] == ["a", "b", "d"]
    # The others are not damaged: their changes are stored.
    assert found.flaw is not None and found.flaw.damaged == (1,)


@pytest.mark.reading(7)
def test_every_item_of_json_is_damaged_by_a_gap_in_the_head_which_may_be_the_address_of_the_site() -> None:
    head = f'"version": "https://jsonfeed.org/version/1.1", "home_page_url": "https://site{NULS}example/"'
    found = parse(f'{{{head}, "items": [{{"id": "a", "url": "a"}}, {{"id": "b"}}]}}'.encode(), {}, URL)
    assert found.flaw is not None and found.flaw.damaged == (0, 1)


@pytest.mark.reading(7)
def test_a_damaged_entry_without_an_id_and_a_link_is_left_out_if_others_have_one() -> None:
    found = parse(
        b"<rss><channel><item><guid isPermaLink='false'>a</guid></item><item><title>b<zz></title></item>"
        b"<item><title>c</title></item><item><link>/d</link><title>d</titel></item></channel></rss>",
        {},
        "https://a.example/feed",
    )
    assert [(entry.guid, entry.link, entry.title) for entry in found.entries] == [
        ("a", "", ""),
        ("", "", "c"),
        ("", "https://a.example/d", "d"),
    ]
    assert found.flaw is not None and found.flaw.damaged == (2,)


@pytest.mark.reading(7)
@pytest.mark.parametrize(
    ("items", "kept"),
    [
        ("{a}<item>{id_b}<title>B</ti{a}{b}", ["A", "A", "B"]),
        ("<item><link>/c</link><title>C</ti<item><link>/c</link><title>C</title></item>{b}", ["C", "B"]),
        ("<item>{id_b}<title>one<b></title></item><item>{id_b}<title>two<b></title></item>", ["one", "two"]),
        ("{b}<item>{id_b}<title>one<b></title></item><item>{id_b}<title>two</title></item>", ["B", "one", "two"]),
        ("{a}<item><link>/c<b></link><title>C</title></item>{b}", ["A", "B"]),
    ],
    ids=["guid", "link", "both are damaged", "all entries have one guid", "no guid"],
)
def test_a_damaged_entry_is_left_out_if_it_comes_again_undamaged(items: str, kept: list[str]) -> None:
    id_b = "<guid>b</guid>"
    whole = {"a": "<item><guid>a</guid><title>A</title></item>", "b": f"<item>{id_b}<title>B</title></item>"}
    found = parse(f"<rss><channel>{items.format(**whole, id_b=id_b)}</channel></rss>".encode(), {}, URL)
    assert [entry.title for entry in found.entries] == kept


def _items(*items: tuple[str, str, bool]) -> str:
    """Return an item for each guid (or ""), link (or ""), and whether it is damaged."""
    return "".join(
        f"<item>{guid and f'<guid>{guid}</guid>'}{link and f'<link>{link}</link>'}<title>{number}</title>"
        f"<description>{'<b><i></b>' if is_damaged else ''}</description></item>"
        for number, (guid, link, is_damaged) in enumerate(items)
    )


@pytest.mark.reading(7)
@pytest.mark.parametrize(
    "items",
    [
        _items(("c", "/", True), ("b", "/", True), ("a", "/", False)),
        _items(("b", "/", True), ("a", "/", False)),
        _items(("c", "/topic", True), ("b", "/", False), ("a", "/topic", False)),
        _items(("g", "/c", True), ("g", "/b", True), ("g", "/a", False)),
        _items(("g", "/b", True), ("g", "/a", False)),
        _items(("", "/c", True), ("", "/b", True), ("a", "/a", False)),
        _items(("", "/", True), ("", "/", True), ("", "/", False)),
    ],
    ids=[
        "all episodes link to the site, and most are damaged",
        "both episodes link to the site",
        "two replies link to their topic",
        "all entries have one guid, and most are damaged",
        "both entries have one guid",
        "most are damaged, and one has a guid",
        "most are damaged, and no entry has a guid",
    ],
)
def test_a_damaged_entry_of_a_feed_that_is_always_like_this_is_kept(items: str) -> None:
    """The flaws of some feeds are never mended, so what is left out would never come."""
    found = parse(f"<rss><channel>{items}</channel></rss>".encode(), {}, URL)
    assert [entry.title for entry in found.entries] == [str(number) for number in range(items.count("<item>"))]
    assert found.flaw is not None and found.flaw.damaged


@pytest.mark.reading(7)
def test_a_damaged_item_of_json_is_left_out_if_it_comes_again_undamaged() -> None:
    early = '{"id": "b", "title": "B"}, "url": "/b"}'
    items = f'{{"id": "a"}}, {early}, {{"id": "b", "title": "B", "url": "/b"}}, {{"id": "c"}}'
    found = parse(f'{{"version": "https://jsonfeed.org/version/1.1", "items": [{items}]}}'.encode(), {}, URL)
    assert [(entry.guid, entry.link) for entry in found.entries] == [
        ("a", ""),
        ("b", "https://feeds.example/b"),
        ("c", ""),
    ]


@pytest.mark.reading(7)
def test_a_damaged_entry_is_kept_if_no_entry_has_an_id_or_a_link() -> None:
    body = b"<rss><channel><item><title>b<zz></title></item><item><title>c</title></item></channel></rss>"
    found = parse(body, {}, URL)
    assert [entry.title for entry in found.entries] == ["b<zz>", "c"]
    assert found.flaw is not None and found.flaw.damaged == (0,)


@pytest.mark.reading(7)
@pytest.mark.parametrize(("end", "is_cut_off"), [("", True), ("<zz></item></channel></rss>", False)])
def test_the_complaint_says_whether_the_document_is_cut_off(end: str, is_cut_off: bool) -> None:
    found = parse(f"<rss><channel><item><guid>a</guid></item><item><guid>b</guid>{end}".encode(), {}, URL)
    assert [entry.guid for entry in found.entries] == (["a"] if is_cut_off else ["a", "b"])
    assert ("the document is cut off" in found.complaint) is is_cut_off
    assert found.complaint.startswith("not well-formed at line 1, column ")


def test_a_damaged_feed_without_entries_is_a_feed() -> None:
    found = parse(b"<rss version='2.0'><channel><title>a<b><i></b></title></channel></rss>", {}, URL)
    assert (found.format, found.title, found.entries) == ("rss20", "a", ())


def test_json_after_output_of_a_program_that_looks_like_xml_is_read() -> None:
    body = b'<br>Warning\n{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "a"}]}'
    found = parse(body, {"Content-Type": "application/feed+json"}, URL)
    assert [entry.guid for entry in found.entries] == ["a"]


def test_the_language_of_the_answer_is_used_and_how_dates_were_understood_is_noted() -> None:
    notes = Notes()
    body = b"<rss><channel><item><title>a</title><pubDate>2026-01-02</pubDate></item></channel></rss>"
    found = parse(body, {"Content-Language": "de"}, URL, notes)
    assert found.language == "de"
    assert [written for written, _ in notes.dates.values()] == ["2026-01-02"]


def test_a_prefix_that_the_document_declares_wrongly_has_its_usual_meaning() -> None:
    body = b"<rss xmlns:itunes='urn:a'><channel><item><itunes:author>Ada</itunes:author></item></channel></rss>"
    assert [entry.author for entry in parse(body, {}, URL).entries] == ["Ada"]
