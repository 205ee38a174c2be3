"""The host by which a link is named, and the site to which a feed may claim to belong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from hypothesis import example, given
from hypothesis import strategies as st

from costs import assert_linear
from factories import make_feed, make_lifestream, make_subscription
from lifestream.fetcher import url_hosts
from lifestream.fetcher.url_hosts import LONGEST_SHOWN, domain_of, host_in_words, host_of, most_lead_to, site_domain
from lifestream.models import Feed
from lifestream.plugins import entry_keys
from lifestream.plugins.entry_keys import link_form
from lifestream.plugins.entry_uris import hosts_of_feed
from shown import make_post, make_site


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://www.GitHub.com:443/a?b#c", "github.com"),
        ("https://github.com@evil.example/", "evil.example"),
        ("https://github.com:pass@evil.example/", "evil.example"),
        ("https://evil.example\\@github.com/", "evil.example"),
        ("https://evil.example\\.github.com/", "evil.example"),
        ("https://\\evil.example/", "evil.example"),
        ("HTTP:\\\\\\/evil.example/a///b", "evil.example"),
        ("https://evil.example/github.com", "evil.example"),
        ("https://evil.example?.github.com/", "evil.example"),
        ("https://evil.example#.github.com/", "evil.example"),
        ("https://github.com.evil.example/", "github.com.evil.example"),
        ("https://g\u0456thub.com/", "xn--gthub-n2e.com"),  # a Cyrillic letter
        ("https://b\u00fccher.example/", "xn--bcher-kva.example"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example"),
        ("https://\u202emoc.buhtig.example/", "xn--moc-4q0a.buhtig.example"),
        ("https://127.0.0.1:8000/", "127.0.0.1"),
        ("https://[2001:db8::1]:8000/", "2001:db8::1"),
        ("mailto:x@example.com", ""),
        ("https://[", ""),
        ("", ""),
    ],
)
def test_a_link_is_named_after_the_host_that_a_browser_opens(url: str, words: str) -> None:
    assert host_in_words(url) == words


def test_of_a_long_name_the_end_is_shown() -> None:
    words = host_in_words(f"https://github.com.{'a.' * 100}evil.example/")
    assert len(words) == LONGEST_SHOWN and words.startswith("…") and words.endswith(".evil.example")


@pytest.mark.costly
@pytest.mark.parametrize("make", ["".join, "a".join, ".".join], ids=["one label", "mixed", "many labels"])
def test_a_name_takes_linear_time(make: Callable[[Iterable[str]], str]) -> None:
    """A page may have dozens of addresses of 8 KiB, and Punycode takes a second for a label of 2,700 characters."""

    def name(size: int) -> str:
        return f"https://{make(chr(0x4E00 + 7 * place % 20_000) for place in range(size))}.example/"

    assert_linear(host_in_words, name, 20_000)
    assert host_in_words(name(20_000)).removeprefix("…").isascii()


@pytest.mark.parametrize("domain", ["b\u00fccher.example", "xn--bcher-kva.example", "B\u00dcCHER.example"])
def test_a_site_is_the_same_however_its_name_is_written(domain: str) -> None:
    """The stored domain of a feed is shown, and must look like no other name."""
    assert site_domain(f"https://{domain}/", "https://feeds.xn--bcher-kva.example/", ()) == "xn--bcher-kva.example"
    links = [f"https://g\u0456thub.com/{number}" for number in range(3)]
    assert site_domain("https://g\u0456thub.com/", "https://evil.example/", links) == "xn--gthub-n2e.com"


def test_more_than_half_of_the_links_are_most_of_them() -> None:
    there, elsewhere = "https://a.example/", "https://b.example/"
    assert not most_lead_to([], "a.example")
    assert not most_lead_to([there, elsewhere], "a.example")
    assert most_lead_to([there, there, elsewhere, "", "mailto:x@y"], "a.example")
    assert not most_lead_to([there], "")
    assert not most_lead_to([there, "https://\\b.example/1", "https://\\b.example/2"], "a.example")


@pytest.mark.parametrize(
    ("claim", "url", "domain"),
    [
        ("https://blog.example/", "https://feeds.blog.example/f", "blog.example"),
        ("https://sub.blog.example/", "https://blog.example/f", "blog.example"),
        ("https://com/", "https://blog.example.com/f", "blog.example.com"),  # nobody has a top-level domain
        ("https://www.com/", "https://blog.example.com/f", "blog.example.com"),
        ("https://WWW.com./", "https://blog.example.com/f", "blog.example.com"),
        ("https://localhost/", "http://localhost:8000/f", "localhost"),
        ("", "https://www.blog.example/f", "blog.example"),
        ("https://github.com/", "", ""),
    ],
)
def test_without_links_the_url_of_the_feed_decides(claim: str, url: str, domain: str) -> None:
    assert site_domain(claim, url, ()) == domain


@pytest.mark.parametrize("url", ["https://www.com/", "https://WWW.com/", "http://www.com:80/x", "https://www.com."])
def test_www_is_left_out_only_where_a_domain_remains(url: str) -> None:
    assert host_in_words(url) == "www.com"
    assert host_in_words(url.replace("com", "com.example")) == "com.example"


def test_no_feed_can_speak_for_a_host_named_www_below_its_top_level_domain() -> None:
    site, url = "https://www.com/", "https://blog.com/f"
    assert hosts_of_feed(url, site, site_domain(site, url, ())) == {"blog.com"}


@pytest.mark.django_db
def test_no_link_on_a_page_names_another_host_than_the_one_it_leads_to(client: Client) -> None:
    lifestream = make_lifestream("main")
    site = make_site(lifestream, "A Site", domain="github.com", site_url="https://evil.example/github.com")
    post = make_post(site, "A title", link="https://github.com@evil.example/1", content="<p>Words</p>")
    for page in ("", f"items/{post.item_id}/", f"sites/{site.pk}/"):
        text = client.get(f"/main/{page}").content.decode()
        assert "evil.example</bdi>" in text or "Read at evil.example" in text
        links = re.findall(r'<a [^>]*href="(https?://[^"]*)"[^>]*>(.*?)</a>', text, re.DOTALL)
        assert links
        for href, words in links:
            assert "github.com" not in words, href
        assert "at github.com" not in text


@pytest.mark.django_db
def test_the_migration_corrects_stored_domains() -> None:
    migration = import_module("lifestream.migrations.0007_site_domain")
    liar = make_feed("https://evil.example/f", domain="github.com", site_url="https://github.com/")
    behind = make_feed("https://proxy.example/f", domain="github.com", site_url="https://github.com/")
    honest = make_feed("https://blog.example/f", domain="blog.example")
    lifestream = make_lifestream()
    for feed, link in ((liar, "https://evil.example/1"), (behind, "https://github.com/a/b")):
        make_post(make_subscription(feed, lifestream), link=link, date=datetime(2026, 1, 1, tzinfo=UTC))
    migration.decide(apps, SimpleNamespace(connection=connection))
    domains = dict(Feed.objects.values_list("pk", "domain"))
    assert (domains[liar.pk], domains[behind.pk], domains[honest.pk]) == ("evil.example", "github.com", "blog.example")


@pytest.mark.parametrize("url", ["http://:8080/", "https://:443", "http:///x", "/x", "http://.:80/", "http://[::1/"])
def test_a_url_without_a_host_has_none_whatever_its_port(url: str) -> None:
    assert (host_of(url), domain_of(url), host_in_words(url)) == ("", "", "")


NEVER = re.compile(r"(?!)")
PIECES = [
    *("http://", "https://", "a.example", "A.example", "www.", "/", "//", "/x", "?", "?a=b", "#f", ":80", ":8080"),
    *("user@", "\\", "[::1]", " ", "\t", "\n", "é", "%20", "..", ".", "-"),
]


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join))
@example("http://www./x")
@example("http://..")
@example("https://a.example./x")
@example("https://www.www.a.example?x")
def test_the_fast_path_for_usual_urls_has_the_same_results(url: str) -> None:
    usual = (domain_of(url), link_form(url))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(url_hosts, "_PLAIN", NEVER)
        patch.setattr(entry_keys, "_PLAIN_LINK", NEVER)
        assert usual == (domain_of(url), link_form(url))
