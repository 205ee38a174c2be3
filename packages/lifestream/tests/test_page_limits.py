"""Each bound of `page_limits` is in the list of fixed limits that operators are shown."""

from __future__ import annotations

import re
from pathlib import Path

from lifestream import page_limits
from lifestream.operations import fixed_limits


def test_each_bound_of_the_pages_is_in_the_list_of_limits() -> None:
    bounds = {name for name in vars(page_limits) if name.isupper()}
    source = Path(fixed_limits.__file__).read_text(encoding="utf-8")
    listed = re.findall(r"^ +page_limits\.(\w+),$", source, re.MULTILINE)
    assert len(bounds) >= 8
    assert sorted(listed) == sorted(bounds)
