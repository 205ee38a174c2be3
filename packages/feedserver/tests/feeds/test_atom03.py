"""The elements in which Atom 0.3 writes the fields of a feed."""

from __future__ import annotations

import pytest

from whole_feed import FEED, said

SAID_IN_ATOM03 = [
    ("old:tagline", ["All of it"]),
    ("old:entry/old:issued", ["2026-11-01T10:00:00Z"]),
    ("old:entry/old:modified", ["2026-11-02T12:30:00+02:00"]),
    ("old:entry/old:content/@mode", ["escaped"]),
    ("old:entry/old:link/@type", ["text/html"]),
    ("old:entry/old:author/old:url", ["https://example.org/ada"]),
]


@pytest.mark.parametrize(("path", "texts"), SAID_IN_ATOM03, ids=[path for path, _ in SAID_IN_ATOM03])
def test_atom03_writes_each_field_in_its_own_element(path: str, texts: list[str]) -> None:
    assert said(FEED, "atom03", path) == texts
