"""The list of limits has each limit that can be set, with its value now; the manual has each limit of the list."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from django.test import override_settings
from django.utils import translation
from reference_entries import page

import lifestream
from lifestream import conf
from lifestream.operations.fixed_limits import FIXED
from lifestream.operations.limit_values import Limit, Unit
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


def test_each_limit_has_a_default_and_a_reason() -> None:
    found = list(limits())
    assert len(found) == len(SETTINGS) + len(FIXED)
    assert all(limit.bounds and limit.why.endswith(".") and limit.shown for limit in found)
    assert len({limit.bounds for limit in found}) == len(found)


def test_what_is_set_is_reported_with_the_default() -> None:
    with override_settings(LIFESTREAM_MAX_BODY=5 * 1024**2):
        limit = named("LIFESTREAM_MAX_BODY")
    assert (limit.shown, limit.default_shown, limit.differs) == ("5 MiB", "10 MiB", True)
    with override_settings(LIFESTREAM_MAX_BODY=10 * 1024**2):
        assert not named("LIFESTREAM_MAX_BODY").differs
    assert not any(limit.differs for limit in limits() if not limit.setting)


@pytest.mark.parametrize(
    ("unit", "value", "shown"),
    [
        (Unit.COUNT, 2, "2"),
        (Unit.COUNT, 0.5, "0.5"),
        (Unit.COUNT, 10_000, "10,000"),
        (Unit.COUNT, 64_000_000, "64,000,000"),
        (Unit.BYTES, 500, "500 B"),
        (Unit.BYTES, 256 * 1024, "256 KiB"),
        (Unit.BYTES, 1.5 * 1024**2, "1.5 MiB"),
        (Unit.BYTES, 2 * 1024**3, "2 GiB"),
        (Unit.SECONDS, 30.0, "30 seconds"),
        (Unit.SECONDS, 0.1, "0.1 s"),
        (Unit.SECONDS, 7 * 86400.0, "7 days"),
        (Unit.DAYS, 0.5, "12 hours"),
        (Unit.DAYS, 365.0, "365 days"),
        (Unit.PART, 0.1, "10 %"),
    ],
)
def test_values_are_shown_with_their_units(unit: Unit, value: float, shown: str) -> None:
    assert Limit("", "", "", unit, value, value).shown == shown


def test_0_is_no_limit_only_where_it_means_that() -> None:
    with override_settings(LIFESTREAM_KEEP_ITEMS=0, LIFESTREAM_MIN_INTERVAL=0):
        assert named("LIFESTREAM_KEEP_ITEMS").shown == "no limit"
        assert named("LIFESTREAM_MIN_INTERVAL").shown == "0 seconds"


def test_they_are_reported_in_the_language_of_the_reader() -> None:
    with translation.override("de"):
        assert named("LIFESTREAM_KEEP_IDLE_DAYS").shown == "30 Tage"
        german = [(limit.bounds, limit.why) for limit in limits()]
    english = [(limit.bounds, limit.why) for limit in limits()]
    assert not {text for pair in german for text in pair} & {text for pair in english for text in pair}


def test_the_manual_lists_each_with_its_default_and_the_reason() -> None:
    """The manual describes in words the defaults that depend on the machine."""
    rows = [
        re.split(r" *\| *", line.strip("| \n")) for line in page("lifestream/limits.md").splitlines() if "|" in line
    ]
    told = [row for row in rows if len(row) in (3, 4) and row[0] not in ("setting", "bounds") and "---" not in row[0]]
    by_machine = {"LIFESTREAM_CONCURRENCY": "128, or fewer", "LIFESTREAM_PARSERS": "one a processor"}
    expected = []
    for limit in limits():
        default = by_machine.get(limit.setting, limit.default_shown)
        expected.append([*([f"`{limit.setting}`"] if limit.setting else []), limit.bounds, default, limit.why])
    assert told == expected


_BOUND: Final = re.compile(r"(?:MOST|MAX|LARGEST|LONGEST|DEEPEST|NEWEST|LIMIT|LIMITS)(?:_[A-Z_]+)?")
_WHERE: Final = ("fetcher", "models", "page_limits", "refresh", "storage", "web")
"""The packages whose bounds an operator may meet. Those of the parser and of `content` are of one document or text."""

UNLISTED: Final = {
    "fetcher.redirect_cookies.LONGEST": "of one fetch",
    "fetcher.redirect_cookies.MOST": "of one fetch",
    "fetcher.request_options.LONGEST_HEADER": "said by the form",
    "fetcher.tls_sessions.MOST": "a cache",
    "fetcher.url_hosts.LONGEST_WORDS": "of what is shown",
    "fetcher.websub.MAX_LEASE": "asked of a hub",
    "models.fulltext.LONGEST_QUERY": "cut, as the words are",
    "models.fulltext.MOST_COUNTED": "of what is shown",
    "refresh.opml.LONGEST_NAME": "of what is shown",
    "refresh.pictures.MOST_UNDER_WAY": "a queue",
    "refresh.reading_facts.MOST_SHOWN": "of what is shown",
    "refresh.wanted_readings.LONGEST": "of what is shown",
    "refresh.wanted_readings.MOST_CHARACTERS": "of what is shown",
    "refresh.wanted_readings.MOST_ITEMS": "of what is shown",
    "refresh.wanted_readings.MOST_OPEN": "a queue",
    "storage.feed_editing.LONGEST_USER_AGENT": "said by the form",
    "web.picture_addresses.LONGEST": "of one address",
    "web.request_framing.LONGEST_FRAMING": "no client sends it",
    "web.request_framing.MOST_TINY": "no client sends it",
    "web.site_search.MOST_LOOKED_AT": "of one query",
    "web.timeline.MOST_DATED": "of one query",
    "web.walked_posts.MOST_ASKED": "of one query",
    "web.walked_posts.MOST_WALKED": "of one query",
    "web.wsgi_server.MOST_BODY": "the settings bound it",
}
"""Bounds that are not in the list, each with the reason."""


def _bounds() -> Iterator[str]:
    root = Path(lifestream.__file__).parent
    for package in _WHERE:
        for path in sorted((root / package).rglob("*.py")) or [(root / package).with_suffix(".py")]:
            module = ".".join(path.relative_to(root).with_suffix("").parts)
            for statement in ast.parse(path.read_text(encoding="utf-8")).body:
                targets = (
                    statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
                )
                names = [target.id for target in targets if isinstance(target, ast.Name)]
                yield from (f"{module}.{name}" for name in names if _BOUND.fullmatch(name))


def test_a_new_bound_is_in_the_list_or_has_a_reason_not_to_be() -> None:
    listed = Path(lifestream.__file__).with_name("operations") / "fixed_limits.py"
    told = set(re.findall(r"\b[a-z_]+\.[A-Z_]+\b", listed.read_text(encoding="utf-8")))
    missing = {each for each in _bounds() if ".".join(each.split(".")[-2:]) not in told}
    assert sorted(missing) == sorted(UNLISTED), "add it to `operations.fixed_limits`, or to UNLISTED with the reason"
