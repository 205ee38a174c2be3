"""Cleaning takes linear time for each construct that can be repeated: about four times as long for four times the size.

Quadratic work takes sixteen times as long. The CPU time of this thread is measured, and the least growth of several
tries counts, since the speed of a processor changes.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from constructs import CONTENT, Construct
from lifestream.content.sanitizer import Sanitizer
from lifestream.content.urls import safe_url
from lifestream.plugins import ItemDraft
from lifestream.plugins.caps import CapTally
from lifestream.plugins.draft_cleaning import made_safe

pytestmark = pytest.mark.costly

SIZE = 6_000
MOST = 8  # half of what quadratic work grows: the shorter source may be cleaned at half the speed
TRIES = 12
TOO_SHORT = 0.002
"""Shorter times, in seconds, count as this one: their ratio means nothing."""

SANITIZER = Sanitizer()


def taken(work: Callable[[str], object], source: str) -> float:
    """Return the CPU time that *work* takes, in seconds, but at least `TOO_SHORT`."""
    before = time.thread_time()
    work(source)
    return max(time.thread_time() - before, TOO_SHORT)


def ratio(work: Callable[[str], object], construct: Construct) -> float:
    """Return how many times longer *work* takes for four times the size, the least of up to `TRIES` tries."""
    small, large = construct(SIZE), construct(4 * SIZE)
    least = float("inf")
    for _ in range(TRIES):
        once = taken(work, small)
        least = min(least, taken(work, large) / once)
        if least <= MOST:
            break
    return least


@pytest.mark.parametrize("construct", CONTENT.values(), ids=CONTENT)
def test_content_is_cleaned_in_linear_time(construct: Construct) -> None:
    def clean(source: str) -> None:
        made_safe(ItemDraft(content=source, summary=source, base="https://a.example/"), SANITIZER, CapTally())

    assert ratio(clean, construct) <= MOST


@pytest.mark.parametrize("construct", CONTENT.values(), ids=CONTENT)
def test_plain_text_is_tidied_in_linear_time(construct: Construct) -> None:
    def tidy(source: str) -> None:
        made_safe(
            ItemDraft(guid=source, title=source, author=source, language=source, tags=(source,)), SANITIZER, CapTally()
        )

    assert ratio(tidy, construct) <= MOST


@pytest.mark.parametrize("piece", ["a", "/", " ", "\n", "../", "%", "&", "?", "#", ":", "@", "[", ".", "a.", "é", "\\"])
@pytest.mark.parametrize("before", ["", "https://a.example/", "https://", "mailto:"])
def test_an_address_is_made_safe_in_linear_time(before: str, piece: str) -> None:
    assert ratio(lambda url: safe_url(url, "https://b.example/c/d"), lambda size: before + piece * size + "x") <= MOST
