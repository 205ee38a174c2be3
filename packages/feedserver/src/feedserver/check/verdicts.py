"""The words of a scorecard: levels, kinds of readers, needs, verdicts, and the judgement that a scenario returns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn

from feedserver.messages.terminal_text import visible_repr


class Level(StrEnum):
    """How much a rule matters: `MUST` where breaking it harms somebody or loses entries, `SHOULD`, and `NICE`."""

    MUST = "must"
    SHOULD = "should"
    NICE = "nice"


class Kind(StrEnum):
    """What a reader does with what it fetches.

    `STORE` keeps items, `MAILER` sends them as mail, and `PODCATCHER` wants enclosures, so its feeds have some.
    `FETCHER` keeps nothing that could be seen: only its requests are judged. `PARSER` prints the items of each feed and
    keeps none. `DAEMON` goes on after its command has ended.
    """

    STORE = "store"
    MAILER = "mailer"
    PODCATCHER = "podcatcher"
    FETCHER = "fetcher"
    PARSER = "parser"
    DAEMON = "daemon"

    @classmethod
    def _missing_(cls, value: object) -> NoReturn:
        raise ValueError(f"{value!r} is no kind of reader; give one of {', '.join(cls)}")


class Need(StrEnum):
    """What a scenario needs beside the requests that the server sees.

    `ITEMS`: whether an item was imported, by `--list` or the reader's files. `LIST`: `--list` itself, since items are
    counted or compared. `DETAILS`: `--list` in JSON lines, since other fields than the title are judged. `CLOCK`: a
    clock that can be moved. `TLS`: the extra `feedserver[tls]`, which makes certificates. `MEMORY`: the memory that the
    reader used. `GUARD`: a reader that refuses private addresses, except those of the feeds, which it was told to
    allow.
    """

    ITEMS = "items"
    LIST = "list"
    DETAILS = "details"
    CLOCK = "clock"
    TLS = "tls"
    MEMORY = "memory"
    GUARD = "guard"


class LaneKind(StrEnum):
    """Where a scenario runs: all `SHARED` ones together, a `HOSTILE` one with a reader of its own. For exceptions, see
    `check.runner`.

    A `SLOW` one is hostile, too, and takes a minute, so it begins first. With more than one worker, the others run
    beside it.
    """

    SHARED = "shared"
    HOSTILE = "hostile"
    SLOW = "slow"


class Verdict(StrEnum):
    """The result of a scenario for a reader.

    `NON_STRICT` is safe, but not by the letter of the rule. `NOT_SEEN` means that there is no
    evidence, for the reason that the judgement gives.
    """

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    NON_STRICT = "non-strict"
    NOT_SEEN = "not seen"
    NOT_FOR_THIS_KIND = "not for this kind"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with its evidence in words: what was *expected*, what was *observed*, and the *reason* of a verdict
    that is neither pass nor fail.
    """

    verdict: Verdict
    expected: str = ""
    observed: str = ""
    reason: str = ""

    __repr__ = visible_repr


class Unseen(Exception):
    """Raised by a scenario's `judge` where the evidence allows no verdict; the text is the reason."""


class ListFailed(Exception):
    """Raised where a reader's items could not be listed or looked for; the text says why."""


class Misfire(Exception):
    """Raised where feedserver did not serve what a scenario intends: this is an error of feedserver, and no verdict."""


def passed(observed: str = "") -> Judgement:
    """Return a pass, with what was *observed*."""
    return Judgement(Verdict.PASS, observed=observed)


def failed(expected: str, observed: str) -> Judgement:
    """Return a fail: what the rule *expected*, and what was *observed* instead."""
    return Judgement(Verdict.FAIL, expected, observed)


def non_strict(expected: str, observed: str, reason: str) -> Judgement:
    """Return a verdict for what is safe, but not by the letter; *reason* says why it is safe."""
    return Judgement(Verdict.NON_STRICT, expected, observed, reason)
