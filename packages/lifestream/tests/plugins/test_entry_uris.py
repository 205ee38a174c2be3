"""Which ids of entries are published as they are, and the UUIDs that are published in place of the others."""

from __future__ import annotations

from uuid import UUID

import pytest

from lifestream.plugins.entry_uris import LONGEST, hosts_of_feed, own_uri, uuid_uri

HOSTS = frozenset({"blog.example", "feeds.example:8080", "[2001:db8::1]:81"})


@pytest.mark.parametrize(
    "guid",
    [
        "https://blog.example/1",
        "http://blog.example/1?a=b#c",
        "HTTP://Blog.Example/1",
        "http://blog.example:80/1",
        "http://feeds.example:8080/1",
        "http://[2001:db8::1]:81/1",
        "https://blog.example/käse",
        "https://blog.example/".ljust(LONGEST, "a"),
        "tag:blog.example,2005:1",
        "TAG:Blog.Example,2005:1",
        "tag:ruth@blog.example,2005-11-02:a/b",
        "tag:feeds.example,2005-11:1",
        "urn:uuid:60a76c80-d399-11d9-b91C-0003939e0af6",
        "URN:UUID:60a76c80-d399-11d9-b91C-0003939e0af6",
    ],
)
def test_a_uuid_and_an_iri_of_the_feeds_own_host_are_published_as_they_are(guid: str) -> None:
    assert own_uri(guid, HOSTS) == guid


@pytest.mark.parametrize(
    "guid",
    [
        "",
        "1",
        "/1",
        "//blog.example/1",
        "https://other.example/1",
        "https://www.blog.example/1",
        "https://blog.example.evil.example/1",
        "https://evil.example/https://blog.example/1",
        "https://blog.example@evil.example/1",
        "https://evil.example@blog.example/1",
        "https://blog.example:8443/1",
        "https://feeds.example/1",
        "https://blog.example\\@evil.example/1",
        "https:/blog.example/1",
        "https://blog.example/a b",
        "https://blog.example/a\n1",
        "https://blog.example/\u202e1",
        "https://blog.example/\ud800",
        "https://blog.example/\ufffc",
        "https://blog.example/\U000e0100",
        "https://blog.example/<1>",
        "https://[blog.example/1",
        "https://blog.example/".ljust(LONGEST + 1, "a"),
        "https://blog.example/" + "ä" * (LONGEST // 2),
        "tag:other.example,2005:1",
        "tag:blog.example:1",
        "tag:blog.example,5:1",
        "tag:blog.example@evil.example,2005:1",
        "urn:uuid:60a76c80",
        "urn:lifestream:long-guid:" + "0" * 64,
        "urn:isbn:0451450523",
        "javascript:alert(1)",
        "data:text/html,1",
    ],
)
def test_other_texts_are_not_published_as_ids(guid: str) -> None:
    assert own_uri(guid, HOSTS) == ""


def test_the_hosts_of_a_feed_are_its_own_and_its_site_s_if_the_claimed_domain_is_that_of_the_site() -> None:
    both = hosts_of_feed("https://feeds.example/blog", "https://www.blog.example/", "blog.example")
    assert both == {"feeds.example", "www.blog.example"}
    assert hosts_of_feed("https://evil.example/f", "https://blog.example/", "evil.example") == {"evil.example"}
    assert hosts_of_feed("https://feeds.example/blog", "", "") == {"feeds.example"}


@pytest.mark.parametrize("site", ["https://evil.example\\@blog.example/", "https://evil.example\\\\@blog.example"])
def test_a_site_with_a_backslash_is_the_one_that_a_browser_opens(site: str) -> None:
    """Python takes the host behind the "@", and a browser the one before the backslash."""
    hosts = hosts_of_feed("https://evil.example/f", site, "evil.example")
    assert hosts == {"evil.example"}
    assert own_uri("tag:blog.example,2005:1", hosts) == ""


def test_the_uuid_depends_on_all_of_its_parts_and_on_nothing_else() -> None:
    uri = uuid_uri("secret", 1, "key")
    assert uri == uuid_uri("secret", 1, "key") and own_uri(uri, ()) == uri
    others = {uuid_uri("other", 1, "key"), uuid_uri("secret", 2, "key"), uuid_uri("secret", 1, "k"), uri}
    assert len({*others, uuid_uri("secret", 1, "key", 1)}) == 5
    assert UUID(uri).version == 8 and UUID(uri).variant == "specified in RFC 4122"


def test_the_uuid_is_the_same_in_each_release() -> None:
    """If an entry's UUID changed, feed readers would show the entry again as a new one."""
    assert uuid_uri("secret", 1, "key") == "urn:uuid:5d52d2fc-658d-8f0b-9afd-1c5e8f210dbd"
    assert uuid_uri("secret", 1, "key", 1) == "urn:uuid:a6762c4b-003a-8354-b77d-9941cae34577"
