"""The entries that are read from a truncated or ill-formed document."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costs import assert_linear
from lifestream.parser import parse, salvage
from parsed import FORMATS, URL, rss


@pytest.mark.parametrize("name", ["rss20.xml", "atom10.xml", "rss10.rdf", "rss092.xml"])
def test_a_truncated_feed_has_only_its_whole_entries(name: str) -> None:
    body = (FORMATS / name).read_bytes()
    whole = parse(body, {}, URL).entries

    for end in (*range(body.index(b"</title>"), len(body), 41), len(body.rstrip()) - 1):
        half = parse(body[:end], {}, URL)
        ended = re.findall(rb"</(?:item|entry)>", body[:end])
        assert half.entries == whole[: len(ended)], body[:end][-40:]
        assert half.complaint


@pytest.mark.parametrize("head", ["", "<b><i></b></i>", "<x xmlns:xml='u'/>"], ids=["mended", "balanced", "feedparser"])
def test_a_truncated_and_ill_formed_feed_has_only_its_whole_entries(head: str) -> None:
    items = "<item><title>One &nbsp; & co</title><guid>1</guid></item><item><guid>2</guid><title>Two</title></item>"
    body = rss(items, channel=head)
    cut = body[: body.index(b"Two")]

    assert [entry.guid for entry in parse(body, {}, URL).entries] == ["1", "2"]
    assert [entry.guid for entry in parse(cut, {}, URL).entries] == ["1"]
    assert "the document is cut off; its last entry" in parse(cut, {}, URL).complaint
    assert "cut off" not in parse(body, {}, URL).complaint


@pytest.mark.reading(7)
@pytest.mark.parametrize(
    "damaged",
    ["<guid :isPermaLink='false'>2</guid>", "<guid>2</guid><media:thedia:x/>", "<guid>2</guid><a xmlns:b=''/>"],
)
def test_an_entry_with_an_invalid_name_or_namespace_is_damaged(damaged: str) -> None:
    known = "<media:title>One</media:title>&copy;<a xmlns:own='u' own:x=''/>"
    items = f"<item><guid>1</guid>{known}</item><item>{damaged}<link>http://s.example/2</link></item>"
    document = f"<!DOCTYPE rss [<!ENTITY copy '(c)'>]><rss xmlns:media='u'><channel>{items}</channel></rss>"
    found = parse(document.encode(), {}, URL)
    assert [entry.link for entry in found.entries] == ["", "http://s.example/2"]
    assert found.flaw is not None and found.flaw.damaged == (1,)


def test_an_entry_in_an_entry_with_an_invalid_name_moves_no_damage_to_another_entry() -> None:
    items = (
        "<item><guid :x=''>1</guid><Item/><Item></Item></item><item><guid>2</guid></item><item><b><guid>3</guid></item>"
    )
    found = parse(rss(items), {}, URL)
    assert [entry.guid for entry in found.entries] == ["1", "2", "3"]
    assert found.flaw is not None and found.flaw.damaged == (0, 2)


@pytest.mark.reading(7)
@pytest.mark.parametrize(
    ("head", "entry"),
    [
        (f"<a xmlns:{'p' * 41}='u'/>", f"<{'p' * 41}:x/>"),
        ("".join(f"<a xmlns:p{number}='u'/>" for number in range(150)), "<p99:x/><p149:x/>"),
        ("<item><![CDATA[ xmlns:10='' xmlns:xmlns='' ]]></item>", "<a xmlns:b='u'>At 10:30</a>"),
        ("", "<dc:creator xmlns:dc='http://purl.org/dc/elements/1.1/ '>Ann</dc:creator>"),
        ("<item><media:title xmlns:media='http://search.yahoo.com/mrss/'/></item>", "<media:title/>"),
    ],
    ids=["a long prefix", "many prefixes", "no prefixes", "a namespace with a blank", "a prefix of another entry"],
)
def test_an_entry_with_right_names_is_not_damaged(head: str, entry: str) -> None:
    flawed = "<item><guid>0</guid><title>a<b></title></item>"
    document = f"<rss><channel>{head}<item><guid>1</guid>{entry}</item>{flawed}</channel></rss>"
    found = parse(document.encode(), {}, URL)
    assert found.flaw is not None
    assert [found.entries[place].guid for place in found.flaw.damaged] == ["0"]


@pytest.mark.reading(7)
@pytest.mark.parametrize(
    ("whole", "damaged"),
    [
        ('<x:img xmlns:x="urn:x"/></item><item><guid>2', '<x:img :x="urn:x"/></item><item><guid>2'),
        ('<x:img xmlns:x="urn:x"/></item><item><guid>2', '<x:img xmlns:x=""/></item><item><guid>2'),
        ('<x:img xmlns:x="urn:x"/></item><item><guid>2', "<x:img xmlns:x/></item><item><guid>2"),
        ('<x:img xmlns:x="urn:x"/></item><item><guid>2', '<x:img x="urn:x"/><b></item><item><guid>2'),
        ("<channel>", "<channel><channel>"),
        ("<title>T</title>", "<title>T<rss><channel><title>T</title>"),
    ],
)
def test_flaws_do_not_change_how_other_entries_are_read(whole: str, damaged: str) -> None:
    """feedparser would read these documents, but not the true link, nor the elements of XHTML."""
    burnt = "<feedburner:origLink>http://s.example/{}</feedburner:origLink>".format
    item = ('<item><guid>{}</guid><link>http://f.example/</link>{}<x:img xmlns:x="urn:x"/></item>').format
    items = "".join(item(number, burnt(number)) for number in "123")
    document = (
        "<rss xmlns:feedburner='http://rssnamespace.org/feedburner/ext/1.0'><channel><title>T</title><link>/</link>"
        f"{items}</channel></rss>"
    )
    assert whole in document
    found = parse(document.replace(whole, damaged, 1).encode(), {}, URL)
    assert found.flaw is not None and set(found.flaw.damaged) <= {0}
    assert [entry.link for entry in found.entries][1:] == ["http://s.example/2", "http://s.example/3"]


@pytest.mark.reading(7)
@pytest.mark.parametrize(
    ("end", "damaged"),
    [
        ("</item><link>/2</link></item>", (1,)),
        ("</item>x</item>", (1,)),
        ("</item><!-- one too many --><link>/2</link></item>", (1,)),
        ("</item>\n</item>", ()),
        ("</item><!-- one too many --></item>", ()),
        ("</item><b><!-- <item><guid>old</guid></item> -->", ()),
        ("</item><b><x><![CDATA[</item>]]></x>", ()),
        ("</item><b><item-count>1</item-count>", ()),
    ],
)
def test_an_entry_with_two_end_tags_is_damaged_if_content_is_between_them(end: str, damaged: tuple[int, ...]) -> None:
    found = parse(rss(f"<item><guid>1</guid></item><item><guid>2</guid>{end}<item><guid>3</guid></item>"), {}, URL)
    assert [entry.guid for entry in found.entries] == ["1", "2", "3"]
    assert found.flaw is not None and found.flaw.damaged == damaged


@pytest.mark.reading(7)
@pytest.mark.parametrize(
    ("entry", "kept", "damaged"),
    [
        ("<item><title>Two</title><item><guid>2</guid></item>", ["1", "2", "3"], (1,)),
        ("<item><guid>2</guid><item><title>Two</title></item>", ["1", "2", "3"], (1,)),
        ("<item><guid>0</guid><title>Two</title><item><guid>2</guid></item>", ["1", "0", "2", "3"], (1,)),
        ("<item><item><guid>2</guid></item>", ["1", "2", "3"], ()),
    ],
    ids=["after the title", "after the guid", "an end missing", "at the start"],
)
def test_an_entry_with_a_start_tag_in_its_middle_is_damaged(
    entry: str, kept: list[str], damaged: tuple[int, ...]
) -> None:
    found = parse(rss(f"<item><guid>1</guid></item>{entry}<item><guid>3</guid></item>"), {}, URL)
    assert [each.guid for each in found.entries] == kept
    assert found.flaw is not None and found.flaw.damaged == damaged


def test_one_bad_entry_affects_nothing_else() -> None:
    items = "<item><title>Good</title></item><item><pubDate>&#x;</pubDate></item><item><title>Also good</title></item>"
    feed = parse(rss(items), {}, URL)

    assert [entry.title for entry in feed.entries] == ["Good", "", "Also good"]
    assert feed.complaint


DAMAGE = {
    "a bare < in the title": ("Day", "a < b <c"),
    "tags that cross": ("<guid>", "<b><i></b></i><guid>"),
    "a guid without its end": ("</guid>", ""),
    "an end tag in other letters": ("</item>", "</ITEM>"),
    "an item without its end": ("</item>", ""),
    "an attribute twice": ("<guid>", "<guid a='1' a='2'>"),
    "an entry's end before its text's": ("</description></item>", "</item></description>"),
    "a declaration inside": ("<guid>", "<?xml version='1.0'?><guid>"),
    "an instruction without a name": ("<guid>", "<?><guid>"),
    "an instruction without its end": ("Day", "<?php Day"),
    "a comment without its end": ("<guid>", "<!-- <guid>"),
    "a ]]> around what is left out": ("Some", "]<?x?>]<!-- -- -->> Some"),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_all_entries_of_a_feed_are_read_even_if_all_are_damaged(damage: tuple[str, str]) -> None:
    """A generator that writes one ill-formed entry usually makes the same error in all entries."""
    item = "<item><title>Day</title><guid>{}</guid><description>Some words</description></item>"
    items = "".join(item.format(number).replace(*damage) for number in range(100))
    feed = parse(rss(items), {}, URL)
    assert [entry.guid for entry in feed.entries] == [str(number) for number in range(100)]
    assert feed.complaint


def test_damaged_entries_keep_their_places_and_the_flaw_lists_them() -> None:
    item = "<item><title>Day</title><guid>{}</guid>{}</item>"
    flaws = dict.fromkeys(range(0, 90, 3), "<b><i></b></i>") | dict.fromkeys((10, 40, 70), "<?xml version='1.0'?>")
    items = "".join(item.format(number, flaws.get(number, "")) for number in range(90))
    feed = parse(rss(items), {}, URL)
    assert [entry.guid for entry in feed.entries] == [str(number) for number in range(90)]
    assert feed.flaw is not None
    assert list(feed.flaw.damaged) == sorted(flaws)


@pytest.mark.parametrize(
    "between",
    [
        *("<!-- two -->", "<![CDATA[x]]>", "<?two?>", "<title><![CDATA[ <item> is a tag ]]></title>"),
        *("<!-- <item> -->", "<!-- <item><guid>0</guid></item> -->"),
    ],
)
def test_an_entry_begins_after_a_section_and_not_inside_it(between: str) -> None:
    last = "<item><guid>2</guid><b><i></b></i><!-- later --></item>"
    for items in (f"<item><guid>1</guid></item>{between}{last}", f"<item><guid>1</guid>{between}</item>{last}"):
        assert [entry.guid for entry in parse(rss(items), {}, URL).entries] == ["1", "2"]


def test_an_empty_entry_at_the_end_of_an_ill_formed_feed_does_not_change_the_one_before() -> None:
    before = "<item><title>One<b></title><guid>1</guid></item>"
    [entry] = parse(rss(before), {}, URL).entries
    feed = parse(rss(f"{before}<item/>"), {}, URL)
    assert feed.entries[0] == entry


def test_a_section_of_a_damaged_entry_stays_if_it_ends() -> None:
    html = "<![CDATA[a <b>x</b> & ]]>"
    [entry] = parse(rss(f"<item><guid>1</guid><x><y></x></y><description>{html}</description></item>"), {}, URL).entries
    assert entry.summary == "a <b>x</b> &"


@pytest.mark.parametrize(
    ("piece", "end"),
    [
        (b"<item>a</item><", 14),
        (b"<item>a</item >\n<item>", 15),
        (b"<item/>x", 7),
        (b"<item a='>'/></channel></rss>", 13),
        (b"<item>a/></item></channel>", 16),
        (b"<a:item><b/></a:item><", 21),
        (b"<item><a>b</item>", 0),
        (b"<item>a", 0),
        (b"<item>&x;</item>", 16),
    ],
)
def test_the_element_at_the_beginning_of_a_piece_ends_after_its_end_tag(piece: bytes, end: int) -> None:
    assert salvage._end_of_element(piece) == end


PIECES = (
    *(
        "x",
        " ",
        "]",
        "]]",
        ">",
        "<",
        "&",
        "&#",
        "&nope;",
        "'",
        '"',
        "=",
        "/>",
        "<!",
        "<!DOCTYPE a>",
        "[CDATA[",
        "</zz>",
    ),
    *("<![CDATA[", "]]>", "<!--", "-->", "<?", "?>", "<?>", "<?xml version='1.0'?>", "<zz>", "<zz a='", "<b a>"),
    *(
        "<title>",
        "</title>",
        "<description>",
        "</description>",
        "<p>",
        "</p>",
        "<br>",
        "<i a=1 a=2>",
        "<x:y>",
        "<a:b:c>",
    ),
    *("<channel>", "</channel>", "</item>", "</rss>", "<item>"),
)


@pytest.mark.reading(7)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_whatever_markup_an_entry_has_no_entry_is_lost(markup: str) -> None:
    item = "<item><guid>{}</guid>{}</item>"
    feed = parse(rss(item.format(1, "") + item.format(2, markup) + item.format(3, "")), {}, URL)
    guids = [entry.guid for entry in feed.entries]
    assert guids[:2] == ["1", "2"] and guids[-1] == "3"


@pytest.mark.costly
@pytest.mark.parametrize("unit", ["<a/>", "<category>x</category>", "<b><p>", "<x:y>", "<i a=1>"])
def test_a_long_head_is_not_read_for_each_damaged_entry(unit: str) -> None:
    items = "".join(f"<item><guid>{number}</guid><?xml version='1.0'?></item>" for number in range(40))
    assert_linear(lambda body: parse(body, {}, URL), lambda number: rss(items, unit * number), 4_000)
