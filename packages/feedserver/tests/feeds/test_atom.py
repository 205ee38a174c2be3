"""The elements in which Atom 1.0 writes the fields of a feed."""

from __future__ import annotations

import pytest

from whole_feed import FEED, said

SAID_IN_ATOM = [
    (".@xml:lang", ["en"]),
    ("a:subtitle", ["All of it"]),
    ("a:id", ["https://example.org/feed"]),
    ("a:updated", ["2026-11-03T00:00:00Z"]),
    ("a:link/@rel", ["alternate", "self", "next", "hub"]),
    ("a:logo", ["https://example.org/logo.png"]),
    ("a:icon", ["https://example.org/favicon.ico"]),
    ("a:entry/a:published", ["2026-11-01T10:00:00Z"]),
    ("a:entry/a:summary/@type", ["html"]),
    ("a:entry/a:content", ["<p>long</p>"]),
    ("a:entry/a:link/@rel", ["alternate", "replies", "enclosure"]),
    ("a:entry/a:author/a:uri", ["https://example.org/ada"]),
    ("a:entry/a:category/@label", ["Mathematics"]),
]


@pytest.mark.parametrize(("path", "texts"), SAID_IN_ATOM, ids=[path for path, _ in SAID_IN_ATOM])
def test_atom_writes_each_field_in_its_own_element(path: str, texts: list[str]) -> None:
    assert said(FEED, "atom", path) == texts
