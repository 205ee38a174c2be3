"""System checks: each wrong setting is named, with an id and a hint."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import checks
from django.db import connection
from django.utils import translation
from pytest_django import Settings

from lifestream.checks import check_database, check_routing


def found() -> list[tuple[str, str]]:
    return [(str(message.id), str(message.msg)) for message in checks.run_checks(tags=["lifestream"])]


def test_the_settings_of_the_tests_are_valid() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("name", "value", "number", "message"),
    [
        ("VALID_TAGS", {"script": []}, "E001", "LIFESTREAM_VALID_TAGS: <script> can't be allowed: remove it."),
        ("VALID_TAGS", {"style": []}, "E001", "LIFESTREAM_VALID_TAGS: <style> can't be allowed: remove it."),
        ("VALID_TAGS", {"iframe": ["src"]}, "E001", "LIFESTREAM_VALID_TAGS: <iframe> can't be allowed: remove it."),
        (
            "VALID_TAGS",
            {"a": ["onclick"]},
            "E001",
            "LIFESTREAM_VALID_TAGS: the attribute 'onclick' of <a> can't be allowed: remove it.",
        ),
        ("VALID_TAGS", ["a"], "E001", "LIFESTREAM_VALID_TAGS is a list; give a dict of tags and their attributes."),
        ("VALID_TAGS", {1: []}, "E001", "LIFESTREAM_VALID_TAGS: the tag 1 is no string: write its name."),
        (
            "VALID_TAGS",
            {"p": None},
            "E001",
            "LIFESTREAM_VALID_TAGS: the attributes of <p> are None: give a list or a set of names.",
        ),
        (
            "VALID_TAGS",
            {"p": [1]},
            "E001",
            "LIFESTREAM_VALID_TAGS: the attributes of <p> are [1]: give a list or a set of names.",
        ),
        (
            "VALID_STYLES",
            [1],
            "E001",
            "LIFESTREAM_VALID_STYLES is [1]; give a list of CSS properties, as ['text-align'].",
        ),
        (
            "VALID_STYLES",
            "color",
            "E001",
            "LIFESTREAM_VALID_STYLES is 'color'; give a list of CSS properties, as ['text-align'].",
        ),
        ("TIMEOUT", "30", "E002", "LIFESTREAM_TIMEOUT is '30'; give a number of at least 0.001."),
        ("PER_HOST", 0, "E002", "LIFESTREAM_PER_HOST is 0; give a number of at least 1."),
        ("MAX_BODY", True, "E002", "LIFESTREAM_MAX_BODY is True; give a number of at least 1."),
        ("LEASE", float("nan"), "E002", "LIFESTREAM_LEASE is nan; give a number of at least 1."),
        ("LEASE", float("inf"), "E002", "LIFESTREAM_LEASE is inf; give a number of at most 1000000000."),
        ("PARSERS", 10**400, "E002", f"LIFESTREAM_PARSERS is 1{'0' * 199}…; give a number of at most 1000000000."),
        ("KEEP_DAYS", 1e6, "E002", "LIFESTREAM_KEEP_DAYS is 1000000.0; give a number of at most 36500."),
        (
            "ALLOWED_NETWORKS",
            "10.0.0.1/8",
            "E003",
            "LIFESTREAM_ALLOWED_NETWORKS: 10.0.0.1/8 has host bits set; give networks as 10.0.0.0/8 or fd00::/8.",
        ),
        (
            "ALLOWED_NETWORKS",
            10,
            "E003",
            "LIFESTREAM_ALLOWED_NETWORKS is 10; give a list of networks, as ['10.0.0.0/8'].",
        ),
        (
            "PLUGINS",
            "mysite.plugins.Weather",
            "E004",
            "LIFESTREAM_PLUGINS is 'mysite.plugins.Weather'; give a list of text, as ['mysite.plugins.Weather'].",
        ),
        ("CHECK_EVERY", 0, "E002", "LIFESTREAM_CHECK_EVERY is 0; give a number of at least 0.1."),
        ("CONTACT", None, "E010", "LIFESTREAM_CONTACT is None; give one line of text."),
        ("USER_AGENT", "a\r\nb", "E010", "LIFESTREAM_USER_AGENT is 'a\\r\\nb'; give one line of text."),
        ("STRIP_TRACKING", "no", "E012", "LIFESTREAM_STRIP_TRACKING is 'no'; give True or False."),
        ("MIN_INTERVAL", 10**9, "E005", "LIFESTREAM_MIN_INTERVAL is longer than LIFESTREAM_MAX_INTERVAL."),
        ("PAUSE_SCOPE", "domain", "E008", """LIFESTREAM_PAUSE_SCOPE is 'domain'; give "host" or "feed"."""),
        ("PER_HOST", 129, "W002", "LIFESTREAM_PER_HOST is more than LIFESTREAM_CONCURRENCY."),
    ],
)
def test_a_wrong_setting_is_named(settings: Settings, name: str, value: Any, number: str, message: str) -> None:
    setattr(settings, f"LIFESTREAM_{name}", value)
    assert found() == [(f"lifestream.{number}", message)]
    assert all(check.hint for check in checks.run_checks(tags=["lifestream"]))


def test_the_hint_on_wrong_networks_fits_the_setting(settings: Settings) -> None:
    settings.LIFESTREAM_ALLOWED_NETWORKS = settings.LIFESTREAM_METRICS_FROM = ["nowhere"]
    assert [check.hint for check in checks.run_checks(tags=["lifestream"])] == [
        "Only private networks need to be named: the public internet is open without it.",
        "Name the networks from which /metrics may be read. This machine may always read it.",
    ]


@pytest.mark.parametrize(("shortest", "least"), [(1_234_563, 1_234_563), (604_800.4, 604_801), (10**9, 1_000_000_000)])
def test_the_interval_that_the_hint_names_is_long_enough(settings: Settings, shortest: float, least: int) -> None:
    settings.LIFESTREAM_MIN_INTERVAL = shortest
    assert [check.hint for check in checks.run_checks(tags=["lifestream"])] == [
        f"Set LIFESTREAM_MAX_INTERVAL to at least {least} seconds."
    ]
    settings.LIFESTREAM_MAX_INTERVAL = least
    assert found() == []


def test_a_wrong_plugin_is_named(settings: Settings) -> None:
    settings.LIFESTREAM_PLUGINS = ["testsite.nowhere.Plugin"]
    [(number, message)] = found()
    assert number == "lifestream.E004"
    assert message.startswith("LIFESTREAM_PLUGINS: the plugin 'testsite.nowhere.Plugin' can't be imported")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("PLUGINS", ["testsite.nowhere.Plugin"], "das Plugin „testsite.nowhere.Plugin“ lässt sich nicht importieren"),
        ("PLUGINS", ["datetime.datetime"], "das Plugin „datetime.datetime“ ist keine Unterklasse von"),
        ("PROXY", "nonsense", "ein Proxy wird als http://proxy.example:3128"),
    ],
)
def test_the_reason_is_reported_in_the_language_of_the_site(
    settings: Settings, name: str, value: Any, message: str
) -> None:
    setattr(settings, f"LIFESTREAM_{name}", value)
    with translation.override("de"):
        [(_, text)] = found()
    assert text.startswith(f"LIFESTREAM_{name}: {message}")


def test_a_site_without_time_zones_is_refused(settings: Settings) -> None:
    settings.USE_TZ = False
    assert [number for number, _ in found()] == ["lifestream.E007"]


@pytest.mark.parametrize("mode", [None, "DEFERRED", "deferred"])
def test_deferred_transactions_on_sqlite_cause_a_warning(monkeypatch: pytest.MonkeyPatch, mode: str | None) -> None:
    monkeypatch.setattr(connection, "vendor", "sqlite")
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", {"transaction_mode": mode} if mode else {})
    [message] = check_database()
    assert (message.id, "IMMEDIATE" in str(message.hint)) == ("lifestream.W001", True)


def test_other_databases_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "vendor", "mysql")
    monkeypatch.setattr(connection, "display_name", "MySQL")
    [message] = check_database()
    assert message.id == "lifestream.E006"
    assert message.msg == "The database 'default' is MySQL, on which search and claims do not work."


@pytest.mark.django_db
def test_tables_in_several_databases_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def database(model: Any, **_: Any) -> str:
        return "feeds" if model.__name__ == "Item" else "default"

    monkeypatch.setattr("lifestream.checks.router.db_for_write", database)
    [message] = check_routing()
    assert (message.id, message.hint) == (
        "lifestream.E020", "Let the database router send all models of lifestream, and the users, to one database."
    )  # fmt: skip
    assert "are written to several databases: " in message.msg and "lifestream.Item → 'feeds'" in message.msg


def test_tables_in_one_database_other_than_the_default_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lifestream.checks.router.db_for_write", lambda *_, **__: "feeds")
    assert check_routing() == []


def test_a_refused_tag_is_reported_in_the_language_of_the_site(settings: Settings) -> None:
    settings.LIFESTREAM_VALID_TAGS = {"script": [], "a": ["onclick"]}
    with translation.override("de"):
        [(_, text)] = found()
    assert text.startswith("LIFESTREAM_VALID_TAGS: <script> kann nicht erlaubt werden: entfernen Sie es; das Attribut ")
