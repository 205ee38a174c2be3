"""The id of an entry, and whether it is the link (reading.md, rule 10)."""

from __future__ import annotations

from xml.etree.ElementTree import Element, fromstring

import pytest

from lifestream.entry import Entry
from lifestream.parser import parse
from lifestream.parser.strict.guids import guid_of, is_link


def only(item: str) -> Entry:
    channel = f"<title>T</title><link>https://site.example/</link><item>{item}</item>"
    document = f'<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>{channel}</channel></rss>'
    return parse(document.encode(), {}, "https://feeds.example/1").entries[0]


@pytest.mark.reading(10)
@pytest.mark.parametrize(
    ("attribute", "guid", "link"),
    [
        ('isPermaLink="true"', "2021/08/nets/", "https://site.example/2021/08/nets/"),
        ('ispermalink="TRUE"', "2021/08/nets/", "https://site.example/2021/08/nets/"),
        ("", "2021/08/nets/", ""),
        ('isPermaLink="true"', "12345", ""),
        ('isPermaLink="true"', "urn:nets/1", ""),
        ('isPermaLink="true"', "all about nets/ropes", ""),
        ('isPermaLink="maybe"', "https://site.example/1", "https://site.example/1"),
        ('ispermalink="False"', "https://site.example/1", ""),
    ],
)
def test_a_guid_that_is_marked_as_a_link_may_be_a_path(attribute: str, guid: str, link: str) -> None:
    assert only(f"<guid {attribute}>{guid}</guid>").link == link


@pytest.mark.reading(10)
def test_an_identifier_of_dublin_core_is_the_id_if_there_is_no_other() -> None:
    assert only("<dc:identifier>doi:10.1000/182</dc:identifier>").guid == "doi:10.1000/182"
    assert only("<dc:identifier>doi:10.1000/182</dc:identifier><guid>1</guid>").guid == "1"


@pytest.mark.reading(10)
@pytest.mark.parametrize(
    ("item", "guid"),
    [
        ("<guid> a\n</guid>", "a"),
        ("<guid>a<b>b</b>c</guid>", "abc"),
        ("<guid> </guid><guid>b</guid>", "b"),
        ("<id>i</id><guid>g</guid>", "g"),
        ("<id>i</id>", "i"),
        ("<dc:identifier>d</dc:identifier><id>i</id>", "i"),
        ("<title>t</title>", ""),
    ],
)
def test_the_id_is_the_first_text_in_a_guid_or_else_in_an_id(item: str, guid: str) -> None:
    assert only(item).guid == guid


@pytest.mark.reading(10)
def test_the_id_of_an_item_of_rdf_is_its_about_attribute() -> None:
    rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    item = fromstring(f'<item xmlns:r="{rdf}" r:about=" urn:1 "/>')
    assert guid_of(item, {}) == "urn:1"
    assert guid_of(fromstring('<item about="urn:1"/>'), {}) == "urn:1"
    assert guid_of(fromstring('<item xmlns:r="http://www.w3.org/rdf-syntax-ns" r:about="urn:1"/>'), {}) == "urn:1"
    assert guid_of(fromstring('<item xmlns:s="https://schema.org/" s:about="Nets"/>'), {}) == ""
    assert guid_of(fromstring(f'<item xmlns:r="{rdf}" r:ID="nets"/>'), {}) == "nets"
    assert guid_of(item, {"dc:identifier": [fromstring("<identifier>urn:2</identifier>")]}) == "urn:1"


@pytest.mark.reading(10)
@pytest.mark.parametrize(
    ("attributes", "guid", "is_one"),
    [
        ([], "https://site.example/1", True),
        ([], "/1", True),
        ([], "../1", True),
        ([], "./1", True),
        ([], "?p=1", True),
        ([], "2021/08/", False),
        (["true", "false"], "https://site.example/1", False),
        (["", "true"], "2021/08/", True),
        ([" true "], "2021/08/", True),
    ],
)
def test_a_guid_is_a_link_if_it_looks_like_one_and_no_attribute_denies_it(
    attributes: list[str], guid: str, is_one: bool
) -> None:
    fields = {"guid": [Element("guid", {"isPermaLink": each}) for each in attributes]}
    assert is_link(guid, fields) is is_one
