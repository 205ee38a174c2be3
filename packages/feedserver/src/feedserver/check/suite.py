"""Scenarios as tests of one's own suite: `@pytest.mark.feedserver_check` makes one test of each.

    @pytest.mark.feedserver_check("V", "T", known_failures="check-failures.txt")
    def test_my_reader(feedserver_scenario):
        feedserver_scenario.check(MyReader)

The file of known failures has one line for each scenario that fails: the id, and the reason. Such a
scenario is expected to fail (`xfail`, strict): once it passes, its line must be removed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from feedserver.check.adapters import Client, PythonAdapter
from feedserver.check.report import Result
from feedserver.check.runner import choose, run
from feedserver.check.scenario import Scenario
from feedserver.check.scenarios import SCENARIOS
from feedserver.check.table import details
from feedserver.check.verdicts import Kind, Verdict
from feedserver.messages.terminal_text import visible

if TYPE_CHECKING:
    import pytest
    from _pytest.mark import ParameterSet


class RuleBroken(AssertionError):
    """A client broke the rule of a scenario; the text has the evidence, and how to mend it."""


@dataclass(frozen=True, slots=True)
class ScenarioTest:
    """The value of the argument `feedserver_scenario`: one *scenario*, as a test."""

    scenario: Scenario

    def check(self, client: Client | Callable[[], Client], kind: Kind | str = Kind.STORE) -> Result:
        """Run the scenario against *client* (see `feedserver.check.check`) and return the result.

        Raises RuleBroken where the client fails. Skips the test where the scenario is not seen, or not for this kind.
        An error of feedserver fails the test, even if a failure is known. So does a client that does nothing at all:
        every call of `add` raised, every call of `poll` did, or no request came.
        """
        __tracebackhide__ = True
        import pytest

        kind = Kind(kind)
        adapter = PythonAdapter(client, kind)
        report = run(adapter, only=[self.scenario.id], kind=kind)
        result = report[self.scenario.id]
        if report.misfires:  # perhaps only in a scenario on which this one depends
            pytest.fail("\n".join(line for misfire in report.misfires for line in details(misfire)), pytrace=False)
        if result.verdict is Verdict.FAIL:
            raise RuleBroken("\n".join(details(result)))
        if result.verdict is Verdict.NOT_SEEN and adapter.calls:
            silent = "" if result.exchanges else "it sent no request"
            if why := adapter.why_useless() or silent:
                pytest.fail(
                    visible(f"{self.scenario.id} cannot be judged, since the client does nothing: {why}"), pytrace=False
                )
        if result.verdict in (Verdict.NOT_SEEN, Verdict.NOT_FOR_THIS_KIND):
            pytest.skip(visible(f"{self.scenario.id} is {result.verdict}: {result.judgement.reason}"))
        return result


def parameters(only: Iterable[str] = (), known_failures: Path | None = None) -> list[ParameterSet]:
    """Return one parameter for each scenario that *only* names, by default all of them.

    Those in the file *known_failures* are `xfail`.

    Raises ValueError for an unknown id, for names that are all blank, and for a line of the file that has no id.
    """
    import pytest

    wanted = list(only)
    if wanted and not any(name.strip() for name in wanted):  # without parameters, pytest would only skip the test
        raise ValueError(f"there is no scenario {wanted[0]!r}; give an id, such as V1, or nothing for all")
    known = read_known_failures(known_failures.read_text("utf-8")) if known_failures is not None else {}
    choose(SCENARIOS, known)
    chosen = choose(SCENARIOS, wanted)
    if wanted:  # without the scenarios that these depend on, which run in the same test
        names = {name.strip().upper() for name in wanted}
        chosen = [scenario for scenario in chosen if {scenario.id, scenario.group} & names]
    return [pytest.param(ScenarioTest(each), id=each.id, marks=_marks(known.get(each.id))) for each in chosen]


def _marks(reason: str | None) -> list[pytest.MarkDecorator]:
    import pytest

    return [] if reason is None else [pytest.mark.xfail(reason=reason, raises=RuleBroken, strict=True)]


def read_known_failures(text: str) -> dict[str, str]:
    """Return the reasons of a file of known failures by id: lines of an id and a reason; `#` begins a comment.

    Raises ValueError for a line that has no id.
    """
    known = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].strip()
        if not words:
            continue
        name, *reason = words.split(maxsplit=1)
        if not re.fullmatch(r"[A-Z][1-9][0-9]*", name):
            raise ValueError(
                f"line {number} of the known failures begins with {name!r}; write an id, such as V1, and why"
            )
        known[name] = "".join(reason)
    return known
