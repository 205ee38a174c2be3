"""The addresses of the pages, and which numbers, formats and keys they may contain."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from django.urls import Resolver404, resolve, reverse


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/main/feed.atom", "timeline-feed"),
        ("/main/items/123456789012345678/", "item"),
        (f"/push/{'k' * 43}", "push"),
        ("/main/tags/größe/", "tag"),
        ("/main/2026/10/2/", "day"),
    ],
)
def test_an_address_leads_to_its_page_and_back(address: str, name: str) -> None:
    found = resolve(address)
    assert found.view_name == f"lifestream:{name}"
    assert unquote(reverse(found.view_name, kwargs=found.kwargs)) == address


@pytest.mark.parametrize(
    "address", ["/main/feed.xml", "/main/items/1234567890123456789/", "/main/items/-1/", f"/push/{'k' * 42}"]
)
def test_unknown_formats_short_keys_and_negative_or_too_long_numbers_are_not_found(address: str) -> None:
    with pytest.raises(Resolver404):
        resolve(address)
