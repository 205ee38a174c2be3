"""WebSub as values: the hub of a feed, the signature of a push, leases, and the settings that let hubs in."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from typing import Any

import pytest
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from costs import assert_linear
from lifestream.conf import settings as conf
from lifestream.fetcher.websub import Links, Signature, lease_of, links_of, over_tls, renewal, request_form
from programs import run

FEED = "https://example.org/blog/feed"
HUB = "https://hub.example/"


@pytest.mark.parametrize(
    ("header", "links"),
    [
        (f'<{HUB}>; rel="hub", <{FEED}>; rel="self"', Links(HUB, FEED)),
        (f"<{HUB}>; rel=hub, <{FEED}>; rel=self", Links(HUB, FEED)),
        (f'<{HUB}> ; REL = "HUB" , <{FEED}>;rel=SELF', Links(HUB, FEED)),
        (f'<{HUB}>; title="a, b; c>"; rel="other hub"', Links(HUB, FEED)),
        (f'<{HUB}>; title="\\"; rel=self"; rel="hub"', Links(HUB, FEED)),
        (f'<{HUB}>; rel="hub"; rel="self"', Links(HUB, FEED)),
        ('</hub>; rel="hub", <../all>; rel="self"', Links("https://example.org/hub", "https://example.org/all")),
        (f'<{HUB}>; rel="hub", <https://second.example/>; rel="hub"', Links(HUB, FEED)),
        (f'<{HUB}>; rel="hub"', Links(HUB, FEED)),
        (f'<{HUB}#part>; rel="hub"', Links(HUB, FEED)),
        (f'<{FEED}>; rel="self"', Links()),
        (f'<{HUB}>; rel="github"', Links()),
        (f'<{HUB}>; rel=""', Links()),
        (f"<{HUB}>", Links()),
        ('<javascript:alert(1)>; rel="hub"', Links()),
        ('<file:///etc/hub>; rel="hub"', Links()),
        ('<magnet:?xt=hub>; rel="hub"', Links()),
        (f'<https://é{chr(0x301) * 100}.example/>; rel="hub", <{HUB}>; rel="hub"', Links(HUB, FEED)),
        ('<https://user:password@hub.example/>; rel="hub"', Links()),
        ('<https://[hub.example/>; rel="hub"', Links()),
        ('<https://hub.example:port/>; rel="hub"', Links()),
        (f'<{HUB}{"x" * (2048 - len(HUB))}>; rel="hub"', Links(f"{HUB}{'x' * (2048 - len(HUB))}", FEED)),
        (f'<{HUB}{"x" * (2049 - len(HUB))}>; rel="hub"', Links()),
        (f'<https://[other.example/>; rel="next", <{HUB}>; rel="hub"', Links(HUB, FEED)),
        ('rel="hub"', Links()),
        ("hub", Links()),
        ("", Links()),
    ],
)
def test_a_valid_hub_in_a_header_field_is_found_and_nothing_else(header: str, links: Links) -> None:
    assert links_of({"link": header}, FEED) == links


def test_header_fields_take_precedence_over_the_document() -> None:
    in_document = {"hub": "https://document.example/", "topic": "https://example.org/document"}
    assert links_of({}, FEED, **in_document) == Links("https://document.example/", "https://example.org/document")
    assert links_of({"link": f"<{HUB}>; rel=hub"}, FEED, **in_document) == Links(HUB, "https://example.org/document")
    both = {"link": f"<{HUB}>; rel=hub, </s>; rel=self"}
    assert links_of(both, FEED, **in_document) == Links(HUB, "https://example.org/s")
    assert links_of({"link": "</other>; rel=next"}, FEED, **in_document).hub == "https://document.example/"


@pytest.mark.slow
@pytest.mark.parametrize("piece", ["<", "<a>;", '<a>; rel="', "<a>; rel=hub ; ", "<a>; a=b", '<a>; a="\\', " ;", "<>,"])
def test_a_hostile_header_field_takes_linear_time(piece: str) -> None:
    def field(count: int) -> dict[str, str]:
        return {"link": "hub" + piece * count}

    # Only 16 KiB are parsed: the inputs of the first size are within them, those of the second far beyond.
    for size in (4000 // len(piece), 50_000):
        assert_linear(lambda headers: links_of(headers, FEED), field, size)


@pytest.mark.parametrize(
    ("hub", "asked"),
    [
        ("https://hub.example/a?b", "https://hub.example/a?b"),
        ("http://hub.example/a?b", "https://hub.example/a?b"),
        ("http://hub.example:80/", "https://hub.example/"),
        ("http://hub.example:8080/", "https://hub.example:8080/"),
        ("http://[2001:db8::1]:80/", "https://[2001:db8::1]/"),
    ],
)
def test_the_address_of_a_hub_is_changed_to_https(hub: str, asked: str) -> None:
    assert over_tls(hub) == asked


def test_a_secret_is_sent_only_with_a_subscription() -> None:
    form = request_form("subscribe", FEED, "https://us.example/push/k", "secret")
    assert form["hub.secret"] == "secret" and form["hub.lease_seconds"] == "864000"
    assert request_form("unsubscribe", FEED, "https://us.example/push/k", "secret") == {
        "hub.mode": "unsubscribe",
        "hub.topic": FEED,
        "hub.callback": "https://us.example/push/k",
    }


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("60", 60), ("0", 0), ("", 864000), ("-1", 864000), ("1.5", 864000), ("\u0661", 864000), ("9" * 15, 2592000)],
)
def test_a_lease_is_a_number_within_reason(text: str, seconds: float) -> None:
    assert lease_of(text) == seconds


@pytest.mark.parametrize(("lease", "after"), [(864000, 777600), (86400, 64800), (7200, 5400)])
def test_a_lease_is_renewed_early_enough_for_a_failed_try(lease: float, after: float) -> None:
    assert renewal(lease) == after


@pytest.mark.parametrize("lease", [60, 0])
def test_a_short_lease_is_renewed_after_an_hour_although_it_has_ended(lease: float) -> None:
    assert renewal(lease) == 3600


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_a_signature_is_verified_piece_by_piece(method: str) -> None:
    body = b"<rss>" * 1000
    signature = Signature(f"{method}={hmac.new(b'new', body, getattr(hashlib, method)).hexdigest()}", ["new", "old"])
    for start in range(0, len(body), 77):
        assert not signature.holds()
        signature.update(body[start : start + 77])
    assert signature.holds()
    signature.update(b"more")
    assert not signature.holds()


def test_a_signature_with_an_older_secret_is_valid() -> None:
    signature = Signature(f"sha1={hmac.new(b'old', b'', hashlib.sha1).hexdigest()}", ["new", "old"])
    assert signature.holds()


@pytest.mark.parametrize(
    "header", ["", "sha256", "sha256=", "=", f"md5={hmac.new(b'secret', b'', 'md5').hexdigest()}", "sha256=\udcff"]
)
def test_a_header_that_is_no_signature_is_invalid(header: str) -> None:
    assert not Signature(header, ["secret"]).holds()
    assert not Signature(header, []).holds()


@pytest.mark.parametrize(
    "url",
    ["https://planet.example", "https://planet.example/", "https://planet.example:8443", "https://[2001:db8::1]"],
)
def test_an_https_origin_is_accepted_as_the_public_url(settings: Settings, url: str) -> None:
    settings.LIFESTREAM_PUBLIC_URL = url
    assert conf.public_url == url.rstrip("/")


@pytest.mark.slow
def test_the_bundled_site_accepts_only_an_https_url_as_its_public_url(tmp_path: Path) -> None:
    done = run(tmp_path, "check", LIFESTREAM_PUBLIC_URL="https://planet.example.org")
    assert (done.returncode, done.stderr) == (0, "")
    refused = run(tmp_path, "check", LIFESTREAM_PUBLIC_URL="http://planet.example.org")
    assert refused.returncode == 1
    assert "LIFESTREAM_PUBLIC_URL is 'http://planet.example.org': hubs are let in by https only." in refused.stderr


@pytest.mark.parametrize(
    ("url", "over_http", "problem"),
    [
        ("http://planet.example", False, "hubs are let in by https only"),
        ("http://planet.example", True, "hubs are let in by https only"),
        ("http://127.0.0.1:8000", False, "hubs are let in by https only"),
        ("ftp://planet.example", True, "hubs are let in by https only"),
        (
            "planet.example",
            False,
            "give a scheme and a host, and the path if the site is below one, as https://planet.example.org",
        ),
        (
            "https://",
            False,
            "give a scheme and a host, and the path if the site is below one, as https://planet.example.org",
        ),
        (
            "https://planet.example?a",
            False,
            "give a scheme and a host, and the path if the site is below one, as https://planet.example.org",
        ),
        (
            "https://a:b@planet.example",
            False,
            "give a scheme and a host, and the path if the site is below one, as https://planet.example.org",
        ),
        ("https://planet.example:x", False, "it is no URL (Port could not be cast to integer value)"),
    ],
)
def test_other_texts_are_refused_as_the_public_url(settings: Settings, url: str, over_http: bool, problem: str) -> None:
    settings.LIFESTREAM_PUBLIC_URL, settings.LIFESTREAM_PUSH_OVER_HTTP = url, over_http
    with pytest.raises(ImproperlyConfigured) as raised:
        conf.public_url  # noqa: B018  to read it raises
    shown = url.rstrip("/").replace("a:b@", "***@").replace(":x", ":***").replace("?a", "?***")
    assert str(raised.value) == f"LIFESTREAM_PUBLIC_URL is {shown!r}: {problem}."
    assert [message.id for message in checks.run_checks(tags=["lifestream"])] == ["lifestream.E009"]


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "[::1]:8000"])
def test_for_tests_loopback_may_go_without_tls(settings: Settings, host: str) -> None:
    settings.LIFESTREAM_PUBLIC_URL, settings.LIFESTREAM_PUSH_OVER_HTTP = f"http://{host}", True
    assert conf.public_url == f"http://{host}"


@pytest.mark.parametrize(
    ("changes", "number", "message", "hint"),
    [
        (
            {"LIFESTREAM_PUSH_OVER_HTTP": True},
            "lifestream.W003",
            "LIFESTREAM_PUSH_OVER_HTTP lets hubs speak without TLS on this machine.",
            "It is for tests: leave it out.",
        ),
        (
            {"ALLOWED_HOSTS": ["www.example"]},
            "lifestream.W004",
            "Hubs reach this site as 'planet.example', the host in LIFESTREAM_PUBLIC_URL, and Django refuses that.",
            "Add 'planet.example' to ALLOWED_HOSTS.",
        ),
        (
            {"ROOT_URLCONF": "lifestream.urls"},
            "lifestream.E009",
            "LIFESTREAM_PUBLIC_URL is set, but the pages of lifestream are not in the URLconf.",
            'Include "lifestream.urls" in it.',
        ),
    ],
)
def test_settings_that_keep_hubs_out_or_let_them_in_without_tls_are_reported(
    settings: Settings, changes: dict[str, Any], number: str, message: str, hint: str
) -> None:
    settings.LIFESTREAM_PUBLIC_URL = "https://planet.example"
    assert checks.run_checks(tags=["lifestream"]) == []
    for name, value in changes.items():
        setattr(settings, name, value)
    [found] = checks.run_checks(tags=["lifestream"])
    assert (found.id, found.msg, found.hint) == (number, message, hint)


def test_characters_that_reverse_the_direction_of_text_are_encoded_in_addresses_of_the_header_field_link() -> None:
    header = "<https://hub.example/\u202ex>; rel=hub, <https://a.example/\u2066\x1b[31m>; rel=self"
    assert links_of({"link": header}, "https://a.example/feed") == Links(
        "https://hub.example/%E2%80%AEx", "https://a.example/%E2%81%A6[31m"
    )
