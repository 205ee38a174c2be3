"""The list of limits for operators has each fixed bound of the pages."""

from __future__ import annotations

from collections import Counter

from lifestream import page_limits
from lifestream.operations.fixed_limits import FIXED


def test_each_bound_of_the_pages_is_in_the_list_of_limits() -> None:
    bounds = Counter(value for name, value in vars(page_limits).items() if name.isupper())
    assert bounds.total() >= 8
    assert not bounds - Counter(each.value for each in FIXED)
