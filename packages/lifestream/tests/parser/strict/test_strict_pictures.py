"""The picture of a feed and of an entry: in an attribute, a child or a text (reading.md, rule 21)."""

from __future__ import annotations

import pytest

from lifestream.entry import ParsedFeed
from lifestream.parser import parse


def read(channel: str = "", item: str = "") -> ParsedFeed:
    namespaces = (
        'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" '
        'xmlns:googleplay="http://www.google.com/schemas/play-podcasts/1.0" '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
    )
    document = f"<rss version='2.0' {namespaces}><channel><title>T</title>{channel}<item>{item}</item></channel></rss>"
    return parse(document.encode(), {}, "https://site.example/feed.xml")


@pytest.mark.reading(21)
@pytest.mark.parametrize(
    "image",
    [
        "<image><url>/a.png</url></image>", "<image>/a.png</image>", '<image url="/a.png"/>', '<image href="/a.png"/>',
        '<image rdf:resource="/a.png"/>', '<itunes:image href="/a.png"/>', "<itunes:image>/a.png</itunes:image>",
        '<googleplay:image href="/a.png"/>',
    ],
)  # fmt: skip
def test_the_address_of_an_image_is_found_wherever_it_is_written(image: str) -> None:
    assert read(channel=image).icon == "https://site.example/a.png"
    assert [medium.thumbnail for medium in read(item=image).entries[0].media] == ["https://site.example/a.png"]


@pytest.mark.reading(21)
def test_the_first_link_of_itunes_to_an_image_is_the_picture() -> None:
    link = '<itunes:link rel="{}" href="{}"/>'
    images = link.format("self", "/f.xml") + link.format("image", "/a.png") + link.format("image", "/b.png")
    for written, pictures in ((images, ["https://site.example/a.png"]), (link.format("self", "/f.xml"), [])):
        assert read(channel=written).icon == "".join(pictures)
        assert [medium.thumbnail for medium in read(item=written).entries[0].media] == pictures


@pytest.mark.reading(21)
def test_thumbnails_are_used_if_there_is_no_other_picture() -> None:
    media = "xmlns:media='http://search.yahoo.com/mrss/'"
    thumbnail = f"<media:thumbnail {media}/><media:thumbnail {media} url='/t.png'/>"
    assert read(channel=thumbnail).icon == "https://site.example/t.png"
    assert read(channel=f"{thumbnail}<image><url>/a.png</url></image>").icon == "https://site.example/a.png"
    for written in ("<thumbnail>/t.png</thumbnail>", "<thumbnail url='/t.png'/>"):
        assert [each.thumbnail for each in read(item=written).entries[0].media] == ["https://site.example/t.png"]
