"""The list of limits for operators has each fixed bound of the pages."""

from __future__ import annotations

from lifestream import page_limits
from lifestream.operations.fixed_limits import FIXED


def test_each_bound_of_the_pages_is_in_the_list_of_limits() -> None:
    bounds = {name: value for name, value in vars(page_limits).items() if name.isupper()}
    assert len(bounds) >= 8
    assert set(bounds.values()) <= {each.value for each in FIXED}
