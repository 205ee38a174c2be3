"""The root of a document, and its flaw, if it has one."""

from __future__ import annotations

from xml.etree.ElementTree import Element, fromstring, tostring

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

    def noted(source: bytes) -> Element:
        read_in_parts.append(len(source))
        return original(source)

    text = f"<rss><channel>{item * (120_000 // len(item))}</channel></rss>"
    monkeypatch.setattr(document, "_root_in_parts", noted)
    monkeypatch.setattr(document, "_LARGE", 100_000)

    found = read(text)

    assert bool(read_in_parts) is in_parts
    assert found.root is not None
    assert tostring(found.root) == tostring(fromstring(text))
