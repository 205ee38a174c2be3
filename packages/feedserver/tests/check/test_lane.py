"""What one reader does in a lane: a poll shows something about a feed only if it went through all feeds."""

from __future__ import annotations

from functools import partial

import pytest

from feedserver.check import Verdict, check
from feedserver.check.evidence import Evidence, Poll, StepSeen
from feedserver.check.verdicts import Unseen
from right_reader import RightReader


class BrokenOff(RightReader):
    """A reader whose fourth poll, which probes its patience, ends without an error after the first feed."""

    polls = 0

    def poll(self) -> None:
        self.polls += 1
        for feed in self.feeds[: 1 if self.polls == 4 else None]:
            self.update(feed)


def test_a_poll_that_breaks_off_does_not_count_as_patience_with_later_feeds() -> None:
    report = check(partial(BrokenOff, "T1"), only=["T1"])

    assert report["T1"].verdict is Verdict.NOT_SEEN
    assert "did not request the control feeds" in report["T1"].judgement.reason


def test_an_item_that_is_missing_after_a_crash_is_no_evidence() -> None:
    crashed = StepSeen(present=frozenset({1}), polls=[Poll(is_good=False, detail="it was ended after 75 s")])
    ended = StepSeen(present=frozenset({1}), polls=[Poll()])

    assert Evidence([crashed]).has(0, 1)
    assert not Evidence([ended]).has(0, 2)
    with pytest.raises(Unseen, match="did not end well: it was ended after 75 s"):
        Evidence([crashed]).has(0, 2)
