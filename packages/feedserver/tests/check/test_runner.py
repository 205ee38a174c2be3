"""How a run goes, also if the reader fails, a scenario cannot be served or the user stops the run."""

from __future__ import annotations

import signal
import threading
import urllib.request
from dataclasses import replace

import pytest

from feedserver.check import Verdict, check
from feedserver.check.adapters import PythonAdapter
from feedserver.check.evidence import Evidence
from feedserver.check.lane import MOST_TOLD
from feedserver.check.runner import run
from feedserver.check.scenario import Step
from feedserver.check.scenarios import SCENARIOS
from feedserver.check.scenarios.template import NEW_ITEM
from feedserver.check.verdicts import Judgement, Kind, passed
from right_reader import RightReader, Subscribed


class Crashing(RightReader):
    """A reader whose fourth poll, in which it should leave the feed of T7 alone, raises an error."""

    polls = 0

    def poll(self) -> None:
        self.polls += 1
        if self.polls == 4:
            raise RuntimeError("the database is locked")
        super().poll()


class Quiet(RightReader):
    """A reader that requests nothing after its first poll."""

    def poll(self) -> None:
        for feed in self.feeds[:]:
            self.update(feed)
        self.feeds.clear()


class StoppedAdapter(PythonAdapter):
    """Drives a reader during whose third poll the user presses Ctrl-C."""

    def __init__(self) -> None:
        is_stopped = threading.Event()
        polls = iter(range(1, 100))

        class Stopped(RightReader):
            def poll(self) -> None:
                if next(polls) == 3:
                    signal.raise_signal(signal.SIGINT)
                    assert is_stopped.wait(30)
                super().poll()

        super().__init__(Stopped)
        self.interrupt = is_stopped.set  # type: ignore[method-assign]


class Sleeping(RightReader):
    """A reader that is ended while it waits as long as Retry-After says, before it requests the other feeds."""

    def poll(self) -> None:
        for feed in self.feeds:
            self.update(feed)
            if self.pauses and self.pauses.popitem():
                raise TimeoutError("the command was ended after 75 s")


def test_a_scenario_that_stops_the_reader_can_run_alone() -> None:
    together = run(PythonAdapter(Sleeping), only=["T7", "T9", "I1"])
    apart = run(PythonAdapter(Sleeping), only=["T7", "T9", "I1"], alone=["T7", "T9"])

    assert (together["I1"].verdict, apart["I1"].verdict) == (Verdict.NOT_SEEN, Verdict.PASS)


def test_an_unknown_scenario_that_shall_run_alone_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no scenario T999"):
        run(PythonAdapter(RightReader), only=["V4"], alone=["T999"])


def test_a_crash_does_not_count_as_politeness() -> None:
    report = check(Crashing, only=["T7"])

    reason = "a poll in step 2 did not end well: poll() raised RuntimeError('the database is locked')"
    assert (report["T7"].verdict, report["T7"].judgement.reason) == (Verdict.NOT_SEEN, reason)


def test_a_reader_that_requests_nothing_after_its_first_poll_passes_nothing() -> None:
    report = check(Quiet, only=["V", "T7", "T13"])

    assert report.of(Verdict.PASS) == []


def test_a_reader_that_floods_a_scenario_is_not_judged_by_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feedserver.check.site.MOST_REQUESTS", 60)

    class Flooding(RightReader):
        def poll(self) -> None:
            super().poll()
            for _ in range(40):  # less than the limit in one poll, more in two
                urllib.request.urlopen(self.feeds[1].url, timeout=20).close()  # the first one is a control feed

    report = check(Flooding, only=["V1", "I1"])

    assert (report["V1"].verdict, report["I1"].verdict) == (Verdict.NOT_SEEN, Verdict.PASS)
    assert report["V1"].judgement.reason.startswith("the reader sent more requests than are kept of a scenario (")
    assert len(report["V1"].exchanges) == MOST_TOLD


@pytest.mark.slow
def test_ctrl_c_gives_the_report_so_far() -> None:
    report = run(StoppedAdapter(), only=["V1", "T7"])

    assert report.is_partial
    assert report["V1"].verdict is Verdict.PASS
    assert report["T7"].judgement.reason == "the run was stopped after 2 of 4 steps"


def test_a_fault_that_a_304_prevented_is_no_error_of_feedserver() -> None:
    class Hasty(RightReader):
        def is_due(self, feed: Subscribed) -> bool:
            return True

    report = check(lambda: Hasty("B3"), only=["B3", "T10"])  # T10 polls again while B3 is in its second step

    assert report["B3"].verdict is Verdict.FAIL
    assert report.misfires == []


def test_a_step_that_cannot_be_served_is_an_error_of_feedserver() -> None:
    broken = replace(NEW_ITEM, steps=(NEW_ITEM.steps[0], Step(lambda at: at.feed(4, 3, format="papyrus"))))  # type: ignore[arg-type]

    report = check(RightReader, scenarios=[broken])

    assert "step 1 of I999 cannot be served" in report["I999"].misfire
    assert report["I999"].verdict is Verdict.NOT_SEEN
    assert report.misfires == list(report)


def test_a_judge_that_fails_is_an_error_of_feedserver() -> None:
    def judge(seen: Evidence) -> Judgement:
        return passed(str(seen.steps[99]))

    report = check(RightReader, scenarios=[replace(NEW_ITEM, judge=judge)])

    assert "the judge of I999 raised IndexError" in report["I999"].misfire


def test_the_template_is_a_scenario_that_works() -> None:
    assert check(RightReader, scenarios=[NEW_ITEM])["I999"].verdict is Verdict.PASS


def test_a_rule_that_does_not_concern_a_kind_is_not_judged() -> None:
    report = check(RightReader, only=["V1", "V10"], kind=Kind.FETCHER)

    assert report["V1"].verdict is Verdict.PASS
    assert report["V10"].verdict is Verdict.NOT_FOR_THIS_KIND


def test_a_scenario_that_needs_a_moved_clock_is_not_seen_without_one() -> None:
    class Unmoved(RightReader):
        move_clock = None  # type: ignore[assignment]

    report = check(Unmoved, only=["T7"])

    assert report["T7"].judgement.reason == "the reader's clock cannot be moved"
    assert not report.clock_proved


def test_the_error_for_an_unknown_scenario_names_the_groups() -> None:
    with pytest.raises(ValueError, match=r"there is no scenario Y; give a group \(T, V\) or an id, such as V1"):
        check(RightReader, only=["Y"], scenarios=[each for each in SCENARIOS if each.group in "VT"])
