"""Which addresses in what a feed reader lists run a script, and which links HTML has."""

from __future__ import annotations

import pytest

from feedserver.check.links import has_script, is_absolute, links_of, names_script, runs_script


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "JavaScript:alert(1)", " \x01java\nscr\tipt:alert(1)", "vbscript:x", "data:text/html,x"],
)
def test_an_address_that_a_browser_takes_for_a_script_runs_one(address: str) -> None:
    assert runs_script(address)


@pytest.mark.parametrize(
    "address",
    ["", "https://example.org/javascript:alert(1)", "javascript", "java script:x", "/data:x", "unsafe:javascript:x"],
)
def test_a_text_without_the_scheme_of_a_script_runs_none(address: str) -> None:
    assert not runs_script(address)


def test_a_script_is_found_among_the_addresses_of_a_list() -> None:
    assert names_script('[{"url": "JavaScript:alert(1)"}]')
    assert not names_script('[{"url": "https://example.org/1.mp3"}]')
    assert not names_script('["unsafe:javascript:x", "https://example.org/?data:x"]')


def test_an_address_with_a_scheme_is_absolute() -> None:
    assert is_absolute("https://[")
    assert is_absolute("urn:x")
    assert not any(map(is_absolute, ("", "a/b:c", "//example.org", "/a", "1a:b")))


def test_links_of_html_are_read_as_a_browser_reads_them() -> None:
    html = (
        '<a HREF="java&#9;script:x">a</a><form action=b.html><button formaction=c.html>'
        '<p title="javascript:x">javascript:y</p><a href>d</a>'
    )

    assert links_of(html) == ["java\tscript:x", "b.html", "c.html"]
    assert links_of("[1]: javascript:x") == []


def test_an_escaped_script_is_none() -> None:
    assert has_script("<p><SCRIPT>x</SCRIPT>")
    assert not has_script("&lt;script&gt; <scripted>")


@pytest.mark.parametrize(
    ("html", "links"),
    [
        ("<a href=x", ["x"]),
        ("<a href='x", ["x"]),
        ('<a href="x">y</a', ["x"]),
        ("<a href = x/y>", ["x/y"]),
        ("<a/href=x>", ["x"]),
        ("<a b=c/href=x>", []),
        ("<a title='<a href=y>' href=x>", ["x"]),
        ('<a "href=y" href=x>', ["x"]),
        ("<a =href=y href=x>", ["x"]),
        ("<a href=>y<a href=x>", ["", "x"]),
        ("<!-- <a href=y> --><a href=x>", ["x"]),
        ("<!--><a href=x>", ["x"]),
        ("<!-- <a href=y>", []),
        ("<!-- <a href=y> --!><a href=x>", ["x"]),
        ("<!---><a href=x>", ["x"]),
        ("<!--!><a href=y>--><a href=x>", ["x"]),
        ("<![if <a href=y>]><a href=x><![endif]>", ["x"]),
        ("<![a", []),
        ("<?a <a href=y ?><a href=x>", ["x"]),
        ("</ <a href=y><a href=x>", ["x"]),
        ("</a href=y><a href=x>", ["x"]),
        ("< a href=y><a href=x>", ["x"]),
        ("<script><a href=y></scripted><a href=z></SCRIPT ><a href=x>", ["x"]),
        ("<textarea><a href=y></textarea><a href=x>", ["x"]),
        ("<title><a href=y>", []),
        (f"<a href='a&#{'0' * 5000}58;b&#x{'0' * 5000}3a;c&#0;'>", ["a:b:c\ufffd"]),
        (f"<a href='a&#{'9' * 5000};b&#99999999c'>", ["a\ufffdb\ufffdc"]),
        ("<a href='java&#1;s&#x0B;c&#0127;&#31r&#9;ipt:'>", ["java\x01s\x0bc\x7f\x1fr\tipt:"]),
        ("<a href='&#01000000;&#1000000;&#01114112;'>", ["\U000f4240\U000f4240\ufffd"]),
    ],
)
def test_the_links_of_unusual_and_broken_html_are_those_that_a_browser_finds(html: str, links: list[str]) -> None:
    assert links_of(html) == links
