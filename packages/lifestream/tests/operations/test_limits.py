"""The list of limits has each limit that can be set, with its current value; the manual has each limit of the list."""

from __future__ import annotations

import re

from django.test import override_settings
from django.utils import translation
from reference_entries import page

from lifestream import conf
from lifestream.operations.fixed_limits import FIXED
from lifestream.operations.limit_values import Limit
from lifestream.operations.limits import SETTINGS, limits

NUMBERS = {
    name
    for name, value in vars(conf.Settings).items()
    if isinstance(value, property) and isinstance(getattr(conf.defaults, name), int | float)
    and not isinstance(getattr(conf.defaults, name), bool)
}  # fmt: skip


def named(name: str) -> Limit:
    return next(limit for limit in limits() if limit.setting == name)


def test_each_number_that_can_be_set_is_in_the_list_once() -> None:
    assert len(NUMBERS) > 20
    assert sorted(NUMBERS) == sorted(each.name for each in SETTINGS)


def test_each_limit_has_a_value_a_default_and_a_reason() -> None:
    found = list(limits())
    assert len(found) == len(SETTINGS) + len(FIXED)
    assert all(limit.bounds and limit.why.endswith(".") and limit.shown and limit.default_shown for limit in found)
    assert len({limit.bounds for limit in found}) == len(found)


def test_a_limit_that_was_set_is_shown_with_its_default() -> None:
    with override_settings(LIFESTREAM_MAX_BODY=5 * 1024**2):
        limit = named("LIFESTREAM_MAX_BODY")
    assert (limit.shown, limit.default_shown, limit.differs) == ("5 MiB", "10 MiB", True)
    with override_settings(LIFESTREAM_MAX_BODY=10 * 1024**2):
        assert not named("LIFESTREAM_MAX_BODY").differs
    assert not any(limit.differs for limit in limits() if not limit.setting)


def test_0_is_shown_as_no_limit_only_if_it_means_that() -> None:
    with override_settings(LIFESTREAM_KEEP_ITEMS=0, LIFESTREAM_MIN_INTERVAL=0):
        assert named("LIFESTREAM_KEEP_ITEMS").shown == "no limit"
        assert named("LIFESTREAM_MIN_INTERVAL").shown == "0 seconds"


def test_limits_are_shown_in_the_language_of_the_reader() -> None:
    with translation.override("de"):
        assert named("LIFESTREAM_KEEP_IDLE_DAYS").shown == "30 Tage"
        german = [(limit.bounds, limit.why) for limit in limits()]
    english = [(limit.bounds, limit.why) for limit in limits()]
    assert not {text for pair in german for text in pair} & {text for pair in english for text in pair}


def test_the_manual_lists_each_limit_with_its_default_and_the_reason() -> None:
    """The manual describes in words the defaults that depend on the machine."""
    rows = [
        re.split(r" *\| *", line.strip("| \n")) for line in page("lifestream/limits.md").splitlines() if "|" in line
    ]
    listed = [row for row in rows if len(row) in (3, 4) and row[0] not in ("setting", "bounds") and "---" not in row[0]]
    by_machine = {"LIFESTREAM_CONCURRENCY": "128, or fewer", "LIFESTREAM_PARSERS": "one a processor"}
    expected = []
    for limit in limits():
        default = by_machine.get(limit.setting, limit.default_shown)
        expected.append([*([f"`{limit.setting}`"] if limit.setting else []), limit.bounds, default, limit.why])
    assert listed == expected
