"""The scorecard of a run: the verdict of each scenario, and what it was judged by.

There is no overall percentage: for each level and group, the report says how many scenarios passed of those that
were judged, and which were not judged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from feedserver.check.scenario import GROUPS, Scenario
from feedserver.check.verdicts import Judgement, Kind, Level, Verdict
from feedserver.messages.terminal_text import visible_json, visible_repr

RULES_VERSION = 4
"""The version of the set of rules; it grows with every change that can change a verdict."""

SCHEMA = "https://feedserver.readthedocs.io/schemas/check-1.json"
"""The name of the schema of the JSON report."""

JUDGED = (Verdict.PASS, Verdict.NON_STRICT, Verdict.FAIL)
"""The verdicts that come from evidence."""


@dataclass(frozen=True, slots=True)
class Result:
    """The judgement of one scenario. *exchanges* are the requests of the reader and their answers, in words.

    *misfire* is the error of feedserver that prevented a verdict, "" if there was none. *reproduce* is the command or
    the call that runs this scenario alone.
    """

    scenario: Scenario
    judgement: Judgement
    exchanges: Sequence[str] = ()
    misfire: str = ""
    reproduce: str = ""

    __repr__ = visible_repr

    @property
    def verdict(self) -> Verdict:
        """The verdict."""
        return self.judgement.verdict

    def fails_under(self, level: Level | None) -> bool:
        """Return whether the scenario failed and is of *level* or a higher one; False if *level* is None."""
        levels = list(Level)
        is_counted = level is not None and levels.index(self.scenario.level) <= levels.index(level)
        return is_counted and self.verdict is Verdict.FAIL

    def as_json(self) -> dict[str, Any]:
        """Return the result as a value for JSON."""
        scenario, judgement = self.scenario, self.judgement
        return {
            "id": scenario.id,
            "group": GROUPS[scenario.group],
            "title": scenario.title,
            "rule": scenario.rule,
            "source": scenario.source,
            "level": str(scenario.level),
            "verdict": str(judgement.verdict),
            "reason": judgement.reason,
            "expected": judgement.expected,
            "observed": judgement.observed,
            "exchanges": list(self.exchanges),
            "why": scenario.why,
            "advice": scenario.advice,
            "reproduce": self.reproduce,
            "depends_on": list(scenario.depends_on),
            "withheld": scenario.withheld,
            "misfire": self.misfire,
        }


@dataclass(frozen=True, slots=True)
class Count:
    """The numbers of scenarios: how many *passed*, how many were *judged*, and how many there are (*all*)."""

    passed: int
    judged: int
    all: int

    def __str__(self) -> str:
        return f"{self.passed} passed of {self.judged} judged"


@dataclass(frozen=True, slots=True)
class Report:
    """The scorecard of one run. `report["V1"]` is the result of a scenario.

    *reader* is the reader's name, *version* what the reader prints of itself, and *commands* how it was driven. *poll*
    is what one of its polls is called: "poll", or "a person's" if a person drove the reader. *clock_method* is how its
    clock was moved, "none" if it was not, and *clock_proved* whether it is proved that the reader went by the moved
    clock. *is_partial* is whether the run was stopped. *seconds* is how long the run took.
    """

    results: Sequence[Result]
    reader: str
    version: str = ""
    commands: Mapping[str, str] = field(default_factory=dict)
    kind: Kind = Kind.STORE
    clock_method: str = "none"
    clock_proved: bool = False
    poll: str = "poll"
    is_partial: bool = False
    seconds: float = 0.0

    __repr__ = visible_repr

    def __getitem__(self, scenario: str) -> Result:
        for result in self.results:
            if result.scenario.id == scenario:
                return result
        raise KeyError(
            f"the report has no scenario {scenario!r}; it has {', '.join(r.scenario.id for r in self.results)}"
        )

    def __iter__(self) -> Iterator[Result]:
        return iter(self.results)

    def of(self, verdict: Verdict) -> list[Result]:
        """Return the results with this verdict."""
        return [result for result in self.results if result.verdict is verdict]

    def count(self, level: Level | None = None, group: str | None = None) -> Count:
        """Return how many scenarios of a *level* and a *group* (a letter) passed; `NON_STRICT` counts as passed.

        None stands for every level, and for every group.
        """
        chosen = [
            result
            for result in self.results
            if (level is None or result.scenario.level is level) and (group is None or result.scenario.group == group)
        ]
        judged = [result for result in chosen if result.verdict in JUDGED]
        return Count(sum(result.verdict is not Verdict.FAIL for result in judged), len(judged), len(chosen))

    def fails_under(self, level: Level | None) -> bool:
        """Return whether a scenario of *level*, or of a higher one, failed; False if *level* is None."""
        return any(result.fails_under(level) for result in self.results)

    def published(self) -> Report:
        """Return the report without the scenarios that are withheld. Those that passed are left out, too: otherwise
        a missing one would show that the reader failed it.
        """
        return replace(self, results=[result for result in self.results if not result.scenario.withheld])

    @property
    def misfires(self) -> list[Result]:
        """The results of scenarios without a verdict, because of an error of feedserver."""
        return [result for result in self.results if result.misfire]

    def as_json(self) -> dict[str, Any]:
        """Return the report as a value for JSON; `SCHEMA` names its schema."""
        return {
            "schema": SCHEMA,
            "rules_version": RULES_VERSION,
            "reader": {"name": self.reader, "version": self.version, "commands": dict(self.commands)},
            "kind": str(self.kind),
            "clock": {"method": self.clock_method, "proved": self.clock_proved},
            "poll": self.poll,
            "partial": self.is_partial,
            "seconds": round(self.seconds, 1),
            "summary": {
                "levels": {str(level): _count_as_json(self.count(level)) for level in Level},
                "groups": {
                    title: _count_as_json(self.count(group=letter))
                    for letter, title in GROUPS.items()
                    if self.count(group=letter).all
                },
            },
            "scenarios": [result.as_json() for result in self.results],
        }

    def to_json(self) -> str:
        """Return the report as JSON text that is safe to print, see `visible_json`."""
        text = json.dumps(self.as_json(), indent=2, ensure_ascii=False)
        text = _SURROGATE.sub(
            "\N{REPLACEMENT CHARACTER}", text
        )  # many parsers of JSON refuse surrogates (RFC 8259 §8.2)
        return visible_json(text) + "\n"


_SURROGATE = re.compile("[\ud800-\udfff]")


def _count_as_json(count: Count) -> dict[str, int]:
    return {"passed": count.passed, "judged": count.judged, "all": count.all}
