"""The settings, their defaults, and errors in them."""

from __future__ import annotations

from unittest import mock

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from lifestream.conf import settings as conf


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("default_pagination", 20),
        ("plugins", ()),
        ("user_agent", ""),
        ("max_body", 10 * 1024 * 1024),
        ("timeout", 30.0),
        ("parse_timeout", 10.0),
        ("per_host", 2),
        ("min_interval", 3600.0),
        ("max_interval", 604800.0),
        ("jitter", 0.1),
        ("per_host_rate", 5.0),
        ("pauses_hosts", True),
        ("move_after", 3),
        ("lease", 900.0),
        ("public_url", ""),
        ("push_over_http", False),
        ("push_min_interval", 300.0),
        ("push_poll_interval", 21600.0),
    ],
)
def test_settings_have_defaults(settings: Settings, name: str, default: object) -> None:
    del settings.LIFESTREAM_JITTER, settings.LIFESTREAM_PER_HOST_RATE  # the tests set these two
    assert getattr(conf, name) == default


@pytest.mark.parametrize(("files", "connections"), [(256, 64), (1024, 128), (10**6, 128), (2, 1)])
def test_requests_never_use_up_the_files_that_may_be_open(files: int, connections: int) -> None:
    resource = pytest.importorskip("resource")
    with mock.patch.object(resource, "getrlimit", return_value=(files, files)):
        assert conf.concurrency == connections


def test_requests_are_limited_even_if_open_files_are_not() -> None:
    resource = pytest.importorskip("resource")
    with mock.patch.object(resource, "getrlimit", return_value=(resource.RLIM_INFINITY, resource.RLIM_INFINITY)):
        assert conf.concurrency == 128
    with mock.patch("sys.platform", "win32"):
        assert conf.concurrency == 128


def test_the_allow_list_becomes_rules_in_lower_case(settings: Settings) -> None:
    settings.LIFESTREAM_VALID_TAGS = {"A": ["HREF"], "p": ()}
    settings.LIFESTREAM_VALID_STYLES = ["Text-Align"]
    rules = conf.sanitizer_rules
    assert dict(rules.tags) == {"a": frozenset({"href"}), "p": frozenset()}
    assert rules.styles == frozenset({"text-align"})


def test_the_sanitizers_rules_strip_tracking_if_the_setting_says_so(settings: Settings) -> None:
    assert not conf.sanitizer_rules.strip_tracking
    settings.LIFESTREAM_STRIP_TRACKING = True
    assert conf.sanitizer_rules.strip_tracking
    settings.LIFESTREAM_STRIP_TRACKING = "0"
    with pytest.raises(ImproperlyConfigured, match="LIFESTREAM_STRIP_TRACKING is '0'; give True or False"):
        _ = conf.sanitizer_rules


@pytest.mark.parametrize(
    ("public", "path", "absolute"),
    [
        ("https://planet.example", "/push/k", "https://planet.example/push/k"),
        ("https://a.example/planet/", "/push/k", "https://a.example/planet/push/k"),
        ("https://a.example/planet", "/planet/push/k", "https://a.example/planet/push/k"),  # Django adds the path
        ("https://a.example/planet", "/planets/push/k", "https://a.example/planet/planets/push/k"),
    ],
)
def test_an_address_below_the_path_of_the_public_url_has_that_path_once(
    public: str, path: str, absolute: str, settings: Settings
) -> None:
    settings.LIFESTREAM_PUBLIC_URL = public
    assert conf.absolute(path) == absolute


@pytest.mark.parametrize(
    "public",
    [
        "https://me:hunter2@planet.example",
        "http://me:hunter2@planet.example",
        "https://me:hunter2/x@planet.example",  # the password seems to be a port
        "https://me:hun[ter2@planet.example",
        "me:hunter2@planet.example",
        "https://planet.example/?password=hunter2",
        "https://planet.example#hunter2",
        "http://planet.example/;password=hunter2",
    ],
)
def test_a_message_about_the_public_url_shows_no_password(public: str, settings: Settings) -> None:
    settings.LIFESTREAM_PUBLIC_URL = public
    with pytest.raises(ImproperlyConfigured) as raised:
        _ = conf.public_url
    assert "hun" not in str(raised.value)
    assert "planet.example" in str(raised.value)


@pytest.mark.parametrize(
    "public",
    ["https://me:hunter2", "https://me:hun/ter2", "https://planet.example:hunter2/x", "https://me:hun\u2100ter2"],
)
def test_a_message_about_the_public_url_shows_nothing_in_the_place_of_a_port(public: str, settings: Settings) -> None:
    settings.LIFESTREAM_PUBLIC_URL = public
    with pytest.raises(ImproperlyConfigured) as raised:
        _ = conf.public_url
    assert "hun" not in str(raised.value)
