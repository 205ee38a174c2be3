"""Patterns of paths: one route for many paths."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from feedserver.messages.argument_types import check_name
from feedserver.messages.request import path_key, split_target

_PLACEHOLDER = re.compile(r"<(?:(path):)?([A-Za-z_]\w*)>")

_TYPED = re.compile(r"<\w+:([A-Za-z_]\w*)>")
"""A part as Flask and Django write it, with a type of its value."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern of paths, such as "/feeds/<name>.xml", for `FeedServer.add` and the journal's questions.

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

        *path* is a target or the path of a request; a query string in it is left aside.
        """
        check_name("path", path, "/feeds/news.xml")
        return self.match_key(split_target(path).key)

    def match_key(self, key: str) -> dict[str, str] | None:
        """Return the same for a path as `path_key` writes it."""
        found = _compiled(self.text).fullmatch(key)
        if found is None:
            return None
        return {name: unquote(value, "utf-8", "surrogateescape") for name, value in found.groupdict().items()}

    @property
    def literal_size(self) -> int:
        """The number of its literal characters: of two patterns that match, the one with more is the more specific."""
        return len(_PLACEHOLDER.sub("", self.text))

    def __str__(self) -> str:
        return self.text


@lru_cache(maxsize=512)
def _compiled(text: str) -> re.Pattern[str]:
    given = f"the pattern {text!r}"
    if not text.startswith("/"):
        raise ValueError(f"{given} does not begin with a slash; give '/{text.rpartition('://')[2]}'")
    if "?" in text:
        raise ValueError(f"{given} has a query string; give query=… beside it")
    parts: list[str] = []
    names: set[str] = set()
    end = 0
    for found in _PLACEHOLDER.finditer(text):
        literal = text[end : found.start()]
        if not literal:
            raise ValueError(f"{given} has two placeholders side by side; put text between them")
        if found[2] in names:
            raise ValueError(f"{given} has the placeholder {found[2]!r} twice; give each a name of its own")
        names.add(found[2])
        parts += [_literal(given, literal), f"(?P<{found[2]}>{'.+' if found[1] else '[^/]+'})"]
        end = found.end()
    last = _literal(given, text[end:])
    if not names:
        raise ValueError(f"{given} has no placeholder; give the plain text, or write one, such as <name>")
    return re.compile("".join([r"\A", *parts, last]), re.DOTALL)


def _literal(given: str, text: str) -> str:
    typed = _TYPED.search(text)
    if typed is not None:
        raise ValueError(f"{given} has {typed[0]}, and a part is <{typed[1]}>, or <path:{typed[1]}> with slashes in it")
    if "<" in text or ">" in text:
        raise ValueError(f"{given} has a bracket that belongs to no placeholder; write %3C and %3E for plain ones")
    return re.escape(path_key(text))
