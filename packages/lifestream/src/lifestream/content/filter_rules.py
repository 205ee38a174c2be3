"""A subscriber's rules over items: which to keep, which to block. Pure.

A rule a line; empty lines don't count. A rule is made of words that must all occur, in any order, without regard to
case and accents; words in double quotes must follow each other. A line that begins with a field's name and a colon
looks at that field alone: `title`, `text`, `author`, `tag` or `link`; others look everywhere but at the link. After
`link:` comes a piece of an address.

    title: sponsored
    "press release"
    author: "Jane Doe" python
    link: example.com/ads/

There are no regular expressions: nobody can stop the import with one. Nor with many rules, each of which reads all of
an item: of a text the first MOST_RULES rules and MOST_TERMS words and phrases count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from lifestream.content.tokenizer import Term, line_of, terms

MOST_RULES: Final = 500
MOST_TERMS: Final = 1_000
"""Words and phrases of all rules of a text together."""
_LONGEST_QUOTED: Final = 100

FIELDS: Final = ("title", "text", "author", "tag", "link")


class RuleError(ValueError):
    """A line that is no rule; the message tells line, reason and remedy."""


@dataclass(frozen=True)
class Shown:
    """What rules see of an item."""

    title: str = ""
    text: str = ""
    author: str = ""
    tags: tuple[str, ...] = ()
    link: str = ""

    @cached_property
    def lines(self) -> Mapping[str, str]:
        """The words of each field, as `Term.is_in` wants them; "" is all of them."""
        fields = {"title": line_of(self.title), "text": line_of(self.text), "author": line_of(self.author)}
        fields["tag"] = " | ".join(map(line_of, self.tags))
        # The bar is no word, so no phrase goes from one field into the next.
        return {**fields, "": "|".join(fields.values())}


@dataclass(frozen=True, slots=True)
class Rule:
    """One line: all *terms* occur in *field* ("" is any), or *address* occurs in the link."""

    field: str
    terms: tuple[Term, ...] = ()
    address: str = ""

    def matches(self, item: Shown) -> bool:
        """Whether *item* is one that the rule means."""
        if self.field == "link":
            return self.address in item.link.casefold()
        return all(term.is_in(item.lines[self.field]) for term in self.terms)


@dataclass(frozen=True, slots=True)
class Rules:
    """What a subscription keeps and blocks."""

    keep: tuple[Rule, ...] = ()
    block: tuple[Rule, ...] = ()

    @classmethod
    def of(cls, keep: str, block: str) -> Rules:
        """The rules in two texts. Lines that are none are left out: `check` tells of them where they are entered."""
        return cls(tuple(_read(keep, _ignore)), tuple(_read(block, _ignore)))

    def allow(self, item: Shown) -> bool:
        """Whether *item* is to be shown: something keeps it, if anything is kept at all, and nothing blocks it."""
        if self.keep and not any(rule.matches(item) for rule in self.keep):
            return False
        return not any(rule.matches(item) for rule in self.block)

    def __bool__(self) -> bool:
        return bool(self.keep or self.block)


def check(text: str) -> None:
    """Raises `RuleError` for the first line of *text* that is no rule."""
    for _ in _read(text, _raise):
        pass


def _read(text: str, refuse: Callable[[int, str, str], None]) -> Iterable[Rule]:
    rules = looked_for = 0
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        name, colon, rest = line.partition(":")
        field = name.strip().lower()
        if not colon or field not in FIELDS:
            field, rest = "", line
        address, words = rest.strip().casefold(), tuple(terms(rest)) if field != "link" else ()
        if not (words or (field == "link" and address)):
            refuse(number, line, "has nothing to look for: write a word after it, or remove it")
            continue
        rules, looked_for = rules + 1, looked_for + max(1, len(words))
        if rules > MOST_RULES or looked_for > MOST_TERMS:
            many = f"{MOST_RULES:,} rules" if rules > MOST_RULES else f"{MOST_TERMS:,} words and phrases"
            refuse(number, line, f"is too much: at most {many} count, so remove some")
            return
        yield Rule(field, words, "" if words else address)


def _ignore(number: int, line: str, problem: str) -> None:
    """Rules that were entered before `check` knew better cost nothing but themselves."""


def _raise(number: int, line: str, problem: str) -> None:
    raise RuleError(f"Line {number}, {line.strip()[:_LONGEST_QUOTED]!r}, {problem}.")
