"""Media RSS, under any prefix."""

from __future__ import annotations

from xml.etree.ElementTree import fromstring

import pytest

from lifestream.entry import Media
from lifestream.parser import parse
from lifestream.parser.strict.media import MOST, EntryMedia, media_of, tags_of
from lifestream.parser.strict.vocabulary import Names
from parsed import only_entry, rss


def test_media_is_found_under_any_prefix_and_in_ill_formed_documents() -> None:
    item = '<m:content url="/a.jpg" type="image/jpeg"/><m:thumbnail url="/t.jpg"/><m:description>M</m:description>'
    body = rss(f"<item>{item}</item>").replace(b"<rss ", b'<rss xmlns:m="http://search.yahoo.com/mrss/" ')
    expected = Media(
        url="https://feeds.example/a.jpg",
        type="image/jpeg",
        thumbnail="https://feeds.example/t.jpg",
        description="M",
    )

    assert only_entry(body).media == (expected,)
    assert only_entry(body.replace(b"</channel>", b"<broken></channel>")).media == (expected,)


def test_a_namespace_that_only_begins_like_that_of_media_rss_is_another() -> None:
    body = b"""<rss version="2.0" xmlns:m="http://search.yahoo.com/mrss/2"><channel><title>T</title><item>
        <guid>1</guid><m:group><m:content url="http://example.com/1"/></m:group></item></channel></rss>"""
    [entry] = parse(body, {}, "https://example.com/feed").entries
    assert (entry.guid, entry.media) == ("1", ())
    [known] = parse(body.replace(b"mrss/2", b"mrss/"), {}, "https://example.com/feed").entries
    assert known.media == (Media("http://example.com/1"),)


def media(inside: str) -> EntryMedia:
    return media_of(fromstring(f'<m:x xmlns:m="http://search.yahoo.com/mrss/">{inside}</m:x>'), Names())


@pytest.mark.reading(21)
@pytest.mark.parametrize(
    ("inside", "found"),
    [
        ("", []),
        ("<m:title>T</m:title>", []),
        ("<m:content url=' /1 ' type=' Audio/MPEG ' fileSize='9' duration='61'/>",
         [Media("/1", "audio/mpeg", length=9, duration=61)]),
        ("<m:content url='/1' medium='IMAGE' fileSize='0'/>", [Media("/1", "image/*")]),
        ("<m:content url='/1' medium='image' type='image/png'/>", [Media("/1", "image/png")]),
        ("<m:content URL='/1'/><m:content url='/2'/>", [Media("/1"), Media("/2")]),
        ("<m:content/><m:content url=' '/><m:content url='/2'/>", [Media("/2")]),
        ("<m:content/><m:content/>", [Media()]),
        ("<m:group><m:content url=' '/><m:content url='/2'/><m:content url='/3'/></m:group>", [Media("/2")]),
        ("<m:thumbnail url='/t'/><m:player url='/p'/>", [Media(thumbnail="/t", player="/p")]),
        ("<m:player url='/p'/>", [Media(player="/p")]),
        ("<m:thumbnail> /t </m:thumbnail><m:thumbnail url='/u'/>", [Media(thumbnail="/t")]),
        ("<m:thumbnail/><m:thumbnail url='/u'/>", [Media(thumbnail="/u")]),
        ("<m:content url='/1'/><m:thumbnail url='/t'/><m:description>D</m:description>",
         [Media("/1", thumbnail="/t", description="D")]),
        ("<m:thumbnail url='/t'/><m:content url='/1'><m:thumbnail url='/u'/></m:content><m:content url='/2'/>",
         [Media("/1", thumbnail="/u"), Media("/2", thumbnail="/t")]),
        ("<m:group><m:content url='/1'/><m:content url='/2' isDefault='True'/></m:group>", [Media("/2")]),
        ("<m:group><m:content url='/1'/><m:content url='/2'/></m:group>", [Media("/1")]),
        ("<m:group><m:title>G</m:title><m:content url='/1'><m:title>C</m:title></m:content></m:group>",
         [Media("/1", title="C")]),
        ("<m:title>E</m:title><m:group><m:title>G</m:title><m:content url='/1'/></m:group>",
         [Media("/1", title="G")]),
        ("<m:title type='html'>&lt;b&gt;A&lt;/b&gt;</m:title><m:content url='/1'/>", [Media("/1", title="A")]),
        ("<m:title type='TEXT/HTML'>&lt;b&gt;A&lt;/b&gt;</m:title><m:content url='/1'/>", [Media("/1", title="A")]),
        ("<m:title> &lt;b&gt; </m:title><m:content url='/1'/>", [Media("/1", title="<b>")]),
        ("<m:content><m:title>T</m:title></m:content><m:content url='/1'/>", [Media(title="T"), Media("/1")]),
    ],
)  # fmt: skip
def test_each_content_or_group_is_one_medium_with_the_elements_around_it(inside: str, found: list[Media]) -> None:
    assert media(inside).media == found


def test_a_title_description_or_player_that_an_entry_lacks_is_that_of_its_first_group_or_content() -> None:
    inside = "<m:content><m:title>T</m:title><m:description>D</m:description></m:content>"
    group = f"<m:group>{inside}<m:player url='/p'/></m:group>"

    assert media(group)[1:4] == ("T", "D", "/p")
    assert media(f"{group}<m:title>E</m:title>")[1:4] == ("E", "D", "/p")
    assert media(f"<m:content/>{group}")[1:4] == ("", "", "")


def test_torrents_and_tags_of_media_are_those_of_the_entry() -> None:
    inside = (
        "<m:peerLink href='/1' type='application/x-bittorrent'/>"
        "<m:category>outside</m:category>"
        "<m:content><m:peerLink>/2</m:peerLink><m:category>a</m:category><m:keywords>b,c</m:keywords></m:content>"
    )
    found = media(inside)

    assert found.torrents == (("/1", "application/x-bittorrent"), ("/2", ""))
    assert found.tags == ("a", "b", "c")


def test_the_number_and_the_depth_of_media_torrents_and_tags_are_limited() -> None:
    many = media("<m:content url='/1'><m:category>a</m:category><m:peerLink href='/2'/></m:content>" * (MOST + 5))
    assert (len(many.media), len(many.tags), len(many.torrents)) == (1000, 1000, 1000)

    def nested(depth: int) -> EntryMedia:
        inner = "<m:content url='/1'><m:title>T</m:title></m:content>"
        return media("<m:group>" * depth + inner + "</m:group>" * depth)

    assert (nested(48).title, nested(49).title) == ("T", "")


@pytest.mark.parametrize(
    ("name", "element", "tags"),
    [
        ("itunes:keywords", "<k>a, b</k>", ["a", " b"]),
        ("keywords", "<k>a,b</k>", ["a", "b"]),
        ("media:keywords", "<k/>", [""]),
        ("itunes:keywords", "<k text='a,b'/>", ["a", "b"]),
        ("category", "<k text='t'/>", ["t"]),
        ("category", "<k>a <b>b</b></k>", ["a <b>b</b>"]),
        ("tags", "<k>a,b</k>", ["a", "b"]),
        ("category", "<k>a,b</k>", ["a,b"]),
        ("category", "<k term='t' label='l'>x</k>", ["l"]),
        ("category", "<k term='t'>x</k>", ["t"]),
        ("category", "<k/>", [""]),
    ],
)
def test_tags_are_words_between_commas_or_one_name(name: str, element: str, tags: list[str]) -> None:
    assert tags_of(fromstring(element), name) == tags
