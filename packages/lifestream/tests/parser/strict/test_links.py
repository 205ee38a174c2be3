"""The links of an entry: which of them is its page."""

from __future__ import annotations

from xml.etree.ElementTree import fromstring

import pytest

from lifestream.parser.strict.links import Link, links_of, other_page, page, related
from lifestream.parser.strict.scope import Scope
from parsed import atom, only_entry, rss


@pytest.mark.parametrize(
    ("item", "link"),
    [
        ("<link>https://a.example/1</link>", "https://a.example/1"),
        ("<link>/1</link>", "https://feeds.example/1"),
        ("<link>1?a=b&amp;amp;c=d</link>", "https://feeds.example/dir/1?a=b&c=d"),
        ("<guid>https://a.example/1</guid>", "https://a.example/1"),
        ("<guid isPermaLink='false'>https://a.example/1</guid>", ""),
        ("<guid>12345</guid>", ""),
        ("<link>http://[half</link>", ""),
        ("<title>No link</title>", ""),
    ],
)
def test_a_link_is_absolute_and_may_be_the_guid(item: str, link: str) -> None:
    assert only_entry(rss(f"<item>{item}</item>")).link == link


def test_an_entry_of_atom_without_an_alternate_link_has_a_related_one() -> None:
    entry = only_entry(
        atom('<link rel="self" href="https://a.example/s"/><link rel="related" href="https://a.example/r"/>')
    )

    assert entry.link == "https://a.example/r"


SITE = "https://a.example"
ATOM = "http://www.w3.org/2005/Atom"
ATOM_03 = "http://purl.org/atom/ns#"
IANA = "http://www.iana.org/assignments/relation"


@pytest.mark.parametrize(
    ("written", "link"),
    [
        ("<link> /x?a=b&amp;amp;c=d </link>", Link(f"{SITE}/x?a=b&c=d", "")),
        ("<link href='/x?a=b&amp;amp;c=d'/>", Link(f"{SITE}/x?a=b&c=d", "")),
        ("<enclosure url='/x' type=' Audio/MPEG ' length='7'/>", Link(f"{SITE}/x", "", "audio/mpeg", "7")),
        ("<link uri='/x'/>", Link(f"{SITE}/x", "")),
        ("<link href='' url='/x'/>", Link(f"{SITE}/x", "")),
        ("<link href='/x' url='/y' uri='/z'>/w</link>", Link(f"{SITE}/x", "")),
        ("<link href='/x' rel=' SELF '/>", Link(f"{SITE}/x", "self")),
        (f"<link href='/x' rel='{IANA}/alternate'/>", Link(f"{SITE}/x", "alternate")),
        (f"<link xmlns='{ATOM}' href='/x'/>", Link(f"{SITE}/x", "alternate")),
        (f"<link xmlns='{ATOM_03}' href='/x'/>", Link(f"{SITE}/x", "alternate")),
        (f"<link xmlns='{ATOM}' href='/x' rel='related'/>", Link(f"{SITE}/x", "related")),
        ("<link xml:base='/d/' href='x'/>", Link(f"{SITE}/d/x", "")),
        ("<enclosure URL='/x' type='audio/mpeg'/>", Link(f"{SITE}/x", "", "audio/mpeg")),
        ("<enclosure src='/x'/>", Link(f"{SITE}/x", "")),
        ("<link><a href='/y'> /x </a></link>", Link(f"{SITE}/x", "")),
        ("<enclosure><url>/x</url><type>audio/mpeg</type></enclosure>", Link(f"{SITE}/x", "")),
        ("<link/>", None),
        ("<link href='http://[half'/>", None),
    ],
)
def test_a_link_is_an_address_with_its_relation_type_and_length(written: str, link: Link | None) -> None:
    assert links_of([fromstring(written)], Scope(f"{SITE}/")) == ([link] if link else [])


def test_the_page_is_the_last_link_of_rss_or_the_first_alternate_that_is_a_page() -> None:
    first, last = Link("first", ""), Link("last", "")
    selfish, feed = Link("self", "self"), Link("feed", "alternate", "application/rss+xml")
    html, xhtml = Link("html", "alternate", "text/html"), Link("xhtml", "alternate", "application/xhtml+xml")

    assert page([first, html, last, selfish]) == "last"
    assert page([selfish, feed, html, xhtml]) == "html"
    assert page([feed, xhtml, html]) == "xhtml"
    assert page([Link("plain", "alternate"), html]) == "plain"
    data, typed = Link("data", "alternate", "application/json"), Link("typed", "alternate", "text/html ; charset=utf-8")
    assert page([data, typed]) == "typed"
    assert page([selfish, feed]) == page([]) == ""


def test_another_page_is_the_first_link_that_has_no_purpose_of_its_own() -> None:
    links = [Link("1", "self"), Link("2", "payment"), Link("3", "related"), Link("4", "via")]

    assert (other_page(links), other_page(links[:2])) == ("3", "")
    assert (related([*links, Link("5", "self")], "self"), related(links, "hub")) == ("1", "")
