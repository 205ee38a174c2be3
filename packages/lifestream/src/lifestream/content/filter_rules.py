"""A subscriber's rules over items: which to keep, which to block. Pure.

Each line is a rule; empty lines are ignored. A rule consists of words that must all occur, in any order, whatever their
case and accents. Words in double quotes must follow each other. A line that begins with the name of a field and a colon
looks only at that field: `title`, `text`, `author`, `tag` or `link`. Other lines look at all fields except the link.
A part of an address follows `link:`.

    title: sponsored
    "press release"
    author: "Jane Doe" python
    link: example.com/ads/

There are no regular expressions, since a slow one could stop the import. Many rules could stop it too, because each of
them reads the whole of an item. So only the first MOST_RULES rules of a text are used, the first MOST_TERMS words and
phrases, and the first LONGEST_RULES characters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from lifestream.content.tokenizer import Term, line_of, terms
from lifestream.message import Message, Number, say

MOST_RULES: Final = 500
MOST_TERMS: Final = 1_000
"""The maximum number of words and phrases in all rules of a text together."""
LONGEST_RULES: Final = 100_000
"""How many characters of a text of rules are used: five hundred lines usually have a tenth of it."""
_LETTERS_OF_TERM: Final = 100
"""In a line that is not in ASCII, this many letters count as one word, if the line has fewer words than that makes: one
character of Arabic stands for 18 letters, and each import reads the rules again.
"""
_LONGEST_RULE: Final = 20 * MOST_TERMS
"""A line with more characters, some of them beyond ASCII, counts as one with too many words."""
_LONGEST_QUOTED: Final = 100
_LONGEST_LINE: Final = 5_000
_TIMES_LONGER: Final = 4
"""The words of a field are cut to this many times its length, but to no less than _LONGEST_LINE characters. Pairs of
Chinese characters are three times as long as the text. But one character of Arabic stands for 18 letters: the rules
read only a part of a text of such characters.
"""

LEAST_SIZE: Final = 500
"""How many characters are added to those of an item to compute what rules cost: a rule takes as long for an empty item
as to look through this number of characters.
"""
_LETTERS_AT_ONCE: Final = 8
"""For this many letters, a term costs one more: at each place of a text, nearly all letters of the term may match."""

FIELDS: Final = ("title", "text", "author", "tag", "link")


class RuleError(ValueError):
    """A line that is not a valid rule. The message names the line, the reason and the remedy."""


def _line_of(*texts: str) -> str:
    # The bar is no word, so no phrase continues from one text into the next.
    line = " | ".join(map(line_of, texts))
    most = max(_LONGEST_LINE, _TIMES_LONGER * sum(map(len, texts)))
    return line if len(line) <= most else line[:most].rpartition(" ")[0] + " "


@dataclass(frozen=True)
class RuleSubject:
    """The fields of an item that rules look at."""

    title: str = ""
    text: str = ""
    author: str = ""
    tags: tuple[str, ...] = ()
    link: str = ""

    @property
    def size(self) -> int:
        """How many characters the fields have together, plus LEAST_SIZE: what a rule's cost is multiplied by."""
        return LEAST_SIZE + sum(map(len, (self.title, self.text, self.author, self.link, *self.tags)))

    @cached_property
    def lines(self) -> Mapping[str, str]:
        """Return the words of each field, as `Term.is_in` needs them; "" has those of all fields except the link."""
        fields = {"title": _line_of(self.title), "text": _line_of(self.text), "author": _line_of(self.author)}
        fields["tag"] = _line_of(*self.tags)
        return {**fields, "": "|".join(fields.values())}

    @cached_property
    def address(self) -> str:
        """The link as rules compare it. Making it takes longer than looking through it, so it is made only once."""
        return self.link.casefold()


@dataclass(frozen=True, slots=True)
class Rule:
    """One line: all *terms* occur in *field*, or *address* occurs in the link. If *field* is "", each term may occur in
    any field except the link.
    """

    field: str
    terms: tuple[Term, ...] = ()
    address: str = ""

    def matches(self, item: RuleSubject) -> bool:
        """Return whether the rule matches *item*."""
        if self.field == "link":
            return self.address in item.address
        return all(term.is_in(item.lines[self.field]) for term in self.terms)

    @property
    def cost(self) -> int:
        """How long `matches` takes at most, as the number of short words that can be looked for in this time. For a
        phrase of ninety letters, this is twelve, since a text may have the phrase's beginning at each place.
        """
        lengths = [sum(map(len, term.words)) + len(term.words) for term in self.terms] or [len(self.address)]
        return sum(1 + length // _LETTERS_AT_ONCE for length in lengths)


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of a subscription or a lifestream: what it keeps and what it blocks. Those of a subscription apply
    *within* those of its lifestream.
    """

    keep: tuple[Rule, ...] = ()
    block: tuple[Rule, ...] = ()
    within: Rules | None = None

    @classmethod
    def of(cls, keep: str, block: str, within: Rules | None = None) -> Rules:
        """Return the rules in two texts. Invalid lines are left out; `check` reports them where rules are entered."""
        return cls(tuple(_read(keep, _ignore)), tuple(_read(block, _ignore)), within or None)

    def allow(self, item: RuleSubject) -> bool:
        """Return whether *item* is shown: a keep rule matches it, if there are keep rules, and no block rule does."""
        if self.within is not None and not self.within.allow(item):
            return False
        if self.keep and not any(rule.matches(item) for rule in self.keep):
            return False
        return not any(rule.matches(item) for rule in self.block)

    @property
    def cost(self) -> int:
        """How long `allow` takes at most, as the number of short words that can be looked for in this time."""
        own = sum(rule.cost for rule in (*self.keep, *self.block))
        return own + (self.within.cost if self.within is not None else 0)

    def __bool__(self) -> bool:
        return bool(self.keep or self.block or self.within)


def check(text: str) -> None:
    """Raise `RuleError` for the first line of *text* that is not a valid rule, or is one too many."""
    for _ in _read(text, _raise):
        pass


def _read(text: str, refuse: Callable[[Message], None]) -> Iterable[Rule]:
    """Yield the rules in *text*. Call *refuse* with the reason for each line that is not a valid rule, and
    for the first one over a limit, which ends the reading.
    """
    rule_count = term_count = 0
    for number, line in enumerate(text[:LONGEST_RULES].splitlines(), 1):
        if not line.strip():
            continue
        name, colon, rest = line.partition(":")
        field = name.strip().lower()
        if not colon or field not in FIELDS:
            field, rest = "", line
        is_too_long = len(line) > _LONGEST_RULE and field != "link" and not line.isascii()
        address, words = rest.strip().casefold(), tuple(terms(rest)) if field != "link" and not is_too_long else ()
        if not (is_too_long or words or (field == "link" and address)):
            refuse(say("rule-empty", number=number, line=_quoted(line)))
            continue
        letters = 0 if line.isascii() else sum(len(word) for term in words for word in term.words)
        rule_count, term_count = rule_count + 1, term_count + max(1, len(words), letters // _LETTERS_OF_TERM)
        if is_too_long or rule_count > MOST_RULES or term_count > MOST_TERMS:
            if rule_count > MOST_RULES:
                refuse(say("too-many-rules", number=number, line=_quoted(line), most=Number(MOST_RULES)))
            else:
                refuse(say("too-many-terms", number=number, line=_quoted(line), most=Number(MOST_TERMS)))
            return
        yield Rule(field, words, "" if words else address)


def _quoted(line: str) -> str:
    return repr(line.strip()[:_LONGEST_QUOTED])


def _ignore(problem: Message) -> None:
    """Ignore an invalid line: older versions may have saved it, and it must not disable the other rules."""


def _raise(problem: Message) -> None:
    raise RuleError(problem)
