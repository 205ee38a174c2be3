"""Each fixed bound in the code that may matter to an operator is in the list of limits that can't be set."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import lifestream
from lifestream.operations import fixed_limits

_BOUND: Final = re.compile(r"(?:MOST|MAX|LARGEST|LONGEST|DEEPEST|NEWEST|LIMIT|LIMITS)(?:_[A-Z_]+)?")
_WHERE: Final = ("fetcher", "models", "page_limits", "refresh", "storage", "web")
"""The packages whose bounds may matter to an operator. `parser` and `content` only bound one document or text."""

UNLISTED: Final = {
    "fetcher.redirect_cookies.LONGEST": "of one fetch",
    "fetcher.redirect_cookies.MOST": "of one fetch",
    "fetcher.request_options.LONGEST_HEADER": "the form reports it",
    "fetcher.tls_sessions.MOST": "a cache",
    "fetcher.url_hosts.LONGEST_SHOWN": "of what is shown",
    "fetcher.websub.MAX_LEASE": "requested from a hub",
    "models.fulltext.LONGEST_QUERY": "a longer query is cut",
    "models.fulltext.MOST_COUNTED": "of what is shown",
    "models.lifestreams.LONGEST_DESCRIPTION": "the form reports it",
    "refresh.opml.LONGEST_NAME": "of what is shown",
    "refresh.pictures.MOST_OF_A_FEED": "a queue",
    "refresh.pictures.MOST_UNDER_WAY": "a queue",
    "refresh.reading_facts.MOST_SHOWN": "of what is shown",
    "refresh.wanted_readings.LONGEST": "of what is shown",
    "refresh.wanted_readings.MOST_CHARACTERS": "of what is shown",
    "refresh.wanted_readings.MOST_ITEMS": "of what is shown",
    "refresh.wanted_readings.MOST_OPEN": "a queue",
    "storage.feed_editing.LONGEST_USER_AGENT": "the form reports it",
    "web.form_parts.LONGEST_HEADS": "no client sends it",
    "web.http_channel.MOST_DISCARDED": "the manual names it; nothing is kept",
    "web.page_addresses.MOST_KEPT": "a cache",
    "web.picture_addresses.LONGEST": "of one address",
    "web.picture_addresses.MOST_PICTURES": "of one item",
    "web.request_charset.LONGEST": "no client sends it",
    "web.request_framing.LONGEST_FRAMING": "no client sends it",
    "web.request_framing.MOST_TINY": "no client sends it",
    "web.site_search.MOST_LOOKED_AT": "of one query",
    "web.timeline.MOST_DATED": "of one query",
    "web.walked_posts.MOST_ASKED": "of one query",
    "web.walked_posts.MOST_WALKED": "of one query",
    "web.wsgi_server.MOST_BODY": "it follows from settings",
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
    listed = set(re.findall(r"\b[a-z_]+\.[A-Z_]+\b", Path(fixed_limits.__file__).read_text(encoding="utf-8")))
    missing = {each for each in _bounds() if ".".join(each.split(".")[-2:]) not in listed}
    assert sorted(missing) == sorted(UNLISTED), "add it to `operations.fixed_limits`, or to UNLISTED with the reason"
