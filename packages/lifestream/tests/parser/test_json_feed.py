"""JSON that is deep or wide: it is refused, or read, in linear time, and never ends in an exception of its own."""

from __future__ import annotations

import pytest

from costs import assert_linear
from lifestream.parser import NotAFeed, parse

START = '{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "x": '


@pytest.mark.parametrize("unit", ["[", '{"a":', '[{"a":', "[[],["])
@pytest.mark.parametrize("start", ["", START])
def test_json_that_is_nested_too_deep_is_no_feed(unit: str, start: str) -> None:
    with pytest.raises(NotAFeed, match=r"^it is JSON nested too deep$"):
        parse((start + unit * 500_000).encode(), {}, "https://site.example/")


def test_json_that_is_nested_and_closed_is_no_feed_either() -> None:
    with pytest.raises(NotAFeed, match=r"^it is JSON nested too deep$"):
        parse(f"{START}{'[' * 200_000}{']' * 200_000}}}]}}".encode(), {}, "https://site.example/")


def test_some_depth_costs_nothing() -> None:
    [entry] = parse(f"{START}{'[' * 100}{']' * 100}}}]}}".encode(), {}, "https://site.example/").entries
    assert entry.guid == "1"


VERSION = '"version": "https://jsonfeed.org/version/1.1"'
WIDE = {
    "items": ('"items": [{}', ", {}", "]"),
    "tags": ('"items": [{"tags": ["a"', ', "a"', "]}]"),
    "authors": ('"items": [{"authors": [{}', ', {"name": "a"}', "]}]"),
    "attachments": ('"items": [{"attachments": [{}', ', {"url": "/a"}', "]}]"),
    "hubs": ('"items": [], "hubs": [{}', ', {"type": "x"}', "]"),
}


@pytest.mark.parametrize("name", WIDE)
def test_json_that_is_wide_costs_what_it_is_long(name: str) -> None:
    start, unit, end = WIDE[name]

    def make(number: int) -> bytes:
        return f"{{{VERSION}, {start}{unit * number}{end}}}".encode()

    assert_linear(lambda body: parse(body, {}, "https://site.example/"), make, 5000)


@pytest.mark.parametrize("unit", ['"a":1,', '"a":[],', '"a":"\\\\",', '"a":1e99,', '"a":' + "9" * 5000 + ","])
def test_so_do_members_and_numbers(unit: str) -> None:
    def make(number: int) -> bytes:
        return f"{START}0, {unit * number}{chr(34)}z{chr(34)}: 0}}]}}".encode()

    assert_linear(lambda body: parse(body, {}, "https://site.example/"), make, 1000)
