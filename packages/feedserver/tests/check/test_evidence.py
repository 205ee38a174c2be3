"""What was seen of a reader, and the questions that a judge asks: no verdict comes from a lack of evidence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from feedserver import Headers
from feedserver.check.evidence import Evidence, ExchangeSeen, Poll, StepSeen
from feedserver.check.verdicts import Unseen

ASKED = ExchangeSeen(path="feed.xml", method="GET", target="/v1/feed.xml?a=1", headers=Headers({"A": "b"}))


def test_quiet_in_a_poll_without_the_control_feeds_is_no_evidence() -> None:
    seen = Evidence([StepSeen(polls=[Poll()])])

    with pytest.raises(Unseen, match="did not request the control feeds in step 0 either: its poll broke off"):
        seen.was_quiet(0)


def test_quiet_is_no_evidence_if_no_later_step_has_a_request() -> None:
    asked_in_a_later_poll = StepSeen(exchanges=[ASKED], in_first_poll=0, polls=[Poll(), Poll()], was_control_asked=True)
    seen = Evidence([asked_in_a_later_poll, StepSeen()])

    with pytest.raises(Unseen, match=r"did not request feed\.xml after step 0 any more"):
        seen.was_quiet(0)


def test_a_request_in_the_first_poll_is_not_quiet_and_one_of_a_later_poll_is() -> None:
    first = StepSeen(exchanges=[ASKED], in_first_poll=1, polls=[Poll()], was_control_asked=True)
    by_head = replace(first, exchanges=[replace(ASKED, method="HEAD")])
    later = StepSeen(exchanges=[ASKED], in_first_poll=0, polls=[Poll(), Poll()], was_control_asked=True)
    after = StepSeen(exchanges=[ASKED])

    assert Evidence([first, after]).was_quiet(0) is False
    assert Evidence([by_head, after]).was_quiet(0) is False
    assert Evidence([later, after]).was_quiet(0) is True


def test_the_query_of_a_request_is_what_follows_the_question_mark() -> None:
    assert ASKED.query == "a=1"
    assert replace(ASKED, target="/v1/feed.xml").query == ""


def test_requests_by_get_are_found_for_one_path_or_for_all() -> None:
    others = [ExchangeSeen(path="a.xml", method="GET"), ExchangeSeen(path="feed.xml", method="HEAD"), ExchangeSeen()]
    seen = Evidence([StepSeen(exchanges=[ASKED, *others])])

    assert seen.asked(0) == [ASKED]
    assert seen.requests(0, None) == [ASKED, others[0]]
    with pytest.raises(Unseen, match=r"the reader did not request b\.xml in step 0"):
        seen.asked(0, "b.xml")


def test_a_poll_that_did_not_end_well_is_reported_with_its_reason() -> None:
    seen = Evidence([StepSeen(polls=[Poll(is_good=False, detail="it was ended after 75 s"), Poll()])])

    assert not seen.ended_well(0)
    assert seen.poll_problems(0) == "it was ended after 75 s"
    with pytest.raises(Unseen, match="a poll in step 0 did not end well: it was ended after 75 s"):
        seen.asked(0)
