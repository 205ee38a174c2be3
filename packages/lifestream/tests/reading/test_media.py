"""reading.md rules 21 to 23: everything that can be seen, heard or downloaded is shown once, and what is cut is
reported.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from lifestream.content import item_card
from lifestream.content.item_card import File, ItemCard, Picture, Sound
from lifestream.content.sanitizer import Sanitizer
from lifestream.entry import Enclosure, Entry, Episode, Media, ParsedFeed, Person, Transcript
from lifestream.parser import parse
from lifestream.plugins import caps
from lifestream.plugins.base import ItemDraft
from lifestream.plugins.generic import GenericPlugin
from lifestream.plugins.item_pipeline import Prepared, prepare
from shown import make_post, make_site

A = "https://a.example/"
NAMESPACES = " ".join(
    f'xmlns:{prefix}="{uri}"'
    for prefix, uri in {
        "content": "http://purl.org/rss/1.0/modules/content/",
        "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
        "media": "http://search.yahoo.com/mrss/",
        "podcast": "https://podcastindex.org/namespace/1.0",
    }.items()
)


def rss(item: str, channel: str = "") -> bytes:
    head = f"<title>T</title><link>{A}</link>{channel}"
    return f'<rss version="2.0" {NAMESPACES}><channel>{head}<item>{item}</item></channel></rss>'.encode()


def read(body: bytes) -> Prepared:
    return prepare(parse(body, {}, f"{A}feed"), GenericPlugin(), Sanitizer())


def item(body: bytes) -> ItemDraft:
    [found] = read(body).items
    return found


def card(body: bytes) -> ItemCard:
    return item_card.of(item(body))


# 21: sounds, films and files


@pytest.mark.reading(21)
def test_files_of_media_are_shown_like_those_of_enclosures() -> None:
    found = card(
        rss(
            "<title>T</title>"
            '<media:content url="/1.mp3" type="audio/mpeg" fileSize="9" duration="61"/>'
            '<media:content url="/2" medium="audio"/>'
            '<media:content url="/3.pdf" type="application/pdf" fileSize="2048"/>'
            '<media:content url="/4.mp4" type="video/mp4" duration="3723"><media:thumbnail url="/4.jpg"/>'
            "</media:content>"
            '<media:content url="/5" medium="document"/><media:content url="/6.epub"/>'
            '<enclosure url="/7.zip" type="application/zip" length="5"/>'
        )
    )
    assert found.sounds == (Sound(f"{A}1.mp3", "audio/mpeg", "1:01"), Sound(f"{A}2", "audio/*"))
    assert found.films == (Sound(f"{A}4.mp4", "video/mp4", "1:02:03", f"{A}4.jpg"),)
    assert found.files == (
        File(f"{A}7.zip", "7.zip", "application/zip", 5),
        File(f"{A}3.pdf", "3.pdf", "application/pdf", 2048),
        File(f"{A}5", "5", "document/*"),
        File(f"{A}6.epub", "6.epub"),
    )
    assert found.pictures == ()  # the film's picture is its poster


@pytest.mark.reading(21)
def test_a_file_that_is_named_twice_is_shown_once_with_the_properties_of_both() -> None:
    found = card(
        rss(
            '<enclosure url="/1.mp3" type="audio/mpeg" length="9"/><media:content url="/1.mp3" duration="61"/>'
            '<enclosure url="/2.jpg" type="image/jpeg"/><media:content url="/2.jpg"><media:title>Sea</media:title>'
            '</media:content><enclosure url="/3.pdf"/><media:content url="/3.pdf" type="application/pdf"/>'
        )
    )
    assert found.sounds == (Sound(f"{A}1.mp3", "audio/mpeg", "1:01"),)
    assert found.pictures == (Picture(f"{A}2.jpg", "Sea"),)
    assert found.files == (File(f"{A}3.pdf", "3.pdf", "application/pdf"),)


@pytest.mark.reading(21)
def test_a_file_without_a_type_is_recognised_by_its_name() -> None:
    found = card(
        rss(
            '<enclosure url="/a.MP3?x=1"/><enclosure url="/b.ogv" type="application/octet-stream"/>'
            '<media:content url="/c.webp"/><enclosure url="/d"/>'
        )
    )
    assert [
        *(each.url for each in found.sounds),
        *(each.url for each in found.films),
        *(each.url for each in found.pictures),
        *(each.url for each in found.files),
    ] == [
        f"{A}a.MP3?x=1",
        f"{A}b.ogv",
        f"{A}c.webp",
        f"{A}d",
    ]


@pytest.mark.reading(21)
def test_pages_and_players_are_no_files() -> None:
    found = card(
        rss(
            f"<title>T</title><link>{A}watch</link>"
            '<media:content url="https://www.youtube.com/v/abcdefghijk" type="application/x-shockwave-flash"/>'
            '<media:content url="/embed" type="text/html"/><media:content url="/watch"/><media:content url="/huh"/>'
        )
    )
    assert found.files == ()
    assert found.player.startswith("https://www.youtube-nocookie.com/embed/abcdefghijk")


@pytest.mark.reading(21)
def test_attachments_of_json_are_shown() -> None:
    attachments = [
        {"url": f"{A}1.m4a", "mime_type": "audio/x-m4a", "duration_in_seconds": 61},
        {"url": f"{A}2.pdf", "mime_type": "application/pdf", "size_in_bytes": 2048},
        {"url": f"{A}3.png", "mime_type": "image/png"},
    ]
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "T", "items": [{"id": "1"}]}
    feed["items"][0]["attachments"] = attachments  # type: ignore[index]
    found = card(json.dumps(feed).encode())
    assert found.sounds == (Sound(f"{A}1.m4a", "audio/x-m4a", "1:01"),)
    assert found.files == (File(f"{A}2.pdf", "2.pdf", "application/pdf", 2048),)
    assert found.pictures == (Picture(f"{A}3.png"),)


# 21: pictures

BLOGGER = "https://blogger.googleusercontent.com/img/b/R29v"


@pytest.mark.reading(21)
def test_the_best_picture_is_shown_instead_of_its_thumbnail() -> None:
    thumbnail = f'<media:thumbnail url="{BLOGGER}/s72-c/cat.jpg" height="72" width="72"/>'
    image = f'&lt;img src="{BLOGGER}/w640-h480/cat.jpg"&gt;'
    found = card(rss(f"<title>T</title><description>&lt;p&gt;Cat {image}</description>{thumbnail}"))
    assert (found.kind, found.pictures) == ("article", ())
    assert found.lead == Picture(f"{BLOGGER}/w640-h480/cat.jpg")
    other = card(rss(f"<title>T</title><description>&lt;img src='/dog.jpg'&gt;{'word ' * 99}</description>{thumbnail}"))
    assert other.lead == Picture(f"{A}dog.jpg")


@pytest.mark.reading(21)
def test_of_several_sizes_of_a_picture_the_largest_is_shown() -> None:
    sizes = "".join(f'<media:content url="/cat{size}.jpg" medium="image"/>' for size in ("-150x150", "", "-300x200"))
    assert card(rss(sizes)).pictures == (Picture(f"{A}cat.jpg"),)


@pytest.mark.reading(21)
def test_the_portrait_of_an_author_is_no_picture_of_the_entry() -> None:
    avatar = '<media:content url="https://2.gravatar.com/avatar/abc?s=96" medium="image"/>'
    assert card(rss(f"<title>T</title>{avatar}")).pictures == ()


# 21: podcasts

EPISODE = """
<title>Knots</title><itunes:season>2</itunes:season><itunes:episode>7</itunes:episode>
<podcast:season name="The sea">2</podcast:season><podcast:episode display="Ch. 7">7</podcast:episode>
<podcast:chapters url="7/chapters.json" type="application/json+chapters"/>
<podcast:transcript url="7.vtt" type="text/vtt" language="en" rel="captions"/>
<podcast:transcript url="7.txt" type="text/plain"/><podcast:transcript url="7.txt"/><podcast:transcript/>
<podcast:person href="/ada" img="/ada.jpg" role="Guest">Ada &amp;amp; Co</podcast:person>
<podcast:person>Bo</podcast:person><podcast:person/>
<enclosure url="7.mp3" type="audio/mpeg" length="9"/>
"""
READ = Episode(
    season="2",
    season_name="The sea",
    number="7",
    number_name="Ch. 7",
    chapters=f"{A}7/chapters.json",
    transcripts=(Transcript(f"{A}7.vtt", "text/vtt", "en", captions=True), Transcript(f"{A}7.txt", "text/plain")),
    persons=(Person("Ada & Co", "guest", f"{A}ada", f"{A}ada.jpg"), Person("Bo", "host")),
)


@pytest.mark.reading(21)
def test_the_podcast_elements_of_an_episode_are_read() -> None:
    assert item(rss(EPISODE)).episode == READ
    itunes = item(rss("<itunes:season>2</itunes:season><itunes:episode>7</itunes:episode>")).episode
    assert itunes == Episode(season="2", number="7")
    assert item(rss("<title>T</title><podcast:person/>")).episode is None


@pytest.mark.reading(21)
def test_the_persons_of_a_podcast_are_those_of_each_episode_that_names_none() -> None:
    hosts = "<podcast:person role='host'>Cy</podcast:person>"
    assert item(rss("<title>T</title>", hosts)).episode == Episode(persons=(Person("Cy"),))
    assert item(rss(EPISODE, hosts)).episode == READ


@pytest.mark.reading(21)
def test_unsafe_addresses_of_an_episode_are_dropped() -> None:
    found = item(
        rss(
            '<podcast:chapters url="javascript:1"/><podcast:transcript url="data:,x"/>'
            '<podcast:person href="javascript:1" img="javascript:1">&lt;b&gt;Ada</podcast:person>'
        )
    )
    assert found.episode == Episode(persons=(Person("<b>Ada", "host"),))


@pytest.fixture
def pages(client: Client) -> Any:
    """Return a function that makes a post with *fields*, and returns the timeline and the item's own page."""

    def shown(**fields: Any) -> tuple[str, str]:
        post = make_post(make_site(), **fields)
        slug = post.lifestream.slug
        answers = [client.get(f"/{slug}/"), client.get(f"/{slug}/items/{post.item_id}/")]
        assert [answer.status_code for answer in answers] == [200, 200]
        timeline, own = (answer.content.decode() for answer in answers)
        return timeline, own

    return shown


def stored(draft: ItemDraft) -> dict[str, Any]:
    """Return those columns that pages show, as an import writes them for *draft*."""
    from lifestream.storage.item_row import columns

    decision: Any = type("Decision", (), {"key": "k", "keys": type("Keys", (), {"link": "", "content": ""})})
    row, _ = columns(draft, decision, None)  # type: ignore[arg-type]  # there is no date to bound
    return {name: row[name] for name in ("title", "content", "summary", "enclosures", "media", "episode", "link")}


@pytest.mark.reading(21)
@pytest.mark.django_db
def test_an_episode_is_shown_on_the_pages(pages: Any) -> None:
    timeline, own = pages(**stored(item(rss(EPISODE))))
    for text in ("The sea", "Ch. 7"):
        assert text in timeline
        assert text in own
    for text in (f"{A}7/chapters.json", f"{A}7.vtt", "Captions", f"{A}7.txt", "Transcript", "Ada &amp; Co", f"{A}ada"):
        assert text not in timeline
        assert text in own


@pytest.mark.reading(21)
def test_items_that_have_no_episode_keep_their_fingerprint() -> None:
    from lifestream.storage.item_row import columns

    draft = ItemDraft(title="T", media=(Media(f"{A}1.jpg", "image/jpeg"),))
    decision: Any = type("Decision", (), {"key": "k", "keys": type("Keys", (), {"link": "", "content": ""})})
    prints = [
        columns(each, decision, None)[0]["fingerprint"]  # type: ignore[arg-type]
        for each in (draft, replace(draft, episode=Episode(number="1")))
    ]
    # The fingerprint before there were episodes and sizes of media
    texts = dict.fromkeys(("guid", "link", "title", "author", "content", "text", "summary", "language"), "")
    medium = {"url": f"{A}1.jpg", "type": "image/jpeg", "thumbnail": "", "player": "", "title": "", "description": ""}
    before = [{**texts, "title": "T"}, {"enclosures": [], "media": [medium]}, []]
    assert prints[0] == hashlib.sha256(json.dumps(before, separators=(",", ":")).encode()).hexdigest()
    assert prints[0] != prints[1]


# 22: nothing is left out silently


@pytest.mark.reading(22)
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "shown", "words"),
    [
        ({"title": "T", "media": ("jpg", 11)}, 8, "3 more pictures"),
        ({"media": ("jpg", 9)}, 8, "1 more picture"),
        ({"media": ("jpg", 8)}, 8, ""),
        ({"title": "T", "media": ("jpg", 3), "summary": "s" * 300}, 1, "2 more pictures"),
        ({"title": "T", "enclosures": ("mp3", 5)}, 3, "2 more recordings"),
        ({"title": "T", "enclosures": ("mp4", 4)}, 3, "1 more recording"),
        ({"title": "T", "enclosures": ("pdf", 14)}, 0, "14 files"),
        ({"title": "T", "media": ("pdf", 1)}, 0, "1 file"),
    ],
)
def test_media_for_which_a_card_has_no_space_are_counted_and_shown_on_the_items_page(
    pages: Any, fields: dict[str, Any], shown: int, words: str
) -> None:
    types = {"jpg": "image/jpeg", "mp3": "audio/mpeg", "mp4": "video/mp4", "pdf": "application/pdf"}
    made = dict(fields)
    for name in ("media", "enclosures"):
        if name in fields:
            ending, number = fields[name]
            made[name] = [{"url": f"{A}{n}.{ending}", "type": types[ending]} for n in range(number)]
    timeline, own = pages(**made)
    found = re.findall(rf'(?:src|href)="({A}\d+\.\w+)"', own)
    assert len({*found}) == len(made.get("media") or made["enclosures"])
    assert len(re.findall(rf'src="{A}\d+\.\w+"', timeline)) == shown
    more = re.search(r'<p class="more-media"><a href="([^"]+)">([^<]+)</a></p>', timeline)
    assert (more[2] if more else "") == words
    assert "more-media" not in own


@pytest.mark.slow
@pytest.mark.reading(22)
@pytest.mark.django_db
def test_a_film_with_pictures_and_a_sound_with_pictures_show_them_on_their_own_pages(pages: Any) -> None:
    pictures = [{"url": f"{A}{n}.jpg", "type": "image/jpeg"} for n in range(3)]
    for kind, number in (("video/mp4", 3), ("audio/mpeg", 2)):
        timeline, own = pages(title="T", media=pictures, enclosures=[{"url": f"{A}x", "type": kind}])
        assert [f"{A}{n}.jpg" in own for n in range(3)] == [True] * 3
        assert f"{number} more pictures" in timeline


# 23: caps

CAPPED = [
    ("<title>" + "x" * 2001 + "</title>", caps.TITLE),
    ("<author>" + "x" * 1001 + "</author>", caps.AUTHOR),
    ("<category>" + "x" * 1001 + "</category>", caps.TAG),
    ("".join(f"<category>{n}</category>" for n in range(101)), caps.TAGS),
    ("".join(f"<enclosure url='/{n}'/>" for n in range(101)), caps.ENCLOSURES),
    ("".join(f"<media:content url='/{n}'/>" for n in range(101)), caps.MEDIA),
    ("".join(f"<podcast:transcript url='/{n}'/>" for n in range(101)), caps.TRANSCRIPTS),
    ("".join(f"<podcast:person>{n}</podcast:person>" for n in range(101)), caps.PERSONS),
    ("<podcast:person>" + "x" * 1001 + "</podcast:person>", caps.EPISODE),
    ("<podcast:chapters url='/" + "x" * 8192 + "'/>", caps.LINK),
    ("<guid isPermaLink='false'>" + "x" * 8193 + "</guid>", caps.GUID),
    ("<link>/" + "x" * 8192 + "</link>", caps.LINK),
    ("<enclosure url='/a' type='" + "x" * 256 + "'/>", caps.TYPE),
    ("<description>" + "x" * (1024 * 1024 + 1) + "</description>", caps.CONTENT),
    ("<media:content url='/a'/><media:description>" + "x" * 4001 + "</media:description>", caps.DESCRIPTION),
    ("<content:encoded>x</content:encoded><description>" + "x " * 33_000 + "</description>", caps.SUMMARY),
    ("<description xml:base='" + "x" * 2040 + "'>x</description>", caps.BASE),
    ("<language>" + "x" * 101 + "</language>", caps.LANGUAGE),
    ("</item><generator>" + "x" * 1001 + "</generator><item>", caps.GENERATOR),
]  # fmt: skip


@pytest.mark.reading(23)
@pytest.mark.parametrize(
    ("written", "cap"), CAPPED, ids=lambda value: value.code if isinstance(value, caps.Cap) else ""
)
def test_each_cap_that_one_entry_can_exceed_is_reported(written: str, cap: caps.Cap) -> None:
    assert f"capped once: {cap}" in read(rss(written)).capped
    assert {cap for _, cap in CAPPED} == {*caps.ALL} - {caps.ENTRIES, caps.PERSONS_OF_ALL, caps.COMPLAINT}


@pytest.mark.slow
@pytest.mark.reading(23)
def test_ten_thousand_entries_are_kept_and_it_is_reported_that_there_were_more() -> None:
    tally = caps.CapTally()
    feed = parse(rss("</item>" + "<item><title>x</title></item>" * 10_000 + "<item>"), {}, A)
    assert len(caps.bounded_feed(feed, tally).entries) == 10_000
    assert tally.notes == (f"capped once: {caps.ENTRIES}",)


@pytest.mark.reading(23)
def test_an_address_that_is_too_long_only_when_it_is_absolute_is_reported_too() -> None:
    entry = Entry(link="é" * 4090, enclosures=(Enclosure("é" * 4090),), base=A)
    found = prepare(ParsedFeed(entries=(entry,)), GenericPlugin(), Sanitizer())
    assert (found.items[0].link, found.items[0].enclosures) == ("", ())
    assert found.capped == (f"capped 2 times: {caps.LINK}",)
