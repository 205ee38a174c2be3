"""Values of settings have the requested type; an error names the setting, its value and the remedy."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_network

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from lifestream.setting_values import SettingValues

VALUES = SettingValues()
READ: dict[str, Callable[[], object]] = {
    "number": lambda: VALUES.number("MADE_UP", 2, least=1024**2, most=10.0**12),
    "truth": lambda: VALUES.truth("MADE_UP"),
    "line": lambda: VALUES.line("MADE_UP"),
    "texts": lambda: VALUES.texts("MADE_UP", example="custom.css"),
    "networks": lambda: VALUES.networks("MADE_UP"),
}
NETWORKS = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        ("number", 1024**2, 1048576.0),
        ("number", 1e12, 1e12),
        ("truth", True, True),
        ("line", "Ünique", "Ünique"),
        ("texts", ["a", "b"], ("a", "b")),
        ("texts", {"a"}, ("a",)),
        ("networks", ["10.0.0.0/8", "fd00::/8"], NETWORKS),
        ("networks", " 10.0.0.0/8, fd00::/8,", NETWORKS),
    ],
)
def test_a_value_that_can_be_used_is_read(kind: str, value: object, read: object) -> None:
    with override_settings(LIFESTREAM_MADE_UP=value):
        assert READ[kind]() == read


@pytest.mark.parametrize(("kind", "default"), [("truth", False), ("line", ""), ("texts", ()), ("networks", ())])
def test_a_setting_that_is_not_set_is_false_or_empty(kind: str, default: object) -> None:
    assert READ[kind]() == default


@pytest.mark.parametrize(
    ("kind", "value", "error"),
    [
        ("number", 5, "is 5; give a number of at least 1048576."),
        ("number", "5", "is '5'; give a number of at least 1048576."),
        ("number", True, "is True; give a number of at least 1048576."),
        ("number", float("nan"), "is nan; give a number of at least 1048576."),
        ("number", 1e13, "is 10000000000000.0; give a number of at most 1000000000000."),
        pytest.param(
            "number",
            1 << 20_000,
            f"is 0x1{'0' * 197}…; give a number of at most 1000000000000.",
            id="a number that Python does not write",
        ),
        pytest.param(
            "number",
            -(1 << 20_000),
            f"is -0x1{'0' * 196}…; give a number of at least 1048576.",
            id="a negative number that Python does not write",
        ),
        pytest.param(
            "truth", 1 << 20_000, f"is 0x1{'0' * 197}…; give True or False.", id="a number instead of a boolean"
        ),
        pytest.param("line", "a\n" * 200, "is '" + r"a\n" * 66 + "a…; give one line of text.", id="a long text"),
        ("truth", "0", "is '0'; give True or False."),
        ("line", "a\nb", "is 'a\\nb'; give one line of text."),
        ("texts", "a.css", "is 'a.css'; give a list of text, as ['custom.css']."),
        ("texts", [1], "is [1]; give a list of text, as ['custom.css']."),
        ("networks", 5, "is 5; give a list of networks, as ['10.0.0.0/8']."),
        ("networks", ["10.0.0.1/8"], ": 10.0.0.1/8 has host bits set; give networks as 10.0.0.0/8 or fd00::/8."),
    ],
)
def test_a_value_that_cannot_be_used_is_reported_with_the_remedy(kind: str, value: object, error: str) -> None:
    separator = "" if error.startswith(":") else " "
    whole = f"^{re.escape(f'LIFESTREAM_MADE_UP{separator}{error}')}$"
    with override_settings(LIFESTREAM_MADE_UP=value), pytest.raises(ImproperlyConfigured, match=whole):
        READ[kind]()
