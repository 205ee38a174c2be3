"""Which reader reads an ill-formed document; test_both_readers.py compares what they read in well-formed ones."""

from __future__ import annotations

import pytest

from lifestream.parser import parse
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
