"""Whether a document is well-formed, the place of its first flaw, and the flaws that can be mended."""

from __future__ import annotations

import pytest

from costs import assert_linear
from lifestream.entry import Flaw
from lifestream.parser import NotAFeed, parse
from lifestream.parser.tag_attributes import LONGEST_NAMESPACE
from lifestream.parser.wellformed import flaw_of, is_cut_off, literals, mend
from lifestream.plugins.reading_notes import Notes

URL = "https://example.com/feed"


def rss(inside: str, head: str = "") -> bytes:
    return f"{head}<rss version='2.0'><channel>\n<title>T</title>\n{inside}</channel></rss>".encode()


LONGEST = "u" * LONGEST_NAMESPACE
ITEM = "<item><title>One</title><guid>1</guid></item>\n"
ATOM = b"<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>One</title><id>1</id></entry></feed>"
RDF = (
    b"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'>"
    b"<channel><title>T</title></channel><item rdf:about='1'><title>One</title></item></rdf:RDF>"
)


@pytest.mark.parametrize(
    ("body", "line", "column", "message"),
    [
        (rss("<item><title>a < b</title></item>"), 3, 17, "not well-formed (invalid token)"),
        (rss("<item><title>a</item>"), 3, 17, "mismatched tag"),
        (rss(ITEM)[:-8], 4, 1, "unclosed token"),
        (rss("<item><title>größer & ärger</title></item>"), 3, 22, "not well-formed (invalid token)"),
        (rss("<item><title>&nbsp;</title></item>"), 3, 14, "undefined entity"),
        (rss("<item><media:title>x</media:title></item>"), 3, 7, "unbound prefix"),
        (rss(ITEM) + b"<script>", 4, 17, "junk after document element"),
        (b"\n<?xml version='1.0'?>" + rss(ITEM), 2, 1, "XML or text declaration not at start of entity"),
        (rss(ITEM.replace("One", "O\x07ne")), 3, 15, "not well-formed (invalid token)"),
    ],
)  # fmt: skip
def test_the_flaw_of_an_ill_formed_document_has_its_place_and_a_message(
    body: bytes, line: int, column: int, message: str
) -> None:
    flaw = parse(body, {}, URL).flaw

    assert flaw is not None
    assert (flaw.line, flaw.column, flaw.message) == (line, column, message)


@pytest.mark.parametrize(
    "body",
    [
        rss(ITEM),
        rss(ITEM.replace("One", "<![CDATA[a & b < c &nbsp;]]>")),
        rss(ITEM, head="<?xml version='1.0'?><!DOCTYPE rss [<!ENTITY nbsp '&#160;'>]>").replace(b"One", b"&nbsp;"),
        rss(ITEM.replace("One", "größer")).decode().encode("utf-16"),
        b'{"version": "https://jsonfeed.org/version/1.1", "title": "a & b", "items": []}',
    ],
)
def test_a_well_formed_document_has_no_flaw(body: bytes) -> None:
    feed = parse(body, {}, URL)

    assert feed.flaw is None and feed.well_formed and feed.is_complete
    assert feed.complaint == ""


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("a & b", "a & b"),
        ("a &nbsp;&eacute; b", "a é b"),
        ("AT&T &c; &#x;", "AT&T &c; &#x;"),
        ("a &amp;&lt;&#233; b", "a &<é b"),
        ("<![CDATA[a & b]]> & c", "a & b & c"),
    ],
)
def test_ampersands_and_entities_of_html_are_mended(written: str, read: str) -> None:
    # The second item has a flaw, so that each document has to be mended.
    feed = parse(rss(f"<item><title>{written}</title><guid>1</guid></item><item><title>&</title></item>"), {}, URL)

    assert feed.entries[0].title == read
    assert feed.flaw is not None and feed.flaw.mended and feed.is_complete and not feed.well_formed
    assert "(mended: nothing of the document is lost)" in feed.complaint


def test_a_link_with_bare_ampersands_is_as_it_was_written() -> None:
    feed = parse(rss("<item><link>https://example.com/?a=1&copy=2&lt=3</link></item>"), {}, URL)

    assert feed.entries[0].link == "https://example.com/?a=1&copy=2&lt=3"


@pytest.mark.parametrize("text", ["at 12:30 = noon", "a -b:c=d .e:f=g", "see \u2460:a=b", "5 m\u00b2:a=b"])
def test_words_with_a_colon_that_are_no_prefixes_do_not_keep_a_document_from_being_mended(text: str) -> None:
    feed = parse(rss(f"<item><title>{text}&nbsp;</title></item>"), {}, URL)
    assert feed.is_complete


def test_an_undeclared_prefix_has_its_usual_meaning() -> None:
    picture = "<media:thumbnail url='http://e.org/1.png'/>"
    inside = f"<item><guid>1</guid><dc:creator>Ada</dc:creator>{picture}<x:y x:z='1'/></item>"
    feed = parse(rss(f"<!-- <rss> -->{inside}", head="<?xml version='1.0'?><!-- <a> --><?b <c> ?>"), {}, URL)

    [entry] = feed.entries
    assert (entry.author, entry.media[0].thumbnail) == ("Ada", "http://e.org/1.png")
    assert feed.flaw is not None and feed.flaw.mended


@pytest.mark.reading(8)
@pytest.mark.parametrize(
    "behind",
    [
        "<script>track()</script><!-- <item><title>x</title></item> -->",
        "</rss>",
        "</body></html>",
        "&nbsp;",
        "\u00a0",
        "cached in 3 ms, < 5",
        "<!-- cached",
        "<?php",
        "<",
    ],
)
@pytest.mark.parametrize("document", [rss(ITEM), ATOM, RDF], ids=["RSS", "Atom", "RDF"])
def test_text_after_the_root_is_left_out(document: bytes, behind: str) -> None:
    feed = parse(document + behind.encode(), {}, URL)

    assert [entry.title for entry in feed.entries] == ["One"]
    assert feed.is_complete


@pytest.mark.parametrize(
    ("document", "read"),
    [
        (rss(ITEM) + b"<script>track()</script><item><title>x</title></item>", ["One"]),
        (rss(ITEM) + rss(ITEM.replace("1", "2"), head="<?xml version='1.0'?>"), ["One"]),
        (rss(f"</channel></rss>{ITEM}"), []),
        (rss(f"{ITEM}</channel></rss>{ITEM.replace('One', 'Two')}"), ["One"]),
        (ATOM + b"<atom:entry/>", ["One"]),
        (RDF + RDF, ["One"]),
    ],
)
def test_a_document_with_entries_after_its_root_is_not_complete(document: bytes, read: list[str]) -> None:
    feed = parse(document, {}, URL)

    assert [entry.title for entry in feed.entries] == read
    assert not feed.is_complete


def test_entries_around_a_flaw_are_whole_and_the_damaged_one_is_read_in_part() -> None:
    body = rss(
        ITEM + "<item><title>Two<link>http://s.example/2</link><guid>g2</guid></item>"
        "<item><title>Three</title><guid>3</guid></item>"
    )  # fmt: skip
    feed = parse(body, {}, URL)

    assert feed.title == "T"
    assert feed.flaw == Flaw("mismatched tag", 4, 65, damaged=(1,))
    assert feed.entries[0] == parse(rss(ITEM), {}, URL).entries[0]
    assert [(entry.guid, entry.title) for entry in feed.entries] == [("1", "One"), ("g2", "Two"), ("3", "Three")]


def test_a_damaged_entry_without_guid_and_link_is_left_out_if_others_have_one() -> None:
    nameless = "<item><description>x</wrong></item>"

    assert [entry.guid for entry in parse(rss(ITEM + nameless), {}, URL).entries] == ["1"]
    assert len(parse(rss("<item><title>a</title></item>" + nameless), {}, URL).entries) == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece",
    ["&", "&a", "&amp", "&#", "&#1", "<![CDATA[", "<!--", "<?", "]]>", "<a:", "<a:b c:d=", " a:b", "a:b   ",
     "<!ENTITY a ", "&nbsp;", "<a xmlns:b='c'>"],
)  # fmt: skip
def test_mending_takes_linear_time(piece: str) -> None:
    def document(count: int) -> bytes:
        return f"<rss {piece * count}".encode()

    assert_linear(mend, document, 20_000 // len(piece))
    assert_linear(flaw_of, document, 20_000 // len(piece))


@pytest.mark.parametrize("between", ["", "x", "x" * 65_530, "x" * 65_536, "&amp;" * 13_107])
def test_references_are_mended_wherever_a_long_text_is_split(between: str) -> None:
    text = f"&nbsp;{between}& &nbsp" * 3
    mended = text.replace("&nbsp;", "&#160;").replace("& ", "&amp; ").replace("&nbsp&", "&amp;nbsp&")
    mended = mended.replace("&nbsp", "&amp;nbsp")
    assert mend(f"<a>{text}</a>".encode())[0].decode() == f"<a>{mended}</a>"


@pytest.mark.slow
def test_each_of_very_many_references_is_mended() -> None:
    assert mended(f"<a>{'&nbsp;' * 60_000}</a>") == f"<a>{'&#160;' * 60_000}</a>"


@pytest.mark.reading(8)
@pytest.mark.parametrize(
    "output",
    [
        "<br />\n<b>Warning</b>: no such table in <b>/srv/feed</b><br />\n", "Notice: undefined index: q\n",
        "<!-- cached -->\n", "<p>unclosed", "a & b\n",
    ],
)  # fmt: skip
@pytest.mark.parametrize("declaration", ["<?xml version='1.0'?>\n", ""])
def test_output_of_a_program_before_the_document_is_left_out(output: str, declaration: str) -> None:
    feed = parse(output.encode() + declaration.encode() + rss(ITEM), {}, URL)

    assert [entry.guid for entry in feed.entries] == ["1"]
    assert (feed.title, feed.format) == ("T", "rss20")
    assert feed.well_formed is (output.startswith("<!--") and not declaration)
    assert feed.is_complete


@pytest.mark.reading(8)
@pytest.mark.parametrize(
    "prolog",
    [
        '<?xml version=1.0" encoding="UTF-8"?>',
        "<?xml version=1.0?>",
        '<?xml version="1.0">',
        '<?xml version="1.0" encoding="UTF-8"? >',
        '<?xml encoding="UTF-8" version="1.0"?>',
        '<?xml version="1.0" encoding=""?>',
        '<?xml version=\\"1.0\\"?>',
        "<?xml version=“1.0”?>",
        '<?XML version="1.0"?>',
        '<?xml version="1.0"?><?xml version="1.0"?>',
        '<?xml version="1.0"?><!-- a -- b -->',
        '<?xml version="1.0"?></br>',
        "<?xml version=1.0?><!-- <rss> -->",
        '<?xml version=1.0?><!DOCTYPE rss SYSTEM "http://x.example/a.dtd">',
    ],
)
def test_an_error_before_the_root_costs_no_entry(prolog: str) -> None:
    notes = Notes()
    feed = parse(f"{prolog}\n".encode() + rss(ITEM), {}, URL, notes)

    assert [entry.guid for entry in feed.entries] == ["1"]
    assert (feed.title, feed.format, notes.reader) == ("T", "rss20", "strict")
    assert not feed.well_formed
    assert feed.is_complete


def test_a_declared_entity_is_kept_if_the_declaration_is_ill_formed() -> None:
    prolog = b"<?xml version=1.0?><!DOCTYPE rss [<!ENTITY who 'Ann'>]>"
    feed = parse(prolog + rss("<item><title>&who;</title><guid>1</guid></item>"), {}, URL)
    assert feed.entries[0].title == "Ann" and feed.is_complete


@pytest.mark.reading(8)
@pytest.mark.parametrize("page", ["<html><body>", "<!DOCTYPE html><html><body>", "<head></head>"])
def test_an_ill_formed_web_page_with_a_feed_in_it_is_no_feed(page: str) -> None:
    with pytest.raises(NotAFeed, match="web page"):
        parse(page.encode() + rss(ITEM), {}, URL)


@pytest.mark.reading(7)
def test_a_cdata_section_that_never_ends_hides_no_field_of_its_entry() -> None:
    endless = ITEM.replace("One", "<![CDATA[One").replace("</item>", "<description>Text</description></item>")
    feed = parse(rss(ITEM.replace("1", "0") + endless + ITEM.replace("1", "2")), {}, URL)

    assert [entry.guid for entry in feed.entries] == ["0", "1", "2"]
    assert (feed.entries[1].title, feed.entries[1].summary) == ("One", "Text")
    assert feed.flaw is not None and feed.flaw.damaged == (1,)


def mended(document: str) -> str:
    return mend(document.encode())[0].decode()


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (b"<a/>", []),
        (b"x<![CDATA[ <!-- ]]>y", [(1, 19)]),
        (b"<!-- a --><? b ?><![CDATA[c]]>", [(0, 10), (10, 17), (17, 30)]),
        (b"<![CDATA[ never <!-- a -->", [(16, 26)]),
        (b"<!-- never <? a ?><!-- never", [(11, 18)]),
        (b"<? never", []),
        (b"<!--> <!-- a -->", [(0, 16)]),
        (b"<?> a ?><?>", [(0, 3), (8, 11)]),
        (b"<? a <?>", [(0, 8)]),
        (b"<? a </item><item> <?>", [(19, 22)]),
        (b"<? a </item><item> <!-- ?> -->", [(0, 26)]),
        (b"<!-- a </item><item> <!-- b -->", [(21, 31)]),
        (b"<!-- a </item><item> <!-->", [(0, 26)]),
    ],
)
def test_sections_without_markup_are_found_if_they_end(document: bytes, found: list[tuple[int, int]]) -> None:
    assert list(literals(document)) == found


@pytest.mark.reading(7)
def test_a_cdata_section_without_an_end_costs_no_other_entry() -> None:
    first = "<item><guid>1</guid><title><![CDATA[cut off</title></item>"
    second = "<item><guid>2</guid><description><![CDATA[<p>whole</p>]]></description></item>"
    feed = parse(rss(first + second + ITEM.replace("1", "3")), {}, URL)

    assert [entry.guid for entry in feed.entries] == ["1", "2", "3"]
    assert feed.entries[1].summary == "<p>whole</p>"


def test_a_cdata_section_may_quote_an_item() -> None:
    document = b"<![CDATA[</item><item> x ]]>"
    assert list(literals(document)) == [(0, len(document))]


@pytest.mark.parametrize(
    ("rest", "is_whole"),
    [
        ("<!-- <item> -->", True),
        ("<!-- <item> --><![CDATA[ <item> ]]>", True),
        ("<!-- a --><item/>", False),
        ("<!-- a --><item/><!-- b -->", False),
        ("<item/><!-- <item> -->", False),
    ],
)
def test_entries_behind_the_root_count_as_left_out_unless_they_are_hidden(rest: str, is_whole: bool) -> None:
    assert mend(rss(ITEM) + rest.encode() + b"&") == (rss(ITEM), is_whole)


@pytest.mark.costly
@pytest.mark.parametrize(
    "between", ["</item><item>", "</item><item><?x?>", "</item><item><!---->", "</item>", "<?><!--"]
)
@pytest.mark.parametrize("section", ["<![CDATA[ ]]>", "<!-- -->", "<? ?>"])
def test_sections_without_an_end_are_found_in_linear_time(section: str, between: str) -> None:
    start, end = section.split()
    assert_linear(literals, lambda number: f"{f'{start}{between}' * number}{end}".encode(), 20_000)


def test_a_document_without_any_of_its_last_tags_is_cut_off() -> None:
    assert is_cut_off(b"<rss><item>", ["item", "rss"])
    assert is_cut_off(b"<rss><item></items>", ["item"])
    assert not is_cut_off(b"<rss><item></item >", ["item", "rss"])
    assert not is_cut_off(b"<rss><item></rss>", ["item", "rss"])
    assert not is_cut_off(b"<rss><item>a </ b</x:rss\n>", ["item", "x:rss"])


def test_many_open_elements_do_not_make_it_slow_to_find_that_a_document_is_cut_off() -> None:
    assert_linear(lambda size: is_cut_off(b"<item>" + b"x " * size, ["channel"] * size), lambda size: size, 10_000)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("<a>&eacute; &NotEqualTilde; &unknown; &eacute</a>", "<a>&#233; &#8770;&#824; &amp;unknown; &amp;eacute</a>"),
        ("<a>&#12; &#xe9; &#xg; &#; &amp; &lt;</a>", "<a>&#12; &#xe9; &amp;#xg; &amp;#; &amp; &lt;</a>"),
        ("<a>x ]]> y<![CDATA[&nbsp; ]]></a>", "<a>x ]]&gt; y<![CDATA[&nbsp; ]]></a>"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b; &b &d;</a>", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b; &amp;b &amp;d;</a>"),
        ("<a><dc:b/></a>", '<a xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:b/></a>'),
        ("<a><media:b/></a>", '<a xmlns:media="http://search.yahoo.com/mrss/"><media:b/></a>'),
        ("<a><b own:c='1'/></a>", "<a xmlns:own=\"urn:undeclared:own\"><b own:c='1'/></a>"),
        ("<a xml:lang='de' xmlns:x='urn:x'><x:b/></a>", "<a xml:lang='de' xmlns:x='urn:x'><x:b/></a>"),
        ("<a><b:c xmlns:b='u'/><b:c/></a>", "<a xmlns:b='u'><b:c xmlns:b='u'/><b:c/></a>"),
        ("<a xmlns:b='u v'><b:c/>&</a>", "<a xmlns:b='u v'><b:c/>&amp;</a>"),
        (
            "<a><dc:b xmlns:dc='u v'/></a>",
            "<a xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><dc:b xmlns:dc='u v'/></a>",
        ),
        ("<a><!-- xmlns:b='&'--><b:c/></a>", "<a xmlns:b=\"urn:undeclared:b\"><!-- xmlns:b='&'--><b:c/></a>"),
        (
            "<a><!-- <x xmlns:b='u'> --> xmlns:b='v' <x y=' xmlns:b'/><b:c/></a>",
            "<a xmlns:b=\"urn:undeclared:b\"><!-- <x xmlns:b='u'> --> xmlns:b='v' <x y=' xmlns:b'/><b:c/></a>",
        ),
        (
            f"<a><x xmlns:b='{LONGEST}u' xmlns:c='{LONGEST}'/><b:d/><c:e/></a>",
            f"<a xmlns:b=\"urn:undeclared:b\" xmlns:c='{LONGEST}'>"
            f"<x xmlns:b='{LONGEST}u' xmlns:c='{LONGEST}'/><b:d/><c:e/></a>",
        ),
        (
            "<a><x xmlns:b='u'/><x xmlns:b='v'/><x xmlns:b='v'/><x xmlns:b='w'/><b:c/></a>",
            "<a xmlns:b='v'><x xmlns:b='u'/><x xmlns:b='v'/><x xmlns:b='v'/><x xmlns:b='w'/><b:c/></a>",
        ),
        ("<a><x xmlns:b='u'/><x xmlns:b='v'/><b:c/></a>", "<a xmlns:b='u'><x xmlns:b='u'/><x xmlns:b='v'/><b:c/></a>"),
        ("<!-- <d:e> --><a><![CDATA[<b:c>]]></a>", "<!-- <d:e> --><a><![CDATA[<b:c>]]></a>"),
        ("<?xml version='1.0'?>\n<a:ö/>", "<?xml version='1.0'?>\n<a:ö xmlns:a=\"urn:undeclared:a\"/>"),
        ("<a/>behind<b/>", "<a/>"),
        ("<a><b/></a >behind</a>", "<a><b/></a >"),
        ("<a><a/>x</a>\n&", "<a><a/>x</a>"),
        ("<a b='>'/>\n<!--", "<a b='>'/>"),
        ("<a><b></a>", "<a><b></a>"),
        ("<rss>& <feed>b</feed></rss>", "<rss>&amp; <feed>b</feed></rss>"),
        ("x <b:c/>", "x <b:c/>"),
        ("<?xml version='1.0'?><!-- a <rss>&</rss>", "<?xml version='1.0'?><!-- a <rss>&amp;</rss>"),
    ],
)
def test_flaws_with_only_one_meaning_are_mended(written: str, read: str) -> None:
    assert mended(written) == read


@pytest.mark.parametrize("reserved", ["http://www.w3.org/XML/1998/namespace", "http://www.w3.org/2000/xmlns/"])
def test_a_reserved_namespace_in_an_entry_damages_no_other_entry(reserved: str) -> None:
    found = parse(rss(f"{ITEM}<item xmlns:own='{reserved}'><guid>2</guid><own:a/></item>{ITEM}"), {}, URL)
    assert found.flaw is not None and found.flaw.damaged == (1,)


def test_two_attributes_are_not_the_same_one_if_only_their_namespaces_and_names_joined_are() -> None:
    attributes = "a:bc='' ab:c=''"
    assert flaw_of(f"<x xmlns:a='u:a' xmlns:ab='u:ab' {attributes}/>".encode()) is None
    item = f"<item><guid>2</guid><x {attributes}/></item>"
    found = parse(rss(f"<x xmlns:a='u:a' xmlns:ab='u:ab'/>{ITEM}{item}<item><guid>3</guid><b></item>"), {}, URL)
    assert found.flaw is not None and found.flaw.damaged == (2,)


def test_a_prefix_that_is_declared_nowhere_is_declared_however_many_entries_declare_their_own() -> None:
    entries = "".join(f"<item xmlns:n{number}='u'><n{number}:a/></item>" for number in range(100))
    found, is_whole = mend(f"<rss>{entries}<thr:total/></rss>".encode())
    assert (flaw_of(found), is_whole) == (None, True)


def test_at_most_a_hundred_prefixes_are_declared() -> None:
    inside = "".join(f"<p{number:03}:a/>" for number in range(101))
    assert mended(f"<a>{inside}</a>").count("xmlns:") == 100


@pytest.mark.parametrize(
    ("before", "is_left_out"),
    [
        ("Warning: x\n", True),
        ("x" * 60_000, True),
        ("x" * 66_000, False),
        ("<html>", False),
        ("<!DOCTYPE html>", False),
    ],
)
@pytest.mark.parametrize("start", ["<?xml version='1.0'?><a/>", "<rss/>", "<RDF:rdf />", "<atom:feed>", "<feed\n/>"])
def test_the_document_begins_at_its_declaration_or_root(before: str, is_left_out: bool, start: str) -> None:
    start = start.replace("/>", " />")
    assert mended(before + start).startswith(start[:5]) is is_left_out


@pytest.mark.parametrize(("start", "mark"), [("<rss />", "<rss "), ("<?xml version='1.0'?><rss />", "<?xml ")])
def test_output_of_a_program_is_left_out_if_the_document_begins_within_64_kib(start: str, mark: str) -> None:
    most = 65_536 - len(mark)
    assert mended("x" * most + start).startswith("<rss ")
    assert mended("x" * (most + 1) + start).startswith("xx")


@pytest.mark.parametrize("declaration", ["<?xml version=1.0?>", "<?xml version=1.0?><!-- a --><!-- b -->"])
def test_an_ill_formed_declaration_is_left_out_if_the_root_begins_within_64_kib(declaration: str) -> None:
    most = 65_536 - len(declaration) - len("<rss ")
    assert mended(f"{declaration}{'x' * most}<rss />") == "<rss />"
    assert mended(f"{declaration}{'x' * (most + 1)}<rss />").startswith(declaration)


def test_a_blank_in_a_namespace_is_no_flaw() -> None:
    assert flaw_of(b"<a xmlns='u ' xmlns:b=' v w'><b:c/></a>") is None
    assert flaw_of(b"<a xmlns='u '></b>") == Flaw("mismatched tag", 1, 17)


def test_declared_entities_are_known_but_not_expanded_in_the_search_for_flaws() -> None:
    head = "<!DOCTYPE a [<!ENTITY b 'x'><!ENTITY c '&b;&b;'>]>"
    assert flaw_of(f"{head}<a>{'&c;' * 3}</a>".encode()) is None
    large = "<!DOCTYPE a [<!ENTITY c '" + "x" * 100_000 + "'>]>"
    assert flaw_of(f"{large}<a>{'&c;' * 1000}</a>".encode()) is None
    assert flaw_of(b"<a>&c;</a>") == Flaw("undefined entity", 1, 4)
