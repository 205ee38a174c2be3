"""Patterns of paths: one route for many paths.

Clients choose the path, and the event loop matches it, so no path may take long. The time that `match` takes grows
almost linearly with the length of the path. A regular expression would try all ways to share out "/a-a-a-a" among the
placeholders of "/<a>-<b>-<c>.xml".
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from feedserver.messages.argument_types import check_name
from feedserver.messages.request import path_key, split_target

_PLACEHOLDER = re.compile(r"<(?:(path):)?([A-Za-z_]\w*)>")

_TYPED = re.compile(r"<(?!path:)\w+:([A-Za-z_]\w*)>")
"""A placeholder as Flask and Django write it, with a type for its value; `path` is a type of a `Pattern`, too."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern of paths, such as "/feeds/<name>.xml", for `FeedServer.add` and the searches of the
    journal.

    `<name>` stands for one or more characters without a slash, `<path:name>` for one or more characters of any kind.
    All else is literal, and may be percent-encoded. A pattern has no query string, and no host.

    Raises ValueError for text that is no such pattern.
    """

    text: str

    def __post_init__(self) -> None:
        check_name("a Pattern", self.text, "/feeds/<name>.xml")
        _compiled(self.text)

    def match(self, path: str) -> dict[str, str] | None:
        """Return what the placeholders stand for in a *path*, percent-decoded; None where the path does not match.

        *path* is the target of a request, or a path as `add` takes it; a query string in it is ignored.
        """
        check_name("path", path, "/feeds/news.xml")
        return self.match_key(split_target(path).key)

    def match_key(self, key: str) -> dict[str, str] | None:
        """Return the same as `match` for the *key* of a path, which `path_key` makes."""
        found = _compiled(self.text).match(key)
        if found is None:
            return None
        return {name: unquote(value, "utf-8", "surrogateescape") for name, value in found.items()}

    @property
    def literal_size(self) -> int:
        """The number of its literal characters: of two patterns that match, the one with more is the more specific."""
        return len(_PLACEHOLDER.sub("", self.text))

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class _Placeholder:
    """A placeholder, whether it stands for slashes too, and the literal text *after* it."""

    name: str
    has_slashes: bool
    after: str

    def longest(self, start: int, ends: list[int], slashes: list[int]) -> int | None:
        """Return the last of *ends* at which the placeholder may end if it begins at *start*; None if there is none.

        *slashes* are the positions of the slashes, and the length of the path.
        """
        limit = slashes[-1 if self.has_slashes else bisect_left(slashes, start)]
        last = bisect_right(ends, limit) - 1
        return ends[last] if last >= 0 and ends[last] > start else None


@dataclass(frozen=True, slots=True)
class _Compiled:
    """The literal text that a pattern begins with, and its placeholders."""

    first: str
    placeholders: tuple[_Placeholder, ...]

    def match(self, key: str) -> dict[str, str] | None:
        """Return the text that each placeholder stands for: as much as possible, the first placeholder first."""
        if not key.startswith(self.first):
            return None
        last = self.placeholders[-1].after
        slashes = [*_occurrences("/", key), len(key)]
        # For each placeholder, from the last to the first: where it may end so that all behind it fits.
        ends = [[len(key) - len(last)] if key.endswith(last) else []]
        for before, placeholder in zip(self.placeholders[-2::-1], self.placeholders[:0:-1], strict=True):
            size = len(before.after)
            found = [
                at
                for at in _occurrences(before.after, key)
                if placeholder.longest(at + size, ends[-1], slashes) is not None
            ]
            ends.append(found)
        start = len(self.first)
        values: dict[str, str] = {}
        for placeholder, possible in zip(self.placeholders, reversed(ends), strict=True):
            end = placeholder.longest(start, possible, slashes)
            if end is None:
                return None
            values[placeholder.name] = key[start:end]
            start = end + len(placeholder.after)
        return values


def has_placeholder(path: str) -> bool:
    """Return whether *path* has a placeholder, as the text of a `Pattern` has, or one as Flask and Django write it."""
    return (_PLACEHOLDER.search(path) or _TYPED.search(path)) is not None


def without_types(path: str) -> str:
    """Return *path* with the placeholders of Flask and Django in it as a `Pattern` has them: `<int:id>` as `<id>`."""
    return _TYPED.sub(r"<\1>", path)


def _occurrences(literal: str, key: str) -> Iterator[int]:
    at = key.find(literal)
    while at >= 0:
        yield at
        at = key.find(literal, at + 1)


@lru_cache(maxsize=512)
def _compiled(text: str) -> _Compiled:
    given = f"the pattern {text!r}"
    if not text.startswith("/"):
        scheme, is_url, rest = text.partition("://")
        if is_url and "/" not in scheme:
            path = f"/{rest.partition('/')[2]}"
            raise ValueError(
                f"{given} has a host, and a pattern is for paths of the server itself; give {path!r}, or add() each "
                "whole URL of the other host"
            )
        raise ValueError(f"{given} does not begin with a slash; give {'/' + text!r}")
    if "?" in text:
        raise ValueError(f"{given} has a query string; give query=… beside it")
    literals: list[str] = []
    kinds: list[tuple[str, bool]] = []
    end = 0
    for found in _PLACEHOLDER.finditer(text):
        literal = text[end : found.start()]
        if not literal:
            raise ValueError(f"{given} has two placeholders side by side; put text between them")
        if any(found[2] == name for name, _ in kinds):
            raise ValueError(f"{given} has the placeholder {found[2]!r} twice; give each a name of its own")
        kinds.append((found[2], bool(found[1])))
        literals.append(_literal(given, literal))
        end = found.end()
    literals.append(_literal(given, text[end:]))
    if not kinds:
        raise ValueError(f"{given} has no placeholder; give the path as text, or add one, such as <name>")
    placeholders = (_Placeholder(*kind, after) for kind, after in zip(kinds, literals[1:], strict=True))
    return _Compiled(literals[0], tuple(placeholders))


def _literal(given: str, text: str) -> str:
    typed = _TYPED.search(text)
    if typed is not None:
        raise ValueError(
            f"{given} has {typed[0]}, which is no placeholder; write <{typed[1]}>, or <path:{typed[1]}> to allow "
            "slashes"
        )
    if "<" in text or ">" in text:
        raise ValueError(f"{given} has a bracket that belongs to no placeholder; write %3C and %3E for plain ones")
    return path_key(text)
