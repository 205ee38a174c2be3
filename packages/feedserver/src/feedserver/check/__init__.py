"""`feedserver check`: how well a feed reader treats servers and users, rule by rule.

In: a reader, as commands or as a Python object, and scenarios. Out: a report with a verdict for each scenario. The
modules, in the order in which a run passes them:

1. `verdicts`: the words of a scorecard: levels, kinds, needs, verdicts.
2. `stage`: makes what a step of a scenario serves; `evidence` is what was seen in it.
3. `scenario`: what a scenario is; the package `scenarios` has them, a file a group.
4. `timeline`: when the polls are, and which scenarios begin a step at each; `moved_clock`: the clock that a run moves.
5. `adapters`: drives a reader in Python; `commands` drives one by its commands, in folders of its own (`isolation`);
`readers` are those whose commands are known.
6. `site`: the server of one scenario.
7. `runner`: runs the scenarios lane by lane, and judges.
8. `report`: the scorecard; `table`, `html_report`, `junit` and `badge` show it. `command` is `feedserver check`,
whose options `options` reads; `suite` makes tests of scenarios.

No verdict comes from a lack of evidence: a scenario that shows nothing about a reader is *not seen*, with the reason.
"""

from feedserver.check.adapters import Client
from feedserver.check.report import Report, Result
from feedserver.check.runner import check
from feedserver.check.scenario import Scenario, Step
from feedserver.check.verdicts import Kind, Level, Verdict

__all__ = ["Client", "Kind", "Level", "Report", "Result", "Scenario", "Step", "Verdict", "check"]
