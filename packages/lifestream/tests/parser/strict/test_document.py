"""The root of a document, and its flaw, if it has one."""

from __future__ import annotations

import pytest

from lifestream.parser.strict.document import read


def test_a_document_without_a_flaw_is_read_as_it_is() -> None:
    found = read("<rss><channel/></rss>")
    assert found.root is not None and found.root.tag == "rss"
    assert (found.flaw, found.source) == (None, b"<rss><channel/></rss>")


def test_a_mended_flaw_is_reported_and_with_an_unmended_one_there_is_no_root() -> None:
    mended, broken = read("<rss><channel><title>a & b</title></channel></rss>"), read("<rss><channel></rss>")
    assert mended.root is not None and mended.root.findtext("channel/title") == "a & b"
    assert mended.flaw is not None and mended.flaw.mended
    assert broken.root is None
    assert broken.flaw is not None and not broken.flaw.mended


def test_entities_that_the_document_declares_are_not_resolved() -> None:
    found = read('<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><title>&x;</title></rss>')
    assert found.root is None or "root:" not in (found.root.findtext("title") or "")
    assert found.flaw is not None


@pytest.mark.parametrize("size", [0, 2_000_000], ids=["small", "read in parts"])
def test_a_tree_has_neither_comments_nor_instructions(size: int) -> None:
    found = read(f"<?x?><!-- y --><rss><!-- z --><channel/><?x?>{'z' * size}</rss>")
    assert found.root is not None
    assert [element.tag for element in found.root.iter()] == ["rss", "channel"]
