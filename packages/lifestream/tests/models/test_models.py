"""The host and the domain of a URL, and migrations that match the models."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from lifestream.fetcher.url_hosts import domain_of, host_of


@pytest.mark.parametrize(
    ("url", "host", "domain"),
    [
        ("https://www.Example.com/feed", "www.example.com", "example.com"),
        ("https://example.com:443/feed", "example.com", "example.com"),
        ("http://example.com:443/feed", "example.com:443", "example.com"),
        ("http://example.com:8080/", "example.com:8080", "example.com"),
        ("http://[2001:DB8::1]/", "[2001:db8::1]", "2001:db8::1"),
        ("http://[2001:db8::1]:81/", "[2001:db8::1]:81", "2001:db8::1"),
        ("http://[broken", "", ""),
        ("http://example.com:99999/", "", "example.com"),
        ("nonsense", "", ""),
    ],
)
def test_a_url_has_a_host_to_limit_and_a_domain_to_show(url: str, host: str, domain: str) -> None:
    assert (host_of(url), domain_of(url)) == (host, domain)


@pytest.mark.django_db
def test_the_migrations_match_the_models() -> None:
    call_command("makemigrations", "lifestream", "--check", "--dry-run", verbosity=0)
