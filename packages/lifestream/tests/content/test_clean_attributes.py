"""Attributes are checked one by one, and some are set. The tests of the sanitizer check them in whole tags."""

from __future__ import annotations

import pytest

from lifestream.content.clean_attributes import candidates, checked, declarations, link
from lifestream.content.sanitizer_rules import DEFAULT_STYLES, SanitizerRules

BASE = "https://site.example/a/"
RULES = SanitizerRules()


@pytest.mark.parametrize(
    ("tag", "given", "kept"),
    [
        ("img", {"src": "x", "loading": "eager"}, {"src": f"{BASE}x", "loading": "lazy"}),
        ("img", {"src": "mailto:x"}, {"loading": "lazy"}),
        ("audio", {"src": "x", "preload": "auto"}, {"src": f"{BASE}x", "preload": "none"}),
        ("q", {"cite": "javascript:x", "title": "javascript:x"}, {"title": "javascript:x"}),
        ("td", {"id": "a b", "headers": "a b"}, {"headers": "entry-a entry-b"}),
        ("p", {"id": "a", "style": "color: red"}, {"id": "entry-a"}),
        ("p", {"data-player": "https://evil.example/"}, {}),
    ],
)
def test_harmless_attributes_are_kept_and_their_addresses_made_absolute(
    tag: str, given: dict[str, str], kept: dict[str, str]
) -> None:
    assert checked(tag, given, RULES, BASE) == kept


def test_a_link_may_be_mailto_and_loses_tracking_parameters_if_so_configured() -> None:
    assert link("mailto:a@b.example", RULES) == "mailto:a@b.example"
    assert link("/x?utm_source=a", RULES, BASE) == "https://site.example/x?utm_source=a"
    assert link("/x?utm_source=a", SanitizerRules.of(strip_tracking=True), BASE) == "https://site.example/x"


def test_candidates_and_declarations_are_kept_one_by_one() -> None:
    assert candidates("a,b 1x, javascript:x 2x, c 3y", BASE) == f"{BASE}a,b 1x"
    assert declarations("text-align: left; color: red; font-style: url(x)", DEFAULT_STYLES) == "text-align: left"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("underline", "underline"),
        ("Underline dotted!important", "Underline dotted"),
        ("underline 2000px rgb(0, 0, 0)", "underline"),
        ("calc(1px*2000)", ""),
    ],
)
def test_the_lines_of_a_text_decoration_lose_their_thickness_and_their_colour(given: str, kept: str) -> None:
    assert declarations(f"text-decoration:{given}", DEFAULT_STYLES) == (f"text-decoration:{kept}" if kept else "")
