"""feedparser within bounds: constructs that it reads slowly or fails at affect nothing else.

test_linear_reading.py measures the time that they take.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from both_readers import READERS, numbered, read, rss
from garbage import left_behind
from lifestream.entry import ParsedFeed
from lifestream.parser import liberal, parse
from lifestream.parser.tag_attributes import MAX_ATTRIBUTES
from lifestream.plugins.caps import TAGS
from parsed import by_feedparser


@READERS
def test_the_namespace_in_the_last_kept_attribute_of_a_tag_is_known(
    reader: Callable[[str], ParsedFeed],
) -> None:
    many = numbered(' xmlns:x#="u#"', MAX_ATTRIBUTES - 3)  # beside the version and two more namespaces
    last = 'xmlns:other="u" xmlns:last="http://purl.org/dc/elements/1.1/"'
    inside = "<other:title>Not it</other:title><last:creator>Ada</last:creator>"
    document = f'<rss version="2.0"{many} {last}><channel><item>{inside}</item></channel></rss>'
    assert [(entry.title, entry.author) for entry in reader(document).entries] == [("", "Ada")]


def test_tags_from_feedparser_are_distinct_and_at_most_one_more_than_are_kept() -> None:
    tags = "<category>1</category>" + numbered("<category>#</category>", 2000)
    [entry] = by_feedparser(rss(tags)).entries
    assert entry.tags == ("1", "0", *(str(number) for number in range(2, TAGS.limit + 1)))


def test_the_line_and_column_of_an_error_are_those_of_the_document() -> None:
    document = rss(head='<?xml version="1.0"?>\n<!-- a comment\n of two lines -->').replace("<title>T", "<title>& T")
    flaw = read(document).flaw
    assert flaw is not None
    assert (flaw.line, flaw.column) == (3, document.splitlines()[2].index("& T") + 2)  # the position of the blank


@READERS
def test_entities_of_a_document_type_are_resolved_in_an_ill_formed_document_too(
    reader: Callable[[str], ParsedFeed],
) -> None:
    head = '<!DOCTYPE rss SYSTEM "http://localhost/x.dtd" [<!ENTITY copy "(C)"><!ENTITY deep "&copy;&copy;">]>'
    document = rss("<title>a &copy; &nbsp; b</title></oops>", head=head)
    assert reader(document).entries[0].title == "a (C) b"


@READERS
def test_a_feed_with_a_reference_of_many_zeros_is_read(reader: Callable[[str], ParsedFeed]) -> None:
    document = rss(f"<title>&#{'0' * 6000}65;</title></oops>")
    assert reader(document).entries[0].title == "A"


@pytest.mark.parametrize(
    "odd",
    [
        "<textInput><name>q</name></textInput>",
        "<textInput>a<x>b</x></textInput>",
        '<textInput><z:x xmlns:z="urn:z" a="b"/></textInput>',
        '<gml:pos xmlns:gml="http://www.opengis.net/gml">1 2</gml:pos>',
        "<height/>",
        "<description>a<media:player/></description>",
        "<media:credit><media:credit>x</media:credit></media:credit>",
        "<category>a<category>b</category></category>",
        "<link>a<link>b</link></link>",
        '<psc:chapters xmlns:psc="http://podlove.org/simple-chapters"><psc:chapter/></psc:chapters>',
    ],
)
@pytest.mark.parametrize("end", ["", "<b>"], ids=["well-formed", "ill-formed"])
@READERS
def test_an_element_at_which_feedparser_fails_affects_nothing_else(
    reader: Callable[[str], ParsedFeed], odd: str, end: str
) -> None:
    document = rss(f"<title>One</title>{odd}").replace(
        "</channel>", f"<item><title>Two</title><guid>2</guid></item><item><guid>3</guid>{end}</item></channel>"
    )

    assert [(entry.guid, entry.title) for entry in reader(document).entries][:2] == [("1", "One"), ("2", "Two")]


@pytest.mark.reading(10)
def test_a_file_without_a_type_has_none_in_a_damaged_entry() -> None:
    link = '<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="enclosure" href="/a.mp3"/>'
    document = f"<rss version='2.0'><channel><item><guid>1</guid>{link}<b>unclosed</item></channel></rss>"
    [entry] = parse(document.encode(), {}, "https://site.example/").entries

    assert [(file.url, file.type) for file in entry.enclosures] == [("https://site.example/a.mp3", "")]


def found(document: str, language: str = "") -> dict[str, Any]:
    return liberal.read(document.encode(), language)


def only_entry(inside: str, root: str = '<rss version="2.0">', end: str = "</rss>") -> dict[str, Any]:
    """Return what feedparser finds in the only entry of a document."""
    [entry] = found(f"{root}<channel><item>{inside}</item></channel>{end}")["entries"]
    return dict(entry)


END = pytest.mark.parametrize("end", ["</rss>", "</oops></rss>"], ids=["well-formed", "ill-formed"])
BASE = "http://site.example/"


@END
def test_the_language_of_the_answer_is_that_of_a_feed_without_one(end: str) -> None:
    assert found(f"<rss><channel/>{end}", "de")["feed"]["language"] == "de"
    assert "language" not in found(f"<rss><channel/>{end}")["feed"]


@END
def test_markup_stays_as_it_is_written(end: str) -> None:
    html = '<script>x</script><a href="b" onclick="c">d</a>'
    escaped = html.replace("<", "&lt;")
    root = f'<rss version="2.0" xml:base="{BASE}">'
    assert only_entry(f"<description>{escaped}</description>", root, end)["summary"] == html


@END
def test_a_result_names_the_version_and_says_whether_the_document_is_well_formed(end: str) -> None:
    is_well_formed = end == "</rss>"
    netscape = '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "x">'
    results = [found(f'{start}<rss version="0.91"><channel/>{end}') for start in ("", "<!DOCTYPE rss>", netscape)]
    assert [result["version"] for result in results] == ["rss091u", "rss091u", "rss091n"]
    assert [result["bozo"] for result in results] == [not is_well_formed] * 3


def test_no_external_entity_is_loaded(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a secret", encoding="utf-8")
    parser = liberal._Strict("", None, "utf-8")
    doctype = f'<!DOCTYPE rss [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'
    document = f"{doctype}<rss><channel><item><title>a &x; b</title></item></channel></rss>"

    assert liberal._read_strictly(parser, document.encode())

    assert parser.entries[0]["title"] == "a  b"


@END
@pytest.mark.parametrize(("attributes", "files"), [(99, ["/a"]), (100, [])])
def test_only_the_first_100_attributes_of_a_tag_are_read(attributes: int, files: list[str], end: str) -> None:
    many = numbered(' a#="b"', attributes)
    enclosure = f'<enclosure{many} url="/a"/>'
    links = only_entry(enclosure, end=end)["links"]
    assert [link["href"] for link in links if "href" in link] == files


@END
@pytest.mark.parametrize(
    ("base", "is_kept"),
    [
        (BASE.ljust(2047, "a") + "/", True),
        (BASE.ljust(2048, "a") + "/", False),
        (BASE + "a/" * 97, True),
        (BASE + "a/" * 98, False),
    ],
    ids=["long", "too long", "many slashes", "too many slashes"],
)
def test_an_overlong_base_is_ignored(base: str, is_kept: bool, end: str) -> None:
    link = only_entry(f'<x xml:base="{base}"><link href="b"/></x>', f'<rss xml:base="{BASE}c/">', end)["links"][0]
    assert link["href"] == (f"{base}b" if is_kept else f"{BASE}c/b")


@END
@pytest.mark.parametrize(
    ("inner", "is_kept"), [("b/" * 50, True), ("b/" * 51, False), ("b" * 1900 + "/", True), ("b" * 2000 + "/", False)]
)
def test_a_base_that_is_overlong_with_that_around_it_is_ignored(inner: str, is_kept: bool, end: str) -> None:
    outer = BASE + "a/" * 47
    links = only_entry(
        f'<x xml:base="{inner}"><link href="c"/><y><link href="d"/></y></x><link href="e"/>',
        f'<rss xml:base="{outer}">',
        end,
    )["links"]
    base = outer + inner if is_kept else outer
    assert [link["href"] for link in links] == [f"{base}c", f"{base}d", f"{outer}e"]


@END
@pytest.mark.parametrize("name", ["xml:lang", "lang"])
def test_an_overlong_language_is_ignored(name: str, end: str) -> None:
    longest = "a" * 100
    for language, kept in ((longest, longest), (f"{longest}a", "en")):
        title = only_entry(f'<title {name}="{language}">T</title>', '<rss xml:lang="en">', end)["title_detail"]
        assert title["language"] == kept


@END
def test_an_attribute_of_any_other_name_may_be_long(end: str) -> None:
    term = "a/" * 5000
    assert only_entry(f'<category term="{term}"/>', end=end)["tags"][0]["term"] == term


def test_the_name_of_a_person_is_cut_but_no_other_text() -> None:
    for name, kept in (("é" * 10_000, "é" * 10_000), ("é" * 10_001, "é" * 10_000)):
        inside = f"<author>{name[:-1]}&eacute;</author><title>{name}</title>"
        entry = only_entry(inside, end="</oops></rss>")
        assert (entry["author"], entry["title"]) == (kept, name)


@pytest.mark.parametrize(
    ("pieces", "kept"),
    [
        ([" ", "a", " ", "b", " "], ["a", " ", "b"]),
        (["\n", " ", "a", "\n", " "], ["a"]),
        (["a", "b"], ["a", "b"]),
        (["a", " "], ["a"]),
        ([" ", "a"], ["a"]),
        ([" ", " "], []),
        ([], []),
        ([b" ", b"a", " "], [b"a"]),
        (" a b ", "a b"),
    ],
)
def test_white_space_is_removed_at_both_ends_of_the_pieces_of_a_text(
    pieces: Sequence[str | bytes], kept: Sequence[str | bytes]
) -> None:
    assert liberal._stripped(pieces) == kept


def test_an_address_and_a_date_in_attributes_of_an_entry_are_read() -> None:
    item = '<item href="http://site.example/1" lastmod="2020-01-02"><title>T</title></item>'
    [entry] = found(f"<rss><channel>{item}</channel></rss>")["entries"]
    assert [entry[name] for name in ("link", "updated", "title")] == ["http://site.example/1", "2020-01-02", "T"]


def test_an_end_tag_inside_a_text_takes_no_white_space_from_it() -> None:
    entry = only_entry("<description>One &lt; </x>two</description>", end="</oops></rss>")
    assert entry["summary"] == "One &lt; </x>two"


def test_the_tags_of_each_entry_are_its_own() -> None:
    category = "<category>a</category>"
    items = f"<item>{category * 2}<category>b</category></item>" * 2
    document = f"<rss><channel>{category}{items}<category>c</category></channel></rss>"
    result = found(document)
    assert [[tag["term"] for tag in entry["tags"]] for entry in result["entries"]] == [["a", "b"]] * 2
    assert [tag["term"] for tag in result["feed"]["tags"]] == ["a", "c"]


def test_an_entry_has_at_most_1000_tags() -> None:
    documents = [numbered("<category>#</category>", count) for count in (1000, 1001)]
    assert [len(only_entry(document)["tags"]) for document in documents] == [1000, 1000]


@pytest.mark.parametrize(
    ("inside", "authors"),
    [
        ("<author>ada@site.example (Ada)</author><author>Bob</author>", [{"name": "Ada"}, {"name": "Bob"}]),
        (
            "<author><name>Ada</name><email>a@site.example</email></author><author>Bob</author>",
            [{"name": "Ada", "email": "a@site.example"}, {"name": "Bob"}],
        ),
        ("<author>Bob</author><author><name>Ada</name></author>", [{"name": "Bob"}, {"name": "Ada"}]),
    ],
)
def test_each_author_has_a_name(inside: str, authors: list[dict[str, str]]) -> None:
    assert [dict(author) for author in only_entry(inside)["authors"]] == authors


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (ValueError("x"), AttributeError, "handler failed"),
        (AttributeError("x"), AttributeError, "x"),
        (MemoryError("x"), MemoryError, "x"),
        (RecursionError("x"), RecursionError, "x"),
    ],
)
def test_an_exception_of_a_handler_is_one_that_feedparser_expects_unless_no_memory_is_left(
    error: Exception, kind: type[Exception], message: str
) -> None:
    def handler(raised: Exception) -> None:
        raise raised

    with pytest.raises(kind) as caught:
        liberal._safe(handler)(error)

    assert type(caught.value) is kind
    assert str(caught.value) == message


def test_a_handler_returns_what_it_returned_before() -> None:
    assert liberal._safe(max)(1, 2) == 2


@pytest.mark.parametrize(
    ("root", "item"),
    [
        ('<rss xmlns:u="http://backend.userland.com/RSS2">', "<u:title>One</u:title>"),
        ('<rss xmlns:U="http://backend.userland.com/RSS2">', "<U:title>One</U:title>"),
        ('<rss xmlns:t="http://purl.org/dc/elements/1.1/">', "<t:title>One</t:title>"),
        ('<rss xmlns:dc="http://purl.org/dc/elements/1.1/">', "<dc:title>One</dc:title>"),
        ('<rss xmlns="http://purl.org/rss/1.0/">', "<title>One</title>"),
    ],
)
def test_a_namespace_is_known_by_its_address(root: str, item: str) -> None:
    assert only_entry(item, root)["title"] == "One"


def test_an_element_of_an_unknown_namespace_has_the_first_prefix_of_that_namespace() -> None:
    entry = only_entry(
        '<v:a>1</v:a><b xmlns="urn:x">2</b><c xmlns="urn:y">3</c>', '<rss xmlns:u="urn:x" xmlns:v="urn:x">'
    )
    assert {name: entry.get(name) for name in ("u_a", "u_b", "c")} == {"u_a": "1", "u_b": "2", "c": "3"}


def test_an_element_has_its_own_prefix_after_that_had_another_meaning() -> None:
    entry = only_entry('<u:a xmlns:u="urn:x"><u:b xmlns:u="urn:y">1</u:b>2</u:a>')
    assert {name: entry.get(name) for name in ("u_a", "u_b")} == {"u_a": "2", "u_b": "1"}


@END
def test_the_namespace_of_a_feed_tells_its_version(end: str) -> None:
    end = end.replace("rss", "feed")
    assert found(f'<feed xmlns="http://www.w3.org/2005/Atom"><entry/>{end}')["version"] == "atom10"


def test_the_encoding_that_a_decoded_document_declares_is_not_believed() -> None:
    parser = liberal._Strict("", None, "utf-8")
    document = (
        '<?xml version="1.0" encoding="windows-1251"?><rss><channel><item><title>ü</title></item></channel></rss>'
    )

    assert liberal._read_strictly(parser, document.encode())

    assert parser.entries[0]["title"] == "ü"


@pytest.mark.slow
@pytest.mark.parametrize("start", ["", "<b><i></b></i>"])
@pytest.mark.parametrize("end", ["", "<b><i></b></i>"])
def test_a_document_leaves_nothing_for_the_garbage_collector(start: str, end: str) -> None:
    item = f"<item><title>T</title><description>{'Some words ' * 20}</description></item>"
    document = f"<rss><channel>{start}{item * 60}{end}</channel></rss>".encode()
    liberal.read(document)  # imports

    assert left_behind(lambda: liberal.read(document)) < 20_000
