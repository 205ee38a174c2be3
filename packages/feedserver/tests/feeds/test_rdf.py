"""The elements in which RSS 1.0 writes the fields of a feed."""

from __future__ import annotations

import pytest

from whole_feed import FEED, said

SAID_IN_RDF = [
    ("rss:channel/@rdf:about", ["https://example.org/feed"]),
    ("rss:channel/rss:title", ["News"]),
    ("rss:channel/rss:link", ["https://example.org/"]),
    ("rss:channel/rss:description", ["All of it"]),
    ("rss:channel/atom:link/@rel", ["self", "next", "hub"]),
    ("rss:channel/dc:language", ["en"]),
    ("rss:channel/dc:rights", ["© all"]),
    ("rss:channel/dc:date", ["2026-11-03T00:00:00Z"]),
    ("rss:channel/sy:updatePeriod", ["hourly"]),
    ("rss:channel/sy:updateFrequency", ["2"]),
    ("rss:channel/rss:items/rdf:Seq/rdf:li/@rdf:resource", ["tag:example.org,2026:1"]),
    ("rss:item/@rdf:about", ["tag:example.org,2026:1"]),
    ("rss:item/rss:title", ["One"]),
    ("rss:item/rss:link", ["https://example.org/1"]),
    ("rss:item/rss:description", ["<p>short</p>"]),
    ("rss:item/content:encoded", ["<p>long</p>"]),
    ("rss:item/dc:date", ["2026-11-01T10:00:00Z"]),
    ("rss:item/dcterms:modified", ["2026-11-02T12:30:00+02:00"]),
    ("rss:item/dc:creator", ["Ada", "Bob"]),
    ("rss:item/dc:subject", ["math"]),
    ("rss:item/dc:rights", ["© Ada"]),
    ("rss:item/media:thumbnail/@url", ["https://example.org/1.png"]),
    ("rss:image/rss:url", ["https://example.org/logo.png"]),
]


@pytest.mark.parametrize(("path", "texts"), SAID_IN_RDF, ids=[path for path, _ in SAID_IN_RDF])
def test_rdf_writes_each_field_in_its_own_element(path: str, texts: list[str]) -> None:
    assert said(FEED, "rdf", path) == texts
