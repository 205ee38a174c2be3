"""What a scenario is: a rule, the steps that show whether a reader follows it, and the function that judges.

A scenario is a value; `scenarios/template.py` is one to copy. Its lifecycle:

1. The reader subscribes to the scenario's feeds (`Scenario.feeds`) while step 0 is served, and polls two more times.
   So step 0 is a good feed: readers refuse to subscribe to a broken one. If TLS fails on purpose (`Scenario.tls`), that
   feed is served over a connection that the reader must refuse.
2. Each later step begins `Step.wait` or longer after the one before, by the moved clock; if the clock cannot be
   moved, with the next poll. The step's answers replace those of the step before, path by path; a path that it does
   not name keeps its answer. The reader polls at least once in each step, and may poll several times, since other
   scenarios share its polls: nothing may depend on the number of requests.
3. After the last step `judge` gets the `Evidence`, and returns a `Judgement`. It raises `Unseen` where the evidence
   allows no verdict; most questions of `Evidence` do so by themselves.

An answer is made by a function, which is called once, when its step begins. The function gets a `Stage`, which has the
moved time and URLs, and makes good feeds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

from feedserver.check.evidence import Evidence
from feedserver.check.stage import FEED, Stage
from feedserver.check.verdicts import Judgement, Kind, LaneKind, Level, Need
from feedserver.messages.response import Answer
from feedserver.net.tls import TlsFault

Serve: TypeAlias = Callable[[Stage], Answer]
"""Makes an answer: a `Response`, or a callable that gets each `Request` and returns one."""

USUAL_WAIT = timedelta(days=2, hours=1)
"""The time between two steps: longer than the intervals that readers usually choose themselves."""

SLACK = timedelta(days=5)
"""How much later than `Step.wait` a step may begin, unless it says otherwise."""

SOON = timedelta(minutes=5)
"""The wait before a step that tests whether a reader requests the feed again if it polls a few minutes later."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a scenario.

    *answers* is what the feed answers, or a mapping of paths (relative to the scenario, such as "new.xml") to what they
    answer. The step begins at least *wait* and at most *until* after the step before; *until* is by default `SLACK`
    more than *wait*. For step 1, both count from the last poll of step 0.
    """

    answers: Serve | Mapping[str, Serve]
    wait: timedelta = USUAL_WAIT
    until: timedelta | None = None

    @property
    def latest(self) -> timedelta:
        """How long after the beginning of the previous step this one may begin at the latest. For step 1, the time
        counts from the last poll of step 0.
        """
        return self.until if self.until is not None else self.wait + SLACK

    def answers_by_path(self) -> Mapping[str, Serve]:
        """Return the answers by their path."""
        return self.answers if isinstance(self.answers, Mapping) else {FEED: self.answers}


def soon(answers: Serve | Mapping[str, Serve]) -> Step:
    """Return a step that begins five to twenty minutes after the one before, to see whether the reader requests the
    feed again too soon.
    """
    return Step(answers, SOON, timedelta(minutes=20))


class Elsewhere(StrEnum):
    """Another address at which a scenario's server listens; `Stage.other_base` is its base URL.

    A reader with a guard against private addresses is told to let `IPV6` in, but not `PRIVATE`.
    """

    PRIVATE = "127.78.1.1"
    IPV6 = "::1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One rule and how it is tested.

    - *id*: the letter of its group and a number; it never changes and is never given to another rule.
    - *title*: a few words, for tables.
    - *rule*: one sentence: "A server does this: the reader does that."
    - *source*: where the rule comes from, such as an RFC with its section.
    - *level*: how much it matters.
    - *steps*: what is served, step by step; see the module's docstring.
    - *judge*: the function that judges.
    - *why*: why it matters to the people who use the reader, in one or two sentences.
    - *advice*: how the reader's author mends it, in one or two sentences.
    - *needs*: what it needs beside the requests.
    - *depends_on*: ids of scenarios that come before it; if some of them are run, and none of those is a pass or
      *non-strict*, this one is *not seen*.
    - *kinds*: the kinds of readers that it may be for, by default all; see `is_for`.
    - *lane*: `LaneKind.HOSTILE` for what stops or harms a reader, or spoils its neighbours; `LaneKind.SLOW` if it takes
      long.
    - *feeds*: the paths that the reader subscribes to, relative to the scenario.
    - *tls*: whether its feeds are served over https; or how TLS fails, a word of `TlsFault`.
    - *elsewhere*: another address at which its server listens.
    - *withheld*: whether a failure harms users so much that it is not published before the author was told.
    """

    id: str
    title: str
    rule: str
    source: str
    level: Level
    steps: Sequence[Step]
    judge: Callable[[Evidence], Judgement] = field(repr=False)
    why: str
    advice: str
    needs: frozenset[Need] = frozenset()
    depends_on: tuple[str, ...] = ()
    kinds: frozenset[Kind] = frozenset(Kind)
    lane: LaneKind = LaneKind.SHARED
    feeds: tuple[str, ...] = (FEED,)
    tls: bool | TlsFault = False
    elsewhere: Elsewhere | None = None
    withheld: bool = False

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Z][1-9][0-9]*", self.id):
            raise ValueError(f"the scenario {self.id!r} has no good id; give a letter and a number, such as 'V1'")
        if len(self.steps) < 1:
            raise ValueError(
                f"the scenario {self.id} has no steps; the first one is the feed that a reader subscribes to"
            )
        missing = set(self.feeds) - set(self.steps[0].answers_by_path())
        if missing:
            raise ValueError(f"step 0 of the scenario {self.id} does not serve {', '.join(sorted(missing))}")

    @property
    def group(self) -> str:
        """The letter of its group."""
        return self.id[0]

    def is_for(self, kind: Kind) -> bool:
        """Return whether the scenario concerns readers of *kind*: *kind* is one of its `kinds`, and is not `FETCHER` if
        the scenario judges items, which a fetcher does not keep.
        """
        judges_items = self.needs & {Need.ITEMS, Need.LIST, Need.DETAILS}
        return kind in self.kinds and not (kind is Kind.FETCHER and judges_items)


GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "V": "Validators",
        "T": "Timing",
        "R": "Redirects",
        "Q": "Requests",
        "H": "Hostile servers",
        "B": "Bodies",
        "E": "Encodings",
        "I": "Items",
        "X": "Safety",
    }
)
"""The groups of scenarios, by the letter of their ids."""
