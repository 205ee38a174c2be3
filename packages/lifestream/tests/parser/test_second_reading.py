"""What the second reading of a document finds, of the parts that feedparser loses."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lifestream.entry import Media
from lifestream.parser import parse
from lifestream.parser.second_reading import Scan, scan
from parsed import by_feedparser

NAMESPACES = (
    'xmlns:media="http://search.yahoo.com/mrss/" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:other="urn:other"'
)
MRSS = 'xmlns="http://search.yahoo.com/mrss/"'


def rss(inside: str) -> str:
    return f'<rss version="2.0" {NAMESPACES}><channel><title>T</title>{inside}</channel></rss>'


def found(inside: str) -> Scan:
    return scan(rss(inside).encode())


def guid(item: str) -> str | None:
    [entry] = found(f"<item>{item}</item>").entries
    return entry.guid


def media(item: str) -> list[Media]:
    [entry] = found(f"<item>{item}</item>").entries
    return entry.media


@pytest.mark.parametrize(
    ("item", "spelt"),
    [
        ("", None),
        ("<guid/>", None),
        ("<guid> ../a \n</guid>", "../a"),
        ("<GUID>a</GUID>", "a"),
        ("<id>a</id>", "a"),
        ("<atom:id>a</atom:id>", "a"),
        ("<guid>a</guid><guid>b</guid>", "b"),
        ("<guid>a</guid><guid> </guid>", "a"),
        ("<guid>a&amp;b<i>c</i>d</guid>e", "a&bcd"),
        ("a<guid>&nbsp;b</guid>", "b"),
        ("<source><guid>a</guid></source>", None),
        ("<other:guid>a</other:guid>", None),
        ("<guid>a</guid><other:id>b</other:id>", "a"),
        ("<media:guid>a</media:guid>", None),
        (f"<guid {MRSS}>a</guid>", None),
        ("<item><guid>b</guid></item><guid>a</guid>", "a"),
        (f"<guid>{'a' * 100_001}</guid>", "a" * 100_000),
    ],
    ids=lambda value: str(value)[:40],
)
def test_the_guid_of_an_entry_is_as_the_document_spells_it(item: str, spelt: str | None) -> None:
    assert guid(item) == spelt


@pytest.mark.parametrize(
    ("document", "guids"),
    [
        ("<rss><item><guid>1</guid></item><item/><item><guid>3</guid></item></rss>", ["1", None, "3"]),
        ("<Feed><Entry><id>1</id></Entry></Feed>", ["1"]),
        ("<a:feed xmlns:a='http://www.w3.org/2005/Atom'><a:entry><a:id>1</a:id></a:entry></a:feed>", ["1"]),
        ("<r xmlns:a='http://purl.org/rss/1.0/'><a:item/></r>", [None]),
        ("<r xmlns='urn:other'><item/></r>", [None]),
        ("<r xmlns:a='urn:other'><a:item/><entries/></r>", []),
        ("<rss><item><item><item/></item></item><item/></rss>", [None, None]),
    ],
)
def test_entries_are_in_the_order_of_the_document(document: str, guids: list[str | None]) -> None:
    assert [entry.guid for entry in scan(document.encode()).entries] == guids


def test_an_ill_formed_document_is_read_until_its_flaw() -> None:
    whole, broken = found("<item/>a &nbsp;<item/>"), found("<item><guid>1</guid></item><item><guid>2</guid></b></item>")
    assert (whole.broken, len(whole.entries)) == (False, 2)
    assert broken.broken
    assert [entry.guid for entry in broken.entries] == ["1"]


@pytest.mark.parametrize(
    ("document", "head", "name", "around"),
    [
        ("<rss><a/>ö<channel><item><b/></item><item/></channel></rss>", "<item><b/>", "item", ("rss", "channel")),
        ("<Rss><Item/></Rss>", "<Item/>", "Item", ("Rss",)),
        (
            "<x:Feed xmlns:x='http://www.w3.org/2005/Atom'><c/><x:Entry/></x:Feed>",
            "<x:Entry/>",
            "x:Entry",
            ("x:Feed",),
        ),
        ("<rss></rss>", "<rss>", "", ()),
    ],
)
def test_the_place_of_the_first_entry_is_known(document: str, head: str, name: str, around: tuple[str, ...]) -> None:
    scanned = scan(document.encode())
    assert document.encode()[scanned.head :].startswith(head.encode())
    assert (scanned.name, scanned.open) == (name, around)


def test_hours_and_days_to_skip_are_all_found() -> None:
    hours = (
        "<skipHours><hour>0</hour><HOUR> 13 </HOUR><hour>24</hour><hour>25</hour><hour/><day>Monday</day></skipHours>"
    )
    days = "<SkipDays><day>Monday</day><day>SUNDAY</day><day>Noday</day><hour>5</hour></SkipDays>"
    scanned = found(f"<hour>7</hour><day>Friday</day>{hours}{days}")
    assert (scanned.skip_hours, scanned.skip_days) == ({0, 13}, {0, 6})


def test_hours_and_days_in_an_entry_are_none_to_skip() -> None:
    skips = "<skipHours><hour>1</hour></skipHours><skipDays><day>Monday</day></skipDays>"
    scanned = found(f"<item>{skips}</item>")
    assert (scanned.skip_hours, scanned.skip_days) == (set(), set())
    assert found(f"<item/>{skips}").skip_hours == {1}


def content(url: str, inside: str = "", **attributes: str) -> str:
    more = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f'<media:content url="{url}"{more}>{inside}</media:content>'


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("", []),
        ("<content url='a'/><other:content url='a'/>", []),
        (f"<content {MRSS} url='a'/>", [Media("a")]),
        (content("a") + content("b"), [Media("a"), Media("b")]),
        ("<media:content/>", [Media()]),
        (content(" a ", type=" Image/PNG "), [Media("a", "image/png")]),
        (content("a", medium="Image"), [Media("a", "image/*")]),
        (content("a", medium="image", type="text/x"), [Media("a", "text/x")]),
        (content("a", fileSize="1,000", duration="1:02"), [Media("a", length=1000, duration=62)]),
        (content("a", fileSize="0", duration="?"), [Media("a")]),
    ],
    ids=lambda value: str(value)[:40],
)
def test_each_content_of_an_entry_is_a_medium(item: str, expected: list[Media]) -> None:
    assert media(item) == expected


@pytest.mark.parametrize(
    ("inside", "url"),
    [
        ("", ""),
        (content("a") + content("b"), "a"),
        (content("a") + content("b", isDefault="true") + content("c", isDefault="true"), "b"),
        (content("a") + content("b", isDefault="false"), "a"),
    ],
)
def test_a_group_is_one_medium_its_default_or_first_one(inside: str, url: str) -> None:
    group = f"<media:group>{inside}</media:group>"
    assert media(group) == [Media(url)]
    assert media(content("before") + group + content("after")) == [Media("before"), Media(url), Media("after")]


def said(name: str) -> str:
    return (
        f'<media:thumbnail url=" {name}.png "/><media:player url=" {name}.html "/>'
        f"<media:title>{name}</media:title><media:description>of {name}</media:description>"
    )


def told(url: str, name: str) -> Media:
    return Media(url, thumbnail=f"{name}.png", player=f"{name}.html", title=name, description=f"of {name}")


def test_the_innermost_level_says_what_a_medium_is() -> None:
    group = f"<media:group>{said('group')}{content('c')}</media:group>"
    inner = f"<media:group>{said('group')}{content('d', said('inner'))}</media:group>"
    item = said("entry") + said("again") + content("a") + content("b", said("own")) + group + inner
    assert media(item) == [told("a", "entry"), told("b", "own"), told("c", "group"), told("d", "inner")]


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("<media:thumbnail url='t'/>", [Media(thumbnail="t")]),
        ("<media:player url='p'/><media:title>T</media:title>", [Media(player="p", title="T")]),
        ("<media:title>T</media:title><media:description>D</media:description>", []),
        ("<media:player/>" + content("a"), [Media("a")]),
    ],
)
def test_a_thumbnail_or_player_without_a_content_is_a_medium(item: str, expected: list[Media]) -> None:
    assert media(item) == expected


@pytest.mark.parametrize("kind", ["html", "HTML", "text/html"])
def test_a_title_or_description_in_html_becomes_text(kind: str) -> None:
    inside = "".join(
        f'<media:{name} type="{kind}">a&lt;b&gt;b&lt;/b&gt;</media:{name}>' for name in ("title", "description")
    )
    assert media(content("a", inside)) == [Media("a", title="ab", description="ab")]


@pytest.mark.parametrize("kind", ['type="plain"', 'type="text"', ""])
def test_a_title_in_plain_text_keeps_its_angle_brackets(kind: str) -> None:
    assert media(content("a", f"<media:title {kind}>a&lt;b&gt;</media:title>")) == [Media("a", title="a<b>")]


def test_titles_that_were_renamed_for_feedparser_are_known() -> None:
    renamed = "<media:aside-title>T</media:aside-title><media:aside-description>D</media:aside-description>"
    assert media(content("a", renamed)) == [Media("a", title="T", description="D")]


def test_media_of_one_entry_are_none_of_the_next_and_a_hundred_at_most() -> None:
    scanned = found(f"<item>{said('one')}{content('a') * 101}</item>{content('b')}<item>{content('c')}</item>")
    first, second = (entry.media for entry in scanned.entries)
    assert (len(first), second) == (100, [Media("c")])


def test_an_id_of_another_namespace_keeps_the_groups_of_media_together() -> None:
    group = f"<media:group>{content('https://a.example/1')}{content('https://a.example/2')}</media:group>"
    [entry] = by_feedparser(rss(f"<item><guid>1</guid><other:id>7</other:id>{group}</item>")).entries
    assert entry.guid == "1"
    assert [medium.url for medium in entry.media] == ["https://a.example/1"]


def _atom(namespace: str) -> str:
    entries = "".join(f"<entry><id>{number}</id><title>x</title></entry>" for number in range(3))
    return f'<feed xmlns="{namespace}">{entries.replace("x", "<b>", 1)}</feed>'


def _rss(namespace: str) -> str:
    items = "".join(f"<item><guid>{number}</guid><title>x</title></item>" for number in range(3))
    return f'<rss xmlns:a="{namespace}"><channel>{items.replace("x", "<b>", 1)}</channel></rss>'


@pytest.mark.reading(7)
@pytest.mark.parametrize("make", [_atom, _rss])
@pytest.mark.parametrize("blank", ["", " ", "&#10;", " x "], ids=repr)
def test_a_blank_in_a_namespace_leaves_whole_entries_whole(make: Callable[[str], str], blank: str) -> None:
    """A namespace is often copied with a blank at its end."""
    feed = parse(make(f"http://www.w3.org/2005/Atom{blank}").encode(), {}, "https://site.example/feed")
    assert [entry.guid for entry in feed.entries] == ["0", "1", "2"]
    assert feed.flaw is not None
    assert feed.flaw.damaged == (0,)
    assert feed.flaw.message == "mismatched tag"
