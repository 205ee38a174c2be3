"""The XML that is written: every character that XML allows, and no other."""

from __future__ import annotations

import json
from itertools import product
from xml.etree import ElementTree as ET

import pytest

from feedserver.feeds import (
    Enclosure,
    Entry,
    Feed,
    FormatName,
    Text,
)
from whole_feed import body, said, tree

XML_NAMES: list[FormatName] = ["rss", "atom", "rdf", "rss091", "atom03"]


def test_a_field_without_a_value_is_not_written() -> None:
    item = tree(Feed(entries=[Entry(title="One")]), "rss").find("channel/item")
    assert item is not None and [(each.tag, each.text) for each in item] == [("title", "One")]


def test_text_has_its_type_in_atom() -> None:
    types = [
        Text("1 < 2"),
        Text("1 &lt; <b>2</b>", "html"),
        Text('<b>1</b> &lt; <svg xmlns="http://www.w3.org/2000/svg" xml:lang="en"/>', "xhtml"),
    ]
    feed = Feed(entries=[Entry(title=text, content=text) for text in types])
    assert said(feed, "atom", "a:entry/a:title/@type") == [None, "html", "xhtml"]
    assert said(feed, "atom", "a:entry/a:content/@type") == [None, "html", "xhtml"]
    assert said(feed, "atom", "a:entry/a:title/html:div/html:b") == ["1"]
    assert said(feed, "atom03", "old:entry/old:title/@mode") == [None, "escaped", "xml"]
    assert said(feed, "rss", "channel/item/title") == [text.value for text in types]
    items = json.loads(body(feed.render("json")))["items"]
    assert [item.get("content_text") for item in items] == ["1 < 2", None, None]


def test_xhtml_keeps_its_whitespace() -> None:
    fragment = "<ul><li>a</li><li>b</li></ul><pre> c\n</pre>"
    document = body(Feed(title=Text(fragment, "xhtml")).render("atom"))
    assert f'<div xmlns="http://www.w3.org/1999/xhtml">{fragment}</div>'.encode() in document


@pytest.mark.parametrize("fragment", ["<b>", "</div><div>", "&nbsp;", '<a b:c="d"/>', "\x00"])
def test_xhtml_that_is_not_well_formed_is_refused(fragment: str) -> None:
    with pytest.raises(ValueError, match=r"no well-formed XHTML .*; write it as html instead"):
        Feed(title=Text(fragment, "xhtml")).render("atom")


def test_an_attribute_of_another_namespace_is_refused() -> None:
    with pytest.raises(ValueError, match="the attribute 'c' of urn:d is not allowed in XHTML; leave it out"):
        Feed(title=Text('<a xmlns:b="urn:d" b:c="e"/>', "xhtml")).render("atom")


@pytest.mark.parametrize("kind", XML_NAMES)
@pytest.mark.parametrize("encoding", ["utf-8", "us-ascii", "shift_jis", "utf-7"])
def test_text_that_is_difficult_to_write_in_xml_survives(kind: FormatName, encoding: str) -> None:
    texts = ["]]>", "a]]>]]>b", "a\rb\r\n", "&amp;<![CDATA[", "ы]]>\rы", "\\~¥‾", "\x85\u2028"]
    for text, cdata in product(texts, [False, True]):
        feed = Feed(title=text, link=f"https://example.org/{text}\t", entries=[Entry(title=text, summary=text)])
        document = body(feed.render(kind, cdata=cdata, encoding=encoding, declaration=False)).decode(encoding)
        root = ET.fromstring(document)
        # The parser gets decoded text, so that it need not know the encoding. It still normalizes line ends.
        found = [each.text for each in root.iter()] + [value for each in root.iter() for value in each.attrib.values()]
        assert found.count(text) == 3, (text, cdata)
        assert f"https://example.org/{text}\t" in found, (text, cdata)


@pytest.mark.parametrize("text", ["\x00", "\x1b", "\ud800", "\ufffe", "\uffff"])
@pytest.mark.parametrize("kind", XML_NAMES)
def test_characters_that_xml_does_not_allow_are_refused(kind: FormatName, text: str) -> None:
    with pytest.raises(
        ValueError, match=rf"/(item|entry)\[2\]/title\[1\] contains U\+{ord(text):04X}, which XML does not allow"
    ):
        Feed(title="News", entries=[Entry(title="One"), Entry(title=f"a{text}")]).render(kind)


def test_an_attribute_is_checked_too() -> None:
    with pytest.raises(ValueError, match=r"channel\[1\]/item\[1\]/enclosure\[1\]/@url contains U\+0007"):
        Feed(entries=[Entry(enclosures=[Enclosure("a\x07")])]).render("rss")
