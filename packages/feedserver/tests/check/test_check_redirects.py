"""A loop of redirects: how many hops are few, many but bounded, and too many."""

from __future__ import annotations

import pytest

import right_reader
from feedserver.check import Verdict, check


@pytest.mark.parametrize(
    ("hops", "verdict"),
    [
        pytest.param(21, Verdict.PASS, id="as browsers"),
        pytest.param(31, Verdict.NON_STRICT, id="as requests"),
        pytest.param(51, Verdict.NON_STRICT, id="as curl"),
        pytest.param(60, Verdict.FAIL, id="more than any known client"),
    ],
)
def test_a_loop_is_judged_by_its_hops(monkeypatch: pytest.MonkeyPatch, hops: int, verdict: Verdict) -> None:
    monkeypatch.setattr(right_reader, "MOST_HOPS", hops)

    [result] = check(right_reader.RightReader, only=["R7"])

    assert (result.verdict, result.judgement.observed.split()[0]) == (
        verdict, str(hops)
    ), result.judgement  # fmt: skip
