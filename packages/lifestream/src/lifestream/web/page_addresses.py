"""The addresses of pages of a lifestream, made faster than by Django's `reverse`: one page of a timeline may link to
more than a hundred.

Django tries the patterns of a name for each address. The addresses of two items differ only in the item's key, so one
address is reversed, and the others are made by putting their key in the same place.
"""

from __future__ import annotations

from typing import Any, Final
from weakref import WeakKeyDictionary

from django.urls import URLResolver, get_resolver, get_script_prefix, get_urlconf, reverse
from django.utils.translation import get_language

MOST_KEPT: Final = 10_000
"""How many addresses are cached for one set of URL patterns: a bound for sites with very many lifestreams and tags."""
_KEY: Final = 798_274_615_903_128_447
"""A primary key that no row has. It has no more digits than `urls.RowConverter` allows."""

_addresses: WeakKeyDictionary[URLResolver, dict[tuple[object, ...], str]] = WeakKeyDictionary()


def page_address(name: str, **kwargs: Any) -> str:
    """Return the address of the page *name* of lifestream's URL patterns, as `django.urls.reverse` does.

    It is cached by what it depends on: the URL patterns, the script prefix and the language of this request.
    """
    addresses = _addresses_here()
    key = (name, *kwargs.items(), get_script_prefix(), get_language())
    address = addresses.get(key)
    if address is None:
        if len(addresses) >= MOST_KEPT:
            addresses.clear()
        address = addresses[key] = reverse(f"lifestream:{name}", kwargs=kwargs)
    return address


def row_address(name: str, slug: str, pk: int) -> str:
    """Return the address of the page *name* with the primary key *pk*, in the lifestream *slug*."""
    before, _, after = page_address(name, slug=slug, pk=_KEY).rpartition(str(_KEY))
    return f"{before}{pk}{after}"


def _addresses_here() -> dict[tuple[object, ...], str]:
    """Return the cache for the current URL patterns, which lives as long as Django keeps the patterns."""
    resolver = get_resolver(get_urlconf())
    addresses = _addresses.get(resolver)
    if addresses is None:
        addresses = _addresses.setdefault(resolver, {})
    return addresses
