"""The root of a document, and its flaw, if it has one."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from xml.etree.ElementTree import Element, XMLPullParser, fromstring, tostring

import pytest

from lifestream.parser.strict import document
from lifestream.parser.strict.document import read

Z = "z\n"


def test_a_document_without_a_flaw_is_read_as_it_is() -> None:
    found = read("<rss><channel/></rss>")
    assert found.root is not None and found.root.tag == "rss"
    assert (found.flaw, found.source) == (None, b"<rss><channel/></rss>")


def test_a_mended_flaw_is_reported_and_without_a_root_the_flaw_is_not_mended() -> None:
    mended, broken = read("<rss><channel><title>a & b</title></channel></rss>"), read("<rss><channel></rss>")
    assert mended.root is not None and mended.root.findtext("channel/title") == "a & b"
    assert mended.flaw is not None and mended.flaw.mended
    assert broken.root is None
    assert broken.flaw is not None and not broken.flaw.mended


@pytest.mark.parametrize(
    ("written", "source"),
    [
        ("<!-- c --><rss>a&#0;b</rss>", "<!-- c --><rss>ab</rss>"),
        ("<!-- c --><rss><![CDATA[<!DOCTYPE html>]]></rss>", "<!-- c --><rss><![CDATA[<!DOCTYPE html>]]></rss>"),
        ("<!-- c --><rss>a & b</rss>", "<rss>a &amp; b</rss>"),
    ],
)
def test_only_a_document_that_is_still_ill_formed_without_forbidden_characters_is_mended(
    written: str, source: str
) -> None:
    assert read(written).source.decode() == source


NETSCAPE = '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "rss-0.91.dtd">'


@pytest.mark.parametrize(
    ("start", "is_netscape"), [(NETSCAPE, True), ("<!DOCTYPE rss>", False), ("", False), ("&", False)]
)
def test_only_a_document_with_the_document_type_of_netscape_is_one_of_netscape(start: str, is_netscape: bool) -> None:
    assert read(f"{start}<rss>a</rss>").netscape is is_netscape


def test_entries_after_the_end_of_the_root_are_left_out_and_their_flaw_is_not_mended() -> None:
    found = read("<rss><channel><title>a</title></channel></rss><item><title>b</title></item>")
    assert found.root is not None and [each.text for each in found.root.iter("title")] == ["a"]
    assert found.flaw is not None and not found.flaw.mended


@pytest.mark.parametrize(("nuls", "is_mended"), [("\0", True), ("\0\0", False), ("\0" * 200, False)])
def test_a_flaw_is_not_mended_if_a_part_of_the_document_is_overwritten(nuls: str, is_mended: bool) -> None:
    found = read(f"<rss><channel><item><title>a</title></item>{nuls}<item><title>b</title></item></channel></rss>")
    assert found.root is not None and [each.text for each in found.root.iter("title")] == ["a", "b"]
    assert found.flaw is not None and found.flaw.mended is is_mended


def test_external_entities_that_the_document_declares_are_not_loaded() -> None:
    found = read('<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><title>&x;</title></rss>')
    assert found.root is None or "root:" not in (found.root.findtext("title") or "")
    assert found.flaw is not None


def test_the_encoding_that_a_decoded_document_declares_is_not_believed() -> None:
    found = read('<?xml version="1.0" encoding="iso-8859-1"?><rss>Löwe</rss>')
    assert found.root is not None and found.root.text == "Löwe"


@pytest.mark.parametrize(("written", "text"), [("a &#150; b", "a – b"), ("a \ud800 b", "a \ufffd b")])
def test_a_character_that_is_well_formed_but_meant_otherwise_is_no_flaw(written: str, text: str) -> None:
    found = read(f"<rss>{written}</rss>")
    assert found.root is not None and found.root.text == text
    assert (found.flaw, found.source.decode()) == (None, f"<rss>{text}</rss>")


@pytest.mark.parametrize("lines", [0, 1_000_000], ids=["small", "read in parts"])
def test_a_tree_has_neither_comments_nor_instructions(lines: int) -> None:
    found = read(f"<?x?><!-- y --><rss><!-- z --><channel/><?x?>{Z * lines}</rss>")
    assert found.root is not None
    assert [element.tag for element in found.root.iter()] == ["rss", "channel"]


LINES = "Some words on a line\n" * 10
REFERENCES = "&lt;b&gt;Some&lt;/b&gt; " * 10


@pytest.mark.parametrize(
    ("item", "in_parts"),
    [
        ("<item><title>A day</title><link>/1</link></item>\n", False),
        ("<item>\n<title>A day</title>\n<link>/1</link>\n</item>\n", False),
        (f"<item><description>{LINES}</description></item>", True),
        (f"<item><description>{REFERENCES}</description></item>", True),
    ],
)
def test_a_large_document_is_read_in_parts_if_its_texts_are_long(
    item: str, in_parts: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_in_parts: list[int] = []
    original = document._root_in_parts

    def noted(source: bytes) -> Element | None:
        read_in_parts.append(len(source))
        return original(source)

    text = f"<rss><channel>{item * (120_000 // len(item))}</channel></rss>"
    monkeypatch.setattr(document, "_root_in_parts", noted)
    monkeypatch.setattr(document, "_LARGE", 100_000)

    found = read(text)

    assert bool(read_in_parts) is in_parts
    assert found.root is not None
    assert tostring(found.root) == tostring(fromstring(text))


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The parts in which documents are given to the parser."""
    given: list[bytes] = []

    original = XMLPullParser.feed

    def feed(parser: XMLPullParser[Element], data: bytes) -> None:
        given.append(bytes(data))
        original(parser, data)

    monkeypatch.setattr(XMLPullParser, "feed", feed)
    return given


@pytest.mark.parametrize(("size", "count"), [(1024 * 1024, 0), (1024 * 1024 + 1, 16)])
def test_a_document_of_more_than_a_mebibyte_is_read_in_16_parts(size: int, count: int, parts: list[bytes]) -> None:
    text = "<rss>".ljust(size - 6, "\n") + "</rss>"

    assert read(text).root is not None

    assert len(parts) == count
    assert not parts or b"".join(parts) == text.encode()


@pytest.mark.parametrize(("size", "are_long"), [(15_999, True), (16_000, False)])
def test_texts_are_long_if_their_pieces_take_more_memory_than_their_characters(size: int, are_long: bool) -> None:
    # A reference makes two pieces, the first pieces of two texts do not count, and each other one takes 80 bytes.
    text = "<a>" + "&amp;" * 101
    assert document._has_long_texts((text.ljust(size - 4) + "</a>").encode()) is are_long


@pytest.mark.parametrize("item", [f"<item>{LINES * 10}</item>", f"<item><br/>{LINES * 10}</item>"])
def test_the_pieces_of_texts_do_not_stay_in_memory_if_a_document_is_read_in_parts(item: str) -> None:
    source = f"<rss>{item * 40}</rss>".encode()
    assert _peak(document._root_in_parts, source) < _peak(fromstring, source) / 2


def _peak(read_source: Callable[[bytes], Element | None], source: bytes) -> int:
    """Return how many bytes are in use at most while *source* is read."""
    tracemalloc.start()
    try:
        read_source(source)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_document_that_is_read_in_parts_and_cut_off_has_no_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "_LARGE", 1000)
    found = read(f"<rss><channel><item>{LINES * 10}</item>")
    assert found.root is None
    assert found.flaw is not None and not found.flaw.mended
