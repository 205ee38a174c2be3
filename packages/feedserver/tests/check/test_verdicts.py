"""The judgements that a scenario returns."""

from __future__ import annotations

from feedserver.check.verdicts import Judgement, Level, Verdict, failed, non_strict, passed


def test_a_judgement_has_the_evidence_of_its_verdict() -> None:
    assert passed("2 requests") == Judgement(Verdict.PASS, "", "2 requests", "")
    assert failed("1 request", "2 requests") == Judgement(Verdict.FAIL, "1 request", "2 requests", "")
    assert non_strict("a", "b", "it is safe") == Judgement(Verdict.NON_STRICT, "a", "b", "it is safe")


def test_levels_are_ordered_by_their_weight() -> None:
    assert [str(level) for level in Level] == ["must", "should", "nice"]
