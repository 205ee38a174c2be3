"""Lists of subscriptions as they are read: their feeds, folders and categories, and their limits."""

from __future__ import annotations

import pytest
from django.test import override_settings

from costs import assert_linear
from lifestream.conf import defaults
from lifestream.refresh import opml
from lifestream.refresh.opml import NotOpml, Outline, read

LIST = """<?xml version="1.0" encoding="{encoding}"?>
<opml version="2.0"><head><title>Mine</title></head><body> <outline text="News &amp; Views"><outline type="rss"
text="Zeitung für Köln" xmlUrl="https://a.example/feed?a=1&amp;b=2" htmlUrl="https://a.example/"/> <outline
text="Deep"><outline type="rss" text="Inner" xmlUrl="https://b.example/feed"/></outline></outline> <outline
type="rss" text="Loose" xmlUrl="https://c.example/feed"/> <outline type="rss" text="Again"
xmlUrl="https://c.example/feed"/> <outline text="An empty folder"/>
</body></opml>"""
OUTLINES = [
    Outline("https://a.example/feed?a=1&b=2", "Zeitung für Köln", "https://a.example/", "News & Views"),
    Outline("https://b.example/feed", "Inner", folder="News & Views/Deep"),
    Outline("https://c.example/feed", "Loose"),
]


def test_a_list_without_an_xml_declaration_is_in_utf_8() -> None:
    text = LIST.partition("\n")[2]
    assert read(text.encode()) == OUTLINES
    assert read(text.encode("utf-8-sig")) == OUTLINES


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "utf-16"])
def test_a_list_is_read_with_its_folders_in_any_encoding(encoding: str) -> None:
    assert read(LIST.format(encoding=encoding).encode(encoding)) == OUTLINES


def test_a_list_without_feeds_is_empty() -> None:
    assert read(b"<opml version='1.0'><body></body></opml>") == []


@pytest.mark.parametrize("document", [b"", b"<html><p>No</p></html>", b"https://example.org/list.opml", b"\x00\xff"])
def test_a_document_that_is_no_list_is_refused(document: bytes) -> None:
    with pytest.raises(NotOpml, match=r"^it is no OPML: there is no list of subscriptions in it$"):
        read(document)


@pytest.mark.parametrize(
    ("document", "outlines"),
    [
        ("<opml><head><title/></head><body><outline xmlUrl='http://a'/></body></opml>", [Outline("http://a")]),
        ("<opml></outline></outline><outline xmlUrl='http://a'></outline></outline>", [Outline("http://a")]),
        ("<opml><outline text='F'><outline xmlUrl='http://a'>", [Outline("http://a", folder="F")]),
        ("<o:opml xmlns:o='http://opml.org/spec2'><o:outline XMLURL=' http://a '/>", [Outline("http://a")]),
        ("<outline xmlUrl='http://a' text=' ' title='&lt;T&gt;'/>", [Outline("http://a", "<T>")]),
        ("<outline xmlUrl='http://a' category='/A/B,/C'/>", [Outline("http://a", folder="A/B")]),
        ("<outline xmlUrl='http://a' type='source'/><outline xmlUrl=''/><opml/>", []),
        ("<outline text='F'/><outline xmlUrl='http://a'/>", [Outline("http://a")]),
        (
            "<outline text='F'><outline xmlUrl='http://b'><outline xmlUrl='http://a'/></outline></outline>",
            [Outline("http://b", folder="F"), Outline("http://a", folder="F")],
        ),
        ("<!-- <outline xmlUrl='http://b'/> --><opml><![CDATA[<outline xmlUrl='http://b'/>]]></opml>", []),
    ],
)
def test_a_list_is_read_as_far_as_it_makes_sense(document: str, outlines: list[Outline]) -> None:
    assert read(document.encode()) == outlines


@pytest.mark.slow
@pytest.mark.parametrize(
    ("document", "message"),
    [
        (
            b"<opml>" + b" " * defaults.max_opml,
            "it is larger than 10 MiB: split it into several lists, or raise LIFESTREAM_MAX_OPML",
        ),
        (
            "".join(f"<outline xmlUrl='http://a/{n}'/>" for n in range(10_001)).encode(),
            "it lists more than 10,000 feeds: split it into several lists, or raise LIFESTREAM_MAX_OPML_FEEDS",
        ),
        (
            b"<opml>" + b"<outline text='a'>" * 21,
            "it has folders in folders, more than 20 deep: no reader writes such a list",
        ),
    ],
)
def test_a_list_that_is_too_large_or_too_deep_is_refused(document: bytes, message: str) -> None:
    with pytest.raises(NotOpml) as refused:
        read(document)
    assert str(refused.value) == message


def test_a_list_of_ten_thousand_feeds_19_folders_deep_is_read() -> None:
    many = "".join(f"<outline xmlUrl='http://a/{n}'/>" for n in range(10_000))
    folders = "<outline text='a'>" * 19
    assert len(read(f"<opml>{folders}{many}".encode())) == 10_000


def test_the_names_of_a_list_are_cut() -> None:
    document = f"<opml><outline text='{'F' * 300}'><outline text='{'T' * 300}' xmlUrl='http://a'/></outline></opml>"
    assert read(document.encode()) == [Outline("http://a", "T" * 199 + "…", folder="F" * 199 + "…")]


@pytest.mark.costly
@pytest.mark.parametrize(
    "unit",
    [
        *(
            "<",
            "<a",
            "<a ",
            "</",
            "</a",
            "<!",
            "<!--",
            "<?",
            "<![CDATA[",
            "&",
            "&amp",
            "<title ",
            "<title/",
            "</outline>",
        ),
        *(
            "<outline>",
            "<outline text='a'/>",
            "<outline xmlUrl='http://a' category='a/b,c'/>",
            '<outline a="',
            "<o:title",
        ),
    ],
)
def test_a_list_takes_linear_time(unit: str) -> None:
    assert_linear(read, lambda n: f"<opml>{unit * n}".encode(), 5000)


@pytest.mark.costly
def test_the_attributes_categories_and_folders_of_one_feed_take_linear_time() -> None:
    def categories(number: int) -> bytes:
        return f"<opml><outline xmlUrl='http://a' category='{','.join(map(str, range(number)))}'/>".encode()

    def folders(number: int) -> bytes:
        return b"<opml>" + b"".join(
            b"<outline text='%d'><outline xmlUrl='http://a'/></outline>" % n for n in range(number)
        )

    def attributes(number: int) -> bytes:
        listed = " ".join(f"a{n}='&amp;'" for n in range(number))
        return f"<opml><outline {listed} xmlUrl='http://a'/>".encode()

    assert_linear(read, attributes, 5000)
    assert_linear(read, categories, 5000)
    assert_linear(read, folders, 2000)


def test_half_an_address_at_the_end_of_a_list_that_is_cut_off_is_no_feed() -> None:
    assert read(b"<opml><outline xmlUrl=http://a.example/><outline xmlUrl=http://b.exam") == [
        Outline("http://a.example/")
    ]


def test_a_feed_is_listed_without_its_site_if_that_is_not_on_the_web() -> None:
    document = "<outline xmlUrl='http://a' htmlUrl='mailto:ada@a.example'/>"
    assert read(document.encode()) == [Outline("http://a")]


def test_a_document_without_an_opml_element_does_not_count_as_cut_off() -> None:
    found = opml.read_list(b"<outline xmlUrl='http://a'/>")
    assert found.outlines == (Outline("http://a"),)
    assert not found.is_cut_off


@pytest.mark.parametrize(
    ("document", "outlines"),
    [
        pytest.param(
            "<outline text='L' type='link'><outline xmlUrl='http://a'/></outline>",
            [Outline("http://a")],
            id="a link is no folder",
        ),
        pytest.param(
            "<outline text='L' type='Include'><outline xmlUrl='http://a'/></outline>",
            [Outline("http://a")],
            id="an included list is no folder",
        ),
        pytest.param(
            "<outline><outline text='F'><outline xmlUrl='http://a'/></outline></outline>",
            [Outline("http://a", folder="F")],
            id="a folder without a name",
        ),
        pytest.param(
            "<outline text='F'><outline text='G'></outline><outline xmlUrl='http://a'/></outline>"
            "<outline xmlUrl='http://b'/>",
            [Outline("http://a", folder="F"), Outline("http://b")],
            id="folders that are closed",
        ),
        pytest.param(
            "<outline text='F'><outline xmlUrl='http://a' category=' , /,/B/ C '/></outline>",
            [Outline("http://a", folder="B/C")],
            id="the first category that names a folder",
        ),
        pytest.param(
            "<outline text='F'><outline xmlUrl='http://a' category=', /'/></outline>",
            [Outline("http://a", folder="F")],
            id="a category without a name",
        ),
        pytest.param(
            "<outline xmlUrl='http://a' text='one'/><outline xmlUrl='http://a' text='two'/>",
            [Outline("http://a", "one")],
            id="a feed twice",
        ),
        pytest.param("<outline xmlUrl='http://a' type=' Source '/><opml/>", [], id="the type source in another case"),
        pytest.param(
            "<outline text='F' xmlUrl=''><outline xmlUrl='http://a'/></outline>",
            [Outline("http://a", folder="F")],
            id="a folder with an empty address",
        ),
        pytest.param(
            "<outline type='RSS' url='http://a'/><outline type='atom' url='http://b' xmlUrl=' '/>"
            "<outline type='link' url='http://c'/><outline url='http://d'/>",
            [Outline("http://a"), Outline("http://b")],
            id="feeds whose address is in url, not in xmlUrl",
        ),
        pytest.param(
            "<opml><head xmlUrl='http://no'></head><body text='F'><outline xmlUrl='http://a'/></body></opml>",
            [Outline("http://a")],
            id="xmlUrl and text of elements that are no outline",
        ),
    ],
)
def test_outlines_are_read_with_their_types_folders_and_categories(document: str, outlines: list[Outline]) -> None:
    assert read(document.encode()) == outlines


def test_a_list_may_be_as_large_and_as_deep_as_the_limits() -> None:
    feed, closed = "<outline xmlUrl='http://a'/>", "</outline>"
    document = f"<opml>{feed}".encode()
    assert read(document + b" " * (10 * 2**20 - len(document))) == [Outline("http://a")]
    with pytest.raises(NotOpml):
        read(document + b" " * (10 * 2**20 - len(document) + 1))
    [deep] = read(f"<opml>{'<outline text=' + repr('a') + '>'}".encode() * 20 + f"{feed}{closed * 20}".encode())
    assert deep.folder == "/".join("a" * 20)


def test_a_feed_is_read_however_long_its_outline_is() -> None:
    """Some programs write the icon of a feed, as a `data:` URL, or a description into its outline."""
    icon = f"icon='data:image/png;base64,{'A' * 500_000}'"
    folder = f"<outline text='News' {icon}>"
    document = f"<opml>{folder}<outline {icon} xmlUrl='http://a' text='A'/></outline><outline xmlUrl='http://b'/>"
    assert read(document.encode()) == [Outline("http://a", "A", folder="News"), Outline("http://b")]


@pytest.mark.parametrize("kind", ["HTML+XPath", "xml+xpath", "JSON+DotNotation", "HTML+XPath+JSON+DotNotation"])
def test_a_page_of_which_freshrss_makes_a_feed_is_refused_with_the_reason(kind: str) -> None:
    text = f"<opml><outline type='{kind}' text='News' xmlUrl='https://a.example/news' frss:xPathItem='//li'/></opml>"
    [outline] = opml.read(text.encode())
    assert outline.refusal == (
        f"https://a.example/news is no feed: FreshRSS makes one of it by rules of its own ({kind}), which no other "
        "reader has"
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://me:secret@a.example/news",
        "https://me:sec/secret@a.example/news",
        f"https://me:secret@a.example/{'n' * 100_000}",
    ],
)
def test_the_reason_why_a_page_is_refused_has_no_password_and_is_not_endless(url: str) -> None:
    [outline] = opml.read(f"<opml><outline type='HTML+XPath' text='News' xmlUrl='{url}'/></opml>".encode())
    assert "a.example" in outline.refusal
    assert "secret" not in outline.refusal
    assert len(outline.refusal) < 10_000


@pytest.mark.parametrize("kind", ["rss", "atom", "JSONFeed", "", "RSS+x"])
def test_an_outline_of_a_usual_or_unknown_type_is_a_feed(kind: str) -> None:
    [outline] = opml.read(f"<opml><outline type='{kind}' text='a' xmlUrl='https://a.example/feed'/></opml>".encode())
    assert outline.refusal == ""


def test_the_maximum_size_of_a_list_is_a_setting() -> None:
    document = b'<opml><outline xmlUrl="https://a.example/"/><outline xmlUrl="https://b.example/"/></opml>'
    with override_settings(LIFESTREAM_MAX_OPML=1024**2 // 2, LIFESTREAM_MAX_OPML_FEEDS=2):
        assert len(read(document)) == 2
        with pytest.raises(NotOpml, match=r"^it is larger than 0\.5 MiB: "):
            read(document + b" " * 1024**2)
    with override_settings(LIFESTREAM_MAX_OPML_FEEDS=1), pytest.raises(NotOpml, match="it lists more than 1 feeds"):
        read(document)


@pytest.mark.parametrize("root", ["<opml/>", "<opml />", "<opml version='2.0'/>", "<o:opml/>"])
def test_a_list_of_one_empty_element_is_not_cut_off(root: str) -> None:
    found = opml.read_list(root.encode())
    assert found.outlines == ()
    assert not found.is_cut_off
