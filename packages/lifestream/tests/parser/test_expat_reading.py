"""A document that was read leaves nothing in memory, although no garbage is collected meanwhile."""

from __future__ import annotations

from contextlib import suppress
from xml.parsers import expat

import pytest

from garbage import left_behind
from lifestream.parser import parse
from lifestream.parser.expat_reading import read_to_end

LINES = "Some &amp; words\n" * 20  # a document with many lines is read in parts
ITEM = f"<item><title>A day</title><link>/1</link><description>{LINES}</description></item>"
ITEMS = ITEM * 300
DOCUMENTS = {
    "well-formed": f"<rss><channel>{ITEMS}</channel></rss>",
    "mended": f"<rss><channel><title>a & b</title>{ITEMS}</channel></rss>more",
    "ill-formed at its start": f"<rss><channel><b><i></b></i>{ITEMS}</channel></rss>",
    "ill-formed at its end": f"<rss><channel>{ITEMS}<item><title>a<b></title></item></channel></rss>",
    "cut off": f"<rss><channel>{ITEMS}<item><title>a",
    "of an unknown root": f"<rssfeed><channel>{ITEMS}</channel></rssfeed>",
    "of an unknown root, ill-formed at its start": f"<rssfeed><channel><b><i></b></i>{ITEMS}</channel></rssfeed>",
    "of an unknown root, ill-formed at its end": f"<rssfeed><channel>{ITEMS}<b><i></b></i></channel></rssfeed>",
    "no feed": f"<html><body>{ITEMS}<b><i></b></i></body></html>",
    "JSON": '{"version": "https://jsonfeed.org/version/1.1", "items": [' + '{"id": "1"},' * 5000 + "{}]}",
}


@pytest.mark.slow
@pytest.mark.parametrize("body", [text.encode() for text in DOCUMENTS.values()], ids=list(DOCUMENTS))
def test_a_document_leaves_nothing_for_the_garbage_collector(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lifestream.parser.strict.document._LARGE", 10_000)
    parse(
        b"<rss><channel><b><i></b></i><item/></channel></rssfeed>", {}, "https://site.example/feed"
    )  # imports what is imported late

    assert left_behind(lambda: parse(body, {}, "https://site.example/feed")) < 20_000


@pytest.mark.parametrize("document", [b"<a><b/></a>", b"<a><b></a>"])
def test_a_parser_has_no_handlers_after_a_document(document: bytes) -> None:
    parser = expat.ParserCreate("utf-8")
    names: list[str] = []
    parser.StartElementHandler = lambda name, _: names.append(name)

    with suppress(expat.ExpatError):
        read_to_end(parser, document)

    assert names == ["a", "b"]
    assert parser.StartElementHandler is None


def test_a_document_that_is_cut_off_is_ill_formed() -> None:
    with pytest.raises(expat.ExpatError, match="no element found"):
        read_to_end(expat.ParserCreate("utf-8"), b"<a><b/>")
