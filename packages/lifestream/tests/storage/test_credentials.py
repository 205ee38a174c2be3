"""Credentials of feeds are encrypted in the database, with a key made from SECRET_KEY."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from lifestream.storage.credentials import CredentialsLost, seal, split_url, unseal


@pytest.mark.parametrize("plain", ["user:password", "user:", ":", "ümlaut:päss:wörd", "x" * 5000])
def test_sealed_credentials_can_be_unsealed(plain: str) -> None:
    sealed = seal(plain)
    assert unseal(sealed) == plain
    assert plain not in sealed
    assert seal(plain) != sealed, "equal passwords must not look equal"


def test_empty_credentials_stay_empty() -> None:
    assert seal("") == unseal("") == ""


def test_credentials_sealed_with_an_old_key_can_be_unsealed_while_it_is_a_fallback(
    settings: Settings,
) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "old", []
    sealed = seal("user:password")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", ["old"]
    assert unseal(sealed) == "user:password"
    resealed = seal("user:password")
    settings.SECRET_KEY_FALLBACKS = []
    assert unseal(resealed) == "user:password"
    with pytest.raises(CredentialsLost, match="put the SECRET_KEY they were saved under into SECRET_KEY_FALLBACKS"):
        unseal(sealed)


@pytest.mark.parametrize("sealed", ["nonsense", "gAAAA", "ü"])
def test_a_text_that_was_never_sealed_is_an_error(sealed: str) -> None:
    with pytest.raises(CredentialsLost):
        unseal(sealed)


@pytest.mark.parametrize(
    ("url", "bare", "plain"),
    [
        ("https://example.com/a?b#c", "https://example.com/a?b#c", ""),
        ("https://user:pass@example.com:8443/a?b", "https://example.com:8443/a?b", "user:pass"),
        ("https://user@example.com/", "https://example.com/", "user:"),
        ("https://a%40b:p%3Aw%2F@example.com/", "https://example.com/", "a@b:p:w/"),
        ("https://@example.com/", "https://example.com/", ""),
        ("https://example.com/@user", "https://example.com/@user", ""),
    ],
)
def test_credentials_are_taken_out_of_a_url(url: str, bare: str, plain: str) -> None:
    assert split_url(url) == (bare, plain)
