"""The report as text for a terminal."""

from __future__ import annotations

from dataclasses import replace

from feedserver.check import Report
from feedserver.check.report import Result
from feedserver.check.table import as_table
from feedserver.check.verdicts import Judgement, Verdict


def test_the_table_explains_how_to_mend_a_failure(report: Report) -> None:
    table = as_table(report)

    assert "✗ V1   must   The ETag comes back" in table
    assert "    to mend   Store the ETag field of each 200 as it came" in table
    assert "must    1 passed of 2 judged, 3 in all" in table


def test_a_name_with_a_hyphen_stays_in_one_line(report: Report) -> None:
    for length in range(60, 75):  # the name then crosses the end of the line
        judged = Judgement(Verdict.FAIL, f"{'x' * length} If-Modified-Since: {'y' * 8}")
        table = as_table(replace(report, results=[replace(report["V1"], judgement=judged)]))
        assert "If-Modified-Since" in table


def test_an_error_of_feedserver_is_reported_as_one(report: Report) -> None:
    ours = replace(report, results=[Result(report["V1"].scenario, Judgement(Verdict.NOT_SEEN), misfire="\0 broke")])
    assert "V1  an error of feedserver, and no verdict: \\x00 broke\n" in as_table(ours)


def test_a_run_that_was_stopped_is_reported_as_such(report: Report) -> None:
    assert "The run was stopped: this is the report so far." in as_table(replace(report, is_partial=True))
    assert "The run was stopped" not in as_table(report)


def test_a_scenario_and_what_is_said_of_its_failure_are_wrapped_to_the_width_of_the_terminal(report: Report) -> None:
    judged = Judgement(Verdict.NOT_SEEN, reason="it depends on V2, which did not come about in this run")
    one = replace(report["V1"], judgement=judged)
    assert "  ? V1   must   The ETag comes back  [not seen: it depends on V2, which" in as_table(
        replace(report, results=[one])
    )
    lines = as_table(replace(report, results=[*report.results, one]), width=60).splitlines()
    at = lines.index("  ? V1   must   The ETag comes back  [not seen: it depends")
    assert lines[at + 1] == " " * 16 + "on V2, which did not come about in this run]"
    again = next(index for index, line in enumerate(lines) if line.startswith("    again"))
    assert max(map(len, lines[1:again])) <= 60
