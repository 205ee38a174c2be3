"""The scope that an element inherits: the base of its addresses and the language of its text."""

from __future__ import annotations

from urllib.parse import urljoin
from xml.etree.ElementTree import Element

import pytest

from lifestream.parser.strict.scope import LONGEST_LANGUAGE, Scope, joined
from lifestream.parser.strict.vocabulary import BASE, LANG

OUTER = Scope("https://a.example/dir/feed", "en")


def test_an_element_without_base_and_language_has_the_scope_around_it() -> None:
    assert OUTER.of(Element("title", {"type": "html"})) is OUTER


def test_a_base_is_resolved_against_the_one_around_it_and_takes_precedence_over_a_link() -> None:
    inner = OUTER.of(Element("entry", {BASE: "../other/"}))
    assert (inner.base, inner.language, inner.based) == ("https://a.example/other/", "en", True)
    assert inner.at("https://link.example/") is inner
    assert OUTER.at("https://link.example/").base == "https://link.example/"


@pytest.mark.reading(14)
@pytest.mark.parametrize("written", ["", "#", "#top"])
def test_a_base_that_names_the_document_itself_is_ignored(written: str) -> None:
    scope = Scope("https://site.example/a/")
    inner = scope.of(Element("a", {BASE: written}))
    assert (inner.base, inner.based) == ("https://site.example/a/", False)


def test_a_language_is_spelled_with_hyphens_and_an_overlong_one_is_ignored() -> None:
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
def test_an_address_is_made_absolute_or_dropped(address: str, absolute: str) -> None:
    assert joined(OUTER.base, address) == OUTER.absolute(address) == absolute


def test_an_address_with_an_impossible_host_is_dropped() -> None:
    address = "https://a" + "\N{COMBINING ACUTE ACCENT}" * 64 + ".example/x"
    assert joined(OUTER.base, address) == OUTER.absolute(address) == ""
    fewer = address.replace("\N{COMBINING ACUTE ACCENT}", "", 1)
    assert joined(OUTER.base, fewer) == OUTER.absolute(fewer) == fewer


def test_a_language_may_be_as_long_as_the_limit() -> None:
    assert OUTER.of(Element("entry", {LANG: "x" * 100})).language == "x" * 100
    assert OUTER.of(Element("entry", {LANG: "x" * 101})).language == "en"


def test_a_link_as_base_keeps_the_language_and_may_be_replaced_by_another_link() -> None:
    inner = OUTER.at("https://link.example/")
    assert (inner.language, inner.based) == ("en", False)
    assert inner.at("https://other.example/").base == "https://other.example/"
    assert OUTER.at(OUTER.base) is OUTER
    assert Scope("https://a.example/").based is False


def test_a_base_or_a_language_alone_does_not_change_the_other() -> None:
    french = OUTER.of(Element("entry", {LANG: "fr"}))
    assert (french.base, french.language, french.based) == (OUTER.base, "fr", False)
    based = french.of(Element("entry", {BASE: "/d/"})).of(Element("content", {LANG: "it"}))
    assert (based.base, based.language, based.based) == ("https://a.example/d/", "it", True)
    assert OUTER.of(Element("entry", {BASE: "http://[half"})).base == OUTER.base


@pytest.mark.parametrize(
    "address",
    [
        "https://b.example",
        "https://b.example/a b\n",
        "http://b.example/x/",
        "HTTP://b.example/y",
        "https://b.example/x?",
        "https://b.example/x#",
        "https://",
    ],
)
def test_an_address_with_a_host_is_the_same_as_after_urljoin(address: str) -> None:
    assert joined(OUTER.base, address) == urljoin(OUTER.base, " ".join(address.split()))


@pytest.mark.parametrize("address", ["http://b.example/x?", "https://b.example/x#", "https://b.example/a/../"])
def test_an_address_with_a_host_does_not_depend_on_the_base(address: str) -> None:
    assert len({joined(f"{scheme}://a.example/", address) for scheme in ("http", "https")}) == 1


def test_a_limited_number_of_addresses_is_cached_and_others_are_joined_anew() -> None:
    scope = Scope("https://a.example/")
    for number in range(10_010):
        assert scope.absolute(f"/{number}") == f"https://a.example/{number}"
    assert len(scope._joined) == 10_000
    assert scope.absolute("/1") == "https://a.example/1"


@pytest.mark.reading(14)
@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("www.other.example/x", "https://www.other.example/x"),
        ("WWW.other.example", "https://WWW.other.example"),
        ("a.example/x", "https://a.example/x"),
        ("a.example", "https://a.example"),
        ("www.a.example/x", "https://www.a.example/x"),
        ("other.example/x", "https://a.example/dir/other.example/x"),
        ("index.html", "https://a.example/dir/index.html"),
        ("www.html", "https://a.example/dir/www.html"),
        ("./a.example/x", "https://a.example/dir/a.example/x"),
        ("/www.other.example/x", "https://a.example/www.other.example/x"),
        ("mailto:www@a.example", "mailto:www@a.example"),
    ],
)
def test_a_host_without_a_scheme_is_known_by_www_or_as_the_sites_own(written: str, address: str) -> None:
    assert OUTER.absolute(written) == address


@pytest.mark.reading(14)
def test_the_host_of_a_site_is_known_without_its_www() -> None:
    assert Scope("https://www.a.example/dir/").absolute("a.example/x") == "https://a.example/x"
