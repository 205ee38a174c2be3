"""Untrusted HTML: what is kept, what is removed, and that no script in it runs."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping
from typing import Any

import nh3
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lifestream.content import sanitizer
from lifestream.content.bounded_html import bounded
from lifestream.content.mathml import CORE
from lifestream.content.plaintext import text_of
from lifestream.content.sanitizer import Sanitizer
from lifestream.content.sanitizer_rules import DEFAULT_TAGS, SanitizerRules, refused
from lifestream.content.urls import safe_url

BASE = "https://site.example/blog/post"
SANITIZER = Sanitizer()
REL = 'rel="noopener noreferrer nofollow ugc"'


@pytest.mark.parametrize(
    ("fragment", "clean"),
    [
        # Kept
        ("<p>Hello <em>you</em></p>", "<p>Hello <em>you</em></p>"),
        ('<a href="https://a.example/?b=1&amp;c">x</a>', f'<a href="https://a.example/?b=1&amp;c" {REL}>x</a>'),
        ('<a href="mailto:a@b.example" rel="author" target=_top>x</a>', f'<a href="mailto:a@b.example" {REL}>x</a>'),
        ('<img src="/a.png" alt="A" width=5 height=6 class=big>',
         '<img src="https://site.example/a.png" alt="A" width="5" height="6" loading="lazy">'),
        ('<video src="v.mp4" poster="p.jpg" controls autoplay></video>',
         '<video src="https://site.example/blog/v.mp4" poster="https://site.example/blog/p.jpg" controls="" '
         'preload="none"></video>'),
        ("<table><tr><td colspan=2>x</td></tr></table>",
         '<table><tbody><tr><td colspan="2">x</td></tr></tbody></table>'),
        ('<pre><code>a &lt; b</code></pre>', "<pre><code>a &lt; b</code></pre>"),
        ('<figure><img src="//cdn.example/a.png"><figcaption>A</figcaption></figure>',
         '<figure><img src="https://cdn.example/a.png" loading="lazy"><figcaption>A</figcaption></figure>'),
        ('<p lang="ar" dir="rtl">x</p>', '<p lang="ar" dir="rtl">x</p>'),
        ('<blockquote cite="/quoted">x</blockquote>', '<blockquote cite="https://site.example/quoted">x</blockquote>'),
        # Removed
        ("<p onclick=alert(1) ONLOAD=x>x</p>", "<p>x</p>"),
        ("<script>alert(1)</script>x<style>p{}</style>", "x"),
        ("<svg onload=alert(1)><script>1</script></svg>x", "x"),
        ("<form action=/x><input name=a><button>b</button></form>", "b"),
        ("<base href=//evil.example/><meta http-equiv=refresh content=0><link rel=stylesheet href=x>x", "x"),
        ("<h1 class=top name=x>x</h1>", "<h1>x</h1>"),
        ("a<!-- hidden -->b", "ab"),
        ('<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>',
         "<math><mtext></mtext></math>"),
        (
            '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
            '<p title="&lt;/noscript&gt;&lt;img src=x onerror=alert(1)&gt;"></p>',
        ),
        # Embedded pages, which become links
        ('<iframe src="https://film.example/7?a&amp;b" title="Film &amp; 7"></iframe>',
         f'<p><a href="https://film.example/7?a&amp;b" {REL}>Film &amp; 7</a></p>'),
        ('<iframe src="//film.example/7"><p>no frames</p></iframe>x',
         f'<p><a href="https://film.example/7" {REL}>https://film.example/7</a></p>x'),
        ('<object data="https://f.example/a"><embed src="https://f.example/a"></object>',
         f'<p><a href="https://f.example/a" {REL}>https://f.example/a</a></p>'),
        ('<iframe src="javascript:alert(1)"></iframe><iframe srcdoc="<script>1</script>"></iframe>x', "x"),
        # Scrubbed
        ("a\0b\ud800", "ab\ufffd"),
        ("", ""),
    ],
)  # fmt: skip
def test_markup_is_kept_or_removed(fragment: str, clean: str) -> None:
    assert SANITIZER.html(fragment, BASE) == clean


ADDRESS_ATTRIBUTES = [
    "href",
    "src",
    "cite",
    "poster",
    "longdesc",
    "background",
    "data",
    "usemap",
    "xlink:href",
    "classid",
    "codebase",
    "icon",
    "manifest",
    "profile",
    "srcset",
]
HARMFUL = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "java\nscript:alert(1)",
    "java&#9;script:alert(1)",
    "&#1;javascript:alert(1)",
    "&#106;avascript:alert(1)",
    "vbscript:x",
    "data:text/html,<script>alert(1)</script>",
    "data:image/svg+xml;base64,AAAA",
    "file:///etc/passwd",
    "blob:https://a.example/1",
    "about:blank",
    "http://",
    "http://[::1",
    "http://a.example:port/",
]


AROUND = {
    **dict.fromkeys(("caption", "colgroup", "tbody", "thead", "tfoot"), "<table>"),
    "col": "<table><colgroup>",
    "tr": "<table><tbody>",
    "td": "<table><tbody><tr>",
    "th": "<table><tbody><tr>",
}
"""What must be open before a tag, so that it is kept."""


@pytest.mark.parametrize("address", HARMFUL)
def test_no_attribute_keeps_a_harmful_address(address: str) -> None:
    everything = Sanitizer(SanitizerRules.of(dict.fromkeys(DEFAULT_TAGS, ADDRESS_ATTRIBUTES)))
    quoted = address.replace('"', "&quot;")
    for tag in sorted(set(DEFAULT_TAGS) - {"*", *CORE}):  # a formula keeps its own attributes only
        before = AROUND.get(tag, "")
        assert f"<{tag} " in everything.html(f'{before}<{tag} {ADDRESS_ATTRIBUTES[0]}="/a">x', BASE), "a harmless one"
        for name in ADDRESS_ATTRIBUTES:
            clean = everything.html(f'{before}<{tag} {name}="{quoted}">x', BASE)
            assert f"{name}=" not in clean, clean


@pytest.mark.parametrize("address", HARMFUL)
def test_a_harmful_address_is_dropped_or_taken_for_a_relative_one(address: str) -> None:
    assert SANITIZER.url(address.replace("&#", "#"), "") == ""
    assert SANITIZER.url(address, BASE) in {"", f"https://site.example/blog/{address}"}


def test_a_relative_address_without_a_base_is_dropped() -> None:
    assert SANITIZER.html('<a href="/a">x</a>') == f"<a {REL}>x</a>"


@pytest.mark.parametrize(
    ("srcset", "clean"),
    [
        ("/a.png 1x, b.png 2x", "https://site.example/a.png 1x, https://site.example/blog/b.png 2x"),
        ("a.png, b.png 100w", "https://site.example/blog/a.png, https://site.example/blog/b.png 100w"),
        ("a,b.png 1.5x", "https://site.example/blog/a,b.png 1.5x"),
        ("javascript:alert(1) 1x, /b.png 2x", "https://site.example/b.png 2x"),
        ("data:image/png;base64,AAAA 1x, /b.png 2x", "https://site.example/b.png 2x"),
        ("/a.png 1x onerror=x, /b.png (1x, 2x), /c.png 2x", "https://site.example/c.png 2x"),
        (",,, /a.png", "https://site.example/a.png"),
        ("/a.png 100w 50h", "https://site.example/a.png 100w 50h"),
    ],
)
def test_srcset_is_filtered_and_rewritten(srcset: str, clean: str) -> None:
    assert SANITIZER.html(f'<img srcset="{srcset}">', BASE) == f'<img srcset="{clean}" loading="lazy">'


def test_a_srcset_without_a_harmless_address_is_removed() -> None:
    assert SANITIZER.html('<img srcset="javascript:1 1x, ,">', BASE) == '<img loading="lazy">'


@pytest.mark.parametrize(
    ("style", "clean"),
    [
        ("text-align: center; font-weight:bold", "text-align:center;font-weight:bold"),
        ("position: fixed; inset: 0; text-align: left", "text-align:left"),
        ("color: red", ""),
        ("text-align: url(//evil.example/x)", ""),
        ("text-align: u\\72l(//evil.example/x); font-style: italic", "font-style:italic"),
        ("font-weight: expression(alert(1))", ""),
        ("text-decoration: image-set('a' 1x)", ""),
        ("text-decoration: line-through red 2000px!important", "text-decoration:line-through"),
        ("text-align: u/**/rl(x)", "text-align:u rl(x)"),  # nh3 writes the comment as a space
    ],
)
def test_styles_keep_only_listed_properties_that_load_nothing(style: str, clean: str) -> None:
    expected = f'<p style="{clean}">x</p>' if clean else "<p>x</p>"

    assert SANITIZER.html(f'<p style="{style}">x</p>') == expected


def test_no_declaration_loads_anything_even_if_its_property_is_listed() -> None:
    sanitizer = Sanitizer(SanitizerRules.of(styles=["background", "color"]))
    fragment = "<p style=\"background: url(x); color: red; background: \\75rl(x); background: IMAGE-SET('a' 1x)\">x</p>"

    assert sanitizer.html(fragment) == '<p style="color:red">x</p>'


def test_style_is_kept_only_on_the_tags_for_which_the_rules_list_it() -> None:
    sanitizer = Sanitizer(SanitizerRules.of({"p": ["style"], "b": []}, styles=["color"]))

    assert sanitizer.html('<p style="color:red"><b style="color:red">x</b></p>') == '<p style="color:red"><b>x</b></p>'


def test_style_is_removed_if_the_rules_list_no_properties() -> None:
    sanitizer = Sanitizer(SanitizerRules.of({"p": ["style"]}, styles=[]))

    assert sanitizer.html('<p style="text-align:left">x</p>') == "<p>x</p>"


@pytest.mark.slow
def test_100_000_nested_tags_become_plain_text() -> None:
    fragment = "<div>" * 100_000 + "Deep &amp; <b>low</b><script>alert(1)</script>" + "</div>" * 100_000

    assert SANITIZER.html(fragment) == "<p>Deep &amp; low</p>"


def test_512_nested_tags_are_kept_as_in_chromium() -> None:
    assert SANITIZER.html("<div>" * 512 + "x").count("<div>") == 512
    assert SANITIZER.html("<div>" * 513 + "x") == "<p>x</p>"


SCRAPS = [
    *("<p>", "<br>", "<b title='", "<td>", "&amp;lt;", "&#0;", "\n", "<pre>", "&nbsp;"),
    *("<", ">", "/", '"', "'", "p", "a href=", "img src=", "onx=1", "javascript:x", "&lt;", "<!--", " ", "\0"),
    *("<svg>", "<math>", "<style>", "</p>", "<table>", "<iframe src="),
    *("<a>", "<h1>", "<button>", "<li>", "<select>", "</table>", "</b>", "&#13;", "&#1;", "&#65279;", "«", "<x-y>"),
]


@pytest.mark.parametrize(
    ("fragment", "clean"),
    [
        ("<pre>\nx</pre>", "<pre>x</pre>"),
        ("<pre>\n\nx</pre>", "<pre>\n\nx</pre>"),
        ("<pre><td>\n", "<pre>\n\n</pre>"),
        ('<pre lang="a>b"><x-y>\nx</x-y></pre>', '<pre lang="a&gt;b">\n\nx</pre>'),
        ("&#65279;&#65279; x", "x"),
        ("a&#13;b&#1;c&#127;d", "a\nbcd"),
        ('<p title="&#1;a&#13;b">', '<p title="a\nb"></p>'),
        ("<p><button><p>x", "<p></p><p>x</p><p></p>"),
        ("<h1><a><h6></a></h6>", f"<h1><a {REL}></a></h1><h6><a {REL}></a></h6>"),
        ("<a><table><a>", f"<a {REL}></a><a {REL}></a><table></table>"),
        ("<p><svg><foreignobject><p>", "<p></p><p></p>"),
        ("<img class=a loading=eager alt=b src=/c>", '<img loading="lazy" alt="b" src="https://site.example/c">'),
        ("<a rel=x target=_top title=t>y</a>", f'<a {REL} title="t">y</a>'),
    ],
)  # fmt: skip
def test_the_result_of_cleaning_does_not_change_when_it_is_cleaned_again(fragment: str, clean: str) -> None:
    assert SANITIZER.html(fragment, BASE) == clean
    assert SANITIZER.html(clean, BASE) == clean


@given(st.lists(st.sampled_from(SCRAPS)).map("".join))
@example("<p><button><p>x")
@example("<pre><td>\n")
@example("<pre>\n\n<p>")
@example("<pre>\n<img src=\n>\n")
@example("&#13;<pre>&#10;\n")
def test_cleaning_clean_html_does_not_change_it(fragment: str) -> None:
    begun = SANITIZER.beginning(fragment, BASE, 10**9)
    clean = begun.html

    assert SANITIZER.html(clean, BASE) == clean
    assert not re.search(r'\b(?!title=|alt=)[\w-]+="\s*javascript:', clean)  # in a title it is only text
    assert begun.clean.text == text_of(clean)


def test_threads_do_not_mix_up_their_bases() -> None:
    results: dict[str, set[str]] = {}

    def clean(name: str) -> None:
        base = f"https://{name}.example/"
        results[name] = {SANITIZER.html('<a href="x">' * 20, base) for _ in range(200)}

    threads = [threading.Thread(target=clean, args=(name,)) for name in ("one", "two", "three")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert results.keys() == {"one", "two", "three"}
    for name, fragments in results.items():
        (fragment,) = fragments
        assert fragment.count("https://") == fragment.count(f"https://{name}.example/x") == 20


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Plain", "Plain"),
        ("a < b & c", "a < b & c"),
        ("&amp; stays", "&amp; stays"),
        ("<script>alert(1)</script>News", "News"),
        ("two\n lines\0", "two lines"),
        ("e" + "\u0323" * 60, "e" + "\u0323" * 8),
    ],
)
def test_text_stays_text_in_one_line(text: str, line: str) -> None:
    assert SANITIZER.text(text) == line


def test_the_plain_text_and_the_summary_have_no_markup_or_scripts() -> None:
    fragment = "<p>One &amp; two.</p><p>Three four five.</p><script>x</script>"

    assert SANITIZER.plain(fragment) == "One & two.\nThree four five."
    assert SANITIZER.summary(fragment) == "One & two. Three four five."
    assert SANITIZER.summary(fragment, 18) == "One & two. Three…"


@pytest.mark.parametrize(
    ("tags", "problems"),
    [
        (DEFAULT_TAGS, []),
        ({"p": ["class", "id", "rel"]}, []),
        ({"SCRIPT": []}, ["<SCRIPT> can't be allowed: remove it"]),
        ({"style": (), "iframe": ()}, ["<style> can't be allowed: remove it", "<iframe> can't be allowed: remove it"]),
        ({"a": {"onClick"}}, ["the attribute 'onClick' of <a> can't be allowed: remove it"]),
        ({"*": ["srcdoc"]}, ["the attribute 'srcdoc' of <*> can't be allowed: remove it"]),
        ({"a": "href"}, ["the attributes of <a> are 'href': give a list or a set of names"]),
    ],
)
def test_settings_that_cannot_be_made_safe_are_refused(tags: Mapping[str, Iterable[str]], problems: list[str]) -> None:
    assert refused(tags) == problems
    if problems:
        with pytest.raises(ValueError, match=r"can't be allowed|give a list"):
            SanitizerRules.of(tags)


def test_settings_may_be_lists_in_any_case_and_include_rel() -> None:
    tags = {"A": ["HREF", "rel"], "P": ["STYLE"]}
    sanitizer = Sanitizer(SanitizerRules.of(tags, styles=["COLOR"], url_schemes=["HTTPS"]))

    assert sanitizer.html('<p style="color:red">x</p>') == '<p style="color:red">x</p>'
    assert sanitizer.html('<a href="https://a.example/">x</a>') == f'<a href="https://a.example/" {REL}>x</a>'
    assert sanitizer.html('<a href="http://a.example/">x</a>') == f"<a {REL}>x</a>"


def test_rules_without_links_and_images_work() -> None:
    assert Sanitizer(SanitizerRules.of({"p": []}, styles=[])).html('<p><a href="x">a</a><img src=y></p>') == "<p>a</p>"


def test_an_address_is_cached_only_for_its_base_and_its_kind() -> None:
    sanitizer = Sanitizer()
    mail = "mailto:a@b.example"
    fragment = f'<a href="x">1</a><a href="x">2</a><img src="x"><a href="{mail}">3</a><img src="{mail}">'

    for base in ("https://a.example/1/", "https://b.example/", "https://a.example/1/", ""):
        assert sanitizer.html(fragment, base) == Sanitizer().html(fragment, base)
    assert sanitizer.html(fragment, "https://b.example/") == (
        f'<a href="https://b.example/x" {REL}>1</a><a href="https://b.example/x" {REL}>2</a>'
        f'<img src="https://b.example/x" loading="lazy"><a href="{mail}" {REL}>3</a><img loading="lazy">'
    )


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of addresses that a sanitizer has passed to `safe_url`."""
    addresses: list[str] = []

    def counted(url: str, *rest: Any) -> str:
        addresses.append(url)
        return safe_url(url, *rest)

    monkeypatch.setattr("lifestream.content.clean_attributes.safe_url", counted)
    return addresses


def test_a_repeated_address_is_checked_once(looked_at: list[str]) -> None:
    Sanitizer().html('<p><a href="/about">x</a></p>' * 500 + '<img src="/a.png">' * 10, BASE)

    assert looked_at == ["/about", "/a.png"]


def test_addresses_are_cached_from_one_entry_of_a_document_to_the_next(looked_at: list[str]) -> None:
    sanitizer = Sanitizer()
    for number in range(3):
        base = f"https://site.example/posts/{number}"
        html = '<a href="/about">x</a><a href="https://a.example/">y</a><a href="next">z</a>'
        assert 'href="https://site.example/about"' in sanitizer.html(html, base)
    assert looked_at == ["/about", "https://a.example/", "next", "next", "next"]
    sanitizer.html('<a href="/about">x</a>', "https://other.example/posts/1")
    assert looked_at[-1] == "/about"


def test_many_addresses_are_cached_but_no_long_ones(looked_at: list[str]) -> None:
    sanitizer = Sanitizer()
    for _ in range(2):
        sanitizer.html("".join(f'<a href="/{number}">x</a>' for number in range(1200)), BASE)
    assert len(looked_at) == 1200

    looked_at.clear()
    Sanitizer().html(f'<a href="/{"x" * 1000}">x</a>' * 3, BASE)
    assert len(looked_at) == 3


def test_a_style_attribute_that_the_rules_list_is_removed_if_they_list_no_style_properties() -> None:
    rules = SanitizerRules.of({"p": ["style", "lang"], "*": ["style"]}, styles=())
    assert Sanitizer(rules).html('<p style="font-weight: bold" lang="de">x</p>') == '<p lang="de">x</p>'


def test_only_spaces_and_controls_are_cut_from_the_ends_of_an_address() -> None:
    assert safe_url("\x00 \x1f/a!\x20\x01", "https://site.example/") == "https://site.example/a!"
    assert safe_url("!a", "https://site.example/") == "https://site.example/!a"


def test_a_formula_keeps_its_source_only_if_the_rules_allow_it() -> None:
    formula = "<math><semantics><mi>x</mi><annotation encoding='application/x-tex'>x_1</annotation></semantics></math>"
    without = {tag: names for tag, names in DEFAULT_TAGS.items() if tag != "annotation"}

    assert ">x_1</annotation>" in Sanitizer().html(f"{formula}<iframe/>")
    assert Sanitizer(SanitizerRules.of(without)).html(f"{formula}<iframe/>") == (
        "<math><semantics><mi>x</mi></semantics></math>"
    )


def test_only_addresses_of_the_schemes_in_the_rules_are_kept() -> None:
    sanitizer = Sanitizer(SanitizerRules.of(url_schemes=["gemini"]))
    assert 'href="gemini://a.example/"' in sanitizer.html('<a href="gemini://a.example/">a</a>')
    assert "href" not in sanitizer.html('<a href="https://a.example/">a</a>')


def test_ids_anchors_and_players_are_kept_on_allowed_tags_whatever_attributes_the_rules_list() -> None:
    assert '<p id="entry-x">' in Sanitizer(SanitizerRules.of({"p": []})).html('<p id="x">a</p>')
    links_only = Sanitizer(SanitizerRules.of({"a": ["href"]}))
    assert '<a name="entry-x" ' in links_only.html('<a name="x">a</a>')
    assert "data-player=" in links_only.html('<iframe src="https://www.youtube.com/embed/abcdefghijk"></iframe>')


def test_a_beginning_says_whether_it_is_the_whole_text() -> None:
    assert Sanitizer().beginning("", "", 0).whole
    assert Sanitizer().beginning("<p>a</p>", "", 8).whole
    assert not Sanitizer().beginning("<p>ab cd ef</p>", "", 8).whole


@pytest.mark.parametrize("length", range(10, 16))
def test_a_beginning_that_ends_after_the_first_of_two_line_feeds_does_not_change_when_it_is_cleaned_again(
    length: int,
) -> None:
    clean = SANITIZER.beginning("<pre>\n\nxx</pre>", BASE, length).html

    assert SANITIZER.html(clean, BASE) == clean


def test_a_beginning_of_what_became_plain_text_says_whether_it_is_the_whole_text() -> None:
    deep = "<div>" * 513 + "ab"

    assert SANITIZER.beginning(deep, BASE, 9) == SANITIZER.beginning(deep, BASE, 100)
    assert SANITIZER.beginning(deep, BASE, 9).whole
    assert SANITIZER.beginning(deep, BASE, 8).html == "<p>a</p>"
    assert not SANITIZER.beginning(deep, BASE, 8).whole


@pytest.mark.slow
@pytest.mark.parametrize(("fragment", "text"), [("<a href=a>b", "<p>b</p>"), ("<p><a href=a><p>", "")])
def test_html_may_grow_to_16_times_its_length_plus_1000_characters_and_becomes_text_if_it_grows_more(
    fragment: str, text: str
) -> None:
    most = 16 * len(fragment) + 1000
    cleaned = [SANITIZER.html(fragment, f"https://a.example/{'x' * number}/") for number in range(1300)]

    assert max(map(len, cleaned)) == most
    assert set(cleaned[cleaned.index(max(cleaned, key=len)) + 1 :]) == {text}


@pytest.mark.parametrize("fragment", ['<p a"b=1><b>z</b></p>', '<p a"b=1><b>z<div>'])
def test_html_becomes_text_if_the_rules_allow_an_attribute_that_nh3_writes_in_another_form(fragment: str) -> None:
    rules = SanitizerRules({"p": frozenset({'a"b'}), "b": frozenset()})  # `of` would refuse it
    assert Sanitizer(rules).html(fragment) == "<p>z</p>"


@pytest.fixture
def rewritten(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    """Return the list of the arguments of each call of `bounded`: the HTML and *usual*."""
    calls: list[tuple[str, bool]] = []

    def recorded(source: str, *, usual: bool = False) -> str | None:
        calls.append((source, usual))
        return bounded(source, usual=usual)

    monkeypatch.setattr(sanitizer, "bounded", recorded)
    return calls


def test_html_is_searched_for_tags_that_change_how_it_is_read_unless_it_is_known_to_have_none(
    rewritten: list[tuple[str, bool]],
) -> None:
    assert SANITIZER.html("<b><select>x") == "<b>x</b>"
    assert SANITIZER.html("<p><button><p>x") == "<p></p><p>x</p><p></p>"
    assert rewritten == [("<b><select>x", False), ("<p><button><p>x", True), ("<p><p>x</p></p>", False)]


def test_checking_clean_html_rewrites_it_only_for_long_text_or_rules_without_table_cells(
    rewritten: list[tuple[str, bool]],
) -> None:
    def count(fragment: str, cleaner: Sanitizer) -> int:
        cleaner.html(fragment)
        return sum("<button>" not in source for source, _ in rewritten)

    fragment, long = "<p><button><p>x", "<p><button><p>" + "x" * 5000
    assert count(fragment, SANITIZER) == 1, "the second cleaning itself, after the check"
    rewritten.clear()
    assert count(long, SANITIZER) == 2
    rewritten.clear()
    assert count(fragment, Sanitizer(SanitizerRules.of({"p": []}))) == 2


def test_styles_are_not_even_read_if_the_rules_list_no_properties(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}

    def cleaner(**options: Any) -> nh3.Cleaner:
        given.update(options)
        return original(**options)

    original = nh3.Cleaner
    monkeypatch.setattr(nh3, "Cleaner", cleaner)
    Sanitizer(SanitizerRules.of({"p": ["style", "title"], "b": ["style"]}, styles=[]))

    assert given["attributes"] == {"p": {"title"}, "b": set(), "*": {"id"}}


def test_a_summary_has_300_characters_unless_another_length_is_given() -> None:
    assert SANITIZER.summary("<p>" + "x" * 300) == "x" * 300
    assert SANITIZER.summary("<p>" + "x" * 301) == "x" * 299 + "…"
