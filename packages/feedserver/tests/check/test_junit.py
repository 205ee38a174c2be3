"""The report as JUnit XML: a test suite a group, a test case a scenario."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

from feedserver.check import Report
from feedserver.check.junit import as_junit
from feedserver.check.report import Result
from feedserver.check.verdicts import Judgement, Verdict


def test_junit_has_a_case_for_each_scenario(report: Report) -> None:
    root = ET.fromstring(as_junit(report))
    [suite] = root

    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("Validators", "3", "1")
    assert {case.get("name"): [child.tag for child in case] for case in suite} == {
        "V1 The ETag comes back": ["failure"],
        "V4 No validator is invented": ["system-out"],
        "V10 The same date with a new ETag": ["skipped"],
    }


def test_an_error_of_ours_is_no_failure_of_the_reader(report: Report) -> None:
    ours = replace(report, results=[Result(report["V1"].scenario, Judgement(Verdict.NOT_SEEN), misfire="\0 broke")])

    [[case]] = ET.fromstring(as_junit(ours))
    assert [(child.tag, child.get("message")) for child in case] == [("error", "\ufffd broke")]
