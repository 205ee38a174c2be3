"""No dataclass of lifestream shows a field that may be a secret in its `repr`, which may be in a log or a traceback."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Iterator
from dataclasses import Field, fields, is_dataclass
from importlib import import_module
from typing import Any

import lifestream

SECRET = re.compile("cookie|credentials|certificates|login|password|proxy|secret|sent$")
NAMED_OTHERWISE = [
    "lifestream.fetcher.request_options.RequestOptions.headers",
    "lifestream.site.configuration.Value.value",
    "lifestream.storage.feed_editing.FeedChange.headers",
    "lifestream.storage.feed_editing.FeedChange.url",
    "lifestream.storage.feed_options.Secrets.headers",
    "lifestream.storage.hub_subscriptions.HubRequest.key",
]
"""Fields that may be secrets though their names do not say so."""
SHOWN = ["lifestream.site.options.Option.secret"]
"""Fields that hold no secret though their names match: `Option.secret` says whether an option's value is one."""


def fields_for_secrets() -> Iterator[tuple[str, Field[Any]]]:
    """Yield each field of a dataclass that may be a secret, with its full name."""
    for module in pkgutil.walk_packages(lifestream.__path__, "lifestream."):
        if ".migrations" in module.name or module.name.endswith("__main__"):
            continue
        for name, value in vars(import_module(module.name)).items():
            if isinstance(value, type) and is_dataclass(value) and value.__module__ == module.name:
                for each in fields(value):
                    if SECRET.search(each.name) or f"{module.name}.{name}.{each.name}" in NAMED_OTHERWISE:
                        yield f"{module.name}.{name}.{each.name}", each


def test_no_repr_shows_a_field_that_is_named_or_listed_as_a_secret() -> None:
    found = dict(fields_for_secrets())
    assert len(found) >= 15 and found.keys() >= {*NAMED_OTHERWISE}
    assert sorted(name for name, each in found.items() if each.repr) == SHOWN
