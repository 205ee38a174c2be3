"""Entities, characters that XML doesn't allow, names, and elements that feedparser would merge with others."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifestream.parser.preprocessing import (
    ITUNES,
    MEDIA,
    Prolog,
    cleaned,
    harmless,
    has_too_many_names,
    needs_harmless_references,
    prolog,
    with_renamed,
)
from parsed import only_entry, rss


def test_entities_do_not_grow_and_read_no_files(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("hunter2", encoding="utf-8")
    bombs = [
        '<!ENTITY a "0123456789"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">',
        f'<!ENTITY c SYSTEM "{secret.as_uri()}">',
        f'<!ENTITY % p SYSTEM "{secret.as_uri()}"> %p; <!ENTITY c "x">',
        f'<!ENTITY c "{"A" * 100_000}">',
        '<!ENTITY b "&c;"><!ENTITY c "&b;">',
        '<!ENTITY x "<a>"><!ENTITY b "&x;&x;"><!ENTITY c "&b;&b;&b;&b;">',
    ]
    for entities in bombs:
        item = f"<item><title>{'&c;' * 1000}</title><guid>1</guid></item>"
        entry = only_entry(rss(item, head=f"<?xml version='1.0'?><!DOCTYPE rss [{entities}]>"))

        assert "hunter2" not in entry.title
        assert len(entry.title) <= 3000


def test_a_short_entity_is_resolved() -> None:
    head = "<?xml version='1.0'?>\n<!DOCTYPE rss [<!ENTITY copy '&#169;'> <!ENTITY name \"Ada's\">]>"

    assert only_entry(rss("<item><title>&copy; &name; &amp;</title></item>", head=head)).title == "© Ada's &"


@pytest.mark.parametrize(
    "reference", ["&#0;", "&#xD800;", "&#xDFFF;", "&#x110000;", "&#99999999999999999999;", "&#xFFFF;", "\0", "\x1b"]
)
@pytest.mark.parametrize("broken", ["", "<broken>"], ids=["well-formed", "ill-formed"])
def test_invalid_characters_affect_nothing_else(reference: str, broken: str) -> None:
    entry = only_entry(rss(f"<item><title>a{reference}b</title><guid>1</guid></item>{broken}"))

    assert (entry.title, entry.guid) == ("ab", "1")


@pytest.mark.parametrize(
    ("written", "harmless_one"),
    [
        ("&#x41;", "&#x41;"),
        (f"&#{'0' * 15}65;", f"&#{'0' * 15}65;"),
        (f"&#{'0' * 16}65;", "&#65;"),
        (f"&#x{'0' * 16}41;", "&#65;"),
        ("&#146;", "\u2019"),
        ("&#128;", "\u20ac"),
        ("&#x9F;", "\u0178"),
        ("&#xd83d;&#xde00;", "\U0001f600"),
        ("&#55357;&#56832;", "\U0001f600"),
        ("&#55357;&#57344;", "&#57344;"),
        ("&#xd8zz;&#xdc00;", "&#xd8zz;"),
        *((f"&#{number};", f"&#{number};") for number in (9, 10, 13, 32, 127, 160, 1_114_111)),
        *((f"&#x{number};", f"&#x{number};") for number in ("D7FF", "E000", "FFFD", "10000", "10FFFF")),
        *((f"&#{number};", "") for number in (0, 8, 11, 12, 14, 31, 1_114_112, 11_141_110, 99_999_999)),
        *((f"&#x{number};", "") for number in ("D800", "DFFF", "FFFE", "FFFF", "110000", "110000000")),
    ],
)
def test_a_reference_is_unchanged_unless_it_is_long_or_invalid_or_means_another_character(
    written: str, harmless_one: str
) -> None:
    assert harmless(f"<a>{written}</a>") == f"<a>{harmless_one}</a>"


def test_entities_of_a_broken_document_type_are_disabled_and_text_about_one_is_unchanged() -> None:
    assert harmless("<!DOCTYPE r [ <!ENTITY a 'b'> <r>&a;</r>") == "<!DOCTYPE r [ <!NO-ENTITY a 'b'> <r>&a;</r>"
    assert harmless("<!DOCTYPE r [ <!ENTITY a 'b'>") == "<!DOCTYPE r [ <!NO-ENTITY a 'b'>"
    about = "<r><![CDATA[<!DOCTYPE r [ <!ENTITY a 'b'> ]]></r>"
    assert harmless(about) == about


def test_a_document_type_is_written_with_its_entities_only() -> None:
    assert Prolog(entities={"a": "b", "c": "d"}).doctype() == '<!DOCTYPE feed [<!ENTITY a "b"><!ENTITY c "d">]>'
    assert Prolog(1, netscape=True).doctype() == ""


NAMESPACES = f'xmlns:i="{ITUNES}" xmlns:m1="{MEDIA[0]}" xmlns:m2="{MEDIA[1]}" xmlns:o="https://other.example/"'


@pytest.mark.parametrize(
    ("written", "renamed"),
    [
        ("<i:summary>x</i:summary>", "<i:aside-summary>x</i:aside-summary>"),
        ("<i:subtitle/>", "<i:aside-subtitle/>"),
        ("<m1:title>x</m1:title>", "<m1:aside-title>x</m1:aside-title>"),
        (
            "<m2:description>x</m2:description><m2:text/>",
            "<m2:aside-description>x</m2:aside-description><m2:aside-text/>",
        ),
        ("<itunes:summary/><media:title/>", "<itunes:aside-summary/><media:aside-title/>"),
        ("<i:title/><m1:summary/><o:summary/><o:title/>", "<i:title/><m1:summary/><o:summary/><o:title/>"),
        ("<i:summaries/>", "<i:summaries/>"),
    ],
)
def test_elements_that_feedparser_would_merge_with_others_are_renamed_under_any_prefix(
    written: str, renamed: str
) -> None:
    assert with_renamed(f"<r {NAMESPACES}>{written}</r>") == f"<r {NAMESPACES}>{renamed}</r>"
    assert cleaned(f"\0<r {NAMESPACES}>{written}</r>") == f"<r {NAMESPACES}>{renamed}</r>"


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ("<rss/>", Prolog(0)),
        ("<?xml version='1.0'?>\n<rss/>", Prolog(22)),
        ("<!-- a --><rss/>", Prolog(10)),
        ("oops<rss/>", Prolog(0)),
        ("<!DOCTYPE rss [<!ENTITY a \"b\"><!ENTITY c 'd'>]><rss/>", Prolog(47, entities={"a": "b", "c": "d"})),
        ("<!DOCTYPE rss PUBLIC '-//Netscape//DTD' 'x'><rss/>", Prolog(44, netscape=True)),
        ("<!DOCTYPE rss><rss/>", Prolog(14)),
    ],
)
def test_the_prolog_has_the_place_of_the_root_and_the_declared_entities(document: str, found: Prolog) -> None:
    assert prolog(document) == found


@pytest.mark.parametrize("piece", ["<x{}>", "<x\u00b7{}\u0301/>", "<a xmlns:x{}=''>", '<!ENTITY x{} "">'])
def test_a_document_may_have_twenty_thousand_different_names(piece: str) -> None:
    # `a` and `x0` to `x19998` are twenty thousand.
    names = "<a>" + "".join(map(piece.format, range(19_999)))

    assert not has_too_many_names(names)
    assert not has_too_many_names(names * 2)
    assert has_too_many_names(names + piece.format("-one-more"))


def test_long_text_without_markup_has_no_names() -> None:
    assert not has_too_many_names("<a>" + "".join(f"x{number} " for number in range(30_000)))


def test_end_tags_comments_addresses_and_text_have_no_names() -> None:
    pieces = ("</x{}>", "<!--x{}-->", "x{} ", "<?x{}?>", "< x{}", "&x{};", "<x{}@b.example>", "<x y{}=''>")

    assert not has_too_many_names("".join(piece.format(number) for number in range(30_000) for piece in pieces))


def test_an_entity_is_kept_if_its_text_is_one_character_reference_or_at_most_forty_plain_characters() -> None:
    def kept(value: str) -> bool:
        return "<!ENTITY a " in harmless(f"<!DOCTYPE rss [<!ENTITY a '{value}'>]><rss/>")

    assert kept("x" * 40) and not kept("x" * 41)
    assert kept("&#169;") and not kept("&b;") and not kept("x&#169;")


@pytest.mark.parametrize(
    ("reference", "needs"),
    [
        ("&#x80;", True), ("&#X09f;", True), ("&#120;", True), ("&#0159;", True), ("&#xd83d;", True),
        ("&#56000;", True), ("&#xA0;", False), ("&#169;", False), ("&#8217;", False), ("&#xe000;", False),
        ("x80;", False), ("", False),
    ],
)  # fmt: skip
def test_a_reference_that_may_be_to_a_surrogate_or_a_control_character_is_recognised(
    reference: str, needs: bool
) -> None:
    assert needs_harmless_references(f"<a>{reference}</a>") is needs


@pytest.mark.parametrize(
    ("written", "renamed"),
    [
        ("<itunes:summary>a</itunes:summary>", "<itunes:aside-summary>a</itunes:aside-summary>"),
        ("<itunes:subtitle/>", "<itunes:aside-subtitle/>"),
        ("<itunes:title/>", "<itunes:title/>"),
        ("<media:title/><media:text/>", "<media:aside-title/><media:aside-text/>"),
        ("<media:description />", "<media:aside-description />"),
        ("<itunes:summary/><media:title/>", "<itunes:aside-summary/><media:aside-title/>"),
        ("<media:titles/><media:summary/>", "<media:titles/><media:summary/>"),
        ("<title/>", "<title/>"),
    ],
)
def test_elements_that_feedparser_would_merge_with_others_are_renamed(written: str, renamed: str) -> None:
    assert with_renamed(written) == renamed


@pytest.mark.parametrize(
    ("namespace", "element"),
    [(ITUNES, "summary"), (ITUNES.upper(), "summary"), *((each, "title") for each in MEDIA)],
)
def test_elements_are_renamed_under_ten_prefixes_of_their_namespace(namespace: str, element: str) -> None:
    # The usual prefix is one of the ten, whether it is declared or not.
    declared = "".join(f" xmlns:p{number}='{namespace}'" for number in range(10))
    used = [f"<p{number}:{element}/>" for number in range(10)]

    renamed = with_renamed(f"<x{declared}>{''.join(used)}</x>")

    assert [each in renamed for each in used] == [False] * 9 + [True]


def test_namespaces_are_looked_for_in_the_first_thousand_declarations() -> None:
    def is_renamed(before: int) -> bool:
        others = "".join(f" xmlns:o{number}='urn:o'" for number in range(before))
        return "aside-" in with_renamed(f"<x{others} xmlns:i='{ITUNES}'><i:summary/></x>")

    assert is_renamed(999) and not is_renamed(1000)
