"""RSS 1.0: the elements of the format and its modules for a feed and an entry, in a fixed order."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from feedserver.feeds import Category, Entry, Feed, Person

ENTRY = Entry(
    title="One",
    link="https://example.org/1",
    id="urn:1",
    summary="short",
    content="<p>long</p>",
    published=datetime(2026, 11, 1, 10, tzinfo=UTC),
    updated=datetime(2026, 11, 2, 12, 30, tzinfo=UTC),
    authors=[Person("Ada"), Person("Bob")],
    categories=[Category("math")],
    image="https://example.org/1.png",
    rights="© Ada",
    language="de",
)
FEED = Feed(
    title="News",
    link="https://example.org/",
    url="https://example.org/feed",
    subtitle="All of it",
    language="en",
    rights="© all",
    updated=datetime(2026, 11, 3, tzinfo=UTC),
    authors=[Person("Eve")],
    categories=[Category("news")],
    image="https://example.org/logo.png",
    update_period="hourly",
    update_frequency=2,
    entries=[ENTRY, Entry(link="https://example.org/2")],
)
CHANNEL = """\
<channel rdf:about="https://example.org/feed">
<title>News</title>
<link>https://example.org/</link>
<description>All of it</description>
<atom:link rel="self" href="https://example.org/feed"/>
<dc:language>en</dc:language>
<dc:rights>© all</dc:rights>
<dc:date>2026-11-03T00:00:00Z</dc:date>
<dc:creator>Eve</dc:creator>
<dc:subject>news</dc:subject>
<sy:updatePeriod>hourly</sy:updatePeriod>
<sy:updateFrequency>2</sy:updateFrequency>
<image rdf:resource="https://example.org/logo.png"/>
<items>
<rdf:Seq>
<rdf:li rdf:resource="urn:1"/>
<rdf:li rdf:resource="https://example.org/2"/>
</rdf:Seq>
</items>
</channel>
<image rdf:about="https://example.org/logo.png">
<url>https://example.org/logo.png</url>
<title>News</title>
<link>https://example.org/</link>
</image>
"""
ITEMS = """\
<item rdf:about="urn:1">
<title>One</title>
<link>https://example.org/1</link>
<description>short</description>
<content:encoded>&lt;p&gt;long&lt;/p&gt;</content:encoded>
<dc:creator>Ada</dc:creator>
<dc:creator>Bob</dc:creator>
<dc:subject>math</dc:subject>
<dc:date>2026-11-01T10:00:00Z</dc:date>
<dcterms:modified>2026-11-02T12:30:00Z</dcterms:modified>
<dc:rights>© Ada</dc:rights>
<dc:language>de</dc:language>
<media:thumbnail url="https://example.org/1.png"/>
</item>
<item rdf:about="https://example.org/2">
<link>https://example.org/2</link>
</item>
"""


def lines(feed: Feed) -> list[str]:
    """Return the lines of the document, without their indentation, the declaration and the root element."""
    body = feed.render("rdf").body
    assert isinstance(body, bytes)
    return [line.strip() for line in body.decode().splitlines()[2:-1]]


def test_fields_are_written_as_elements_in_a_fixed_order() -> None:
    assert lines(FEED) == (CHANNEL + ITEMS).splitlines()


def test_fields_without_a_value_are_left_out() -> None:
    assert lines(Feed(title="News", link="https://example.org/")) == [
        '<channel rdf:about="https://example.org/">',
        "<title>News</title>",
        "<link>https://example.org/</link>",
        "<items>",
        "<rdf:Seq/>",
        "</items>",
        "</channel>",
    ]


def test_elements_without_a_prefix_are_those_of_rss_1() -> None:
    body = FEED.render("rdf").body
    assert isinstance(body, bytes)
    written = set(re.findall(r"<(\w+)[ >]", body.decode()))
    namespace = "{http://purl.org/rss/1.0/}"
    read = {element.tag.removeprefix(namespace) for element in ET.fromstring(body).iter() if namespace in element.tag}
    assert read == written == {"channel", "description", "image", "item", "items", "link", "title", "url"}
