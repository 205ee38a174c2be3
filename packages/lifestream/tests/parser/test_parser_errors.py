"""Documents that are no feeds are refused with a reason."""

from __future__ import annotations

import pytest

from lifestream.parser import NotAFeed, parse
from parsed import URL


@pytest.mark.parametrize(
    ("body", "content_type", "reason"),
    [
        (b"", "", "the answer is empty"),
        (b" \r\n\0 ", "", "the answer is empty"),
        (b"&#xD800;", "", "the answer consists of characters that no text has"),
        (b"<!DOCTYPE html><html><body>Hi</body></html>", "text/html", "it is a web page (HTML), not a feed"),
        (b"<!-- x --><HTML><item>not one</item>", "text/xml", "it is a web page (HTML), not a feed"),
        (b"hello", "text/plain", "no RSS, Atom, RDF or JSON Feed was found in it; the server calls it text/plain"),
        (b"/etc/passwd", "", "no RSS, Atom, RDF or JSON Feed was found in it"),
        (b"file:///etc/passwd", "", "no RSS, Atom, RDF or JSON Feed was found in it"),
        (b"<opml version='2.0'/>", "", "no RSS, Atom, RDF or JSON Feed was found in it"),
        (b"\x89PNG\r\n\x1a\n\0\0", "", "no RSS, Atom, RDF or JSON Feed was found in it"),
        (b"{}", "", "it is JSON, but no JSON Feed: that has a version at jsonfeed.org, and items"),
        (b"[1]", "", "it is JSON, but no JSON Feed: that has a version at jsonfeed.org, and items"),
        (b'{"a" "b"}', "", "it looks like JSON, but is not: Expecting ':' delimiter: "),
        (b"[" * 100_000, "", "it is JSON nested too deep"),
        (b'{"a": 1,}' + b"[" * 100_000, "", "it looks like JSON, but is not: "),
        (b'["\t", ' + b"[" * 100_000, "", "it is JSON nested too deep"),
        (b"<rss>" + b"".join(b"<x%d/>" % number for number in range(30_000)) + b"</rss>", "",
         "it has more than 20,000 different names of elements, prefixes and entities"),
    ],
)  # fmt: skip
def test_a_document_that_is_no_feed_is_refused_with_a_reason(body: bytes, content_type: str, reason: str) -> None:
    with pytest.raises(NotAFeed) as raised:
        parse(body, {"content-type": content_type}, URL)

    assert raised.value.reason.startswith(reason)
    assert str(raised.value) == raised.value.reason


def test_a_feed_without_entries_and_title_is_a_feed() -> None:
    assert parse(b'<rss version="2.0"><channel/></rss>', {}, URL).entries == ()
