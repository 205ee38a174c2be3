"""Markup inside an element as HTML."""

from __future__ import annotations

from xml.etree.ElementTree import fromstring

import pytest

from lifestream.parser.strict.markup import DEEPEST, inner_html
from lifestream.parser.strict.scope import joined

BASE = "https://a.example/"


@pytest.mark.parametrize(
    ("inside", "html"),
    [
        ("a &amp; b", "a &amp; b"),
        ("<p>a<br/>b</p>c", "<p>a<br />b</p>c"),
        ("<p title='&quot;x&quot;'>a</p>", '<p title="&quot;x&quot;">a</p>'),
        ("<!-- x --><?y z?>a", "a"),
        ("<p xml:base='/d/'><a href='x'>y</a></p>", '<p><a href="https://a.example/d/x">y</a></p>'),
    ],
)
def test_elements_stay_and_addresses_with_a_base_of_their_own_become_absolute(inside: str, html: str) -> None:
    assert inner_html(fromstring(f"<x>{inside}</x>"), BASE, joined) == html


def test_text_that_is_html_already_stays_as_it_is() -> None:
    assert inner_html(fromstring("<x>&lt;b&gt;a&lt;/b&gt;<i>b</i></x>"), BASE, joined, is_escaped=True) == (
        "<b>a</b><i>b</i>"
    )


def test_what_nests_too_deep_is_text() -> None:
    deep = inner_html(fromstring("<x>" + "<b>" * 2 * DEEPEST + "a" + "</b>" * 2 * DEEPEST + "</x>"), BASE, joined)
    assert (deep.count("<b>"), deep.count("</b>")) == (DEEPEST, DEEPEST) and ">a<" in deep
