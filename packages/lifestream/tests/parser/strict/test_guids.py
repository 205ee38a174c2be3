"""The id of an entry, and whether it is the link (READING.md, rule 10)."""

from __future__ import annotations

import pytest

from lifestream.entry import Entry
from lifestream.parser import parse


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
def test_a_guid_that_is_said_to_be_a_link_may_be_a_path(attribute: str, guid: str, link: str) -> None:
    assert only(f"<guid {attribute}>{guid}</guid>").link == link


@pytest.mark.reading(10)
def test_an_identifier_of_dublin_core_is_the_id_where_there_is_no_other() -> None:
    assert only("<dc:identifier>doi:10.1000/182</dc:identifier>").guid == "doi:10.1000/182"
    assert only("<dc:identifier>doi:10.1000/182</dc:identifier><guid>1</guid>").guid == "1"
