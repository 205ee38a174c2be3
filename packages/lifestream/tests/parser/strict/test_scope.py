"""What an element inherits: the base of its addresses and the language of its text."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest

from lifestream.parser.strict.scope import LONGEST_LANGUAGE, Scope, joined
from lifestream.parser.strict.vocabulary import BASE, LANG

OUTER = Scope("https://a.example/dir/feed", "en")


def test_an_element_that_says_nothing_has_the_scope_around_it() -> None:
    assert OUTER.of(Element("title", {"type": "html"})) is OUTER


def test_a_base_is_resolved_against_the_one_around_it_and_holds_against_a_link() -> None:
    inner = OUTER.of(Element("entry", {BASE: "../other/"}))
    assert (inner.base, inner.language, inner.based) == ("https://a.example/other/", "en", True)
    assert inner.at("https://link.example/") is inner
    assert OUTER.at("https://link.example/").base == "https://link.example/"


def test_a_language_is_spelled_with_hyphens_and_an_endless_one_is_none() -> None:
    assert OUTER.of(Element("entry", {LANG: " de_AT\n"})).language == "de-AT"
    assert OUTER.of(Element("entry", {LANG: "x" * (LONGEST_LANGUAGE + 1)})).language == "en"


@pytest.mark.parametrize(
    ("address", "absolute"),
    [
        ("x", "https://a.example/dir/x"),
        (" /y\n", "https://a.example/y"),
        ("http://b.example/?x", "http://b.example/?x"),
        ("http://[half", ""),
        ("", ""),
    ],
)
def test_an_address_is_made_absolute_or_is_none(address: str, absolute: str) -> None:
    assert joined(OUTER.base, address) == OUTER.absolute(address) == absolute
