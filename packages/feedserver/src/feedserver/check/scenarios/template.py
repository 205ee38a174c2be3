"""A scenario to copy: the feed gets a new item, and the reader has it after its next poll.

1. Copy `NEW_ITEM` into the file of its group, with the next free number as its id, and add it to `SCENARIOS` there.
2. `steps[0]` is a good feed. Write what each later step serves, as a function of a `Stage` (here `at`). `feed` takes
   the numbers of the items in the order of the document: the newest is first.
3. In `judge`, ask the `Evidence` (`seen`): `asked`, `requests`, `was_quiet`, `has`, `rows_of`. All but `requests` raise
   `Unseen` where the evidence says nothing, and so may `judge`. Judge by an effect if there is one (does the item
   arrive?), else by the requests.
4. In `tests/right_reader.py`, let the right reader break just this rule if its `breaks` is the id, and run `pytest
   tests/check/test_scenarios.py -k "right_reader or ID"`: the right reader passes every scenario, and the one that
   breaks the rule fails this one.
"""

from __future__ import annotations

from feedserver.check.evidence import Evidence
from feedserver.check.scenario import Scenario, Step
from feedserver.check.verdicts import Judgement, Level, Need, failed, passed


def _judge_new_item(seen: Evidence) -> Judgement:
    seen.expect_subscribed(1, 2, 3)
    seen.asked(1)
    if seen.has(1, 4):
        return passed("item 4 arrived")
    return failed("item 4 arrives at the poll after it was published", "item 4 did not arrive")


NEW_ITEM = Scenario(
    id="I999",
    title="A new item arrives",
    rule="An item is added to a feed: the reader imports it at its next poll.",
    source="RSS 2.0",
    level=Level.MUST,
    steps=(
        Step(lambda at: at.feed(3, 2, 1)),
        Step(lambda at: at.feed(4, 3, 2, 1)),
    ),
    judge=_judge_new_item,
    why="People subscribe to a feed for its new items.",
    advice="Ask the feed again, and import every entry whose id you don't have.",
    needs=frozenset({Need.ITEMS}),
)
