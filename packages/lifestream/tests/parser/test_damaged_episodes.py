"""Episodes in documents that the strict reader can't read as they are: seasons, chapters, transcripts and persons."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lifestream.entry import Entry, Episode, Person, Transcript
from lifestream.parser import parse
from lifestream.parser.damaged_episodes import with_episodes
from lifestream.parser.strict.episodes import MOST
from lifestream.plugins.reading_notes import Notes

URL = "https://a.example/feed"
PODCAST = 'xmlns:podcast="https://podcastindex.org/namespace/1.0"'
SAID = (
    '<podcast:season name="Old &amp; New">2</podcast:season><podcast:episode display="Ep. 3">3</podcast:episode>'
    '<podcast:chapters url="/c.json" type="application/json+chapters"/>'
    '<podcast:transcript url="/t.vtt" type="text/vtt" language="en" rel="captions"/><podcast:transcript url="/t.txt"/>'
    "<podcast:person role='guest' href='/ada'>Ada &lt;3</podcast:person>"
)
EPISODE = Episode(
    season="2",
    season_name="Old & New",
    number="3",
    number_name="Ep. 3",
    chapters="https://a.example/c.json",
    transcripts=(
        Transcript("https://a.example/t.vtt", "text/vtt", "en", captions=True),
        Transcript("https://a.example/t.txt"),
    ),
    persons=(Person("Ada <3", "guest", "https://a.example/ada"),),
)
HOST = "<podcast:person>Grace</podcast:person>"
GRACE = Episode(persons=(Person("Grace", "host"),))


def document(*items: str, head: str = "", root: str = PODCAST) -> bytes:
    entries = "".join(
        f"<item><guid isPermaLink='false'>{place}</guid>{item}</item>" for place, item in enumerate(items)
    )
    return f'<rss version="2.0" {root}><channel><title>T</title>{head}{entries}</channel></rss>'.encode()


def episodes(body: bytes) -> list[Episode | None]:
    """Return the episodes that the strict reader finds in *body*. Asserts that `with_episodes` finds the same ones."""
    notes = Notes()
    entries = parse(body, {}, URL, notes).entries
    found = [entry.episode for entry in entries]
    without = [replace(entry, episode=None) for entry in entries]
    assert notes.reader == "strict"
    assert [entry.episode for entry in with_episodes(without, body.decode())] == found
    return found


@pytest.mark.parametrize(
    "item",
    [
        f"<description>a <b> c</description>{SAID}",
        f"{SAID}<description>a <b> c</description>",
        f"<description>a < c</description>{SAID}",
        f"<title>a</titel>{SAID}",
        f"<!-- a -- b -->{SAID}",
    ],
)
def test_the_episode_of_a_damaged_entry_is_read_on_both_sides_of_the_flaw(item: str) -> None:
    assert episodes(document("<title>a</title>", item, SAID)) == [None, EPISODE, EPISODE]


@pytest.mark.parametrize("head", ["<description>a < c</description>", "<b><i></b></i>"])
def test_a_document_that_is_damaged_before_its_entries_has_episodes_too(head: str) -> None:
    assert episodes(document(SAID, "<title>b</title>", head=head)) == [EPISODE, None]


def test_an_episode_that_names_nobody_has_the_hosts_of_its_podcast() -> None:
    body = document("<title>a</titel>", SAID, head=HOST)
    assert episodes(body) == [GRACE, EPISODE]
    assert episodes(document("<title>a</title>", SAID, head=f"{HOST}<b><i></b></i>")) == [GRACE, EPISODE]


@pytest.mark.parametrize(
    ("root", "item", "season"),
    [
        ('xmlns:p="https://podcastindex.org/namespace/1.0/"', "<p:season>2</p:season>", "2"),
        ("xmlns:p='http://www.itunes.com/dtds/podcast-1.0.dtd'", "<p:season>2</p:season>", "2"),
        ("", "<podcast:season>2</podcast:season>", "2"),
        ('xmlns:i="HTTP://WWW.ITUNES.COM/DTDS/PODCAST-1.0.DTD"', "<i:season>2</i:season>", "2"),  # case does not matter
        ("", "<ITUNES:Season>2</ITUNES:Season>", None),  # the usual prefixes are in lower case
        ('xmlns:podcast="urn:other"', "<podcast:season>2</podcast:season>", "2"),  # its namespace is written wrongly
        (f'{PODCAST.replace(":podcast", ":p")} xmlns:podcast="urn:other"', "<podcast:season>2</podcast:season>", None),
        ("", "<season>2</season>", None),
        ("", "<![CDATA[<podcast:season>2</podcast:season>]]>", None),
        ("", "<!--<podcast:season>2</podcast:season>-->", None),
        ("", "<podcast:season/>2<podcast:seasons>3</podcast:seasons>", None),
        ("", "<podcast:season name='<'>2</podcast:season>", None),
    ],
)
def test_the_namespace_or_else_the_usual_prefix_decides_and_text_is_no_markup(
    root: str, item: str, season: str | None
) -> None:
    found = episodes(document(f"<title>a</titel>{item}", root=root))
    assert found == [Episode(season=season) if season else None]


@pytest.mark.parametrize("channel", ["<channel xmlns:xml='u'>", "<channel xmlns='urn:other'>"])
def test_a_damaged_document_that_only_feedparser_reads_has_episodes_too(channel: str) -> None:
    notes = Notes()
    body = document(SAID, "<title>b < c</title>", head=HOST).replace(b"<channel>", channel.encode())
    assert [entry.episode for entry in parse(body, {}, URL, notes).entries] == [EPISODE, GRACE]
    assert notes.reader == "liberal"


def test_no_episode_is_added_if_the_numbers_of_items_and_entries_differ() -> None:
    text = f"<rss><item>{SAID}</item><item></item></rss>"
    assert with_episodes([Entry()], text) == (Entry(),)
    assert [entry.episode for entry in with_episodes([Entry(base=URL), Entry()], text)] == [EPISODE, None]


def test_a_text_may_begin_with_a_host_or_an_entry() -> None:
    assert [entry.episode for entry in with_episodes([Entry()], f"{HOST}<item></item>")] == [GRACE]
    assert [entry.episode for entry in with_episodes([Entry(base=URL)], f"<item>{SAID}</item>")] == [EPISODE]


@pytest.mark.parametrize("is_too_many", [False, True])
def test_only_the_first_declarations_and_elements_are_read(is_too_many: bool) -> None:
    season = Episode(season="2")
    declared = "".join(f" xmlns:a{number}='urn:a'" for number in range(999 + is_too_many))
    text = f"<rss{declared} {PODCAST.replace(':podcast', ':p')}><item><p:season>2</p:season></item></rss>"
    assert [entry.episode for entry in with_episodes([Entry()], text)] == [None if is_too_many else season]
    others = "<other:season/>" * (4 * MOST - 1 + is_too_many)
    text = f"<item>{others}<podcast:season>2</podcast:season></item>"
    assert [entry.episode for entry in with_episodes([Entry()], text)] == [None if is_too_many else season]


@pytest.mark.parametrize(
    ("written", "name"),
    [("<![CDATA[Ada & Co]]>", "Ada & Co"), ("<![CDATA[]]>Ada", "Ada")],
)
def test_the_text_of_an_element_may_be_a_cdata_section(written: str, name: str) -> None:
    body = document(f"<podcast:person>{written}</podcast:person><![CDATA[{HOST}]]>").decode()
    [entry] = with_episodes([Entry(base=URL)], body)
    assert entry.episode == Episode(persons=(Person(name, "host"),))


def test_a_well_formed_document_that_only_feedparser_reads_has_its_episodes() -> None:
    notes = Notes()
    body = document(SAID, "").replace(b"<rss ", b"<odd ").replace(b"</rss>", b"</odd>")

    entries = parse(body, {}, URL, notes).entries

    assert notes.reader == "liberal"
    assert [entry.episode for entry in entries] == [EPISODE, None]
