"""The options and the secrets of a feed, as they are stored and as a request uses them."""

from __future__ import annotations

from typing import Any

import pytest

from lifestream.fetcher.outcomes import FetchRequest
from lifestream.fetcher.request_options import NO_OPTIONS, RequestOptions
from lifestream.storage import credentials
from lifestream.storage.feed_options import (
    FeedOptions,
    OptionsDamaged,
    RequestsBeside,
    Secrets,
    has_own_proxy,
    interval_of,
    request_options,
    secrets_of,
    takes_full_content,
)


@pytest.mark.parametrize(
    "options",
    [
        FeedOptions(),
        FeedOptions(interval=7200.0, user_agent="x", certificates="PEM", verifies=False, full_content=True),
        FeedOptions(proxy="direct"),
        FeedOptions(proxy="http://ada:secret@proxy.example:1"),
    ],
)
def test_stored_options_are_read_back_and_their_secrets_are_sealed(options: FeedOptions) -> None:
    stored = options.as_json()
    assert FeedOptions.from_json(stored) == options
    assert interval_of(stored) == options.interval
    assert takes_full_content(stored) is options.full_content
    assert "secret" not in str(stored)
    assert "secret" not in repr(options)
    assert bool(stored) is (options != FeedOptions())


@pytest.mark.parametrize(
    "secrets",
    [Secrets(), Secrets("ada:pw"), Secrets(headers=(("A", "b"),)), Secrets("ada:pw", (("A", "b"), ("C", "d")))],
)
def test_secrets_are_stored_sealed_and_read_back(secrets: Secrets) -> None:
    sealed = secrets.sealed()
    assert secrets_of(sealed) == secrets
    assert bool(sealed) is (secrets != Secrets())
    assert "ada:pw" not in sealed


def test_a_login_sealed_by_an_earlier_version_is_read() -> None:
    assert secrets_of(credentials.seal("ada:pw")) == Secrets("ada:pw")


def test_values_that_cannot_be_unsealed_raise_credentials_lost() -> None:
    with pytest.raises(credentials.CredentialsLost):
        secrets_of("gAAAAA")
    with pytest.raises(credentials.CredentialsLost):
        FeedOptions.from_json({"proxy": "gAAAAA"})


def test_a_request_gets_the_options_and_secrets_that_it_needs() -> None:
    stored = FeedOptions(user_agent="x", proxy="direct", verifies=False, interval=9000).as_json()
    headers = (("A", "b"),)
    assert request_options(stored, Secrets("ada:pw", headers)) == RequestOptions("x", headers, "", False, "direct")
    assert request_options({}, Secrets()) == NO_OPTIONS


def test_a_file_that_belongs_to_a_feed_is_requested_with_the_options_of_the_feed() -> None:
    """The proxy is used for every URL; secrets and options that weaken a connection only for the feed's own origin."""
    own = RequestOptions("Mine/1", (("X-Key", "s3cret"),), "PEM", verifies=False, proxy="http://proxy.example:3128")
    beside = RequestsBeside("https://a.example/feed.xml", "user:password", own)
    for url in ("https://a.example/favicon.ico", "https://a.example:443/"):
        assert beside.to(url) == FetchRequest(url, credentials="user:password", options=own)
    others = RequestOptions("Mine/1", proxy="http://proxy.example:3128")
    for url in ("https://b.example/", "http://a.example/", "https://a.example:8443/", "https://www.a.example/"):
        assert beside.to(url) == FetchRequest(url, options=others)
    assert beside.to("https://[a.example/") == FetchRequest("https://[a.example/", options=others)
    assert "s3cret" not in repr(beside)
    assert "password" not in repr(beside)


DAMAGED: list[tuple[Any, str]] = [
    (["x"], "options"),
    ("x", "options"),
    ({"interval": "soon"}, "interval"),
    ({"interval": True}, "interval"),
    ({"interval": float("nan")}, "interval"),
    ({"interval": -1}, "interval"),
    ({"user_agent": 5}, "user_agent"),
    ({"certificates": ["PEM"]}, "certificates"),
    ({"unverified": "false"}, "unverified"),
    ({"full_content": {}}, "full_content"),
    ({"proxy": 5}, "proxy"),
    ({"proxy": credentials.seal("http://ada:s3cret@:x/")}, "proxy"),
]


@pytest.mark.parametrize(("options", "name"), DAMAGED)
def test_an_option_that_was_damaged_by_hand_is_named_and_the_others_are_read(options: Any, name: str) -> None:
    with pytest.raises(OptionsDamaged) as damaged:
        FeedOptions.from_json(options)
    assert str(damaged.value) == (
        f"what is set for this feed can't be read from the database ({name}): set it again in the admin, or with "
        "edit_feed"
    )
    assert damaged.value.__cause__ is None
    if name != "options":
        options = {"user_agent": "Mine/1", "interval": 7200.0} | options
    readable, lost = FeedOptions.readable(options)
    assert list(lost) == [name]
    assert readable.user_agent == ("Mine/1" if name not in ("options", "user_agent") else "")
    assert readable.proxy == ""
    assert interval_of(options) == (7200.0 if name not in ("options", "interval") else 0.0)
    assert has_own_proxy(options) is (name == "proxy")
    assert not takes_full_content(options)


@pytest.mark.parametrize("options", [None, [], "", 0])
def test_nothing_in_place_of_options_counts_as_no_options(options: Any) -> None:
    assert FeedOptions.from_json(options) == FeedOptions()
    assert (interval_of(options), has_own_proxy(options), takes_full_content(options)) == (0.0, False, False)
