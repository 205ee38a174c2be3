"""The report as JUnit XML: one test suite for each group, one test case for each scenario."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

from feedserver.check import Report
from feedserver.check.junit import as_junit
from feedserver.check.report import Result
from feedserver.check.verdicts import Judgement, Level, Verdict


def test_junit_has_a_case_for_each_scenario(report: Report) -> None:
    root = ET.fromstring(as_junit(report, Level.MUST))
    [suite] = root

    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("Validators", "3", "1")
    assert {case.get("name"): [child.tag for child in case] for case in suite} == {
        "V1 The ETag comes back": ["failure"],
        "V4 No validator is invented": ["system-out"],
        "V10 The same date with a new ETag": ["skipped"],
    }


def test_junit_has_a_suite_for_each_group(report: Report) -> None:
    of_timing = replace(report["V1"], scenario=replace(report["V1"].scenario, id="T1"))

    root = ET.fromstring(as_junit(replace(report, results=[*report.results, of_timing]), Level.MUST))

    assert {suite.get("name"): len(suite) for suite in root} == {"Timing": 1, "Validators": 3}


def test_an_error_of_feedserver_is_no_failure_of_the_reader(report: Report) -> None:
    ours = replace(report, results=[Result(report["V1"].scenario, Judgement(Verdict.NOT_SEEN), misfire="\0 broke")])

    [suite] = ET.fromstring(as_junit(ours, Level.MUST))
    assert [suite.get(name) for name in ("failures", "errors", "skipped")] == ["0", "1", "0"]
    [case] = suite
    assert [(child.tag, child.get("message")) for child in case] == [("error", "\ufffd broke")]


def test_failures_are_those_that_the_exit_status_counts(report: Report) -> None:
    lower = replace(report["V1"], scenario=replace(report["V1"].scenario, level=Level.SHOULD))
    mixed = replace(report, results=[report["V1"], lower])

    found = {level: ET.fromstring(as_junit(mixed, level)) for level in (*Level, None)}

    assert {level: root[0].get("failures") for level, root in found.items()} == {
        Level.MUST: "1",
        Level.SHOULD: "2",
        Level.NICE: "2",
        None: "0",
    }
    assert found[Level.MUST][0].get("skipped") == "1"
    skipped, output = found[Level.MUST][0][1]
    assert skipped.get("message") == f"fail, which --fail-under must lets pass: expected {lower.judgement.expected}"
    assert (output.text or "").startswith(f"observed: {lower.judgement.observed}\n")


def test_output_of_a_reader_begins_no_line_of_the_report(report: Report) -> None:
    """CI systems obey lines such as `::error::` in what a command prints, and the report may be printed."""
    hostile = "a\n::error::b\r\u2028c"
    results = [
        replace(report["V1"], judgement=Judgement(verdict, hostile, hostile, hostile), exchanges=[hostile])
        for verdict in Verdict
    ]
    for level in (Level.MUST, None):
        shown = as_junit(replace(report, results=results, reader=hostile), level)

        assert [line for line in shown.splitlines() if line.startswith(("::", "c"))] == []
        assert r"a\n::error::b\r\u2028c" in shown
