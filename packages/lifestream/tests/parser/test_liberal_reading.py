"""Which reader reads an ill-formed document; test_both_readers.py compares what they read in well-formed ones."""

from __future__ import annotations

import pytest

from lifestream.parser import NotAFeed, liberal, parse
from lifestream.parser.liberal_reading import LiberalReading, is_cut_off
from lifestream.plugins.reading_notes import Notes

ITEM = "<item><title>One</title><link>https://a.example/1</link></item>"
ENTRY = '<entry><title>One</title><link href="https://a.example/1"/></entry>'


@pytest.mark.parametrize(
    "document",
    [
        f'<rss version="2.0"><channel></rss>{ITEM}</channel></rss><',
        f'<feed xmlns="http://www.w3.org/2005/Atom"><channel>{ENTRY}</feed>',
        f'<feed xmlns="http://www.w3.org/2005/Atom"><channel>{ENTRY}{ENTRY}</feed>',
    ],
)
def test_feedparser_reads_an_ill_formed_document_whose_entries_the_strict_reader_does_not_find(document: str) -> None:
    notes = Notes()

    entries = parse(document.encode(), {}, "https://a.example/feed", notes).entries

    assert notes.reader == "liberal"
    assert {(entry.title, entry.link) for entry in entries} == {("One", "https://a.example/1")}


@pytest.mark.parametrize("document", [f"<rss><channel>{ITEM}<x></channel></rss>", f"<feed>{ENTRY}<x></feed>"])
def test_the_strict_reader_reads_an_ill_formed_document_whose_entries_it_finds(document: str) -> None:
    notes = Notes()

    entries = parse(document.encode(), {}, "https://a.example/feed", notes).entries

    assert notes.reader == "strict"
    assert [(entry.title, entry.link) for entry in entries] == [("One", "https://a.example/1")]


URL = "https://a.example/feed"
RSS_1 = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:rss="http://purl.org/rss/1.0/"'


def reading_of(document: str, language: str = "", *, netscape: bool = False) -> LiberalReading:
    return LiberalReading(document.encode(), language, URL, netscape=netscape)


def prefixed(items: str) -> str:
    """Return an ill-formed document whose entries have a prefix, so that their places are not known."""
    return f"<rdf:RDF {RSS_1}><rss:channel><rss:title>T<b></rss:title></rss:channel>{items}"


def prefixed_item(title: str) -> str:
    return f"<rss:item><rss:title>{title}</rss:title></rss:item>"


def test_all_entries_are_damaged_if_the_document_can_not_be_split_into_them() -> None:
    reading = reading_of(prefixed(prefixed_item("One") + prefixed_item("Two")) + "</rdf:RDF>")

    feed = reading.read_in_parts()

    assert (feed.title, [entry.title for entry in feed.entries]) == ("T", ["One", "Two"])
    assert (reading.damaged, reading.cut_off, reading.notes.reader) == ((0, 1), False, "strict")


def test_an_entry_in_which_the_document_ends_is_left_out() -> None:
    for document in (
        prefixed(prefixed_item("One") + prefixed_item("One") + "<rss:item><rss:title>Two"),
        f"<rss><channel><title>T<b></title>{ITEM}{ITEM}<item><title>Two",
    ):
        reading = reading_of(document)

        entries = reading.read_in_parts().entries

        assert [entry.title for entry in entries] == ["One", "One"]
        assert reading.cut_off


def test_a_field_of_the_feed_ends_where_the_next_one_begins() -> None:
    feed = reading_of(f"<rss><channel><title>T<link>https://a.example/</link>{ITEM}<b></channel></rss>").read_in_parts()

    assert (feed.title, feed.link) == ("T", "https://a.example/")


def test_a_usual_prefix_is_known_whatever_its_namespace() -> None:
    item = "<item><title>One</title><dc:creator>Ada</dc:creator></item>"
    document = f'<rss xmlns:dc="https://a.example/"><channel>{item}<b></channel></rss>'

    assert [entry.author for entry in reading_of(document).read_in_parts().entries] == ["Ada"]


@pytest.mark.parametrize("root", ["rss", "html"])
def test_the_notes_say_how_a_date_was_understood(root: str) -> None:
    item = "<item><title>One</title><pubDate>2020-01-02</pubDate></item>"
    reading = reading_of(f"<{root}><channel>{item}<b></channel></{root}>")

    [entry] = reading.read_in_parts().entries

    assert entry.published is not None
    assert reading.notes.dates[entry.published][0] == "2020-01-02"


def test_an_episode_is_read_in_a_document_for_feedparser() -> None:
    item = "<item><title>One</title><podcast:episode>3</podcast:episode></item>"
    [entry] = reading_of(f"<html><channel>{item}<b></channel></html>").read_in_parts().entries

    assert entry.episode is not None and entry.episode.number == "3"


def test_only_entries_that_are_ill_formed_themselves_are_damaged_if_the_document_can_be_split() -> None:
    reading = reading_of(f"<rss><channel>{ITEM}<item><title>Two<b></title></item>{ITEM}</channel></rss>")

    assert [entry.title for entry in reading.read_in_parts().entries] == ["One", "Two", "One"]
    assert (reading.damaged, reading.cut_off) == ((1,), False)


@pytest.mark.parametrize(
    ("document", "reader"),
    [
        ("<rss><channel><title>T</oops></title></channel></rss>", "strict"),
        ("<rss><channel><title>T</title><item><title>One", "strict"),
        (f"<rss><channel><title>T</title><z:x/>{ITEM}<b></channel></rss>", "strict"),
        (f"<html><channel><title>T</title>{ITEM}<b></channel></html>", "liberal"),
        (
            f'<HTML xmlns="http://www.w3.org/1999/xhtml"><rss xmlns=""><channel><title>T</title>{ITEM}<b></HTML>',
            "liberal",
        ),
        (f"<head><rss><channel><title>T</title>{ITEM}<b></channel></rss></head>", "liberal"),
        (f"<body><rss><channel><title>T</title>{ITEM}<b></channel></rss></body>", "liberal"),
        (f"<other><title>T</title>{ITEM}<b></other>", "liberal"),
    ],
)
def test_feedparser_reads_an_ill_formed_document_only_if_it_is_no_feed_for_the_strict_reader(
    document: str, reader: str
) -> None:
    reading = reading_of(document)

    reading.read_in_parts()

    assert reading.notes.reader == reader


@pytest.mark.parametrize("root", ["rss", "html"])
def test_the_language_of_the_answer_is_that_of_a_feed_without_one(root: str) -> None:
    document = f"<{root}><channel>{ITEM}<b></channel></{root}>"
    assert reading_of(document, "de").read_in_parts().language == "de"
    assert reading_of(document).read_in_parts().language == ""


def test_the_document_type_of_netscape_is_known_after_it_was_removed() -> None:
    document = f'<rss version="0.91"><channel>{ITEM}<b></channel></rss>'
    formats = [reading_of(document, netscape=netscape).read_in_parts().format for netscape in (True, False)]
    assert formats == ["rss091n", "rss091u"]


def test_a_document_that_is_read_as_a_whole_is_read_by_feedparser() -> None:
    reading = reading_of(f"<html><channel>{ITEM}</channel></html>")

    assert [entry.title for entry in reading.read_whole().entries] == ["One"]
    assert (reading.damaged, reading.cut_off, reading.notes.reader) == ((), False, "liberal")


def test_what_goes_wrong_in_feedparser_makes_the_document_no_feed(monkeypatch: pytest.MonkeyPatch) -> None:
    error = ValueError("of the document")

    def fail(document: bytes, language: str) -> None:
        raise error

    monkeypatch.setattr(liberal, "read", fail)

    with pytest.raises(NotAFeed) as caught:
        reading_of("<html/>").read_whole()

    assert str(caught.value) == "the parser failed on it: ValueError: of the document"
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("error", [MemoryError, RecursionError])
def test_a_lack_of_memory_is_no_fault_of_the_document(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(document: bytes, language: str) -> None:
        raise error

    monkeypatch.setattr(liberal, "read", fail)

    with pytest.raises(error):
        reading_of("<html/>").read_whole()


@pytest.mark.parametrize(
    ("text", "cut_off"),
    [
        ("<rss>", False),
        ("<item>a", True),
        ("<a:ENTRY b='c'>d", True),
        ("<item>a</item>", False),
        ("<item>a</a:Item\n>", False),
        ("<item>a</item><item>b", True),
        ("<item>a</channel>", False),
        ("<entry>a</b:FEED >", False),
        ("<items>a", False),
    ],
)
def test_a_text_is_cut_off_if_neither_its_last_entry_nor_the_feed_ends(text: str, cut_off: bool) -> None:
    assert is_cut_off(text) is cut_off
