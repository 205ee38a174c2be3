"""`feedserver check`: how well a feed reader treats servers and users, rule by rule.

In: a reader, as commands or as a Python object, and scenarios. Out: a report with a verdict for each scenario. The
modules, in the order in which a run passes them:

1. `command`: `feedserver check`, whose options `options` reads. `suite`: scenarios as tests.
2. `verdicts`: the words of a scorecard: levels, kinds, needs, verdicts.
3. `scenario`: what a scenario is; the package `scenarios` has them, one file for each group. `stage`: makes the answers
   of a scenario's steps. `evidence`: what was observed in a step. `links`: the addresses in the items that a reader
   lists.
4. `timeline`: when the polls are, and which scenarios begin a step at each. `moved_clock`: the clock that a run moves.
5. `adapters`: drives a reader in Python, and measures its memory with `peak_memory`. `commands`: drives a reader by its
   commands, in folders of its own (`isolation`), and looks for items in its files (`reader_files`); `readers`: the
   readers whose commands are known. `by_hand`: lets a person drive a reader, on the page of `hand_page`. `commands` and
   `by_hand` give the reader its feeds as a list (`opml`).
6. `site`: the server of one scenario, on one of the `addresses` of this machine.
7. `runner`: runs the scenarios, those of one `lane` together: they share a reader and its rounds, `look` is what was
   seen in one round, and each scenario has the function that judges it.
8. `report`: the scorecard, with the counts of verdicts; `table`, `html_report`, `junit` and `badge` show it, and
   `delivery` writes it into files or to standard output.

No verdict comes from a lack of evidence: a scenario that shows nothing about a reader is *not seen*, with the reason.
Never imported here: `record`, and the integrations for tests.
"""

from feedserver.check.adapters import Client
from feedserver.check.report import Report, Result
from feedserver.check.runner import check
from feedserver.check.scenario import Scenario, Step
from feedserver.check.verdicts import Kind, Level, Verdict

__all__ = ["Client", "Kind", "Level", "Report", "Result", "Scenario", "Step", "Verdict", "check"]
