"""Each kind of option: how it is written in the environment and in the file, and how it is shown."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest

from costs import assert_linear
from lifestream import conf
from lifestream.site.options import OPTIONS, Option, ValueKind, without_password, written


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (ValueKind.TEXT, " a b ", " a b "),
        (ValueKind.NUMBER, "60", 60),
        (ValueKind.NUMBER, "0.5", 0.5),
        (ValueKind.NUMBER, "1e3", 1000.0),
        (ValueKind.WHOLE, "20", 20),
        (ValueKind.BOOLEAN, "1", True),
        (ValueKind.BOOLEAN, "0", False),
        (ValueKind.BOOLEAN, "True", True),
        (ValueKind.BOOLEAN, "no", False),
        (ValueKind.LIST, "a, b,,c ", ["a", "b", "c"]),
        (ValueKind.LIST, "a", ["a"]),
        (
            ValueKind.SOURCES,
            "img-src https://a.example https://b.example; font-src https://c.example",
            {"img-src": ["https://a.example", "https://b.example"], "font-src": ["https://c.example"]},
        ),
        (ValueKind.SOURCES, "script-src-elem 'self'", {"script-src-elem": ["'self'"]}),
    ],
)
def test_a_value_in_the_environment_is_read(kind: ValueKind, text: str, value: Any) -> None:
    option = Option("NAME", kind)
    assert option.from_text(text) == value
    assert option.accepts(option.from_text(text))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (ValueKind.NUMBER, "soon"),
        (ValueKind.WHOLE, "2.5"),
        (ValueKind.BOOLEAN, "perhaps"),
        (ValueKind.SOURCES, "https://a.example"),
        (ValueKind.SOURCES, "img-src"),
        (ValueKind.SOURCES, "img-src https://a.example, script-src"),
        (ValueKind.TABLE, "{}"),
    ],
)
def test_an_invalid_value_in_the_environment_is_refused(kind: ValueKind, text: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        Option("NAME", kind).from_text(text)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (ValueKind.TEXT, 1),
        (ValueKind.NUMBER, True),
        (ValueKind.NUMBER, "60"),
        (ValueKind.WHOLE, 2.5),
        (ValueKind.WHOLE, False),
        (ValueKind.BOOLEAN, 1),
        (ValueKind.LIST, "a"),
        (ValueKind.LIST, [1]),
        (ValueKind.TABLE, {"a": "href"}),
        (ValueKind.SOURCES, []),
    ],
)
def test_a_value_of_another_kind_in_the_file_is_refused(kind: ValueKind, value: object) -> None:
    assert not Option("NAME", kind).accepts(value)


def test_values_are_shown_as_they_are_written_in_the_file() -> None:
    import tomllib

    for value in ("", 'a "b" \\c', 3, 0.5, 604800.25, True, ["a", "b"], {"img-src": ["x"]}):
        assert tomllib.loads(f"key = {written(value)}")["key"] == value


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://user:secret@host:5432/name", "postgresql://user:***@host:5432/name"),
        ("postgresql://user:sec@ret@host/name", "postgresql://user:***@host/name"),
        ("redis://:secret@host/0", "redis://:***@host/0"),
        ("sqlite:////path", "sqlite:////path"),
        ("https://[secret", "(hidden)"),
        # In the query, from which libpq and clients of Redis read a password.
        (
            "postgresql://host/name?password=secret&sslmode=require",
            "postgresql://host/name?password=***&sslmode=require",
        ),
        (
            "postgresql://user@host/name?sslmode=require&p%61ssword=secret",
            "postgresql://user@host/name?sslmode=require&p%61ssword=***",
        ),
        ("redis://host/0?password=secret", "redis://host/0?password=***"),
        # Several brokers.
        ("sentinel://:secret@a:1;sentinel://:secret@b:2", "sentinel://:***@a:1;sentinel://:***@b:2"),
        ("sqs://id:secret@", "sqs://id:***@"),
        ("amqp://user:se;cret@host//", "amqp://user:***@host//"),
        # Mistaken URLs, which somebody may show to others to find the mistake.
        ("postgresql://user:a/secret@host/name", "(hidden)"),
        ("postgresql://user:12/secret@host/name", "(hidden)"),
        ("redis://:a#secret@host/0", "(hidden)"),
        ("redis://:a?secret@host/0", "(hidden)"),
        ("socks5://user:secret", "(hidden)"),
        ("user:secret@host:1", "(hidden)"),
        ("http:user:secret@host", "(hidden)"),
        ("postgresql:/user:secret@host/name", "(hidden)"),
        # What is no password stays.
        ("sqlite://:memory:", "sqlite://:memory:"),
        ("sqlite:////home/ada@host/key=1.sqlite3", "sqlite:////home/ada@host/key=1.sqlite3"),
        ("redis+socket:///run/a@b.sock?virtual_host=1", "redis+socket:///run/a@b.sock?virtual_host=1"),
        ("http://proxy:3128", "http://proxy:3128"),
        ("postgresql://ada@a:1,b:2/name", "postgresql://ada@a:1,b:2/name"),
        ("", ""),
    ],
)
def test_passwords_in_urls_are_hidden(url: str, shown: str) -> None:
    assert without_password(url) == shown


@pytest.mark.parametrize("url", ["redis://host/", "redis://host/?", "redis://host/0?a="])
def test_a_long_url_is_shown_in_linear_time(url: str) -> None:
    assert_linear(without_password, lambda size: url + "a" * size, 8_000)


def test_the_password_of_a_wrong_public_url_is_hidden() -> None:
    (public_url,) = (option for option in OPTIONS if option.name == "LIFESTREAM_PUBLIC_URL")
    assert public_url.shown("https://ada:secret@planet.example") == '"https://ada:***@planet.example"'
    assert public_url.shown("https://planet.example/a") == '"https://planet.example/a"'


def test_secrets_are_hidden() -> None:
    assert Option("NAME", secret=True).shown("secret") == "(hidden)"
    assert Option("NAME", secret=True).shown("") == '""'


def test_each_setting_of_the_app_is_an_option() -> None:
    settings = {
        f"LIFESTREAM_{name}"
        for value in vars(conf.Settings).values()
        if isinstance(value, property)
        for name in re.findall(r"`LIFESTREAM_(\w+)`", inspect.getdoc(value) or "")
    }
    assert settings
    assert sorted(settings - {option.name for option in OPTIONS}) == []


def test_an_option_is_listed_once() -> None:
    names = [option.name for option in OPTIONS]
    assert sorted(set(names)) == sorted(names)


def test_a_whole_number_has_no_exponent() -> None:
    assert [written(value) for value in (2_592_000.0, 30.0, 0.25, 1e20)] == ["2592000", "30", "0.25", "1e+20"]
