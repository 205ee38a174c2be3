"""No regular expression of either package takes more than linear time, on any of the runs of characters tried here."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import astuple
from typing import Any, Final

import pytest

from feedserver.handler import quit_method
from feedserver.messages import triggers
from feedserver.record import known_secrets, string_notations
from growth import MOST, growth
from lifestream.content import tokenizer
from lifestream.models import sqlite_search
from patterns import Found, found, possessive_groups, runs

pytestmark = pytest.mark.costly

WRITTEN: Final[dict[str, tuple[str | bytes, ...]]] = {
    "feedserver.faults.kind.with_number": (r"after\ (\d+)\ bytes",),
    "feedserver.handler.path_pattern._compiled": (r"\A/feeds/(?P<name>[^/]+)/(?P<rest>.+)\.xml",),
    "feedserver.handler.problems.allow": ("is not spoken here",),  # only a test calls it, on messages of its own server
    "feedserver.handler.quit_method.quit_refusal": (quit_method._HOST, quit_method._OF_A_PROXY),
    "feedserver.messages.triggers.split_when": tuple(rf"(?:^|\s){pattern}$" for pattern, _ in triggers._ENDINGS),
    "feedserver.record.known_secrets._has_secret": (rb"(?<![0-9A-Za-z])a/b%(?![0-9A-Za-z])",),
    "feedserver.record.known_secrets._pattern": tuple(
        known_secrets._pattern(secret).pattern for secret in ("s3/cr&t ü", "a%b", "\\\\\\x'\"")
    ),
    "feedserver.record.string_notations._end_of_string": tuple(
        sorted({end.pattern for end in string_notations._ENDS.values()})
    ),
    "feedserver.record.string_notations._quotes": (r"(?<!%5[Cc])(?>(?:%5[Cc]%5[Cc])*)%22",),
    "lifestream.content.tokenizer.pattern_of": tuple(
        pattern.pattern
        for query in ('rob "red kite" foo-bar-baz c++', '"a b c" aa 東京 天気a', '"\u093e \u093e \u093e x"')
        if (pattern := tokenizer.pattern_of(query))
    ),
    "lifestream.models.sqlite_search._pattern": tuple(
        phrase.pattern.pattern for phrase in sqlite_search._phrases('"red kite"* "a a b" "rob"* "天気"')
    ),
    "lifestream.content.tokenizer._scripts": tuple(pattern.pattern for pattern in astuple(tokenizer._scripts())),
    "lifestream.parser.preprocessing.with_renamed": (
        r"(</?(?:(?:itunes|i):(?=(?:summary|subtitle)[\s/>])|(?:media|m):(?=(?:description|title|text)[\s/>])))",
    ),
    "lifestream.parser.salvage._has_rest": (rb"</item\s*+>",),
    "lifestream.parser.salvage._pieces": (rb"<item(?=[\s/>])",),
}
"""Examples of the patterns that each function builds when it runs."""
FOUND: Final = found(WRITTEN)


def _call(pattern: re.Pattern[Any], method: str, make: Callable[[int], str]) -> Callable[[int], Callable[[], object]]:
    def made_of(length: int) -> Callable[[], object]:
        text = make(length)
        subject = text if isinstance(pattern.pattern, str) else text.encode("utf-8", "replace")
        if method == "findall":  # a list of all matches would keep the garbage collector busy
            return lambda: deque(pattern.finditer(subject), 0)
        run = getattr(pattern, method)
        return lambda: run(subject)

    return made_of


@pytest.mark.parametrize("each", FOUND, ids=lambda each: each.where)
def test_a_pattern_takes_linear_time_on_runs_of_its_own_alphabet(each: Found) -> None:
    guilty = {}
    for method in sorted(each.methods):
        for name, make in runs(each.pattern):
            grown = growth(_call(each.pattern, method, make))
            if grown > MOST:
                guilty[method, name] = round(grown, 1)
            if len(guilty) == 3:
                break

    assert not guilty, f"{each.where} takes more than {MOST:g} times as long for four times the input: {guilty}"


@pytest.mark.parametrize("each", FOUND, ids=lambda each: each.where)
def test_no_pattern_repeats_a_group_possessively(each: Found) -> None:
    """Python before 3.11.5 continues at a wrong position if such a group fails half-way (python/cpython#106052)."""
    assert not possessive_groups(each.pattern), "write (?>(?:…)*) for (?:…)*+"


def test_a_group_repeated_possessively_is_found() -> None:
    patterns = [r"(?:ab?c)++", r"a((?>bc|d)?+)", r"[ab]*+\s++x?+", r"(?>(?:ab)*)"]

    assert [possessive_groups(re.compile(pattern)) for pattern in patterns] == [1, 1, 0, 0]


GUILTY: Final[dict[str, Any]] = {
    "spaces before what isn't there": r"\s+$",
    "a tag that never ends": r"<br[^>]*>",
    "a comment that never ends": r"<!--.*?-->",
    "a repeat in a repeat": r"(?:a+)+b",
    "a class of bytes": rb"[a-z]+[0-9]",
    "a lookahead": r"[a-z]+(?=[^\w]*$)",
    "quotes in a tag": r"<a(?:[^>\"]|\"[^\"]*\")*>",
    "slashes in a tag": r"[\s/]*+([^\s/>=]++)",
}


@pytest.mark.parametrize("name", GUILTY)
def test_the_finder_finds_a_pattern_that_is_slow(name: str) -> None:
    pattern = re.compile(GUILTY[name])

    assert any(growth(_call(pattern, "findall", make)) > MOST for _, make in runs(pattern))


def test_the_finder_knows_patterns_of_modules_tables_and_calls() -> None:
    places = [(each.where.partition(", line ")[0], each.methods) for each in FOUND]

    assert ("lifestream.content.html_tokenizer._ATTRIBUTE", {"findall"}) in places
    assert ("lifestream.fetcher.feed_urls._READY", {"fullmatch"}) in places
    assert places.count(("lifestream.parser.encoding._FIRST_CHARACTERS", {"match"})) == 4
    assert ("lifestream.fetcher.websub", {"fullmatch"}) in places
    assert places.count(("feedserver.messages.triggers", {"search"})) == 4
    assert len(places) > 100
