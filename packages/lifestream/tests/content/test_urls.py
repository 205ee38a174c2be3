"""Addresses are made absolute; `test_sanitizer.py` tests harmful addresses."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from lifestream.content.urls import FETCHED, has_impossible_host, safe_url

BASE = "https://site.example/blog/post"


@pytest.mark.parametrize(
    ("address", "absolute"),
    [
        ("https://a.example/b?c=d#e", "https://a.example/b?c=d#e"),
        ("HTTPS://A.example/", "https://A.example/"),
        ("//a.example/b", "https://a.example/b"),
        ("../up", "https://site.example/up"),
        ("?q", "https://site.example/blog/post?q"),
        (" a b\n ", "https://site.example/blog/a%20b"),
        ("/a/b.jpg?c=d&e#f", "https://site.example/a/b.jpg?c=d&e#f"),
        ("/a/./b/../c", "https://site.example/a/c"),
        ("/?", "https://site.example/"),
        ("///a", "https://site.example/a"),
        ("https://münchen.example/ü", "https://münchen.example/ü"),
        ("mailto:a@b.example", "mailto:a@b.example"),
        ("", ""),
        ("   ", ""),
    ],
)
def test_addresses_become_absolute(address: str, absolute: str) -> None:
    assert safe_url(address, BASE) == absolute


def test_a_relative_address_needs_a_base_and_a_scheme_must_be_allowed() -> None:
    assert safe_url("/a") == ""
    assert safe_url("mailto:a@b.example", BASE, FETCHED) == ""
    assert safe_url("http://a.example/", BASE, frozenset({"https"})) == ""


@pytest.mark.parametrize("control", ["\u202e", "\u200f", "\u2066", "\u061c"])
def test_no_address_reverses_the_text_around_it(control: str) -> None:
    written = safe_url(f"/{control}gpj.exe", BASE)
    assert written.isprintable() and written.endswith("gpj.exe") and unquote(written).endswith(f"/{control}gpj.exe")
    assert safe_url(written, BASE) == written


def test_marks_in_an_address_cover_no_other_lines() -> None:
    written = safe_url("/e" + "\u0301" * 60, BASE)
    assert written.endswith("/e" + "\u0301" * 8 + "%CC%81" * 52) and safe_url(written, BASE) == written


@pytest.mark.parametrize(
    ("address", "impossible"),
    [
        ("https://" + "ü" * 1001, True),
        ("https:/\t/" + "ü" * 1001 + "/b", True),
        ("//" + "a" * 1000 + "ü@a.example/", True),
        ("https://" + "ü" * 1000 + "/", False),
        ("https://a" + "\u0315" * 32 + "\u0300" * 32 + "/", True),
        ("https://a.example:b" + "\uff9e" * 64 + "@c.example/", True),
        ("https://a" + "\u0300" * 63 + "/", False),
        ("https://a.example/" + "\u0300" * 64, False),
        ("https://" + "a" * 1001, False),
        ("https://a.example/ü//" + "a" * 1001, False),
        ("/ü" + "a" * 1001, False),
        ("ü?//" + "a" * 1001, False),
    ],
)
def test_a_host_beyond_ascii_with_over_a_thousand_characters_or_64_marks_in_a_row_is_impossible(
    address: str, impossible: bool
) -> None:
    assert has_impossible_host(address) is impossible
