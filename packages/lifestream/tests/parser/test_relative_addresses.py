"""The base of relative addresses in a feed; `reading/test_addresses.py` tests whole documents."""

from __future__ import annotations

import pytest

from lifestream.parser.relative_addresses import (
    LONGEST_BASE,
    MOST_SLASHES,
    base_of_document,
    base_of_links,
    base_of_text,
    is_base,
    with_slashes,
)

URL = "https://feeds.example/feed"


@pytest.mark.parametrize("channel", ["", "mailto:a@b.example", "http://", "http://[::1", "/blog", "x" * 3000])
def test_a_channels_link_that_is_no_page_is_no_base(channel: str) -> None:
    assert base_of_links(channel, URL) == URL


@pytest.mark.parametrize(
    ("link", "base"),
    [
        ("https://SITE.example/1", "https://SITE.example/1"),
        ("https://www.site.example:8443/1", "https://www.site.example:8443/1"),
        ("https://user@www.site.example:8443/1", "https://user@www.site.example:8443/1"),
        ("https://feeds.example/1", "https://feeds.example/1"),
        ("https://site.example?page=1", "https://site.example?page=1"),
        ("https://site.example@other.example/1", "https://site.example/"),
        ("https://blog.site.example/1", "https://site.example/"),
        ("javascript:alert(1)", "https://site.example/"),
        ("http://[::1", "https://site.example/"),
    ],
)
def test_a_text_is_relative_to_a_link_to_its_own_site(link: str, base: str) -> None:
    assert base_of_text(link, "https://site.example/", URL) == base


def test_a_base_is_neither_long_nor_deep() -> None:
    assert is_base("a/" * 100)
    assert not is_base("a/" * 101)
    assert not is_base("a" * 2049)
    assert not is_base("")


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://a.example/b/c?d#e", "https://a.example/b/c?d#e"),
        ("https://a.example/b/c?" + "d" * LONGEST_BASE, "https://a.example/b/c"),
        ("https://a.example/b/c?" + "/" * MOST_SLASHES, "https://a.example/b/c"),
        ("https://a.example/b#" + "d" * LONGEST_BASE, "https://a.example/b"),
        ("https://a.example/" + "b" * LONGEST_BASE, "https://a.example/"),
        ("https://a.example" + "/b" * MOST_SLASHES + "?c", "https://a.example/"),
        ("https://[a/" + "b" * LONGEST_BASE, ""),
        ("", ""),
    ],
)
def test_a_document_whose_address_is_too_long_has_a_shorter_base(url: str, base: str) -> None:
    assert base_of_document(url) == base


def test_a_base_may_be_as_long_and_deep_as_the_limit() -> None:
    assert is_base("a")
    assert is_base("a" * 2048)
    assert is_base("a/" * MOST_SLASHES)


def test_a_link_without_a_host_or_with_another_scheme_is_no_base() -> None:
    assert base_of_text("https:///1", "https:///", URL) == "https:///"
    assert base_of_text("ftp://feeds.example/1", URL, URL) == URL


@pytest.mark.parametrize(
    ("address", "completed"),
    [
        ("www.other.example/page", "//www.other.example/page"),
        (" WWW.other.example:8080", "//WWW.other.example:8080"),
        ("site.example/page/2", "//site.example/page/2"),
        ("site.example /page", "//site.example /page"),
        ("site.example", "//site.example"),
        ("other.example/page", "other.example/page"),
        ("page.html", "page.html"),
        ("www.html/page", "www.html/page"),
        ("https://site.example/page", "https://site.example/page"),
        ("/www.other.example/page", "/www.other.example/page"),
    ],
)
def test_an_address_that_begins_with_a_host_gets_its_slashes(address: str, completed: str) -> None:
    assert with_slashes("https://www.site.example/blog", address) == completed
    assert with_slashes("http://site.example", address) == completed


def test_a_folder_with_the_name_of_a_host_without_a_dot_gets_no_slashes() -> None:
    assert with_slashes("http://localhost/", "localhost/page") == "localhost/page"
