"""No regular expression of either package takes more than linear time, whatever it is run on."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import pytest

from feedserver import when
from growth import MOST, growth
from patterns import Found, found, runs

WRITTEN: Final = {
    "feedserver.faults.kind.with_number": (r"after\ (\d+)\ bytes",),
    "feedserver.when.split_when": tuple(rf"(?:^|\s){pattern}$" for pattern, _ in when._ENDINGS),
    "lifestream.parse.document._set_aside": (
        r"(</?(?:(?:itunes|i):(?=(?:summary|subtitle)[\s/>])|(?:media|m):(?=(?:description|title|text)[\s/>])))",
    ),
}
"""Examples of the patterns that a function puts together when it runs."""
FOUND: Final = found(WRITTEN)


def _call(pattern: re.Pattern[Any], method: str, make: Callable[[int], str]) -> Callable[[int], Callable[[], object]]:
    def made_of(length: int) -> Callable[[], object]:
        text = make(length)
        subject = text if isinstance(pattern.pattern, str) else text.encode("utf-8", "replace")
        if method == "findall":  # without the list of all, which makes the garbage collector work
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
