"""HTML as tokens, and as text. Comments, tags and scripts end where the HTML standard says."""

from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifestream.content.html_tokenizer import attributes, tokens, unescape
from lifestream.content.plaintext import html_of, linked_html_of, scrub, shorten, text_of, without_scripts

MARKUP = st.lists(
    st.sampled_from(
        ["<p>", "</p>", "<div", ">", "'", '"', "=", "<!--", "-->", "--!>", "<!", "<?", "</", "<", "/", " ", "a", "b=c",
         "<script>", "</script>", "<title>", "</title>", "<![CDATA[", "]]>", "&lt;", "&#0;", "<plaintext>", "é", "\n"]
    )
).map("".join)  # fmt: skip


@given(MARKUP)
def test_tokens_joined_are_the_source_again(source: str) -> None:
    assert "".join(token.source for token in tokens(source)) == source


@given(st.text())
def test_the_words_of_any_text_survive_being_made_html_and_text_again(text: str) -> None:
    assert text_of(html_of(text)).split() == scrub(text).split()


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a<b>c</b>", [("text", ""), ("start", "b"), ("text", ""), ("end", "b")]),
        ("<A HREF='>'>x", [("start", "a"), ("text", "")]),
        ("1 < 2", [("text", "")]),
        ("<a =\">\">x", [("start", "a"), ("text", "")]),
        ("<!-- <b> --><i>", [("hidden", ""), ("start", "i")]),
        ("<!--><b>", [("hidden", ""), ("start", "b")]),
        ("<!--x--!><b>", [("hidden", ""), ("start", "b")]),
        ("<script><b></script><i>", [("start", "script"), ("hidden", "script"), ("end", "script"), ("start", "i")]),
        (
            "<script><!-- a //--></script><i>",
            [("start", "script"), ("hidden", "script"), ("end", "script"), ("start", "i")],
        ),
        (
            "<script><!-- a </script><i></script>",
            [("start", "script"), ("hidden", "script"), ("end", "script"), ("start", "i"), ("end", "script")],
        ),
        (
            "<script><!--<script></script>--></script><i>",
            [("start", "script"), ("hidden", "script"), ("end", "script"), ("start", "i")],
        ),
        (
            "<script><!--><script></script><i>",
            [("start", "script"), ("hidden", "script"), ("end", "script"), ("start", "i")],
        ),
        ("<script><!--<script></script><i>", [("start", "script"), ("hidden", "script")]),
        ("<title></b></title>", [("start", "title"), ("hidden", "title"), ("end", "title")]),
        ("<plaintext></plaintext>", [("start", "plaintext"), ("hidden", "plaintext")]),
        ("</ x><b>", [("hidden", ""), ("start", "b")]),
        ("<div a='", [("start", "div")]),
        # Of all white space, only ASCII's ends a name or is skipped before a value; only ASCII letters have two cases.
        ("<xmp\xa0><b>", [("start", "xmp\xa0"), ("start", "b")]),
        ("<p a=\u2003\"<b>c\">", [("start", "p"), ("text", "")]),
        ("<title>a</title\xa0></title>", [("start", "title"), ("hidden", "title"), ("end", "title")]),
        ("<mar\u212a>", [("start", "mar\u212a")]),
        ("<style></\u017ftyle></style>", [("start", "style"), ("hidden", "style"), ("end", "style")]),
    ],
)  # fmt: skip
def test_tokens_end_where_the_html_standard_says(source: str, expected: list[tuple[str, str]]) -> None:
    assert [(kind, name) for kind, name, _ in tokens(source)] == expected


def test_attributes_are_read_as_a_browser_does() -> None:
    tag = """<img SRC="a&amp;b" alt='x > y' width = 5 hidden/data-x=1 src="second" =odd>"""

    assert attributes(tag) == {
        "src": "a&b",
        "alt": "x > y",
        "width": "5",
        "hidden": "",
        "data-x": "1",
        "=odd": "",
    }


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>Hello <b>w</b>orld</p><p>again", "Hello world\nagain"),
        ("a<br>b<hr/>c", "a\nb\nc"),
        ("caf&eacute; &amp;amp; &lt;b&gt;", "café &amp; <b>"),
        ("<script>x</script>y<style>z</style>", "y"),
        ("<!-- no -->yes", "yes"),
        ("  many \n  spaces&nbsp; ", "many spaces"),
        ("<ul><li>one</li><li>two</li></ul>", "one\ntwo"),
        ("1 < 2 > 0", "1 < 2 > 0"),
        ("<math><mi>x</mi><annotation>\\x</annotation></math> y", "x y"),
        ("", ""),
    ],
)
def test_html_becomes_this_text(source: str, text: str) -> None:
    assert text_of(source) == text


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("one\ntwo\n\n \nthree", "<p>one<br>two</p>\n<p>three</p>"),
        ("<b> & 'q'", "<p>&lt;b&gt; &amp; 'q'</p>"),
        ("", ""),
    ],
)
def test_text_becomes_this_html(text: str, markup: str) -> None:
    assert html_of(text) == markup


def test_addresses_in_text_become_links_without_the_punctuation_after_them() -> None:
    assert linked_html_of('See https://a.example/?b=1&c="x" (or http://b.example).') == (
        '<p>See <a href="https://a.example/?b=1&amp;c=">https://a.example/?b=1&amp;c=</a>&quot;x&quot; '
        '(or <a href="http://b.example">http://b.example</a>).</p>'
    )


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("a\0b\x1b\x7fc", "abc"),
        ("a\x80b\x9b31mc\x9f", "ab31mc"),
        ("\xa0\xad\xdb\u3080\u011b", "\xa0\xad\xdb\u3080\u011b"),
        ("a\r\nb\rc\td", "a\nb\nc\td"),
        ("\ud800x\udfff", "\ufffdx\ufffd"),
        ("\ufffe\uffff", "\ufffd\ufffd"),
        ("😀 ok", "😀 ok"),
    ],
)
def test_scrubbing_keeps_only_characters_that_every_database_accepts(text: str, clean: str) -> None:
    assert scrub(text) == clean


@pytest.mark.parametrize(
    ("text", "length", "short"),
    [
        ("one two three", 13, "one two three"),
        ("one two three", 12, "one two…"),
        ("one two, three", 9, "one two…"),
        ("東京都の天気予報", 5, "東京都の…"),
        ("one", 0, "…"),
        ("", 0, ""),
    ],
)
def test_shortening_cuts_at_a_word(text: str, length: int, short: str) -> None:
    assert shorten(text, length) == short


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("<script>alert(1)</script>News", "News"),
        ("a<SCRIPT src=x>y</ScRiPt >b<style>p{}</style>c", "abc"),
        ("How the <script> tag works", "How the <script> tag works"),
        ("<scripture>", "<scripture>"),
        ("</script><script>", "</script><script>"),
    ],
)
def test_scripts_are_removed_from_text_but_not_text_about_them(text: str, left: str) -> None:
    assert without_scripts(text) == left


@pytest.mark.parametrize(
    ("tag", "found"),
    [
        ("<link" + "/" * 100_000, {}),
        ("<link" + " " * 100_000 + "a=b>", {"a": "b"}),
        ("<a b/c=d / e>", {"b": "", "c": "d", "e": ""}),
        ('<a b="x > y" c>', {"b": "x > y", "c": ""}),
        ("<a =b = c==d>", {"=b": "c==d"}),
        ("<a b='c", {"b": "", "='c": ""}),
        ("<a b>c", {"b": "", "c": ""}),
    ],
)
def test_a_tag_has_these_attributes(tag: str, found: dict[str, str]) -> None:
    assert attributes(tag) == found


@pytest.mark.parametrize("text", ["&#65;", "&#x41;", "&#0000000000065;", f"&#x{'0' * 5000}41", f"&#{'0' * 5000}65;"])
def test_an_entity_may_have_any_number_of_zeros(text: str) -> None:
    assert unescape(text) == "A"


@pytest.mark.parametrize("text", [f"&#{'9' * 5000};", f"&#x{'f' * 5000}", "&#1114112;", "&#99999999"])
def test_an_entity_that_is_no_character_is_a_replacement_however_long(text: str) -> None:
    assert unescape(text) == "\ufffd"
    assert attributes(f'<a b="{text}">') == {"b": "\ufffd"}
    assert text_of(f"<p>{text}</p>") == "\ufffd"


@given(st.text(st.sampled_from("&#x;19afg ")))
def test_entities_are_resolved_as_the_standard_library_does_it(text: str) -> None:
    assert unescape(text) == html.unescape(text)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("/i?w=1&copy=2&lt=3&lt3", "/i?w=1&copy=2&lt=3&lt3"),
        ("/i?w=1&region=eu&notify", "/i?w=1&region=eu&notify"),
        ("&notit;&notin;&not;&not", "&notit;∉¬¬"),
        ("&amp=&ampx&amp;copy=&amp-&ampé", "&amp=&ampx&copy=&-&é"),
        ("&#38copy=1&#x26;lt;", "&copy=1&lt;"),
    ],
)
def test_a_name_without_a_semicolon_is_no_entity_in_a_value_before_an_ascii_alphanumeric_or_equals_sign(
    written: str, value: str
) -> None:
    """As in browsers (HTML, 13.2.5.73), so that parameters in addresses stay."""
    assert attributes(f'<a b="{written}">') == {"b": value}
